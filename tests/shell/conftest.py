"""A small index of posts about climate, masks and bread, as the shell sees it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import searchidx
from searchidx.index import Index
from searchidx.render import PLAIN
from searchidx.shell.session import Session

POSTS = {
    "pact.md": """\
---
title: What the climate pact says
excerpt: After an extra day of talks, delegates agreed.
topics: [Climate, Energy]
provider: {name: Green Ledger, domain: greenledger.example}
publishedDateTime: 2021-11-15T08:00:00Z
webUrl: https://greenledger.example/pact
type: article
quality: 80
published: true
mood: sober
---
The climate of the room was *tense*.
Second line of the body.
""",
    "heat.md": """\
---
title: The hottest year
excerpt: A footnote on climate from the sea.
topics: [Climate, Oceans]
provider: {name: Tideline}
publishedDateTime: 2020-04-10
type: article
quality: 60
published: true
---
""",
    "mask.md": """\
---
title: Cameras see past the mask
topics: [Computer vision, Energy]
provider: {name: Tideline}
publishedDateTime: 2020-05-18
webUrl: "javascript:alert(1)"
type: blog
quality: 50
published: false
related:
  - title: How to sew a mask
---
""",
    "bread.md": """\
---
title: "Bread \\e[31mred\\a and \\u202egnitaehc"
topics: [Cooking]
type: blog
---
""",
}


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    """A folder with four posts; the index made from it lies beside it."""
    folder = tmp_path / "posts"
    folder.mkdir()
    for name, text in POSTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def index(posts: Path) -> Iterator[Index]:
    with searchidx.open(posts.parent / "index", create=True) as index:
        index.sync([posts])
        yield index


@pytest.fixture
def session(index: Index) -> Session:
    return Session(index, PLAIN, {"EDITOR": "ed -s"})
