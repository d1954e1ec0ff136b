"""What a node of a query finds in one segment: documents, and a score for each.

Documents are ascending numbers while few match, and a mask over all documents of the segment when
many do; whoever asks for one form gets it, from the other if need be.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from searchidx.columnar.packed import Numbers, changes

if TYPE_CHECKING:
    import numpy.typing as npt

Mask: TypeAlias = "npt.NDArray[np.bool_]"
Scores: TypeAlias = "npt.NDArray[np.float32]"
ScoresAt: TypeAlias = "Callable[[Numbers | None], Scores]"
"""Scores of the documents at some places among those found, or of all of them."""

SEARCH_COST = 40
"""A binary search for a document takes as long as looking at so many documents in a mask."""

DENSE = 12
"""Documents are kept as a mask when more than one in so many matches."""


class DocSet:
    """Documents of one segment. `size` is how many documents the segment has."""

    __slots__ = ("_docs", "_mask", "size")

    def __init__(self, size: int, docs: Numbers | None = None, mask: Mask | None = None) -> None:
        self.size = size
        self._docs = docs
        self._mask = mask

    @property
    def is_mask(self) -> bool:
        """Whether the documents are at hand as a mask only."""
        return self._docs is None

    @property
    def docs(self) -> Numbers:
        """The documents, ascending."""
        if self._docs is None:
            self._docs = np.flatnonzero(self._mask)  # type: ignore[arg-type]
        return self._docs

    @property
    def mask(self) -> Mask:
        """For each document of the segment, whether it is among these."""
        if self._mask is None:
            self._mask = np.zeros(self.size, dtype=np.bool_)
            self._mask[self._docs] = True
        return self._mask

    def __len__(self) -> int:
        if self._docs is None:
            return int(np.count_nonzero(self._mask))  # type: ignore[arg-type]
        return len(self._docs)

    def holds(self, docs: Numbers) -> Mask:
        """For each of some documents (ascending), whether it is among these."""
        own = self._docs
        if own is None or self._mask is not None or SEARCH_COST * len(docs) > len(own):
            return self.mask[docs]
        if not len(own):
            return np.zeros(len(docs), dtype=np.bool_)
        places = own.searchsorted(docs)
        places[places == len(own)] = 0
        found: Mask = own[places] == docs
        return found

    def common(self, other: DocSet) -> DocSet:
        """The documents in both."""
        if self.is_mask and other.is_mask:
            return DocSet(self.size, mask=self.mask & other.mask)
        few, many = (other, self) if self.is_mask else (self, other)
        if not many.is_mask and len(many) < len(few):
            few, many = many, few
        return DocSet(self.size, few.docs[many.holds(few.docs)])

    def without(self, other: DocSet) -> DocSet:
        """The documents that are not in the other."""
        if self.is_mask:
            return DocSet(self.size, mask=self.mask & ~other.mask)
        return DocSet(self.size, self.docs[~other.holds(self.docs)])


class Found:
    """Documents with scores.

    `scores` is one number for all of them; or an array, aligned with `docs`, or with the whole
    segment when the documents are a mask; or computed when they are asked for.
    """

    __slots__ = ("_scores", "set")

    def __init__(self, docs: DocSet, scores: float | Scores | ScoresAt) -> None:
        self.set = docs
        self._scores = scores

    def __len__(self) -> int:
        return len(self.set)

    @property
    def constant(self) -> float | None:
        """The score of every document, if it is one."""
        return self._scores if isinstance(self._scores, float) else None

    def dense(self) -> Scores | None:
        """A score for each document of the segment, if they are at hand in this form."""
        if isinstance(self._scores, np.ndarray) and self.set.is_mask:
            return self._scores
        return None

    def scores(self) -> Scores:
        """The scores of `set.docs`."""
        scores = self._scores
        if isinstance(scores, float):
            return np.full(len(self.set), scores, dtype=np.float32)
        if isinstance(scores, np.ndarray):
            return scores[self.set.docs] if len(scores) != len(self.set) else scores
        computed = self._scores = scores(None)
        return computed

    def scores_of(self, docs: Numbers) -> Scores:
        """The scores of documents, ascending, that are all among these."""
        scores = self._scores
        if isinstance(scores, float):
            return np.full(len(docs), scores, dtype=np.float32)
        if isinstance(scores, np.ndarray) and self.set.is_mask:
            return scores[docs]
        own = self.set.docs
        if len(own) == len(docs):
            return self.scores()
        places = places_of(docs, own, self.set.size)
        return scores[places] if isinstance(scores, np.ndarray) else scores(places)

    def only(self, docs: DocSet) -> Found:
        """Those of the documents that are also in `docs`."""
        kept = self.set.common(docs)
        return self._kept(kept)

    def without(self, docs: DocSet) -> Found:
        """Those of the documents that are not in `docs`."""
        return self._kept(self.set.without(docs))

    def _kept(self, kept: DocSet) -> Found:
        if self.constant is not None:
            return Found(kept, self.constant)
        dense = self.dense()
        if dense is not None and kept.is_mask:
            return Found(kept, dense)
        return Found(DocSet(kept.size, kept.docs), self.scores_of(kept.docs))

    def times(self, boost: float) -> Found:
        """The same documents, each score multiplied."""
        if boost == 1.0:
            return self
        if self.constant is not None:
            return Found(self.set, self.constant * boost)
        dense = self.dense()
        if dense is not None:
            return Found(self.set, dense * np.float32(boost))
        return Found(self.set, self.scores() * np.float32(boost))


def mask_without(deleted: Collection[int], size: int) -> Mask | None:
    """Which documents of a segment are there still; None if none is deleted."""
    if not deleted:
        return None
    alive = np.ones(size, dtype=np.bool_)
    alive[list(deleted)] = False
    return alive


def places_of(docs: Numbers, own: Numbers, size: int) -> Numbers:
    """Where some documents, which are all there, stand among others; both ascending."""
    if SEARCH_COST * len(docs) < len(own) + size // 16:
        return own.searchsorted(docs)
    wanted = np.zeros(size, dtype=np.bool_)
    wanted[docs] = True
    return np.flatnonzero(wanted[own])


def places_among(wanted: Numbers, docs: Numbers) -> tuple[Numbers, Mask]:
    """Where a few documents stand among others, both ascending, and which of them do."""
    places = docs.searchsorted(wanted)
    if not len(docs):
        return places, np.zeros(len(wanted), dtype=np.bool_)
    places[places == len(docs)] = 0
    held: Mask = docs[places] == wanted
    return places, held


def distinct(docs: Numbers, size: int) -> DocSet:
    """Documents that come in any order and more than once."""
    if len(docs) * SEARCH_COST > size:
        mask = np.zeros(size, dtype=np.bool_)
        mask[docs] = True
        return DocSet(size, mask=mask)
    ordered = np.sort(docs).astype(np.int64)
    return DocSet(size, ordered[changes(ordered)])


def union(sets: Sequence[DocSet], size: int) -> DocSet:
    """The documents in any of the sets."""
    if len(sets) == 1:
        return sets[0]
    total = sum(len(one) for one in sets)
    if not total:
        return DocSet(size, np.zeros(0, dtype=np.int64))
    if total * DENSE < size:
        return distinct(np.concatenate([one.docs for one in sets]), size)
    mask = np.zeros(size, dtype=np.bool_)
    for one in sets:
        if one.is_mask:
            mask |= one.mask
        else:
            mask[one.docs] = True
    return DocSet(size, mask=mask)


def _adds_up(parts: Sequence[Found], dense: Scores) -> bool:
    """Add the scores of all parts into an array of zeros; False, with the array as it was, if not
    all of them are positive, so that a sum would not tell who is among the documents."""
    scores = [(part, part.dense(), part.scores()) for part in parts]
    if any(own.min() <= 0 for _, _, own in scores):
        return False
    for part, spread, own in scores:
        if spread is not None:
            np.add(dense, spread, out=dense, where=part.set.mask)
        else:
            np.add.at(dense, part.set.docs, own)
    return True


def merged(parts: Sequence[Found], size: int, combine: np.ufunc) -> Found:
    """All documents of the parts; the scores of one document are added, or the highest is taken.

    Sparse while few match (sorted runs), dense (one score for every document) when many do.
    """
    total = sum(len(part) for part in parts)
    if total * DENSE < size:
        every = np.concatenate([part.set.docs for part in parts])
        order = every.argsort(kind="stable")
        every = every[order]
        scores = np.concatenate([part.scores() for part in parts])[order]
        starts = np.flatnonzero(changes(every))
        if len(starts) == len(every):
            return Found(DocSet(size, every), scores)
        return Found(DocSet(size, every[starts]), combine.reduceat(scores, starts))
    dense = np.zeros(size, dtype=np.float32)
    if combine is np.add and _adds_up(parts, dense):
        return Found(DocSet(size, mask=dense > 0), dense)
    mask = np.zeros(size, dtype=np.bool_)
    for part in parts:
        other = part.dense()
        if other is not None:
            np.copyto(dense, combine(dense, other), where=part.set.mask)
            mask |= part.set.mask
        else:
            docs = part.set.docs
            dense[docs] = combine(dense[docs], part.scores())
            mask[docs] = True
    return Found(DocSet(size, mask=mask), dense)
