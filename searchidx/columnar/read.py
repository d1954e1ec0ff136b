"""Whoosh's reader interface over the arrays of a segment."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whoosh.codec import base
from whoosh.columns import Column, ColumnReader
from whoosh.fields import FieldType
from whoosh.filedb.filestore import FileStorage, Storage
from whoosh.filedb.structfile import BufferFile
from whoosh.formats import Format
from whoosh.matching import ListMatcher, Matcher
from whoosh.reading import IndexReader, TermInfo, TermNotFound
from whoosh.scoring import BaseScorer
from whoosh.util.numeric import byte_to_length

from searchidx.columnar.columns import ByteColumn, NumberColumn, TextColumn
from searchidx.columnar.layout import ArrayFile
from searchidx.columnar.postings import FieldTerms
from searchidx.columnar.runs import Ragged
from searchidx.columnar.segment import SegmentArrays

if TYPE_CHECKING:
    from searchidx.columnar.codec import ColumnarSegment


def open_arrays(storage: Storage, name: str) -> SegmentArrays:
    """The segment file of that name: mapped when it is on disk, else from memory."""
    if isinstance(storage, FileStorage):
        return SegmentArrays(ArrayFile.open(Path(storage.folder) / name))
    with storage.open_file(name) as stream:
        return SegmentArrays(ArrayFile(bytes(stream.read())))


def arrays_of(reader: IndexReader) -> SegmentArrays | None:
    """The arrays behind a segment's reader; None if another codec wrote the segment."""
    terms = getattr(reader, "_terms", None)
    return terms.arrays if isinstance(terms, TermsReader) else None


class PostingsMatcher(ListMatcher):  # type: ignore[misc]
    """Whoosh's matcher over the postings of one term; what the format says is encoded on demand."""

    def __init__(
        self,
        terms: FieldTerms,
        number: int,
        format_: Format,
        scorer: BaseScorer | None,
        term: tuple[str, bytes],
        info: TermInfo,
    ) -> None:
        ids, weights = terms.docs(number).tolist(), terms.weights(number).tolist()
        self._i: int
        self._values: list[bytes] | None
        super().__init__(ids, weights, None, format_, scorer, term=term, terminfo=info)
        self._terms = terms
        self._number = number
        self._positions: Ragged | None = None

    def copy(self) -> PostingsMatcher:
        other = PostingsMatcher.__new__(PostingsMatcher)
        other.__dict__.update(self.__dict__)
        return other

    def skip_to(self, number: int) -> None:
        self._i = bisect_left(self._ids, number, self._i)

    def block_max_weight(self) -> float:
        return float(self._terminfo.max_weight())

    def skip_to_quality(self, quality: float) -> int:
        """All postings are one block: it is passed over as a whole, or not at all."""
        if self.is_active() and self.block_quality() <= quality:
            self._i = len(self._ids)
        return 0

    def value(self) -> Any:
        if self._terms.has("positions"):
            return self._format.encode(self._at())
        if self._values is None:
            self._values = self._terms.values(self._number) if self._terms.has("values") else []
        return self._values[self._i] if self._values else b""

    def value_as(self, kind: str) -> Any:
        if kind == "positions" and self._terms.has("positions"):
            return self._at()
        return super().value_as(kind)

    def _at(self) -> list[int]:
        if self._positions is None:
            self._positions = self._terms.positions(self._number)
        positions: list[int] = self._positions.run(self._i).tolist()
        return positions


class TermsReader(base.TermsReader):  # type: ignore[misc]
    """The terms of every field of a segment."""

    def __init__(self, arrays: SegmentArrays) -> None:
        self.arrays = arrays

    def field(self, name: str) -> FieldTerms | None:
        """The terms of a field; None if the segment has none of it."""
        return self.arrays.field(name)

    def _find(self, name: str, text: bytes) -> tuple[FieldTerms, int]:
        terms = self.field(name)
        number = terms.find(text) if terms is not None else None
        if terms is None or number is None:
            raise KeyError(f"{name}:{text!r}")  # as Whoosh's readers expect
        return terms, number

    def __contains__(self, term: tuple[str, bytes]) -> bool:
        terms = self.field(term[0])
        return terms is not None and terms.find(term[1]) is not None

    def cursor(self, name: str, kind: FieldType) -> TermCursor:
        return TermCursor(self, name, kind)

    def terms(self) -> Iterator[tuple[str, bytes]]:
        for name in sorted(self.arrays.field_names()):
            yield from self.terms_from(name, b"")

    def terms_from(self, name: str, prefix: bytes) -> Iterator[tuple[str, bytes]]:
        terms = self.field(name)
        if terms is None:
            return
        for number in range(terms.first_from(prefix), len(terms)):
            yield name, terms.term(number)

    def items(self) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        for name, text in self.terms():
            yield (name, text), self.term_info(name, text)

    def items_from(self, name: str, prefix: bytes) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        for _, text in self.terms_from(name, prefix):
            yield (name, text), self.term_info(name, text)

    def term_info(self, name: str, text: bytes) -> TermInfo:
        terms, number = self._find(name, text)
        docs, weights = terms.docs(number), terms.weights(number)
        lengths = self.arrays.lengths(name)
        held = lengths[docs] if lengths is not None else None
        return TermInfo(
            weight=float(weights.sum(dtype="f8")),
            df=len(docs),
            minlength=byte_to_length(int(held.min())) if held is not None else 0,
            maxlength=byte_to_length(int(held.max())) if held is not None else 0,
            maxweight=float(weights.max()),
            minid=int(docs[0]),
            maxid=int(docs[-1]),
        )

    def frequency(self, name: str, text: bytes) -> float:
        return float(self.term_info(name, text).weight())

    def doc_frequency(self, name: str, text: bytes) -> int:
        terms = self.field(name)
        number = terms.find(text) if terms is not None else None
        return 0 if terms is None or number is None else terms.document_frequency(number)

    def matcher(
        self, name: str, text: bytes, format_: Format, scorer: BaseScorer | None = None
    ) -> Matcher:
        try:
            terms, number = self._find(name, text)
        except KeyError as error:
            raise TermNotFound(f"{name}:{text!r}") from error
        info = self.term_info(name, text)
        return PostingsMatcher(terms, number, format_, scorer, (name, text), info)

    def indexed_field_names(self) -> list[str]:
        return self.arrays.field_names()

    def close(self) -> None:
        pass


class TermCursor(base.FieldCursor):  # type: ignore[misc]
    """A place among the terms of a field, as decoded texts."""

    def __init__(self, reader: TermsReader, name: str, kind: FieldType) -> None:
        self._terms = reader.field(name)
        self._reader = reader
        self._name = name
        self._kind = kind
        self._number = 0

    def first(self) -> Any:
        self._number = 0
        return self.text()

    def find(self, text: Any) -> Any:
        wanted = text if isinstance(text, bytes) else self._kind.to_bytes(text)
        self._number = self._terms.first_from(wanted) if self._terms is not None else 0
        return self.text()

    def next(self) -> Any:
        self._number += 1
        return self.text()

    def text(self) -> Any:
        if not self.is_valid():
            return None
        assert self._terms is not None
        return self._kind.from_bytes(self._terms.term(self._number))

    def term_info(self) -> TermInfo | None:
        if not self.is_valid():
            return None
        assert self._terms is not None
        return self._reader.term_info(self._name, self._terms.term(self._number))

    def is_valid(self) -> bool:
        return self._terms is not None and self._number < len(self._terms)


class ArrayColumnReader(ColumnReader):  # type: ignore[misc]
    """Whoosh's column reader over one of the columns above."""

    def __init__(
        self, column: NumberColumn | TextColumn | ByteColumn, documents: int, default: Any
    ) -> None:
        self._column = column
        self._documents = documents
        self._default = default
        self._is_reverse = False

    def __len__(self) -> int:
        return self._documents

    def __getitem__(self, number: int) -> Any:
        column = self._column
        if isinstance(column, NumberColumn):
            if column.has is not None and not column.has[number]:
                return self._default
            return column.values[number].item()
        if isinstance(column, TextColumn):
            ordinal = int(column.ordinals[number])
            return column.text(ordinal) if ordinal else self._default
        return column[number]

    def __iter__(self) -> Iterator[Any]:
        return (self[number] for number in range(self._documents))

    def sort_key(self, number: int) -> Any:
        return 0 - self[number] if self._is_reverse else self[number]

    def load(self) -> list[Any]:
        return list(self)

    def set_reverse(self) -> None:
        self._is_reverse = True


class DocumentReader(base.PerDocumentReader):  # type: ignore[misc]
    """The documents of a segment: stored values, field lengths, columns and vectors."""

    def __init__(self, arrays: SegmentArrays, segment: ColumnarSegment) -> None:
        self.arrays = arrays
        self._segment = segment

    def close(self) -> None:
        pass

    def doc_count(self) -> int:
        return self.arrays.documents - self._segment.deleted_count()

    def doc_count_all(self) -> int:
        return self.arrays.documents

    def has_deletions(self) -> bool:
        return bool(self._segment.has_deletions())

    def is_deleted(self, number: int) -> bool:
        return self._segment.is_deleted(number)

    def deleted_docs(self) -> Iterator[int]:
        return self._segment.deleted_docs()

    # -- columns

    def supports_columns(self) -> bool:
        return True

    def has_column(self, name: str) -> bool:
        return name in self.arrays.column_kinds

    def column_reader(self, name: str, column: Column) -> ColumnReader:
        arrays, count = self.arrays, self.arrays.documents
        found = arrays.column(name)
        if found is not None:
            return ArrayColumnReader(found, count, column.default_value())
        data = arrays.whoosh_column(name)
        return column.reader(BufferFile(memoryview(data)), 0, len(data), count)

    # -- lengths

    def doc_field_length(self, number: int, name: str, default: int = 0) -> int | None:
        lengths = self.arrays.lengths(name)
        if lengths is None:
            return default
        byte = int(lengths[number])
        return int(byte_to_length(byte)) if byte else None

    def field_length(self, name: str) -> int:
        return int(self.arrays.total_length(name))

    def min_field_length(self, name: str) -> int:
        lengths = self.arrays.lengths(name)
        return 0 if lengths is None else int(byte_to_length(int(lengths.min())))

    def max_field_length(self, name: str) -> int:
        lengths = self.arrays.lengths(name)
        return 0 if lengths is None else int(byte_to_length(int(lengths.max())))

    # -- vectors and stored values

    def has_vector(self, number: int, name: str) -> bool:
        return bool(self.arrays.vector(name, number))

    def vector(self, number: int, name: str, format_: Format) -> Matcher:
        items = self.arrays.vector(name, number)
        words = [word.decode() for word, _, _ in items]
        return ListMatcher(words, [w for _, w, _ in items], [v for _, _, v in items], format_)

    def stored_fields(self, number: int) -> dict[str, Any]:
        return self.arrays.stored_values(number, trusted=True)
