"""Posts that are built by the plan of their shape are those that are built value by value."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchidx.posts.frontmatter import split_post
from searchidx.posts.lines import Lines
from searchidx.posts.model import SourceFile
from searchidx.posts.plan import plan_of
from searchidx.posts.post import post_of
from searchidx.settings import FieldKind, FieldSpec, Settings
from tests.posts.test_cases import TEST_DATA, real_files

TEXT, KEYWORD = FieldKind.TEXT, FieldKind.KEYWORD
DEFAULT = Settings(base=Path("/"))
OTHER = Settings(
    base=Path("/"),
    fields=(
        FieldSpec("title", TEXT, ("name", "title")),
        FieldSpec("tags", TEXT, ("topics", "category", "images.title"), many=True),
        FieldSpec("author", KEYWORD, ("provider.name", "provider")),
        FieldSpec("date", FieldKind.DATE, ("date", "publishedDateTime", "title")),
        FieldSpec("draft", FieldKind.BOOL, ("published", "quality")),
        FieldSpec("width", FieldKind.NUMBER, ("images[].width", "quality")),
        FieldSpec("text", TEXT, ("$body", "excerpt"), many=True),
        FieldSpec("first", TEXT, ("excerpt", "$body", "title")),
        FieldSpec("last", TEXT, ("$body", "excerpt")),
        FieldSpec("related", TEXT, ("related", "related[].title"), many=True),
    ),
    ignore_metadata=("images", "*url"),
)
FILE = SourceFile("2020-05-20-some-name.md", 0, 0)


def same_without_plan(text: str | bytes) -> None:
    """That a post is the same when its values are looked at one by one."""
    front = split_post(text if isinstance(text, bytes) else text.encode(), FILE.path)
    for chosen in (DEFAULT, OTHER):
        one_by_one = post_of(FILE, replace(front, values=front.metadata), chosen)
        assert repr(post_of(FILE, front, chosen)) == repr(one_by_one)


NEWS = """---
category: article
title: "Face masks"
excerpt: "Many of them"
publishedDateTime: 2020-05-20T16:44:00Z
webUrl: "https://example.org/a"
ampWebUrl: "https://example.org/amp"
quality: 104
heat: -1
published: true
provider:
  name: Tubut Wire
  domain: tubut.example
topics:
  - AI
  - "Vision, and more"
  - ai
images:
  - url: "https://example.org/a.jpg"
    width: 0x10
    title: "  "
related:
  - title: "One"
    publishedDateTime: 2020-05-19
  - title: "Two"
secured: "abc=="
---

body
"""


def test_a_post_of_a_usual_shape_has_a_plan() -> None:
    front = split_post(NEWS.encode(), FILE.path)
    assert isinstance(front.values, Lines)
    plan = plan_of(front.values.shape, DEFAULT)
    assert plan is not None
    fields, meta = plan.read(front.values, front.body, FILE.path)
    assert fields["topics"] == ("AI", "Vision, and more")
    assert meta == (
        ("ampWebUrl", "https://example.org/amp"),
        ("images.url", "https://example.org/a.jpg"),
        ("images.width", "0x10"),
        ("related.publishedDateTime", "2020-05-19"),
        ("secured", "abc=="),
    )
    assert plan_of(front.values.shape, DEFAULT) is plan
    assert plan_of(front.values.shape, OTHER) is not plan


UNPLANNED = {
    "no date": NEWS.replace("2020-05-20T16:44:00Z", "soon"),
    "a date that may be another": NEWS.replace("2020-05-20T16:44:00Z", "05/06/2018"),
    "an empty date": NEWS.replace("2020-05-20T16:44:00Z", '""'),
    "no number": NEWS.replace("104", "high"),
    "an empty title": NEWS.replace("Face masks", " "),
    "a mapping as title": NEWS.replace('title: "Face masks"', "title:\n  name: x"),
    "two numbers": NEWS.replace("quality: 104", "quality: [104, 105]"),
    "one text for a list": NEWS.replace("category: article", "category: article, news, Article"),
    "no title, but a heading": NEWS.replace('title: "Face masks"', "x: y") + "\n# Head\n",
    "no body": NEWS.replace("body", ""),
    "many values": NEWS.replace("secured:", f"x: [{', '.join(map(str, range(2_100)))}]\nsecured:"),
    "nothing for a list": NEWS.replace("  - AI\n", "  - null\n"),
    "a problem of the front matter": NEWS.replace("---\n\nbody", "--- # x\n"),
}


@pytest.mark.parametrize("text", UNPLANNED.values(), ids=list(UNPLANNED))
def test_a_post_that_is_not_as_planned_is_the_same(text: str) -> None:
    assert text != NEWS
    same_without_plan(text)
    same_without_plan(NEWS)


KEYS = ["title", "name", "topics", "category", "excerpt", "date", "publishedDateTime", "quality",
        "published", "provider", "images", "related", "width", "url", "secured", "x"]  # fmt: skip
WORDS = ["a", "B", "a, b", '"a, b"', "'A'", '""', '" "', "1", "2.5", "yes", "no", "010", "null",
         "~", "2020-05-20", "2020-05-20T10:00:00Z", "05/06/2018", "[a, A, 1]", "[]", "[null, yes]",
         "", "\u00a0", '"\u00a0"']  # fmt: skip
ROWS = st.tuples(
    st.sampled_from(["", "", "", "  ", "  - ", "- ", "    "]),
    st.sampled_from([*(f"{key}: " for key in KEYS), ""]),
    st.sampled_from(WORDS),
).map("".join)
BODIES = ["", "body\n", "# Head\n\nbody", "2020"]


@settings(max_examples=1500, deadline=None)
@given(st.lists(ROWS, max_size=9, unique=True).map("\n".join), st.sampled_from(BODIES))
def test_any_post_is_the_same_with_a_plan_and_without(block: str, body: str) -> None:
    same_without_plan(f"---\n{block}\n---\n{body}")


@settings(max_examples=700, deadline=None)
@given(st.data())
def test_a_post_of_a_known_shape_with_other_values_is_the_same(data: st.DataObject) -> None:
    lines = NEWS.split("\n")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(1, lines.index("---", 1) - 1))
        head, colon, _ = lines[at].partition(": ")
        if colon:
            lines[at] = f"{head}: {data.draw(st.sampled_from(WORDS))}"
    same_without_plan("\n".join(lines))


@pytest.mark.skipif(not TEST_DATA, reason="SEARCHIDX_TEST_DATA names no folder")
def test_real_posts() -> None:
    for _, data in real_files("*.tar.xz"):
        same_without_plan(data)
