"""From tokens in the order of the texts to postings in the order of the terms, by sorting.

A token is three small numbers: its term, its document, and its position or its weight. They are
packed into one 64-bit number, term first, and sorted; equal terms and documents then lie together,
and the postings are read off where they change.
"""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from searchidx.columnar.layout import Array
from searchidx.columnar.packed import Numbers, changes
from searchidx.columnar.postings import FieldPostings
from searchidx.columnar.runs import Ragged, byte_order, ragged, side_by_side

if TYPE_CHECKING:
    import numpy.typing as npt

Ids: TypeAlias = "npt.NDArray[np.int32]"


class Names:
    """Numbered terms, all different; `are_ordered` says that their numbers are in byte order."""

    def __init__(self, texts: Ragged, *, are_ordered: bool = False) -> None:
        self.texts = texts
        self._are_ordered = are_ordered

    @cached_property
    def order(self) -> Numbers:
        """The numbers in the byte order of the terms."""
        return np.arange(len(self.texts)) if self._are_ordered else byte_order(self.texts)[0]

    @cached_property
    def ranks(self) -> Numbers:
        """For each number its place in that order."""
        ranks = np.empty(len(self.texts), dtype=np.int64)
        ranks[self.order] = np.arange(len(self.texts))
        return ranks


MOST_FLAGS = 50_000_000
"""For so many pairs at most it is noted pair by pair which there are."""


def paired(prefixes: Names, words: Names, prefix_of: Array, word_of: Array) -> tuple[Names, Ids]:
    """The terms of a prefix and a word each: those of the given tokens, and the term of each."""
    pairs = prefixes.ranks[prefix_of] * len(words.texts) + words.ranks[word_of]
    if len(prefixes.texts) * len(words.texts) <= MOST_FLAGS:
        is_used = np.zeros(len(prefixes.texts) * len(words.texts), dtype=np.bool_)
        is_used[pairs] = True
        used = np.flatnonzero(is_used)
        numbers = np.zeros(len(is_used), dtype=np.int32)
        numbers[used] = np.arange(len(used))
        terms = numbers[pairs]
    else:
        used, terms = np.unique(pairs, return_inverse=True)
    fronts = prefixes.texts.picked(prefixes.order[used // len(words.texts)])
    backs = words.texts.picked(words.order[used % len(words.texts)])
    in_order = prefixes.texts.picked(prefixes.order).texts()
    is_inside = any(after.startswith(before) for before, after in pairwise(in_order))
    return Names(side_by_side(fronts, backs), are_ordered=not is_inside), terms


def invert(
    names: Names,
    terms: Array,
    docs: Array,
    *,
    positions: Array | None = None,
    weights: Array | None = None,
    unit: float = 1.0,
) -> FieldPostings:
    """The postings of one field.

    `terms` (numbers of names), `docs` and, if given, `positions` or `weights` have one item a
    token; the tokens may come in any order. With positions, a posting's weight is how many tokens
    it has; with weights (whole numbers, in `unit`), their sum; else 1.
    """
    if not len(terms):
        return FieldPostings(
            ragged([]), np.zeros(1, np.int64), np.zeros(0, np.int64), _ones(0), unit
        )
    ranks, ordered = _ranks(names, terms)
    keys, doc_bits, low = _sorted(ranks[terms], docs, positions if weights is None else weights)
    heads = np.flatnonzero(changes(keys))
    tokens = len(keys)
    keys = keys[heads]
    posting_docs = (keys & np.uint64((1 << doc_bits) - 1)).astype(np.int32)
    keys >>= np.uint64(doc_bits)
    starts = np.searchsorted(keys, np.arange(len(ordered) + 1, dtype=np.uint64))
    if weights is not None:
        sums = np.add.reduceat(low, heads, dtype=np.int64)
        return FieldPostings(ordered, starts, posting_docs, sums, unit)
    if positions is not None:
        ends = np.append(heads[1:], tokens)
        runs = Ragged(low, ends)
        return FieldPostings(ordered, starts, posting_docs, ends - heads, unit, positions=runs)
    return FieldPostings(ordered, starts, posting_docs, _ones(len(heads)), unit)


def _ones(count: int) -> Numbers:
    return np.ones(count, dtype=np.int64)


def _ranks(names: Names, terms: Array) -> tuple[Ids, Ragged]:
    """For each name its place among those used, in byte order; and those names in that order."""
    is_used = np.bincount(terms, minlength=len(names.texts)) > 0
    used = names.order[is_used[names.order]]
    ranks = np.zeros(len(names.texts), dtype=np.int32)
    ranks[used] = np.arange(len(used))
    return ranks, names.texts.picked(used)


def _sorted(
    terms: Ids, docs: Array, detail: Array | None
) -> tuple[npt.NDArray[np.uint64], int, Ids]:
    """The tokens in the order of term, document and detail: term and document as one number, how
    many bits of it are the document, and the details."""
    doc_bits = _bits(docs)
    keys = terms.astype(np.uint64)
    keys <<= np.uint64(doc_bits)
    np.bitwise_or(keys, docs, out=keys, dtype=np.uint64, casting="unsafe")
    if detail is None:
        keys.sort()
        return keys, doc_bits, np.zeros(0, dtype=np.int32)
    detail_bits = _bits(detail)
    if _bits(terms) + doc_bits + detail_bits > 64:
        order = np.lexsort((detail, keys))
        return keys[order], doc_bits, detail[order].astype(np.int32)
    keys <<= np.uint64(detail_bits)
    np.bitwise_or(keys, detail, out=keys, dtype=np.uint64, casting="unsafe")
    keys.sort()
    low = (keys & np.uint64((1 << detail_bits) - 1)).astype(np.int32)
    keys >>= np.uint64(detail_bits)
    return keys, doc_bits, low


def _bits(numbers: Array) -> int:
    return int(numbers.max()).bit_length()
