"""A thread that works on the newest of what it is asked; what was asked before is dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

Task = TypeVar("Task")
Piece = TypeVar("Piece")


class LatestWorker(Generic[Task, Piece]):
    """Runs `work` on the latest task, and hands each piece it yields to `deliver`.

    Both run in the worker's thread. When a newer task has come in the meantime, the pieces of the
    older one are neither delivered nor worked out; a None that is yielded is a pause in which that
    is looked for. An exception in `work` is handed to `failed`.
    """

    def __init__(
        self,
        work: Callable[[Task], Iterator[Piece | None]],
        deliver: Callable[[Piece], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._work = work
        self._deliver = deliver
        self._failed = failed
        self._changed = threading.Condition()
        self._waiting: list[Task] = []
        self._is_busy = False
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="live search", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def ask(self, task: Task) -> None:
        """Work on this next, instead of whatever was asked before. Never waits for work."""
        with self._changed:
            self._waiting = [task]
            self._changed.notify_all()

    def close(self) -> None:
        """Stop, once the piece that is being worked out is done."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Whether everything asked is done, at the latest after so long."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not self._waiting and not self._is_busy, timeout_s
            )

    def _run(self) -> None:
        while True:
            with self._changed:
                self._is_busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting or self._is_closed)
                if self._is_closed:
                    return
                task = self._waiting.pop()
                self._is_busy = True
            self._do(task)

    def _do(self, task: Task) -> None:
        try:
            for piece in self._work(task):
                if self._is_outdated():
                    return
                if piece is not None:
                    self._deliver(piece)
        except Exception as error:
            self._failed(error)

    def _is_outdated(self) -> bool:
        with self._changed:
            return bool(self._waiting) or self._is_closed
