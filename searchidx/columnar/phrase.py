"""Words near each other: occurrences, as one number each, met by binary search.

Document `d` and position `p` make the number `d × 2³² + p`, so that the occurrences of a term are
one ascending array, and "one position further" is adding 1. Only occurrences in documents that hold
every word are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce

from searchidx.columnar.decoded import Postings
from searchidx.columnar.found import DocSet, places_among
from searchidx.columnar.packed import Numbers, changes

POSITION_BITS = 32


def phrase_docs(words: Sequence[Postings], slop: int) -> Numbers:
    """The documents in which each word stands 1 to `slop` positions behind the one before."""
    reached: Numbers | None = None
    for own in _occurrences(words):
        reached = own if reached is None else _behind(own, reached, slop)
    assert reached is not None
    docs = reached >> POSITION_BITS
    kept: Numbers = docs[changes(docs)]
    return kept


def standing_in(words: Sequence[Postings], slop: int, docs: Numbers) -> Numbers:
    """Where those of a few documents (ascending) stand that `phrase_docs` would give."""
    common = docs
    held: list[Numbers] = []
    for word in words:
        places, has = places_among(common, word.docs)
        common = common[has]
        if not len(common):
            return common
        held = [before[has] for before in held] + [places[has]]
    reached: Numbers | None = None
    for word, places in zip(words, held, strict=True):
        own_docs, positions = word.occurrences(places)
        own = (own_docs << POSITION_BITS) + positions
        reached = own if reached is None else _behind(own, reached, slop)
    assert reached is not None
    return docs.searchsorted(reached >> POSITION_BITS)


def _behind(own: Numbers, before: Numbers, slop: int) -> Numbers:
    """Those of a word's occurrences that stand 1 to `slop` positions behind one of `before`."""
    if slop == 1:
        return _one_behind(own, before)
    places = before.searchsorted(own)
    kept: Numbers = own[places > before.searchsorted(own - slop)]
    return kept


def _one_behind(own: Numbers, before: Numbers) -> Numbers:
    """Those of a word's occurrences that stand one position behind one of the word before."""
    if not len(own) or not len(before):
        return own[:0]
    if len(own) <= len(before):
        wanted = own - 1
        places = before.searchsorted(wanted)
        places[places == len(before)] = 0
        kept: Numbers = own[before[places] == wanted]
        return kept
    wanted = before + 1
    places = own.searchsorted(wanted)
    places[places == len(own)] = 0
    met: Numbers = wanted[own[places] == wanted]
    return met


def _occurrences(words: Sequence[Postings]) -> Iterator[Numbers]:
    """The occurrences of each word in the documents that hold all of them."""
    common = reduce(DocSet.common, sorted((word.set for word in words), key=len)).docs
    for word in words:
        docs, positions = word.occurrences(word.places_of(common))
        yield (docs << POSITION_BITS) + positions
