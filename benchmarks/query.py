"""How long from the text of a query to its number of matches and ten stored titles?

Measured: one question of each class (questions.py), asked of searchidx, stock Whoosh, tantivy-py
and SQLite FTS5, each on its own index of the same synthetic posts (corpus.py), in one process and
by turns, everything warm; the median of the runs. Parsing the text, counting all matches and
loading the titles are part of it. Every answer is compared with the right one before anything is
timed; a class that an engine cannot answer with the same meaning is left out for it, and why.

    python -m benchmarks.query --posts 10000 --runs 30 --out benchmarks/results/query-10000.json
"""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.corpus import records, write_posts
from benchmarks.engines import Engine, Searching
from benchmarks.questions import Answer, Question, difference, make_questions, true_answers
from benchmarks.report import (
    REFERENCE,
    compared,
    environment,
    load_engines,
    options_parser,
    print_table,
    save,
)

WARM_UPS = 2


@dataclass(slots=True)
class Row:
    """One question: the right answer, and by engine what was measured or why nothing was."""

    question: Question
    truth: Answer
    left_out: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    times_ms: dict[str, list[float]] = field(default_factory=dict)

    def raw(self) -> dict[str, Any]:
        return {
            "name": self.question.name,
            "words": self.question.words,
            "posts": self.truth.total,
            "left_out": self.left_out,
            "wrong": self.wrong,
            "times_ms": {
                name: [round(one, 4) for one in times] for name, times in self.times_ms.items()
            },
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 0 when every answer was right, else 1."""
    about = __doc__.splitlines()[0]
    parser = options_parser("benchmarks.query", about, posts=10_000, runs=30)
    options = parser.parse_args(arguments)
    engines, skipped = load_engines(options.engines)
    rows = _rows(options.posts, options.seed)
    with tempfile.TemporaryDirectory(prefix="searchidx-query-") as scratch:
        opened = _build(engines, Path(scratch), options.posts, options.seed)
        try:
            for row in rows:
                _check(row, engines, opened)
                _measure(row, opened, options.runs)
        finally:
            for searching in opened.values():
                searching.close()
    _print(rows, list(engines), skipped)
    facts = {"posts": options.posts, "seed": options.seed, "runs": options.runs}
    head = {"benchmark": "query", **facts, **environment(engines), "skipped": skipped}
    save(options.out, {**head, "questions": [row.raw() for row in rows]})
    return 1 if any(row.wrong for row in rows) else 0


def _rows(posts: int, seed: int) -> list[Row]:
    questions = make_questions(records(posts, seed))
    answers = true_answers(records(posts, seed), questions)
    return [Row(question, answers[question.name]) for question in questions]


def _build(
    engines: Mapping[str, Engine], scratch: Path, posts: int, seed: int
) -> dict[str, Searching]:
    """Each engine's index of the same posts, open."""
    folder = scratch / "posts"
    write_posts(folder, posts, seed)
    opened = {}
    for name, engine in engines.items():
        print(f"{name}: indexing {posts:,} posts", file=sys.stderr)
        where = scratch / name
        where.mkdir()
        engine.sync(folder, where)
        opened[name] = engine.open(where)
    return opened


def _check(row: Row, engines: Mapping[str, Engine], opened: Mapping[str, Searching]) -> None:
    """Compare every engine's answer with the right one."""
    for name, engine in engines.items():
        if reason := engine.left_out(row.question):
            row.left_out[name] = reason
        elif wrong := difference(row.question, opened[name].answer(row.question), row.truth):
            row.wrong[name] = wrong


def _measure(row: Row, opened: Mapping[str, Searching], runs: int) -> None:
    """Time the engines that answered rightly, by turns, so that noise falls on all alike."""
    timed = {
        name: searching
        for name, searching in opened.items()
        if name not in row.left_out and name not in row.wrong
    }
    print(f"{row.question.name}: asking {', '.join(timed)}", file=sys.stderr)
    row.times_ms = {name: [] for name in timed}
    gc.collect()
    gc.freeze()
    for run in range(WARM_UPS + runs):
        for name, searching in timed.items():
            started = time.perf_counter()
            searching.answer(row.question)
            elapsed_ms = (time.perf_counter() - started) * 1000
            if run >= WARM_UPS:
                row.times_ms[name].append(elapsed_ms)


def _print(rows: Sequence[Row], names: Sequence[str], skipped: Mapping[str, str]) -> None:
    table = []
    for row in rows:
        medians = {name: median(times) for name, times in row.times_ms.items()}
        cells = [row.question.name, f"{row.truth.total:,}"]
        for name in names:
            if name in medians:
                reference = None if name == REFERENCE else medians.get(REFERENCE)
                cells.append(compared(medians[name], reference))
            else:
                cells.append("WRONG" if name in row.wrong else "left out")
        table.append(cells)
    print(f"Median ms; in parentheses how many times as long as {REFERENCE}.\n")
    print_table(["class", "posts", *names], table)
    print()
    for row in rows:
        for name, reason in (row.left_out | row.wrong).items():
            print(f"{row.question.name}, {name}: {reason}")
    for reason in skipped.values():
        print(reason)


if __name__ == "__main__":
    sys.exit(main())
