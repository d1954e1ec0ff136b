"""What is raised when the bytes of an index are not what was written, told as IndexCorrupt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from whoosh.query import QueryError as WhooshQueryError

from searchidx.columnar.layout import FORMAT_VERSION, Damaged, OtherVersion
from searchidx.errors import IndexCorrupt, IndexVersionMismatch, SearchIdxError


@contextmanager
def told_as_corrupt(folder: Path, file: str) -> Iterator[None]:
    """Raises IndexCorrupt for what the block raises because the bytes it reads are damaged.

    Arrays are checked before they are used. Whoosh's own files are not, so that damage to them
    surfaces as any exception, a bare one included; only errors told on purpose go through.
    """
    try:
        yield
    except (SearchIdxError, WhooshQueryError):
        raise
    except OtherVersion as other:
        raise IndexVersionMismatch(folder, other.found, FORMAT_VERSION) from other
    except Damaged as damage:
        what = f"the array {damage.array}: {damage.what}"
        raise IndexCorrupt(folder, damage.file or file, what) from damage
    except Exception as error:
        raise IndexCorrupt(folder, file, f"cannot be read ({type(error).__name__})") from error
