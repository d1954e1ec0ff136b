"""How much memory a process has and has had, alone or with the processes that it started.

On Linux from /proc; elsewhere only the peak of this process is known.
"""

from __future__ import annotations

import resource
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

_INTERVAL_S = 0.1


class Held(NamedTuple):
    """The memory of a process, and what of it is its own: no file that is mapped. In MB."""

    all_mb: float
    own_mb: float


class Watch:
    """The most memory that a process and its children have had together, from time to time."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.peak = Held(0.0, 0.0)

    def look(self) -> None:
        every = [shared_out(pid) for pid in _family(self.pid)]
        self.peak = Held(
            max(self.peak.all_mb, sum(held.all_mb for held in every)),
            max(self.peak.own_mb, sum(held.own_mb for held in every)),
        )


@contextmanager
def watching(pid: int) -> Iterator[Watch]:
    """Look at a process from a thread of this one, ten times a second, until left."""
    watch, done = Watch(pid), threading.Event()

    def look_on() -> None:
        while not done.wait(_INTERVAL_S):
            watch.look()

    thread = threading.Thread(target=look_on, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        done.set()
        thread.join()


def peak_mb() -> float:
    """The most memory this process has had.

    On Linux not from getrusage, whose figure starts with that of the process that started this one.
    """
    try:
        return _line_kb("/proc/self/status", "VmHWM:") * 1024 / 1e6
    except (OSError, IndexError):
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def reset_peak() -> None:
    """Let `peak_mb` start again from what this process has now, where that can be had."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def shared_out(pid: int) -> Held:
    """The memory a process has now, what it shares with others divided among them; 0 if unknown."""
    path = f"/proc/{pid}/smaps_rollup"
    try:
        return Held(*(_line_kb(path, name) * 1024 / 1e6 for name in ("Pss:", "Pss_Anon:")))
    except (OSError, IndexError):
        return Held(0.0, 0.0)


def _line_kb(path: str, name: str) -> int:
    """Raises: OSError when there is no such file, IndexError when it has no such line."""
    return int(Path(path).read_text(encoding="ascii").partition(f"\n{name}")[2].split()[0])


def _family(pid: int) -> Iterator[int]:
    """The process and those below it."""
    yield pid
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = path.read_text(encoding="ascii").split()
        except OSError:
            continue
        for child in children:
            yield from _family(int(child))
