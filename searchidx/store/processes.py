"""A process that does a part of the work, and is spoken to over pipes.

It is started as `python -c` with the import path of this one, so that nothing is asked of the
program that embeds searchidx. First it is told what makes its `Worker`; then it answers one message
after the other, until its pipe is closed.
"""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, Protocol

from searchidx.errors import SearchIdxError


class Worker(Protocol):
    """What answers the messages in the other process."""

    def answer(self, message: Any) -> Any:
        """What a message asks for. What is raised is raised where it was asked."""


class Gone(SearchIdxError):
    """A process has ended before its work was done."""


class Process:
    """A process that does work with `make(*arguments)`, out of reach of the terminal's Ctrl-C."""

    def __init__(self, make: Callable[..., Worker], arguments: tuple[Any, ...]) -> None:
        script = f"import sys; sys.path[:] = {sys.path!r}\n" + _SCRIPT
        self._process = subprocess.Popen(
            [sys.executable, "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        with suppress(OSError):
            _send(self._input, (make, arguments))

    @property
    def _input(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    def ask(self, message: Any) -> Any:
        """The answer to a message.

        Raises: Gone when the process has ended, else whatever was raised in it.
        """
        assert self._process.stdout is not None
        try:
            _send(self._input, message)
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
    """Be such a process: answer what comes in, until the other end is closed."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anything prints is not an answer
    messages = sys.stdin.buffer
    is_over = suppress(EOFError, BrokenPipeError, pickle.UnpicklingError)  # the other end is gone
    with fewer_collections(), is_over:
        make, arguments = _receive(messages)
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
