"""How long does a search in a new process take, from the shell's prompt to ten titles?

Measured: processes that open an index of the same synthetic posts (corpus.py), answer one query
with its number of matches and the titles of the best ten, and end: `searchidx query`, plain scripts
for stock Whoosh, tantivy-py and FTS5, and `sqlite3`, SQLite's own program. ripgrep looks through a
file a post that holds the same texts, a value a line, and names the posts. By turns, files in the
page cache, bytecode compiled; the median over questions and runs. Every answer is compared with the
right one (truth.py) first. Beside them `python -c "import numpy"`: what no search with NumPy can be
faster than, and what the promise of searchidx is told in, 1.3 times that and 40 ms.

    python -m benchmarks.oneshot --posts 100000 --out benchmarks/results/oneshot-100000.json
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.corpus import Record, records
from benchmarks.engines import WEIGHTS
from benchmarks.engines.fts5_engine import match_text
from benchmarks.pick import make_questions
from benchmarks.query import built_index
from benchmarks.questions import Answer, Question, difference
from benchmarks.report import (
    REFERENCE,
    add_build_options,
    add_keep_option,
    compared,
    environment,
    load_engines,
    options_parser,
    print_table,
    save,
)
from benchmarks.truth import read_posts, true_answer

CLASSES = ("rare word", "common word", "2 words AND", "phrase")
FLOOR = "import numpy"
SHOWN = "searchidx, as shown"
"""Hits with dates, topics, snippets and what matched in them, in colours on a terminal."""

_WHOOSH = """
import sys
from whoosh import index, qparser
opened = index.open_dir(sys.argv[1])
parser = qparser.MultifieldParser(WEIGHTS, opened.schema, fieldboosts=WEIGHTS)
with opened.searcher() as searcher:
    query = parser.parse(sys.argv[2])
    results = searcher.search(query, limit=10)
    print(sum(1 for _ in searcher.docs_for_query(query)))
    for hit in results:
        print(hit["title"])
"""
_TANTIVY = """
import sys, tantivy
index = tantivy.Index.open(sys.argv[1])
query = index.parse_query(sys.argv[2], list(WEIGHTS), WEIGHTS, conjunction_by_default=True)
searcher = index.searcher()
results = searcher.search(query, 10)
print(results.count)
for _, at in results.hits:
    print(searcher.doc(at).get_first("title"))
"""
_FTS5 = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1] + "/posts.db")
of = "FROM texts WHERE texts MATCH ?"
print(*database.execute(f"SELECT count(*) {of}", sys.argv[2:]).fetchone())
for title, in database.execute(f"SELECT title {of} ORDER BY rank LIMIT 10", sys.argv[2:]):
    print(title)
"""
_SQL = """SELECT count(*) FROM texts WHERE texts MATCH '{0}';
SELECT title FROM texts WHERE texts MATCH '{0}' ORDER BY rank LIMIT 10;"""

Command = Callable[[Question], list[str]]


@dataclass(slots=True)
class Peer:
    """A way to ask in a new process; `engine` made the index. `read` makes an answer of the output;
    without it, the output is not looked at. `run` runs a command whose output nobody reads."""

    engine: str
    command: Command
    read: Callable[[subprocess.CompletedProcess[str]], Answer] | None = None
    run: Callable[[Sequence[str]], None] = field(default_factory=lambda: _run_unread)
    wrong: str = ""
    times_ms: dict[str, list[float]] = field(default_factory=dict)

    def median_ms(self, name: str) -> float:
        return median(self.times_ms[name])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 0 when every answer was right, else 1."""
    parser = options_parser("benchmarks.oneshot", __doc__.splitlines()[0], runs=5)
    parser.add_argument("--posts", type=int, default=10_000, help="how many (%(default)s)")
    add_build_options(parser)
    add_keep_option(parser)
    options = parser.parse_args(arguments)
    engines, skipped = load_engines([name for name in options.engines if name != "xapian"])
    print(f"reading {options.posts:,} posts for the right answers", file=sys.stderr)
    posts = read_posts(records(options.posts, options.seed))
    classes = {name: make_questions(posts)[name] for name in CLASSES}
    truths = {one: true_answer(posts, one) for asked in classes.values() for one in asked}
    with tempfile.TemporaryDirectory(prefix="searchidx-oneshot-") as scratch:
        folder = options.keep or Path(scratch)
        where = {name: built_index(name, one, folder, options) for name, one in engines.items()}
        peers = _peers(where)
        if shutil.which("rg"):
            texts = Path(scratch, "texts")
            _write_texts(records(options.posts, options.seed), texts)
            peers["ripgrep"] = Peer("", lambda asked: _ripgrep(asked, texts), _read_paths)
        else:
            skipped["ripgrep"] = "ripgrep: skipped, not installed"
        for peer in peers.values():
            peer.wrong = _fault(peer, truths)
        _measure(peers, classes, options.runs)
    _print(peers, skipped)
    facts = {name: getattr(options, name) for name in ("posts", "seed", "runs", "jobs")}
    head = {"benchmark": "oneshot", **facts, **environment(engines), "skipped": skipped}
    save(options.out, {**head, "peers": {name: _raw(peer) for name, peer in peers.items()}})
    return 1 if any(peer.wrong for peer in peers.values()) else 0


def _peers(where: Mapping[str, Path]) -> dict[str, Peer]:
    """The ways to ask, by their name in the table."""
    peers = {FLOOR: Peer("", lambda asked: [sys.executable, "-c", "import numpy"])}
    if REFERENCE in where:
        folder = str(where[REFERENCE] / "index")
        program = [*_searchidx(), "--index", folder, "query", "--match", "all"]
        titles = [*program, "--format", "{title}"]
        peers[REFERENCE] = Peer(
            REFERENCE, lambda asked: [*titles, _with_quotes(asked)], _read_searchidx
        )
        shown = [*program, "--no-pager"]
        peers[SHOWN] = Peer(
            REFERENCE, lambda asked: [*shown, _with_quotes(asked)], run=_run_on_terminal
        )
    scripts = {"whoosh": _WHOOSH, "tantivy": _TANTIVY, "fts5": _FTS5}
    for name, script in scripts.items():
        if name in where:
            text = match_text if name == "fts5" else _with_quotes
            peers[name] = Peer(name, _script(script, where[name], text), _read_titles)
    if "fts5" in where and shutil.which("sqlite3"):
        database = str(where["fts5"] / "posts.db")
        peers["sqlite3"] = Peer(
            "fts5",
            lambda asked: ["sqlite3", database, _SQL.format(match_text(asked))],
            _read_titles,
        )
    return peers


def _script(script: str, where: Path, text: Callable[[Question], str]) -> Command:
    whole = f"WEIGHTS = {WEIGHTS!r}{script}"
    return lambda asked: [sys.executable, "-c", whole, str(where), text(asked)]


def _searchidx() -> list[str]:
    """The installed command, as a user calls it."""
    script = Path(sys.executable).with_name("searchidx")
    return [str(script)] if script.exists() else [sys.executable, "-m", "searchidx"]


def _with_quotes(question: Question) -> str:
    text = " ".join(question.words)
    return f'"{text}"' if question.name == "phrase" else text


def _ripgrep(question: Question, texts: Path) -> list[str]:
    """The posts that have the first word, and of these those that have the next, and so on."""
    words = [" ".join(question.words)] if question.name == "phrase" else list(question.words)
    find = "rg --files-with-matches --ignore-case --word-regexp"
    first = f"{find} {shlex.quote(words[0])} {shlex.quote(str(texts))}"
    more = [f"xargs --delimiter='\\n' --no-run-if-empty {find} {shlex.quote(w)}" for w in words[1:]]
    return ["sh", "-c", " | ".join([first, *more])]


def _write_texts(posts: Iterable[Record], folder: Path) -> None:
    """A file a post that holds what is searched, a value a line."""
    for post in posts:
        path = folder / post.path
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [value for values in post.texts() for value in values]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


# -- answers


def _read_titles(done: subprocess.CompletedProcess[str]) -> Answer:
    total, *titles = done.stdout.splitlines()
    return Answer(int(total), tuple(titles))


def _read_searchidx(done: subprocess.CompletedProcess[str]) -> Answer:
    found = re.search(r"(\d+) posts? match", done.stderr)
    return Answer(int(found[1]) if found else 0, tuple(done.stdout.splitlines()))


def _read_paths(done: subprocess.CompletedProcess[str]) -> Answer:
    """ripgrep gives no titles and no order, only which posts match."""
    paths = done.stdout.splitlines()
    return Answer(len(paths), tuple(paths[:10]))


def _fault(peer: Peer, truths: Mapping[Question, Answer]) -> str:
    """How the answers differ from the right ones; empty when they do not."""
    for question, truth in truths.items() if peer.read else ():
        assert peer.read is not None
        done = _run(peer.command(question), capture_output=True)
        try:
            wrong = difference(question, peer.read(done), truth)
        except ValueError:
            wrong = (done.stderr.strip() or "no answer").splitlines()[-1]
        if wrong:
            return f"{question.name}: {wrong}"
    return ""


def _measure(
    peers: Mapping[str, Peer], classes: Mapping[str, Sequence[Question]], runs: int
) -> None:
    """Time those that answered rightly, by turns, so that noise falls on all alike."""
    for name, questions in classes.items():
        print(f"{name}: asking", file=sys.stderr)
        for run in range(1 + runs):
            for question in questions:
                for peer in (peer for peer in peers.values() if not peer.wrong):
                    command = peer.command(question)
                    started = time.perf_counter()
                    peer.run(command)
                    if run > 0:  # the first is to warm up
                        elapsed_ms = (time.perf_counter() - started) * 1000
                        peer.times_ms.setdefault(name, []).append(elapsed_ms)


def _run(command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command as from a shell of a user's."""
    return subprocess.run(command, text=True, check=False, env=_environment(), **options)


def _run_unread(command: Sequence[str]) -> None:
    _run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _run_on_terminal(command: Sequence[str]) -> None:
    """Run a command on a terminal that shows colours, and read what it writes there."""
    own, its = os.openpty()
    environment = {**_environment(), "TERM": "xterm-256color"}
    process = subprocess.Popen(command, stdout=its, stderr=its, env=environment)
    os.close(its)
    with contextlib.suppress(OSError):  # what Linux says when the other end is closed
        while os.read(own, 64 * 1024):
            pass
    os.close(own)
    process.wait()


def _environment() -> dict[str, str]:
    """The variables, without those that have Python keep no bytecode."""
    return {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}


def _raw(peer: Peer) -> dict[str, Any]:
    times = {name: [round(one, 2) for one in found] for name, found in peer.times_ms.items()}
    return {"wrong": peer.wrong, "times_ms": times}


def _print(peers: Mapping[str, Peer], skipped: Mapping[str, str]) -> None:
    right = {name: peer for name, peer in peers.items() if not peer.wrong}
    table = []
    for name in CLASSES:
        reference = right[REFERENCE].median_ms(name) if REFERENCE in right else None
        cells = [
            compared(peer.median_ms(name), None if own == REFERENCE else reference)
            for own, peer in right.items()
        ]
        table.append([name, *cells])
    print(f"Median ms; in parentheses how many times as long as {REFERENCE}.\n")
    print_table(["class", *right], table)
    print()
    for own in (REFERENCE, SHOWN):
        if own in right:
            shares = [
                (right[own].median_ms(name) - 40) / right[FLOOR].median_ms(name) for name in CLASSES
            ]
            print(f"{own}: {max(shares):.2f} times `{FLOOR}` and 40 ms, at most (promised: 1.3)")
    for name, peer in peers.items():
        if peer.wrong:
            print(f"{name}: WRONG, {peer.wrong}")
    for reason in skipped.values():
        print(reason)


if __name__ == "__main__":
    sys.exit(main())
