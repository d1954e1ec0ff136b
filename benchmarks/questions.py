"""What is asked of every engine, whatever its language, and how an answer is checked."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta


class Match(enum.Enum):
    """What a question asks of its words. NOTHING: it has none and only filters."""

    ALL = "all"
    ANY = "any"
    PHRASE = "phrase"
    PREFIX = "prefix"
    WILDCARD = "wildcard"
    FUZZY = "fuzzy"
    NOTHING = "nothing"


class Order(enum.Enum):
    """Best first, or newest first."""

    RELEVANCE = "relevance"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the class `name`, whatever the language of the engine that is asked.

    A word is looked for in title, excerpt, topics and related titles: it may be in any of them, and
    ALL may find one word here and another there. PREFIX has the prefix as its word, WILDCARD a
    pattern with one `*` inside, FUZZY a word of which one letter may be inserted, dropped or
    changed. `quality` and `dates` are closed ranges. `facets` asks how many of the matching posts
    have each topic.
    """

    name: str
    words: tuple[str, ...] = ()
    match: Match = Match.ALL
    excluded: str = ""
    quality: tuple[int, int] | None = None
    dates: tuple[date, date] | None = None
    order: Order = Order.RELEVANCE
    facets: bool = False

    def words_text(self, patterns: Mapping[Match, str]) -> str:
        """The words as most languages of queries have them; empty when there are none.

        `patterns` says how to write a word that is matched otherwise than as it is, `{}` in it.
        """
        match self.match:
            case Match.ANY:
                return " OR ".join(self.words)
            case Match.PHRASE:
                return '"{}"'.format(" ".join(self.words))
        return patterns.get(self.match, "{}").format(" ".join(self.words))

    def moments(self) -> tuple[datetime, datetime]:
        """The first moment of `dates`, and the first one after them."""
        assert self.dates is not None
        first, last = self.dates
        end = last + timedelta(days=1)
        return datetime.combine(first, time.min, UTC), datetime.combine(end, time.min, UTC)


@dataclass(frozen=True, slots=True)
class Answer:
    """How many posts match, the titles of the first ten, and the topics' counts if asked for."""

    total: int
    titles: tuple[str, ...]
    facets: Mapping[str, int] | None = None


def every_post() -> Question:
    """A question that every post is an answer to."""
    return Question("every post", match=Match.NOTHING)


def difference(question: Question, found: Answer, truth: Answer) -> str:
    """How an answer differs from the right one; empty when it does not."""
    if found.total != truth.total:
        return f"{found.total} posts instead of {truth.total}"
    if len(found.titles) != min(10, truth.total):
        return f"{len(found.titles)} titles instead of {min(10, truth.total)}"
    if question.order is Order.NEWEST and found.titles != truth.titles:
        return "other titles, or in another order"
    if question.facets and dict(found.facets or {}) != truth.facets:
        return "other counts of topics"
    return ""
