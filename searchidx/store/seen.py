"""Which files were read and found to hold what is indexed, though their times are others.

A copy, a checkout or a `touch` gives files new times, and columns of an index do not change. So
what was read is noted beside the generations, lest every sync reads it again. The note belongs to
no generation: it says which content a file had at which times, and is true whatever is indexed.
Without it, or when it is damaged, the files are read once more.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from searchidx.columnar.layout import ArrayFile, ArrayFileWriter, Damaged, OtherVersion
from searchidx.columnar.runs import Ragged, ragged
from searchidx.posts.model import Catalogue, SourceFile

SEEN = "MAIN_SEEN"

WORTH_NOTING = 100
"""Fewer files are read again in a moment."""


def read_seen(folder: Path) -> Catalogue:
    """The files of the note; none when there is none that can be read."""
    try:
        file = ArrayFile.open(folder / SEEN)
        sizes, mtimes, ctimes = (
            file.array(name).tolist() for name in ("sizes", "mtimes", "ctimes")
        )
        paths, digests = (
            Ragged(file.array(name), file.array(f"{name}.ends")) for name in ("paths", "digests")
        )
        return Catalogue(paths.strings(), sizes, mtimes, ctimes, digests.texts())
    except (OSError, Damaged, OtherVersion):
        return Catalogue.of([])


def note_seen(folder: Path, files: Sequence[SourceFile]) -> None:
    """Let the note hold these files, each with its digest; those of which the time proves nothing
    are left out. Where it cannot be written, nothing is noted."""
    noted = [file for file in files if file.mtime_ns]
    with suppress(OSError):
        if len(noted) < WORTH_NOTING:
            (folder / SEEN).unlink(missing_ok=True)
        elif set(noted) != set(read_seen(folder).files()):
            _write(folder, noted)


def _write(folder: Path, files: Sequence[SourceFile]) -> None:
    temporary = folder / f"{SEEN}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as stream:
            writer = ArrayFileWriter(stream)
            for name, numbers in (
                ("sizes", [file.size_bytes for file in files]),
                ("mtimes", [file.mtime_ns for file in files]),
                ("ctimes", [file.ctime_ns for file in files]),
            ):
                writer.add(name, np.array(numbers, dtype=np.int64))
            for name, texts in (
                ("paths", [file.path.encode("utf-8", "surrogatepass") for file in files]),
                ("digests", [bytes.fromhex(file.digest) for file in files]),
            ):
                rows = ragged(texts)
                writer.add(name, rows.items)
                writer.add(f"{name}.ends", rows.ends)
            writer.finish()
        temporary.replace(folder / SEEN)
    finally:
        temporary.unlink(missing_ok=True)
