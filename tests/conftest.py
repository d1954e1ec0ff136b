"""What several test files share: posts written into a folder, and an index over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

import searchidx

REPOSITORY = Path(__file__).parent.parent
SEEDS = REPOSITORY / "seeds"

MakeIndex = Callable[[Mapping[str, str]], searchidx.Index]


def write_posts(folder: Path, posts: Mapping[str, str]) -> Path:
    """Write files, by their path below the folder; the folder."""
    for name, text in posts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def make_index(tmp_path: Path) -> Iterator[MakeIndex]:
    """A function from posts to an index over them, in `tmp_path/posts` and `tmp_path/index`."""
    opened: list[searchidx.Index] = []

    def make(posts: Mapping[str, str]) -> searchidx.Index:
        roots = [write_posts(tmp_path / "posts", posts)]
        index = searchidx.open(tmp_path / "index", create=True)
        opened.append(index)
        index.sync(roots)
        return index

    yield make
    for index in opened:
        index.close()


@pytest.fixture(scope="session")
def seeds_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[searchidx.Index]:
    """An index over the seeds. Tests only read it."""
    folder = tmp_path_factory.mktemp("seeds")
    with searchidx.open(folder / "index", create=True) as index:
        index.sync([SEEDS])
        yield index
