"""Segments of an index folder become one; large ones by several processes at once.

Each process merges one field after the other, the largest first, into a file of its arrays. This
process merges meanwhile what is kept by document, and puts the files into the segment.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO, NamedTuple

from searchidx.columnar.layout import ArrayFile, ArrayFileWriter
from searchidx.columnar.merge import MergedField, Merger, merge
from searchidx.columnar.source import Source
from searchidx.store.damage import told_as_corrupt
from searchidx.store.manifest import SegmentRecord
from searchidx.store.processes import Gone, Process
from searchidx.store.segments import new_name, open_segment
from searchidx.store.snapshot import alive_of

FEWEST_BYTES = 64 * 1024 * 1024
"""For smaller segments together, starting processes takes longer than it saves."""

_BUFFER_BYTES = 1024 * 1024


def merge_segments(
    folder: Path, records: Sequence[SegmentRecord], stream: BinaryIO, jobs: int
) -> None:
    """Write one segment file that holds what several hold; with `jobs` processes if above 1.

    Raises: IndexCorrupt, IndexVersionMismatch; OSError when the disk is full.
    """
    with _told(folder):
        if jobs <= 1:
            merge(stream, _sources(folder, records), folder)
            return
        merger = Merger(_sources(folder, records), folder)
        writer = ArrayFileWriter(stream)
        fields = {}
        with _Team(folder, records, merger, jobs) as team:
            merger.write_documents(writer)
            for task, merged in team.merged():
                if merged is None:
                    merged = merger.write_field(writer, task.field)
                else:
                    writer.add_file(ArrayFile.open(task.file))
                with suppress(OSError):  # else the next writer removes it
                    task.file.unlink()
                fields[task.field] = merged
        merger.finish(writer, fields)


def _sources(folder: Path, records: Sequence[SegmentRecord]) -> list[Source]:
    return [Source(open_segment(folder, one), alive_of(one)) for one in records]


def _told(folder: Path) -> told_as_corrupt:
    return told_as_corrupt(folder, "MAIN_*.cols")


class _Task(NamedTuple):
    """A field, and the file in which its arrays are to be."""

    field: str
    file: Path


class FieldMaker:
    """Merges fields in a process of its own."""

    def __init__(self, folder: Path, records: Sequence[SegmentRecord]) -> None:
        self._told = _told(folder)
        with self._told:
            self._merger = Merger(_sources(folder, records), folder)

    def answer(self, task: _Task) -> MergedField:
        """Merge a field into the file."""
        with self._told, open(task.file, "xb", buffering=_BUFFER_BYTES) as stream:
            writer = ArrayFileWriter(stream)
            merged = self._merger.write_field(writer, task.field)
            writer.finish()
        return merged


_Merged = tuple[_Task, MergedField | None]


class _Team:
    """Processes that merge fields, each driven by a thread. When the block ends they are gone."""

    def __init__(
        self, folder: Path, records: Sequence[SegmentRecord], merger: Merger, jobs: int
    ) -> None:
        self._arguments = (folder, tuple(records))
        smallest_first = sorted(merger.fields, key=merger.field_bytes)
        self._tasks = [_Task(name, folder / f"{new_name()}.part") for name in smallest_first]
        self._jobs = min(jobs, len(self._tasks))
        self._done: SimpleQueue[_Merged | BaseException | None] = SimpleQueue()
        self._processes: list[Process] = []

    def __enter__(self) -> _Team:
        with suppress(OSError):  # with fewer processes, or none, it takes longer
            for _ in range(self._jobs):
                self._processes.append(Process(FieldMaker, self._arguments))
        for process in self._processes:
            threading.Thread(target=self._drive, args=(process,), daemon=True).start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        for process in self._processes:
            process.stop()

    def merged(self) -> Iterator[_Merged]:
        """Each field when it is merged, in no order; with None if the processes could not.

        Raises: whatever was raised in a process.
        """
        busy = len(self._processes)
        while busy:
            done = self._done.get()
            if done is None:
                busy -= 1
            elif isinstance(done, BaseException):
                raise done
            else:
                yield done
        yield from ((task, None) for task in self._tasks)

    def _drive(self, process: Process) -> None:
        """Have a process merge field after field; when it ends, the others go on."""
        with suppress(IndexError):  # nothing is left
            while True:
                task = self._tasks.pop()
                try:
                    self._done.put((task, process.ask(task)))
                except Gone:
                    self._done.put((task, None))
                    break
                except BaseException as error:
                    self._done.put(error)
                    break
        self._done.put(None)
