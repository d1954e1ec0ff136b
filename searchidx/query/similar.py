"""The query for posts like a given one: its most telling words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from whoosh import query

from searchidx.analysis import slots, stemmer
from searchidx.names import names_of
from searchidx.settings import FieldKind, FieldSpec

MOST_TERMS = 25


def similar_query(
    texts: Mapping[str, Sequence[str]],
    specs: Sequence[FieldSpec],
    document_frequency: Callable[[str, str], int],
    posts: int,
) -> query.Query:
    """A query for the terms of a post with the highest tf × idf × field weight.

    tf counts 1 + ln(occurrences), idf is ln(posts / posts with the term). A term that only this
    post holds says nothing about others and is left out. Matches nothing when no term is left.
    """
    weighted = []
    for spec in specs:
        if spec.kind is not FieldKind.TEXT:
            continue
        names = names_of(spec)
        for term, occurrences in _counts(texts.get(spec.name, ()), names.language).items():
            holding = document_frequency(names.terms, term)
            if holding > 1 and posts > holding:
                telling = spec.weight * (1 + math.log(occurrences)) * math.log(posts / holding)
                weighted.append((telling, names.terms, term, spec.weight))
    best = sorted(weighted, reverse=True)[:MOST_TERMS]
    if not best:
        return query.NullQuery
    return query.Or([query.Term(field, term, boost=weight) for _, field, term, weight in best])


def _counts(texts: Sequence[str], language: str) -> dict[str, int]:
    stem = stemmer(language)
    counts: dict[str, int] = {}
    for text in texts:
        for slot in slots(text):
            term = stem(slot.term)
            counts[term] = counts.get(term, 0) + 1
    return counts
