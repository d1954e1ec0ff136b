"""Synthetic posts, the same for the same `n` and `seed`; files.py writes them as the owner's files.

About 100 indexed words a post, over title, excerpt, topics and related titles. Words are made up so
that no English stemmer changes them and no stop list holds them: every engine indexes the same.
They are drawn by the law of Zipf and Mandelbrot; its offset stands for the stop words that are
missing, so the most frequent word is in about 36 % of the posts.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

import numpy as np
import snowballstemmer
from numpy.typing import NDArray
from whoosh.lang import stopwords_for_language

VOCABULARY_SIZE = 30_000
ZIPF_OFFSET = 30
TOPIC_COUNT = 40
PROVIDER_COUNT = 60
FIRST_DATE = datetime(2015, 1, 1, tzinfo=UTC)
MINUTES = 6 * 365 * 24 * 60
"""Dates are distinct minutes of six years, so that an order by date has no ties."""

CHUNK_POSTS = 1_000
"""So many posts are drawn at once, from a stream of random numbers of their own."""

_FIRST_TOPIC_WORD = 200
_MOST_TOPICS = 4
_MOST_RELATED = 6
_ONSETS = [*"bdfghklmnprstvz", "br", "dr", "gr", "kl", "pl", "st", "tr"]
_VOWELS = "aeiou"
_ENDS = "bdgklmnprtxz"


class Record(NamedTuple):
    """What of a post every engine indexes. `path` is relative to the folder of posts, with `/`.

    Title, excerpt, topics and related titles are searched; topics are counted; `quality` and `date`
    (UTC) are filtered and sorted by; `path` and `provider` are found as a whole.
    """

    path: str
    title: str
    excerpt: str
    topics: tuple[str, ...]
    related: tuple[str, ...]
    provider: str
    date: datetime
    quality: int

    def texts(self) -> tuple[tuple[str, ...], ...]:
        """The searched texts: of title, excerpt, topics and related titles, value by value."""
        return (self.title,), (self.excerpt,), self.topics, self.related


@cache
def words() -> tuple[str, ...]:
    """The vocabulary, most frequent first."""
    return _pseudo_words()[:VOCABULARY_SIZE]


@cache
def absent_words() -> tuple[str, ...]:
    """Words of the same make that no post holds."""
    return _pseudo_words()[VOCABULARY_SIZE:]


@cache
def topics() -> Sequence[str]:
    """Names of topics, every other one of two words; the words also occur in texts."""
    last = _FIRST_TOPIC_WORD + 2 * TOPIC_COUNT
    some = [word.capitalize() for word in words()[_FIRST_TOPIC_WORD:last]]
    pairs = zip(some[::2], some[1::2], strict=True)
    return [f"{a} {b}" if number % 2 else a for number, (a, b) in enumerate(pairs)]


@cache
def providers() -> Sequence[str]:
    """Names of those who publish the posts."""
    return [f"{name.capitalize()} Wire" for name in words()[1000 : 1000 + PROVIDER_COUNT]]


@cache
def zipf_sums(size: int, offset: int) -> NDArray[np.float64]:
    """Running sums of 1 / (rank + offset), the law of Zipf and Mandelbrot."""
    return np.cumsum(1 / (np.arange(size) + offset))


def records(n: int, seed: int = 1) -> Iterator[Record]:
    """`n` posts in the order of their dates; at most MINUTES of them."""
    minutes = np.random.default_rng([seed, n]).choice(MINUTES, n, replace=False, shuffle=False)
    minutes.sort()
    for number in range(0, n, CHUNK_POSTS):
        rng = np.random.default_rng([seed, n, number])
        yield from _chunk(rng, number, minutes[number : number + CHUNK_POSTS].tolist())


def _chunk(rng: np.random.Generator, first: int, minutes: Sequence[int]) -> Iterator[Record]:
    """The posts from number `first` on, with all their random numbers drawn in a few calls."""
    n = len(minutes)
    texts = _texts(rng, n)
    related_counts = _integers(rng, 2, _MOST_RELATED, n).tolist()
    topic_counts = _integers(rng, 1, _MOST_TOPICS, n).tolist()
    drawn_topics = _drawn(rng, zipf_sums(TOPIC_COUNT, 3), n * _MOST_TOPICS).tolist()
    drawn_providers = _integers(rng, 0, PROVIDER_COUNT - 1, n).tolist()
    qualities = np.rint(rng.normal(100, 15, n)).astype(int).tolist()
    topic_names, provider_names = topics(), providers()
    for at, minute in enumerate(minutes):
        date = FIRST_DATE + timedelta(minutes=minute)
        title, one, two = next(texts), next(texts), next(texts)
        related = [next(texts) for _ in range(_MOST_RELATED)][: related_counts[at]]
        one[6] += ","
        two[6] += ","
        start = at * _MOST_TOPICS
        its_topics = drawn_topics[start : start + topic_counts[at]]
        yield Record(
            path=f"{date:%Y/%m/%Y-%m-%d}-{first + at:06}-{'-'.join(title[:6])}.md",
            title=" ".join(title).capitalize(),
            excerpt=f"{' '.join(one).capitalize()}. {' '.join(two).capitalize()}.",
            topics=tuple(dict.fromkeys([topic_names[number] for number in its_topics])),
            related=tuple([" ".join(one).capitalize() for one in related]),
            provider=provider_names[drawn_providers[at]],
            date=date,
            quality=qualities[at],
        )


def _texts(rng: np.random.Generator, posts: int) -> Iterator[list[str]]:
    """The words of a title, two sentences and `_MOST_RELATED` titles; then those of the next post.

    No title ends in the first word of a topic, so that a topic of two words never stands across two
    values: engines that are given several values as one text would find it there.
    """
    fewest = np.array([7, 15, 15, *[7] * _MOST_RELATED])
    most = np.array([13, 27, 27, *[13] * _MOST_RELATED])
    lengths = _integers(rng, fewest, most, (posts, len(fewest))).ravel()
    ends = np.cumsum(lengths)
    ids = _drawn(rng, zipf_sums(VOCABULARY_SIZE, ZIPF_OFFSET), int(ends[-1]))
    last = ids[ends - 1]
    of_topics = (last >= _FIRST_TOPIC_WORD) & (last < _FIRST_TOPIC_WORD + 2 * TOPIC_COUNT)
    ids[ends - 1] = np.where(of_topics, last | 1, last)
    drawn = list(map(words().__getitem__, ids.tolist()))
    start = 0
    for end in ends.tolist():
        yield drawn[start:end]
        start = end


def _integers(
    rng: np.random.Generator,
    fewest: int | NDArray[np.int64],
    most: int | NDArray[np.int64],
    shape: int | tuple[int, ...],
) -> NDArray[np.int64]:
    drawn: NDArray[np.int64] = rng.integers(fewest, most, shape, endpoint=True)
    return drawn


def _drawn(rng: np.random.Generator, sums: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """`count` numbers, each as often as its share of the running `sums` says."""
    drawn: NDArray[np.int64] = np.searchsorted(sums, rng.random(count) * sums[-1], side="right")
    return drawn


_STEMMERS = [snowballstemmer.stemmer(name) for name in ("english", "porter")]


def is_own_stem(word: str) -> bool:
    """Whether both English stemmers that the engines use, Porter2 and Porter, keep the word."""
    return all(stemmer.stemWord(word) == word for stemmer in _STEMMERS)


@cache
def _pseudo_words() -> tuple[str, ...]:
    """Distinct words that are their own Porter and Porter2 stem; the shorter ones come first."""
    rng = random.Random("searchidx")
    stop_words = stopwords_for_language("en")
    found: dict[str, None] = {}
    while len(found) < VOCABULARY_SIZE + 100:
        word = _pseudo_word(rng, 2 + (len(found) > 3000) + (len(found) > 20_000))
        if word not in stop_words and is_own_stem(word):
            found[word] = None
    return tuple(found)


def _pseudo_word(rng: random.Random, syllables: int) -> str:
    parts = [rng.choice(_ONSETS) + rng.choice(_VOWELS) for _ in range(syllables)]
    return "".join(parts) + rng.choice(_ENDS)
