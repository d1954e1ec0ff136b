"""Columns: one value for each document, to order, to restrict and to count by.

Numbers are an array. Texts are ordinals into the sorted distinct texts, so that comparing two is
comparing numbers. Bytes that hardly repeat (paths, digests) lie one behind the other. Other kinds
of Whoosh columns keep Whoosh's own bytes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from searchidx.columnar.layout import Array, ArrayFile, ArrayFileWriter
from searchidx.columnar.packed import BOTH_ENDS, Numbers, narrow
from searchidx.columnar.runs import Ragged, byte_order, joined, ragged, read_runs, write_runs

if TYPE_CHECKING:
    import numpy.typing as npt


class NumberValues(NamedTuple):
    """A number a document. `has` says which documents have one; None when all have.

    `is_complete` says that no document has other numbers in the field than these, so that a range
    may be answered from the column.
    """

    values: Array
    has: npt.NDArray[np.bool_] | None = None
    is_complete: bool = False


class TextValues(NamedTuple):
    """A text a document: 0, or 1 more than the place of the text in `texts`, which are sorted."""

    ordinals: Array
    texts: Ragged


class ByteValues(NamedTuple):
    """Bytes a document."""

    rows: Ragged


class WhooshValues(NamedTuple):
    """A column as Whoosh's own writer made it."""

    data: bytes


Column = NumberValues | TextValues | ByteValues | WhooshValues


def text_values(rows: Sequence[bytes | None]) -> TextValues:
    """The text column of these rows."""
    has = np.array([row is not None for row in rows], dtype=np.bool_)
    ordinals = np.zeros(len(rows), dtype=np.int64)
    places, texts = distinct(ragged([row for row in rows if row is not None]))
    ordinals[has] = places + 1
    return TextValues(ordinals, texts)


def distinct(texts: Ragged) -> tuple[Numbers, Ragged]:
    """For each text its place among the distinct ones in byte order; and these in that order."""
    order, is_new = byte_order(texts)
    places = np.empty(len(order), dtype=np.int64)
    places[order] = is_new.cumsum() - 1
    return places, texts.picked(order[is_new])


def joined_texts(parts: Sequence[TextValues | None], counts: Sequence[int]) -> TextValues:
    """The text columns of several segments, one behind the other; `counts` are their documents,
    none of which has a text in a segment without the column."""
    held = [part.texts for part in parts if part is not None]
    places, texts = distinct(joined([ragged([]), *held]))
    ordinals = [np.zeros(0, dtype=np.int64)]
    first = 0
    for part, count in zip(parts, counts, strict=True):
        if part is None:
            ordinals.append(np.zeros(count, dtype=np.int64))
        else:
            last = first + len(part.texts)
            own = np.concatenate([[0], places[first:last] + 1])
            ordinals.append(own[part.ordinals])
            first = last
    return TextValues(np.concatenate(ordinals), texts)


def write_column(writer: ArrayFileWriter, prefix: str, column: Column) -> None:
    """Write a column under array names that start with `prefix`."""
    match column:
        case NumberValues():
            writer.add(f"{prefix}.numbers", column.values)
            if column.has is not None:
                writer.add(f"{prefix}.has", np.packbits(column.has, bitorder="little"))
            if column.is_complete:
                writer.add(f"{prefix}.order", narrow(_order(column)))
        case TextValues():
            writer.add(f"{prefix}.ordinals", narrow(column.ordinals))
            write_runs(writer, f"{prefix}.texts", [column.texts])
        case ByteValues():
            write_runs(writer, f"{prefix}.bytes", [column.rows])
        case WhooshValues():
            writer.add_bytes(f"{prefix}.whoosh", column.data)


def _order(column: NumberValues) -> Numbers:
    """The documents that have a number, in the order of the numbers, then of the documents."""
    order = np.argsort(column.values, kind="stable")
    return order if column.has is None else order[column.has[order]]


class NumberColumn:
    """A column of numbers in a segment file; what is not asked for is not read."""

    def __init__(self, file: ArrayFile, prefix: str, documents: int) -> None:
        self._file = file
        self._prefix = prefix
        self._documents = documents

    @cached_property
    def values(self) -> Array:
        """A number for each document."""
        return self._file.array(f"{self._prefix}.numbers")

    @cached_property
    def has(self) -> npt.NDArray[np.bool_] | None:
        """Which documents have a number; None when all have."""
        if f"{self._prefix}.has" not in self._file:
            return None
        bits = self._file.array(f"{self._prefix}.has")
        return np.unpackbits(bits, count=self._documents, bitorder="little").view(np.bool_)

    @cached_property
    def order(self) -> Array | None:
        """The documents that have a number, in the order of the numbers; None if not kept."""
        name = f"{self._prefix}.order"
        return self._file.array(name) if name in self._file else None

    def number(self, doc: int) -> Any:
        """The number of one document; None if it has none. Little else is read."""
        if self.has is not None and not self.has[doc]:
            return None
        return self._file.part(f"{self._prefix}.numbers", doc, doc + 1)[0].item()

    def data(self) -> NumberValues:
        """The column, to be written again."""
        return NumberValues(self.values, self.has, self.order is not None)

    def part(self, first: int, last: int) -> NumberValues:
        """That of some documents, to be written again; `first` is a multiple of 8."""
        name, has = f"{self._prefix}.has", None
        if name in self._file:
            bits = self._file.part(name, first // 8, -(-last // 8))
            has = np.unpackbits(bits, count=last - first, bitorder="little").view(np.bool_)
        values = self._file.part(f"{self._prefix}.numbers", first, last)
        return NumberValues(values, has, f"{self._prefix}.order" in self._file)

    def present(self, docs: Numbers) -> npt.NDArray[np.bool_] | None:
        """Which of the documents have a number; None when all have."""
        return None if self.has is None else self.has[docs]


class TextColumn:
    """A column of texts in a segment file."""

    def __init__(self, file: ArrayFile, prefix: str) -> None:
        self.ordinals = file.array(f"{prefix}.ordinals")
        self._texts = file.stored(f"{prefix}.texts")
        self._at = file.array(f"{prefix}.texts.at")

    def __len__(self) -> int:
        """How many distinct texts there are."""
        return len(self._at) - 1

    def text(self, ordinal: int) -> bytes:
        """The text that an ordinal above 0 stands for."""
        return self._texts.part(int(self._at[ordinal - 1]), int(self._at[ordinal])).tobytes()

    def data(self) -> TextValues:
        """The column, to be written again."""
        return TextValues(self.ordinals, self.texts(0, len(self)))

    def first_from(self, text: bytes) -> int:
        """How many of the texts are below `text`."""
        return bisect_left(range(1, len(self) + 1), text, key=self.text)

    def texts(self, first: int, last: int) -> Ragged:
        """The texts that the ordinals from `first` + 1 up to `last` stand for."""
        return read_runs(self._texts, self._at, first, last)

    def sizes(self, first: int, last: int) -> Numbers:
        """How many bytes the texts before each of those from `first` to `last`, the last one too,
        have together."""
        sizes: Numbers = self._at[first : last + 1].astype(np.int64)
        return sizes


class ByteColumn:
    """A column of bytes in a segment file."""

    def __init__(self, file: ArrayFile, prefix: str) -> None:
        self._bytes = file.stored(f"{prefix}.bytes")
        self._at = file.stored(f"{prefix}.bytes.at")

    def __getitem__(self, number: int) -> bytes:
        return self._bytes.part(*self._at.run(number)).tobytes()

    def picked(self, numbers: Numbers) -> list[bytes]:
        """The bytes of some documents."""
        starts, stops = self._at.picked(numbers + BOTH_ENDS).tolist()
        return self._bytes.parts(starts, stops)

    def part(self, first: int, last: int) -> Ragged:
        """The bytes of the documents from `first` up to `last`."""
        return read_runs(self._bytes, self._at, first, last)

    def rows(self) -> list[bytes]:
        """The bytes of every document."""
        return self.data().rows.texts()

    def data(self) -> ByteValues:
        """The column, to be written again."""
        return ByteValues(Ragged(self._bytes.whole(), self._at.whole()[1:]))
