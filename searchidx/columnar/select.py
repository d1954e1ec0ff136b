"""From everything that matched to what is shown: the best hits, the first in an order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from searchidx.columnar.found import DocSet, Found, Scores
from searchidx.columnar.layout import Array
from searchidx.columnar.packed import Numbers

BLOCK = 128
"""The best of so many scores is found first; only blocks with a good best are looked into."""

Part = tuple[Found, int]
"""What one segment found, and the number of its first document."""


def best_of(parts: Sequence[Part], limit: int) -> list[tuple[int, float]]:
    """The `limit` best of the documents of all segments, which ascend, as (number, score).

    Best first; of two with the same score the lower number.
    """
    best = [_best(found, base, limit) for found, base in parts if limit > 0 and len(found)]
    if not best:
        return []
    if len(best) == 1:
        docs, scores = best[0]
    else:
        docs = np.concatenate([docs for docs, _ in best])
        scores = np.concatenate([scores for _, scores in best])
    order = (-scores).argsort(kind="stable")[:limit]
    return list(zip(docs[order].tolist(), scores[order].tolist(), strict=True))


def lowest_of_best(parts: Sequence[Found], limit: int) -> float:
    """The lowest score among the `limit` best of all segments; 0 when no more than these match."""
    if sum(map(len, parts)) <= limit:
        return 0.0
    scores = np.concatenate([_best(found, 0, limit)[1] for found in parts if len(found)])
    return float(np.partition(scores, len(scores) - limit)[len(scores) - limit])


def above(found: Found, least: float) -> Found:
    """Those of the documents whose score is not below `least`."""
    if found.constant is not None:
        return found
    dense = found.dense()
    if dense is not None:
        docs = np.flatnonzero(dense >= least)
        docs = docs[found.set.mask[docs]]
        return Found(DocSet(found.set.size, docs), dense[docs])
    scores = found.scores()
    places = np.flatnonzero(scores >= least)
    return Found(DocSet(found.set.size, found.set.docs[places]), scores[places])


def _best(found: Found, base: int, limit: int) -> tuple[Numbers, Scores]:
    """Candidates for the best of one segment, ascending: at least the `limit` best."""
    if found.constant is not None:
        docs = _first(found.set, limit)
        return docs + base, np.full(len(docs), found.constant, dtype=np.float32)
    dense = found.dense()
    if dense is not None:
        docs = high(dense, limit)
        docs = docs[found.set.mask[docs]]
        if len(docs) < limit:
            docs = high(np.where(found.set.mask, dense, np.float32(-np.inf)), limit)
            docs = docs[found.set.mask[docs]]
        return docs + base, dense[docs]
    scores = found.scores()
    if len(scores) <= BLOCK:  # all of so few
        return found.set.docs + base, scores
    places = high(scores, limit)
    return found.set.docs[places] + base, scores[places]


def _first(docs: DocSet, limit: int) -> Numbers:
    """The first documents of a set."""
    if not docs.is_mask:
        return docs.docs[:limit]
    step = 1024
    while step < docs.size:
        found = np.flatnonzero(docs.mask[:step])
        if len(found) >= limit:
            return found[:limit]
        step *= 16
    return docs.docs[:limit]


def high(values: Array, limit: int) -> Numbers:
    """The places of the `limit` highest values, ties included, ascending."""
    if len(values) <= limit:
        return np.arange(len(values))
    if len(values) <= BLOCK * limit:
        threshold = np.partition(values, len(values) - limit)[len(values) - limit]
        return np.flatnonzero(values >= threshold)
    starts = np.arange(0, len(values), BLOCK)
    tops = np.maximum.reduceat(values, starts)
    threshold = np.partition(tops, len(tops) - limit)[len(tops) - limit]
    blocks = np.flatnonzero(tops >= threshold)
    if len(blocks) > 8 * limit:
        return _highest(values, limit, threshold)
    places = (blocks[:, None] * BLOCK + np.arange(BLOCK)).ravel()
    places = places[places < len(values)]
    kept: Numbers = places[_highest(values[places], limit, threshold)]
    return kept


def _highest(values: Array, limit: int, at_least: Any) -> Numbers:
    """The places of the `limit` highest values, which are all at or above a bound, with ties."""
    places = np.flatnonzero(values >= at_least)
    if len(places) <= limit:
        return places
    kept = values[places]
    threshold = np.partition(kept, len(kept) - limit)[len(kept) - limit]
    highest: Numbers = places[kept >= threshold]
    return highest


def ordered(keys: Array, limit: int, descending: bool) -> Numbers:
    """The places of the first `limit` in the order of the keys; of equal ones the lower place."""
    if limit <= 0:
        return np.zeros(0, dtype=np.int64)
    if not descending:
        keys = _reversed(keys)
    places = high(keys, limit)
    order = np.argsort(_reversed(keys[places]), kind="stable")
    return places[order[:limit]]


def _reversed(keys: Array) -> Array:
    """Keys that sort the other way."""
    flipped: Array = -keys if keys.dtype.kind == "f" else ~keys
    return flipped
