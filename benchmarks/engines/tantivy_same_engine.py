"""tantivy-py with all the fields that searchidx makes of a record, so that both do the same work.

Beside the fields that all engines have (tantivy_engine.py): the unstemmed words of every text
field, whole values, all text fields as one, stemmed and not, the words of paths and providers,
which fields a post has, and the columns to sort titles and providers by. Weights of fields in the
one for all have no counterpart; whole values are not shortened.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tantivy

from benchmarks.corpus import Record
from benchmarks.engines import WEIGHTS
from benchmarks.engines.tantivy_engine import Open, document_fields, schema_builder, version, write
from benchmarks.questions import Question

UNSTEMMED = ("title", "excerpt", "related")
"""The text fields that searchidx keeps unstemmed, too; topics are never stemmed there."""


def _schema() -> tantivy.Schema:
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
    return builder.build()


def _document(post: Record) -> tantivy.Document:
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
    return tantivy.Document(**fields)


class _Engine:
    def version(self) -> str:
        return f"{version()} with searchidx's fields"

    def sync(self, folder: Path, where: Path, jobs: int) -> int:
        raise NotImplementedError("it is measured from memory only")

    def build(self, records: Iterable[Record], where: Path, jobs: int) -> int:
        writer = tantivy.Index(_schema(), str(where)).writer(num_threads=jobs)
        return write(writer, map(_document, records))

    def open(self, where: Path) -> Open:
        return Open(where)

    def left_out(self, question: Question) -> str:
        return ""


ENGINE = _Engine()
