"""How a score came about: the query tree again, with what each node gave to one post.

Every node's score is read from Whoosh's own matcher at that post, so the parts add up to what a
search returned.
"""

from __future__ import annotations

from collections.abc import Iterable

from whoosh import query
from whoosh.searching import Searcher

from searchidx.results import Explanation


def explain(node: query.Query, searcher: Searcher, number: int) -> Explanation | None:
    """What `node` gave to document `number` of a segment's searcher; None without a match."""
    if isinstance(node, query.AndNot):
        return None if explain(node.b, searcher, number) else explain(node.a, searcher, number)
    if isinstance(node, query.Require):
        return explain(node.a, searcher, number) if explain(node.b, searcher, number) else None
    if isinstance(node, query.Not):
        return None if explain(node.query, searcher, number) else Explanation("not excluded", 1.0)
    if isinstance(node, query.AndMaybe):
        required = explain(node.a, searcher, number)
        return required and _sum("and maybe", [required, explain(node.b, searcher, number)])
    if isinstance(node, query.And):
        parts = [explain(child, searcher, number) for child in node.children()]
        scored = [
            part
            for part, child in zip(parts, node.children(), strict=True)
            if not isinstance(child, query.Not)
        ]
        return None if None in parts else _sum("all of", scored or parts[:1], node.boost)
    if isinstance(node, query.Or):
        parts = [explain(child, searcher, number) for child in node.children()]
        return _sum("any of", parts, node.boost)
    if isinstance(node, query.DisjunctionMax) and not node.tiebreak:
        found = [explain(child, searcher, number) for child in node.children()]
        return max(filter(None, found), key=lambda part: part.score, default=None)
    if isinstance(node, query.ConstantScoreQuery):
        matched = explain(node.child, searcher, number)
        return matched and Explanation(_name(node), node.score)
    score = _score(node, searcher, number)
    return None if score is None else Explanation(_name(node), score, (), _details(node, searcher))


def _sum(what: str, parts: Iterable[Explanation | None], boost: float = 1.0) -> Explanation | None:
    found = tuple(_scaled(part, boost) for part in parts if part is not None)
    if not found:
        return None
    return found[0] if len(found) == 1 else Explanation(what, sum(p.score for p in found), found)


def _scaled(part: Explanation, boost: float) -> Explanation:
    if boost == 1.0:
        return part
    parts = tuple(_scaled(inner, boost) for inner in part.parts)
    return Explanation(part.what, part.score * boost, parts, f"{part.details} × {boost:g}".strip())


def _score(node: query.Query, searcher: Searcher, number: int) -> float | None:
    matcher = node.matcher(searcher, searcher.context())
    if matcher.is_active() and matcher.id() < number:
        matcher.skip_to(number)
    if not matcher.is_active() or matcher.id() != number:
        return None
    return float(matcher.score())


def _name(node: query.Query) -> str:
    if isinstance(node, query.ConstantScoreQuery):
        return _name(node.child)
    if isinstance(node, query.Term):
        return f"{node.fieldname}:{node.text}"
    if isinstance(node, query.Phrase):
        near = f"~{node.slop}" if node.slop > 1 else ""
        return f'{node.fieldname}:"{" ".join(node.words)}"{near}'
    if isinstance(node, query.FuzzyTerm):
        return f"{node.fieldname}:{node.text}~{node.maxdist}"
    if isinstance(node, query.Prefix):
        return f"{node.fieldname}:{node.text}*"
    if isinstance(node, query.Wildcard):
        return f"{node.fieldname}:{node.text}"
    if isinstance(node, query.Regex):
        return f"{node.fieldname}:/{node.text}/"
    if isinstance(node, query.And | query.Or):
        glue = " AND " if isinstance(node, query.And) else " OR "
        return glue.join(_name(child) for child in node.children())
    if isinstance(node, query.Every):
        return "*"
    field = node.field()
    return f"{field}:{type(node).__name__}" if field else type(node).__name__


def _details(node: query.Query, searcher: Searcher) -> str:
    """For a term: how many posts of the whole index hold it, its idf, and its weight."""
    if not isinstance(node, query.Term):
        return ""
    whole = searcher.get_parent()
    frequency = whole.reader().doc_frequency(node.fieldname, node.text)
    idf = whole.idf(node.fieldname, node.text)
    return f"in {frequency} posts, idf {idf:.3f}, weight {node.boost:g}"
