"""Stock Whoosh with all the fields that searchidx makes of a record, so that both do the same work.

They are those of tantivy_same_engine.py.
"""

from __future__ import annotations

from typing import Any

from whoosh import fields
from whoosh.analysis import StandardAnalyzer, StemmingAnalyzer

from benchmarks.corpus import Record
from benchmarks.engines import UNSTEMMED, WEIGHTS
from benchmarks.engines.whoosh_engine import Engine, document_fields, schema


def _schema() -> fields.Schema:
    whole = schema()
    unstemmed = StandardAnalyzer(stoplist=None)
    for name in UNSTEMMED:
        whole.add(f"{name}_words", fields.TEXT(unstemmed, phrase=False))
    whole.add("title_value", fields.ID(sortable=True))
    whole.add("excerpt_value", fields.ID())
    whole.add("related_value", fields.IDLIST(expression=r"[^\n]+"))
    whole.add("any", fields.TEXT(StemmingAnalyzer(), phrase=False))
    whole.add("any_words", fields.TEXT(unstemmed, phrase=False))
    for name in ("path", "provider"):
        whole.add(f"{name}_words", fields.TEXT(unstemmed))
    whole.add("provider_order", fields.ID(sortable=True))
    whole.add("has", fields.KEYWORD())
    return whole


def _fields(post: Record) -> dict[str, Any]:
    found = document_fields(post)
    every = "\n".join(text for values in post.texts() for text in values)
    for name in UNSTEMMED:
        found[f"{name}_words"] = found[name]
        found[f"{name}_value"] = found[name].lower()
    found["any"] = found["any_words"] = every
    found["path_words"], found["provider_words"] = post.path, post.provider
    found["provider_order"] = post.provider.lower()
    found["has"] = " ".join([*WEIGHTS, "path", "provider", "date", "quality"])
    return found


ENGINE = Engine(_schema, _fields, " with searchidx's fields")
