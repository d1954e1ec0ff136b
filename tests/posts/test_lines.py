"""Blocks that are read line by line: what is read is exactly what PyYAML reads."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchidx.posts.block import Block
from searchidx.posts.frontmatter import _YAML, _plain_value
from searchidx.posts.lines import LONGEST_BLOCK, Lines, read_lines
from searchidx.posts.model import ProblemLog
from searchidx.posts.nodes import Tree
from searchidx.posts.values import entries_of

PLAIN = {
    "texts and numbers": "title: Face masks\nquality: 104\nshare: 1.50\nid: 0x1f\nold: 010\n",
    "kinds of scalars": "a: yes\nb: null\nc: 2020-05-20\nd: 2020-05-20T16:44:00Z\ne: 12:30\nf: -1",
    "quoted": 'a: "x: y #z"\nb: \'it\'\'s\'\nc: "say \\"so\\" \\\\ so"\nd: ""\ne: \'\'',
    "addresses": "url: https://example.org/a?b=c#d\nratio: a:b",
    "lists": "topics:\n  - AI\n  - 2020\nlevel:\n- a\n- 'b'\n- \nlast: x",
    "lists on one line": "tags: [a, \"b, c\", 'd', 2020]\nnone: []\ndates: [ 2020-01-01 , x ]",
    "mappings": "provider:\n  name: Bing\n  images:\n    - url: a\n      width: 5\n    - url: b\n",
    "empty values": "a:\nb:\n  c:\n  d: 1\ne:",
    "comments and empty lines": "# top\na: 1\n\n  # inner\nb:\n  # deeper\n  c: 2\n",
    "odd keys": "on: 1\n2020: x\nnull: y\n_a-b: z",
    "other scripts": "title: 日本語 のタイトル\nname: Größe\u00a0#1",
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
    "too much": "a: b\n" * LONGEST_BLOCK,
}


def by_pyyaml(text: str) -> tuple[Any, Block, Tree]:
    block = Block(ProblemLog("post.md"), 1)
    tree = Tree(text, 1, block)
    return _YAML._parsed(text, tree), block, tree


def held_equal(text: str) -> Lines | None:
    """What is read line by line, if anything is; and that PyYAML reads the same."""
    lines = read_lines(text, _plain_value)
    if lines is not None:
        value, block, tree = by_pyyaml(text)
        assert repr(lines.metadata) == repr(value)
        assert lines.has_odd_integers == block.has_odd_integers
        assert block.log.problems() == []
        for entry in entries_of(lines.metadata).ordered:
            if not isinstance(entry.value, str | dict):
                assert lines.spelled[entry.steps] == tree.place(entry.steps)[1]
    return lines


@pytest.mark.parametrize("text", PLAIN.values(), ids=list(PLAIN))
def test_plain_blocks_are_read_line_by_line(text: str) -> None:
    assert held_equal(text) is not None


@pytest.mark.parametrize("text", LEFT.values(), ids=list(LEFT))
def test_other_blocks_are_left_to_the_parser(text: str) -> None:
    assert read_lines(text, _plain_value) is None


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
