"""One module an engine, all with the same doors: `sync` or `build`, `open`, `answer` when open.

`load` gives an engine by name, or says why it cannot be had.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from benchmarks.corpus import Record
from benchmarks.questions import Answer, Question

NAMES = ("searchidx", "whoosh", "tantivy", "fts5", "xapian")
WEIGHTS = {"title": 3.0, "excerpt": 1.0, "topics": 2.0, "related": 0.7}
"""The text fields, in order, and their weights: those of searchidx's default settings."""

UNSTEMMED = ("title", "excerpt", "related")
"""The text fields that searchidx keeps unstemmed, too; topics are never stemmed there."""


class Searching(Protocol):
    """An open index. `answer` goes all the way from the text of a query to stored titles."""

    def answer(self, question: Question) -> Answer: ...

    def close(self) -> None: ...


class Engine(Protocol):
    """A way to index posts, of a folder or of memory, and to ask about them."""

    def version(self) -> str:
        """Name and version of what is measured."""

    def sync(self, folder: Path, where: Path, jobs: int) -> int:
        """Make the index in `where` hold the posts below `folder`; how many had to be read.

        With several jobs so many processes read posts; an engine with threads uses as many.
        """

    def build(self, records: Iterable[Record], where: Path, jobs: int) -> int:
        """Make an index of the records in `where`, an empty folder; how many it holds.

        The records are taken one by one, so that they need not be in memory together. `jobs` is how
        many threads or processes may work at once; an engine that cannot share its work uses one.
        """

    def open(self, where: Path) -> Searching:
        """The index that `sync` or `build` made."""

    def left_out(self, question: Question) -> str:
        """Why the question cannot be asked with the same meaning; empty when it can."""


class NotInstalled(Exception):
    """The engine's package is missing."""


def load(name: str) -> Engine:
    """The engine of that name: one of NAMES, or one with other fields, such as `tantivy_same`.

    Raises: NotInstalled.
    """
    try:
        module = import_module(f"benchmarks.engines.{name}_engine")
    except ImportError as error:
        raise NotInstalled(f"{name}: {error}") from error
    return cast(Engine, module.ENGINE)


def size_bytes(where: Path) -> int:
    """The bytes of all files below a folder."""
    return sum(path.stat().st_size for path in where.rglob("*") if path.is_file())
