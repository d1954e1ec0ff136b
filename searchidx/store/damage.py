"""What is raised when the bytes of an index are not what was written, told as IndexCorrupt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from searchidx.columnar.layout import FORMAT_VERSION, Damaged, OtherVersion
from searchidx.errors import IndexCorrupt, IndexVersionMismatch


@contextmanager
def told_as_corrupt(folder: Path, file: str) -> Iterator[None]:
    """Raises IndexCorrupt or IndexVersionMismatch when what the block reads is damaged or missing.

    Every array is checked before it is used, so that damage is told by these errors alone.
    """
    try:
        yield
    except OtherVersion as other:
        raise IndexVersionMismatch(folder, other.found, FORMAT_VERSION) from other
    except Damaged as damage:
        what = f"the array {damage.array}: {damage.what}"
        raise IndexCorrupt(folder, damage.file or file, what) from damage
    except FileNotFoundError as error:
        raise IndexCorrupt(folder, file, "is missing") from error
