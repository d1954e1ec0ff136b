"""The engines as rankers: texts in, and for each query the ids of the best texts.

searchidx is asked through its library, with the query as it was typed and its default settings.
The others cannot take a sentence as it is: they are given its words, any of which may match, in
title or text, and their default scoring.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import searchidx
from benchmarks.collections import DEPTH, Collection, Text

Ranked = Iterator[tuple[str, list[str]]]
Ranker = Callable[[Collection, Path], Ranked]
"""A collection and an empty folder to work in -> each query's id with the ids of its best texts."""

_WORD = re.compile(r"\w+")


def rank_searchidx(collection: Collection, folder: Path, **options: Any) -> Ranked:
    """searchidx; a text is a post with a title and a body."""
    with index_of(collection, folder) as index:
        for query, words in collection.queries.items():
            try:
                hits = index.search(words, limit=DEPTH, **options).hits
            except searchidx.QueryError:
                hits = ()
            yield query, [Path(hit.path).stem for hit in hits]


def index_of(collection: Collection, folder: Path) -> searchidx.Index:
    """An index of the texts in an empty folder, with default settings; the caller closes it."""
    posts = folder / "posts"
    posts.mkdir()
    for text in collection.texts:
        head = f"---\ntitle: {json.dumps(text.title)}\n---\n"
        (posts / f"{text.id}.md").write_text(head + text.text, encoding="utf-8")
    index = searchidx.open(folder / "index", create=True)
    index.sync([posts])
    return index


def rank_expanded(collection: Collection, folder: Path) -> Ranked:
    """searchidx with words added from the best posts."""
    return rank_searchidx(collection, folder, expand=True)


def rank_fts5(collection: Collection, folder: Path) -> Ranked:
    """SQLite FTS5 with Porter stems."""
    with closing(sqlite3.connect(folder / "texts.db")) as database:
        database.execute(
            "CREATE VIRTUAL TABLE texts USING fts5("
            "id UNINDEXED, title, text, tokenize = 'porter unicode61')"
        )
        rows = ((text.id, text.title, text.text) for text in collection.texts)
        database.executemany("INSERT INTO texts VALUES (?, ?, ?)", rows)
        for query, typed in collection.queries.items():
            words = " OR ".join(f'"{word}"' for word in _words(typed))
            found = database.execute(
                "SELECT id FROM texts WHERE texts MATCH ? ORDER BY rank LIMIT ?", (words, DEPTH)
            )
            yield query, [id_ for (id_,) in found]


def rank_tantivy(collection: Collection, folder: Path) -> Ranked:
    """tantivy-py with its English stemmer."""
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw")
    for name in ("title", "text"):
        builder.add_text_field(name, tokenizer_name="en_stem")
    index = tantivy.Index(builder.build(), str(folder))
    writer = index.writer()
    for text in collection.texts:
        writer.add_document(tantivy.Document(id=text.id, title=text.title, text=text.text))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()
    for query, typed in collection.queries.items():
        parsed = index.parse_query(" ".join(_words(typed)), ["title", "text"])
        hits = searcher.search(parsed, DEPTH).hits
        yield query, [str(searcher.doc(at).get_first("id")) for _, at in hits]


def rank_bm25s(collection: Collection, folder: Path) -> Ranked:
    """bm25s by Lucene's formula, with its English stop words and Snowball's stemmer."""
    import bm25s
    import Stemmer

    stemmer = Stemmer.Stemmer("english")

    def tokens(texts: Iterable[str]) -> Any:
        return bm25s.tokenize(list(texts), stopwords="en", stemmer=stemmer, show_progress=False)

    model = bm25s.BM25(method="lucene")
    model.index(tokens(_whole(text) for text in collection.texts), show_progress=False)
    for query, typed in collection.queries.items():
        asked, deep = tokens([typed]), min(DEPTH, len(collection.texts))
        if not asked.vocab:
            yield query, []
            continue
        found, scores = model.retrieve(asked, k=deep, show_progress=False)
        best = zip(found[0].tolist(), scores[0].tolist(), strict=True)
        yield query, [collection.texts[at].id for at, score in best if score > 0]


def rank_whoosh(collection: Collection, folder: Path) -> Ranked:
    """Stock Whoosh with its stemming analyser."""
    from whoosh import fields, index, query
    from whoosh.analysis import StemmingAnalyzer

    analyser = StemmingAnalyzer()
    text_field = fields.TEXT(analyzer=analyser)
    schema = fields.Schema(id=fields.ID(stored=True), title=text_field, text=text_field)
    made = index.create_in(str(folder), schema)
    writer = made.writer()
    for text in collection.texts:
        writer.add_document(id=text.id, title=text.title, text=text.text)
    writer.commit()
    with made.searcher() as searcher:
        for asked, typed in collection.queries.items():
            terms = [token.text for token in analyser(typed, mode="query")]
            either = [query.Term(name, term) for term in terms for name in ("title", "text")]
            hits = searcher.search(query.Or(either), limit=DEPTH)
            yield asked, [hit["id"] for hit in hits]


RANKERS: dict[str, tuple[Ranker, str]] = {
    "searchidx": (rank_searchidx, "searchidx"),
    "searchidx --expand": (rank_expanded, "searchidx"),
    "FTS5": (rank_fts5, ""),
    "tantivy-py": (rank_tantivy, "tantivy"),
    "bm25s": (rank_bm25s, "bm25s"),
    "Whoosh": (rank_whoosh, "whoosh3"),
}
"""Each ranker, and the distribution it is from."""


def installed() -> dict[str, str]:
    """The rankers that can be had here, with their versions."""
    found = {}
    for name, (_, distribution) in RANKERS.items():
        try:
            found[name] = version(distribution) if distribution else sqlite3.sqlite_version
            if distribution == "bm25s":
                import_module("Stemmer")
        except ImportError:
            found.pop(name, None)
    return found


def _words(typed: str) -> list[str]:
    return _WORD.findall(typed.lower())


def _whole(text: Text) -> str:
    return f"{text.title} {text.text}"
