"""What the plain blocks of a folder have in common: their shapes.

Posts of one folder are written to few patterns: the same keys in the same order, with other values.
What a line says but for its texts is its Row; the rows of a block are its Shape, which is worked
out once and says of every block of that shape where in the metadata each of its texts stands.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import TYPE_CHECKING, Any

from searchidx.posts.values import Entries, entries_of

if TYPE_CHECKING:
    from searchidx.posts.plan import Plan
    from searchidx.settings import Settings

DEEPEST = 20


class NotPlain(Exception):
    """A block, or a line of it, is not of the form that is read here."""


class Leaf(enum.StrEnum):
    """How a value of a line is written.

    PLAIN is without quotes, QUOTED in quotes, CUT in quotes that were cut out of the line, NULL is
    a word for nothing, which is no text of the block.
    """

    PLAIN = enum.auto()
    QUOTED = enum.auto()
    CUT = enum.auto()
    NULL = enum.auto()


KEPT = (Leaf.PLAIN, Leaf.QUOTED)
"""The leaves whose texts stand in their lines."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """What a line says but for its texts; two rows that say the same may be two.

    `leaves` are the values on the line: of a comment, what was cut out of it.
    """

    indent: int
    is_item: bool
    key: str
    leaves: tuple[Leaf, ...]
    is_list: bool = False
    is_comment: bool = False


class Shape:
    """What blocks of the same rows have in common.

    The texts of such a block are numbered in their order, those that were cut out last. `template`
    is its metadata with the number of its text in the place of each value. `are_plain` says of each
    text whether it stands without quotes. `plan` is kept for plan.py. Raises: NotPlain.
    """

    plan: tuple[Settings, Plan | None] | None = None

    def __init__(self, rows: Sequence[Row]) -> None:
        leaves = list(chain.from_iterable(row.leaves for row in rows))
        kept = [leaf for leaf in leaves if leaf in KEPT]
        self.are_plain = [leaf is Leaf.PLAIN for leaf in kept]
        self.are_plain += [False] * leaves.count(Leaf.CUT)
        self.template = _template(list(_numbered(rows, count(), count(len(kept)))))

    def entries(self) -> Entries:
        """The entries of the template."""
        return entries_of(self.template)


_Line = tuple[int, bool, str, Any]
"""Indentation, whether it is an item, the key, and the value in numbers of texts."""

_NOTHING = object()
"""The value where a line has none."""


def _numbered(rows: Sequence[Row], kept: Iterator[int], cut: Iterator[int]) -> Iterator[_Line]:
    """The lines that are no comments, with the numbers of their texts."""
    numbers = {Leaf.PLAIN: kept, Leaf.QUOTED: kept, Leaf.CUT: cut}
    for row in rows:
        values = [None if leaf is Leaf.NULL else next(numbers[leaf]) for leaf in row.leaves]
        if not row.is_comment:
            value: Any = values if row.is_list else values[0] if values else _NOTHING
            yield row.indent, row.is_item, row.key, value


def _template(lines: list[_Line]) -> dict[str, Any]:
    template, end = _Walk(lines).mapping(0, 0, 0)
    if not lines or end < len(lines):
        raise NotPlain
    return template


class _Walk:
    """A walk over lines. Each method takes the number of a line, and gives what starts there and
    the number of the line behind it; `depth` counts how many collections are open."""

    def __init__(self, lines: list[_Line]) -> None:
        self.lines = lines

    def mapping(self, at: int, indent: int, depth: int) -> tuple[dict[str, Any], int]:
        if depth > DEEPEST:
            raise NotPlain
        result: dict[str, Any] = {}
        while at < len(self.lines):
            own, is_item, key, value = self.lines[at]
            if own < indent:
                break
            if own > indent or is_item or not key or key in result:
                raise NotPlain
            at += 1
            if value is _NOTHING:
                value, at = self.below(at, indent, depth + 1)
            result[key] = value
        return result, at

    def below(self, at: int, indent: int, depth: int) -> tuple[Any, int]:
        """The value of a key that has none on its own line."""
        if at == len(self.lines):
            return None, at
        own, is_item, _, _ = self.lines[at]
        if is_item and own >= indent:
            return self.sequence(at, own, depth, is_level=own == indent)
        if own > indent:
            return self.mapping(at, own, depth)
        return None, at

    def sequence(
        self, at: int, indent: int, depth: int, *, is_level: bool
    ) -> tuple[list[Any], int]:
        """A list; it `is_level` when its items are indented like the key above them."""
        if depth > DEEPEST:
            raise NotPlain
        result: list[Any] = []
        while at < len(self.lines):
            own, is_item, key, value = self.lines[at]
            if own < indent or (own == indent and not is_item and is_level):
                break
            if own > indent or not is_item:
                raise NotPlain
            if key:
                self.lines[at] = (indent + 2, False, key, value)
                value, at = self.mapping(at, indent + 2, depth + 1)
            else:
                at += 1
            result.append(None if value is _NOTHING else value)
        return result, at


class Shapes(dict[tuple[Row, ...], Shape]):
    """Rows -> their shape; those of very long blocks are not kept. Raises: NotPlain."""

    MOST_ROWS = 50_000
    LONGEST = 1_000

    def __init__(self) -> None:
        self._rows = 0

    def __missing__(self, rows: tuple[Row, ...]) -> Shape:
        shape = Shape(rows)
        if len(rows) <= self.LONGEST:
            if self._rows + len(rows) > self.MOST_ROWS:
                self.clear()
                self._rows = 0
            self._rows += len(rows)
            self[rows] = shape
        return shape
