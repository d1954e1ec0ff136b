"""The segment files of an index folder: opening one, and writing a new one."""

from __future__ import annotations

import os
import random
import string
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from searchidx.columnar.layout import ArrayFile
from searchidx.columnar.segment import EXTENSION, SegmentArrays
from searchidx.errors import IndexCorrupt
from searchidx.store.build import SegmentBuilder
from searchidx.store.damage import told_as_corrupt
from searchidx.store.manifest import SegmentRecord


def open_segment(folder: Path, record: SegmentRecord) -> SegmentArrays:
    """A segment of a generation.

    Raises: IndexCorrupt, IndexVersionMismatch.
    """
    with told_as_corrupt(folder, record.file_name):
        arrays = SegmentArrays(ArrayFile.open(folder / record.file_name))
    if arrays.documents != record.documents:
        what = f"holds {arrays.documents} posts, the manifest says {record.documents}"
        raise IndexCorrupt(folder, record.file_name, what)
    return arrays


def new_name() -> str:
    """A name that no segment has."""
    return "MAIN_" + "".join(random.choices(string.ascii_lowercase + string.digits, k=16))


@contextmanager
def new_segment_file(folder: Path, name: str) -> Iterator[BinaryIO]:
    """A new file to write a segment into. It is on the disk when the block ends; if the block
    raises, it is gone."""
    path = folder / f"{name}{EXTENSION}"
    try:
        with open(path, "xb", buffering=1024 * 1024) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def write_segment_file(folder: Path, builder: SegmentBuilder) -> SegmentRecord:
    """Write what a builder holds as a new segment. Nothing refers to it yet."""
    name = new_name()
    with new_segment_file(folder, name) as stream:
        builder.write(stream)
    return SegmentRecord(name, len(builder))


def sync_to_disk(path: Path) -> None:
    """Have the system write a file, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
