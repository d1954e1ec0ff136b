"""What is kept by document of several segments becomes that of one, array by array.

What is copied goes some thousands of documents at a time from the segments into the file. A column
of numbers is held while it is put in order; of one of texts, the new number of each text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from searchidx.columnar.columns import (
    NumberValues,
    TextColumn,
    distinct,
    write_column,
)
from searchidx.columnar.layout import Array, ArrayFileWriter
from searchidx.columnar.packed import Numbers, narrow_type
from searchidx.columnar.postings import BYTES_PER_TERM, BYTES_PER_TEXT_BYTE
from searchidx.columnar.ranges import common_ranges
from searchidx.columnar.runs import Ragged, write_runs
from searchidx.columnar.runs import joined as joined_runs
from searchidx.columnar.source import Source
from searchidx.columnar.stored import joined


class MergedDocuments:
    """All that several segments keep by document, one segment behind the other."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self.count = sum(source.count() for source in sources)
        """How many documents there are."""
        every = [source.arrays for source in sources]
        fields = dict.fromkeys(name for arrays in every for name in arrays.field_names())
        with_lengths = {name for arrays in every for name in arrays.length_names()}
        self.lengths = [name for name in fields if name in with_lengths]
        """The fields that have lengths."""
        self.columns: dict[str, str] = {}
        """The columns, and the kind of each."""
        for arrays in every:
            for name, kind in arrays.column_kinds.items():
                self.columns.setdefault(name, kind)

    def write(self, writer: ArrayFileWriter) -> None:
        """Write the arrays."""
        sources = self._sources
        joined(source.arrays.stored.kept(source.alive) for source in sources).write(writer)
        for number, name in enumerate(self.lengths):
            writer.add_parts(f"lengths{number}", _lengths(name, sources))
        for number, (name, kind) in enumerate(self.columns.items()):
            _write_column(writer, f"column{number}", name, kind, sources)


def _lengths(name: str, sources: Sequence[Source]) -> Iterator[Array]:
    for source in sources:
        lengths = source.arrays.lengths(name)
        if lengths is None:
            yield np.zeros(source.count(), dtype=np.uint8)
        else:
            yield lengths if source.alive is None else lengths[source.alive]


def _write_column(
    writer: ArrayFileWriter, prefix: str, name: str, kind: str, sources: Sequence[Source]
) -> None:
    """Write a column of all segments under array names that start with `prefix`."""
    match kind:
        case "bytes":
            write_runs(writer, f"{prefix}.bytes", _rows(name, sources))
        case "texts":
            _write_texts(writer, prefix, name, sources)
        case "numbers":
            write_column(writer, prefix, _numbers(name, sources))
        case _:
            raise TypeError(f"{name}: a column that Whoosh wrote cannot be merged here")


def _rows(name: str, sources: Sequence[Source]) -> Iterator[Ragged]:
    for source in sources:
        column = source.arrays.rows(name)
        for block in source.blocks():
            if column is None:
                yield Ragged(np.zeros(0, np.uint8), np.zeros(len(block), np.int64))
            else:
                yield block.runs_of(column.part(block.first, block.last))


def _numbers(name: str, sources: Sequence[Source]) -> NumberValues:
    columns = [source.arrays.numbers(name) for source in sources]
    count = sum(source.count() for source in sources)
    kind = next(column.values.dtype for column in columns if column is not None)
    values, has = np.zeros(count, dtype=kind), np.zeros(count, dtype=np.bool_)
    is_complete, at = True, 0
    for source, column in zip(sources, columns, strict=True):
        for block in source.blocks():
            here = slice(at, at + len(block))
            at = here.stop
            if column is not None:
                part = column.part(block.first, block.last)
                values[here] = block.of(part.values)
                has[here] = True if part.has is None else block.of(part.has)
                is_complete = is_complete and part.is_complete
    return NumberValues(values, None if has.all() else has, is_complete)


# -- columns of texts


class _Texts:
    """The texts of a column in one segment."""

    def __init__(self, column: TextColumn) -> None:
        self.column = column
        self.moved = np.zeros(len(column) + 1, dtype=np.uint32)
        """The new ordinal of each ordinal."""

    def __len__(self) -> int:
        return len(self.column)

    def term(self, number: int) -> bytes:
        return self.column.text(number + 1)

    def first_from(self, text: bytes) -> int:
        return self.column.first_from(text)

    def burdens(self, first: int, last: int) -> Numbers:
        burdens = self.column.sizes(first, last) * BYTES_PER_TEXT_BYTE
        burdens += np.arange(first, last + 1) * BYTES_PER_TERM
        return burdens


def _write_texts(
    writer: ArrayFileWriter, prefix: str, name: str, sources: Sequence[Source]
) -> None:
    columns = [source.arrays.texts(name) for source in sources]
    held = [None if column is None else _Texts(column) for column in columns]
    write_runs(writer, f"{prefix}.texts", _merged_texts([one for one in held if one is not None]))
    writer.add_parts(f"{prefix}.ordinals", _ordinals(held, sources))


def _merged_texts(held: Sequence[_Texts]) -> Iterator[Ragged]:
    """The different texts of several segments in byte order, range by range; their numbers go into
    `moved`."""
    before = 0
    for ends in common_ranges(held):
        parts = [one.column.texts(*end) for one, end in zip(held, ends, strict=True)]
        places, texts = distinct(joined_runs(parts))
        at = 0
        for one, (first, last) in zip(held, ends, strict=True):
            one.moved[first + 1 : last + 1] = places[at : at + last - first] + before + 1
            at += last - first
        before += len(texts)
        yield texts


def _ordinals(held: Sequence[_Texts | None], sources: Sequence[Source]) -> Iterator[Array]:
    """The new ordinal of each document."""
    highest = max(int(one.moved.max()) for one in held if one is not None)
    kind = narrow_type(highest)
    for source, one in zip(sources, held, strict=True):
        for block in source.blocks():
            if one is None:
                yield np.zeros(len(block), dtype=kind)
            else:
                ordinals = one.column.ordinals[block.first : block.last]
                yield one.moved[block.of(ordinals)].astype(kind)
