"""SQLite FTS5: the texts in one FTS5 table, everything else in an ordinary table with indexes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from benchmarks.corpus import Record
from benchmarks.engines import WEIGHTS
from benchmarks.engines.plain import find_changes, remember
from benchmarks.questions import Answer, Match, Order, Question

_SCHEMA = f"""
CREATE VIRTUAL TABLE texts USING fts5({", ".join(WEIGHTS)}, tokenize = 'porter unicode61');
INSERT INTO texts(texts, rank) VALUES
    ('rank', 'bm25({", ".join(str(weight) for weight in WEIGHTS.values())})');
CREATE TABLE posts(
    id INTEGER PRIMARY KEY, path TEXT UNIQUE, provider TEXT, date INTEGER, quality INTEGER);
CREATE TABLE post_topics(post INTEGER, topic TEXT, PRIMARY KEY (post, topic)) WITHOUT ROWID;
"""
_INDEXED = ("provider", "date", "quality")


def _require_fts5() -> None:
    """Raises: ImportError when this Python's SQLite was built without FTS5."""
    with closing(sqlite3.connect(":memory:")) as database:
        options = [name for (name,) in database.execute("PRAGMA compile_options")]
    if "ENABLE_FTS5" not in options:
        raise ImportError(f"SQLite {sqlite3.sqlite_version} was built without FTS5")


_require_fts5()


class _Open:
    def __init__(self, where: Path) -> None:
        self.database = sqlite3.connect(where / "posts.db")

    def answer(self, question: Question) -> Answer:
        source, values = _source(question)
        order = "posts.date DESC" if question.order is Order.NEWEST else "texts.rank"
        rows = self.database.execute(
            f"SELECT texts.title {source} ORDER BY {order} LIMIT 10", values
        ).fetchall()
        (total,) = self.database.execute(f"SELECT count(*) {source}", values).fetchone()
        facets = self._facets(source, values) if question.facets else None
        return Answer(total, tuple(title for (title,) in rows), facets)

    def _facets(self, source: str, values: dict[str, object]) -> dict[str, int]:
        return dict(
            self.database.execute(
                "SELECT topic, count(*) FROM post_topics "
                f"WHERE post IN (SELECT texts.rowid {source}) GROUP BY topic",
                values,
            )
        )

    def close(self) -> None:
        self.database.close()


class _Engine:
    def version(self) -> str:
        return f"SQLite {sqlite3.sqlite_version} FTS5"

    def sync(self, folder: Path, where: Path, jobs: int) -> int:
        changes = find_changes(folder, where)
        if changes.is_empty():
            return 0
        with closing(sqlite3.connect(where / "posts.db")) as database, database:
            if changes.is_first:
                database.executescript(_SCHEMA)
            for path in changes.outdated():
                _remove(database, path)
            _write(database, changes.posts(jobs))
        remember(changes, where)
        return changes.count()

    def build(self, records: Iterable[Record], where: Path, jobs: int) -> int:
        with closing(sqlite3.connect(where / "posts.db")) as database, database:
            database.executescript(_SCHEMA)
            return _write(database, records)

    def open(self, where: Path) -> _Open:
        return _Open(where)

    def left_out(self, question: Question) -> str:
        if question.match is Match.WILDCARD:
            return "FTS5 has no patterns but prefixes"
        if question.match is Match.FUZZY:
            return "FTS5 has no fuzzy words"
        return ""


def _write(database: sqlite3.Connection, posts: Iterable[Record]) -> int:
    """Add the posts and see to the indexes; how many they were."""
    count = 0
    for post in posts:
        _add(database, post)
        count += 1
    for column in _INDEXED:
        database.execute(f"CREATE INDEX IF NOT EXISTS by_{column} ON posts({column})")
    return count


def _add(database: sqlite3.Connection, post: Record) -> None:
    number = database.execute(
        "INSERT INTO posts VALUES (NULL, ?, ?, ?, ?)",
        (post.path, post.provider, int(post.date.timestamp()), post.quality),
    ).lastrowid
    texts = (post.title, post.excerpt, "\n".join(post.topics), "\n".join(post.related))
    database.execute(
        "INSERT INTO texts(rowid, title, excerpt, topics, related) VALUES (?, ?, ?, ?, ?)",
        (number, *texts),
    )
    database.executemany(
        "INSERT INTO post_topics VALUES (?, ?)", [(number, topic) for topic in post.topics]
    )


def _remove(database: sqlite3.Connection, path: str) -> None:
    (number,) = database.execute("SELECT id FROM posts WHERE path = ?", (path,)).fetchone()
    database.execute("DELETE FROM texts WHERE rowid = ?", (number,))
    database.execute("DELETE FROM post_topics WHERE post = ?", (number,))
    database.execute("DELETE FROM posts WHERE id = ?", (number,))


def match_text(question: Question) -> str:
    """The words of the question in the language of MATCH; empty when there are none."""
    text = question.words_text({Match.PREFIX: "{}*"})
    return f"{text} NOT {question.excluded}" if question.excluded else text


def _source(question: Question) -> tuple[str, dict[str, object]]:
    """FROM and WHERE of the question, and the values of their parameters.

    The two tables are joined only where both are needed.
    """
    tests: list[str] = []
    values: dict[str, object] = {}
    if text := match_text(question):
        tests.append("texts MATCH :text")
        values["text"] = text
    if question.quality:
        tests.append("posts.quality BETWEEN :low AND :high")
        values["low"], values["high"] = question.quality
    if question.dates:
        start, end = question.moments()
        tests.append("posts.date >= :start AND posts.date < :end")
        values["start"], values["end"] = int(start.timestamp()), int(end.timestamp())
    needs_posts = question.quality or question.dates or question.order is Order.NEWEST
    tables = "texts JOIN posts ON posts.id = texts.rowid" if needs_posts else "texts"
    return f"FROM {tables} WHERE {' AND '.join(tests) or 'TRUE'}", values


ENGINE = _Engine()
