"""A segment: what its file holds, written in one pass and read array by array."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np
from whoosh.util.numeric import byte_to_length

from searchidx.columnar.columns import (
    ByteColumn,
    ByteValues,
    Column,
    NumberColumn,
    NumberValues,
    TextColumn,
    TextValues,
    WhooshValues,
    write_column,
)
from searchidx.columnar.layout import Array, ArrayFile, ArrayFileWriter
from searchidx.columnar.packed import narrow
from searchidx.columnar.postings import Encoded, FieldPostings, FieldTerms, FieldWriter
from searchidx.columnar.runs import ragged
from searchidx.columnar.stored import StoredReader, StoredValues

if TYPE_CHECKING:
    import numpy.typing as npt

EXTENSION = ".cols"
"""The ending of a segment's file."""

LENGTHS = np.array([byte_to_length(byte) for byte in range(256)], dtype=np.float32)
"""What Whoosh's one-byte field lengths stand for."""

Vector = list[tuple[bytes, float, bytes]]
"""A term vector: terms, weights, and what the format says, in the order of the terms."""


def length_bytes(lengths: Array) -> npt.NDArray[np.uint8]:
    """Lengths as Whoosh quantises them into a byte each."""
    return np.minimum(np.searchsorted(LENGTHS, lengths), 255).astype(np.uint8)


class FieldLengths(NamedTuple):
    """The length of a field in each document, quantised, and the exact sum of the lengths."""

    quantised: npt.NDArray[np.uint8]
    total: float


class SegmentData:
    """What a segment holds besides its postings.

    `stored_columns` are columns of texts, as bytes, that are stored values too.
    """

    def __init__(
        self, documents: int, stored: StoredValues, stored_columns: Sequence[str] = ()
    ) -> None:
        self.documents = documents
        self.stored = stored
        self.stored_columns = list(stored_columns)
        self.lengths: dict[str, FieldLengths] = {}
        self.columns: dict[str, Column] = {}
        self.vectors: dict[str, Sequence[Vector]] = {}

    def contents(self) -> Contents:
        """What of it a reader needs first."""
        return Contents(
            self.documents,
            {name: lengths.total for name, lengths in self.lengths.items()},
            {name: _KINDS[type(column)] for name, column in self.columns.items()},
            self.stored_columns,
            list(self.vectors),
        )


class Contents(NamedTuple):
    """What a segment holds besides its postings, by name and in the order in which it is written:
    the total of each field's lengths, and the kind of each column."""

    documents: int
    lengths: Mapping[str, float]
    columns: Mapping[str, str]
    stored_columns: Sequence[str]
    vectors: Sequence[str] = ()


_KINDS = {
    NumberValues: "numbers",
    TextValues: "texts",
    ByteValues: "bytes",
    WhooshValues: "whoosh",
}


def write_segment(
    stream: BinaryIO,
    data: SegmentData,
    fields: Iterable[tuple[str, Iterable[FieldPostings | Encoded]]],
    folder: Path | None = None,
) -> None:
    """Write a segment file. Each field comes as its postings, range of terms by range of terms.

    With a `folder`, what waits to be written is in a file there, if it is much.
    """
    writer = ArrayFileWriter(stream)
    units: dict[str, float] = {}
    for number, (name, ranges) in enumerate(fields):
        units[name] = write_field(writer, number, ranges, folder)
    write_documents(writer, data)
    finish_segment(writer, data.contents(), units)


def write_field(
    writer: ArrayFileWriter,
    number: int,
    ranges: Iterable[FieldPostings | Encoded],
    folder: Path | None = None,
) -> float:
    """Write the postings of the field of that number, range of terms by range of terms; the unit of
    their weights. With a `folder`, what waits to be written is in a file there, if it is much."""
    field_writer = FieldWriter(writer, f"field{number}", folder)
    unit = 1.0
    for postings in ranges:
        unit = postings.unit
        field_writer.add(postings)
    field_writer.finish()
    return unit


def write_documents(writer: ArrayFileWriter, data: SegmentData) -> None:
    """Write all that is kept by document."""
    data.stored.write(writer)
    for number, lengths in enumerate(data.lengths.values()):
        writer.add(f"lengths{number}", lengths.quantised)
    for number, column in enumerate(data.columns.values()):
        write_column(writer, f"column{number}", column)
    for number, vectors in enumerate(data.vectors.values()):
        _write_vectors(writer, f"vector{number}", vectors)


def finish_segment(writer: ArrayFileWriter, contents: Contents, units: Mapping[str, float]) -> None:
    """Write what a reader needs first; `units` are those of the fields, in the order of their
    numbers."""
    meta = {**contents._asdict(), "fields": dict(units)}
    writer.add_bytes("meta", json.dumps(meta).encode())
    writer.finish()


def _write_vectors(writer: ArrayFileWriter, prefix: str, rows: Sequence[Vector]) -> None:
    items = [item for row in rows for item in row]
    ends = np.cumsum([len(row) for row in rows], dtype=np.int64)
    words, values = ragged([word for word, _, _ in items]), ragged([v for _, _, v in items])
    writer.add(f"{prefix}.ends", narrow(ends))
    writer.add(f"{prefix}.words", words.items)
    writer.add(f"{prefix}.words.ends", words.ends)
    writer.add(f"{prefix}.values", values.items)
    writer.add(f"{prefix}.values.ends", values.ends)
    writer.add(f"{prefix}.weights", np.array([w for _, w, _ in items], dtype=np.float32))


class SegmentArrays:
    """An open segment file. What is in it is read, and checked, when it is first asked for."""

    def __init__(self, file: ArrayFile) -> None:
        meta = json.loads(file.array("meta").tobytes())
        self.file = file
        self.documents: int = meta["documents"]
        self.column_kinds: dict[str, str] = meta["columns"]
        self.stored_columns: list[str] = meta["stored_columns"]
        self._units: dict[str, float] = meta["fields"]
        self._totals: dict[str, float] = meta["lengths"]
        self._field_numbers = {name: number for number, name in enumerate(meta["fields"])}
        self._length_numbers = {name: number for number, name in enumerate(meta["lengths"])}
        self._column_numbers = {name: number for number, name in enumerate(meta["columns"])}
        self._vector_numbers = {name: number for number, name in enumerate(meta["vectors"])}
        self._fields: dict[str, FieldTerms] = {}
        self._columns: dict[str, Any] = {}
        self._stored: StoredReader | None = None

    # -- fields

    def field_names(self) -> list[str]:
        """The fields that have terms here."""
        return list(self._field_numbers)

    def field(self, name: str) -> FieldTerms | None:
        """The terms of a field; None if the segment has none of it."""
        found = self._fields.get(name)
        if found is None:
            number = self._field_numbers.get(name)
            if number is None or f"field{number}.keys" not in self.file:
                return None
            found = FieldTerms(self.file, f"field{number}", self._units[name])
            self._fields[name] = found
        return found

    def length_names(self) -> list[str]:
        return list(self._length_numbers)

    def lengths(self, name: str) -> npt.NDArray[np.uint8] | None:
        """The quantised length of the field in every document; None if no document has any."""
        number = self._length_numbers.get(name)
        return None if number is None else self.file.array(f"lengths{number}")

    def total_length(self, name: str) -> float:
        """The sum of the lengths of the field."""
        return self._totals.get(name, 0)

    # -- columns

    def numbers(self, name: str) -> NumberColumn | None:
        """A column of numbers; None if there is none."""
        found = self.column(name)
        return found if isinstance(found, NumberColumn) else None

    def texts(self, name: str) -> TextColumn | None:
        """A column of texts; None if there is none."""
        found = self.column(name)
        return found if isinstance(found, TextColumn) else None

    def rows(self, name: str) -> ByteColumn | None:
        """A column of bytes; None if there is none."""
        found = self.column(name)
        return found if isinstance(found, ByteColumn) else None

    def whoosh_column(self, name: str) -> bytes:
        """The bytes of a column that Whoosh wrote."""
        return self.file.array(f"column{self._column_numbers[name]}.whoosh").tobytes()

    def column(self, name: str) -> NumberColumn | TextColumn | ByteColumn | None:
        """A column kept as arrays; None if there is none."""
        found: NumberColumn | TextColumn | ByteColumn | None = self._columns.get(name)
        if found is None:
            prefix = f"column{self._column_numbers.get(name)}"
            match self.column_kinds.get(name):
                case "numbers":
                    found = NumberColumn(self.file, prefix, self.documents)
                case "texts":
                    found = TextColumn(self.file, prefix)
                case "bytes":
                    found = ByteColumn(self.file, prefix)
            self._columns[name] = found
        return found

    def column_data(self, name: str) -> Column:
        """A column, to be written again."""
        found = self.column(name)
        return found.data() if found is not None else WhooshValues(self.whoosh_column(name))

    # -- documents

    @property
    def stored(self) -> StoredReader:
        """The stored values."""
        if self._stored is None:
            self._stored = StoredReader(self.file)
        return self._stored

    def stored_values(self, number: int, *, trusted: bool = False) -> dict[str, Any]:
        """All stored values of a document.

        Raises: NotPlain when they were pickled and are not trusted.
        """
        values = self.stored.values(number, trusted=trusted)
        for name in self.stored_columns:
            column = self.rows(name)
            if column is not None:
                values[name] = column[number].decode("utf-8", "surrogatepass")
        return values

    def vector(self, name: str, number: int) -> Vector:
        """The term vector of a document; empty when it has none."""
        if name not in self._vector_numbers:
            return []
        prefix = f"vector{self._vector_numbers[name]}"
        rows = range(*_run(self.file.array(f"{prefix}.ends"), number))
        words = list(self._texts(f"{prefix}.words", rows))
        values = list(self._texts(f"{prefix}.values", rows))
        weights = self.file.part(f"{prefix}.weights", rows.start, rows.stop).tolist()
        return list(zip(words, weights, values, strict=True))

    def _texts(self, name: str, rows: range) -> Iterator[bytes]:
        ends = self.file.array(f"{name}.ends")
        return (self.file.part(name, *_run(ends, row)).tobytes() for row in rows)


def _run(ends: Array, number: int) -> tuple[int, int]:
    return (int(ends[number - 1]) if number else 0), int(ends[number])
