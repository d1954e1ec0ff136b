"""Posts are read and made into segments by several processes at once.

The work comes in batches of items; `read` makes a post of an item. Each process gathers its posts
and writes segments of its own. The processes are started as `python -m searchidx.store.worker` and
spoken to over pipes, so that nothing is asked of the program that embeds searchidx.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

from searchidx.posts.model import Post, Problem
from searchidx.settings import FieldSpec
from searchidx.store.build import SegmentBuilder
from searchidx.store.manifest import SegmentRecord
from searchidx.store.segments import write_segment_file

BATCH = 100
"""Items that are handed to a process at a time."""

SMALL_BATCH = 10
"""Items that are read at a time when it is done in this process."""

SEGMENT_BYTES = 400 * 1024 * 1024
"""A segment is written when what a process has gathered for it takes about so much memory."""

FEWEST_ITEMS = 1_000
"""For fewer items, starting processes takes longer than it saves."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an item: a post, or nothing; and what was wrong with it."""

    post: Post | None
    problems: tuple[Problem, ...] = ()


Read = Callable[[Any], Outcome]
"""A function that can be pickled."""


@dataclass(frozen=True, slots=True)
class Done:
    """A batch is dealt with. `lost` are the places in it of items that gave no post; `segments`
    were written meanwhile."""

    items: int
    lost: tuple[int, ...] = ()
    problems: tuple[Problem, ...] = ()
    segments: tuple[SegmentRecord, ...] = ()


class SegmentMaker:
    """Reads items, and writes segments of what they give."""

    def __init__(self, folder: Path, specs: Sequence[FieldSpec], read: Read) -> None:
        self._folder = folder
        self._specs = specs
        self._read = read
        self._builder = SegmentBuilder(specs)

    def handle(self, batch: Sequence[Any]) -> Done:
        """Read some items."""
        lost: list[int] = []
        problems: list[Problem] = []
        for place, item in enumerate(batch):
            outcome = self._read(item)
            problems.extend(outcome.problems)
            if outcome.post is None:
                lost.append(place)
            else:
                self._builder.add(outcome.post)
        is_full = self._builder.size_bytes() > SEGMENT_BYTES
        segments = self._written() if is_full else ()
        return Done(len(batch), tuple(lost), tuple(problems), segments)

    def finish(self) -> Done:
        """Write what is left."""
        return Done(0, segments=self._written())

    def _written(self) -> tuple[SegmentRecord, ...]:
        builder = self._builder
        if not len(builder):
            return ()
        analyses = None if builder.analyses.is_full() else builder.analyses
        record = write_segment_file(self._folder, builder)
        self._builder = SegmentBuilder(self._specs, analyses)
        return (record,)


def make_segments(
    folder: Path, specs: Sequence[FieldSpec], read: Read, items: Iterable[Any], jobs: int
) -> Iterator[tuple[list[Any], Done]]:
    """Read all items, and write segments into `folder`; each batch as it is done, in no order.

    With one job it is done in this process, else in so many others. What is yielded last has no
    items, but the last segments. Whatever is raised, the processes are gone afterwards.
    """
    if jobs <= 1:
        maker = SegmentMaker(folder, specs, read)
        for batch in _batches(items, SMALL_BATCH):
            yield batch, maker.handle(batch)
        yield [], maker.finish()
        return
    with _Team(folder, specs, read, jobs) as team:
        yield from team.run(_batches(items, BATCH))


def _batches(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class WorkerDied(Exception):
    """A worker process ended before its work was done."""


@dataclass(slots=True)
class _Team:
    """Worker processes, each spoken to by a thread."""

    folder: Path
    specs: Sequence[FieldSpec]
    read: Read
    jobs: int
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> _Team:
        return self

    def __exit__(self, *exc_info: object) -> None:
        for process in self._processes:
            process.kill()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()
            process.wait()

    def run(self, batches: Iterator[list[Any]]) -> Iterator[tuple[list[Any], Done]]:
        answers: SimpleQueue[tuple[list[Any], Done] | BaseException | None] = SimpleQueue()
        for _ in range(self.jobs):
            self._processes.append(_start())
        for process in self._processes:
            arguments = (process, batches, answers)
            threading.Thread(target=self._drive, args=arguments, daemon=True).start()
        busy = self.jobs
        while busy:
            answer = answers.get()
            if answer is None:
                busy -= 1
            elif isinstance(answer, BaseException):
                raise answer
            else:
                yield answer

    def _drive(
        self,
        process: subprocess.Popen[bytes],
        batches: Iterator[list[Any]],
        answers: SimpleQueue[tuple[list[Any], Done] | BaseException | None],
    ) -> None:
        """Give one worker batch after batch, until there are no more."""
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            send(process.stdin, (self.folder, tuple(self.specs), self.read))
            while True:
                with self._guard:
                    batch = next(batches, None)
                send(process.stdin, batch)
                done = receive(process.stdout)
                if isinstance(done, BaseException):
                    raise done
                answers.put((batch or [], done))
                if batch is None:
                    break
            answers.put(None)
        except (EOFError, BrokenPipeError) as error:
            answers.put(WorkerDied(f"worker process {process.pid} died ({error})"))
        except BaseException as error:
            answers.put(error)


def _start() -> subprocess.Popen[bytes]:
    """A worker process with the import path of this one, out of reach of the terminal's Ctrl-C."""
    script = (
        f"import sys; sys.path[:] = {sys.path!r}\nfrom searchidx.store.worker import main\nmain()"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


def send(pipe: IO[bytes], message: Any) -> None:
    """Write a message to a pipe."""
    pickle.dump(message, pipe, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:
    """Read the next message. Raises: EOFError when the other end is gone."""
    return pickle.load(pipe)
