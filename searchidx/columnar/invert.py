"""From tokens in the order of the texts to postings in the order of the terms, by sorting.

A token is three small numbers: its term, its document, and its position or its weight. They are
packed into one 64-bit number, term first, and sorted; equal terms and documents then lie together,
and the postings are read off where they change.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from searchidx.columnar.layout import Array
from searchidx.columnar.packed import Numbers, differences
from searchidx.columnar.postings import FieldPostings, Ragged


def invert(
    names: Sequence[bytes],
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
        return FieldPostings([], np.zeros(1, np.int64), np.zeros(0, np.int64), _ones(0), unit)
    ranks, ordered = _ranks(names, terms)
    detail = positions if positions is not None else weights
    term, doc, low = _sorted(ranks[terms], docs, detail)
    first = np.empty(len(term), dtype=np.bool_)
    first[0] = True
    np.not_equal(term[1:], term[:-1], out=first[1:])
    first[1:] |= doc[1:] != doc[:-1]
    heads = np.flatnonzero(first)
    counts = differences(np.append(heads, len(term)))
    starts = np.searchsorted(term[heads], np.arange(len(ordered) + 1))
    posting_docs = doc[heads]
    if positions is not None:
        ends = counts.cumsum()
        return FieldPostings(
            ordered, starts, posting_docs, counts, unit, positions=Ragged(low, ends)
        )
    if weights is not None:
        return FieldPostings(ordered, starts, posting_docs, np.add.reduceat(low, heads), unit)
    return FieldPostings(ordered, starts, posting_docs, _ones(len(heads)), unit)


def _ones(count: int) -> Numbers:
    return np.ones(count, dtype=np.int64)


def _ranks(names: Sequence[bytes], terms: Array) -> tuple[Numbers, list[bytes]]:
    """For each name its place among those used, in byte order; and those names in that order."""
    used = np.flatnonzero(np.bincount(terms, minlength=len(names))).tolist()
    used.sort(key=names.__getitem__)
    ranks = np.zeros(len(names), dtype=np.int64)
    ranks[used] = np.arange(len(used))
    return ranks, [names[number] for number in used]


def _sorted(terms: Numbers, docs: Array, detail: Array | None) -> tuple[Numbers, Numbers, Numbers]:
    """The tokens in the order of term, document and detail."""
    term_bits, doc_bits = _bits(terms), _bits(docs)
    detail_bits = _bits(detail) if detail is not None else 0
    if term_bits + doc_bits + detail_bits > 64:
        assert detail is not None
        order = np.lexsort((detail, docs, terms))
        return terms[order], docs[order].astype(np.int64), detail[order].astype(np.int64)
    keys = terms.astype(np.uint64) << np.uint64(doc_bits)
    keys |= docs.astype(np.uint64)
    if detail is not None:
        keys <<= np.uint64(detail_bits)
        keys |= detail.astype(np.uint64)
    keys.sort()
    low = _low(keys, detail_bits)
    keys >>= np.uint64(detail_bits)
    doc = _low(keys, doc_bits)
    keys >>= np.uint64(doc_bits)
    return keys.view(np.int64), doc, low


def _bits(numbers: Array) -> int:
    return int(numbers.max()).bit_length()


def _low(keys: npt.NDArray[np.uint64], bits: int) -> Numbers:
    return (keys & np.uint64((1 << bits) - 1)).view(np.int64)
