"""ColumnarCodec: Whoosh's codec interface over the arrays of a segment file.

Whoosh's own writers, readers and merges work through it as they do through the default codec. A
segment is one file, written when its terms are; until then its documents are kept in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from whoosh.codec import base
from whoosh.fields import Schema
from whoosh.filedb.filestore import RamStorage, Storage
from whoosh.reading import EmptyReader, MultiReader, SegmentReader
from whoosh.scoring import WeightingModel
from whoosh.searching import Searcher

from searchidx.columnar.layout import ArrayFile
from searchidx.columnar.read import DocumentReader, TermsReader, open_arrays
from searchidx.columnar.segment import EXTENSION, SegmentArrays
from searchidx.columnar.write import DocumentWriter, SegmentDraft, TermsWriter


class ColumnarSegment(base.Segment):  # type: ignore[misc]
    """A segment kept as arrays. What it keeps of itself is pickled into the table of contents."""

    def __init__(self, indexname: str) -> None:
        super().__init__(indexname)
        self._documents = 0
        self._deleted: set[int] = set()
        self.draft: SegmentDraft | None = SegmentDraft()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "draft": None}

    @classmethod
    def of(cls, name: str, documents: int, deleted: Iterable[int]) -> ColumnarSegment:
        """A segment that is written already; `name` is that of its file without the ending."""
        indexname, _, segid = name.partition("_")
        segment = cls(indexname)
        segment.segid = segid
        segment.draft = None
        segment._documents = documents
        segment._deleted = set(deleted)
        return segment

    def codec(self) -> ColumnarCodec:
        return ColumnarCodec()

    @property
    def file_name(self) -> str:
        return str(self.make_filename(EXTENSION))

    def set_doc_count(self, count: int) -> None:
        self._documents = count

    def doc_count_all(self) -> int:
        return self._documents

    def deleted_count(self) -> int:
        return len(self._deleted)

    def deleted_docs(self) -> Iterator[int]:
        return iter(sorted(self._deleted))

    def delete_document(self, number: int, delete: bool = True) -> None:
        if delete:
            self._deleted.add(number)
        else:
            self._deleted.discard(number)

    def is_deleted(self, number: int) -> bool:
        return number in self._deleted

    def should_assemble(self) -> bool:
        return False


class ColumnarCodec(base.Codec):  # type: ignore[misc]
    """Pass it to Whoosh as `index.writer(codec=ColumnarCodec())`; reading needs no word of it."""

    length_stats = False

    def new_segment(self, storage: Storage, indexname: str) -> ColumnarSegment:
        return ColumnarSegment(indexname)

    def per_document_writer(self, storage: Storage, segment: ColumnarSegment) -> DocumentWriter:
        return DocumentWriter(_draft(segment))

    def field_writer(self, storage: Storage, segment: ColumnarSegment) -> TermsWriter:
        return TermsWriter(storage, segment.file_name, _draft(segment))

    def per_document_reader(self, storage: Storage, segment: ColumnarSegment) -> DocumentReader:
        return DocumentReader(_arrays(storage, segment), segment)

    def terms_reader(self, storage: Storage, segment: ColumnarSegment) -> TermsReader:
        return TermsReader(_arrays(storage, segment))


class _OpenCodec(ColumnarCodec):
    """Reads a segment whose arrays are open already."""

    def __init__(self, arrays: SegmentArrays) -> None:
        self._open = arrays

    def per_document_reader(self, storage: Storage, segment: ColumnarSegment) -> DocumentReader:
        return DocumentReader(self._open, segment)

    def terms_reader(self, storage: Storage, segment: ColumnarSegment) -> TermsReader:
        return TermsReader(self._open)


def open_searcher(
    schema: Schema,
    segments: Sequence[tuple[ColumnarSegment, SegmentArrays]],
    weighting: WeightingModel,
) -> Searcher:
    """A searcher of Whoosh over segments that are open already; no file is touched for it."""
    storage = RamStorage()
    readers = [
        SegmentReader(storage, schema, segment, codec=_OpenCodec(arrays))
        for segment, arrays in segments
    ]
    if len(readers) == 1:
        return Searcher(readers[0], weighting=weighting)
    reader = MultiReader(readers) if readers else EmptyReader(schema)
    return Searcher(reader, weighting=weighting)


def _arrays(storage: Storage, segment: ColumnarSegment) -> SegmentArrays:
    """The segment's file, or what it would be if it is not written yet.

    Of a segment without documents no file is ever written; a process of Whoosh's MpWriter that was
    given none leaves such a one.
    """
    is_written = segment.draft is None and segment.doc_count_all() > 0
    if is_written or storage.file_exists(segment.file_name):
        return open_arrays(storage, segment.file_name)
    return SegmentArrays(ArrayFile((segment.draft or SegmentDraft()).to_bytes()))


def _draft(segment: ColumnarSegment) -> SegmentDraft:
    if segment.draft is None:
        raise ValueError(f"{segment!r} is written already")
    return segment.draft
