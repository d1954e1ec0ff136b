"""Opening an index folder: the newest generation in it. Readers take no lock."""

from __future__ import annotations

import os
from pathlib import Path

from searchidx.errors import IndexCorrupt, IndexMissing
from searchidx.store.manifest import manifest_name, read_manifest
from searchidx.store.segments import open_segment
from searchidx.store.snapshot import Snapshot


def newest_generation(folder: Path) -> int:
    """The number of the last committed generation; 0 when there is none."""
    if not folder.is_dir():
        return 0
    return max(map(_generation_of, os.listdir(folder)), default=0)


def _generation_of(name: str) -> int:
    """The generation that a file is the table of contents of; 0 for any other file."""
    start, number, end = name[:6], name[6:-4], name[-4:]
    is_table = (start, end) == ("_MAIN_", ".toc") and number.isascii() and number.isdigit()
    return int(number) if is_table else 0


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


def identity(folder: Path, generation: int) -> tuple[int, int]:
    """What tells a generation from another one of the same number, in an index built anew."""
    try:
        about = (folder / manifest_name(generation)).stat()
    except OSError:
        return 0, 0
    return about.st_ino, about.st_mtime_ns


def _open_generation(folder: Path, generation: int) -> Snapshot:
    manifest = read_manifest(folder, generation)
    return Snapshot(folder, manifest, [open_segment(folder, one) for one in manifest.segments])
