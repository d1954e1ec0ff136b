"""searchidx as it is used: `Index.sync` and `Index.search`, with default settings for files.

Plain words are looked for in the four text fields only, as in the peers. From files it indexes more
than they do: unstemmed words, whole values and all other metadata. From records it has the fields
that they have.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import searchidx
import searchidx.applying  # the modules that read posts, as those of the peers are at the start
from benchmarks.corpus import Record
from benchmarks.engines import WEIGHTS
from benchmarks.questions import Answer, Match, Order, Question
from searchidx.posts.model import Post, SourceFile
from searchidx.schema import settings_stamp
from searchidx.settings import DEFAULT_FIELDS
from searchidx.store.manifest import Manifest
from searchidx.store.workers import Outcome, make_segments
from searchidx.store.writer import Writer

RECORD_FIELDS = tuple(
    replace(spec, default=spec.name in WEIGHTS)
    for spec in DEFAULT_FIELDS
    if spec.name in (*WEIGHTS, "provider", "date", "quality")
)
"""The fields of an index of records; a post's path is always found."""


class _Open:
    def __init__(self, index: searchidx.Index) -> None:
        self.index = index

    def answer(self, question: Question) -> Answer:
        results = self.index.search(
            query_text(question),
            fields=tuple(WEIGHTS),
            match="all",
            sort="-date" if question.order is Order.NEWEST else "",
            facets=("topics",) if question.facets else (),
        )
        titles = tuple(hit.text("title") for hit in results)
        counts = results.facets.get("topics", ())
        return Answer(results.total, titles, {row.value: row.count for row in counts})

    def close(self) -> None:
        self.index.close()


class Engine:
    """searchidx with some settings for files, but for their base."""

    def __init__(self, settings: searchidx.Settings) -> None:
        self._settings = settings

    def version(self) -> str:
        from importlib.metadata import PackageNotFoundError, version

        try:
            return f"searchidx {version('searchidx')}"
        except PackageNotFoundError:
            return "searchidx (source tree)"

    def sync(self, folder: Path, where: Path, jobs: int) -> int:
        settings = replace(self._settings, base=where)
        with searchidx.open(where / "index", settings=settings, create=True) as index:
            return index.sync([folder], jobs=jobs).read

    def build(self, records: Iterable[Record], where: Path, jobs: int) -> int:
        return _build(records, where / "index", jobs)

    def open(self, where: Path) -> _Open:
        return _Open(searchidx.open(where / "index"))

    def left_out(self, question: Question) -> str:
        return ""


def _build(records: Iterable[Record], where: Path, jobs: int) -> int:
    """Make the index `where` of the records, with RECORD_FIELDS; how many it holds."""
    manifest = Manifest(
        generation=1,
        stamp=settings_stamp(RECORD_FIELDS),
        fields=RECORD_FIELDS,
        own_fields=True,
        roots=(),
        include=(),
        exclude=(),
        max_file_bytes=0,
        follow_symlinks=False,
        posts=0,
        time="",
    )
    count = 0
    with Writer(where, RECORD_FIELDS, wait_s=1, clear=True, jobs=jobs) as writer:
        for batch, done in make_segments(where, RECORD_FIELDS, read_records, records, jobs):
            count += len(batch)
            for segment in done.segments:
                writer.adopt(segment)
        writer.commit(manifest._replace(posts=count))
    return count


def read_records(batch: Iterable[Record]) -> Iterable[Outcome]:
    """The posts that records are."""
    return map(read_record, batch)


def read_record(record: Record) -> Outcome:
    """The post that a record is."""
    fields = {
        "title": (record.title,),
        "excerpt": (record.excerpt,),
        "topics": record.topics,
        "related": record.related,
        "provider": (record.provider,),
        "date": record.date,
        "quality": float(record.quality),
    }
    return Outcome(Post(SourceFile(record.path, 0, 0), fields))


def query_text(question: Question) -> str:
    """The question in searchidx's language."""
    parts = [question.words_text({Match.PREFIX: "{}*", Match.FUZZY: "{}~"})]
    if question.excluded:
        parts.append(f"-{question.excluded}")
    if question.quality:
        parts.append("quality:{}..{}".format(*question.quality))
    if question.dates:
        parts.append("date:{}..{}".format(*question.dates))
    return " ".join(filter(None, parts)) or "*"


ENGINE = Engine(searchidx.Settings(Path()))
