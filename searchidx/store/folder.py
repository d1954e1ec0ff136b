"""An index folder on disk: opening its newest generation, and writing the next.

Readers take no lock. One writer at a time holds Whoosh's write lock; beside it stands a note of who
holds it. A commit is one rename: Whoosh's table of contents, once everything it names is written.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from whoosh.codec.base import Segment
from whoosh.filedb.filestore import FileStorage
from whoosh.index import TOC, FileIndex
from whoosh.util.filelock import try_for
from whoosh.writing import CLEAR, SegmentWriter

from searchidx.columnar.codec import ColumnarCodec
from searchidx.errors import IndexCorrupt, IndexError_, IndexLocked, IndexMissing
from searchidx.posts.model import Post
from searchidx.schema import PATH, build_schema
from searchidx.settings import FieldSpec
from searchidx.store.damage import told_as_corrupt
from searchidx.store.documents import document_of
from searchidx.store.manifest import Manifest, read_manifest, remove_old_manifests, write_manifest
from searchidx.store.snapshot import Snapshot

LOCK_NAME = "MAIN_WRITELOCK"
HOLDER_NAME = "MAIN_WRITELOCK.holder"
SPILL_NAME = "MAIN.tmp"
MEMORY_MB = 256

_INDEX_FILE = re.compile(r"_MAIN_\d+\.(toc|json)|MAIN_[0-9a-z]{16}\.[a-z]+")


def newest_generation(folder: Path) -> int:
    """The number of the last committed generation; 0 when there is none.

    Whoosh starts an index with an empty generation 0, which is not ours.
    """
    if not folder.is_dir():
        return 0
    return max(0, int(TOC._latest_generation(os.listdir(folder), "MAIN")))


def open_snapshot(folder: Path) -> Snapshot:
    """The newest generation.

    Raises: IndexMissing, IndexCorrupt, IndexVersionMismatch.
    """
    for _ in range(10):  # a commit may remove the files of a generation while we open it
        generation = newest_generation(folder)
        if generation < 1:
            raise IndexMissing(folder)
        try:
            return _open_generation(folder, generation)
        except IndexCorrupt:
            if newest_generation(folder) == generation:
                raise
    raise IndexCorrupt(folder, f"_MAIN_{generation}.toc", "is replaced faster than it can be read")


def _open_generation(folder: Path, generation: int) -> Snapshot:
    manifest = read_manifest(folder, generation)
    with told_as_corrupt(folder, f"_MAIN_{generation}.toc"):
        searcher = FileIndex(FileStorage(str(folder))).searcher()
    if searcher.reader().generation() not in (generation, None):
        searcher.close()
        raise IndexCorrupt(folder, f"_MAIN_{generation}.toc", "was replaced while it was opened")
    return Snapshot(folder, searcher, manifest, _size_bytes(folder))


def _size_bytes(folder: Path) -> int:
    total = 0
    for entry in os.scandir(folder):
        with suppress(FileNotFoundError):
            total += entry.stat().st_size if entry.is_file() else 0
    return total


class _DurableStorage(FileStorage):  # type: ignore[misc]
    """Whoosh's storage, but a file that is renamed is on the disk, and so is its new name."""

    def rename_file(self, old: str, new: str, safe: bool = False) -> None:
        _sync_to_disk(Path(self.folder) / old)
        super().rename_file(old, new, safe)
        _sync_to_disk(Path(self.folder))


class _DurableWriter(SegmentWriter):  # type: ignore[misc]
    """Whoosh's writer, but everything a table of contents names is on the disk before it is."""

    manifest: Manifest | None = None

    def _commit_toc(self, segments: list[Segment]) -> None:
        folder = Path(self.storage.folder)
        for name in self.newsegment.list_files(self.storage):
            _sync_to_disk(folder / name)
        if self.manifest is not None:
            write_manifest(folder, self.manifest)
        super()._commit_toc(segments)


def _sync_to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Writer:
    """Writes the next generation. Leave the `with` block without `commit` and nothing changes.

    Raises at the start: IndexLocked when the lock is not free within `wait_s` seconds.
    """

    def __init__(
        self, folder: Path, fields: Sequence[FieldSpec], *, wait_s: float, clear: bool
    ) -> None:
        self.folder = folder
        self._clear = clear
        folder.mkdir(parents=True, exist_ok=True)
        self._storage = _DurableStorage(str(folder))
        self._lock = self._storage.lock(LOCK_NAME)
        if not (folder / f"_MAIN_{newest_generation(folder)}.toc").exists():
            _refuse_foreign(folder)
        if not try_for(self._lock.acquire, timeout=wait_s, delay=0.05):
            raise _locked(folder)
        try:
            _write_holder(folder)
            _sweep(folder)
            self._writer = self._open_writer(fields)
        except BaseException:
            self._release()
            raise

    def _open_writer(self, fields: Sequence[FieldSpec]) -> _DurableWriter:
        schema = build_schema(fields)
        if not (self.folder / f"_MAIN_{newest_generation(self.folder)}.toc").exists():
            TOC.create(self._storage, schema)
        try:
            with told_as_corrupt(self.folder, f"_MAIN_{newest_generation(self.folder)}.toc"):
                index = FileIndex(self._storage)
        except IndexCorrupt:
            if not self._clear:
                raise
            _discard(self.folder)
            TOC.create(self._storage, schema)
            index = FileIndex(self._storage)
        writer = _DurableWriter(index, _lk=False, limitmb=MEMORY_MB, codec=ColumnarCodec())
        if self._clear:
            writer.schema = schema
        return writer

    @property
    def generation(self) -> int:
        """The number the next generation will have."""
        return int(self._writer.generation)

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *exc_info: object) -> None:
        try:
            if not self._writer.is_closed:
                self._writer.cancel()
        finally:
            self._release()

    def delete(self, paths: Sequence[str]) -> None:
        """Leave out the posts with these paths. Call it before `add`."""
        for path in paths:
            self._writer.delete_by_term(PATH, path)

    def add(self, post: Post, fields: Sequence[FieldSpec]) -> None:
        """Put a post into the next generation."""
        self._writer.add_document(**document_of(post, fields))

    def commit(self, manifest: Manifest) -> None:
        """Make the next generation the one that is opened from now on."""
        self._writer.manifest = manifest
        self._writer.commit(mergetype=CLEAR if self._clear else None)
        remove_old_manifests(self.folder, manifest.generation)

    def _release(self) -> None:
        (self.folder / HOLDER_NAME).unlink(missing_ok=True)
        self._lock.release()


def _discard(folder: Path) -> None:
    """Remove every file of an index that cannot be read, but for the lock."""
    for file in folder.iterdir():
        if _INDEX_FILE.fullmatch(file.name):
            file.unlink(missing_ok=True)


def _refuse_foreign(folder: Path) -> None:
    """Raises IndexError_ when the folder holds other things than what belongs to an index."""
    allowed = {LOCK_NAME, HOLDER_NAME, SPILL_NAME, ".gitignore"}
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


def _sweep(folder: Path) -> None:
    """Remove what a killed writer left; its segment files go with Whoosh's next commit."""
    generation = newest_generation(folder)
    for table in folder.glob("_MAIN_*.toc.*"):
        table.unlink(missing_ok=True)
    for file in folder.glob("_MAIN_*.json.tmp"):
        file.unlink(missing_ok=True)
    spill = folder / SPILL_NAME
    if spill.is_dir():
        for file in spill.iterdir():
            file.unlink(missing_ok=True)
        spill.rmdir()
    if generation:
        remove_old_manifests(folder, generation)
