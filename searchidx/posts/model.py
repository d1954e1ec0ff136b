"""The values that the posts room hands to the rest: Problem, Post and SourceFile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import lt
from typing import Any, NamedTuple

FieldValue = tuple[str, ...] | float | datetime | bool
"""Texts of a text or keyword field in their order, a number, an aware UTC time, or yes/no."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about a post that could not be read as asked.

    `line` counts from 1. `lost_text` says that some text of the file cannot be found by searching.
    """

    path: str
    line: int
    what: str
    todo: str
    lost_text: bool = False

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}: {self.todo}"


class ProblemLog:
    """Collects the problems of one file, at most `LIMIT` and then one that counts the others.

    A damaged file of many lines would otherwise bury what matters in its own noise.
    """

    LIMIT = 100

    def __init__(self, path: str) -> None:
        self.path = path
        self._kept: list[Problem] = []
        self._more = 0
        self._more_lost = False

    def add(self, line: int, what: str, todo: str, *, lost_text: bool = False) -> None:
        """Note a problem once: the same words at the same line are not repeated."""
        problem = Problem(self.path, line, what, todo, lost_text)
        if self.full:
            self._more += 1
            self._more_lost |= lost_text
        elif problem not in self._kept:
            self._kept.append(problem)

    @property
    def full(self) -> bool:
        """Whether further problems will only be counted, so that their words do not matter."""
        return len(self._kept) >= self.LIMIT

    def problems(self) -> list[Problem]:
        """What was noted, in that order."""
        if not self._more:
            return list(self._kept)
        line = self._kept[-1].line
        what = f"{self._more} more problems in this file"
        last = Problem(self.path, line, what, "correct those named first", self._more_lost)
        return [*self._kept, last]


class SourceFile(NamedTuple):
    """One file below a root, as it was when it was looked at.

    `path` is how the post is known in the index: with `/`, relative to the base folder when the
    file lies below it, else absolute. `ctime_ns` is when its name, place or permissions changed
    last. `digest` is empty until the file has been read.
    """

    path: str
    size_bytes: int
    mtime_ns: int
    digest: str = ""
    ctime_ns: int = 0


class Catalogue(NamedTuple):
    """Many files, a list for each of their properties: few of them are looked at one by one.

    `digests` are as bytes; the list is empty when the files have not been read.
    """

    paths: list[str]
    sizes: list[int]
    mtimes: list[int]
    ctimes: list[int]
    digests: list[bytes]

    @classmethod
    def of(cls, files: Iterable[SourceFile]) -> Catalogue:
        """These files, as if they had not been read."""
        found = cls([], [], [], [], [])
        for file in files:
            found.add(file.path, file.size_bytes, file.mtime_ns, file.ctime_ns)
        return found

    def add(self, path: str, size_bytes: int, mtime_ns: int, ctime_ns: int) -> None:
        """Note one more file that has not been read."""
        self.paths.append(path)
        self.sizes.append(size_bytes)
        self.mtimes.append(mtime_ns)
        self.ctimes.append(ctime_ns)

    def file(self, at: int) -> SourceFile:
        """The file at a place of the lists."""
        digest = self.digests[at].hex() if self.digests else ""
        return SourceFile(self.paths[at], self.sizes[at], self.mtimes[at], digest, self.ctimes[at])

    def files(self) -> list[SourceFile]:
        """Every file."""
        return list(map(self.file, range(len(self.paths))))

    def in_order(self) -> Catalogue:
        """The same files in the order of their paths."""
        if all(map(lt, self.paths, self.paths[1:])):
            return self
        order = sorted(range(len(self.paths)), key=self.paths.__getitem__)
        columns: list[list[Any]] = [[row[at] for at in order] if row else [] for row in self]
        return Catalogue(*columns)


class Post(NamedTuple):
    """One post, ready to be indexed.

    `fields` holds the declared fields that have a value. `meta` holds every other metadata value
    as (dotted key, text) pairs in the order of the file.
    """

    file: SourceFile
    fields: Mapping[str, FieldValue]
    meta: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()


def number_text(number: float) -> str:
    """A number as a person writes it: `104`, `1.5`."""
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def value_text(value: FieldValue) -> str:
    """A field value as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return number_text(value)
