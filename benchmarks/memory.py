"""How long from posts in memory to an index of them, how large is it, and how much memory goes by?

Measured: the time to index synthetic posts (corpus.py) that are all in memory before the clock
starts, so that no file is read and nothing is parsed but the texts; the size of the index; and the
most memory above that of the posts, in all processes of the engine together. One process an engine,
size and run; the median of the runs. Several sizes show how a post's share grows. Whoosh is shown
with one process and, as `whoosh-mp`, with its writer of several; Whoosh and tantivy with the fields
that all engines have and, as `whoosh-same` and `tantivy-same`, with all that searchidx keeps. After
each run the index is asked whether it holds every post.

    python -m benchmarks.memory --posts 10000,100000 --out memory.json
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.corpus import records
from benchmarks.engines import Engine, load, size_bytes
from benchmarks.memory_use import Held, peak_mb, reset_peak, shared_out, watching
from benchmarks.questions import every_post
from benchmarks.report import (
    REFERENCE,
    add_build_options,
    compared,
    environment,
    load_engines,
    options_parser,
    print_table,
    save,
    too_slow,
)

LABELS = {
    "posts_per_s": "posts per second",
    "index_mb": "index, MB",
    "bytes_per_post": "index, bytes a post",
    "peak_mb": "memory, MB",
    "own_mb": "memory without mapped files, MB",
}
_READY = "ready"


class WrongIndex(Exception):
    """An index could not be made, or does not hold what it should."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """An engine, and how many threads or processes it may use."""

    label: str
    engine: str
    jobs: int


@dataclass(slots=True)
class Round:
    """What all contestants did at one size: label -> measure -> a value a run."""

    posts: int
    measured: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def median(self, label: str, measure: str) -> float | None:
        """None if the contestant has no right index at this size."""
        if label in self.wrong or label not in self.measured:
            return None
        return median(self.measured[label][measure])

    def raw(self) -> dict[str, Any]:
        return {
            "posts": self.posts,
            "left_out": self.left_out,
            "wrong": self.wrong,
            "measured": self.measured,
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 0 when every index was right, else 1."""
    options = _parser().parse_args(arguments)
    if options.worker:
        name, where = options.worker
        (count,) = options.posts
        print(json.dumps(_work(load(name), Path(where), count, options)))
        return 0
    engines, skipped = load_engines(options.engines)
    contestants = _contestants(engines, options.jobs)
    rounds = [_round(contestants, posts, options) for posts in options.posts]
    _print(rounds, contestants, skipped)
    facts = {name: getattr(options, name) for name in ("posts", "seed", "runs", "jobs")}
    head = {"benchmark": "memory", **facts, **environment(engines), "skipped": skipped}
    save(options.out, {**head, "sizes": [one.raw() for one in rounds]})
    return 1 if any(one.wrong for one in rounds) else 0


def _parser() -> argparse.ArgumentParser:
    parser = options_parser("benchmarks.memory", __doc__.splitlines()[0], runs=1)
    parser.add_argument(
        "--posts",
        type=_sizes,
        default=[10_000, 100_000],
        metavar="N[,N...]",
        help="how many, one size after the other (10000,100000)",
    )
    add_build_options(parser)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    return parser


def _sizes(text: str) -> list[int]:
    return [int(size) for size in text.split(",")]


def _contestants(names: Iterable[str], jobs: int) -> list[Contestant]:
    contestants = []
    for name in names:
        if name == "whoosh":
            contestants.append(Contestant("whoosh", name, 1))
            if jobs > 1:
                contestants.append(Contestant("whoosh-mp", name, jobs))
            contestants.append(Contestant("whoosh-same", "whoosh_same", 1))
        elif name == "tantivy":
            contestants.append(Contestant("tantivy", name, jobs))
            contestants.append(Contestant("tantivy-same", "tantivy_same", jobs))
        else:
            contestants.append(Contestant(name, name, jobs))
    return contestants


def _round(contestants: Sequence[Contestant], posts: int, options: argparse.Namespace) -> Round:
    found = Round(posts)
    for run in range(options.runs):
        for one in contestants:
            if reason := too_slow(one.engine, posts, options):
                found.left_out[one.label] = reason
            elif one.label not in found.wrong:
                print(f"{one.label}: {posts:,} posts, run {run + 1}", file=sys.stderr)
                _run(one, found, options.seed)
    return found


def _run(one: Contestant, found: Round, seed: int) -> None:
    """One contestant in a process of its own, with a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="searchidx-memory-") as where:
        try:
            values = _in_process(one, Path(where), found.posts, seed)
        except WrongIndex as error:
            found.wrong[one.label] = str(error)
            return
    for measure, value in values.items():
        found.measured.setdefault(one.label, {}).setdefault(measure, []).append(value)


def _in_process(one: Contestant, where: Path, posts: int, seed: int) -> dict[str, float]:
    """What the contestant measures of itself, and the memory that it was seen to have."""
    worker = ["--worker", one.engine, str(where), "--jobs", str(one.jobs)]
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.memory", *worker]
            + ["--posts", str(posts), "--seed", str(seed)],
            cwd=Path(__file__).parents[1],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        with process:
            assert process.stdout is not None
            is_ready = process.stdout.readline().strip() == _READY
            with watching(process.pid) as watch:
                printed = process.stdout.read()
        if process.returncode or not is_ready:
            errors.seek(0)
            lines = errors.read().strip().splitlines()
            raise WrongIndex(lines[-1] if lines else f"exit {process.returncode}")
    values: dict[str, float] = json.loads(printed)
    before = Held(values.pop("before_mb"), values.pop("before_own_mb"))
    of_all_mb = watch.peak.all_mb - before.all_mb
    own_mb = watch.peak.own_mb - before.own_mb
    return {**values, "peak_mb": max(values["peak_mb"], of_all_mb), "own_mb": max(0.0, own_mb)}


def _work(engine: Engine, where: Path, count: int, options: argparse.Namespace) -> dict[str, float]:
    """Everything with one engine, in this process. What it had before it began is told, too."""
    posts = list(records(count, options.seed))
    gc.collect()
    gc.freeze()
    before = shared_out(os.getpid())
    reset_peak()
    started_mb = peak_mb()
    print(_READY, flush=True)
    started = time.perf_counter()
    engine.build(posts, where, options.jobs)
    elapsed_s = time.perf_counter() - started
    ended_mb = peak_mb()
    with closing(engine.open(where)) as searching:
        held = searching.answer(every_post()).total
    if held != count:
        raise WrongIndex(f"{held} posts instead of {count}")
    size = size_bytes(where)
    return {
        "posts_per_s": count / elapsed_s,
        "index_mb": size / 1e6,
        "bytes_per_post": size / count,
        "peak_mb": ended_mb - started_mb,
        "before_mb": before.all_mb,
        "before_own_mb": before.own_mb,
    }


def _print(
    rounds: Sequence[Round], contestants: Sequence[Contestant], skipped: Mapping[str, str]
) -> None:
    labels = [one.label for one in contestants]
    table = []
    for measure, label in LABELS.items():
        for found in rounds:
            cells = [_cell(found, one, measure) for one in labels]
            table.append([f"{label}, {found.posts:,} posts", *cells])
    print(f"Medians; in parentheses how many times {REFERENCE}'s.\n")
    print_table(["", *labels], table)
    print()
    for found in rounds:
        for label, reason in found.wrong.items():
            print(f"{label}, {found.posts:,} posts: WRONG, {reason}")
        for reason in dict.fromkeys(found.left_out.values()):
            print(reason)
    for reason in skipped.values():
        print(reason)


def _cell(found: Round, label: str, measure: str) -> str:
    value = found.median(label, measure)
    if value is None:
        return "WRONG" if label in found.wrong else "left out"
    return compared(value, None if label == REFERENCE else found.median(REFERENCE, measure))


if __name__ == "__main__":
    sys.exit(main())
