"""Stock Whoosh: a plain schema, its default codec, `MultifieldParser` and `Searcher.search`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import Any

from whoosh import fields, index, qparser, query, sorting, writing
from whoosh.analysis import StemmingAnalyzer

from benchmarks.corpus import Record
from benchmarks.engines import WEIGHTS
from benchmarks.engines.plain import find_changes, remember
from benchmarks.questions import Answer, Match, Order, Question


def schema() -> fields.Schema:
    """The fields that all engines have."""
    texts = {name: fields.TEXT(StemmingAnalyzer(), stored=True) for name in WEIGHTS}
    return fields.Schema(
        path=fields.ID(unique=True, stored=True),
        topic_values=fields.KEYWORD(commas=True),
        provider=fields.ID(stored=True),
        date=fields.DATETIME(sortable=True),
        quality=fields.NUMERIC(int, sortable=True),
        **texts,
    )


def document_fields(post: Record) -> dict[str, Any]:
    """What a post has in them."""
    return {
        "path": post.path,
        "title": post.title,
        "excerpt": post.excerpt,
        "topics": "\n".join(post.topics),
        "topic_values": ",".join(post.topics),
        "related": "\n".join(post.related),
        "provider": post.provider,
        "date": post.date.replace(tzinfo=None),
        "quality": post.quality,
    }


class _Open:
    def __init__(self, where: Path) -> None:
        self.index = index.open_dir(str(where))
        self.searcher = self.index.searcher()
        names = list(WEIGHTS)
        self.parser = qparser.MultifieldParser(names, self.index.schema, fieldboosts=WEIGHTS)
        self.parser.add_plugin(qparser.FuzzyTermPlugin())

    def answer(self, question: Question) -> Answer:
        looked_for = matching = self.parser.parse(query_text(question))
        options: dict[str, Any] = {}
        if question.quality:
            # As `word AND range`, the best of ten may be missing from them (whoosh3 3.54).
            narrowing = self.parser.parse("quality:[{} TO {}]".format(*question.quality))
            matching = query.And([looked_for, narrowing])
            options["filter"] = narrowing
        if question.order is Order.NEWEST:
            options |= {"sortedby": "date", "reverse": True}
        if question.facets:
            facet = sorting.FieldFacet("topic_values", allow_overlap=True, maptype=sorting.Count)
            options["groupedby"] = {"topics": facet}
        results = self.searcher.search(looked_for, limit=10, **options)
        counts = results.groups("topics") if question.facets else None
        titles = tuple(hit["title"] for hit in islice(results, 10))  # with groups, limit is ignored
        return Answer(self._total(question, matching, results), titles, counts)

    def _total(self, question: Question, matching: query.Query, results: Any) -> int:
        """All matches: where only the best ten were looked for, len(results) may be too low."""
        if question.order is Order.NEWEST or question.facets:
            return len(results)
        return sum(1 for _ in self.searcher.docs_for_query(matching))

    def close(self) -> None:
        self.searcher.close()
        self.index.close()


class Engine:
    """Whoosh with the fields of a schema, which `fields_of` gives for a post."""

    def __init__(
        self,
        make_schema: Callable[[], fields.Schema],
        fields_of: Callable[[Record], dict[str, Any]],
        label: str = "",
    ) -> None:
        self._make_schema = make_schema
        self._fields_of = fields_of
        self._label = label

    def version(self) -> str:
        return f"whoosh3 {metadata.version('whoosh3')}{self._label}"

    def sync(self, folder: Path, where: Path, jobs: int) -> int:
        changes = find_changes(folder, where)
        if changes.is_empty():
            return 0
        if changes.is_first:
            opened = index.create_in(str(where), self._make_schema())
        else:
            opened = index.open_dir(str(where))
        writer = opened.writer()
        for path in changes.outdated():
            writer.delete_by_term("path", path)
        _write(writer, map(self._fields_of, changes.posts(jobs)))
        opened.close()
        remember(changes, where)
        return changes.count()

    def build(self, records: Iterable[Record], where: Path, jobs: int) -> int:
        opened = index.create_in(str(where), self._make_schema())
        count = _write(opened.writer(procs=jobs), map(self._fields_of, records))
        opened.close()
        return count

    def open(self, where: Path) -> _Open:
        return _Open(where)

    def left_out(self, question: Question) -> str:
        return ""


def _write(writer: writing.IndexWriter, documents: Iterable[Mapping[str, Any]]) -> int:
    """Add the documents and commit; how many they were."""
    count = 0
    for document in documents:
        writer.add_document(**document)
        count += 1
    writer.commit()
    return count


def query_text(question: Question) -> str:
    """The question in the language of Whoosh's parser, but for the range of numbers."""
    parts = [question.words_text({Match.PREFIX: "{}*", Match.FUZZY: "{}~"})]
    if question.excluded:
        parts.append(f"NOT {question.excluded}")
    if question.dates:
        parts.append("date:[{:%Y%m%d} TO {:%Y%m%d}]".format(*question.dates))
    return " ".join(filter(None, parts)) or "*:*"


ENGINE = Engine(schema, document_fields)
