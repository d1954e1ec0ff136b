"""Words near each other: occurrences, as one number each, met by binary search.

Document `d` and position `p` make the number `d × 2³² + p`, so that the occurrences of a term are
one ascending array, and "one position further" is adding 1. Only occurrences in documents that hold
every word are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce

import numpy as np

from searchidx.columnar.found import DocSet
from searchidx.columnar.packed import Numbers
from searchidx.columnar.postings import FieldTerms

POSITION_BITS = 32

Run = tuple[FieldTerms, int]
"""A field with positions, and the number of a term in it."""


def phrase_docs(words: Sequence[Run], size: int) -> Numbers:
    """The documents in which the words stand one behind the other."""
    met: Numbers | None = None
    for step, own in enumerate(_occurrences(words, size)):
        first = own - step
        if met is None:
            met = first
            continue
        few, many = (met, first) if len(met) < len(first) else (first, met)
        places = many.searchsorted(few)
        places[places == len(many)] = 0
        met = few[many[places] == few] if len(many) else many
    assert met is not None
    return np.unique(met >> POSITION_BITS)


def near_docs(words: Sequence[Run], slop: int, size: int) -> Numbers:
    """The documents in which each word stands 1 to `slop` positions behind the one before."""
    reached: Numbers | None = None
    for own in _occurrences(words, size):
        if reached is not None:
            before = reached.searchsorted(own)
            own = own[before > reached.searchsorted(own - slop)]
        reached = own
    assert reached is not None
    return np.unique(reached >> POSITION_BITS)


def _occurrences(words: Sequence[Run], size: int) -> Iterator[Numbers]:
    """The occurrences of each word in the documents that hold all of them."""
    sets = [DocSet(size, terms.docs(number)) for terms, number in words]
    common = reduce(DocSet.common, sorted(sets, key=len)).docs
    for (terms, number), own in zip(words, sets, strict=True):
        docs, positions = terms.occurrences(number, own.docs, common)
        yield (docs << POSITION_BITS) + positions
