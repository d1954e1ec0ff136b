"""Posts are read and made into segments by several processes at once.

The work comes in batches of items; `read` makes posts of a batch. Each process (processes.py)
gathers its posts and writes segments of its own.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from searchidx.posts.model import Post
from searchidx.posts.problem import Problem
from searchidx.settings import FieldSpec
from searchidx.store.build import SegmentBuilder
from searchidx.store.manifest import SegmentRecord
from searchidx.store.processes import Gone, Process
from searchidx.store.segments import new_name, new_segment_file, record_of

BATCH = 100
"""Items that are handed to a process at a time."""

BATCH_BYTES = 1024 * 1024
"""Fewer, when they weigh so much together."""

SMALL_BATCH = 10
"""Items that are read at a time when it is done in this process."""

SEGMENT_BYTES = 150 * 1024 * 1024
"""A segment is written when what a process has gathered for it takes about so much memory."""

LITTLE_BYTES = 100 * 1024 * 1024
"""What all processes have gathered becomes one segment, when it takes no more memory."""

CHECKPOINT_S = 20.0
"""And when it has gathered for so many seconds: what is lost when it is stopped."""

FEWEST_ITEMS = 1_000
"""For fewer items, starting processes takes longer than it saves."""


MOST_DEATHS = 20
"""How often a process may be replaced."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an item: a post, or nothing; and what was wrong with it."""

    post: Post | None
    problems: tuple[Problem, ...] = ()


Read = Callable[[Sequence[Any]], Iterable[Outcome]]
"""What becomes of the items of a batch, one after the other; a function that can be pickled."""


@dataclass(frozen=True, slots=True)
class Done:
    """A batch is dealt with. `lost` are the places in it of items that gave no post; `segments`
    were written meanwhile, and `builder` is what was gathered and not written, being little. An
    item `is_given_up` when reading it ended the process."""

    items: int
    lost: tuple[int, ...] = ()
    problems: tuple[Problem, ...] = ()
    segments: tuple[SegmentRecord, ...] = ()
    is_given_up: bool = False
    builder: SegmentBuilder | None = None

    def quiet(self) -> Done:
        """What has not been told yet of a batch that is read again."""
        return Done(0, segments=self.segments, builder=self.builder)


class SegmentMaker:
    """Reads items, and writes segments of what they give."""

    def __init__(
        self, folder: Path, specs: Sequence[FieldSpec], read: Read, little_bytes: int = 0
    ) -> None:
        """What is left is little, and given away, when it takes no more memory than that."""
        self._folder = folder
        self._little_bytes = little_bytes
        self._specs = specs
        self._read = read
        self._builder = SegmentBuilder(specs)
        self._begun = time.monotonic()

    def answer(self, batch: Sequence[Any] | None) -> Done:
        """Read a batch, or, when there are no more, hand over what is left, or write it."""
        return self.handle(batch) if batch is not None else self.hand_over()

    def handle(self, batch: Sequence[Any]) -> Done:
        """Read some items."""
        lost: list[int] = []
        problems: list[Problem] = []
        for place, outcome in enumerate(self._read(batch)):
            problems.extend(outcome.problems)
            if outcome.post is None:
                lost.append(place)
            else:
                self._builder.add(outcome.post)
        is_full = self._builder.size_bytes() > SEGMENT_BYTES
        is_late = time.monotonic() - self._begun > CHECKPOINT_S
        segments = self._written() if is_full or is_late else ()
        return Done(len(batch), tuple(lost), tuple(problems), segments)

    def finish(self) -> Done:
        """Write what is left."""
        return Done(0, segments=self._written())

    def hand_over(self) -> Done:
        """Give what is left away if it is little, else write it."""
        self._builder.finish()
        if self._builder.size_bytes() > self._little_bytes:
            return self.finish()
        return Done(0, builder=self._builder if len(self._builder) else None)

    def _written(self) -> tuple[SegmentRecord, ...]:
        builder = self._builder
        if not len(builder):
            return ()
        analyses = None if builder.analyses.is_full() else builder.analyses
        record = _written(self._folder, builder)
        self._little_bytes = 0
        self._builder = SegmentBuilder(self._specs, analyses)
        self._begun = time.monotonic()
        return (record,)


def _written(folder: Path, builder: SegmentBuilder) -> SegmentRecord:
    """What a builder has gathered, as a segment."""
    name = new_name()
    with new_segment_file(folder, name) as stream:
        builder.write(stream)
    return record_of(folder, name)


def make_segments(
    folder: Path,
    specs: Sequence[FieldSpec],
    read: Read,
    items: Iterable[Any],
    jobs: int,
    weigh: Callable[[Any], int] = lambda item: 0,
) -> Iterator[tuple[list[Any], Done]]:
    """Read all items, and write segments into `folder`; each batch as it is done, in no order.
    `weigh` gives the bytes of an item.

    With one job it is done in this process, else in so many others. Segments may come with a batch,
    or alone. Whatever is raised, the processes are gone afterwards.
    """
    if jobs <= 1:
        maker = SegmentMaker(folder, specs, read)
        for batch in _batches(items, SMALL_BATCH, weigh):
            yield batch, maker.handle(batch)
        yield [], maker.finish()
        return
    builders: list[SegmentBuilder] = []
    with _Team(folder, specs, read, jobs) as team:
        for batch, done in team.run(_batches(items, BATCH, weigh)):
            if done.builder is not None:
                builders.append(done.builder)
            yield batch, replace(done, builder=None)
    if builders:
        first, *others = builders
        for other in others:
            first.take(other)
        yield [], Done(0, segments=(_written(folder, first),))


def _batches(items: Iterable[Any], size: int, weigh: Callable[[Any], int]) -> Iterator[list[Any]]:
    batch: list[Any] = []
    weight = 0
    for item in items:
        batch.append(item)
        weight += weigh(item)
        if len(batch) == size or weight >= BATCH_BYTES:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Team:
    """Worker processes, each driven by a thread.

    What a process has gathered is lost when it dies: another one then reads the same items again,
    those of the batch in hand one by one, and the item that ends a process twice is given up.
    """

    def __init__(self, folder: Path, specs: Sequence[FieldSpec], read: Read, jobs: int) -> None:
        self._arguments = (folder, tuple(specs), read, LITTLE_BYTES // jobs)
        self._jobs = jobs
        self._processes: list[Process] = []
        self._guard = threading.Lock()
        self._is_over = False

    def __enter__(self) -> _Team:
        return self

    def __exit__(self, *exc_info: object) -> None:
        with self._guard:
            self._is_over = True
            for process in self._processes:
                process.stop()

    def run(self, batches: Iterator[list[Any]]) -> Iterator[tuple[list[Any], Done]]:
        """Deal with all batches; each as it is done, in no order."""
        answers: SimpleQueue[_Answer] = SimpleQueue()
        processes = [self._start() for _ in range(self._jobs)]
        for process in processes:
            arguments = (process, batches, answers)
            threading.Thread(target=self._drive, args=arguments, daemon=True).start()
        busy = self._jobs
        while busy:
            answer = answers.get()
            if answer is None:
                busy -= 1
            elif isinstance(answer, BaseException):
                raise answer
            else:
                yield answer

    def _drive(
        self, process: Process, batches: Iterator[list[Any]], answers: SimpleQueue[_Answer]
    ) -> None:
        """Give one process after another batch after batch, until there are no more."""
        try:
            gathered: list[_Order] = []
            again: deque[_Order] = deque()
            deaths = 0
            while True:
                order = again.popleft() if again else self._next(batches)
                try:
                    done: Done = process.ask(order.items)
                except Gone:
                    deaths += 1
                    if deaths > MOST_DEATHS:
                        raise
                    process = self._start()
                    back = [one.silent() for one in gathered]
                    gathered = []
                    if order.is_fatal:
                        answers.put(order.given_up())
                    else:
                        back += order.split()
                    again.extendleft(reversed(back))
                    continue
                if done.segments or done.builder:
                    gathered = []
                elif order.items:
                    gathered.append(order)
                answers.put((order.items or [], done) if order.is_told else ([], done.quiet()))
                if order.items is None:
                    answers.put(None)
                    return
        except BaseException as error:
            answers.put(error)

    def _next(self, batches: Iterator[list[Any]]) -> _Order:
        with self._guard:
            return _Order(next(batches, None))

    def _start(self) -> Process:
        with self._guard:
            if self._is_over:
                raise Gone("stopped")
            process = Process(SegmentMaker, self._arguments)
            self._processes.append(process)
            return process


_Answer = tuple[list[Any], Done] | BaseException | None


@dataclass(frozen=True, slots=True)
class _Order:
    """A batch to be read, or None to finish.

    Its outcome `is_told`, unless it was told before. `has_killed` says that a process ended while
    it, or the batch it comes from, was read.
    """

    items: list[Any] | None
    is_told: bool = True
    has_killed: bool = False

    @property
    def is_fatal(self) -> bool:
        """Whether it is a single item that has ended a process twice, if it did so just now."""
        return self.has_killed and self.items is not None and len(self.items) == 1

    def given_up(self) -> tuple[list[Any], Done]:
        return self.items or [], Done(int(self.is_told), lost=(0,), is_given_up=True)

    def silent(self) -> _Order:
        return _Order(self.items, False, self.has_killed)

    def split(self) -> list[_Order]:
        if self.items is None:
            return [self]
        return [_Order([item], self.is_told, True) for item in self.items]
