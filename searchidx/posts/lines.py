"""Blocks of YAML that are written plainly, read line by line.

Nearly all front matter is: keys and list items, one to a line, with values that are quoted without
escapes, or plain. Such a block means the same to every YAML parser, and needs none. Whatever is not
of this form, or not surely so, is left to the parser: see `read_lines`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from searchidx.posts.plain import Steps

LONGEST_BLOCK = 64 * 1024
MOST_LINES = 5_000
DEEPEST = 20

_UNUSUAL = re.compile(
    "[^\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""Tabs, control characters, unusual line ends, byte order marks, lone surrogates."""

_LINE = re.compile(
    r"""
    ^(\ *)
    (?: \#.*                                        # a comment
    | (-(?:\ |$))?                                  # an item of a list
      (?: ([A-Za-z0-9_][\w-]*) :(?=\ |$) \ * )?     # a key
      (?: "([^"\\\n]*+(?:\\["\\][^"\\\n]*+)*+)(")    # a text in double quotes, on one line
      | '([^'\n]*+(?:\'\'[^'\n]*+)*+)(')             # or in single ones
      | (\[[^\]\n]*+\])                             # a list on one line
      | ( (?: [A-Za-z0-9_/.(+\u00a1-\U0010ffff] | -(?=[A-Za-z0-9.]) ) (?: [^\n]*[^\n\ ] )? )
      )? \ *
    )$
    """,
    re.MULTILINE | re.VERBOSE | re.ASCII,
)

_ESCAPED = re.compile(r"\\(.)")
_ITEM = re.compile(
    r"""
    \ * (?: "([^"\\\n]*)(") | '([^'\n]*)(') | ([A-Za-z0-9_](?:[\w\ /.-]*\w)?) ) \ * (?: , | \Z )
    """,
    re.VERBOSE | re.ASCII,
)
"""An item of a list on one line."""

Row = tuple[int, bool, str, str | None, str]
"""Indentation, whether it is an item, the key, the quoted text if any, the plain text or list."""

Scalar = Callable[[str], tuple[Any, bool]]
"""The value of a plain scalar, and whether Python would write it otherwise."""


class NotPlain(Exception):
    """The block is not of the form that is read here."""


@dataclass(slots=True)
class Lines:
    """What a block holds, and how those of its values are written that are not texts."""

    metadata: dict[str, Any]
    spelled: dict[Steps, str] = field(default_factory=dict)
    has_odd_integers: bool = False


def read_lines(text: str, scalar: Scalar) -> Lines | None:
    """The mapping that a block of YAML holds; None if it has to be given to a parser.

    `scalar` raises ValueError for what has to be given to a parser too.
    """
    if len(text) > LONGEST_BLOCK or _UNUSUAL.search(text):
        return None
    rows: list[Row] = []
    found = _LINE.findall(text)
    if len(found) != text.count("\n") + 1 or len(found) > MOST_LINES:
        return None
    for indent, dash, key, double, is_double, single, is_single, items, plain in found:
        if key or plain or dash or is_double or is_single or items:
            quoted = None
            if is_double:
                quoted = _ESCAPED.sub(r"\1", double) if "\\" in double else double
            elif is_single:
                quoted = single.replace("''", "'")
            elif plain and (": " in plain or " #" in plain or plain[-1] == ":"):
                return None
            rows.append((len(indent), bool(dash), key, quoted, items or plain))
    if not rows or rows[0][0] or rows[0][1]:
        return None
    reading = _Reading(rows, scalar)
    try:
        metadata, end = reading.mapping(0, 0, ())
    except (NotPlain, ValueError):
        return None
    if end < len(rows):
        return None
    return Lines(metadata, reading.spelled, reading.has_odd_integers)


class _Reading:
    """A walk over the rows. Each method takes the number of a row, and gives what starts there and
    the number of the row behind it."""

    def __init__(self, rows: list[Row], scalar: Scalar) -> None:
        self.rows = rows
        self.scalar = scalar
        self.spelled: dict[Steps, str] = {}
        self.has_odd_integers = False

    def mapping(self, at: int, indent: int, way: Steps) -> tuple[dict[str, Any], int]:
        if len(way) > DEEPEST:
            raise NotPlain
        rows = self.rows
        result: dict[str, Any] = {}
        while at < len(rows):
            own, is_item, key, quoted, plain = rows[at]
            if own < indent:
                break
            if own > indent or is_item or not key or key in result:
                raise NotPlain
            at += 1
            if quoted is not None:
                result[key] = quoted
            elif plain:
                result[key] = self.value(plain, (*way, key))
            else:
                result[key], at = self.below(at, indent, (*way, key))
        return result, at

    def below(self, at: int, indent: int, way: Steps) -> tuple[Any, int]:
        """The value of a key that has none on its own line."""
        if at == len(self.rows):
            return None, at
        own, is_item, _, _, _ = self.rows[at]
        if is_item and own >= indent:
            return self.sequence(at, own, own == indent, way)
        if own > indent:
            return self.mapping(at, own, way)
        return None, at

    def sequence(self, at: int, indent: int, is_level: bool, way: Steps) -> tuple[list[Any], int]:
        """A list; it `is_level` when its items are indented like the key above them."""
        if len(way) > DEEPEST:
            raise NotPlain
        rows = self.rows
        result: list[Any] = []
        while at < len(rows):
            own, is_item, key, quoted, plain = rows[at]
            if own < indent or (own == indent and not is_item and is_level):
                break
            if own > indent or not is_item:
                raise NotPlain
            below = (*way, len(result))
            if key:
                rows[at] = (indent + 2, False, key, quoted, plain)
                item, at = self.mapping(at, indent + 2, below)
                result.append(item)
                continue
            at += 1
            if quoted is not None:
                result.append(quoted)
            elif plain:
                result.append(self.value(plain, below))
            else:
                result.append(None)
        return result, at

    def items(self, text: str, way: Steps) -> list[Any]:
        """A list on one line, without its brackets."""
        result: list[Any] = []
        at = 0
        while at < len(text):
            item = _ITEM.match(text, at)
            if item is None:
                raise NotPlain
            at = item.end()
            double, is_double, single, is_single, plain = item.groups()
            if is_double or is_single:
                result.append(double if is_double else single)
            else:
                result.append(self.value(plain, (*way, len(result))))
        return result

    def value(self, plain: str, way: Steps) -> Any:
        if plain[0] == "[":
            return self.items(plain[1:-1].strip(" "), way)
        value, is_odd = self.scalar(plain)
        if type(value) is not str:
            self.spelled[way] = plain
            self.has_odd_integers |= is_odd
        return value
