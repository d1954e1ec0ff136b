"""Blocks that are read line by line: what is read is exactly what PyYAML reads.

Each is read twice: by a reader that met many shapes before, and by one that met none.
"""

# ruff: noqa: E501

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchidx.posts.block import Block, Unreadable
from searchidx.posts.frontmatter import _YAML, _plain_value
from searchidx.posts.lines import LONGEST_BLOCK, MOST_LINES, Lines, PlainReader, _Lines, _Rows
from searchidx.posts.nodes import Tree
from searchidx.posts.problem import ProblemLog
from searchidx.posts.shapes import Shapes
from searchidx.posts.values import entries_of
from tests.posts.test_cases import TEST_DATA, real_files

PLAIN = {
    "texts and numbers": "title: Face masks\nquality: 104\nshare: 1.50\nid: 0x1f\nold: 010\n",
    "paths in lists": "a: [/b/c/, d.e-f/, Größe, C++, don't (x)]",
    "kinds of scalars": "a: yes\nb: null\nc: 2020-05-20\nd: 2020-05-20T16:44:00Z\ne: 12:30\nf: -1",
    "quoted": 'a: "x: y #z"\nb: \'it\'\'s\'\nc: "say \\"so\\" \\\\ so"\nd: ""\ne: \'\'',
    "addresses": "url: https://example.org/a?b=c#d\nratio: a:b",
    "lists": "topics:\n  - AI\n  - 2020\nlevel:\n- a\n- 'b'\n- \nlast: x",
    "lists on one line": "tags: [a, \"b, c\", 'd', 2020]\nnone: []\ndates: [ 2020-01-01 , x ]",
    "mappings": "provider:\n  name: Bing\n  images:\n    - url: a\n      width: 5\n    - url: b\n",
    "empty values": "a:\nb:\n  c:\n  d: 1\ne:",
    "comments and empty lines": "# top\na: 1\n\n  # inner\nb:\n  # deeper\n  c: 2\n",
    "keys with dots": "ms.date: 2020-05-20\nb:\n  c.d: e",
    "odd keys": "on: 1\n2020: x\nnull: y\n_a-b: z",
    "other scripts": "title: 日本語 のタイトル\nname: Größe\u00a0#1",
    "quotes in texts": 'a: The "best" of it\nb: \'say "so"\'\nc: 5" wide',
    "quotes in comments": '# a: "b"\na: "c"\n# 5" wide\nb: "d: e"  \n',
    "times in comments": "# d: 2020-05-20 16:44:00\na: b\n# d: 2020-05-20 16:44:01\nc: d",
    "quotes in lists": 'a: ["b", \'c\', "d, [e]", null]\nb: [""]',
    "lists of mappings": '- a: "b"\n  c: d\n- a: ""\n  c:\n'.join(["k:\n", "l:\n", "m: 1"]),
}

LEFT = {
    "a text over several lines": "a: one\n  two",
    "a block text": "a: |\n  text\n",
    "an anchor": "a: &x 1\nb: *x",
    "a tag": "a: !!str 1",
    "a merge key": "<<: {a: 1}",
    "a mapping on one line": "a: {b: 1}",
    "a repeated key": "a: 1\na: 2",
    "an escape": 'a: "x\\ty"',
    "a comment behind a value": "a: 1 # one",
    "a colon in a text": "a: b: c",
    "no space": "a:b",
    "a tab": "a:\tb",
    "a list in a list": "a:\n  - - b",
    "an indented start": "  a: 1",
    "no keys": "just text",
    "a list at the top": "- a",
    "an unusual line end": "a: b\u2028c: d",
    "a day that is none": "a: 2020-02-31",
    "uneven indentation": "a:\n   b: 1\n  c: 2",
    "nothing": "",
    "a quoted text over two lines": 'a: "b\n  c"\nd: 1',
    "a quote that is not closed": 'a: "b\nc: d"',
    "text behind a quoted one": 'a: "b" c',
    "two quoted texts": 'a: "b" "c"',
    "a quoted key": '"a": b',
    "only a quote": 'a: "\nb: "c"d"',
    "many lines": "\n" * MOST_LINES + "a: 1",
    "a long key": f"{'a' * 1_100}: b",
    "too deep": "".join(f"{' ' * depth}a:\n" for depth in range(30)),
    "too much": "a: b\n" * LONGEST_BLOCK,
}


def by_pyyaml(text: str) -> tuple[Any, Block, Tree]:
    block = Block(ProblemLog("post.md"), 1)
    tree = Tree(text, 1, block)
    return _YAML._parsed(tree), block, tree


KNOWN = PlainReader(_plain_value)


def read(text: str) -> Lines | None:
    return PlainReader(_plain_value).read(text)


def held_equal(text: str) -> Lines | None:
    """What is read line by line, if anything is; and that PyYAML reads the same."""
    lines, known = read(text), KNOWN.read(text)
    assert (lines is None) == (known is None)
    if lines is not None and known is not None:
        value, block, tree = by_pyyaml(text)
        metadata, spelled = lines.metadata(), lines.spelled()
        assert repr(metadata) == repr(known.metadata()) == repr(value)
        assert spelled == known.spelled()
        assert block.log.problems() == []
        for entry in entries_of(metadata).ordered:
            if not isinstance(entry.value, str | dict):
                assert spelled.pop(entry.steps) == tree.place(entry.steps)[1]
        assert not spelled
    return lines


@pytest.mark.parametrize("text", PLAIN.values(), ids=list(PLAIN))
def test_plain_blocks_are_read_line_by_line(text: str) -> None:
    assert held_equal(text) is not None


@pytest.mark.parametrize("text", LEFT.values(), ids=list(LEFT))
def test_other_blocks_are_left_to_the_parser(text: str) -> None:
    held_equal(text)
    assert read(text) is None


words = st.sampled_from(
    ["a", "b: c", "yes", "~", "1", "010", "1_0", "1.", ".5", "1e3", "12:30", "0o7", "2020-01-01",
     "2020-01-01 10:00", "=", "<<", "- x", "-x", "x #y", "x#y", "#z", '"q"', "'q'", '"', "'", "[a]",
     "[]", "[a, b]", "[a, [b]]", "{a: b}", "&a", "*a", "!t", "|", ">", "%", "@", "`", "é", "", "x:",
     "http://x", "a\\b", '"a\\"b"', '"a\\nb"', "'a''b'", "...", "---", "null", "on", "(x)", "+1"]
)  # fmt: skip
starts = st.sampled_from(
    ["", "k: ", "k:", "l: ", "- ", "-", "- k: ", "- - ", "m:", "# ", "? ", ": "]
)
indents = st.sampled_from(["", "", "", "  ", "  ", "    ", " ", "   ", "\t"])
block_lines = st.tuples(indents, starts, words, st.sampled_from(["", "", "", " ", " # c"]))


@settings(max_examples=1500, deadline=None)
@given(st.lists(block_lines.map("".join), max_size=7))
def test_whatever_is_read_line_by_line_pyyaml_reads_too(rows: list[str]) -> None:
    held_equal("\n".join(rows))


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(list(PLAIN.values())), st.data())
def test_a_plain_block_that_is_changed_is_read_the_same_or_left(
    text: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(text)))
    piece = data.draw(st.text("-:#\"' \n[]{}|>&*!%@`?,~.=<\t\\ab1\u00a0é", max_size=3))
    gone = data.draw(st.integers(0, 3))
    held_equal(text[:at] + piece + text[at + gone :])


NEWS = """category: "article"
title: "Face masks: 'what' works, and #why"
publishedDateTime: 2020-05-20T16:44:00Z
quality: 104
published: true
# layout: "news"

provider:
  name: Tubut Wire
  domain: 'tubut.example'
  images:
    - url: "https://tubut.example/a-50x50.jpg"
      width: 50
    - url: "https://tubut.example/b.jpg"
      width: 1_000

topics:
- "AI"
- Vision
tags: [a, "b, c", 'd', 2020]
related:
  - title: One of them
    publishedDateTime: 2020-05-19
    provider:
      name:
      domain: ~
  - title: "Another: of them"
"""
BEHIND = ["", " ", "  ", " # why", " #why", "#", ":", ": x", ":x", ' "', '"', "'", "\t", " 'x'", "\\",
          ", x", "]", " |", "\u00a0", "\u2028", "é", "\n", "\n ", "\n  more", "\n      more", "\n- x",
          "\n    - x", "\n# c", '\n# c "d', "\n\t", "\r", "\x85", '\nnew: "x"', "\ntitle: again"]  # fmt: skip
VALUES = ["", '""', '"', '"x', 'x"', '"x" y', '"a: b"', '"a #b"', '"a\\"b"', '"a\\nb"', '"a\\\\"', '"\t"',
          "''", "'", "'a''b'", "'a' b", "'\"'", "a: b", "a #b", "a:b", "a#b", "a:", "- a", "-a", "&a b",
          "*a", "!t b", "!!str 1", "|", ">", ">-", "{a: b}", "[]", "[a", '["a", b]', "[a: b]", '["]', "~",
          "null", "yes", "010", "12:30", "1e3", "=", "<<", "2020-02-31", "2020-01-01T24:00:00Z", "é",
          "2020-01-01T10:00:00+01:00", "0000-01-01", "2020-01-01T10:00:60Z", "%", "@x", "`x", "? x",
          "日本", "\ufeff", "\x07", "a\u2029b", '"é\x85"', "x" * 200, "1" * 70, '"' + "y" * 200 + '"']  # fmt: skip
STARTS = ["", "  ", " ", "\t", "- ", "  - ", "-", "# ", "? ", "<<: ", "--- ", "... ", "a:\n  "]


def changed(text: str, data: st.DataObject) -> str:
    """The block with one of its lines changed."""
    lines = text.split("\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    line = lines[at]
    head, colon, _ = line.partition(": ")
    lines[at : at + 1] = data.draw(
        st.one_of(
            st.sampled_from(BEHIND).map(lambda text: [line + text]),
            st.sampled_from(VALUES).map(lambda text: [head + (colon or " ") + text]),
            st.sampled_from(STARTS).map(lambda text: [text + line]),
            st.sampled_from(
                [[], [line, line], [""], ["", line], [line[1:]], [line[2:]], [line[:-1]]]
            ),
            st.integers(0, len(line)).map(lambda place: [line[:place] + '"' + line[place:]]),
        )
    )
    return "\n".join(lines)


@settings(max_examples=2000, deadline=None)
@given(st.sampled_from([NEWS, f'a: "b \\\\ \\"c\\""\n{NEWS}', *PLAIN.values()]), st.data())
def test_a_block_of_a_known_shape_that_is_changed_is_read_the_same_or_left(
    text: str, data: st.DataObject
) -> None:
    KNOWN.read(text)
    for _ in range(data.draw(st.integers(1, 3))):
        text = changed(text, data)
    held_equal(text)


@settings(max_examples=1000, deadline=None)
@given(st.text("ab1 ,,/.+'\"()[]{}:#&*?!~-_é\u00a0\\", max_size=12))
def test_lists_on_one_line(text: str) -> None:
    held_equal(f"a: [{text}]")


def test_a_shape_is_worked_out_once() -> None:
    reader = PlainReader(_plain_value)
    first, second = reader.read(NEWS), reader.read(NEWS.replace("104", "7").replace("masks", "x"))
    assert first is not None
    assert second is not None
    assert first.shape is second.shape
    assert second.metadata()["quality"] == 7
    other = reader.read(NEWS.replace("104", '"104"'))
    assert other is not None
    assert other.shape is not first.shape


dates = st.one_of(
    st.datetimes().map(lambda time: time.isoformat(timespec="seconds") + "Z"),
    st.dates().map(str),
    st.from_regex(
        r"[0-2][0-9]{3}-[01][0-9]-[0-3][0-9]"
        r"([Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,7})?(Z| ?[+-][0-2]?[0-9](:?[0-9]{2})?)?)?",
        fullmatch=True,
    ),
)


@settings(max_examples=1000, deadline=None)
@given(dates)
def test_dates_are_those_of_pyyaml(text: str) -> None:
    held_equal(f"a: {text}")


def test_little_is_remembered() -> None:
    reader = PlainReader(_plain_value)
    for number in range(2 * _Lines.MOST):
        assert reader.read(f"k{number}: {number}")
    assert len(reader._lines) <= _Lines.MOST
    assert len(reader._lines._rows) <= _Rows.MOST
    reader = PlainReader(_plain_value)
    for number in range(1_000):
        assert reader.read(f"date: {date.fromordinal(number + 1)} 10:00:00\nx: y")
    assert len(reader._lines) == 1
    for number in range(100):
        assert reader.read("\n".join(f"k{number}_{line}: x" for line in range(900)))
    assert sum(map(len, reader._shapes)) <= Shapes.MOST_ROWS
    assert reader.read("\n".join(f"long{line}: x" for line in range(Shapes.LONGEST + 1)))
    assert max(map(len, reader._shapes)) <= Shapes.LONGEST
    assert reader.read("a: " + "x" * _Lines.LONGEST)
    assert max(map(len, reader._lines)) <= _Lines.LONGEST


SEEDS = sorted((Path(__file__).parents[2] / "seeds" / "news").rglob("*.md"))


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name)
def test_the_seeds_are_read_line_by_line(path: Path) -> None:
    block = path.read_text(encoding="utf-8").split("---\n")[1]
    assert held_equal(block) is not None


@pytest.mark.skipif(not TEST_DATA, reason="SEARCHIDX_TEST_DATA names no folder")
def test_real_blocks() -> None:
    plain = count = 0
    for _, data in real_files("*.tar.xz"):
        text = data.decode("utf-8", "replace").replace("\r\n", "\n")
        if _YAML.detect(text):
            try:
                block, _ = _YAML.split(text)
            except Unreadable:
                continue
            count += 1
            plain += held_equal(block) is not None
    assert count > 20_000
    assert plain > 0.9 * count
