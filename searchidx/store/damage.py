"""What is raised when the bytes of an index are not what was written, told as IndexCorrupt."""

from __future__ import annotations

from pathlib import Path

from searchidx.columnar.layout import FORMAT_VERSION, Damaged, OtherVersion
from searchidx.errors import IndexCorrupt, IndexVersionMismatch


class told_as_corrupt:
    """Raises IndexCorrupt or IndexVersionMismatch when what the block reads is damaged or missing.

    Every array is checked before it is used, so that damage is told by these errors alone. It may
    be used many times.
    """

    __slots__ = ("_file", "_folder")

    def __init__(self, folder: Path, file: str) -> None:
        self._folder = folder
        self._file = file

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        match error:
            case OtherVersion():
                raise IndexVersionMismatch(self._folder, error.found, FORMAT_VERSION) from error
            case Damaged():
                what = f"the array {error.array}: {error.what}"
                raise IndexCorrupt(self._folder, error.file or self._file, what) from error
            case FileNotFoundError():
                raise IndexCorrupt(self._folder, self._file, "is missing") from error
