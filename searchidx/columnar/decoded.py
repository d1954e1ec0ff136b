"""Postings as queries work with them: decoded, with what is worked out of them.

Some words come in query after query, and with every letter that is typed: what was decoded last
is kept while there is room for it. Everything kept depends on one generation of an index alone.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from searchidx.columnar.found import DocSet, Scores, places_of
from searchidx.columnar.layout import Array
from searchidx.columnar.packed import Numbers, run_places
from searchidx.columnar.postings import FieldTerms

MOST_BYTES = 128 * 1024 * 1024
"""What the terms that are kept may take."""

_BYTES_PER_DOCUMENT = 24
"""A document's number, weight and score, and where its positions end."""

_BYTES_PER_TERM = 1000

FEW = 8
"""Scores of one in so many documents, or fewer, are worked out for these alone."""

COMMON = 40
"""A term in more than one in so many documents of a segment is common."""


class Postings:
    """A term of a field in one segment. `docs` hold it, deleted ones included, ascending."""

    __slots__ = ("_ends", "_scores", "_set", "_size", "_weights", "docs", "number", "terms")

    def __init__(self, terms: FieldTerms, number: int, size: int) -> None:
        self.terms = terms
        self.number = number
        self.docs = _fixed(terms.docs(number))
        self._size = size
        self._set = DocSet(size, self.docs) if COMMON * len(self.docs) > size else None
        self._weights: Array | None = None
        self._scores: Scores | None = None
        self._ends: Numbers | None = None

    @property
    def size_bytes(self) -> int:
        """About what it takes, with everything that may be worked out."""
        mask = self._size if self._set is not None else 0
        return _BYTES_PER_TERM + _BYTES_PER_DOCUMENT * len(self.docs) + mask

    @property
    def set(self) -> DocSet:
        """The documents as a set; of a common term always the same, which keeps its mask."""
        return self._set if self._set is not None else DocSet(self._size, self.docs)

    def places_of(self, docs: Numbers) -> Numbers | None:
        """Where some of the documents stand among all of them; None if they are all."""
        return None if len(docs) == len(self.docs) else places_of(docs, self.docs, self._size)

    def weights(self) -> Array:
        """How often each document holds the term."""
        if self._weights is None:
            self._weights = _fixed(self.terms.weights(self.number))
        return self._weights

    def scores(self, places: Numbers | None, factor: float, norms: Array) -> Scores:
        """The BM25 of each document, or of those at some places: `factor × w / (w + norm)`, where
        `norms` has the norm of every document of the segment."""
        whole = self._scores
        if whole is None:
            if places is not None and FEW * len(places) < len(self.docs):
                return _bm25(self.weights()[places], norms.take(self.docs[places]), factor)
            scores = _bm25(self.weights(), norms.take(self.docs), factor)
            whole = self._scores = _fixed(scores)
        return whole if places is None else whole[places]

    def occurrences(self, places: Numbers | None) -> tuple[Numbers, Array]:
        """Every occurrence of the term: its document and its position, ascending.

        With `places`, only those in the documents at these places count.
        """
        terms, number, docs = self.terms, self.number, self.docs
        counts = terms.position_counts(number)
        if counts is None:
            positions = terms.positions_of(number, len(docs))
            return (docs, positions) if places is None else (docs[places], positions[places])
        if self._ends is None:
            self._ends = _fixed(counts.cumsum(dtype=np.int64))
        ends = self._ends
        positions = terms.positions_of(number, int(ends[-1]))
        if places is None:
            return np.repeat(docs, counts), positions
        taken = counts[places].astype(np.int64)
        if int(taken.sum()) == len(taken):  # once in each
            return docs[places], positions[ends[places] - 1]
        at = run_places(ends[places] - taken, taken)
        return np.repeat(docs[places], taken), positions[at]


def _bm25(weights: Array, norms: Array, factor: float) -> Scores:
    """`norms` is a copy, which the scores take the place of."""
    norms += weights
    np.divide(weights, norms, out=norms)
    norms *= np.float32(factor)
    return norms


def _fixed(numbers: Array) -> Array:
    """The array, which others will use too, so that nobody may write to it."""
    numbers.setflags(write=False)
    return numbers


class DecodedTerms:
    """The postings that were used last, as many as there is room for; used by several threads."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[int, str, Any], Postings | None] = OrderedDict()
        self._size_bytes = 0
        self._guard = threading.Lock()

    def get(
        self, key: tuple[int, str, Any], decode: Callable[[], Postings | None]
    ) -> Postings | None:
        """The postings of a term: `key` is a segment, a field and a text; None if it has none."""
        kept = self._kept
        with self._guard:
            if key in kept:
                kept.move_to_end(key)
                return kept[key]
        found = decode()
        with self._guard:
            if key not in kept:
                kept[key] = found
                self._size_bytes += _size_bytes(found)
            while self._size_bytes > self._most_bytes and len(kept) > 1:
                _, dropped = kept.popitem(last=False)
                self._size_bytes -= _size_bytes(dropped)
        return found


def _size_bytes(found: Postings | None) -> int:
    return found.size_bytes if found is not None else _BYTES_PER_TERM
