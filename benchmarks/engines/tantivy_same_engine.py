"""tantivy-py with all the fields that searchidx makes of a post, so that both do the same work.

Beside the fields that all engines have (tantivy_engine.py): the unstemmed words of every text
field, whole values, all text fields as one, stemmed and not, the words of paths and providers,
which fields a post has, and the columns to sort titles and providers by. Weights of fields in the
one for all have no counterpart; whole values are not shortened. From files also the body, and all
other metadata, as words and as whole values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import tantivy

from benchmarks.corpus import Record
from benchmarks.engines import UNSTEMMED, WEIGHTS
from benchmarks.engines.plain import Changes, read_whole
from benchmarks.engines.tantivy_engine import (
    Open,
    document_fields,
    schema_builder,
    sync,
    version,
    write,
)
from benchmarks.questions import Question


def _schema() -> tantivy.SchemaBuilder:
    builder = schema_builder()
    for name in UNSTEMMED:
        builder.add_text_field(f"{name}_words", tokenizer_name="default", index_option="basic")
        builder.add_text_field(f"{name}_value", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("any", tokenizer_name="en_stem", index_option="freq")
    builder.add_text_field("any_words", tokenizer_name="default", index_option="basic")
    for name in ("path", "provider"):
        builder.add_text_field(f"{name}_words", tokenizer_name="default")
    builder.add_text_field("has", tokenizer_name="raw", index_option="basic")
    for name in ("title", "provider"):
        builder.add_text_field(f"{name}_order", fast=True, tokenizer_name="raw")
    return builder


def _whole_schema() -> tantivy.SchemaBuilder:
    """The same for posts from files."""
    builder = _schema()
    builder.add_text_field("body", stored=True, tokenizer_name="en_stem")
    builder.add_text_field("body_words", tokenizer_name="default", index_option="basic")
    builder.add_json_field("meta", stored=True, tokenizer_name="default")
    builder.add_json_field("meta_value", tokenizer_name="raw", index_option="basic")
    return builder


def _fields(post: Record) -> dict[str, Any]:
    fields: dict[str, Any] = document_fields(post)
    every = [text for values in post.texts() for text in values]
    for name in UNSTEMMED:
        fields[f"{name}_words"] = fields[name]
    fields["title_value"] = fields["title_order"] = post.title.lower()
    fields["excerpt_value"] = post.excerpt.lower()
    fields["related_value"] = [title.lower() for title in post.related]
    fields["any"] = fields["any_words"] = every
    fields["path_words"], fields["provider_words"] = post.path, post.provider
    fields["provider_order"] = post.provider.lower()
    fields["has"] = [*WEIGHTS, "path", "provider", "date", "quality"]
    return fields


def _documents(posts: Iterable[Record]) -> Iterator[tantivy.Document]:
    return (tantivy.Document(**_fields(post)) for post in posts)


def _whole_documents(changes: Changes, jobs: int) -> Iterator[tantivy.Document]:
    for post in changes.read_by(read_whole, jobs):
        meta = _plain(post.meta)
        body = {"body": post.body, "body_words": post.body} if post.body else {}
        yield tantivy.Document(**_fields(post.record), **body, meta=meta, meta_value=meta)


def _plain(value: Any) -> Any:
    """A value of the metadata in texts, as JSON takes it."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, str) else str(value)


class _Engine:
    def version(self) -> str:
        return f"{version()} with searchidx's fields"

    def sync(self, folder: Path, where: Path, jobs: int) -> int:
        return sync(folder, where, jobs, _whole_schema(), _whole_documents)

    def build(self, records: Iterable[Record], where: Path, jobs: int) -> int:
        writer = tantivy.Index(_schema().build(), str(where)).writer(num_threads=jobs)
        return write(writer, _documents(records))

    def open(self, where: Path) -> Open:
        return Open(where)

    def left_out(self, question: Question) -> str:
        return ""


ENGINE = _Engine()
