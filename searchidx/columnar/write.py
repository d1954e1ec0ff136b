"""Writing a segment through Whoosh's writer interface: one document, one posting at a time.

Everything is gathered in a SegmentDraft in memory and written as one file when the terms are done.
searchidx's own posts take another way, in bulk (see invert.py).
"""

from __future__ import annotations

import io
from array import array
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from whoosh import columns
from whoosh.codec import base
from whoosh.fields import FieldType
from whoosh.filedb.filestore import RamStorage, Storage
from whoosh.formats import Existence, Positions
from whoosh.util.numeric import length_to_byte

from searchidx.columnar.columns import Column, NumberValues, WhooshValues, text_values
from searchidx.columnar.layout import Array
from searchidx.columnar.postings import FieldPostings, whole_weights
from searchidx.columnar.runs import Ragged, ragged
from searchidx.columnar.segment import FieldLengths, SegmentData, Vector, write_segment
from searchidx.columnar.stored import StoredWriter


@dataclass(slots=True)
class SegmentDraft:
    """A segment that is being written: its documents, and the terms of the fields done so far.

    `lengths` maps field -> document -> the length as Whoosh quantises it into a byte; `totals` has
    the exact sum for each field.
    """

    stored: StoredWriter = field(default_factory=StoredWriter)
    lengths: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    totals: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    columns: dict[str, _ColumnDraft] = field(default_factory=dict)
    vectors: dict[str, dict[int, Vector]] = field(default_factory=lambda: defaultdict(dict))
    fields: dict[str, FieldPostings] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """The segment file."""
        count = len(self.stored)
        data = SegmentData(count, self.stored.finish())
        for name, lengths in self.lengths.items():
            quantised = np.zeros(count, dtype=np.uint8)
            quantised[list(lengths)] = list(lengths.values())
            data.lengths[name] = FieldLengths(quantised, self.totals[name])
        for name, column in self.columns.items():
            data.columns[name] = column.finish(count)
        for name, vectors in self.vectors.items():
            data.vectors[name] = [vectors.get(number, []) for number in range(count)]
        stream = io.BytesIO()
        write_segment(stream, data, [(name, [one]) for name, one in self.fields.items()])
        return stream.getvalue()


class _ColumnDraft:
    """The values of a column by document; those of kinds we keep as arrays, the others in Whoosh's
    own form."""

    def __init__(self, kind: columns.Column) -> None:
        self._kind = kind
        self._values: dict[int, Any] = {}

    def add(self, number: int, value: Any) -> None:
        self._values[number] = value

    def discard(self, number: int) -> None:
        self._values.pop(number, None)

    def finish(self, count: int) -> Column:
        kind, values = self._kind, self._values
        if type(kind) is columns.NumericColumn and kind._typecode in _NUMBERS:
            numbers = np.full(count, kind._default, dtype=_NUMBERS[kind._typecode])
            numbers[list(values)] = list(values.values())
            has = np.zeros(count, dtype=np.bool_)
            has[list(values)] = True
            return NumberValues(numbers, None if has.all() else has)
        if type(kind) in (columns.VarBytesColumn, columns.RefBytesColumn):
            return text_values([values.get(number) for number in range(count)])
        return WhooshValues(_whoosh_bytes(kind, values, count))


_NUMBERS = {code: np.dtype(code).newbyteorder("<") for code in "bBhHiIqQfd"}


def _whoosh_bytes(kind: columns.Column, values: dict[int, Any], count: int) -> bytes:
    """The column as Whoosh's own writer writes it."""
    storage = RamStorage()
    stream = storage.create_file("column")
    writer = kind.writer(stream)
    for number in sorted(values):
        writer.add(number, values[number])
    writer.finish(count)
    stream.close()
    return bytes(storage.files["column"])


class DocumentWriter(base.PerDocumentWriter):  # type: ignore[misc]
    """What Whoosh says of one document after the other goes into the draft."""

    def __init__(self, draft: SegmentDraft) -> None:
        self._draft = draft
        self._number = -1
        self._values: dict[str, Any] = {}
        self.is_closed = False

    def start_doc(self, number: int) -> None:
        self._number = number
        self._values = {}
        self._added: dict[str, int] = {}

    def add_field(self, name: str, kind: FieldType, value: Any, length: int) -> None:
        if value is not None:
            self._values[name] = value
        if length:
            self._draft.lengths[name][self._number] = length_to_byte(length)
            self._draft.totals[name] += length
            self._added[name] = length

    def add_column_value(self, name: str, column: columns.Column, value: Any) -> None:
        if name not in self._draft.columns:
            self._draft.columns[name] = _ColumnDraft(column)
        self._draft.columns[name].add(self._number, value)

    def add_vector_items(
        self, name: str, kind: FieldType, items: Iterable[tuple[Any, float, bytes]]
    ) -> None:
        rows = [
            (word if isinstance(word, bytes) else word.encode(), weight, value or b"")
            for word, weight, value in items
        ]
        if rows:
            self._draft.vectors[name][self._number] = rows

    def finish_doc(self) -> None:
        self._draft.stored.add(self._values)

    def cancel_doc(self) -> None:
        """Whoosh calls this when a value of the document was refused; its number is used again."""
        for name, lengths in self._draft.lengths.items():
            if lengths.pop(self._number, None) is not None:
                self._draft.totals[name] -= self._added[name]
        for vectors in self._draft.vectors.values():
            vectors.pop(self._number, None)
        for column in self._draft.columns.values():
            column.discard(self._number)

    def close(self) -> None:
        self.is_closed = True


class TermsWriter(base.FieldWriter):  # type: ignore[misc]
    """The postings of one field after the other become arrays; closing writes the segment file."""

    def __init__(self, storage: Storage, file_name: str, draft: SegmentDraft) -> None:
        self._storage = storage
        self._file_name = file_name
        self._draft = draft
        self.is_closed = False
        self._start(None)

    def _start(self, kind: FieldType | None) -> None:
        self._terms: list[bytes] = []
        self._starts = array("q")
        self._docs = array("q")
        self._weights = array("f")
        self._positions = array("q")
        self._position_ends = array("q")
        self._values: list[bytes] = []
        self._format = kind.format if kind else None
        self._has_positions = type(self._format) is Positions
        self._counts_again = type(self._format) is not Existence

    def start_field(self, name: str, kind: FieldType) -> None:
        self._name = name
        self._start(kind)

    def start_term(self, text: bytes) -> None:
        self._terms.append(text)
        self._starts.append(len(self._docs))

    def add(self, number: int, weight: float, value: bytes, length: int | None) -> None:
        """Keep a posting. Whoosh names a document again for each of several equal numbers in it,
        and document 0 for every word kept for spelling; it is one posting all the same."""
        if len(self._docs) > self._starts[-1] and self._docs[-1] == number:
            if self._counts_again:
                self._weights[-1] += weight
            return
        self._docs.append(number)
        self._weights.append(weight)
        if self._has_positions and self._format is not None:
            self._positions.extend(self._format.decode_positions(value))
            self._position_ends.append(len(self._positions))
        else:
            self._values.append(value)

    def finish_term(self) -> None:
        pass

    def finish_field(self) -> None:
        self._starts.append(len(self._docs))
        positions = Ragged(_numbers(self._positions), _numbers(self._position_ends))
        self._draft.fields[self._name] = FieldPostings(
            terms=ragged(self._terms),
            starts=_numbers(self._starts),
            docs=_numbers(self._docs),
            weights=whole_weights(_numbers(self._weights)),
            positions=positions if self._has_positions else None,
            values=ragged(self._values) if any(self._values) else None,
        )
        self._start(None)

    def close(self) -> None:
        if len(self._draft.stored):
            with self._storage.create_file(self._file_name) as stream:
                stream.write(self._draft.to_bytes())
        self.is_closed = True


def _numbers(values: array[Any]) -> Array:
    """An array of Python's as one of NumPy's, over the same memory."""
    return np.frombuffer(values, dtype=values.typecode) if values else np.zeros(0, np.int64)
