"""How long from a keystroke in the live shell until what it changes is painted?

Measured: the shell as it runs in a terminal, with prompt_toolkit's own terminal output written to
nothing, driven through a pipe by a second thread. Once the first screen is there and the shell has
nothing left to do, it types queries letter by letter, waits until each is answered, and notes how
long it took until the letter stood there (echo), until the hits of the query with that letter were
painted (results), and until facets, dates and the preview were, too (all). Then it types as fast as
the pipe takes letters, which shows that typing waits for no search: the echo of every letter is
timed, and only the last query must be answered. The index is of the synthetic posts (corpus.py),
with word counts checked against them.

    python -m benchmarks.live --posts 100000 --out benchmarks/results/live-100000.json
    python -m benchmarks.live --index FOLDER --size 80x24
"""

from __future__ import annotations

import argparse
import io
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.input.base import PipeInput
from prompt_toolkit.output.vt100 import Vt100_Output

import searchidx
from benchmarks.corpus import records
from benchmarks.engines import load
from benchmarks.report import environment, figure, print_table, save
from searchidx.analysis import fold
from searchidx.render import COLOURED
from searchidx.shell.live.app import LiveApp
from searchidx.shell.live.asking import chosen_hit
from searchidx.shell.session import Session

CLEAR, LEAVE = "\x03", "\x04"
PATIENCE_S = 30.0
SAMPLE_POSTS = 2000
GOAL_MS = 50.0


@dataclass(slots=True)
class Times:
    """What was measured, in ms, one number a keystroke."""

    echo: list[float] = field(default_factory=list)
    results: list[float] = field(default_factory=list)
    all: list[float] = field(default_factory=list)
    burst_echo: list[float] = field(default_factory=list)
    burst_results: list[float] = field(default_factory=list)

    def raw(self) -> dict[str, list[float]]:
        names = ("echo", "results", "all", "burst_echo", "burst_results")
        return {name: [round(ms, 3) for ms in getattr(self, name)] for name in names}


class Watch:
    """Notes when the screen first showed a text, its hits, and everything about it."""

    def __init__(self, live: LiveApp) -> None:
        self._live = live
        self._painted = threading.Condition()
        self._seen: dict[tuple[str, str], float] = {}
        live.app.after_render += self._note

    def _note(self, _: object) -> None:
        now = time.perf_counter()
        state = self._live.controller.state
        seen = ["echo"]
        if state.is_current:
            seen.append("results")
            hit = chosen_hit(state.answer, state.selected)
            places = state.arrangement
            wants_preview = hit is not None and places.preview.is_shown
            wants_counts = places.facets.is_shown or places.histogram.is_shown
            has_preview = hit and state.preview and state.preview.path == hit.path
            is_whole = has_preview or not wants_preview
            if is_whole and (state.is_counted or not wants_counts):
                seen.append("all")
        with self._painted:
            for what in seen:
                self._seen.setdefault((state.text, what), now)
            self._painted.notify_all()

    def when(self, text: str, what: str) -> float:
        """When the screen first showed it. Raises: TimeoutError."""
        with self._painted:
            if not self._painted.wait_for(lambda: (text, what) in self._seen, PATIENCE_S):
                raise TimeoutError(f"{what} of {text!r} was not painted in {PATIENCE_S:.0f} s")
            return self._seen[(text, what)]

    def first_with(self, typed: str) -> float:
        """When the screen first showed a text that starts so."""
        with self._painted:
            return min(at for (text, _), at in self._seen.items() if text.startswith(typed))

    def forget(self) -> None:
        """Forget what was shown, so that a text can be timed once more."""
        with self._painted:
            self._seen.clear()


@dataclass(frozen=True, slots=True)
class Driver:
    """Types into a live shell, and times it."""

    live: LiveApp
    keys: PipeInput
    watch: Watch
    times: Times

    def begin(self) -> None:
        """Wait until the first screen is there, and nothing is left to do."""
        self.watch.when("", "all")
        self.live.wait_until_idle(PATIENCE_S)
        self.watch.forget()

    def type_slowly(self, text: str) -> None:
        """Letter by letter, each when the one before is answered and painted."""
        for end in range(1, len(text) + 1):
            started = time.perf_counter()
            self.keys.send_text(text[end - 1])
            typed = text[:end]
            for what, times in (
                ("echo", self.times.echo),
                ("results", self.times.results),
                ("all", self.times.all),
            ):
                times.append((self.watch.when(typed, what) - started) * 1000)
        self._clear()

    def type_fast(self, text: str, gap_s: float) -> None:
        """A letter every so often, whatever is painted."""
        sent = []
        for letter in text:
            sent.append(time.perf_counter())
            self.keys.send_text(letter)
            time.sleep(gap_s)
        answered = self.watch.when(text, "results")
        self.times.burst_results.append((answered - sent[-1]) * 1000)
        for end, started in enumerate(sent, 1):
            shown = self.watch.first_with(text[:end])
            self.times.burst_echo.append((shown - started) * 1000)
        self._clear()

    def _clear(self) -> None:
        self.keys.send_text(CLEAR)
        self.watch.when("", "all")
        self.watch.forget()


def words_of(posts: int, seed: int) -> list[str]:
    """The words of the first posts, the most frequent first."""
    counts: Counter[str] = Counter()
    for record in islice(records(posts, seed), SAMPLE_POSTS):
        counts.update(record.title.lower().split())
    return [word for word, _ in counts.most_common()]


def queries(words: Sequence[str], count: int, seed: int) -> list[str]:
    """What is typed: words, frequent and rare ones, alone and together, with fields and filters."""
    draw = random.Random(seed)
    frequent, rarer = words[:20], words[20:400]
    shapes: list[Callable[[str, str], str]] = [
        lambda one, two: one,
        lambda one, two: f"{one} {two}",
        lambda one, two: f"title:{two} {one}",
        lambda one, two: f"{one} quality:>50",
        lambda one, two: f"{one} OR {two}",
        lambda one, two: f"{one} -{two}",
    ]
    return [shapes[at % len(shapes)](draw.choice(frequent), draw.choice(rarer))
            for at in range(count)]  # fmt: skip


def check(index: searchidx.Index, words: Sequence[str], posts: int, seed: int) -> None:
    """Compare counts of words with the corpus. Raises: AssertionError."""
    if len(index) != posts:
        raise AssertionError(f"the index has {len(index)} posts, not {posts}")
    sample = words[:3]
    counts = dict.fromkeys(sample, 0)
    for record in records(posts, seed):
        present = set(fold(record.title).split())
        for word in sample:
            counts[word] += word in present
    for word, count in counts.items():
        total = index.search(f"title:{word}", limit=0).total
        if total != count:
            raise AssertionError(f"title:{word} has {total} hits, {count} posts have the word")


def measure(index: searchidx.Index, typed: Sequence[str], size: Size) -> Times:
    """Type everything into a live shell over the index, slowly and then fast."""
    times = Times()
    sink = Vt100_Output(io.StringIO(), lambda: size, term="xterm-256color")
    with tempfile.TemporaryDirectory() as state, create_pipe_input() as keys:
        session = Session(index, COLOURED, {"XDG_STATE_HOME": state})
        live = LiveApp(session, (keys, sink))
        watch = Watch(live)
        driver = Driver(live, keys, watch, times)
        failures: list[BaseException] = []
        thread = threading.Thread(target=_drive, args=(driver, typed, failures), daemon=True)
        thread.start()
        live.run("")
        thread.join()
        if failures:
            raise failures[0]
    return times


def _drive(driver: Driver, typed: Sequence[str], failures: list[BaseException]) -> None:
    try:
        driver.begin()
        for text in typed:
            driver.type_slowly(text)
        for text in typed:
            driver.type_fast(text, 0.02)
    except BaseException as error:
        failures.append(error)
    finally:
        driver.keys.send_text(CLEAR + LEAVE)


def report(times: Times) -> float:
    """Print a table; the 95th percentile from a key to its results."""
    rows = []
    for what, values in (
        ("letter painted", times.echo),
        ("its results painted", times.results),
        ("facets, dates, preview, too", times.all),
        ("letter painted, typing fast", times.burst_echo),
        ("results of the last letter, typing fast", times.burst_results),
    ):
        rows.append([what, *(figure(at(values)) for at in (median, _p95, max)), str(len(values))])
    print_table(["from a key until", "median ms", "95 % ms", "most ms", "keys"], rows)
    return _p95(times.results)


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; exit code 1 when 95 % of the keys are not answered within the goal."""
    parser = argparse.ArgumentParser(prog="benchmarks.live", description=__doc__.split("\n")[0])
    parser.add_argument("--posts", type=int, default=100_000, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="which corpus of that size")
    parser.add_argument("--queries", type=int, default=12, help="how many (%(default)s)")
    parser.add_argument("--size", default="120x40", help="of the terminal (%(default)s)")
    parser.add_argument("--index", type=Path, help="an index of these posts that is there already")
    parser.add_argument("--goal-ms", type=float, default=GOAL_MS, help="(%(default)s)")
    parser.add_argument("--out", type=Path, help="keep the raw results in this JSON file")
    options = parser.parse_args(argv)
    columns, rows = map(int, options.size.split("x"))
    words = words_of(options.posts, options.seed)
    with ExitStack() as stack:
        folder = options.index
        if folder is None:
            where = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            print(f"indexing {options.posts:,} posts", file=sys.stderr)
            load("searchidx").build(
                records(options.posts, options.seed), where, os.cpu_count() or 1
            )
            folder = where / "index"
        index = stack.enter_context(searchidx.open(folder))
        check(index, words, options.posts, options.seed)
        typed = queries(words, options.queries, options.seed)
        times = measure(index, typed, Size(rows, columns))
    worst = report(times)
    raw: dict[str, Any] = {
        "posts": options.posts, "size": options.size, "queries": typed, "times_ms": times.raw(),
    }  # fmt: skip
    save(options.out, environment({"searchidx": load("searchidx")}) | raw)
    return 0 if worst <= options.goal_ms else 1


if __name__ == "__main__":
    sys.exit(main())
