"""Walk the roots, compare with what is indexed, read one file.

Paths are plain strings here: a walk over many files feels each Path object it makes.
"""

# ruff: noqa: PTH100, PTH110, PTH112, PTH116, PTH117

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import stat
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import compress
from operator import attrgetter, ne, not_
from pathlib import Path

from searchidx.errors import PostError
from searchidx.posts.model import Catalogue, SourceFile
from searchidx.posts.problem import Problem
from searchidx.settings import Settings

_READ_TRIES = 3
_CLOCK_TICK_NS = 100_000_000
_LAST_NS = 2**63 - 1
_NAME = attrgetter("name")
_NOT_PLAIN = re.compile("[\\\\\udc80-\udcff]")
_ENDING = re.compile(r"\*\.\w+")
_ESCAPED = re.compile(r"\\x([0-9a-f]{2})")
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
_OPEN_FLAGS |= getattr(os, "O_BINARY", 0)

_READABLE = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH

DirId = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Found:
    """The files below the roots, by path, and what could not be looked at.

    `unreadable` are the folders among those: what they hold is not known. `guarded` are the paths
    of files that not everybody may read, perhaps not even we. `passed_over` counts the
    other files of the folders that were entered: those that no include pattern takes, or that an
    exclude pattern or a hidden name leaves out.
    """

    files: Catalogue
    problems: list[Problem] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    guarded: frozenset[str] = frozenset()
    passed_over: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a sync has to do, each part in the order of the paths.

    `new`, `resized` and `suspect` are files as found: a suspect has the indexed size but other
    times, or ones that prove nothing, so its content must decide; beside it is the digest of what
    was indexed. `same` are paths, `gone` files as indexed.
    """

    new: list[SourceFile]
    resized: list[SourceFile]
    suspect: list[tuple[SourceFile, str]]
    same: list[str]
    gone: list[SourceFile]


def walk(roots: Sequence[Path], settings: Settings, base: Path) -> Found:
    """Every post file below the roots, each once; relative roots count from `base`.

    Hidden names, and folders that match an exclude pattern, are not entered; a root that is itself
    a file is taken whatever its name. Links are followed only if the settings say so; else one that
    leads out of the roots is a problem, one that stays inside is skipped, its target being there.

    Raises: PostError when there are roots and none of them exists.
    """
    return _Walk(roots, settings, base).run()


def compare(found: Catalogue, indexed: Catalogue) -> Comparison:
    """Files as found, in the order of their paths, against files as indexed, by path, size and
    time."""
    indexed = indexed.in_order()
    paths = indexed.paths
    sure_mtimes = [mtime_ns or None for mtime_ns in indexed.mtimes]  # None is like no time
    known: Iterable[object] = zip(indexed.sizes, sure_mtimes, indexed.ctimes, strict=True)
    if paths != found.paths:
        known = map(dict(zip(paths, known, strict=True)).get, found.paths)
    rows = zip(found.sizes, found.mtimes, found.ctimes, strict=True)
    unlike = list(map(ne, rows, known))
    result = Comparison([], [], [], list(compress(found.paths, map(not_, unlike))), [])
    for file in map(found.file, compress(range(len(unlike)), unlike)):
        at = bisect_left(paths, file.path)
        if at == len(paths) or paths[at] != file.path:
            result.new.append(file)
        elif indexed.sizes[at] != file.size_bytes:
            result.resized.append(file)
        else:
            result.suspect.append((file, indexed.digests[at].hex()))
    if len(paths) + len(result.new) > len(found.paths):
        here = set(found.paths)
        result.gone.extend(indexed.file(at) for at, path in enumerate(paths) if path not in here)
    return result


def too_large(file: SourceFile, settings: Settings) -> Problem | None:
    """What is wrong with a file that is larger than the settings allow."""
    if file.size_bytes <= settings.max_file_bytes:
        return None
    return _too_large(file, file.size_bytes, settings.max_file_bytes)


def not_allowed(base: Path, file: SourceFile) -> Problem | None:
    """What is wrong with a file that may not be read. One that has vanished is told when it is
    read."""
    path = locate_file(base, file.path)
    if not os.access(path, os.R_OK) and os.access(path, os.F_OK):
        return Problem(file.path, 1, "cannot be read (Permission denied)", _ALLOW, lost_text=True)
    return None


def expect(base: Path, files: Iterable[SourceFile]) -> None:
    """Have the system begin to fetch files that are read next, where it can: from a disk, many at
    a time take half as long as one after the other."""
    if not hasattr(os, "posix_fadvise"):
        return
    for file in files:
        with suppress(OSError):
            handle = os.open(locate_file(base, file.path), _OPEN_FLAGS)
            try:
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_WILLNEED)
            finally:
                os.close(handle)


def read_file(
    base: Path, file: SourceFile, settings: Settings
) -> tuple[SourceFile, bytes] | Problem:
    """A file as it is now, with its digest, and its bytes; or the problem that stands in the way.

    `file` is as a walk found it; if it is so still, it is read once. `mtime_ns` is 0 when the file
    changed within the last 100 ms: a clock that ticks no faster could not tell a later change. A
    file that vanished is a problem, yet none that loses text.
    """
    try:
        handle = os.open(locate_file(base, file.path), _OPEN_FLAGS)
    except (FileNotFoundError, NotADirectoryError):
        return Problem(file.path, 1, "the file has vanished", "sync again")
    except OSError as error:
        return _unreadable(file.path, error)
    try:
        return _read_open(handle, file, settings.max_file_bytes)
    except OSError as error:
        return _unreadable(file.path, error)
    finally:
        os.close(handle)


def path_text(base: Path, os_path: str) -> str:
    """How a file is known in the index: with `/`, relative to `base` if below it, else absolute.

    Bytes that are no text, and backslashes, are written as `\\xNN`, so that `locate_file` finds
    the way back. Both paths are absolute.
    """
    top = os.path.join(os.path.abspath(base), "")
    shown = os_path[len(top) :] if os_path.startswith(top) else os_path
    if os.sep != "/":
        shown = shown.replace(os.sep, "/")
    return _shown(shown)


def _shown(name: str) -> str:
    is_plain = name.isascii() and "\\" not in name
    return name if is_plain else _NOT_PLAIN.sub(_escaped, name)


def _escaped(found: re.Match[str]) -> str:
    return f"\\x{ord(found[0]) & 0xFF:02x}"


def locate_file(base: Path, path: str) -> str:
    """The absolute path, for the operating system, of the file known as `path`."""
    plain = unescaped(path)
    if os.sep != "/":
        plain = plain.replace("/", os.sep)
    top = os.fspath(base)
    return os.path.join(_without_dots(top) if os.path.isabs(top) else os.path.abspath(top), plain)


_without_dots = lru_cache(maxsize=16)(os.path.normpath)
"""An absolute path as `os.path.abspath` gives it."""


def unescaped(path: str) -> str:
    """A path of the index as the operating system has it, with `\\xNN` turned back into bytes."""
    return _ESCAPED.sub(_unescaped, path) if "\\" in path else path


def _unescaped(found: re.Match[str]) -> str:
    byte = int(found[1], 16)
    return chr(byte) if byte < 0x80 else chr(0xDC00 + byte)


class _Walk:
    """One walk. Folders are told apart by device and inode, so that no loop of links is endless."""

    def __init__(self, roots: Sequence[Path], settings: Settings, base: Path) -> None:
        self.base = Path(os.path.abspath(base))
        self.roots = list(dict.fromkeys(os.path.abspath(self.base / root) for root in roots))
        self.real_roots = tuple(os.path.realpath(root) for root in self.roots)
        self.follow = settings.follow_symlinks
        self.endings = tuple(one[1:] for one in settings.include if _ENDING.fullmatch(one))
        self.include = _matcher(settings.include, re.IGNORECASE)
        self.exclude = _matcher(settings.exclude, re.NOFLAG) if settings.exclude else None
        self.entered: set[DirId] = set()
        self.links: list[tuple[str, str]] = []
        self.files = Catalogue([], [], [], [], [])
        self.problems: list[Problem] = []
        self.unreadable: list[str] = []
        self.guarded: set[str] = set()
        self.passed_over = 0

    def run(self) -> Found:
        missing = [root for root in self.roots if not os.path.lexists(root)]
        if self.roots and len(missing) == len(self.roots):
            path = self.text(missing[0])
            raise PostError(path, 0, "no such folder", "name a folder of posts that exists")
        for root in missing:
            self.unreadable.append(self.text(root))
            self.problem(self.text(root), "no such folder", "correct the roots")
        singles = []
        for root in self.roots:
            if os.path.isdir(root):
                self.enter(root, "")
            elif root not in missing:
                singles.append(root)
        while self.links:
            self.enter(*self.links.pop())
        for root in singles:
            self.single(root)
        files = self.files.in_order()
        for times in (files.mtimes, files.ctimes):
            if times and (max(times) > _LAST_NS or min(times) < -_LAST_NS):
                times[:] = map(_stored_time, times)
        guarded = frozenset(self.guarded)
        return Found(files, self.problems, self.unreadable, guarded, self.passed_over)

    def enter(self, top: str, below: str) -> None:
        """Walk a folder, and those in it; `below` is its path under its root, or empty."""
        pending = [(top, below)]
        while pending:
            folder, below = pending.pop()
            try:
                about = os.stat(folder)
                if (about.st_dev, about.st_ino) in self.entered:
                    continue
                self.entered.add((about.st_dev, about.st_ino))
                with os.scandir(folder) as listing:
                    entries = sorted(listing, key=_NAME)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                self.unreadable.append(self.text(folder))
                self.problem(self.text(folder), f"cannot be read ({error.strerror})", _ALLOW)
                continue
            folders = list(self.look(entries, folder, f"{below}/" if below else ""))
            pending.extend(reversed(folders))

    def look(
        self, entries: Iterable[os.DirEntry[str]], folder: str, prefix: str
    ) -> Iterator[tuple[str, str]]:
        """Take the files of a folder; give the folders in it that are to be entered."""
        shown = self.text(os.path.join(folder, ""))
        for entry in entries:
            name = entry.name
            if name[0] == "." or (self.exclude is not None and self.excluded(name, prefix + name)):
                self.passed_over += entry.is_file(follow_symlinks=False)
                continue
            try:
                if entry.is_symlink():
                    self.link(entry, prefix + name)
                elif entry.is_dir(follow_symlinks=False):
                    yield entry.path, prefix + name
                elif name.endswith(self.endings) or self.included(name, prefix + name):
                    self.take(shown + _shown(name), entry.stat(follow_symlinks=False))
                else:
                    self.passed_over += 1
            except FileNotFoundError:
                continue
            except OSError as error:
                self.problem(self.text(entry.path), f"cannot be read ({error.strerror})", _ALLOW)

    def link(self, entry: os.DirEntry[str], below: str) -> None:
        """A symbolic link: followed last, so that real folders give their files their paths."""
        is_dir = entry.is_dir()
        if not is_dir and not self.included(entry.name, below):
            return
        path = self.text(entry.path)
        if not is_dir and not os.path.exists(entry.path):
            self.problem(path, "a link that leads nowhere", "remove or correct it", lost_text=False)
        elif self.inside(os.path.realpath(entry.path)):
            return
        elif not self.follow:
            todo = "set follow_symlinks = true, or add its target to the roots"
            self.problem(path, "a link that leads out of the roots is not followed", todo)
        elif is_dir:
            self.links.append((entry.path, below))
        else:
            self.take(path, entry.stat())

    def inside(self, real: str) -> bool:
        return any(real == root or real.startswith(root + os.sep) for root in self.real_roots)

    def single(self, root: str) -> None:
        """A root that is a file, unless it was met below another root."""
        if self.text(os.path.realpath(root)) in self.files.paths:
            return
        try:
            self.take(self.text(root), os.stat(root))
        except OSError as error:
            self.problem(self.text(root), f"cannot be read ({error.strerror})", _ALLOW)

    def take(self, path: str, about: os.stat_result) -> None:
        if stat.S_ISREG(about.st_mode):
            self.files.add(path, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
            if about.st_mode & _READABLE != _READABLE:
                self.guarded.add(path)
        else:
            self.problem(path, "not a regular file", _REMOVE, lost_text=False)

    def included(self, name: str, below: str) -> bool:
        return bool(self.include(name) or (below != name and self.include(below)))

    def excluded(self, name: str, below: str) -> bool:
        exclude = self.exclude
        return exclude is not None and bool(exclude(name) or exclude(below))

    def text(self, os_path: str) -> str:
        return path_text(self.base, os_path)

    def problem(self, path: str, what: str, todo: str, *, lost_text: bool = True) -> None:
        self.problems.append(Problem(path, 1, what, todo, lost_text))


_REMOVE = "remove it, or exclude it in the settings"
_ALLOW = "allow reading it, or exclude it in the settings"


def _read_open(handle: int, file: SourceFile, limit: int) -> tuple[SourceFile, bytes] | Problem:
    size_bytes, mtime_ns = file.size_bytes, file.mtime_ns
    for attempt in range(_READ_TRIES):
        if attempt:
            os.lseek(handle, 0, os.SEEK_SET)
        data = _read_all(handle, min(size_bytes, limit))
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            return Problem(file.path, 1, "not a regular file", _REMOVE)
        if about.st_size > limit:
            return _too_large(file, about.st_size, limit)
        is_same = about.st_mtime_ns == mtime_ns and about.st_size == size_bytes
        if is_same and len(data) == size_bytes:
            return _as_read(file, about, data), data
        size_bytes, mtime_ns = about.st_size, about.st_mtime_ns
    what = f"changed while it was read, {_READ_TRIES} times"
    return Problem(file.path, 1, what, "sync again when nothing writes to it", lost_text=True)


def _as_read(file: SourceFile, about: os.stat_result, data: bytes) -> SourceFile:
    recent = abs(time.time_ns() - about.st_mtime_ns) < _CLOCK_TICK_NS
    mtime_ns = 0 if recent else _stored_time(about.st_mtime_ns)
    digest = hashlib.blake2b(data, digest_size=16).hexdigest()
    return SourceFile(file.path, len(data), mtime_ns, digest, _stored_time(about.st_ctime_ns))


def _stored_time(time_ns: int) -> int:
    """A time as it can be kept in 64 bits; one that cannot proves nothing, as 0 does."""
    return time_ns if abs(time_ns) <= _LAST_NS else 0


def _read_all(handle: int, size_bytes: int) -> bytes:
    """What the file holds, one byte more than its size at most: a sign that it grew."""
    data = os.read(handle, size_bytes + 1)
    while len(data) < size_bytes and (part := os.read(handle, size_bytes - len(data))):
        data += part
    return data


def _too_large(file: SourceFile, size_bytes: int, limit: int) -> Problem:
    what = f"{size_bytes:,} bytes, over the limit of {limit:,}"
    todo = "raise max_file_bytes in the settings, or exclude it"
    return Problem(file.path, 1, what, todo, lost_text=True)


def _unreadable(path: str, error: OSError) -> Problem:
    return Problem(path, 1, f"cannot be read ({error.strerror})", _ALLOW, lost_text=True)


def _matcher(patterns: Sequence[str], flags: re.RegexFlag) -> Callable[[str], object]:
    return re.compile("|".join(fnmatch.translate(one) for one in patterns) or "(?!)", flags).match
