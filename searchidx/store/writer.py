"""Writing the next generation of an index.

One writer at a time holds Whoosh's write lock; beside it stands a note of who holds it. A commit is
one rename: Whoosh's table of contents, once everything it names is written.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

from whoosh.filedb.filestore import FileStorage, RamStorage
from whoosh.index import TOC
from whoosh.util.filelock import try_for

from searchidx.columnar.codec import ColumnarSegment
from searchidx.columnar.merge import plan
from searchidx.errors import IndexError_, IndexLocked
from searchidx.schema import build_schema
from searchidx.settings import FieldSpec
from searchidx.store.damage import told_as_corrupt
from searchidx.store.folder import newest_generation
from searchidx.store.manifest import (
    Manifest,
    SegmentRecord,
    manifest_name,
    read_manifest,
    write_manifest,
)
from searchidx.store.merging import FEWEST_BYTES, merge_segments
from searchidx.store.segments import (
    new_name,
    new_segment_file,
    record_of,
    sync_to_disk,
)
from searchidx.store.unfinished import Journal

LOCK_NAME = "MAIN_WRITELOCK"
HOLDER_NAME = "MAIN_WRITELOCK.holder"

_INDEX_FILE = re.compile(
    r"_MAIN_\d+\.(toc|json)(\..+)?|MAIN_[0-9a-z]{16}\.[a-z]+"
    r"|MAIN_UNFINISHED(\.tmp)?|MAIN_SEEN\..+"
)

Told = Callable[[int, int], None]
"""Is told how many bytes of how many, about, have been written."""


class Written:
    """Counts what is written into one stream after the other."""

    def __init__(self, total: int, told: Told) -> None:
        self._total = total
        self._told = told
        self._done = 0

    def into(self, stream: BinaryIO) -> BinaryIO:
        """The stream, whose writes are counted from now on."""
        return cast(BinaryIO, _Counted(stream, self._count))

    def _count(self, size_bytes: int) -> None:
        self._done += size_bytes
        self._told(min(self._done, self._total), self._total)


class _Counted:
    """A stream that is only written to."""

    def __init__(self, stream: BinaryIO, count: Callable[[int], None]) -> None:
        self._stream = stream
        self._count = count

    def write(self, data: bytes | memoryview) -> int:
        self._count(len(data))
        return self._stream.write(data)


class Writer:
    """Writes the next generation. Leave the `with` block without `commit` and nothing changes.

    With `clear` it starts from nothing, else from the newest generation. Large segments are merged
    with `jobs` processes. What is adopted is noted
    in a journal; when the process is killed or interrupted before the commit, a writer of the same
    `purpose` (all that decides what is in a segment) finds it in `unfinished`.
    Raises at the start: IndexLocked when the lock is not free within `wait_s` seconds;
    IndexCorrupt or IndexVersionMismatch when the newest generation cannot be read.
    """

    def __init__(
        self,
        folder: Path,
        fields: Sequence[FieldSpec],
        *,
        wait_s: float,
        clear: bool,
        purpose: str = "",
        jobs: int = 1,
    ) -> None:
        self.folder = folder
        self._jobs = jobs
        self._fields = fields
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileStorage(str(folder)).lock(LOCK_NAME)
        if not newest_generation(folder):
            _refuse_foreign(folder)
        if not try_for(self._lock.acquire, timeout=wait_s, delay=0.05):
            raise _locked(folder)
        try:
            _write_holder(folder)
            newest = newest_generation(folder)
            self.generation = newest + 1
            """The number the next generation will have."""
            self.base = read_manifest(folder, newest) if newest and not clear else None
            """What the next generation starts from."""
            segments = self.base.segments if self.base is not None else ()
            self._records = {record.name: record for record in segments}
            self._journal = Journal(folder, {"generation": self.generation, "purpose": purpose})
            self.unfinished = tuple(self._journal.records)
            """Segments that a writer which was stopped had adopted, whole or not."""
            _sweep_newest(folder, self._journal.files())
        except BaseException:
            self._release()
            raise
        self._new: list[SegmentRecord] = []
        self.has_changes = False
        """Whether the next generation holds other documents than the newest one."""
        self._is_committed = False

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc_info: object) -> None:
        try:
            if not self._is_committed:
                is_interrupted = kind is not None and not issubclass(kind, Exception)
                _sweep_newest(self.folder, self._journal.files() if is_interrupted else set())
        finally:
            self._release()

    def delete(self, numbers: Mapping[str, Sequence[int]]) -> None:
        """Leave out documents of segments that are there already: segment name -> documents."""
        for name, docs in numbers.items():
            self.has_changes = self.has_changes or bool(docs)
            record = self._records[name]
            deleted = tuple(sorted({*record.deleted, *docs}))
            self._records[name] = record._replace(deleted=deleted)

    def adopt(self, record: SegmentRecord) -> None:
        """Make a segment that is written already part of the next generation."""
        self._journal.add(record)
        self._new.append(record)
        self.has_changes = True

    def commit(self, manifest: Manifest, told: Told = lambda done, total: None) -> str:
        """Make the next generation the one that is opened from now on; `told` while merging.

        When the system cannot write the folder to the disk afterwards, the commit stands, but a
        power cut may undo it: then what the system said is given back, else nothing is, and the
        generation before keeps its files. When this raises, nothing was committed.
        """
        records = [*self._records.values(), *self._new]
        segments = self._merged([record for record in records if record.live], told)
        name, toc = self._table(segments)
        manifest = manifest._replace(
            generation=self.generation,
            segments=tuple(segments),
            toc_crc=zlib.crc32(toc),
        )
        write_manifest(self.folder, manifest)
        temporary = self.folder / f"{name}.tmp"
        with open(temporary, "wb") as stream:
            stream.write(toc)
            stream.flush()
            os.fsync(stream.fileno())
        sync_to_disk(self.folder)  # the names of what the table of contents is about to name
        temporary.replace(self.folder / name)
        self._is_committed = True
        try:
            sync_to_disk(self.folder)
        except OSError as error:
            return error.strerror or str(error)
        _sweep(self.folder, _files_of(manifest))
        return ""

    def _table(self, segments: Sequence[SegmentRecord]) -> tuple[str, bytes]:
        """Whoosh's table of contents: the name of its file, and its bytes."""
        storage = RamStorage()
        known = [ColumnarSegment.of(one.name, one.documents, one.deleted) for one in segments]
        TOC(build_schema(self._fields), known, self.generation).write(storage, "MAIN")
        ((name, data),) = storage.files.items()
        return name, bytes(data)

    def _merged(self, records: Sequence[SegmentRecord], told: Told) -> list[SegmentRecord]:
        """The segments, with those that are many and small put together."""
        sizes = [record.documents for record in records]
        groups = plan(sizes, [len(record.deleted) for record in records])
        taken = {place for group in groups for place in group}
        kept = [record for place, record in enumerate(records) if place not in taken]
        total = sum(self._size_bytes(records[place]) for place in taken)
        written = Written(total, told)
        merged = []
        for group in groups:
            merged.append(self._merge([records[place] for place in group], written))
        return kept + merged

    def _size_bytes(self, record: SegmentRecord) -> int:
        with told_as_corrupt(self.folder, record.file_name):
            return (self.folder / record.file_name).stat().st_size

    def _merge(self, records: Sequence[SegmentRecord], written: Written) -> SegmentRecord:
        size_bytes = sum(self._size_bytes(record) for record in records)
        jobs = self._jobs if size_bytes > FEWEST_BYTES else 1
        name = new_name()
        with new_segment_file(self.folder, name) as stream:
            merge_segments(self.folder, records, written.into(stream), jobs)
        return record_of(self.folder, name)

    def _release(self) -> None:
        with suppress(OSError):  # it is a note, not the lock
            (self.folder / HOLDER_NAME).unlink(missing_ok=True)
        self._lock.release()


def _refuse_foreign(folder: Path) -> None:
    """Raises IndexError_ when the folder holds other things than what belongs to an index."""
    allowed = {LOCK_NAME, HOLDER_NAME, ".gitignore"}
    for file in folder.iterdir():
        if file.name not in allowed and not file.name.startswith(("_MAIN_", "MAIN_")):
            what = f"{folder}: not empty and no index (it holds {file.name!r})"
            raise IndexError_(folder, f"{what}; name an empty folder for the index")


def _write_holder(folder: Path) -> None:
    note = {"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
    (folder / HOLDER_NAME).write_text(json.dumps(note), encoding="utf-8")


def _locked(folder: Path) -> IndexLocked:
    try:
        note = json.loads((folder / HOLDER_NAME).read_text(encoding="utf-8"))
        return IndexLocked(folder, int(note["pid"]), str(note["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        return IndexLocked(folder, 0, "")


def discard_unfinished(folder: Path) -> None:
    """Remove what a stopped writer left, if nobody is writing."""
    lock = FileStorage(str(folder)).lock(LOCK_NAME)
    if lock.acquire():
        try:
            _sweep_newest(folder, set())
        finally:
            lock.release()


def _sweep_newest(folder: Path, more: set[str]) -> None:
    """Remove the index files but `more` and what the newest generation needs, if it can be read.

    A writer may have been stopped, or refused, just before its commit was on the disk. So that is
    seen to first: else a power cut could bring back the generation before, without its files.
    """
    newest = newest_generation(folder)
    with suppress(IndexError_, OSError):
        needed = _files_of(read_manifest(folder, newest)) if newest else set()
        if _unneeded(folder, more | needed):
            sync_to_disk(folder)
            _sweep(folder, more | needed)


def _files_of(manifest: Manifest) -> set[str]:
    names = {manifest_name(manifest.generation), f"_MAIN_{manifest.generation}.toc"}
    return names | {record.file_name for record in manifest.segments}


def _sweep(folder: Path, kept: set[str]) -> None:
    """Remove the index files that are not named: those of older generations, and what a killed
    writer left."""
    for name in _unneeded(folder, kept):
        with suppress(OSError):  # some systems keep files that are open
            (folder / name).unlink()


def _unneeded(folder: Path, kept: set[str]) -> list[str]:
    """The index files that are not named."""
    with suppress(OSError):
        names = os.listdir(folder)
        return [name for name in names if _INDEX_FILE.fullmatch(name) and name not in kept]
    return []
