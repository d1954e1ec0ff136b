"""The synthetic posts as files, in the exact format of the sample post.

What a file says beyond its `Record` (addresses, images, excerpts of related items and so on) is
drawn from the record's path, so that it is the same in every run.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from benchmarks.corpus import (
    VOCABULARY_SIZE,
    ZIPF_OFFSET,
    Record,
    providers,
    records,
    words,
    zipf_sums,
)


@dataclass(frozen=True, slots=True)
class _Item:
    """What a post and its related items have in common."""

    title: str
    excerpt: str
    date: datetime
    slug: str
    provider: str
    quality: int


def write_posts(folder: Path, n: int, seed: int = 1) -> list[Path]:
    """Write the posts of `records` below `folder`, one subfolder a month; their paths, in order."""
    return write_records(records(n, seed), folder)


def write_records(posts: Iterable[Record], folder: Path) -> list[Path]:
    """Write these posts below `folder`; their paths, in order."""
    paths = []
    for record in posts:
        path = folder / record.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file_text(record), encoding="utf-8")
        paths.append(path)
    return paths


def file_text(record: Record) -> str:
    """The file of a post, in the sample's format."""
    rng = random.Random(record.path)
    item = _item_of(record)
    domain = _domain(item.provider)
    topics = "\n".join(f"  - {topic}" for topic in record.topics)
    related = "\n".join(_related_text(_related_item(rng, item, one)) for one in record.related)
    icon = f"https://smartableai.github.io/assets/images/organizations/{domain}-50x50.jpg"
    return f"""---
category: {rng.choice(("news", "news", "news", "video", "course"))}
title: "{item.title}"
excerpt: "{item.excerpt}"
publishedDateTime: {item.date:%Y-%m-%dT%H:%M:%SZ}
{_urls(item, "")}
type: {rng.choice(("article", "article", "article", "video"))}
quality: {item.quality}
heat: {rng.choice((-1, rng.randint(0, 500)))}
published: {rng.choice(("true", "false"))}

provider:
  name: {item.provider}
  domain: {domain}
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

secured: "{_base64(rng, 304)};{_base64(rng, 16)}"
---

"""


def _item_of(record: Record) -> _Item:
    slug = Path(record.path).stem[len("2015-01-01-") :]
    return _Item(record.title, record.excerpt, record.date, slug, record.provider, record.quality)


def _related_item(rng: random.Random, post: _Item, title: str) -> _Item:
    return _Item(
        title=title,
        excerpt=f"{_sentence(rng)} {_sentence(rng)}",
        date=post.date - timedelta(minutes=rng.randint(1, 20_000)),
        slug=f"{post.slug[:6]}-{'-'.join(title.lower().split()[:6])}",
        provider=rng.choice(providers()),
        quality=round(rng.gauss(100, 15)),
    )


def _sentence(rng: random.Random) -> str:
    drawn = rng.choices(words(), cum_weights=_word_sums(), k=rng.randint(15, 27))
    drawn[6] += ","
    return " ".join(drawn).capitalize() + "."


@cache
def _word_sums() -> list[float]:
    sums: list[float] = zipf_sums(VOCABULARY_SIZE, ZIPF_OFFSET).tolist()
    return sums


def _related_text(item: _Item) -> str:
    return f"""  - title: "{item.title}"
    excerpt: "{item.excerpt}"
    publishedDateTime: {item.date:%Y-%m-%dT%H:%M:%SZ}
{_urls(item, "    ")}
    type: article
    provider:
      name: {item.provider}
      domain: {_domain(item.provider)}
    quality: {item.quality}
    images:
      - url: "{_image_url(item)}"
        width: 756
        height: 567"""


def _domain(provider: str) -> str:
    return f"{provider.replace(' ', '').lower()}.example"


def _urls(item: _Item, indent: str) -> str:
    domain, slug = _domain(item.provider), item.slug
    cdn = f"https://www-{domain.replace('.', '-')}.cdn.ampproject.org/c/s"
    return (
        f'{indent}webUrl: "https://www.{domain}/news/{slug}.html"\n'
        f'{indent}ampWebUrl: "https://www.{domain}/amp/news/{slug}.html"\n'
        f'{indent}cdnAmpWebUrl: "{cdn}/www.{domain}/amp/news/{slug}.html"'
    )


def _image_url(item: _Item) -> str:
    folder = f"https://static.{_domain(item.provider)}/images"
    return f"{folder}/{item.date:%Y/%m/%Y-%m-%d}-{item.slug}.jpg"


def _base64(rng: random.Random, size_bytes: int) -> str:
    return base64.b64encode(rng.randbytes(size_bytes)).decode()
