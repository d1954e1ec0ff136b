"""Every error that searchidx raises, as one tree.

Each message says what went wrong, where, and what to do next; the parts are in attributes, so that
a program need not read the message.
"""

from __future__ import annotations

from pathlib import Path

from searchidx.width import text_columns


class SearchIdxError(Exception):
    """Any error that searchidx raises on purpose. It can be copied and pickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return _restored, (type(self), self.args, self.__dict__)


def _restored(
    kind: type[SearchIdxError], arguments: tuple[object, ...], attributes: dict[str, object]
) -> SearchIdxError:
    error = kind.__new__(kind)
    error.args = arguments
    error.__dict__.update(attributes)
    return error


class PostError(SearchIdxError):
    """A post, or a part of one, could not be read as asked."""

    def __init__(self, path: str, line: int, reason: str, hint: str) -> None:
        super().__init__(f"{path}:{line}: {reason}: {hint}")
        self.path = path
        self.line = line
        self.reason = reason
        self.hint = hint


class QueryError(SearchIdxError):
    """A query that cannot be honoured as it stands.

    `position` and `end` are character offsets into `text`: the part that is meant.
    """

    def __init__(self, text: str, position: int, reason: str, hint: str, end: int | None = None):
        super().__init__(f"{reason}; {hint}" if hint else reason)
        self.text = text
        self.position = position
        self.end = max(position + 1, end if end is not None else position + 1)
        self.reason = reason
        self.hint = hint

    def diagram(self) -> str:
        """The query with a caret line under the part that is meant, and the hint: three lines."""
        shown = "".join(char if char.isprintable() else " " for char in self.text)
        carets = " " * text_columns(shown[: self.position])
        carets += "^" * max(1, text_columns(shown[self.position : self.end]))
        lines = [shown, carets, self.reason]
        return "\n".join([*lines, self.hint] if self.hint else lines)


class SettingsError(SearchIdxError):
    """A settings file, or a settings value, that cannot be used."""

    def __init__(self, path: Path | None, line: int, key: str, reason: str) -> None:
        where = f"{path}:{line}" if path is not None else "settings"
        super().__init__(f"{where}: {key}: {reason}" if key else f"{where}: {reason}")
        self.path = path
        self.line = line
        self.key = key
        self.reason = reason


class IndexError_(SearchIdxError):
    """Something is wrong with an index folder."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path


class IndexMissing(IndexError_):
    """There is no index in the folder."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, f"{path}: no index here; build one with: searchidx index FOLDER")


class IndexLocked(IndexError_):
    """Another process is writing to the index.

    `pid` is 0 and `since` is empty when the holder left no word of itself.
    """

    def __init__(self, path: Path, pid: int, since: str) -> None:
        holder = f"process {pid} since {since}" if pid else "another process"
        super().__init__(path, f"{path}: being written by {holder}; try again when it has finished")
        self.pid = pid
        self.since = since


class IndexCorrupt(IndexError_):
    """A file of the index is damaged or missing."""

    def __init__(self, path: Path, file: str, what: str) -> None:
        super().__init__(
            path, f"{path / file}: {what}; rebuild it from the posts with: searchidx index --full"
        )
        self.file = file
        self.what = what


class IndexVersionMismatch(IndexError_):
    """The index was written by a version of searchidx whose format this one does not read."""

    def __init__(self, path: Path, found: int, supported: int) -> None:
        super().__init__(
            path,
            f"{path}: index format {found}, this searchidx reads format {supported}; "
            "rebuild it from the posts with: searchidx index --full",
        )
        self.found = found
        self.supported = supported
