"""A process that does a part of the work, and is spoken to over pipes.

It is a fork of this one where that is safe: on Linux, and while this process has no other threads
of Python's, whose locks nobody would let go in the fork. It has imported everything then. Where
this process is large, what it goes on to use would be copied for the forks, so that nothing is
forked either. Else it is started as `python -c` with the import path of this one, which takes some
tenths of a second, so that nothing is asked of the program that embeds searchidx. It is told what
makes its `Worker`; then it answers one message after the other, until its pipe is closed.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Protocol

from searchidx.errors import SearchIdxError

if TYPE_CHECKING:
    import subprocess


class Worker(Protocol):
    """What answers the messages in the other process."""

    def answer(self, message: Any) -> Any:
        """What a message asks for. What is raised is raised where it was asked."""


class Gone(SearchIdxError):
    """A process has ended before its work was done."""


class Process:
    """A process that does work with `make(*arguments)`, out of reach of the terminal's Ctrl-C."""

    def __init__(self, make: Callable[..., Worker], arguments: tuple[Any, ...]) -> None:
        self._process = _forked(make, arguments) if _may_fork() else _started(make, arguments)

    def ask(self, message: Any) -> Any:
        """The answer to a message.

        Raises: Gone when the process has ended, else whatever was raised in it.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            _send(self._process.stdin, message)
            is_error, answer = _receive(self._process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise Gone("a process that does a part of the work ended; try --jobs 1") from error
        if is_error:
            raise answer
        return answer

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self._process.wait()


def _started(make: Callable[..., Worker], arguments: tuple[Any, ...]) -> subprocess.Popen[bytes]:
    """A process that starts from nothing."""
    import subprocess  # which a fork needs not

    script = f"import sys; sys.path[:] = {sys.path!r}\n" + _SCRIPT
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    with suppress(OSError):
        _send(process.stdin, (make, arguments))
    return process


def _may_fork() -> bool:
    return (
        sys.platform == "linux"
        and threading.active_count() == 1
        and all(map(_is_open, _USUAL))
        and _own_bytes() <= LARGE_BYTES
    )


LARGE_BYTES = 100 * 1024 * 1024
"""A process that has more in memory, mapped files left out, is not forked."""


def _own_bytes() -> int:
    """What this process has in memory, without mapped files; more than there is, if unknown."""
    try:
        with open("/proc/self/statm", encoding="ascii") as figures:
            _, resident, shared, *_ = map(int, figures.read().split())
    except (OSError, ValueError):
        return sys.maxsize
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")


_USUAL = (0, 1, 2)
"""The files that every process has; where one is closed, a pipe would take its number."""


def _is_open(number: int) -> bool:
    with suppress(OSError):
        os.fstat(number)
        return True
    return False


def _forked(make: Callable[..., Worker], arguments: tuple[Any, ...]) -> _Fork:
    """A process that goes on from what this one has imported."""
    messages, stdin = os.pipe()
    answers, stdout = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of NumPy's threads, which wait
        number = os.fork()
    if not number:
        try:
            _be_forked(make, arguments, messages, stdout)
        finally:  # whatever happens, nothing goes on here that this process had begun
            os._exit(1)
    os.close(messages)
    os.close(stdout)
    return _Fork(number, os.fdopen(stdin, "wb"), os.fdopen(answers, "rb"))


@dataclass(slots=True)
class _Fork:
    """A forked process, with the doors of a `Popen`."""

    number: int
    stdin: IO[bytes]
    stdout: IO[bytes]
    is_over: bool = False

    def kill(self) -> None:
        """End it; it is not waited for yet, so the number is its own still."""
        if not self.is_over:
            with suppress(ProcessLookupError):
                os.kill(self.number, signal.SIGKILL)

    def wait(self) -> None:
        """Wait until it is gone."""
        if not self.is_over:
            with suppress(ChildProcessError):  # the program has others waited for by itself
                os.waitpid(self.number, 0)
            self.is_over = True


def _be_forked(
    make: Callable[..., Worker], arguments: tuple[Any, ...], messages: int, answers: int
) -> None:
    """Be a forked process, which has no other open files than its pipes and the standard ones: it
    neither holds a lock nor keeps another's pipe open."""
    os.setsid()
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    gc.freeze()  # what was there before is never garbage here
    low, high = sorted((messages, answers))
    os.closerange(3, low)
    os.closerange(low + 1, high)
    os.closerange(high + 1, _MOST_FILES)
    os.dup2(2, 1)  # what anything prints is not an answer
    sys.stdout = sys.stderr = os.fdopen(2, "w", buffering=1, errors="replace", closefd=False)
    with os.fdopen(messages, "rb") as received, os.fdopen(answers, "wb") as sent:
        _serve(received, sent, lambda: (make, arguments))
    os._exit(0)


_MOST_FILES = 1 << 20
"""No process has that many open files."""

_COLLECTING = threading.Lock()
_usual: list[tuple[int, int, int]] = []
"""What the thresholds of garbage collection were, once for each block that raised them."""


@contextmanager
def fewer_collections() -> Iterator[None]:
    """Collect garbage less often in this process: what is gathered for a segment is kept, and need
    not be walked so often."""
    with _COLLECTING:
        _usual.append(_usual[0] if _usual else gc.get_threshold())
        gc.set_threshold(100_000, 50, 50)
    try:
        yield
    finally:
        with _COLLECTING:
            usual = _usual.pop()
            if not _usual:
                gc.set_threshold(*usual)


_SCRIPT = "from searchidx.store.processes import serve\nserve()"


def serve() -> None:
    """Be a process that was started: answer what comes in, until the other end is closed."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anything prints is not an answer
    messages = sys.stdin.buffer
    _serve(messages, answers, lambda: _receive(messages))


def _serve(
    messages: IO[bytes],
    answers: IO[bytes],
    first: Callable[[], tuple[Callable[..., Worker], tuple[Any, ...]]],
) -> None:
    """Answer messages with the worker that `first` says how to make."""
    is_over = suppress(EOFError, BrokenPipeError, pickle.UnpicklingError)  # the other end is gone
    with fewer_collections(), is_over:
        make, arguments = first()
        worker = make(*arguments)
        while True:
            message = _receive(messages)
            try:
                answer = (False, worker.answer(message))
            except Exception as error:
                _send(answers, (True, error))
                return
            _send(answers, answer)


def _send(pipe: IO[bytes], message: Any) -> None:
    pickle.dump(message, pipe, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> Any:
    """The next message. Raises: EOFError when the other end is gone."""
    return pickle.load(pipe)
