"""Several segments become one: arrays are put together, nothing is analysed again.

Deleted documents are left out and the others renumbered. Each field is merged range of terms by
range of terms, so that the memory this takes is that of one range and of the largest encoded field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from searchidx.columnar.columns import (
    ByteValues,
    Column,
    NumberValues,
    TextValues,
    joined_texts,
)
from searchidx.columnar.found import Mask
from searchidx.columnar.layout import Array, ArrayFileWriter
from searchidx.columnar.packed import (
    Numbers,
    differences,
    joined_packed,
    picked_runs,
    run_places,
)
from searchidx.columnar.postings import COPIED, Encoded, FieldPostings, FieldTerms
from searchidx.columnar.runs import Ragged, byte_order, ragged
from searchidx.columnar.runs import joined as joined_runs
from searchidx.columnar.segment import (
    FieldLengths,
    SegmentArrays,
    SegmentData,
    finish_segment,
    write_documents,
    write_field,
)
from searchidx.columnar.stored import joined

RANGE_POSTINGS = 400_000
"""Postings that are decoded at a time."""

RATIO = 3
"""A segment that is larger than so many times the smaller ones together is left alone."""

MOST_DELETED = 0.3
"""A segment with a greater share of deleted documents is written again without them."""


@dataclass(frozen=True, slots=True)
class Source:
    """A segment to be merged; `alive` is None when no document is deleted."""

    arrays: SegmentArrays
    alive: Mask | None = None

    def docs(self) -> Numbers | None:
        """The documents that are kept; None for all."""
        return None if self.alive is None else np.flatnonzero(self.alive)

    def count(self) -> int:
        """How many documents are kept."""
        return self.arrays.documents if self.alive is None else int(np.count_nonzero(self.alive))


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
        self._moves = _moves(sources)
        self.fields = _union([source.arrays.field_names() for source in sources])
        """The fields, in the order of their numbers."""

    def field_bytes(self, name: str) -> int:
        """About how large a field is."""
        held = (source.arrays.field(name) for source in self._sources)
        return sum(terms.size_bytes() for terms in held if terms is not None)

    def write_field(self, writer: ArrayFileWriter, name: str) -> MergedField:
        """Merge the postings of a field."""
        ranges = _Total(_merged(name, self._sources, self._moves))
        unit = write_field(writer, self.fields.index(name), ranges, self._folder)
        total = ranges.weight if ranges.has_seen_all else _known_total(name, self._sources)
        return MergedField(unit, total)

    def write_documents(self, writer: ArrayFileWriter) -> SegmentData:
        """Merge all that is kept by document; the totals of lengths are still to come."""
        sources = self._sources
        data = SegmentData(
            sum(source.count() for source in sources),
            joined(source.arrays.stored.kept(source.docs()) for source in sources),
            stored_columns=sources[0].arrays.stored_columns,
        )
        for name in _union([list(source.arrays.column_kinds) for source in sources]):
            data.columns[name] = _column(name, sources)
        with_lengths = set(_union([source.arrays.length_names() for source in sources]))
        for name in filter(with_lengths.__contains__, self.fields):
            data.lengths[name] = FieldLengths(_lengths(name, sources), 0.0)
        write_documents(writer, data)
        return data

    def finish(
        self, writer: ArrayFileWriter, data: SegmentData, fields: Mapping[str, MergedField]
    ) -> None:
        """Write what is to be known of the fields, and the end of the file."""
        for name, lengths in data.lengths.items():
            data.lengths[name] = lengths._replace(total=fields[name].total)
        finish_segment(writer, data, {name: fields[name].unit for name in self.fields})


def merge(stream: BinaryIO, sources: Sequence[Source], folder: Path | None = None) -> None:
    """Write one segment file that holds what several hold (see Merger)."""
    merger = Merger(sources, folder)
    writer = ArrayFileWriter(stream)
    fields = {name: merger.write_field(writer, name) for name in merger.fields}
    merger.finish(writer, merger.write_documents(writer), fields)


def _union(names: Sequence[Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(name for part in names for name in part))


class _Total:
    """Adds up the weights of the postings that pass by: the exact length of a field."""

    def __init__(self, ranges: Iterator[FieldPostings | Encoded]) -> None:
        self._ranges = ranges
        self._by_unit: dict[float, float] = {}
        self.has_seen_all = True

    @property
    def weight(self) -> float:
        return sum(weight * unit for unit, weight in self._by_unit.items())

    def __iter__(self) -> Iterator[FieldPostings | Encoded]:
        for postings in self._ranges:
            if isinstance(postings, Encoded):
                self.has_seen_all = False
            else:
                weight = float(postings.weights.sum(dtype=np.float64))
                self._by_unit[postings.unit] = self._by_unit.get(postings.unit, 0.0) + weight
            yield postings


def _known_total(name: str, sources: Sequence[Source]) -> float:
    """The length of a field of which all postings are kept, all in one unit."""
    fields = [source.arrays.field(name) for source in sources]
    unit = next(terms.unit for terms in fields if terms is not None)
    return sum(round(source.arrays.total_length(name) / unit) for source in sources) * unit


def _moves(sources: Sequence[Source]) -> list[Numbers]:
    """For each segment the new number of each document; -1 for those that are left out."""
    moves = []
    base = 0
    for source in sources:
        move = np.arange(base, base + source.arrays.documents)
        if source.alive is not None:
            move = np.where(source.alive, base + source.alive.cumsum() - 1, -1)
        moves.append(move)
        base += source.count()
    return moves


def _lengths(name: str, sources: Sequence[Source]) -> Array:
    parts = []
    for source in sources:
        lengths = source.arrays.lengths(name)
        if lengths is None:
            lengths = np.zeros(source.arrays.documents, dtype=np.uint8)
        parts.append(lengths if source.alive is None else lengths[source.alive])
    return np.concatenate(parts)


# -- postings


def _merged(
    name: str, sources: Sequence[Source], moves: Sequence[Numbers]
) -> Iterator[FieldPostings | Encoded]:
    """One field of all segments, range of terms by range of terms."""
    held = [(source.arrays.field(name), move) for source, move in zip(sources, moves, strict=True)]
    fields = [(terms, move) for terms, move in held if terms is not None]
    if not fields:
        return
    largest = max((terms for terms, _ in fields), key=FieldTerms.posting_count)
    is_whole = all(source.alive is None for source in sources)
    can_copy = is_whole and _are_alike([terms for terms, _ in fields])
    firsts = [0] * len(fields)
    for _, last in largest.ranges(RANGE_POSTINGS // len(fields)):
        bound = largest.term(last) if last < len(largest) else None
        lasts = [len(t) if bound is None else t.first_from(bound) for t, _ in fields]
        held_here = [
            (terms, move, first, end)
            for (terms, move), first, end in zip(fields, firsts, lasts, strict=True)
            if end > first
        ]
        if can_copy:
            yield _copied(held_here)
        else:
            yield _joined([_moved(t.range(first, end), move) for t, move, first, end in held_here])
        firsts = lasts


def _are_alike(fields: Sequence[FieldTerms]) -> bool:
    """Whether the postings of several segments can be put together as they are written."""
    return (
        all(terms.can_be_copied() for terms in fields)
        and len({(terms.unit, terms.has("positions")) for terms in fields}) == 1
        and len({terms.has("positions.counts") for terms in fields}) == 1
    )


def _copied(held: Sequence[tuple[FieldTerms, Numbers, int, int]]) -> Encoded:
    """A range of terms of several segments; of the postings only the documents are decoded."""
    parts, docs = [], []
    for terms, move, first, last in held:
        part, old = terms.copied(first, last)
        parts.append(part)
        docs.append(move[old])
    texts = joined_runs(part.terms() for part in parts)
    runs, is_new = byte_order(texts)
    heads = np.flatnonzero(is_new)
    sizes = np.concatenate([differences(part.bounds["starts"]) for part in parts])
    bounds = np.concatenate([[0], sizes[runs].cumsum()])
    starts = bounds[np.append(heads, len(runs))]
    joined = Encoded.of(texts.picked(runs[heads]), starts, parts[0].unit)
    firsts = (sizes.cumsum() - sizes)[runs]
    joined.add_docs(picked_runs(np.concatenate(docs), firsts, sizes[runs]))
    for name in COPIED:
        if not any(name in part.arrays for part in parts):
            continue
        for part in parts:
            part.fill(name)
        counts = np.concatenate([part.run_sizes(name) for part in parts])
        packed = joined_packed([part.packed(name) for part in parts], counts, runs, heads)
        joined.add(name, packed)
    return joined


def _moved(field: FieldPostings, move: Numbers) -> FieldPostings:
    """The postings with the documents renumbered, without those that are left out."""
    docs = move[field.docs]
    keep = docs >= 0
    if keep.all():
        return field._replace(docs=docs)
    kept = np.flatnonzero(keep)
    starts = np.concatenate([[0], keep.cumsum()])[field.starts]
    return FieldPostings(
        field.terms,
        starts,
        docs[kept],
        field.weights[kept],
        field.unit,
        field.positions and field.positions.picked(kept),
        field.values and field.values.picked(kept),
    )


def _joined(parts: Sequence[FieldPostings]) -> FieldPostings:
    """Postings of several segments, of which the documents ascend from one to the next, as one.

    The postings of a term in one segment are a run; the runs are put in the order of the terms, and
    of the segments.
    """
    terms = joined_runs(part.terms for part in parts)
    runs, is_new = byte_order(terms)
    sizes = np.concatenate([differences(part.starts) for part in parts])
    places = run_places((sizes.cumsum() - sizes)[runs], sizes[runs])
    heads = np.flatnonzero(is_new)
    held = np.add.reduceat(sizes[runs], heads) if len(heads) else sizes
    used = held > 0
    weights, unit = _weights(parts)
    return FieldPostings(
        terms.picked(runs[heads[used]]),
        np.concatenate([[0], held[used].cumsum()]),
        np.concatenate([part.docs for part in parts])[places],
        weights[places],
        unit,
        _all_runs([part.positions for part in parts], places),
        _all_runs([part.values for part in parts], places),
    )


def _weights(parts: Sequence[FieldPostings]) -> tuple[Array, float]:
    unit = parts[0].unit
    if all(part.unit == unit and part.weights.dtype != np.float32 for part in parts):
        return np.concatenate([part.weights for part in parts]), unit
    floats = [part.weights.astype(np.float32) * np.float32(part.unit) for part in parts]
    return np.concatenate(floats), 1.0


def _all_runs(parts: Sequence[Ragged | None], order: Numbers) -> Ragged | None:
    held = [part for part in parts if part is not None]
    if len(held) < len(parts):
        return None
    return joined_runs(held).picked(order)


# -- columns


def _column(name: str, sources: Sequence[Source]) -> Column:
    """A column of all segments, one segment behind the other."""
    parts = [_kept(name, source) for source in sources]
    first = next(part for part in parts if part is not None)
    counts = [source.count() for source in sources]
    if isinstance(first, ByteValues):
        rows = [
            part.rows if isinstance(part, ByteValues) else ragged([b""] * count)
            for part, count in zip(parts, counts, strict=True)
        ]
        return ByteValues(joined_runs(rows))
    if isinstance(first, TextValues):
        return joined_texts([p if isinstance(p, TextValues) else None for p in parts], counts)
    if isinstance(first, NumberValues):
        return _numbers([p if isinstance(p, NumberValues) else None for p in parts], counts, first)
    raise TypeError(f"{name}: a column that Whoosh wrote cannot be merged here")


def _kept(name: str, source: Source) -> Column | None:
    """The column of one segment, without the documents that are left out."""
    if name not in source.arrays.column_kinds:
        return None
    column, docs = source.arrays.column_data(name), source.docs()
    if docs is None:
        return column
    if isinstance(column, ByteValues):
        return ByteValues(column.rows.picked(docs))
    if isinstance(column, TextValues):
        return TextValues(column.ordinals[docs], column.texts)
    if isinstance(column, NumberValues):
        has = column.has[docs] if column.has is not None else None
        return NumberValues(column.values[docs], has, column.is_complete)
    return column


def _numbers(
    parts: Sequence[NumberValues | None], counts: Sequence[int], like: NumberValues
) -> NumberValues:
    values, has = [], []
    for part, count in zip(parts, counts, strict=True):
        if part is None:
            values.append(np.zeros(count, dtype=like.values.dtype))
            has.append(np.zeros(count, dtype=np.bool_))
        else:
            values.append(part.values)
            has.append(np.ones(count, dtype=np.bool_) if part.has is None else part.has)
    present = np.concatenate(has)
    is_complete = all(part is None or part.is_complete for part in parts)
    return NumberValues(np.concatenate(values), None if present.all() else present, is_complete)
