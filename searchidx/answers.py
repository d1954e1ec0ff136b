"""What is answered besides hits and counts: other queries, how scores come about, why posts match.

Apart from `results`, so that a search that needs none of them need not make them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A query that differs in some words from the one asked, and the hits it has."""

    query: str
    total: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a part of a query gave to the score of one post; the parts add up to the whole.

    `what` names the part, `score` is what it gave, `details` are the figures behind it.
    """

    what: str
    score: float
    parts: tuple[Explanation, ...] = ()
    details: str = ""


@dataclass(frozen=True, slots=True)
class ClauseCount:
    """A clause of a query, and how many posts match it alone; what is excluded, its own hits."""

    text: str
    total: int
    is_excluded: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """A changed query that has hits, and what was changed, in a few words."""

    query: str
    total: int
    change: str


@dataclass(frozen=True, slots=True)
class NoHits:
    """Why a query has no hits: its clauses, which of them empties it, and what brings hits back.

    `emptied_by` is the first clause that leaves nothing of what those before it match; empty when
    the query is a choice, in which every clause is empty.
    """

    clauses: tuple[ClauseCount, ...]
    emptied_by: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """Something that a clause looks for, as it was analysed, and whether the post has it."""

    what: str
    is_held: bool


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of a query, held against one post.

    `is_met` is true where the post has what is asked for, or lacks what is excluded. `explanation`
    tells the score, where the clause has one. `held` is what the post has in the field that the
    clause names; empty when it names none.
    """

    text: str
    meaning: str
    is_excluded: bool
    is_met: bool
    explanation: Explanation | None
    tokens: tuple[Token, ...]
    held: str


@dataclass(frozen=True, slots=True)
class Why:
    """Why a post matches a query or does not. `rank` is 0 when it does not; `total` all that do."""

    query: str
    path: str
    rank: int
    total: int
    score: float
    clauses: tuple[Clause, ...]

    @property
    def beside(self) -> float:
        """The part of the score that no clause gives by itself: for words that stand together, for
        a title that is the whole query, for what posts count besides."""
        given = sum(clause.explanation.score for clause in self.clauses if clause.explanation)
        return self.score - given if self.rank else 0.0
