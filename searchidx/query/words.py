"""Words typed plainly, and the trees that they become.

Posts with all of the words match strictly, posts with any of them loosely. Words that nearly every
text has (stop words) are required only where nothing else is looked for. What stands in a text as
it stands in the query adds to the score: two words side by side, the whole query, a title.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from whoosh import query

from searchidx.analysis import LONGEST_VALUE, fold_value
from searchidx.columnar.closeness import Run
from searchidx.query import clauses

CLOSENESS = 0.05
"""Two words that stand in a field as they stand in the query count so much more, as a share of what
they count alone."""

EXACT_TITLE = 100.0
"""What a post gets for each word of a query that is its title: far more than words give."""

MOST_PAIRS = 64
"""So many pairs of a query are looked for; longer ones are whole pages."""


class PlainWord(NamedTuple):
    """A word as it was typed: one term, or several for one such as `covid-19`.

    `node` matches the posts that hold it, `parts` has a node for each of its `terms` (unstemmed),
    None for a stop word inside. `others` match what may stand in its place.
    """

    terms: tuple[str, ...]
    node: query.Query
    parts: tuple[query.Query | None, ...]
    is_stop_word: bool = False
    is_required: bool = False
    others: tuple[query.Query, ...] = ()

    def required(self) -> PlainWord:
        """The word where an operator asks for it."""
        return self._replace(is_stop_word=False, is_required=True)


class Conjunction(NamedTuple):
    """Everything that one query asks for at once; any of it may be empty."""

    words: tuple[PlainWord, ...] = ()
    looked_for: tuple[query.Query, ...] = ()
    filters: tuple[query.Query, ...] = ()
    excluded: tuple[query.Query, ...] = ()

    def joined(self, other: Conjunction) -> Conjunction:
        """What both ask for."""
        return Conjunction(
            self.words + other.words,
            self.looked_for + other.looked_for,
            self.filters + other.filters,
            self.excluded + other.excluded,
        )

    @property
    def telling(self) -> tuple[PlainWord, ...]:
        """The words without stop words, unless there is nothing else to look for."""
        telling = tuple(word for word in self.words if not word.is_stop_word)
        return telling if telling or self.looked_for else self.words

    def strict(self) -> query.Query:
        """What matches all of it."""
        return self._tree([*_counted(word.node for word in self.telling), *self.looked_for])

    def loose(self, more: Sequence[query.Query] = ()) -> query.Query | None:
        """What matches any of the words, or `more`, and everything else; None if that is the same
        as all of them."""
        if len(self.words) < 2 and not more:
            return None
        free = [word for word in self.telling if not word.is_required]
        if len(free) + bool(more) < 2 or not free:
            return None
        held = _counted(word.node for word in self.telling if word.is_required)
        parts = _counted(part for w in free for part in (*w.parts, *w.others) if part)
        any_word = clauses.any_of([*(parts or _counted(word.node for word in free)), *more])
        return self._tree([*self.looked_for, *held, any_word])

    def _tree(self, looked_for: Sequence[query.Query]) -> query.Query:
        tree = clauses.all_of(looked_for) if looked_for else None
        if self.filters:
            required = clauses.all_of(self.filters)
            tree = required if tree is None else query.Require(tree, required)
        if self.excluded:
            tree = query.AndNot(tree or query.Every(), clauses.any_of(self.excluded))
        assert tree is not None
        return tree

    def title(self, text: str, field: str) -> query.Query | None:
        """What lifts a post of which the query is the title; `field` is the Whoosh field of whole
        titles."""
        if not field:
            return None
        whole = query.Term(field, fold_value(text, LONGEST_VALUE))
        return clauses.constant(whole, EXACT_TITLE * len(self.words))

    def runs(self, fields: Sequence[tuple[str, Callable[[str], str]]]) -> tuple[Run, ...]:
        """How the words stand, to be looked for in some fields, each with its stemming function.

        Each two telling terms that follow each other, and the whole query if it has stop words.
        """
        every = [term for word in self.words for term in word.terms]
        if len(every) < 2:
            return ()
        places = list(self._places())[: MOST_PAIRS + 1]
        pairs: dict[tuple[str, str], tuple[int, int, tuple[query.Query, ...]]] = {}
        for (first, a, one), (second, b, other) in pairwise(places):
            if a != b:
                reach, times, _ = pairs.get((a, b), (0, 0, ()))
                pairs[(a, b)] = (max(reach, second - first), times + 1, (one, other))
        found = [
            Run(parts, _phrases(pair, fields), reach, CLOSENESS * times)
            for pair, (reach, times, parts) in pairs.items()
        ]
        if places and len(places) < len(every) <= MOST_PAIRS:
            parts = tuple(dict.fromkeys(part for _, _, part in places))
            found.append(Run(parts, _phrases(every, fields), 1, CLOSENESS))
        return tuple(found) if fields else ()

    def _places(self) -> Iterator[tuple[int, str, query.Query]]:
        """The telling terms: which of all terms each is, the term, and its node."""
        at, telling = 0, self.telling
        for word in self.words:
            if word in telling:
                for number, (term, part) in enumerate(zip(word.terms, word.parts, strict=True)):
                    if part is not None:
                        yield at + number, term, part
            at += len(word.terms)

    @property
    def terms(self) -> tuple[str, ...]:
        """The telling terms, unstemmed."""
        return tuple(term for word in self.telling for term in word.terms)

    def is_scored(self) -> bool:
        """Whether anything is looked for, and not only filtered."""
        return bool(self.words or self.looked_for)


NOTHING = Conjunction()
"""What is asked for where no words are typed plainly."""


def _phrases(
    terms: Sequence[str], fields: Sequence[tuple[str, Callable[[str], str]]]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The terms as each of the fields has them."""
    return tuple((name, tuple(map(stem, terms))) for name, stem in fields)


def _counted(nodes: Iterable[query.Query]) -> list[query.Query]:
    """Each node once, boosted by how often it is there."""
    times: dict[query.Query, int] = {}
    for node in nodes:
        times[node] = times.get(node, 0) + 1
    return [clauses.boosted(node, float(count)) for node, count in times.items()]
