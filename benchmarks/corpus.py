"""Synthetic posts in the exact format of the sample post, the same for the same `n` and `seed`.

About 100 indexed words a post, over title, excerpt, topics and related titles. Words are made up so
that no English stemmer changes them and no stop list holds them: every engine indexes the same.
They are drawn by the law of Zipf and Mandelbrot; its offset stands for the stop words that are
missing, so the most frequent word is in about 38 % of the posts.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path

import snowballstemmer
from whoosh.lang import stopwords_for_language

VOCABULARY_SIZE = 30_000
ZIPF_OFFSET = 30
TOPIC_COUNT = 40
PROVIDER_COUNT = 60
FIRST_DATE = datetime(2015, 1, 1, tzinfo=UTC)
MINUTES = 6 * 365 * 24 * 60
"""Dates are distinct minutes of six years, so that an order by date has no ties."""

_ONSETS = [*"bdfghklmnprstvz", "br", "dr", "gr", "kl", "pl", "st", "tr"]
_VOWELS = "aeiou"
_ENDS = "bdgklmnprtxz"


@dataclass(frozen=True, slots=True)
class Provider:
    """Who published a post."""

    name: str
    domain: str


@dataclass(frozen=True, slots=True)
class Item:
    """What a post and its related items have in common."""

    title: str
    excerpt: str
    date: datetime
    slug: str
    provider: Provider
    quality: int


@dataclass(frozen=True, slots=True)
class Record:
    """One post: what its file says. `path` is relative to the folder of posts, with `/`."""

    path: str
    item: Item
    category: str
    kind: str
    heat: int
    published: bool
    topics: tuple[str, ...]
    related: tuple[Item, ...]
    secured: str = field(repr=False)

    def texts(self) -> tuple[tuple[str, ...], ...]:
        """The searched texts: of title, excerpt, topics and related titles, value by value."""
        related = tuple(item.title for item in self.related)
        return (self.item.title,), (self.item.excerpt,), self.topics, related


@cache
def words() -> tuple[str, ...]:
    """The vocabulary, most frequent first."""
    return _pseudo_words()[:VOCABULARY_SIZE]


@cache
def absent_words() -> tuple[str, ...]:
    """Words of the same make that no post holds."""
    return _pseudo_words()[VOCABULARY_SIZE:]


def records(n: int, seed: int = 1) -> Iterator[Record]:
    """`n` posts in the order of their dates."""
    rng = random.Random(f"{seed}/{n}")
    writer = _Writer(rng)
    for number, minute in enumerate(sorted(rng.sample(range(MINUTES), n))):
        yield writer.record(number, FIRST_DATE + timedelta(minutes=minute))


def write_posts(folder: Path, n: int, seed: int = 1) -> list[Path]:
    """Write the posts of `records` below `folder`, one subfolder a month; their paths, in order."""
    paths = []
    for record in records(n, seed):
        path = folder / record.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file_text(record), encoding="utf-8")
        paths.append(path)
    return paths


def file_text(record: Record) -> str:
    """The file of a post, in the sample's format."""
    item, provider = record.item, record.item.provider
    topics = "\n".join(f"  - {topic}" for topic in record.topics)
    related = "\n".join(_related_text(one) for one in record.related)
    icon = f"https://smartableai.github.io/assets/images/organizations/{provider.domain}-50x50.jpg"
    return f"""---
category: {record.category}
title: "{item.title}"
excerpt: "{item.excerpt}"
publishedDateTime: {item.date:%Y-%m-%dT%H:%M:%SZ}
{_urls(item, "")}
type: {record.kind}
quality: {item.quality}
heat: {record.heat}
published: {str(record.published).lower()}

provider:
  name: {provider.name}
  domain: {provider.domain}
  images:
    - url: "{icon}"
      width: 50
      height: 50

topics:
{topics}

images:
  - url: "{_image_url(item)}"
    width: 1500
    height: 1125
    title: "{item.title}"

related:
{related}

secured: "{record.secured}"
---

"""


def _related_text(item: Item) -> str:
    return f"""  - title: "{item.title}"
    excerpt: "{item.excerpt}"
    publishedDateTime: {item.date:%Y-%m-%dT%H:%M:%SZ}
{_urls(item, "    ")}
    type: article
    provider:
      name: {item.provider.name}
      domain: {item.provider.domain}
    quality: {item.quality}
    images:
      - url: "{_image_url(item)}"
        width: 756
        height: 567"""


def _urls(item: Item, indent: str) -> str:
    domain, slug = item.provider.domain, item.slug
    cdn = f"https://www-{domain.replace('.', '-')}.cdn.ampproject.org/c/s"
    return (
        f'{indent}webUrl: "https://www.{domain}/news/{slug}.html"\n'
        f'{indent}ampWebUrl: "https://www.{domain}/amp/news/{slug}.html"\n'
        f'{indent}cdnAmpWebUrl: "{cdn}/www.{domain}/amp/news/{slug}.html"'
    )


def _image_url(item: Item) -> str:
    folder = f"https://static.{item.provider.domain}/images"
    return f"{folder}/{item.date:%Y/%m/%Y-%m-%d}-{item.slug}.jpg"


class _Writer:
    """Draws posts from one stream of random numbers."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.words = words()
        self.weights = list(accumulate(1 / (rank + ZIPF_OFFSET) for rank in range(VOCABULARY_SIZE)))
        self.topics = _topics()
        self.topic_weights = list(accumulate(1 / (rank + 3) for rank in range(TOPIC_COUNT)))
        self.providers = _providers()

    def record(self, number: int, date: datetime) -> Record:
        rng = self.rng
        item = self.item(number, date)
        drawn = rng.choices(self.topics, cum_weights=self.topic_weights, k=rng.randint(1, 4))
        related = tuple(
            self.item(number, date - timedelta(minutes=rng.randint(1, 20_000)))
            for _ in range(rng.randint(2, 6))
        )
        return Record(
            path=f"{date:%Y/%m/%Y-%m-%d}-{item.slug}.md",
            item=item,
            category=rng.choice(("news", "news", "news", "video", "course")),
            kind=rng.choice(("article", "article", "article", "video")),
            heat=rng.choice((-1, rng.randint(0, 500))),
            published=rng.random() < 0.5,
            topics=tuple(dict.fromkeys(drawn)),
            related=related,
            secured=f"{self.base64(304)};{self.base64(16)}",
        )

    def item(self, number: int, date: datetime) -> Item:
        title = self.drawn(7, 13)
        return Item(
            title=" ".join(title).capitalize(),
            excerpt=f"{self.sentence()} {self.sentence()}",
            date=date,
            slug=f"{number:06}-{'-'.join(title[:6])}",
            provider=self.rng.choice(self.providers),
            quality=round(self.rng.gauss(100, 15)),
        )

    def sentence(self) -> str:
        drawn = self.drawn(15, 27)
        drawn[6] += ","
        return " ".join(drawn).capitalize() + "."

    def drawn(self, fewest: int, most: int) -> list[str]:
        count = self.rng.randint(fewest, most)
        return self.rng.choices(self.words, cum_weights=self.weights, k=count)

    def base64(self, size_bytes: int) -> str:
        return base64.b64encode(self.rng.randbytes(size_bytes)).decode()


def _topics() -> Sequence[str]:
    """Names of topics, every other one of two words; the words also occur in texts."""
    some = [word.capitalize() for word in words()[200 : 200 + 2 * TOPIC_COUNT]]
    pairs = zip(some[::2], some[1::2], strict=True)
    return [f"{a} {b}" if number % 2 else a for number, (a, b) in enumerate(pairs)]


def _providers() -> Sequence[Provider]:
    names = words()[1000 : 1000 + PROVIDER_COUNT]
    return [Provider(f"{name.capitalize()} Wire", f"{name}wire.example") for name in names]


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
