"""Arrays that wait to be written: in memory while they are few, in a file without a name when they
are many, so that a field of any size is written in the same memory."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from searchidx.columnar.layout import Array, let_go

MOST_BYTES = 16 * 1024 * 1024
"""Arrays of so many bytes wait in memory."""


class _Place(NamedTuple):
    """Where an array is in the file."""

    dtype: np.dtype[np.generic]
    offset: int
    length: int


class Waiting:
    """Groups of flat arrays, in the order in which they came.

    The file is made in `folder`, and gone when nothing refers to what was in it. Without a folder
    everything stays in memory. Raises: OSError when the disk is full.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._written: list[list[_Place]] = []
        self._held: list[list[Array]] = []
        self._held_bytes = 0
        self._end = 0
        self._mapped: mmap.mmap | None = None

    def add(self, arrays: Sequence[Array]) -> None:
        """Keep another group."""
        self._held.append(list(arrays))
        self._held_bytes += sum(array.nbytes for array in arrays)
        if self._folder is not None and self._held_bytes > MOST_BYTES:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._folder)
            self._written += [[self._put(self._file, one) for one in group] for group in self._held]
            self._held, self._held_bytes = [], 0

    def _put(self, file: IO[bytes], array: Array) -> _Place:
        whole = np.ascontiguousarray(array)
        self._end += file.write(bytes(-self._end % whole.itemsize))
        place = _Place(whole.dtype, self._end, len(whole))
        self._end += file.write(whole.view(np.uint8).data)
        return place

    def groups(self) -> list[list[Array]]:
        """All groups; those in the file as views of it."""
        if self._file is None:
            return self._held
        with self._file as file:
            file.flush()
            mapped = mmap.mmap(file.fileno(), self._end, access=mmap.ACCESS_READ)
        self._mapped = mapped
        found = [
            [np.frombuffer(mapped, place.dtype, place.length, place.offset) for place in group]
            for group in self._written
        ]
        return found + self._held

    def let_go(self) -> None:
        """Have the system count what was read of the file as this process's memory no longer."""
        if self._mapped is not None:
            let_go(self._mapped)
