"""A query tree over one segment, evaluated a whole array at a time.

And intersects, Or adds, Not takes the complement, a phrase meets the positions of its words, a
range compares a column; what has no array form of its own (spans, other scoring models) is asked of
Whoosh's matcher for that node alone. Documents and scores are those of stock Whoosh, to float32
rounding. Deleted documents are left out of every result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial, reduce
from typing import Any

import numpy as np
from whoosh import query

from searchidx.columnar.closeness import Run, WithCloseness
from searchidx.columnar.columns import NumberColumn
from searchidx.columnar.decoded import Postings
from searchidx.columnar.fields import FieldType
from searchidx.columnar.found import (
    DocSet,
    Found,
    Scores,
    distinct,
    merged,
    places_among,
    union,
)
from searchidx.columnar.packed import Numbers
from searchidx.columnar.phrase import phrase_docs, standing_in
from searchidx.columnar.postings import FieldTerms
from searchidx.columnar.prior import WithPrior, shares_of
from searchidx.columnar.searching import ArraySearcher, Part
from searchidx.columnar.select import above, best_of, lowest_of_best


def evaluate(node: query.Query, searcher: ArraySearcher) -> list[Found]:
    """For each segment, the documents that match, scored as the searcher's weighting scores."""
    return [_Evaluation(searcher, part).scored(node) for part in searcher.parts]


def best(
    node: query.Query, searcher: ArraySearcher, limit: int
) -> tuple[int, list[tuple[int, float]]]:
    """How many documents match, and the `limit` best of all segments as (number, score).

    Best first; of two with the same score the lower number. Closeness is looked at only in those
    documents that it can lift to where the best are.
    """
    base = node.a if isinstance(node, WithCloseness) else node
    evaluations = [_Evaluation(searcher, part) for part in searcher.parts]
    found = [evaluation.scored(base) for evaluation in evaluations]
    total = sum(map(len, found))
    if not total or limit <= 0:
        return total, []
    bases = [part.base for part in searcher.parts]
    if not isinstance(node, WithCloseness):
        return total, best_of(list(zip(found, bases, strict=True)), limit)
    least = lowest_of_best(found, limit) / (1 + node.most) * (1 - ROUNDING)
    lifted = [
        evaluation.with_closeness(above(one, least), node.runs)
        for evaluation, one in zip(evaluations, found, strict=True)
    ]
    return total, best_of(list(zip(lifted, bases, strict=True)), limit)


def matching(node: query.Query, searcher: ArraySearcher) -> list[DocSet]:
    """For each segment, the documents that match."""
    return [_Evaluation(searcher, part).docs(node) for part in searcher.parts]


class _Evaluation:
    """A query over one segment."""

    def __init__(self, searcher: ArraySearcher, part: Part) -> None:
        self.searcher = searcher
        self.part = part
        self.size = part.documents
        self.alive = part.alive
        self.among: DocSet | None = None
        self.nothing = DocSet(self.size, _NO_DOCS)

    # -- documents and scores

    def scored(self, node: query.Query) -> Found:
        form = _SCORED.get(type(node))
        return form(self, node) if form else self.by_matcher(node)

    def docs(self, node: query.Query) -> DocSet:
        form = _UNSCORED.get(type(node))
        return form(self, node) if form else self.scored(node).set

    def with_closeness(self, found: Found, runs: Sequence[Run]) -> Found:
        """A few documents, with what the runs add to their scores."""
        docs = found.set.docs
        scores = found.scores().copy()
        for run in runs:
            together = np.zeros(len(docs), dtype=np.bool_)
            for name, texts in run.phrases:
                together[self.standing(name, texts, run.reach, docs)] = True
            if together.any():
                self.among = DocSet(self.size, docs[together])
                given = [self.scored(part).times(run.share) for part in run.parts]
                self.among = None
                places = [docs.searchsorted(more.set.docs) for more in given]
                held = np.bincount(np.concatenate(places), minlength=len(docs))
                for more, at in zip(given, places, strict=True):
                    has_all = held[at] == len(given)
                    scores[at[has_all]] += more.scores()[has_all]
        return Found(found.set, scores)

    def standing(self, name: str, texts: Sequence[str], reach: int, docs: Numbers) -> Numbers:
        """Where those of a few documents stand that hold terms of a field behind each other."""
        phrase = query.Phrase(name, list(texts), slop=reach)
        if not self.has_positions(phrase):
            return np.flatnonzero(self.docs(phrase).holds(docs))
        words = [run for text in texts if (run := self.postings(name, text)) is not None]
        if len(words) < len(texts):
            return docs[:0]
        return standing_in(words, reach, docs)

    def by_matcher(self, node: query.Query) -> Found:
        """What Whoosh's own matcher gives for a node that has no array form.

        Matchers of nested documents may give one twice, or go back; the last score counts.
        """
        searcher = self.searcher.whoosh_part(self.part)
        matcher = node.matcher(searcher, searcher.context())
        scores: dict[int, float] = {}
        while matcher.is_active():
            scores[matcher.id()] = matcher.score()
            matcher.next()
        docs = np.array(sorted(scores), dtype=np.int64)
        ordered = np.fromiter(map(scores.__getitem__, docs.tolist()), np.float32, len(docs))
        return Found(DocSet(self.size, docs), ordered)

    def docs_by_matcher(self, node: query.Query) -> DocSet:
        searcher = self.searcher.whoosh_part(self.part)
        matcher = node.matcher(searcher, searcher.boolean_context())
        return DocSet(self.size, np.unique(np.fromiter(matcher.all_ids(), np.int64)))

    def every(self) -> DocSet:
        if self.alive is None:
            return DocSet(self.size, mask=np.ones(self.size, dtype=np.bool_))
        return DocSet(self.size, mask=self.alive)

    def live(self, docs: Numbers) -> DocSet:
        """The documents without those that are deleted."""
        return DocSet(self.size, docs if self.alive is None else docs[self.alive[docs]])

    def live_set(self, docs: DocSet) -> DocSet:
        return docs if self.alive is None else docs.common(self.every())

    # -- terms

    def terms(self, name: str) -> FieldTerms | None:
        """The terms of a field as arrays; None if it has none here."""
        arrays = self.part.arrays
        return arrays.field(name) if arrays is not None and name in self.searcher.schema else None

    def postings(self, name: str, text: Any) -> Postings | None:
        """The postings of a term; None if it does not occur here."""
        key = (self.part.number, name, text)
        return self.searcher.decoded.get(key, partial(self.decode, name, text))

    def decode(self, name: str, text: Any) -> Postings | None:
        number = self.searcher.numbers_of(name, text)[self.part.number]
        terms = self.terms(name) if number is not None else None
        if terms is None or number is None:
            return None
        return Postings(terms, number, self.size)

    def term(self, node: query.Term) -> Found:
        name = node.fieldname
        if self.part.arrays is None or not self.searcher.has_array_scores(name):
            return self.by_matcher(node)
        found = self.postings(name, node.text)
        if found is None:
            return Found(self.nothing, 0.0)
        if self.among is not None:
            places, held = places_among(self.among.docs, found.docs)
            kept, docs = places[held], DocSet(self.size, self.among.docs[held])
        elif self.alive is not None:
            kept = np.flatnonzero(self.alive[found.docs])
            docs = DocSet(self.size, found.docs[kept])
        else:
            return Found(found.set, partial(self.term_scores, node, found))

        def scores(at: Numbers | None) -> Scores:
            return self.term_scores(node, found, kept if at is None else kept[at])

        return Found(docs, scores)

    def term_scores(self, node: query.Term, found: Postings, places: Numbers | None) -> Scores:
        """The scores of a term in its documents, or in those at some places among them.

        BM25: `idf × w (k1 + 1) / (w + norm)`; the norm is that of the document's length. In a field
        that is not scorable, the weight itself.
        """
        boost = np.float32(node.boost)
        if not self.searcher.schema[node.fieldname].scorable:
            weights = found.weights()
            return (weights if places is None else weights[places]) * boost
        factor, norms = self.searcher.bm25(self.part, node.fieldname, node.text)
        scores = found.scores(places, factor, norms)
        return scores if boost == 1 else scores * boost

    def term_docs(self, node: query.Term) -> DocSet:
        if self.part.arrays is None:
            return self.docs_by_matcher(node)
        found = self.postings(node.fieldname, node.text)
        return self.live_set(found.set) if found else self.nothing

    def multi(self, node: query.MultiTerm) -> Found:
        """The documents that hold any of the terms that a pattern stands for.

        One or two terms have their own scores. More of them have 1 where the node asks for a
        constant score, yet in a large segment Whoosh adds up their own again.
        """
        name = node.field()
        terms = self.terms(name)
        if terms is None or not self.searcher.has_array_scores(name):
            is_absent = terms is None and self.part.arrays is not None
            return Found(self.nothing, 0.0) if is_absent else self.by_matcher(node)
        numbers = self.expanded(node, terms)
        is_constant = self.size <= LARGE_SEGMENT or len(numbers) >= query.Or.TOO_MANY_CLAUSES
        if node.constantscore and len(numbers) > 2 and is_constant:
            return Found(self.docs_of(terms, numbers), 1.0)
        words = (terms.term(number) for number in numbers.tolist())
        return self.combined([query.Term(name, word, node.boost) for word in words], np.add)

    def multi_docs(self, node: query.MultiTerm) -> DocSet:
        """The documents that hold any of the terms that a pattern stands for."""
        terms = self.terms(node.field())
        if terms is None:
            return self.docs_by_matcher(node) if self.part.arrays is None else self.nothing
        return self.docs_of(terms, self.expanded(node, terms))

    def expanded(self, node: query.MultiTerm, terms: FieldTerms) -> Numbers:
        """The numbers of the terms that a pattern stands for; the empty one is never meant."""
        if isinstance(node, query.TermRange):
            numbers = self.range_terms(node, terms)
        else:
            numbers = self.searcher.expanded(self.part, node)
        return numbers[1:] if len(numbers) and not terms.term(int(numbers[0])) else numbers

    def range_terms(self, node: query.TermRange, terms: FieldTerms) -> Numbers:
        """The numbers of the terms from the first to the last of a range."""
        encode = self.searcher.schema[node.fieldname].to_bytes
        try:
            start = b"" if node.start is None else encode(node.start)
            end = b"\xff\xff\xff\xff" if node.end is None else encode(node.end)
        except ValueError:
            return np.arange(0)
        first = terms.first_from(start + b"\0" if node.startexcl else start)
        return np.arange(first, terms.first_from(end if node.endexcl else end + b"\0"))

    def docs_of(self, terms: FieldTerms, numbers: Numbers) -> DocSet:
        """The documents that hold any of some terms."""
        return self.live_set(distinct(terms.docs_of(numbers), self.size))

    # -- numbers

    def number(self, node: query.NumericRange) -> Found:
        """The documents with a number in a range, all with the boost of the range as score."""
        if not node.constantscore:
            return self.by_matcher(node)
        return Found(self.number_docs(node), float(node.boost))

    def number_docs(self, node: query.NumericRange) -> DocSet:
        """The documents with a number in a range: a slice of the column's order."""
        column = self.number_column(node.fieldname)
        if column is None:
            if self.part.arrays is None:
                return self.docs_by_matcher(node)
            return self.docs(node._compile_query(self.searcher.whoosh_part(self.part).reader()))
        first, last = self.number_extent(node, column)
        assert column.order is not None
        return self.live_set(distinct(column.order[first:last], self.size))

    def column(self, node: query.ColumnQuery) -> Found:
        """The documents whose value of a column passes a test; Whoosh itself cannot score them."""
        reader = self.searcher.whoosh_part(self.part).reader()
        if not reader.has_column(node.fieldname):
            return Found(self.nothing, 0.0)
        asked, values = node.condition, reader.column_reader(node.fieldname)
        if callable(asked):
            docs = [doc for doc, value in enumerate(values) if asked(value)]
        else:
            docs = [doc for doc, value in enumerate(values) if value == asked]
        return Found(self.live(np.array(docs, dtype=np.int64)), 1.0)

    def number_column(self, name: str) -> NumberColumn | None:
        """A column that says all that the field says."""
        column = self.part.arrays.numbers(name) if self.part.arrays is not None else None
        return column if column is not None and column.order is not None else None

    def number_extent(self, node: query.NumericRange, column: NumberColumn) -> tuple[int, int]:
        """Where in the order of a column the numbers of a range start and end."""
        kind = self.searcher.schema[node.fieldname]
        low, high = _column_value(kind, node.start), _column_value(kind, node.end)
        first, last = 0, len(column.order)  # type: ignore[arg-type]
        if low is not None:
            first = _place(column, low, "right" if node.startexcl else "left")
        if high is not None:
            last = _place(column, high, "left" if node.endexcl else "right")
        return first, max(first, last)

    def restricted(self, docs: Numbers, node: query.Query) -> Any:
        """For each of some documents, whether a node matches it; None if that is no shorter."""
        if isinstance(node, query.ConstantScoreQuery):
            return self.restricted(docs, node.child)
        if not isinstance(node, query.NumericRange):
            return None
        column = self.number_column(node.fieldname)
        if column is None:
            return None
        first, last = self.number_extent(node, column)
        if (last - first) < len(docs):
            return None
        kind = self.searcher.schema[node.fieldname]
        values = column.values[docs]
        keep = np.ones(len(docs), dtype=np.bool_)
        if (low := _column_value(kind, node.start)) is not None:
            low = values.dtype.type(low)
            keep &= values > low if node.startexcl else values >= low
        if (high := _column_value(kind, node.end)) is not None:
            high = values.dtype.type(high)
            keep &= values < high if node.endexcl else values <= high
        present = column.present(docs)
        return keep if present is None else keep & present

    # -- positions

    def phrase(self, node: query.Phrase) -> Found:
        """Words one behind the other; the score is the sum of the words' scores, as in Whoosh."""
        if self.is_absent(node):
            return Found(self.nothing, 0.0)
        if not self.has_positions(node) or not self.searcher.has_array_scores(node.fieldname):
            return self.by_matcher(node)
        words, docs = self.phrase_found(node)
        if not len(docs):
            return Found(docs, 0.0)
        parts = [
            self.term_scores(query.Term(node.fieldname, text), run, run.places_of(docs.docs))
            for text, run in zip(node.words, words, strict=True)
        ]
        return Found(docs, reduce(np.add, parts)).times(node.boost)

    def phrase_docs(self, node: query.Phrase) -> DocSet:
        if self.is_absent(node):
            return self.nothing
        if not self.has_positions(node):
            return self.docs_by_matcher(node)
        return self.phrase_found(node)[1]

    def is_absent(self, node: query.Phrase) -> bool:
        """Whether the field of a phrase has no terms in this segment."""
        return self.part.arrays is not None and self.terms(node.fieldname) is None

    def has_positions(self, node: query.Phrase) -> bool:
        """Whether a phrase can be looked for in arrays."""
        terms = self.terms(node.fieldname)
        return terms is not None and terms.has("positions") and len(node.words) > 1

    def phrase_found(self, node: query.Phrase) -> tuple[list[Postings], DocSet]:
        """The postings of the words of a phrase, and the documents that hold it."""
        runs = [self.postings(node.fieldname, word) for word in node.words]
        words = [run for run in runs if run is not None]
        if len(words) < len(runs):
            return words, self.nothing
        return words, self.live(phrase_docs(words, node.slop))

    # -- the algebra

    def all_of(self, node: query.And) -> Found:
        """What every child matches, the scores added; a Not adds 1, as it does in Whoosh."""
        wanted = [child for child in node.children() if not isinstance(child, query.Not)]
        excluded = [child.query for child in node.children() if isinstance(child, query.Not)]
        if not wanted:
            if not excluded:
                return Found(self.nothing, 0.0)
            parts = [Found(self.every(), 0.0)]
        else:
            parts = [self.scored(child) for child in wanted]
        parts.sort(key=len)
        common = reduce(DocSet.common, [part.set for part in parts])
        for other in excluded:
            common = common.without(self.docs(other))
        constants = [part.constant for part in parts if part.constant is not None]
        constants += [1.0] * len(excluded)
        varying = [part for part in parts if part.constant is None]
        if not varying:
            return Found(common, float(sum(constants))).times(node.boost)
        docs = common.docs
        scores = reduce(np.add, [part.scores_of(docs) for part in varying])
        if constants:
            scores = scores + np.float32(sum(constants))
        return Found(DocSet(self.size, docs), scores).times(node.boost)

    def any_of(self, node: query.Or) -> Found:
        if node.scale:
            return self.by_matcher(node)
        return self.combined(node.subqueries, np.add).times(node.boost)

    def highest_of(self, node: query.DisjunctionMax) -> Found:
        """What any child matches, with the highest score; Whoosh heeds no tie-break."""
        return self.combined(node.subqueries, np.maximum).times(node.boost)

    def combined(self, nodes: Sequence[query.Query], combine: np.ufunc) -> Found:
        found = [self.scored(node) for node in nodes]
        parts = [part for part in found if len(part)]
        if not parts:
            return Found(self.nothing, 0.0)
        return parts[0] if len(parts) == 1 else merged(parts, self.size, combine)

    def any_docs(self, node: query.Or | query.DisjunctionMax) -> DocSet:
        parts = [self.docs(child) for child in node.children()]
        return union(parts, self.size) if parts else self.nothing

    def all_docs(self, node: query.And) -> DocSet:
        if any(isinstance(child, query.Not) for child in node.children()):
            return self.all_of(node).set
        parts = sorted((self.docs(child) for child in node.children()), key=len)
        return reduce(DocSet.common, parts) if parts else self.nothing

    def complement(self, node: query.Not) -> Found:
        return Found(self.every().without(self.docs(node.query)), 1.0)

    def without(self, node: query.AndNot) -> Found:
        return self.scored(node.a).without(self.docs(node.b))

    def without_docs(self, node: query.AndNot) -> DocSet:
        return self.docs(node.a).without(self.docs(node.b))

    def required(self, node: query.Require) -> Found:
        found = self.scored(node.a)
        if not found.set.is_mask:
            keep = self.restricted(found.set.docs, node.b)
            if keep is not None:
                return found.only(DocSet(self.size, found.set.docs[keep]))
        return found.only(self.docs(node.b))

    def required_docs(self, node: query.Require) -> DocSet:
        found = self.docs(node.a)
        if not found.is_mask:
            keep = self.restricted(found.docs, node.b)
            if keep is not None:
                return DocSet(self.size, found.docs[keep])
        return found.common(self.docs(node.b))

    def and_maybe(self, node: query.AndMaybe) -> Found:
        found = self.scored(node.a)
        return _added(found, self.scored(node.b)) if len(found) else found

    def with_prior(self, node: WithPrior) -> Found:
        """Each score with the share that a number of the document adds to it."""
        found = self.scored(node.child)
        docs = found.set.docs
        arrays = self.part.arrays
        column = arrays.numbers(node.prior.field) if arrays is not None else None
        shares = shares_of(node.prior, column, docs)
        return Found(DocSet(self.size, docs), found.scores_of(docs) * (1 + shares))

    def otherwise(self, node: query.Otherwise) -> Found:
        """What the first child matches; if it is nothing in this segment, what the second does."""
        found = self.scored(node.a)
        return found if len(found) else self.scored(node.b)

    def constant(self, node: query.ConstantScoreQuery) -> Found:
        return Found(self.docs(node.child), float(node.score))

    def all_posts(self, node: query.Every) -> Found:
        boost = float(node.boost)
        if node.fieldname is None:
            return Found(self.every(), boost)
        terms = self.terms(node.fieldname)
        if terms is not None:
            return Found(self.docs_of(terms, np.arange(len(terms))), boost)
        return self.by_matcher(node)


def _added(found: Found, more: Found) -> Found:
    """The documents of the first, with what the second gives to those that it holds too."""
    if not len(more):
        return found
    common = found.set.common(more.set)
    if not len(common):
        return found
    docs = found.set.docs
    scores = found.scores_of(docs).copy()
    scores[docs.searchsorted(common.docs)] += more.scores_of(common.docs)
    return Found(DocSet(found.set.size, docs), scores)


_NO_DOCS: Numbers = np.zeros(0, dtype=np.int64)

ROUNDING = 1e-5
"""A sum of float32 scores may be off by such a share of it."""

LARGE_SEGMENT = 5000
"""In segments of more documents Whoosh's Or goes from match to match, not over an array."""


def _column_value(kind: FieldType, bound: Any) -> int | float | None:
    """A bound of a range as the column of the field holds numbers; of dates, nodes have these."""
    if bound is None:
        return None
    if isinstance(bound, int) and isinstance(kind.from_column_value(0), datetime):
        return bound
    value: int | float = kind.to_column_value(bound)
    return value


def _place(column: NumberColumn, bound: float, side: Any) -> int:
    """Where in the order of a column a number would stand."""
    values, order = column.values, column.order
    assert order is not None
    low, high = 0, len(order)
    while low < high:
        middle = (low + high) // 2
        value = values[order[middle]]
        if value < bound or (side == "right" and value == bound):
            low = middle + 1
        else:
            high = middle
    return low


_Scored = Callable[[_Evaluation, Any], Found]
_Unscored = Callable[[_Evaluation, Any], DocSet]
_SCORED: dict[type, _Scored] = {
    query.Term: _Evaluation.term,
    query.Prefix: _Evaluation.multi,
    query.Wildcard: _Evaluation.multi,
    query.Regex: _Evaluation.multi,
    query.FuzzyTerm: _Evaluation.multi,
    query.Variations: _Evaluation.multi,
    query.TermRange: _Evaluation.multi,
    query.NumericRange: _Evaluation.number,
    query.DateRange: _Evaluation.number,
    query.ColumnQuery: _Evaluation.column,
    query.Phrase: _Evaluation.phrase,
    query.And: _Evaluation.all_of,
    query.Or: _Evaluation.any_of,
    query.DisjunctionMax: _Evaluation.highest_of,
    query.Not: _Evaluation.complement,
    query.AndNot: _Evaluation.without,
    query.Require: _Evaluation.required,
    query.AndMaybe: _Evaluation.and_maybe,
    WithCloseness: _Evaluation.and_maybe,
    WithPrior: _Evaluation.with_prior,
    query.Otherwise: _Evaluation.otherwise,
    query.ConstantScoreQuery: _Evaluation.constant,
    query.Every: _Evaluation.all_posts,
}
_UNSCORED: dict[type, _Unscored] = {
    query.Term: _Evaluation.term_docs,
    query.Prefix: _Evaluation.multi_docs,
    query.Wildcard: _Evaluation.multi_docs,
    query.Regex: _Evaluation.multi_docs,
    query.FuzzyTerm: _Evaluation.multi_docs,
    query.Variations: _Evaluation.multi_docs,
    query.Or: _Evaluation.any_docs,
    query.DisjunctionMax: _Evaluation.any_docs,
    query.And: _Evaluation.all_docs,
    query.AndNot: _Evaluation.without_docs,
    query.Require: _Evaluation.required_docs,
    query.AndMaybe: lambda evaluation, node: evaluation.docs(node.a),
    WithCloseness: lambda evaluation, node: evaluation.docs(node.a),
    WithPrior: lambda evaluation, node: evaluation.docs(node.child),
    query.Phrase: _Evaluation.phrase_docs,
    query.NumericRange: _Evaluation.number_docs,
    query.DateRange: _Evaluation.number_docs,
    query.TermRange: _Evaluation.multi_docs,
    query.NullQuery.__class__: lambda evaluation, node: evaluation.nothing,
    query.ConstantScoreQuery: lambda evaluation, node: evaluation.docs(node.child),
}
