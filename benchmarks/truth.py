"""The right answers, with no index: every question looks through all the words of all the posts.

The words are read from the texts of the posts, not from what drew them, and kept as one array of
numbers, so that a million posts can be looked through for each question.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmarks.corpus import Record
from benchmarks.questions import Answer, Match, Order, Question

_WORD = re.compile(r"\w+")

Mask = NDArray[np.bool_]
"""One truth value a post."""


@dataclass(frozen=True, slots=True)
class Posts:
    """All posts, to be looked through; about 400 MB for a million.

    `words`: every word as its number in `vocabulary`, value after value, post after post (uint16).
    `value_starts`, `post_starts`: where in `words` each value and each post begins (uint32).
    `frequency`: word -> how many posts hold it. `topics` and `topic_posts`: every topic of every
    post, and the number of that post. `seconds`: since 1970. The other lists have a value a post.
    """

    vocabulary: dict[str, int]
    frequency: dict[str, int]
    words: NDArray[np.uint16]
    value_starts: NDArray[np.uint32]
    post_starts: NDArray[np.uint32]
    topics: list[str]
    topic_posts: NDArray[np.uint32]
    seconds: NDArray[np.int64]
    quality: NDArray[np.int32]
    titles: list[str]

    def __len__(self) -> int:
        return len(self.titles)


def _numbering() -> defaultdict[str, int]:
    """Gives every new key the next number."""
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    return numbers


@dataclass(slots=True)
class _Reader:
    """Takes posts in, one by one."""

    vocabulary: defaultdict[str, int] = field(default_factory=_numbering)
    frequency: Counter[int] = field(default_factory=Counter)
    words: array[int] = field(default_factory=lambda: array("H"))
    value_starts: array[int] = field(default_factory=lambda: array("I"))
    post_starts: array[int] = field(default_factory=lambda: array("I"))
    topics: list[str] = field(default_factory=list)
    topic_posts: array[int] = field(default_factory=lambda: array("I"))
    seconds: array[int] = field(default_factory=lambda: array("q"))
    quality: array[int] = field(default_factory=lambda: array("i"))
    titles: list[str] = field(default_factory=list)

    def read(self, record: Record) -> None:
        start = len(self.words)
        self.post_starts.append(start)
        found: list[str] = []
        for values in record.texts():
            for value in values:
                self.value_starts.append(start + len(found))
                found += _WORD.findall(value.lower())
        numbers = [self.vocabulary[word] for word in found]
        self.words.extend(numbers)
        self.frequency.update(set(numbers))
        self.topics += record.topics
        self.topic_posts.extend([len(self.titles)] * len(record.topics))
        self.seconds.append(int(record.date.timestamp()))
        self.quality.append(record.quality)
        self.titles.append(record.title)

    def posts(self) -> Posts:
        return Posts(
            vocabulary=dict(self.vocabulary),
            frequency={word: self.frequency[at] for word, at in self.vocabulary.items()},
            words=np.frombuffer(self.words, np.uint16),
            value_starts=np.frombuffer(self.value_starts, np.uint32),
            post_starts=np.frombuffer(self.post_starts, np.uint32),
            topics=self.topics,
            topic_posts=np.frombuffer(self.topic_posts, np.uint32),
            seconds=np.frombuffer(self.seconds, np.int64),
            quality=np.frombuffer(self.quality, np.int32),
            titles=self.titles,
        )


def read_posts(records: Iterable[Record]) -> Posts:
    """All posts, as they are looked through. At most 65,536 different words."""
    reader = _Reader()
    for record in records:
        reader.read(record)
    return reader.posts()


def true_answer(posts: Posts, question: Question) -> Answer:
    """The right answer.

    There are no titles where the order is by relevance, which each engine sees differently.
    """
    mask = _matching(posts, question)
    titles: tuple[str, ...] = ()
    if question.order is Order.NEWEST:
        found = np.flatnonzero(mask)
        newest = found[np.argsort(-posts.seconds[found], kind="stable")[:10]]
        titles = tuple(posts.titles[number] for number in newest)
    facets = None
    if question.facets:
        counted = np.flatnonzero(mask[posts.topic_posts])
        facets = dict(Counter(posts.topics[at] for at in counted))
    return Answer(int(mask.sum()), titles, facets)


def _matching(posts: Posts, question: Question) -> Mask:
    """Which posts are an answer."""
    mask = _holding_words(posts, question)
    if question.quality:
        low, high = question.quality
        mask &= (low <= posts.quality) & (posts.quality <= high)
    if question.dates:
        start, end = (int(moment.timestamp()) for moment in question.moments())
        mask &= (start <= posts.seconds) & (posts.seconds < end)
    if question.excluded:
        mask &= ~_holding(posts, [question.excluded])
    return mask


def _holding_words(posts: Posts, question: Question) -> Mask:
    """Which posts hold the words as they are asked for."""
    asked = question.words
    match question.match:
        case Match.NOTHING:
            return np.ones(len(posts), bool)
        case Match.ALL:
            mask = np.ones(len(posts), bool)
            for word in asked:
                mask &= _holding(posts, [word])
            return mask
        case Match.ANY:
            return _holding(posts, asked)
        case Match.PHRASE:
            return _holding_pair(posts, *asked)
        case Match.PREFIX | Match.WILDCARD:
            shape = pattern(asked[0])
        case Match.FUZZY:
            shape = re.compile("|".join(_one_edit(asked[0])))
    return _holding(posts, [word for word in posts.vocabulary if shape.match(word)])


def _holding(posts: Posts, words: Iterable[str]) -> Mask:
    """Which posts hold one of these words or more."""
    mask = np.zeros(len(posts), bool)
    for word in words:
        if word in posts.vocabulary:
            mask[_posts_at(posts, _places(posts, word))] = True
    return mask


def _holding_pair(posts: Posts, first: str, second: str) -> Mask:
    """Which posts hold the two words one after the other in one value."""
    mask = np.zeros(len(posts), bool)
    if first in posts.vocabulary and second in posts.vocabulary:
        places = np.intersect1d(_places(posts, first) + 1, _places(posts, second))
        within = places[~np.isin(places, posts.value_starts)]
        mask[_posts_at(posts, within)] = True
    return mask


def _places(posts: Posts, word: str) -> NDArray[np.intp]:
    return np.flatnonzero(posts.words == posts.vocabulary[word])


def _posts_at(posts: Posts, places: NDArray[np.intp]) -> NDArray[np.intp]:
    """The number of the post at each place in `words`."""
    return np.searchsorted(posts.post_starts, places, side="right") - 1


def pattern(text: str) -> re.Pattern[str]:
    """A prefix, or a whole word with `*`, as a regular expression."""
    return re.compile(text.replace("*", ".*") + ("$" if "*" in text else ""))


def _one_edit(word: str) -> Iterator[str]:
    """Regular expressions for the words at most one insertion, deletion or change away."""
    for at in range(len(word) + 1):
        yield f"{word[:at]}.{word[at:]}$"
        yield f"{word[:at]}.?{word[at + 1 :]}$"
