"""Which posts answer a query, and in which order: those with all of its words, then the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from whoosh import query

from searchidx.columnar.closeness import WithCloseness
from searchidx.columnar.prior import Prior, WithPrior
from searchidx.query.vocabulary import ParsedQuery
from searchidx.results import Matched
from searchidx.settings import Match
from searchidx.store.ordering import SortKey
from searchidx.store.snapshot import Snapshot

Scored = list[tuple[int, float]]


class Asked(NamedTuple):
    """A query as two trees: all of its words, and any of them (None where that is the same)."""

    strict: query.Query
    loose: query.Query | None = None

    @classmethod
    def of(cls, parsed: ParsedQuery) -> Asked:
        """A query as it was understood."""
        return cls(parsed.lifted(parsed.tree), parsed.loose and parsed.lifted(parsed.loose))

    def narrowed(self, narrow: Callable[[query.Query], query.Query]) -> Asked:
        """The same with both trees changed, but for how words stand."""
        return Asked(_narrowed(self.strict, narrow), self.loose and _narrowed(self.loose, narrow))

    def weighed(self, priors: Sequence[Prior]) -> Asked:
        """The same with what posts count before anything is asked."""
        asked = self
        for prior in priors:
            asked = asked.narrowed(partial(_with_prior, prior))
        return asked


class Answer(NamedTuple):
    """The posts up to the end of a page, best first: number, score, and how each matched.

    `total` counts all that match, `total_all` those with all words; `tree` matches what is counted
    in facets.
    """

    total: int
    total_all: int
    posts: tuple[tuple[int, float, Matched], ...]
    tree: query.Query


def answer(
    snapshot: Snapshot, asked: Asked, match: Match, keys: Sequence[SortKey], wanted: int
) -> Answer:
    """The first `wanted` posts that answer a query.

    BEST adds posts with some of the words behind those with all, when these are fewer than wanted;
    in the order of fields, where `some` would stand anywhere, only when there is none with all.
    """
    if asked.loose is None or match is Match.ALL:
        total, posts = _posts(snapshot, asked.strict, keys, wanted)
        return Answer(total, total, _marked(posts, Matched.ALL), asked.strict)
    if match is Match.ANY:
        return _any(snapshot, asked.strict, asked.loose, keys, wanted)
    found, posts = _posts(snapshot, asked.strict, keys, wanted)
    if found >= max(wanted, 1) or (found and keys):
        return Answer(found, found, _marked(posts, Matched.ALL), asked.strict)
    rest = asked.loose
    if found:
        rest = _narrowed(rest, lambda tree: query.AndNot(tree, asked.strict))
    others, more = _posts(snapshot, rest, keys, max(0, wanted - found))
    marked = _marked(posts, Matched.ALL) + _marked(more, Matched.SOME)
    return Answer(found + others, found, marked, asked.strict if found else asked.loose)


def _any(
    snapshot: Snapshot,
    strict: query.Query,
    loose: query.Query,
    keys: Sequence[SortKey],
    wanted: int,
) -> Answer:
    total, posts = _posts(snapshot, loose, keys, wanted)
    every = snapshot.matching(strict)
    has_all = np.isin([number for number, _ in posts], every).tolist()
    marked = tuple(
        (number, score, Matched.ALL if is_all else Matched.SOME)
        for (number, score), is_all in zip(posts, has_all, strict=True)
    )
    return Answer(total, len(every), marked, loose)


def _posts(
    snapshot: Snapshot, tree: query.Query, keys: Sequence[SortKey], wanted: int
) -> tuple[int, Scored]:
    """How many posts match a tree, and the first of them."""
    if not keys:
        return snapshot.best(tree, wanted)
    total, numbers = snapshot.ordered(tree, keys, wanted)
    return total, [(number, 0.0) for number in numbers]


def _marked(posts: Scored, matched: Matched) -> tuple[tuple[int, float, Matched], ...]:
    return tuple([(number, score, matched) for number, score in posts])


def _with_prior(prior: Prior, tree: query.Query) -> query.Query:
    return WithPrior(tree, prior)


def _narrowed(tree: query.Query, narrow: Callable[[query.Query], query.Query]) -> query.Query:
    """A tree that is changed where closeness is still looked at last."""
    if isinstance(tree, WithCloseness):
        return WithCloseness(narrow(tree.a), tree.runs)
    return narrow(tree)
