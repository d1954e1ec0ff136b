"""Writing a segment through Whoosh's writer interface: one document, one posting at a time.

Everything is gathered in a SegmentDraft in memory and written as one file when the terms are done.
"""

from __future__ import annotations

import io
import json
from array import array
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from whoosh.codec import base
from whoosh.columns import Column, ColumnWriter
from whoosh.fields import FieldType
from whoosh.filedb.filestore import RamStorage, Storage
from whoosh.formats import Positions
from whoosh.util.numeric import length_to_byte

from searchidx.columnar.layout import Array, ArrayFileWriter
from searchidx.columnar.postings import (
    FieldPostings,
    Ragged,
    narrow,
    narrow_weights,
    ragged,
    write_postings,
)
from searchidx.columnar.stored import pack

Vector = list[tuple[bytes, float, bytes]]


@dataclass(slots=True)
class SegmentDraft:
    """A segment that is being written: its documents, and the terms of the fields done so far.

    `lengths` maps field -> document -> the length as Whoosh quantises it into a byte; `totals` has
    the exact sum for each field.
    """

    stored: list[bytes] = field(default_factory=list)
    lengths: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    totals: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    columns: dict[str, ColumnWriter] = field(default_factory=dict)
    column_files: RamStorage = field(default_factory=RamStorage)
    vectors: dict[str, dict[int, Vector]] = field(default_factory=lambda: defaultdict(dict))
    fields: dict[str, FieldPostings] = field(default_factory=dict)
    is_finished: bool = False

    def finish_columns(self) -> None:
        """Close the columns; from now on no document may be added."""
        if not self.is_finished:
            for writer in self.columns.values():
                writer.finish(len(self.stored))
                writer._dbfile.close()
            self.is_finished = True

    def to_bytes(self) -> bytes:
        """The segment file."""
        self.finish_columns()
        stream = io.BytesIO()
        writer = ArrayFileWriter(stream)
        self._write_documents(writer)
        for number, (_, postings) in enumerate(self.fields.items()):
            write_postings(writer, f"field{number}", postings)
        writer.add_bytes("meta", json.dumps(self._meta()).encode())
        writer.finish()
        return stream.getvalue()

    def _meta(self) -> dict[str, Any]:
        return {
            "documents": len(self.stored),
            "fields": list(self.fields),
            "lengths": list(self.lengths),
            "totals": [self.totals[name] for name in self.lengths],
            "columns": list(self.columns),
            "vectors": list(self.vectors),
        }

    def _write_documents(self, writer: ArrayFileWriter) -> None:
        stored = ragged(self.stored)
        writer.add("stored", stored.items)
        writer.add("stored.ends", stored.ends)
        for number, lengths in enumerate(self.lengths.values()):
            array = np.zeros(len(self.stored), dtype=np.uint8)
            array[list(lengths)] = list(lengths.values())
            writer.add(f"lengths{number}", array)
        for number, name in enumerate(self.columns):
            writer.add_bytes(f"column{number}", self.column_files.files[name])
        for number, vectors in enumerate(self.vectors.values()):
            self._write_vectors(writer, f"vector{number}", vectors)

    def _write_vectors(
        self, writer: ArrayFileWriter, prefix: str, vectors: dict[int, Vector]
    ) -> None:
        rows = [vectors.get(number, []) for number in range(len(self.stored))]
        items = [item for row in rows for item in row]
        ends = np.cumsum([len(row) for row in rows], dtype=np.int64)
        words, values = ragged([word for word, _, _ in items]), ragged([v for _, _, v in items])
        writer.add(f"{prefix}.ends", narrow(ends))
        writer.add(f"{prefix}.words", words.items)
        writer.add(f"{prefix}.words.ends", words.ends)
        writer.add(f"{prefix}.values", values.items)
        writer.add(f"{prefix}.values.ends", values.ends)
        writer.add(f"{prefix}.weights", np.array([w for _, w, _ in items], dtype=np.float32))


class DocumentWriter(base.PerDocWriterWithColumns):  # type: ignore[misc]
    """What Whoosh says of one document after the other goes into the draft."""

    def __init__(self, draft: SegmentDraft) -> None:
        super().__init__()
        self._draft = draft
        self._values: dict[str, Any] = {}
        self.is_closed = False

    def start_doc(self, number: int) -> None:
        self._docnum = number
        self._values = {}

    def add_field(self, name: str, kind: FieldType, value: Any, length: int) -> None:
        if value is not None:
            self._values[name] = value
        if length:
            self._draft.lengths[name][self._docnum] = length_to_byte(length)
            self._draft.totals[name] += length

    def add_vector_items(
        self, name: str, kind: FieldType, items: Iterable[tuple[Any, float, bytes]]
    ) -> None:
        rows = [
            (word if isinstance(word, bytes) else word.encode(), weight, value or b"")
            for word, weight, value in items
        ]
        if rows:
            self._draft.vectors[name][self._docnum] = rows

    def finish_doc(self) -> None:
        self._draft.stored.append(pack(self._values))

    def cancel_doc(self) -> None:
        """Whoosh calls this when a value of the document was refused; its number is used again."""
        for lengths in self._draft.lengths.values():
            lengths.pop(self._docnum, None)

    def close(self) -> None:
        self._draft.finish_columns()
        self.is_closed = True

    def _has_column(self, name: str) -> bool:
        return name in self._draft.columns

    def _create_column(self, name: str, column: Column) -> None:
        self._draft.columns[name] = column.writer(self._draft.column_files.create_file(name))

    def _get_column(self, name: str) -> ColumnWriter:
        return self._draft.columns[name]


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
        self._starts = array("Q")
        self._docs = array("I")
        self._weights = array("f")
        self._positions = array("I")
        self._position_ends = array("Q")
        self._values: list[bytes] = []
        self._format = kind.format if kind else None
        self._has_positions = type(self._format) is Positions

    def start_field(self, name: str, kind: FieldType) -> None:
        self._name = name
        self._start(kind)

    def start_term(self, text: bytes) -> None:
        self._terms.append(text)
        self._starts.append(len(self._docs))

    def add(self, number: int, weight: float, value: bytes, length: int | None) -> None:
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
            terms=self._terms,
            starts=_numbers(self._starts),
            docs=_numbers(self._docs),
            weights=narrow_weights(_numbers(self._weights)),
            positions=positions if self._has_positions else None,
            values=ragged(self._values) if any(self._values) else None,
        )
        self._start(None)

    def close(self) -> None:
        if self._draft.stored:
            with self._storage.create_file(self._file_name) as stream:
                stream.write(self._draft.to_bytes())
        self.is_closed = True


def _numbers(values: array[Any]) -> Array:
    """An array of Python's as one of NumPy's, over the same memory."""
    return np.frombuffer(values, dtype=values.typecode) if values else np.zeros(0, np.uint32)
