"""The postings of a field of several segments become those of one, range of terms by range.

Where no document is left out, postings are copied as they are written: of a term's documents only
the first in each segment becomes another number, counted from the last in the segment before. Else
they are decoded, renumbered, and written anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from searchidx.columnar.found import Mask
from searchidx.columnar.layout import Array
from searchidx.columnar.packed import (
    Numbers,
    differences,
    joined_packed,
    run_firsts,
    run_places,
    run_sums,
)
from searchidx.columnar.postings import COPIED, Encoded, FieldPostings, FieldTerms
from searchidx.columnar.ranges import common_ranges
from searchidx.columnar.runs import Ragged, byte_order
from searchidx.columnar.runs import joined as joined_runs
from searchidx.columnar.source import Source

if TYPE_CHECKING:
    import numpy.typing as npt


class Moves:
    """What numbers the documents of several segments have in the one that they become."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.bases: list[int] = []
        """The number of the first document of each segment."""
        self._moved: list[Array | None] = []
        base = 0
        for source in sources:
            self.bases.append(base)
            self._moved.append(None if source.alive is None else _moved_to(source, base))
            base += source.count()

    def of(self, place: int, docs: Array) -> Array:
        """The new numbers of documents of one segment; -1 for those that are left out."""
        moved = self._moved[place]
        return docs + self.bases[place] if moved is None else moved[docs]


def _moved_to(source: Source, base: int) -> npt.NDArray[np.int32]:
    assert source.alive is not None
    moved = source.alive.cumsum(dtype=np.int32)
    moved += base - 1
    moved[~source.alive] = -1
    return moved


class _Held:
    """The terms of the field in one of the segments, whose place among them is `place`."""

    def __init__(self, terms: FieldTerms, place: int, *, is_copied: bool) -> None:
        self.terms = terms
        self.place = place
        self._is_copied = is_copied

    def __len__(self) -> int:
        return len(self.terms)

    def term(self, number: int) -> bytes:
        return self.terms.term(number)

    def first_from(self, text: bytes) -> int:
        return self.terms.first_from(text)

    def burdens(self, first: int, last: int) -> Numbers:
        return self.terms.burdens(first, last, is_decoded=not self._is_copied)


_Here = tuple[_Held, int, int]
"""The terms of a segment from the first up to the second."""


def merged_field(
    name: str, sources: Sequence[Source], moves: Moves
) -> Iterator[FieldPostings | Encoded]:
    """One field of all segments, range of terms by range of terms."""
    found = [(place, source.arrays.field(name)) for place, source in enumerate(sources)]
    fields = [(place, terms) for place, terms in found if terms is not None]
    if not fields:
        return
    is_whole = all(source.alive is None for source in sources)
    is_copied = is_whole and _are_alike([terms for _, terms in fields])
    held = [_Held(terms, place, is_copied=is_copied) for place, terms in fields]
    for ends in common_ranges(held):
        here = [(one, *end) for one, end in zip(held, ends, strict=True) if end[0] < end[1]]
        if here:
            yield _copied(here, moves) if is_copied else _decoded(here, moves)
        for source in sources:
            source.arrays.file.let_go()


class TotalWeight:
    """Adds up the weights of the postings that pass by: the exact length of a field."""

    def __init__(self, ranges: Iterator[FieldPostings | Encoded]) -> None:
        self._ranges = ranges
        self._by_unit: dict[float, float] = {}
        self._has_seen_all = True

    def __iter__(self) -> Iterator[FieldPostings | Encoded]:
        for postings in self._ranges:
            if isinstance(postings, Encoded):
                self._has_seen_all = False
            else:
                weight = float(postings.weights.sum(dtype=np.float64))
                self._by_unit[postings.unit] = self._by_unit.get(postings.unit, 0.0) + weight
            yield postings

    def of(self, name: str, sources: Sequence[Source]) -> float:
        """The length of the field of that name in the segments, when all its postings are past."""
        if self._has_seen_all:
            return sum(weight * unit for unit, weight in self._by_unit.items())
        fields = [source.arrays.field(name) for source in sources]
        unit = next(terms.unit for terms in fields if terms is not None)
        return sum(round(source.arrays.total_length(name) / unit) for source in sources) * unit


def _are_alike(fields: Sequence[FieldTerms]) -> bool:
    """Whether the postings of several segments can be put together as they are written."""
    return (
        all(terms.can_be_copied() for terms in fields)
        and len({(terms.unit, terms.has("positions")) for terms in fields}) == 1
        and len({terms.has("positions.counts") for terms in fields}) == 1
    )


# -- copying


def _copied(held: Sequence[_Here], moves: Moves) -> Encoded:
    """A range of terms of several segments, of which nothing is decoded but where runs begin."""
    parts = [one.terms.copied(first, last) for one, first, last in held]
    texts = joined_runs(part.terms() for part in parts)
    runs, is_new = byte_order(texts)
    heads = np.flatnonzero(is_new)
    sizes = np.concatenate([differences(part.bounds["starts"]) for part in parts])
    bounds = np.concatenate([[0], sizes[runs].cumsum()])
    starts = bounds[np.append(heads, len(runs))]
    joined = Encoded.of(texts.picked(runs[heads]), starts, parts[0].unit)
    bases = [moves.bases[one.place] for one, _, _ in held]
    for name in COPIED:
        if any(name in part.arrays for part in parts):
            firsts = _first_gaps(parts, bases, runs, is_new) if name == "docs" else None
            counts = np.concatenate([part.run_sizes(name) for part in parts])
            packed = [part.packed(name) for part in parts]
            joined.add(name, joined_packed(packed, counts, runs, heads, firsts))
    return joined


def _first_gaps(
    parts: Sequence[Encoded], bases: Sequence[int], runs: Numbers, is_new: Mask
) -> Numbers:
    """The first gap of each run of documents, in the order `runs`, in which those of a term follow
    each other: from the last document of the run before, or, at the first of a term, from 0."""
    firsts, lasts = [], []
    for part, base in zip(parts, bases, strict=True):
        gaps, starts = part.packed("docs"), part.bounds["starts"]
        firsts.append(run_firsts(gaps, starts) + base)
        lasts.append(run_sums(gaps, starts) + base)
    gaps_from = np.roll(np.concatenate(lasts)[runs], 1)
    gaps_from[is_new] = 0
    found: Numbers = np.concatenate(firsts)[runs] - gaps_from
    return found


# -- decoding


def _decoded(held: Sequence[_Here], moves: Moves) -> FieldPostings:
    """A range of terms of several segments, decoded, without the documents that are left out."""
    parts = []
    for one, first, last in held:
        postings = one.terms.range(first, last)
        parts.append(_moved(postings, moves.of(one.place, postings.docs)))
    return _joined(parts)


def _moved(field: FieldPostings, docs: Array) -> FieldPostings:
    """The postings with these numbers of their documents, without those that have -1."""
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
