"""What Whoosh raises when the bytes of an index are not what was written, told as IndexCorrupt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from whoosh.query import QueryError as WhooshQueryError

from searchidx.errors import IndexCorrupt, SearchIdxError


@contextmanager
def told_as_corrupt(folder: Path, file: str) -> Iterator[None]:
    """Raises IndexCorrupt for what the block raises because the bytes it reads are damaged.

    Whoosh reads without checking, so that damage surfaces as any exception, a bare one included;
    only errors that are told on purpose go through.
    """
    try:
        yield
    except (SearchIdxError, WhooshQueryError):
        raise
    except Exception as error:
        raise IndexCorrupt(folder, file, f"cannot be read ({type(error).__name__})") from error
