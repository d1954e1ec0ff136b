"""searchidx as it is used: `Index.sync` and `Index.search`, with default settings for files.

Plain words are looked for in the four text fields only, as in the peers. From files it indexes more
than they do: unstemmed words, whole values and all other metadata. From records it has the fields
that they have.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import searchidx
from benchmarks.corpus import Record
from benchmarks.engines import WEIGHTS
from benchmarks.files import write_records
from benchmarks.questions import Answer, Match, Order, Question
from searchidx.settings import DEFAULT_FIELDS

RECORD_FIELDS = tuple(
    spec for spec in DEFAULT_FIELDS if spec.name in (*WEIGHTS, "provider", "date", "quality")
)
"""The fields of an index of records; a post's path is always found."""


class _Open:
    def __init__(self, index: searchidx.Index) -> None:
        self.index = index

    def answer(self, question: Question) -> Answer:
        results = self.index.search(
            query_text(question),
            fields=tuple(WEIGHTS),
            sort="-date" if question.order is Order.NEWEST else "",
            facets=("topics",) if question.facets else (),
        )
        titles = tuple(hit.text("title") for hit in results)
        counts = results.facets.get("topics", ())
        return Answer(results.total, titles, {row.value: row.count for row in counts})

    def close(self) -> None:
        self.index.close()


class _Engine:
    def version(self) -> str:
        from importlib.metadata import PackageNotFoundError, version

        try:
            return f"searchidx {version('searchidx')}"
        except PackageNotFoundError:
            return "searchidx (source tree)"

    def sync(self, folder: Path, where: Path) -> int:
        settings = searchidx.Settings(base=where)
        with searchidx.open(where / "index", settings=settings, create=True) as index:
            return index.sync([folder]).read

    def build(self, records: Iterable[Record], where: Path, jobs: int) -> int:
        return _build(records, where / "index", jobs)

    def open(self, where: Path) -> _Open:
        return _Open(searchidx.open(where / "index"))

    def left_out(self, question: Question) -> str:
        return ""


def _build(records: Iterable[Record], where: Path, jobs: int) -> int:
    """Make the index `where` of the records, with RECORD_FIELDS; how many it holds.

    By way of files, whatever `jobs` says: the time and memory of it are not those of an index of
    records in memory.
    """
    settings = searchidx.Settings(base=where.parent, fields=RECORD_FIELDS)
    with TemporaryDirectory(prefix="searchidx-posts-") as folder:
        write_records(records, Path(folder))
        with searchidx.open(where, settings=settings, create=True) as index:
            return index.sync([Path(folder)]).read


def query_text(question: Question) -> str:
    """The question in searchidx's language."""
    words = question.words
    match question.match:
        case Match.ANY:
            parts = [" OR ".join(words)]
        case Match.PHRASE:
            parts = [f'"{" ".join(words)}"']
        case Match.PREFIX:
            parts = [f"{words[0]}*"]
        case Match.FUZZY:
            parts = [f"{words[0]}~"]
        case _:
            parts = list(words)
    if question.excluded:
        parts.append(f"-{question.excluded}")
    if question.quality:
        parts.append("quality:{}..{}".format(*question.quality))
    if question.dates:
        parts.append("date:{}..{}".format(*question.dates))
    return " ".join(parts)


ENGINE = _Engine()
