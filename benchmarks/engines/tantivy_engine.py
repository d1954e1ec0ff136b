"""tantivy-py: its English stemming tokenizer, its query parser, its writer and default heap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import tantivy

from benchmarks.corpus import Record
from benchmarks.engines import WEIGHTS
from benchmarks.engines.plain import Changes, find_changes, remember
from benchmarks.questions import Answer, Match, Order, Question

_FIELDS = list(WEIGHTS)


def schema_builder() -> tantivy.SchemaBuilder:
    """The fields that all engines have."""
    builder = tantivy.SchemaBuilder()
    for name in WEIGHTS:
        builder.add_text_field(name, stored=True, tokenizer_name="en_stem")
    builder.add_text_field("topic_values", fast=True, tokenizer_name="raw")
    for name in ("path", "provider"):
        builder.add_text_field(name, stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("quality", indexed=True, fast=True)
    builder.add_date_field("date", indexed=True, fast=True)
    return builder


def document_fields(post: Record) -> dict[str, Any]:
    """What a post has in them."""
    return {
        "path": post.path,
        "title": post.title,
        "excerpt": post.excerpt,
        "topics": list(post.topics),
        "topic_values": list(post.topics),
        "related": list(post.related),
        "provider": post.provider,
        "date": post.date,
        "quality": post.quality,
    }


def _documents(posts: Iterable[Record]) -> Iterator[tantivy.Document]:
    return (tantivy.Document(**document_fields(post)) for post in posts)


class Open:
    def __init__(self, where: Path) -> None:
        self.index = tantivy.Index.open(str(where))
        self.searcher = self.index.searcher()

    def answer(self, question: Question) -> Answer:
        query = self._parsed(question)
        by_date = "date" if question.order is Order.NEWEST else None
        results = self.searcher.search(query, 10, order_by_field=by_date)
        titles = tuple(self.searcher.doc(at).get_first("title") or "" for _, at in results.hits)
        total: int = results.count  # type: ignore[attr-defined]  # missing in its stubs
        return Answer(total, titles, self._facets(query) if question.facets else None)

    def _parsed(self, question: Question) -> tantivy.Query:
        if question.match is Match.FUZZY:
            fuzzy = dict.fromkeys(WEIGHTS, (False, 1, False))
            return self.index.parse_query(question.words[0], _FIELDS, WEIGHTS, fuzzy)
        text = query_text(question)
        regexes = question.match in (Match.PREFIX, Match.WILDCARD)
        return self.index.parse_query(
            text, _FIELDS, WEIGHTS, conjunction_by_default=True, allow_regexes=regexes
        )

    def _facets(self, query: tantivy.Query) -> dict[str, int]:
        asked = {"topics": {"terms": {"field": "topic_values", "size": 1000}}}
        found = self.searcher.aggregate(query, asked)
        return {row["key"]: row["doc_count"] for row in found["topics"]["buckets"]}

    def close(self) -> None:
        del self.searcher, self.index


class _Engine:
    def version(self) -> str:
        return version()

    def sync(self, folder: Path, where: Path, jobs: int) -> int:
        return sync(folder, where, jobs, schema_builder(), _read_by_record)

    def build(self, records: Iterable[Record], where: Path, jobs: int) -> int:
        writer = tantivy.Index(schema_builder().build(), str(where)).writer(num_threads=jobs)
        return write(writer, _documents(records))

    def open(self, where: Path) -> Open:
        return Open(where)

    def left_out(self, question: Question) -> str:
        return ""


def _read_by_record(changes: Changes, jobs: int) -> Iterator[tantivy.Document]:
    return _documents(changes.posts(jobs))


def sync(
    folder: Path,
    where: Path,
    jobs: int,
    schema: tantivy.SchemaBuilder,
    documents: Callable[[Changes, int], Iterable[tantivy.Document]],
) -> int:
    """Bring an index of some schema in step with a folder; how many posts were read."""
    changes = find_changes(folder, where)
    if changes.is_empty():
        return 0
    if changes.is_first:
        opened = tantivy.Index(schema.build(), str(where))
    else:
        opened = tantivy.Index.open(str(where))
    writer = opened.writer(num_threads=jobs)
    for path in changes.outdated():
        writer.delete_documents_by_term("path", path)
    write(writer, documents(changes, jobs))
    remember(changes, where)
    return changes.count()


def version() -> str:
    return f"tantivy-py {metadata.version('tantivy')}"


def write(writer: tantivy.IndexWriter, documents: Iterable[tantivy.Document]) -> int:
    """Add the documents and commit; how many they were."""
    count = 0
    for document in documents:
        writer.add_document(document)
        count += 1
    writer.commit()
    writer.wait_merging_threads()
    return count


def query_text(question: Question) -> str:
    """The question in the language of tantivy's parser; prefixes and wildcards as regexes."""
    words = question.words_text({Match.PREFIX: "{}*"})
    if question.match in (Match.PREFIX, Match.WILDCARD):
        words = _regex_text(words.replace("*", ".*"))
    parts = [words]
    if question.excluded:
        parts.append(f"-{question.excluded}")
    if question.quality:
        parts.append("quality:[{} TO {}]".format(*question.quality))
    if question.dates:
        start, end = question.moments()
        parts.append(f"date:[{start:%Y-%m-%dT%H:%M:%SZ} TO {end:%Y-%m-%dT%H:%M:%SZ}}}")
    return " ".join(filter(None, parts)) or "*"


def _regex_text(pattern: str) -> str:
    """A regex in each field, as the parser takes none without a field."""
    return " OR ".join(f"{name}:/{pattern}/" for name in WEIGHTS)


ENGINE = _Engine()
