"""What the peers share: the plain way to see which posts changed, and to read one.

Posts are read with python-frontmatter into the same `Record`s that are indexed from memory. Sizes
and times of the files that are indexed are kept in `catalogue.json` beside the index.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import frontmatter

from benchmarks.corpus import Record

_CATALOGUE = "catalogue.json"

CHUNK_POSTS = 100
"""Posts that are handed to a process at a time."""


@dataclass(frozen=True, slots=True)
class Whole:
    """All that a post says: its record, its body, and the metadata that the record leaves out."""

    record: Record
    body: str
    meta: dict[str, Any]


Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Changes:
    """What is not as the index has it. `is_first`: there is no index yet."""

    folder: Path
    fresh: list[str]
    changed: list[str]
    removed: list[str]
    found: dict[str, list[int]]
    is_first: bool

    def posts(self, jobs: int) -> Iterator[Record]:
        """The posts to be indexed, read one by one, or by several processes."""
        return self.read_by(read_post, jobs)

    def read_by(self, reader: Callable[[Path, str], Read], jobs: int) -> Iterator[Read]:
        """What a reader of posts makes of those to be indexed."""
        paths = [*self.fresh, *self.changed]
        read = partial(reader, self.folder)
        if jobs == 1 or len(paths) < CHUNK_POSTS:
            yield from map(read, paths)
            return
        with multiprocessing.get_context("spawn").Pool(jobs) as pool:
            yield from pool.imap(read, paths, CHUNK_POSTS)

    def outdated(self) -> list[str]:
        """The paths of the posts to be taken out of the index."""
        return [*self.changed, *self.removed]

    def count(self) -> int:
        return len(self.fresh) + len(self.changed)

    def is_empty(self) -> bool:
        return not (self.fresh or self.changed or self.removed)


def find_changes(folder: Path, where: Path) -> Changes:
    """What changed below `folder` since `remember` was called."""
    catalogue = where / _CATALOGUE
    is_first = not catalogue.exists()
    known = {} if is_first else json.loads(catalogue.read_bytes())
    found = {os.path.relpath(path, folder): state for path, state in walk(str(folder))}
    fresh = sorted(path for path in found if path not in known)
    changed = sorted(path for path, state in found.items() if known.get(path, state) != state)
    removed = sorted(path for path in known if path not in found)
    return Changes(folder, fresh, changed, removed, found, is_first)


def remember(changes: Changes, where: Path) -> None:
    """Keep what is indexed now, for the next `find_changes`."""
    (where / _CATALOGUE).write_text(json.dumps(changes.found), encoding="utf-8")


def walk(folder: str) -> Iterator[tuple[str, list[int]]]:
    """Every post below a folder, with [size in bytes, time of change in ns]."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from walk(entry.path)
            elif entry.name.endswith(".md"):
                state = entry.stat(follow_symlinks=False)
                yield entry.path, [state.st_size, state.st_mtime_ns]


def read_post(folder: Path, path: str) -> Record:
    """One post, as python-frontmatter reads it; the body stands for an excerpt that is missing."""
    post = frontmatter.load(str(folder / path))
    return _record(path, post.metadata, post.content)


def read_whole(folder: Path, path: str) -> Whole:
    """All of one post, as python-frontmatter reads it."""
    post = frontmatter.load(str(folder / path))
    meta = {key: value for key, value in post.metadata.items() if key not in _TAKEN}
    record = _record(path, post.metadata, "")
    if isinstance(provider := meta.get("provider"), dict):
        meta["provider"] = {key: value for key, value in provider.items() if key != "name"}
    if related := _mappings(meta, "related"):
        meta["related"] = [
            {key: value for key, value in item.items() if key != "title"} for item in related
        ]
    return Whole(record, post.content, meta)


_TAKEN = frozenset({"title", "excerpt", "topics", "publishedDateTime", "quality"})
"""The keys that a Record takes whole."""

TOPIC_KEYS = ("topics", "tags", "categories")
"""The keys under which posts of different makes have their topics: the first that is there."""


def _record(path: str, meta: dict[str, Any], text: str) -> Record:
    topics = next(filter(None, map(meta.get, TOPIC_KEYS)), [])
    topics = map(str, topics if isinstance(topics, list) else [topics])
    provider = meta.get("provider") or ""
    quality = meta.get("quality")
    return Record(
        path=path,
        title=str(meta.get("title") or Path(path).stem),
        excerpt=str(meta.get("excerpt") or text),
        topics=tuple(dict.fromkeys(topics)),
        related=tuple(str(item["title"]) for item in _mappings(meta, "related") if "title" in item),
        provider=str(provider.get("name", "") if isinstance(provider, dict) else provider),
        date=_moment(meta.get("publishedDateTime") or meta.get("date")),
        quality=quality if isinstance(quality, int) else 0,
    )


def _mappings(meta: dict[str, Any], key: str) -> list[dict[str, Any]]:
    values = meta.get(key)
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []


def _moment(value: object) -> datetime:
    """A date as a moment; the first of 1970 for what is none."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return datetime.fromtimestamp(0, UTC)
