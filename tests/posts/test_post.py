"""Front matter and settings become a Post."""

# ruff: noqa: E501

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchidx.posts.frontmatter import FrontMatter
from searchidx.posts.model import Post, SourceFile
from searchidx.posts.post import build_post, post_of
from searchidx.posts.titles import title_from_body, title_from_path
from searchidx.settings import FieldKind, FieldSpec, Settings

SETTINGS = Settings(base=Path("/"))


def read(text: str, path: str = "p.md") -> Post:
    return build_post(SourceFile(path, len(text), 0), text.encode(), SETTINGS)


def block(text: str) -> Post:
    return read(f"---\n{text}\n---\n")


def told(post: Post) -> list[str]:
    return [f"{problem.line}: {problem.what}" for problem in post.problems]


VALUES: list[tuple[str, str, object, list[str]]] = [
    ("topics: [a, b, A]", "topics", ("a", "b"), []),
    ("topics: a, b,, c", "topics", ("a", "b", "c"), []),
    ("topics: ['a, b']", "topics", ("a, b",), []),
    ("topics: one", "topics", ("one",), []),
    ("topics: [null]", "topics", None, []),
    ("topics:", "topics", None, []),
    ("topics: [[a, [b]], 3, no]", "topics", ("a", "b", "3", "no"), []),
    ("topics: {name: AI, id: 3}", "topics", ("AI",), ["2: topics: a mapping where a text is expected, its name is used"]),
    ("topics: [{title: AI}, b]", "topics", ("AI", "b"), ["2: topics: a mapping where a text is expected, its title is used"]),
    ("topics: {ai: 1, ml: 2}", "topics", ("ai", "ml"), ["2: topics: a mapping where a text is expected, its keys are used"]),
    ("provider: {name: 'N, Inc.', domain: n.org}", "provider", ("N, Inc.", "n.org"), []),
    ("provider: N", "provider", ("N",), []),
    ("provider: {other: x}", "provider", None, []),
    ("related: [{title: a}, {title: b}, {url: c}]", "related", ("a", "b"), []),
    ("title: [Validate, Intune]", "title", ("Validate, Intune",), []),
    ("title: 007", "title", ("007",), []),
    ("title: '  x '", "title", ("x",), []),
    ("category: yes", "category", ("yes",), []),
    ("publishedDateTime: soon\ndate: 2020-05-20", "date", datetime(2020, 5, 20, tzinfo=UTC), ["2: date: 'soon' is not a date"]),
    ("date: 05/06/2018", "date", datetime(2018, 5, 6, tzinfo=UTC), ["2: date: '05/06/2018' read with the month first"]),
    ("date: 2018-02-31", "date", None, ["2: '2018-02-31' is no timestamp (day is out of range for month), read as the text it is"]),
    ("date: {}", "date", None, ["2: date: a mapping is not a date"]),
    ("date: ''", "date", None, []),
    ("quality: [1, 2]", "quality", 1.0, ["2: quality: more than one value, only the first is used"]),
    ("quality: .inf", "quality", None, ["2: quality: '.inf' is not a number"]),
    ("published: 2019", "published", None, ["2: published: '2019' is not yes or no"]),
    ("published: 'Off'", "published", False, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name", "value", "problems"), VALUES, ids=[case[0] for case in VALUES]
)
def test_field(text: str, name: str, value: object, problems: list[str]) -> None:
    post = block(text)
    assert post.fields.get(name) == value
    assert told(post) == problems
    assert not any(problem.lost_text for problem in post.problems)


META = [
    ("images: [{url: u, width: 050}, {url: v}]", [("images.url", "u"), ("images.width", "050"), ("images.url", "v")]),
    ("publishedDateTime: 2020-01-01\ndate: 2020-01-02", [("date", "2020-01-02")]),
    ("quality: [1, 2]", [("quality", "2")]),
    ("topics: {name: AI, id: 3}", [("topics.id", "3")]),
    ("x: [null, '', ' ', yes]", [("x", "yes")]),
    ("ms.date: 05/06/2020", [("ms.date", "05/06/2020")]),
    ("x: [1.10, 2020-05-20 10:00:00, 1_000]", [("x", "1.10"), ("x", "2020-05-20 10:00:00"), ("x", "1_000")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "meta"), META, ids=[text for text, _ in META])
def test_meta(text: str, meta: list[tuple[str, str]]) -> None:
    assert list(block(text).meta) == meta


RICH = """
secured: abc==
imagesX: 1
images:
  - url: u
    size: {w: 5}
Related:
  - images: v
    webUrl: w
    name: n
provider:
  url: p
  name: q
webUrl: x
"""
PLAIN = RICH.replace("{w: 5}", "\n      w: 5")
EVERY = ["secured", "imagesX", "images.url", "images.size.w", "Related.images", "Related.webUrl",
         "Related.name", "provider.url"]  # fmt: skip
IGNORED: list[tuple[tuple[str, ...], list[str]]] = [
    ((), EVERY),
    (("SECURED",), EVERY[1:]),
    (("images",), [key for key in EVERY if not key.startswith("images.")]),
    (("images*",), [key for key in EVERY if not key.startswith("images")]),
    (("related.images", "images.size"), [EVERY[at] for at in (0, 1, 2, 5, 6, 7)]),
    (("related[].images",), [key for key in EVERY if key != "Related.images"]),
    (("*url",), [EVERY[at] for at in (0, 1, 3, 4, 6)]),
    (("?mages.[u-v]rl",), [key for key in EVERY if key != "images.url"]),
    (("url", "rel", "secure"), EVERY),
    (("*",), []),
]


@pytest.mark.parametrize("block", [RICH, PLAIN], ids=["by PyYAML", "by lines"])
@pytest.mark.parametrize(("patterns", "keys"), IGNORED, ids=[str(case[0]) for case in IGNORED])
def test_metadata_that_is_ignored(block: str, patterns: tuple[str, ...], keys: list[str]) -> None:
    settings = replace(SETTINGS, ignore_metadata=patterns)
    post = build_post(SourceFile("p.md", 0, 0), f"---{block}---\n".encode(), settings)
    assert [key for key, _ in post.meta] == keys
    assert post.fields == {"title": ("p",), "provider": ("q",), "url": ("x",)}


def test_what_is_ignored_is_no_lost_text() -> None:
    data = ("---\nx: [" + "a, " * 2_001 + "]\n---\n").encode()
    settings = replace(SETTINGS, ignore_metadata=("x",))
    post = build_post(SourceFile("p.md", 0, 0), data, settings)
    assert (post.meta, post.problems) == ((), ())


def test_meta_has_a_limit() -> None:
    post = block("x: [" + "a, " * 2_001 + "]")
    assert len(post.meta) == 2_000
    assert [problem.lost_text for problem in post.problems] == [True]


HEADINGS = [
    ("text\n\n# One #\n", "One"),
    ("## About C#\n", "About C#"),
    ("One\n===\n", "One"),
    ("text\n\nOne\n---\n", "One"),
    ("```\n# no\n```\n### Yes", "Yes"),
    ("~~~\n# no\n", ""),
    ("#no\n#\n# # \n###### Yes", "Yes"),
    ("- a\n\n---\n\ntext", ""),
    ("| a |\n|---|\n", ""),
    ("", ""),
]


@pytest.mark.parametrize(("body", "title"), HEADINGS, ids=[repr(body) for body, _ in HEADINGS])
def test_title_from_body(body: str, title: str) -> None:
    assert title_from_body(body) == title


PATHS = [
    ("a/2020-05-20-face-mask_selfies.md", "face mask selfies"),
    ("v1.2 notes.txt", "v1.2 notes"),
    ("2020-05-20.md", "2020 05 20"),
    ("---.md", "---"),
    ("README", "README"),
]


@pytest.mark.parametrize(("path", "title"), PATHS, ids=[path for path, _ in PATHS])
def test_title_from_path(path: str, title: str) -> None:
    assert title_from_path(path) == title


@pytest.mark.parametrize("text", ["", "title:\n", "title: ''\n", "title: ' '\n", "title: # x\n"])
def test_missing_title(text: str) -> None:
    assert read(f"---\n{text}---\nbody\n\n# Head").fields["title"] == ("Head",)
    post = read(f"---\n{text}---\nbody", "dir/my-name.md")
    assert post.fields["title"] == ("my name",)
    assert post.problems == ()


def test_long_heading_line_takes_no_time() -> None:
    assert title_from_body("# " + "# " * 100_000 + "x").endswith("x")
    assert title_from_body(" " * 100_000 + "\n" + "a " * 100_000) == ""


def test_field_kinds_from_the_body() -> None:
    specs = (
        FieldSpec("size", FieldKind.NUMBER, ("$body",)),
        FieldSpec("text", FieldKind.KEYWORD, ("a", "$body"), many=True),
    )
    settings = Settings(base=Path("/"), fields=specs)
    post = build_post(SourceFile("p.md", 0, 0), b"---\na: x, y\n---\n12", settings)
    assert post.fields == {"size": 12.0, "text": ("x", "y", "12")}


LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.datetimes()
    | st.datetimes(timezones=st.timezones()) | st.dates() | st.just(time(1, 2))
)  # fmt: skip
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = [
    source.partition("[")[0].partition(".")[0]
    for spec in SETTINGS.fields
    for source in spec.sources
]


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), TREES, max_size=5))
def test_any_metadata(metadata: dict[str, Any]) -> None:
    post = post_of(SourceFile("p.md", 0, 0), FrontMatter(metadata, ""), SETTINGS)
    assert "title" in post.fields
    assert all(text for _, text in post.meta)


@given(st.binary(max_size=200), st.sampled_from([b"", b"---\n", b"+++\n", b'{"title": ']))
def test_any_bytes(data: bytes, opening: bytes) -> None:
    post = build_post(SourceFile("p.md", 0, 0), opening + data, SETTINGS)
    texts = [text for pair in post.meta for text in pair]
    texts += [text for value in post.fields.values() if isinstance(value, tuple) for text in value]
    for text in [*texts, *map(str, post.problems)]:
        text.encode()
