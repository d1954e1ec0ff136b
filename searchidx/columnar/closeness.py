"""A node of a query that counts words a little more where they stand as they do in the query.

It only reorders: arrays look at the positions of those documents alone that it can lift among the
best.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

from whoosh import query


class Run(NamedTuple):
    """Words that follow each other. Where one of the phrases (a field and terms of it) stands, each
    term at most `reach` positions behind the one before, the document gets `share` of what the
    `parts` give it."""

    parts: tuple[query.Query, ...]
    phrases: tuple[tuple[str, tuple[str, ...]], ...]
    reach: int
    share: float

    def node(self) -> query.Query:
        """The same in nodes of Whoosh."""
        given = query.And(list(self.parts), boost=self.share)
        return query.Require(given, query.Or(self.phrase_nodes()))

    def phrase_nodes(self) -> list[query.Phrase]:
        """The phrases, field by field."""
        return [query.Phrase(name, list(ts), slop=self.reach) for name, ts in self.phrases]


class WithCloseness(query.AndMaybe):  # type: ignore[misc]
    """What `a` matches, with what the runs add to its scores; to Whoosh, an AndMaybe."""

    def __init__(self, a: query.Query, runs: Sequence[Run]) -> None:
        self.a = a
        self.runs = tuple(runs)

    @cached_property
    def b(self) -> query.Query:
        """The runs as nodes of Whoosh."""
        return query.Or([run.node() for run in self.runs])

    @property
    def subqueries(self) -> tuple[query.Query, query.Query]:
        return self.a, self.b

    @property
    def most(self) -> float:
        """The runs add at most this share of what `a` gives, if it gives what their parts do."""
        share: dict[query.Query, float] = {}
        for run in self.runs:
            for part in run.parts:
                share[part] = share.get(part, 0.0) + run.share
        return max(share.values(), default=0.0)

    def apply(self, function: Callable[[query.Query], query.Query]) -> query.Query:
        return query.AndMaybe(self.a, self.b).apply(function)

    def with_boost(self, boost: float) -> query.Query:
        return query.AndMaybe(self.a, self.b).with_boost(boost)

    def normalize(self) -> query.Query:
        return query.AndMaybe(self.a, self.b).normalize()
