"""searchidx as it is used: `Index.sync` and `Index.search`, default settings.

Plain words are looked for in the four text fields only, as in the peers. It indexes more than they
do: unstemmed words, whole values and all other metadata.
"""

from __future__ import annotations

from pathlib import Path

import searchidx
from benchmarks.engines import WEIGHTS
from benchmarks.questions import Answer, Match, Order, Question


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

    def open(self, where: Path) -> _Open:
        return _Open(searchidx.open(where / "index"))

    def left_out(self, question: Question) -> str:
        return ""


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
