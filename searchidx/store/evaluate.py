"""A query tree over one segment gives the documents that match, with scores.

The algebra of And, Or, Not and their kin is done here, on whole sets of documents; Whoosh's own
matchers are asked only for the leaves (terms, phrases, patterns, ranges, spans).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from whoosh import query
from whoosh.searching import Searcher

Scores = dict[int, float]


def evaluate(node: query.Query, searcher: Searcher) -> Scores:
    """Document number -> score, for every document of the segment that matches, as Whoosh scores.

    `And` and `Or` add the scores of their parts, `DisjunctionMax` takes the highest, `AndMaybe`
    adds those of its second part where it matches, `AndNot` and `Require` keep those of their first
    part. A document that is only not excluded scores 1.
    """
    if isinstance(node, query.ConstantScoreQuery):
        return dict.fromkeys(matching(node.child, searcher), node.score)
    if isinstance(node, query.And):
        return _scaled(_all_of(list(node.children()), searcher), node.boost)
    if isinstance(node, query.Or) and not node.scale:
        return _scaled(_sum(evaluate(child, searcher) for child in node.children()), node.boost)
    if isinstance(node, query.DisjunctionMax) and not node.tiebreak:
        return _scaled(_best(evaluate(child, searcher) for child in node.children()), node.boost)
    if isinstance(node, query.Not):
        excluded = matching(node.query, searcher)
        return {number: 1.0 for number in _every(searcher) if number not in excluded}
    if isinstance(node, query.AndNot | query.Require | query.AndMaybe):
        return _first_part(node, searcher)
    return _leaf(node, searcher)


def matching(node: query.Query, searcher: Searcher) -> set[int]:
    """The numbers of the documents of the segment that match."""
    if isinstance(node, query.ConstantScoreQuery):
        return matching(node.child, searcher)
    if isinstance(node, query.Or | query.DisjunctionMax):
        return set().union(*(matching(child, searcher) for child in node.children()))
    if isinstance(node, query.CompoundQuery | query.Not):
        return set(evaluate(node, searcher))
    return set(node.matcher(searcher, searcher.boolean_context()).all_ids())


def _first_part(node: query.AndNot | query.Require | query.AndMaybe, searcher: Searcher) -> Scores:
    scores = evaluate(node.a, searcher)
    if isinstance(node, query.AndMaybe):
        for number, score in evaluate(node.b, searcher).items():
            if number in scores:
                scores[number] += score
        return scores
    other = matching(node.b, searcher)
    keep = isinstance(node, query.Require)
    return {number: score for number, score in scores.items() if (number in other) is keep}


def _all_of(children: Sequence[query.Query], searcher: Searcher) -> Scores:
    excluding = [child for child in children if isinstance(child, query.Not)]
    parts = [evaluate(child, searcher) for child in children if not isinstance(child, query.Not)]
    if not parts and not excluding:
        return {}
    if not parts:
        parts = [dict.fromkeys(_every(searcher), 1.0)]
    common = set(parts[0]).intersection(*parts[1:])
    for child in excluding:
        common -= matching(child.query, searcher)
    return {number: sum(part[number] for part in parts) for number in common}


def _sum(parts: Iterable[Scores]) -> Scores:
    total: Scores = {}
    for part in parts:
        for number, score in part.items():
            total[number] = total.get(number, 0.0) + score
    return total


def _best(parts: Iterable[Scores]) -> Scores:
    best: Scores = {}
    for part in parts:
        for number, score in part.items():
            best[number] = max(score, best.get(number, score))
    return best


def _scaled(scores: Scores, boost: float) -> Scores:
    if boost == 1.0:
        return scores
    return {number: score * boost for number, score in scores.items()}


def _leaf(node: query.Query, searcher: Searcher) -> Scores:
    matcher = node.matcher(searcher, searcher.context())
    scores: Scores = {}
    while matcher.is_active():
        scores[matcher.id()] = matcher.score()
        matcher.next()
    return scores


def _every(searcher: Searcher) -> Iterable[int]:
    numbers: Iterable[int] = searcher.reader().all_doc_ids()
    return numbers
