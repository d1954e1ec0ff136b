"""How a score came about: the query tree again, with what each node gave to one post.

The score of a word, a phrase or a pattern is read from Whoosh's own matcher at that post, and what
joins them is added up here; the parts add up to what a search by relevance returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from whoosh import query
from whoosh.searching import Searcher

from searchidx.analysis import slots, stemmer
from searchidx.answers import Explanation
from searchidx.columnar.closeness import WithCloseness
from searchidx.columnar.prior import WithPrior, shares_of
from searchidx.columnar.read import arrays_of
from searchidx.names import ANY, any_language_of
from searchidx.settings import FieldKind, FieldSpec


def explain(
    node: query.Query, searcher: Searcher, number: int, specs: Sequence[FieldSpec]
) -> Explanation | None:
    """What `node` gave to document `number` of a segment's searcher; None without a match."""

    def told(child: query.Query) -> Explanation | None:
        return explain(child, searcher, number, specs)

    match node:
        case WithCloseness():
            base = told(node.a)
            return base and _sum("words and how they stand", [base, *_runs(node, told)])
        case WithPrior():
            before = told(node.child)
            return before and _sum("with prior", [before, _prior(node, searcher, number, before)])
        case query.AndNot():
            return None if told(node.b) else told(node.a)
        case query.Require():
            return told(node.a) if told(node.b) else None
        case query.Not():
            return None if told(node.query) else Explanation("not excluded", 1.0)
        case query.AndMaybe():
            required = told(node.a)
            return required and _sum("and maybe", [required, told(node.b)])
        case query.And():
            every = [told(child) for child in node.children()]
            return None if None in every else _sum("all of", every, node.boost)
        case query.Or():
            return _sum("any of", [told(child) for child in node.children()], node.boost)
        case query.DisjunctionMax() if not node.tiebreak:
            found = filter(None, [told(child) for child in node.children()])
            return max(found, key=lambda part: part.score, default=None)
        case query.ConstantScoreQuery():
            matched = told(node.child)
            return matched and Explanation(_name(node), node.score)
    score = _score(node, searcher, number)
    if score is None:
        return None
    fields = _by_field(node, searcher, number, specs, score)
    return Explanation(_name(node), score, fields, _details(node, searcher))


def _prior(
    node: WithPrior, searcher: Searcher, number: int, found: Explanation
) -> Explanation | None:
    """What the number of the post adds to a score."""
    arrays, name = arrays_of(searcher.reader()), node.prior.field
    column = arrays.numbers(name) if arrays is not None else None
    share = float(shares_of(node.prior, column, np.array([number]))[0])
    what = f"prior: {name}"
    return Explanation(what, found.score * share, (), f"× {share:.3f}") if share > 1e-6 else None


def _runs(
    node: WithCloseness, told: Callable[[query.Query], Explanation | None]
) -> Iterator[Explanation]:
    """What each run of words that stands in the post as in the query gave."""
    for run in node.runs:
        if found := told(run.node()):
            fields = [n for n in run.phrase_nodes() if told(n)]
            name = " ".join(fields[0].words)
            where = ", ".join(field.fieldname for field in fields)
            yield Explanation(f'close: "{name}"', found.score, (), f"in {where}, × {run.share:g}")


def _by_field(
    node: query.Query, searcher: Searcher, number: int, specs: Sequence[FieldSpec], score: float
) -> tuple[Explanation, ...]:
    """What each field gave to a plain word: shares of its score, as the weighted counts are."""
    if not isinstance(node, query.Term) or node.fieldname != ANY:
        return ()
    stored = searcher.stored_fields(number)
    counts = []
    for spec in specs:
        if spec.default and spec.kind in (FieldKind.TEXT, FieldKind.KEYWORD):
            stem = stemmer(any_language_of(spec, specs))
            found = (slot for text in stored.get(spec.name, ()) for slot in slots(text))
            terms = (stem(term) for slot in found for term in (slot.term, *slot.also))
            if count := sum(term == node.text for term in terms):
                counts.append((spec, count))
    whole = sum(spec.weight * count for spec, count in counts)
    return tuple(
        Explanation(
            f"{spec.name}:{node.text}",
            score * spec.weight * count / whole,
            (),
            f"{count} × weight {spec.weight:g}",
        )
        for spec, count in counts
    )


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
