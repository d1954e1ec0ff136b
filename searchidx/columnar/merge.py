"""Several segments become one: arrays are put together, nothing is analysed again.

Deleted documents are left out and the others renumbered. Each field is merged range of terms by
range of terms (merged_fields.py), and what is kept by document some thousands of documents at a
time (merged_documents.py), so that the memory this takes is that of a range, and of one column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, NamedTuple

from searchidx.columnar.layout import ArrayFileWriter
from searchidx.columnar.merged_documents import MergedDocuments
from searchidx.columnar.merged_fields import Moves, TotalWeight, merged_field
from searchidx.columnar.segment import Contents, finish_segment, write_field
from searchidx.columnar.source import Source

RATIO = 3
"""A segment that is larger than so many times the smaller ones together is left alone."""

MOST_DELETED = 0.3
"""A segment with a greater share of deleted documents is written again without them."""


def plan(sizes: Sequence[int], deleted: Sequence[int]) -> list[list[int]]:
    """Which segments to merge with which, by their places; each list becomes one segment.

    `sizes` are all documents of a segment, `deleted` those of them that are deleted. From the
    smallest on, segments are put together as long as the next is not much larger than those before
    it together: what is left grows by that ratio from one to the next, so that there are few, and a
    document is written again only as often as that.
    """
    live = [size - gone for size, gone in zip(sizes, deleted, strict=True)]
    smallest_first = sorted(range(len(sizes)), key=lambda place: (live[place], place))
    groups = []
    group, together = smallest_first[:1], live[smallest_first[0]] if smallest_first else 0
    for place in smallest_first[1:]:
        if live[place] > RATIO * together:
            groups.append(group)
            group, together = [], 0
        group.append(place)
        together += live[place]
    groups.append(group)
    return [
        sorted(group)
        for group in groups
        if len(group) > 1 or any(deleted[place] > MOST_DELETED * sizes[place] for place in group)
    ]


class MergedField(NamedTuple):
    """What is known of a field once its postings are written: the unit of their weights, and the
    sum of its lengths, if it has some."""

    unit: float
    total: float


class Merger:
    """Writes one segment file that holds what several hold, in any order of its parts.

    With a `folder`, a large field waits there until it is written, and not in memory.
    """

    def __init__(self, sources: Sequence[Source], folder: Path | None = None) -> None:
        self._sources = sources
        self._folder = folder
        self._documents = MergedDocuments(sources)
        self.fields = list(
            dict.fromkeys(name for source in sources for name in source.arrays.field_names())
        )
        """The fields, in the order of their numbers."""

    @cached_property
    def _moves(self) -> Moves:
        return Moves(self._sources)

    def field_bytes(self, name: str) -> int:
        """About how large a field is."""
        held = (source.arrays.field(name) for source in self._sources)
        return sum(terms.size_bytes() for terms in held if terms is not None)

    def write_field(self, writer: ArrayFileWriter, name: str) -> MergedField:
        """Merge the postings of a field."""
        total = TotalWeight(merged_field(name, self._sources, self._moves))
        unit = write_field(writer, self.fields.index(name), total, self._folder)
        return MergedField(unit, total.of(name, self._sources))

    def write_documents(self, writer: ArrayFileWriter) -> None:
        """Merge all that is kept by document."""
        self._documents.write(writer)

    def finish(self, writer: ArrayFileWriter, fields: Mapping[str, MergedField]) -> None:
        """Write what is to be known of the fields, and the end of the file."""
        contents = Contents(
            self._documents.count,
            {name: fields[name].total for name in self._documents.lengths},
            self._documents.columns,
            self._sources[0].arrays.stored_columns,
        )
        finish_segment(writer, contents, {name: fields[name].unit for name in self.fields})


def merge(stream: BinaryIO, sources: Sequence[Source], folder: Path | None = None) -> None:
    """Write one segment file that holds what several hold (see Merger)."""
    merger = Merger(sources, folder)
    writer = ArrayFileWriter(stream)
    fields = {name: merger.write_field(writer, name) for name in merger.fields}
    merger.write_documents(writer)
    merger.finish(writer, fields)
