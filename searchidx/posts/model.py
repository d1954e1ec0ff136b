"""The values that the posts room hands to the rest: Post and SourceFile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from operator import lt
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from searchidx.posts.problem import Problem

FieldValue = tuple[str, ...] | float | datetime | bool
"""Texts of a text or keyword field in their order, a number, an aware UTC time, or yes/no."""


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
