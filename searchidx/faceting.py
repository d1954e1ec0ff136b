"""Facets: how many of the matching posts have each value of a field, month, or range of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from searchidx.counts import CrossCounts, FacetCount
from searchidx.errors import QueryError
from searchidx.names import names_of
from searchidx.patterns import late_pattern
from searchidx.posts.model import number_text
from searchidx.query.clauses import date_query, required, steps_query, value_query
from searchidx.query.vocabulary import field_of
from searchidx.settings import FieldKind, FieldSpec, find_field

if TYPE_CHECKING:
    from whoosh import query

    from searchidx.columnar.found import DocSet
    from searchidx.store.snapshot import Snapshot

UNITS = {"day": "D", "month": "M", "year": "Y"}
"""The steps of a date, and NumPy's letters for them."""

_STEP = late_pattern(r"\d{1,9}(\.\d{1,6})?")


class Facet(NamedTuple):
    """What is counted: the values of a field, or its dates or numbers in steps.

    `step` is `day`, `month` or `year` for a date; for a number how wide a step is, or empty.
    """

    spec: FieldSpec
    step: str = ""


def facet_of(name: str, fields: Sequence[FieldSpec]) -> Facet:
    """The facet called `topics`, `date:month`, `quality:25`, or `year`, which is `date:year`.

    Raises: QueryError for a field or a step that there is not.
    """
    dated = next((spec for spec in fields if spec.kind is FieldKind.DATE), None)
    if name in UNITS and dated and not find_field(fields, name):
        return Facet(dated, name)
    field, colon, step = name.partition(":")
    spec = field_of(field, fields)
    if spec.kind is FieldKind.DATE and step in ("", *UNITS):
        return Facet(spec, step or "day")
    is_width = _STEP.fullmatch(step) and float(step) > 0
    if not colon or (spec.kind is FieldKind.NUMBER and is_width):
        return Facet(spec, step)
    hints = {
        FieldKind.DATE: f"write {spec.name}:{', '.join(UNITS)}",
        FieldKind.NUMBER: f"write how wide a step is, such as {spec.name}:25",
    }
    hint = hints.get(spec.kind, f"write {spec.name} alone")
    start = len(field) + 1
    raise QueryError(name, start, f"{spec.name} has no step {step!r}", hint, len(name))


def facet_counts(
    snapshot: Snapshot, facet: Facet, found: Sequence[DocSet], most: int = 0
) -> list[FacetCount]:
    """The values among some documents; dates and numbers ascending, others in no order.

    Values that differ by case only are one. With `most`, only so many texts, the most frequent, are
    given: how posts write each has to be looked up.
    """
    spec = facet.spec
    match spec.kind:
        case FieldKind.DATE:
            rows = snapshot.date_counts(spec, found, UNITS[facet.step])
            return [FacetCount(text, count) for text, count in rows]
        case FieldKind.NUMBER:
            numbers = snapshot.number_counts(spec, found, float(facet.step or 0))
            return [FacetCount(number_text(value), count) for value, count in numbers]
        case FieldKind.BOOL:
            terms = snapshot.value_counts(spec.name, found)
            return [FacetCount("yes" if term == "t" else "no", count) for term, count, _ in terms]
    column = names_of(spec).value
    counts = snapshot.first_value_counts if spec.interchangeable else snapshot.value_counts
    texts = counts(column, found)
    if most and len(texts) > most:
        texts = sorted(texts, key=lambda row: (-row[1], row[0]))[:most]
    spelt = snapshot.spellings(spec, [(term, number) for term, _, number in texts])
    return [FacetCount(text, count) for text, (_, count, _) in zip(spelt, texts, strict=True)]


def by_count(rows: Iterable[FacetCount]) -> tuple[FacetCount, ...]:
    """The most frequent value first; of two with the same count the one first in the alphabet."""
    return tuple(sorted(rows, key=lambda row: (-row.count, row.value)))


def is_ordered(facet: Facet) -> bool:
    """Whether the values have an order of their own, in which a histogram shows them."""
    return facet.spec.kind in (FieldKind.DATE, FieldKind.NUMBER)


def cross_counts(
    snapshot: Snapshot, pair: tuple[Facet, Facet], tree: query.Query, most: tuple[int, int]
) -> CrossCounts:
    """How many of the matches have each value of one facet together with each of another.

    The `most` frequent values of each are kept: (rows, columns). A post with several values counts
    once for each.
    """
    found = snapshot.found(tree)
    rows, columns = (
        _kept(facet, facet_counts(snapshot, facet, found, limit), limit)
        for facet, limit in zip(pair, most, strict=True)
    )
    by_column = []
    for column in columns:
        inside = snapshot.found(required(tree, value_tree(pair[1], column.value)))
        counts = {row.value: row.count for row in facet_counts(snapshot, pair[0], inside)}
        by_column.append([counts.get(row.value, 0) for row in rows])
    table = tuple(zip(*by_column, strict=True)) if columns else ()
    return CrossCounts(tuple(rows), tuple(columns), table)


def _kept(facet: Facet, rows: list[FacetCount], limit: int) -> list[FacetCount]:
    """The most frequent values, in the order in which they are shown."""
    kept = by_count(rows)[:limit]
    return [row for row in rows if row in kept] if is_ordered(facet) else list(kept)


def value_tree(facet: Facet, value: str) -> query.Query:
    """The query for the posts that count for a value of a facet."""
    spec = facet.spec
    match spec.kind:
        case FieldKind.DATE:
            return date_query(spec, "", value, datetime.now(UTC))
        case FieldKind.NUMBER | FieldKind.BOOL:
            return steps_query(spec, value, float(facet.step or 0))
    return value_query(names_of(spec), value)
