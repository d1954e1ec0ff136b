"""How many of the matching posts have each value: facets, and the terms of a field with counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from searchidx.columnar.found import DocSet, Mask
from searchidx.columnar.packed import Numbers
from searchidx.columnar.postings import FieldTerms
from searchidx.columnar.searching import Part

if TYPE_CHECKING:
    import numpy.typing as npt

MOST_VALUES = 10_000
"""Of a field with more values than this among the matches of an index of one segment, those with
the highest counts."""

DAY = 86_400_000_000
"""Microseconds, in which Whoosh counts dates, from the year 1 on."""

DAYS_BEFORE_1970 = 719_162
WIDEST_BINCOUNT = 1_000_000

Array: TypeAlias = "npt.NDArray[Any]"


@dataclass(frozen=True)
class _Flat:
    """The postings of a field in one segment: term `t` has `docs[starts[t]:starts[t + 1]]`.

    They are decoded when something is counted in them; listing terms needs their lengths only.
    """

    part: Part
    terms: FieldTerms

    @cached_property
    def docs(self) -> Numbers:
        return self.terms.docs_of(np.arange(len(self.terms)))

    @cached_property
    def starts(self) -> Numbers:
        return np.concatenate([[0], self.terms.frequencies().cumsum()])


class FieldCounts:
    """Counts over the terms of one field. It keeps the field's postings decoded, 8 bytes each."""

    def __init__(self, parts: Sequence[Part], field: str) -> None:
        fields = [(part, part.arrays.field(field)) for part in parts if part.arrays is not None]
        self._flats = [_Flat(part, terms) for part, terms in fields if terms is not None]

    def among(self, found: Sequence[DocSet]) -> list[tuple[str, int, int]]:
        """The terms that any of the documents has: the term, how many have it, and the number of a
        document that has it. `found` has the documents of each segment."""
        whole: dict[bytes, tuple[int, int]] = {}
        for flat in self._flats:
            mask = found[flat.part.number].mask
            counts = _counts(flat, mask)
            used = np.flatnonzero(counts)
            if len(used) > MOST_VALUES and len(self._flats) == 1:
                least = np.partition(counts, len(counts) - MOST_VALUES)[len(counts) - MOST_VALUES]
                used = np.flatnonzero(counts >= max(1, least))
            for number in used.tolist():
                term = flat.terms.term(number)
                example = _example(flat, number, mask) + flat.part.base
                before, first = whole.get(term, (0, example))
                whole[term] = (before + int(counts[number]), first)
        return [(term.decode(), count, first) for term, (count, first) in whole.items()]

    def terms(self, prefix: bytes) -> list[tuple[str, int]]:
        """The terms that start with a prefix, and how many documents hold each, in byte order."""
        whole: dict[bytes, int] = {}
        for flat in self._flats:
            first, last = flat.terms.prefix_range(prefix)
            counts = flat.terms.frequencies()
            if flat.part.alive is not None:
                counts = _counts(flat, flat.part.alive)
            for number in range(first, last):
                if counts[number]:
                    term = flat.terms.term(number)
                    whole[term] = whole.get(term, 0) + int(counts[number])
        return [(term.decode(), whole[term]) for term in sorted(whole)]


def _example(flat: _Flat, number: int, mask: Mask) -> int:
    """A document of the mask that holds a term; any that holds it when none is deleted."""
    start, end = int(flat.starts[number]), int(flat.starts[number + 1])
    at = 0 if flat.part.alive is None else int(mask[flat.docs[start:end]].argmax())
    return int(flat.docs[start + at])


def _counts(flat: _Flat, mask: Mask) -> Numbers:
    """How many documents of the mask hold each term."""
    held = mask[flat.docs].view(np.uint8)
    return np.add.reduceat(held, flat.starts[:-1], dtype=np.int64)


def numbers_among(parts: Sequence[Part], column: str, found: Sequence[DocSet]) -> Array:
    """The numbers that the documents have in a column, in no order."""
    chosen = []
    for part in parts:
        numbers = part.arrays.numbers(column) if part.arrays is not None else None
        if numbers is not None:
            docs = found[part.number].docs
            present = numbers.present(docs)
            chosen.append(numbers.values[docs if present is None else docs[present]])
    return np.concatenate(chosen) if chosen else np.zeros(0, dtype=np.int64)


def counted(values: Array) -> list[tuple[int, int]]:
    """Each distinct number with how often it occurs, ascending."""
    if len(values) and values.dtype == np.int64:
        least = int(values.min())
        if int(values.max()) - least < WIDEST_BINCOUNT:
            counts = np.bincount(values - least)
            used = np.flatnonzero(counts)
            return list(zip((used + least).tolist(), counts[used].tolist(), strict=True))
    distinct, counts = np.unique(values, return_counts=True)
    return list(zip(distinct.tolist(), counts.tolist(), strict=True))


def calendar_counts(dates: Array, unit: str) -> list[tuple[str, int]]:
    """Microseconds since the year 1, counted by day (`D`), month (`M`) or year (`Y`), ascending.

    The periods are written `2020-05-18`, `2020-05`, `2020`.
    """
    days = (dates // DAY - DAYS_BEFORE_1970).astype("datetime64[D]")
    rows = counted(days.astype(f"datetime64[{unit}]").astype(np.int64))
    names = np.array([at for at, _ in rows], dtype=f"datetime64[{unit}]").astype(str).tolist()
    return list(zip(names, (count for _, count in rows), strict=True))
