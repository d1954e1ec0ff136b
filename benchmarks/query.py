"""How long from the text of a query to its number of matches and ten stored titles?

Measured: several questions of each class (pick.py), asked of every engine on its own index of the
same synthetic posts (corpus.py), in one process, the engines by turns, everything warm; the median
over all questions and runs. Parsing the text, counting all matches and loading the titles are part
of it. Every answer is compared with the right one (truth.py) before anything is timed; a class that
an engine cannot answer with the same meaning is left out for it, and why.

    python -m benchmarks.query --posts 100000 --out benchmarks/results/query-100000.json
    python -m benchmarks.query --posts 1000000 --runs 3 --keep /var/tmp/indexes
"""

from __future__ import annotations

import argparse
import gc
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any

from benchmarks.corpus import records
from benchmarks.engines import Engine, Searching
from benchmarks.pick import make_questions
from benchmarks.questions import Answer, Question, difference
from benchmarks.report import (
    REFERENCE,
    add_build_options,
    add_keep_option,
    compared,
    environment,
    figure,
    load_engines,
    options_parser,
    print_table,
    save,
    too_slow,
)
from benchmarks.truth import read_posts, true_answer

_DONE = "built.txt"


@dataclass(slots=True)
class Row:
    """One class: its questions with their right answers, and by engine what was measured.

    `times_ms` has the times of all questions of the first run, then of the second, and so on.
    """

    name: str
    questions: tuple[Question, ...]
    truths: tuple[Answer, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    times_ms: dict[str, list[float]] = field(default_factory=dict)

    def medians(self) -> dict[str, float]:
        """Name of an engine -> median time in ms."""
        return {name: median(times) for name, times in self.times_ms.items()}

    def raw(self) -> dict[str, Any]:
        asked = zip(self.questions, self.truths, strict=True)
        return {
            "name": self.name,
            "questions": [{"words": one.words, "posts": truth.total} for one, truth in asked],
            "left_out": self.left_out,
            "wrong": self.wrong,
            "median_ms": {name: round(time_ms, 4) for name, time_ms in self.medians().items()},
            "times_ms": {
                name: [round(one, 4) for one in times] for name, times in self.times_ms.items()
            },
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 0 when every answer was right, else 1."""
    options = _parser().parse_args(arguments)
    engines, skipped = load_engines(options.engines)
    for name in list(engines):
        if reason := too_slow(name, options.posts, options):
            del engines[name]
            skipped[name] = reason
    rows = _rows(options.posts, options.seed)
    with ExitStack() as stack:
        folder = options.keep or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="searchidx-query-"))
        )
        opened: dict[str, Searching] = {}
        for name, engine in engines.items():
            where = built_index(name, engine, folder, options)
            opened[name] = stack.enter_context(closing(engine.open(where)))
        for row in rows:
            _check(row, engines, opened)
            _measure(row, opened, options.runs)
    _print(rows, list(engines), skipped)
    facts = {name: getattr(options, name) for name in ("posts", "seed", "runs", "jobs")}
    head = {"benchmark": "query", **facts, **environment(engines), "skipped": skipped}
    save(options.out, {**head, "classes": [row.raw() for row in rows]})
    return 1 if any(row.wrong for row in rows) else 0


def _parser() -> argparse.ArgumentParser:
    parser = options_parser("benchmarks.query", __doc__.splitlines()[0], runs=10)
    parser.add_argument("--posts", type=int, default=10_000, help="how many (%(default)s)")
    add_build_options(parser)
    add_keep_option(parser)
    return parser


def _rows(count: int, seed: int) -> list[Row]:
    print(f"reading {count:,} posts for the right answers", file=sys.stderr)
    posts = read_posts(records(count, seed))
    return [
        Row(name, questions, tuple(true_answer(posts, question) for question in questions))
        for name, questions in make_questions(posts).items()
    ]


def built_index(name: str, engine: Engine, folder: Path, options: argparse.Namespace) -> Path:
    """Where the engine's index of the posts is. It is made if it is not there yet."""
    where = folder / f"{name}-{options.posts}-{options.seed}"
    done = where / _DONE
    if name != REFERENCE and done.exists() and done.read_text() == engine.version():
        return where
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir(parents=True)
    print(f"{name}: indexing {options.posts:,} posts", file=sys.stderr)
    started = time.perf_counter()
    built = engine.build(records(options.posts, options.seed), where, options.jobs)
    elapsed_s = time.perf_counter() - started
    print(f"{name}: {built:,} posts in {elapsed_s:.1f} s", file=sys.stderr)
    done.write_text(engine.version())
    return where


def _check(row: Row, engines: Mapping[str, Engine], opened: Mapping[str, Searching]) -> None:
    """Compare every engine's answers with the right ones."""
    for name, engine in engines.items():
        for question, truth in zip(row.questions, row.truths, strict=True):
            if reason := engine.left_out(question):
                row.left_out[name] = reason
            elif wrong := difference(question, opened[name].answer(question), truth):
                row.wrong[name] = wrong


def _measure(row: Row, opened: Mapping[str, Searching], runs: int) -> None:
    """Time the engines that answered rightly, by turns, so that noise falls on all alike; in its
    turn, an engine is asked one question after the other."""
    timed = {
        name: searching
        for name, searching in opened.items()
        if name not in row.left_out and name not in row.wrong
    }
    print(f"{row.name}: asking {', '.join(timed)}", file=sys.stderr)
    row.times_ms = {name: [] for name in timed}
    gc.collect()
    gc.freeze()
    for run in range(1 + runs):
        for name, searching in timed.items():
            for question in row.questions:
                started = time.perf_counter()
                searching.answer(question)
                elapsed_ms = (time.perf_counter() - started) * 1000
                if run > 0:  # the first is to warm up
                    row.times_ms[name].append(elapsed_ms)


def _print(rows: Sequence[Row], names: Sequence[str], skipped: Mapping[str, str]) -> None:
    table = []
    for row in rows:
        medians = row.medians()
        cells = [row.name, f"{median(truth.total for truth in row.truths):,.0f}"]
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
    for line in _summary(rows):
        print(line)
    for row in rows:
        for name, reason in (row.left_out | row.wrong).items():
            print(f"{row.name}, {name}: {reason}")
    for reason in skipped.values():
        print(reason)


def _summary(rows: Sequence[Row]) -> Iterator[str]:
    """How each peer compares over all its classes, and the class that is worst for REFERENCE."""
    ratios: dict[str, list[float]] = {}
    against_best: list[tuple[float, str, str]] = []
    for row in rows:
        peers = row.medians()
        reference = peers.pop(REFERENCE, None)
        if reference is None or not peers:
            continue
        for name, time_ms in peers.items():
            ratios.setdefault(name, []).append(time_ms / reference)
        best = min(peers, key=lambda name: peers[name])
        against_best.append((reference / peers[best], row.name, best))
    for name, values in ratios.items():
        mean = figure(geometric_mean(values))
        yield f"{name}: ×{mean}, the geometric mean of {len(values)} classes"
    if against_best:
        ratio, name, best = max(against_best)
        yield f"worst class of {REFERENCE}: {name}, ×{figure(ratio)} the time of {best}"
        yield ""


if __name__ == "__main__":
    sys.exit(main())
