"""The questions: one of each class, made of the corpus's own words, and the right answer to each.

Words are picked by how many posts hold them. The answers are found by looking through the posts one
by one, with no index, so that every engine is checked against the same truth.
"""

from __future__ import annotations

import enum
import heapq
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise, product

from benchmarks.corpus import FIRST_DATE, Record, absent_words, is_own_stem, words

_WORD = re.compile(r"\w+")


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
    """One question, whatever the language of the engine that is asked.

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


def make_questions(posts: Iterable[Record]) -> tuple[Question, ...]:
    """One question of each class, for a corpus."""
    frequency: Counter[str] = Counter()
    topics: Counter[str] = Counter()
    straddled: set[str] = set()
    count = 0
    for post in posts:
        count += 1
        frequency.update({word for _, _, word in _occurrences(post)})
        topics.update(post.topics)
        straddled.update(_straddling(post))
    pick = _Picker(frequency, count)
    common, half, tenth = pick.share(0.38), pick.share(0.19), pick.share(0.1)
    some = [pick.share(share) for share in (0.01, 0.02, 0.04, 0.06, 0.08)]
    start = FIRST_DATE.date().replace(year=FIRST_DATE.year + 3, month=4)
    quarter = (start, start.replace(month=6, day=30))
    return (
        Question("no match", (absent_words()[0],)),
        Question("rare word", (pick.posts(5),)),
        Question("common word", (common,)),
        Question("2 words AND", (half, tenth)),
        Question("3 words AND", (common, half, tenth)),
        Question("2 words OR", (half, tenth), Match.ANY),
        Question("5 words OR", tuple(some), Match.ANY),
        Question("phrase", _phrase(topics, straddled), Match.PHRASE),
        Question("prefix", (pick.prefix(0.05),), Match.PREFIX),
        Question("wildcard", (pick.wildcard(0.05),), Match.WILDCARD),
        Question("fuzzy", (pick.misspelt(0.05),), Match.FUZZY),
        Question("number range AND word", (common,), quality=(110, 125)),
        Question("date range", (), Match.NOTHING, dates=quarter, order=Order.NEWEST),
        Question("NOT", (common,), excluded=half),
        Question("sort by date", (common,), order=Order.NEWEST),
        Question("facet counts", (common,), facets=True),
    )


def true_answers(posts: Iterable[Record], questions: Iterable[Question]) -> dict[str, Answer]:
    """Name of a question -> its answer.

    There are no titles where the order is by relevance, which each engine sees differently.
    """
    tests = [(question, _test(question)) for question in questions]
    found: dict[str, list[Record]] = {question.name: [] for question, _ in tests}
    totals: Counter[str] = Counter()
    facets: dict[str, Counter[str]] = {question.name: Counter() for question, _ in tests}
    for post in posts:
        seen = _Seen(post)
        for question, test in tests:
            if not test(seen):
                continue
            totals[question.name] += 1
            facets[question.name].update(post.topics if question.facets else ())
            if question.order is Order.NEWEST:
                found[question.name].append(post)
    answers = {}
    for question, _ in tests:
        newest = heapq.nlargest(10, found[question.name], key=lambda post: post.item.date)
        titles = tuple(post.item.title for post in newest)
        counts = dict(facets[question.name]) if question.facets else None
        answers[question.name] = Answer(totals[question.name], titles, counts)
    return answers


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


class _Picker:
    """Picks words by the number of posts that hold them; the first in the alphabet in a tie."""

    def __init__(self, frequency: Mapping[str, int], posts: int) -> None:
        self.frequency = frequency
        self.total = posts
        self.taken: set[str] = set()

    def share(self, share: float) -> str:
        """A word in about that share of the posts, not picked before."""
        return self.posts(share * self.total)

    def posts(self, count: float) -> str:
        """A word in about so many posts, not picked before."""
        left = self.frequency.keys() - self.taken
        word = min(left, key=lambda word: (abs(self.frequency[word] - count), word))
        self.taken.add(word)
        return word

    def prefix(self, share: float) -> str:
        """Four letters, the words of which are in about that share of the posts."""
        starts = (word[:4] for word in words() if len(word) > 5 and is_own_stem(word[:4]))
        return self._nearest(starts, share, 1)

    def wildcard(self, share: float) -> str:
        """`ab*yz`, the words of which are in about that share of the posts."""
        return self._nearest((f"{word[:2]}*{word[-2:]}" for word in words()), share, 2)

    def misspelt(self, share: float) -> str:
        """A word that no post holds, one letter off some that are in that share of the posts."""
        reach: Counter[str] = Counter()
        known = set(words())
        for word in words()[:3000]:
            for at, letter in product(range(len(word)), "aeiou"):
                wrong = word[:at] + letter + word[at + 1 :]
                if wrong not in known:
                    reach[wrong] += self.frequency.get(word, 0)
        left = [word for word in reach if is_own_stem(word)]
        return min(left, key=lambda word: (abs(reach[word] - share * self.total), word))

    def _nearest(self, patterns: Iterable[str], share: float, fewest: int) -> str:
        kinds = Counter(patterns)
        shapes = {pattern: _pattern(pattern) for pattern in sorted(kinds)[::97]}
        reach = {
            pattern: sum(n for word, n in self.frequency.items() if shape.match(word))
            for pattern, shape in shapes.items()
            if kinds[pattern] >= fewest
        }
        return min(reach, key=lambda pattern: (abs(reach[pattern] - share * self.total), pattern))


def _pattern(text: str) -> re.Pattern[str]:
    """A prefix, or a whole word with `*`, as a regular expression."""
    return re.compile(text.replace("*", ".*") + ("$" if "*" in text else ""))


def _phrase(topics: Mapping[str, int], straddled: set[str]) -> tuple[str, ...]:
    """The topic of two words of middle frequency that never stands across the end of a value.

    Engines that are given several values as one text would count it there too.
    """
    pairs = {topic.lower(): count for topic, count in topics.items() if " " in topic}
    clean = {topic: count for topic, count in pairs.items() if topic not in straddled} or pairs
    ordered = sorted(clean, key=lambda topic: (clean[topic], topic))
    return tuple(ordered[len(ordered) // 2].split())


def _straddling(post: Record) -> Iterator[str]:
    for values in post.texts():
        for left, right in pairwise(values):
            yield f"{_terms(left)[-1]} {_terms(right)[0]}"


def _terms(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _occurrences(post: Record) -> Iterator[tuple[int, int, str]]:
    """Every word of a post as (field, value, word)."""
    for field, values in enumerate(post.texts()):
        for number, value in enumerate(values):
            for word in _terms(value):
                yield field, number, word


class _Seen:
    """A post as the tests look at it."""

    def __init__(self, post: Record) -> None:
        self.post = post
        self.values = [_terms(value) for values in post.texts() for value in values]
        self.words = {word for value in self.values for word in value}


def _test(question: Question) -> Callable[[_Seen], bool]:
    """Whether a post is an answer to the question."""
    of_words = _word_test(question)

    def test(seen: _Seen) -> bool:
        item = seen.post.item
        if question.quality:
            low, high = question.quality
            if not low <= item.quality <= high:
                return False
        if question.dates:
            start, end = question.moments()
            if not start <= item.date < end:
                return False
        return question.excluded not in seen.words and of_words(seen)

    return test


def _word_test(question: Question) -> Callable[[_Seen], bool]:
    asked = question.words
    wanted = set(asked)
    match question.match:
        case Match.NOTHING:
            return lambda seen: True
        case Match.ALL:
            return lambda seen: wanted <= seen.words
        case Match.ANY:
            return lambda seen: not wanted.isdisjoint(seen.words)
        case Match.PHRASE:
            return lambda seen: any(asked in set(pairwise(value)) for value in seen.values)
        case Match.PREFIX | Match.WILDCARD:
            shape = _pattern(asked[0])
        case Match.FUZZY:
            shape = re.compile("|".join(_one_edit(asked[0])) + "$")
    return lambda seen: any(map(shape.match, seen.words))


def _one_edit(word: str) -> Iterator[str]:
    """Regular expressions for the words at most one insertion, deletion or change away."""
    for at in range(len(word) + 1):
        yield f"{word[:at]}.{word[at:]}$"
        yield f"{word[:at]}.?{word[at + 1 :]}$"
