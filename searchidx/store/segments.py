"""The segment files of an index folder: opening one, and writing a new one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from searchidx.columnar.layout import ArrayFile
from searchidx.columnar.segment import EXTENSION, SegmentArrays
from searchidx.errors import IndexCorrupt
from searchidx.store.damage import told_as_corrupt
from searchidx.store.manifest import SegmentRecord


def open_segment(folder: Path, record: SegmentRecord) -> SegmentArrays:
    """A segment of a generation.

    Raises: IndexCorrupt, IndexVersionMismatch.
    """
    arrays = _arrays(folder, record.file_name)
    if arrays.documents != record.documents:
        what = f"holds {arrays.documents} posts, the manifest says {record.documents}"
        raise IndexCorrupt(folder, record.file_name, what)
    if record.crc != arrays.file.crc:
        raise IndexCorrupt(folder, record.file_name, "is not the file that the manifest names")
    return arrays


def record_of(folder: Path, name: str) -> SegmentRecord:
    """What a manifest says of a segment that was just written."""
    arrays = _arrays(folder, f"{name}{EXTENSION}")
    return SegmentRecord(name, arrays.documents, crc=arrays.file.crc)


def _arrays(folder: Path, file_name: str) -> SegmentArrays:
    with told_as_corrupt(folder, file_name):
        return SegmentArrays(ArrayFile.open(folder / file_name))


def new_name() -> str:
    """A name that no segment has, whatever the program does to its random numbers."""
    import secrets
    import string

    characters = string.ascii_lowercase + string.digits
    return "MAIN_" + "".join(secrets.choice(characters) for _ in range(16))


@contextmanager
def new_segment_file(folder: Path, name: str) -> Iterator[BinaryIO]:
    """A new file to write a segment into. It is on the disk when the block ends; if the block
    raises, it is gone."""
    path = folder / f"{name}{EXTENSION}"
    stream = open(path, "xb", buffering=1024 * 1024)
    try:
        with stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def sync_to_disk(path: Path) -> None:
    """Have the system write a file, or the names in a folder, to the disk."""
    if os.name == "nt" and path.is_dir():
        return  # there a folder cannot be opened, and its names are written with its files
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
