"""A query tree over one segment, evaluated a whole array at a time.

`evaluate` gives the documents that match, ascending, with a score each; `matching` the documents
only. And intersects, Or adds, Not takes the complement, a phrase meets the positions of its words;
what has no array form of its own (ranges, spans, other scoring models) is asked of Whoosh's matcher
for that node alone. Documents, order and scores are those of stock Whoosh, to float32 rounding.
Deleted documents are left out of every result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
from whoosh import query
from whoosh.reading import IndexReader
from whoosh.scoring import BM25F
from whoosh.searching import Searcher
from whoosh.util.numeric import byte_to_length

from searchidx.columnar.postings import FieldTerms
from searchidx.columnar.read import DocumentReader, TermsReader

Docs = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]

LENGTHS = np.array([byte_to_length(byte) for byte in range(256)], dtype=np.float64)
"""What Whoosh's one-byte field lengths stand for."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Document numbers, ascending, and the score of each."""

    docs: Docs
    scores: Scores


def evaluate(node: query.Query, searcher: Searcher) -> Matches:
    """The documents of one segment that match, scored as the searcher's weighting scores."""
    return _Evaluation(searcher).scored(node)


def matching(node: query.Query, searcher: Searcher) -> Docs:
    """The documents of one segment that match."""
    return _Evaluation(searcher).docs(node)


class _Evaluation:
    """One segment's searcher, with its arrays at hand if it has them."""

    def __init__(self, searcher: Searcher) -> None:
        self.searcher = searcher
        self.reader = searcher.reader()
        terms, documents = self.reader._terms, self.reader._perdoc
        self.terms: TermsReader | None = terms if isinstance(terms, TermsReader) else None
        self.documents: DocumentReader | None = (
            documents if isinstance(documents, DocumentReader) else None
        )
        self.alive = _alive(self.reader)

    def field(self, name: str) -> FieldTerms | None:
        """The terms of a field as arrays; None if there are none, or they are no arrays."""
        if self.terms is None or name not in self.searcher.schema:
            return None
        return self.terms.field(name)

    # -- documents and scores

    def scored(self, node: query.Query) -> Matches:
        form = _SCORED.get(type(node))
        return form(self, node) if form else self.by_matcher(node)

    def docs(self, node: query.Query) -> Docs:
        form = _UNSCORED.get(type(node))
        return form(self, node) if form else self.scored(node).docs

    def by_matcher(self, node: query.Query) -> Matches:
        """What Whoosh's own matcher gives for a node that has no array form."""
        matcher = node.matcher(self.searcher, self.searcher.context())
        docs: list[int] = []
        scores: list[float] = []
        while matcher.is_active():
            docs.append(matcher.id())
            scores.append(matcher.score())
            matcher.next()
        return Matches(np.array(docs, dtype=np.int64), np.array(scores, dtype=np.float64))

    def docs_by_matcher(self, node: query.Query) -> Docs:
        matcher = node.matcher(self.searcher, self.searcher.boolean_context())
        return np.array(list(matcher.all_ids()), dtype=np.int64)

    def every(self) -> Docs:
        return self.live(np.arange(self.reader.doc_count_all(), dtype=np.int64))

    def live(self, docs: Docs) -> Docs:
        """The documents without those that are deleted."""
        return docs if self.alive is None else docs[self.alive[docs]]

    def live_matches(self, found: Matches) -> Matches:
        if self.alive is None:
            return found
        keep = self.alive[found.docs]
        return Matches(found.docs[keep], found.scores[keep])

    # -- terms

    def find(self, name: str, text: Any) -> tuple[FieldTerms, int] | None:
        terms = self.field(name)
        if terms is None:
            return None
        try:
            encoded = self.searcher.schema[name].to_bytes(text)
        except ValueError:
            return None
        number = terms.find(encoded)
        return None if number is None else (terms, number)

    def term(self, node: query.Term) -> Matches:
        if self.terms is None or not self.has_array_scores(node.fieldname):
            return self.by_matcher(node)
        found = self.find(node.fieldname, node.text)
        return self.live_matches(self.term_scores(node, *found)) if found else NOTHING

    def term_docs(self, node: query.Term) -> Docs:
        if self.terms is None:
            return self.docs_by_matcher(node)
        found = self.find(node.fieldname, node.text)
        return self.live(found[0].docs(found[1]).astype(np.int64)) if found else NOTHING.docs

    def has_array_scores(self, name: str) -> bool:
        """Whether scores of this field are computed here: BM25F, or plain weights."""
        return type(self.searcher.weighting) is BM25F or (
            name in self.searcher.schema and not self.searcher.schema[name].scorable
        )

    def term_scores(self, node: query.Term, terms: FieldTerms, number: int) -> Matches:
        """BM25 as Whoosh computes it; for a field that is not scorable, the weight itself."""
        docs = terms.docs(number).astype(np.int64)
        weights = terms.weights(number).astype(np.float64)
        name = node.fieldname
        if not self.searcher.schema[name].scorable:
            return Matches(docs, weights * node.boost)
        model, whole = self.searcher.weighting, self.searcher.get_parent()
        b, k1 = model._field_B.get(name, model.B), model.K1
        text = self.searcher.schema[name].to_bytes(node.text)
        idf, average = whole.idf(name, text), whole.avg_field_length(name) or 1
        quantised = self.documents.lengths(name) if self.documents else None
        lengths = LENGTHS[quantised[docs]] if quantised is not None else 1.0
        norm = k1 * ((1 - b) + b * lengths / average)
        return Matches(docs, node.boost * idf * ((weights * (k1 + 1)) / (weights + norm)))

    def multi_docs(self, node: query.MultiTerm) -> Docs:
        """The documents that hold any of the terms that a pattern stands for."""
        terms = self.field(node.field())
        if terms is None:
            return self.docs_by_matcher(node) if self.terms is None else NOTHING.docs
        if isinstance(node, query.Prefix):
            encoded = self.searcher.schema[node.fieldname].to_bytes(node.text)
            parts = [terms.docs_from(*terms.prefix_range(encoded))]
        else:
            encode = self.searcher.schema[node.field()].to_bytes  # fuzzy terms come as texts
            numbers = [terms.find(encode(text)) for text in node._btexts(self.reader)]
            parts = [terms.docs(number) for number in numbers if number is not None]
        found = np.unique(np.concatenate(parts)) if parts else NOTHING.docs
        return self.live(found.astype(np.int64))

    def number_docs(self, node: query.NumericRange) -> Docs:
        """The documents with a number in a range, which Whoosh turns into ranges of terms."""
        if self.terms is None:
            return self.docs_by_matcher(node)
        return self.docs(node._compile_query(self.reader))

    def term_range_docs(self, node: query.TermRange) -> Docs:
        """The documents that hold a term from the first to the last one: one run of postings."""
        terms = self.field(node.fieldname)
        is_plain = type(node.start) is type(node.end) is bytes
        if terms is None or not is_plain or node.startexcl or node.endexcl:
            return self.docs_by_matcher(node)
        first, last = terms.first_from(node.start), terms.first_from(node.end + b"\0")
        return self.live(np.unique(terms.docs_from(first, last)).astype(np.int64))

    def phrase(self, node: query.Phrase) -> Matches:
        """Words one behind the other; the score is the sum of the words' scores, as in Whoosh."""
        terms = self.field(node.fieldname)
        is_plain = node.slop == 1 and terms is not None and terms.has("positions")
        if not is_plain or not self.has_array_scores(node.fieldname) or len(node.words) < 2:
            return self.by_matcher(node)
        found = [self.find(node.fieldname, word) for word in node.words]
        if terms is None or not all(found):
            return NOTHING
        numbers = [number for _, number in filter(None, found)]
        docs = self.live(_phrase_docs(terms, numbers))
        words = [query.Term(node.fieldname, word) for word in node.words]
        scores = sum(
            (_scores_of(self.term_scores(word, terms, number), docs)
             for word, number in zip(words, numbers, strict=True)),
            start=np.zeros(len(docs)),
        )  # fmt: skip
        return Matches(docs, scores * node.boost)

    # -- the algebra

    def all_of(self, node: query.And) -> Matches:
        children = list(node.children())
        excluded = [child.query for child in children if isinstance(child, query.Not)]
        parts = [self.scored(child) for child in children if not isinstance(child, query.Not)]
        if not children:
            return NOTHING
        if not parts:
            parts = [_constant(self.every(), 1.0)]
        parts.sort(key=lambda part: len(part.docs))
        docs = reduce(_common, [part.docs for part in parts])
        for other in excluded:
            docs = np.setdiff1d(docs, self.docs(other), assume_unique=True)
        scores = sum((_scores_of(part, docs) for part in parts), start=np.zeros(len(docs)))
        return Matches(docs, scores * node.boost)

    def any_of(self, node: query.Or) -> Matches:
        if node.scale:
            return self.by_matcher(node)
        found = [self.scored(child) for child in node.children()]
        parts = [part for part in found if len(part.docs)]
        if len(parts) == 1:
            return Matches(parts[0].docs, parts[0].scores * node.boost)
        return _merged(parts, self.reader.doc_count_all(), np.add, node.boost)

    def highest_of(self, node: query.DisjunctionMax) -> Matches:
        if node.tiebreak:
            return self.by_matcher(node)
        found = [self.scored(child) for child in node.children()]
        parts = [part for part in found if len(part.docs)]
        return _merged(parts, self.reader.doc_count_all(), np.maximum, node.boost)

    def any_docs(self, node: query.Or | query.DisjunctionMax) -> Docs:
        parts = [self.docs(child) for child in node.children()]
        return reduce(np.union1d, parts) if parts else NOTHING.docs

    def all_docs(self, node: query.And) -> Docs:
        if any(isinstance(child, query.Not) for child in node.children()):
            return self.all_of(node).docs
        parts = sorted((self.docs(child) for child in node.children()), key=len)
        return reduce(_common, parts) if parts else NOTHING.docs

    def complement(self, node: query.Not) -> Matches:
        docs = np.setdiff1d(self.every(), self.docs(node.query), assume_unique=True)
        return _constant(docs, 1.0)

    def without(self, node: query.AndNot) -> Matches:
        found = self.scored(node.a)
        keep = ~np.isin(found.docs, self.docs(node.b), assume_unique=True)
        return Matches(found.docs[keep], found.scores[keep])

    def required(self, node: query.Require) -> Matches:
        found = self.scored(node.a)
        keep = np.isin(found.docs, self.docs(node.b), assume_unique=True)
        return Matches(found.docs[keep], found.scores[keep])

    def and_maybe(self, node: query.AndMaybe) -> Matches:
        found, more = self.scored(node.a), self.scored(node.b)
        if not len(more.docs):
            return found
        places = np.searchsorted(more.docs, found.docs)
        places[places == len(more.docs)] = 0
        extra = np.where(more.docs[places] == found.docs, more.scores[places], 0.0)
        return Matches(found.docs, found.scores + extra)

    def constant(self, node: query.ConstantScoreQuery) -> Matches:
        return _constant(self.docs(node.child), node.score)

    def all_posts(self, node: query.Every) -> Matches:
        if node.fieldname is not None:
            return self.by_matcher(node)
        return _constant(self.every(), node.boost)


def _alive(reader: IndexReader) -> npt.NDArray[np.bool_] | None:
    """Which documents of a segment are not deleted; None if none is."""
    deleted = reader.deleted_docs_set
    if not deleted:
        return None
    alive = np.ones(reader.doc_count_all(), dtype=np.bool_)
    alive[list(deleted)] = False
    return alive


NOTHING = Matches(np.zeros(0, dtype=np.int64), np.zeros(0))


def _constant(docs: Docs, score: float) -> Matches:
    return Matches(docs, np.full(len(docs), score))


def _common(one: Docs, other: Docs) -> Docs:
    """The documents in both; the first is taken to be the shorter."""
    if not len(other):
        return NOTHING.docs
    places = np.searchsorted(other, one)
    places[places == len(other)] = 0
    common: Docs = one[other[places] == one]
    return common


def _scores_of(found: Matches, docs: Docs) -> Scores:
    """The scores of documents that are all among those found."""
    if len(docs) == len(found.docs):
        return found.scores
    return found.scores[np.searchsorted(found.docs, docs)]


def _merged(parts: Sequence[Matches], documents: int, combine: np.ufunc, boost: float) -> Matches:
    """All documents of the parts; the scores of one document are combined.

    Sparse while few match (sorted runs), dense (one score for every document) when many do.
    """
    if not parts:
        return NOTHING
    total = sum(len(part.docs) for part in parts)
    if total * 8 > documents:
        dense = np.full(documents, -np.inf if combine is np.maximum else 0.0)
        present = np.zeros(documents, dtype=np.bool_)
        for part in parts:
            dense[part.docs] = combine(dense[part.docs], part.scores)
            present[part.docs] = True
        docs = np.flatnonzero(present)
        return Matches(docs, dense[docs] * boost)
    every = np.concatenate([part.docs for part in parts])
    order = np.argsort(every, kind="stable")
    scores = np.concatenate([part.scores for part in parts])[order]
    docs, starts = np.unique(every[order], return_index=True)
    return Matches(docs, combine.reduceat(scores, starts) * boost)


def _phrase_docs(terms: FieldTerms, numbers: Sequence[int]) -> Docs:
    """The documents in which the terms stand one behind the other.

    Every occurrence of a term becomes one number, document and position; those of the second term,
    less one, are met with those of the first, and so on.
    """
    keys: Docs | None = None
    for step, number in enumerate(numbers):
        docs, positions = terms.occurrences(number)
        own = (docs << POSITION_BITS) + positions - step
        keys = own if keys is None else _common(*sorted((keys, own), key=len))
    assert keys is not None
    return np.unique(keys >> POSITION_BITS)


POSITION_BITS = 32

_Scored = Callable[[_Evaluation, Any], Matches]
_Unscored = Callable[[_Evaluation, Any], Docs]
_SCORED: dict[type, _Scored] = {
    query.Term: _Evaluation.term,
    query.Phrase: _Evaluation.phrase,
    query.And: _Evaluation.all_of,
    query.Or: _Evaluation.any_of,
    query.DisjunctionMax: _Evaluation.highest_of,
    query.Not: _Evaluation.complement,
    query.AndNot: _Evaluation.without,
    query.Require: _Evaluation.required,
    query.AndMaybe: _Evaluation.and_maybe,
    query.ConstantScoreQuery: _Evaluation.constant,
    query.Every: _Evaluation.all_posts,
}
_UNSCORED: dict[type, _Unscored] = {
    query.Term: _Evaluation.term_docs,
    query.Prefix: _Evaluation.multi_docs,
    query.Wildcard: _Evaluation.multi_docs,
    query.Regex: _Evaluation.multi_docs,
    query.FuzzyTerm: _Evaluation.multi_docs,
    query.Or: _Evaluation.any_docs,
    query.DisjunctionMax: _Evaluation.any_docs,
    query.And: _Evaluation.all_docs,
    query.NumericRange: _Evaluation.number_docs,
    query.DateRange: _Evaluation.number_docs,
    query.TermRange: _Evaluation.term_range_docs,
    query.NullQuery.__class__: lambda evaluation, node: NOTHING.docs,
    query.ConstantScoreQuery: lambda evaluation, node: evaluation.docs(node.child),
}


def best_of(
    parts: Iterable[tuple[Matches, int]], limit: int
) -> tuple[int, list[tuple[int, float]]]:
    """How many documents all segments together matched, and the `limit` best as (number, score).

    Each part comes with the number of its segment's first document. Best first; of two with the
    same score the lower number.
    """
    found = [(part.docs + offset, part.scores) for part, offset in parts]
    if not found:
        return 0, []
    docs = np.concatenate([docs for docs, _ in found])
    scores = np.concatenate([scores for _, scores in found])
    total = len(docs)
    if limit <= 0:
        return total, []
    if total > 4 * limit:
        threshold = np.partition(scores, total - limit)[total - limit]
        candidates = np.flatnonzero(scores >= threshold)
        docs, scores = docs[candidates], scores[candidates]
    order = np.lexsort((docs, -scores))[:limit]
    return total, list(zip(docs[order].tolist(), scores[order].tolist(), strict=True))
