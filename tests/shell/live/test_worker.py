"""The worker does the newest task; older ones are dropped, and asking never waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from searchidx.shell.live.worker import LatestWorker


def test_only_the_newest_task_is_finished() -> None:
    go, begun = threading.Event(), threading.Event()
    done: list[str] = []

    def work(task: str) -> Iterator[str]:
        yield f"{task} begun"
        begun.set()
        go.wait(10)
        yield f"{task} done"

    worker: LatestWorker[str, str] = LatestWorker(work, done.append, lambda error: None)
    worker.start()
    worker.ask("first")
    assert begun.wait(10)
    for name in ("second", "third", "fourth"):
        worker.ask(name)
    go.set()
    assert worker.wait_until_idle(10)
    worker.close()
    assert done == ["first begun", "fourth begun", "fourth done"]


def test_a_pause_is_not_delivered_and_lets_a_newer_task_in() -> None:
    done: list[str] = []
    begun, go = threading.Event(), threading.Event()

    def work(task: str) -> Iterator[str | None]:
        if task == "first":
            begun.set()
            assert go.wait(10)
        yield None
        yield task

    worker: LatestWorker[str, str] = LatestWorker(work, done.append, lambda error: None)
    worker.start()
    worker.ask("first")
    assert begun.wait(10)
    worker.ask("second")
    go.set()
    assert worker.wait_until_idle(10)
    worker.close()
    assert done == ["second"]


def test_an_error_is_told_and_the_next_task_is_done() -> None:
    done: list[str] = []
    errors: list[Exception] = []

    def work(task: str) -> Iterator[str]:
        if task == "bad":
            raise ValueError(task)
        yield task

    worker: LatestWorker[str, str] = LatestWorker(work, done.append, errors.append)
    worker.start()
    worker.ask("bad")
    assert worker.wait_until_idle(10)
    worker.ask("good")
    assert worker.wait_until_idle(10)
    worker.close()
    assert done == ["good"]
    assert [str(error) for error in errors] == ["bad"]


def test_closing_an_idle_or_unstarted_worker_returns() -> None:
    worker: LatestWorker[str, str] = LatestWorker(lambda task: iter(()), print, print)
    worker.close()
    other: LatestWorker[str, str] = LatestWorker(lambda task: iter(()), print, print)
    other.start()
    other.close()
