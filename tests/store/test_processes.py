"""Processes that do a part of the work: forked or started, they hold nothing of this one's."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from searchidx.store import processes
from searchidx.store.processes import Gone, Process, fewer_collections


class Teller:
    """Tells of its process, fails or ends when asked to."""

    def __init__(self, word: str) -> None:
        self._word = word

    def answer(self, message: Any) -> Any:
        if message == "die":
            os._exit(9)
        if message == "fail":
            raise ValueError(self._word)
        if message == "files":
            return sorted(map(int, os.listdir("/proc/self/fd")))
        print("this is no answer")
        return self._word, message, os.getpid(), os.getpgid(0)


@pytest.fixture(params=["forked", "started"])
def process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    is_forked = request.param == "forked"
    if is_forked and sys.platform != "linux":
        pytest.skip("processes are forked on Linux only")
    monkeypatch.setattr(processes, "_may_fork", lambda: is_forked)
    process = Process(Teller, ("word",))
    yield process
    process.stop()


def test_a_process_answers_out_of_reach_of_ctrl_c(process: Process) -> None:
    word, message, number, group = process.ask([1])
    assert (word, message) == ("word", [1])
    assert number == group != os.getpid()


def test_what_is_raised_there_is_raised_here(process: Process) -> None:
    with pytest.raises(ValueError, match="word"):
        process.ask("fail")


def test_a_process_that_ends_is_gone(process: Process) -> None:
    with pytest.raises(Gone):
        process.ask("die")
    process.stop()
    process.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_process_has_no_file_of_this_one_open(process: Process, tmp_path: Path) -> None:
    with open(tmp_path / "lock", "wb"):
        others = [Process(Teller, ("other",)) for _ in range(2)]
        try:
            for one in [process, *others]:
                assert len(one.ask("files")) <= 6  # the usual three, two pipes, the folder
        finally:
            for one in others:
                one.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_nothing_is_forked_beside_another_thread() -> None:
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    assert not processes._may_fork()
    end.set()
    thread.join()


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_a_large_process_is_not_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LARGE_BYTES", 10**12)
    assert processes._may_fork()
    before = processes._own_bytes()
    more = bytearray(os.urandom(16)) * (4 << 20)
    monkeypatch.setattr(processes, "LARGE_BYTES", before + len(more) // 2)
    assert not processes._may_fork()
    del more


def test_garbage_is_collected_as_before_afterwards() -> None:
    import gc

    usual = gc.get_threshold()
    with fewer_collections():
        raised = gc.get_threshold()
        with fewer_collections():
            assert gc.get_threshold() == raised > usual
        assert gc.get_threshold() == raised
    assert gc.get_threshold() == usual
