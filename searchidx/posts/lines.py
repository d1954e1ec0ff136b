"""Blocks of YAML that are written plainly, read line by line.

Nearly all front matter is: keys and list items, one to a line, with values that are quoted without
escapes, or plain. Such a block means the same to every YAML parser, and needs none. Whatever is not
of this form, or not surely so, is left to the parser: see `PlainReader`.

Lines are short once quoted texts are cut out of them, and the same in many posts, as are the shapes
of whole blocks (shapes.py): both are remembered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from operator import itemgetter
from typing import Any

from searchidx.posts.plain import Steps
from searchidx.posts.shapes import KEPT, Leaf, NotPlain, Row, Shape, Shapes

LONGEST_BLOCK = 64 * 1024
MOST_LINES = 5_000

_USUAL = bytes(range(0x20, 0x7F)) + b"\n"
_UNUSUAL = re.compile(
    "[^\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""Tabs, control characters, unusual line ends, byte order marks, lone surrogates."""

_CUT = "\0"
"""What stands in a line for a quoted text that was cut out, with its quotes."""

_LINE = re.compile(
    r"""
    (?P<indent>\ *)
    (?: (?P<comment>\#.*)
    | (?P<dash>-(?:\ |$))?
      (?: (?P<key>[A-Za-z0-9_][\w.-]{0,200}) :(?=\ |$) \ * )?
      (?: \[(?P<items>[^\]]*+)\]
      | (?P<cut>\0)
      | "(?P<double>[^"\\\0]*+(?:\\["\\][^"\\\0]*+)*+)"
      | '(?P<single>[^'\0]*+(?:''[^'\0]*+)*+)'
      | (?P<plain>(?: [A-Za-z0-9_/.(+~\u00a1-\U0010ffff] | -(?=[A-Za-z0-9.]) )(?: [^\0]* [^\0\ ] )?)
      )? \ *
    )
    """,
    re.VERBOSE | re.ASCII,
)
"""A line; the last of its groups that matches says of what kind it is."""

_ITEM = re.compile(
    r"""
    \ *
    (?: (?P<cut>\0)
    | "(?P<double>[^"\\\0]*)"
    | '(?P<single>[^'\0]*)'
    | (?P<plain>
        [A-Za-z0-9_/\u00a1-\U0010ffff]
        (?: [\w\ /.+'()\u00a1-\U0010ffff-]* [\w/+)\u00a1-\U0010ffff] )?
      )
    ) \ * (?: , | \Z )
    """,
    re.VERBOSE | re.ASCII,
)
"""An item of a list on one line."""

_BACKSLASH, _QUOTE = "\x01", "\x02"
"""What stands for `\\\\` and `\\"` while a text is cut at its quotes; no text here holds it."""

Scalar = Callable[[str], Any]
"""The value of a text without quotes. Raises: ValueError for what has to be given to a parser."""


@dataclass(frozen=True, slots=True)
class Lines:
    """What a plain block holds: texts, and the shape that says where each belongs."""

    shape: Shape
    texts: list[str]
    scalar: Scalar

    def value(self, number: int) -> Any:
        """The value that a text stands for."""
        text = self.texts[number]
        return self.scalar(text) if self.shape.are_plain[number] else text

    def metadata(self) -> dict[str, Any]:
        """The mapping that the block holds."""
        result: dict[str, Any] = self._filled(self.shape.template)
        return result

    def _filled(self, template: Any) -> Any:
        if isinstance(template, dict):
            return {key: self._filled(below) for key, below in template.items()}
        if isinstance(template, list):
            return [self._filled(below) for below in template]
        return None if template is None else self.value(template)

    def spelled(self) -> dict[Steps, str]:
        """How those values are written that are not texts, by the steps that lead there."""
        return {
            entry.steps: self.texts[entry.value]
            for entry in self.shape.entries().ordered
            if type(entry.value) is int and type(self.value(entry.value)) is not str
        }


class PlainReader:
    """Reads plain blocks, and remembers what lines and shapes it met."""

    def __init__(self, scalar: Scalar) -> None:
        self._scalar = scalar
        self._lines = _Lines(scalar)
        self._shapes = Shapes()

    def read(self, text: str) -> Lines | None:
        """What a block of YAML holds; None if it has to be given to a parser."""
        if len(text) > LONGEST_BLOCK or _is_unusual(text):
            return None
        if '"' in text:
            with suppress(NotPlain):
                return self._of(*_cut(text))
        with suppress(NotPlain):
            return self._of(text, [])
        return None

    def _of(self, text: str, cut: list[str]) -> Lines:
        """The block that the rest of it stands for, and what was cut out of it. Raises: NotPlain.

        What was cut out holds no line end, and its line is plain with `_CUT` in its place: so the
        quotes around it were those of a text, and it means what stands there.
        """
        lines = text.split("\n")
        if len(lines) > MOST_LINES:
            raise NotPlain
        known = list(map(self._lines.__getitem__, lines))
        texts = list(chain.from_iterable(map(_texts_of, known)))
        texts += cut
        return Lines(self._shapes[tuple(map(_row_of, known))], texts, self._scalar)


def _cut(text: str) -> tuple[str, list[str]]:
    """A text with `_CUT` in the place of all that stands in double quotes, and what stands there.
    Raises: NotPlain."""
    has_escapes = "\\" in text
    if has_escapes:
        text = text.replace("\\\\", _BACKSLASH).replace('\\"', _QUOTE)
    pieces = text.split('"')
    rest, cut = _CUT.join(pieces[::2]), _CUT.join(pieces[1::2])
    if len(pieces) % 2 == 0 or "\n" in cut or "\\" in cut:
        raise NotPlain
    if has_escapes:
        rest = rest.replace(_BACKSLASH, "\\\\").replace(_QUOTE, '\\"')
        cut = cut.replace(_BACKSLASH, "\\").replace(_QUOTE, '"')
    return rest, cut.split(_CUT)


def _unescaped(text: str) -> str:
    """What stands for a text in which each `\\` begins a `\\\\` or a `\\"`."""
    if "\\" not in text:
        return text
    return "\\".join([part.replace('\\"', '"') for part in text.split("\\\\")])


def _is_unusual(text: str) -> bool:
    """Whether there are characters in it that need a parser."""
    rest = text.encode("utf-8", "surrogatepass").translate(None, _USUAL)
    return bool(rest) and _UNUSUAL.search(rest.decode("utf-8", "surrogatepass")) is not None


_Line = tuple[Row, list[str]]
"""What a line says, and its texts but for those that were cut out."""

_row_of: Callable[[_Line], Row] = itemgetter(0)
_texts_of: Callable[[_Line], list[str]] = itemgetter(1)

_Value = tuple[Leaf, str]
"""How a value is written, and its text; that of one that was cut out stands elsewhere."""


class _Lines(dict[str, _Line]):
    """A line -> what it says. Raises: NotPlain.

    Long lines and those with a time are not kept, being met once only; of the latter, what stands
    before the time is.
    """

    MOST = 10_000
    LONGEST = 100

    def __init__(self, scalar: Scalar) -> None:
        self._scalar = scalar
        self._rows = _Rows()
        self._before_times: dict[str, Row] = {}

    def __missing__(self, line: str) -> _Line:
        head, _, text = line.partition(": ")
        row = self._before_times.get(head)
        if row is not None and self._is_time(text):
            return row, [text]
        result = self._read(line)
        if len(self) + len(self._before_times) >= self.MOST:
            self.clear()
            self._before_times.clear()
        if result[1] == [text] and self._is_time(text):
            self._before_times[head] = result[0]
        elif len(line) <= self.LONGEST:
            self[line] = result
        return result

    def _is_time(self, text: str) -> bool:
        return type(self._value_of(text)) is datetime

    def _read(self, line: str) -> _Line:
        found = _LINE.fullmatch(line)
        if found is None:
            raise NotPlain
        kind = found.lastgroup
        if kind in ("indent", "comment"):
            return self._rows[0, False, "", (Leaf.CUT,) * line.count(_CUT), False, True], []
        if kind in ("dash", "key"):
            values = []
        elif kind == "items":
            values = list(self._items(found[kind].strip(" ")))
        else:
            values = [self._value(found)]
        indent, dash, key = found.group("indent", "dash", "key")
        leaves = tuple([leaf for leaf, _ in values])
        row = self._rows[len(indent), dash is not None, key or "", leaves, kind == "items", False]
        return row, [text for leaf, text in values if leaf in KEPT]

    def _items(self, text: str) -> Iterator[_Value]:
        """The values of a list on one line, without its brackets."""
        at = 0
        while at < len(text):
            item = _ITEM.match(text, at)
            if item is None:
                raise NotPlain
            at = item.end()
            yield self._value(item)

    def _value(self, found: re.Match[str]) -> _Value:
        kind = found.lastgroup or ""
        text = found[kind]
        if kind == "cut":
            return Leaf.CUT, text
        if kind == "double":
            return Leaf.QUOTED, _unescaped(text)
        if kind == "single":
            return Leaf.QUOTED, text.replace("''", "'")
        if ": " in text or " #" in text or text[-1] == ":":
            raise NotPlain
        return Leaf.NULL if self._value_of(text) is None else Leaf.PLAIN, text

    def _value_of(self, text: str) -> Any:
        try:
            return self._scalar(text)
        except ValueError as error:
            raise NotPlain from error


class _Rows(dict[tuple[Any, ...], Row]):
    """The parts of a row -> the one row of them."""

    MOST = 10_000

    def __missing__(self, parts: tuple[Any, ...]) -> Row:
        if len(self) >= self.MOST:
            self.clear()
        row = self[parts] = Row(*parts)
        return row
