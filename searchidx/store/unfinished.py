"""What a build that was stopped had written already, and what of it can be used again.

While a generation is written, the journal `MAIN_UNFINISHED` in the index folder names the segments
that are done: a line each, with a checksum in front, on the disk before more is adopted. The first
line says what they are for. Nothing reads it but the next writer, and a commit removes it.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from searchidx.columnar.searching import Part
from searchidx.errors import IndexCorrupt, IndexVersionMismatch
from searchidx.posts.model import Catalogue, SourceFile
from searchidx.posts.problem import Problem
from searchidx.posts.scan import compare
from searchidx.store.catalogue import catalogue_of
from searchidx.store.manifest import Manifest, SegmentRecord
from searchidx.store.segments import open_segment, sync_to_disk
from searchidx.store.snapshot import Snapshot

JOURNAL = "MAIN_UNFINISHED"


def has_unfinished(folder: Path) -> bool:
    """Whether a writer that was stopped may have left something."""
    return (folder / JOURNAL).exists()


class Journal:
    """The journal of one index folder. `purpose` is what its segments are for: the generation, and
    everything that decides what is in a segment."""

    def __init__(self, folder: Path, purpose: dict[str, Any]) -> None:
        self._folder = folder
        self._path = folder / JOURNAL
        self._purpose = purpose
        self.records = self._read()
        """The segments that a stopped writer had done for the same purpose."""
        self._is_begun = False

    def add(self, record: SegmentRecord) -> None:
        """Note that a segment is on the disk."""
        if record.file_name in self.names():
            return
        self.records.append(record)
        if not self._is_begun:
            self._begin()
            return
        with open(self._path, "a", encoding="utf-8") as stream:
            stream.write(_line(record.to_json()))
            stream.flush()
            os.fsync(stream.fileno())

    def names(self) -> set[str]:
        """The files of the segments."""
        return {record.file_name for record in self.records}

    def files(self) -> set[str]:
        """What must stay in the folder for what it says; nothing if it says nothing."""
        return {JOURNAL, *self.names()} if self.records else set()

    def _begin(self) -> None:
        """Write it anew, whole or not at all: the last line of the old one may be cut off."""
        temporary = self._path.with_suffix(".tmp")
        rows = [self._purpose, *(record.to_json() for record in self.records)]
        with open(temporary, "w", encoding="utf-8") as stream:
            stream.write("".join(map(_line, rows)))
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(self._path)
        sync_to_disk(self._folder)
        self._is_begun = True

    def _read(self) -> list[SegmentRecord]:
        """The segments, up to the first line that is not whole; none of another purpose."""
        try:
            text = self._path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        rows: list[Any] = []
        for line in text.splitlines():
            checksum, _, written = line.partition(" ")
            if checksum != _checksum(written):
                break
            rows.append(json.loads(written))
        if rows[:1] != [self._purpose]:
            return []
        return [SegmentRecord.from_json(row) for row in rows[1:]]


def _line(row: dict[str, Any]) -> str:
    written = json.dumps(row, sort_keys=True)
    return f"{_checksum(written)} {written}\n"


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


@dataclass(frozen=True, slots=True)
class Usable:
    """Segments that hold posts as their files are now; other posts in them count as deleted.

    `paths` are those of the posts, `problems` is what was wrong with them.
    """

    segments: tuple[SegmentRecord, ...]
    paths: frozenset[str]
    problems: tuple[Problem, ...]


def usable(
    folder: Path, manifest: Manifest, records: Iterable[SegmentRecord], files: Sequence[SourceFile]
) -> Usable:
    """What of some segments can stand for some files, so that these need not be read.

    Each segment is checked from end to end; one that is not whole is left out. `manifest` is that
    of the generation they are for. A file must have the size and the times that it had.
    """
    found, opened = [], []
    left = {file.path: file for file in files}
    taken: set[str] = set()
    for record in records:
        try:
            arrays = open_segment(folder, record)
        except (IndexCorrupt, IndexVersionMismatch):
            continue
        if any(True for _ in arrays.file.faults()):
            continue
        held = catalogue_of([Part(0, 0, record.documents, arrays)])
        same = set(compare(Catalogue.of(left.values()), held).same)
        if same:
            deleted = tuple(at for at, path in enumerate(held.paths) if path not in same)
            found.append(record._replace(deleted=deleted))
            opened.append(arrays)
            taken |= same
            left = {path: file for path, file in left.items() if path not in same}
    snapshot = Snapshot(folder, manifest._replace(segments=tuple(found)), opened)
    return Usable(tuple(found), frozenset(taken), tuple(snapshot.problems()))
