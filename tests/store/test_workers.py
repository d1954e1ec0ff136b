"""Reading in several processes: nothing is lost, nothing is told twice, no process stays behind."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from searchidx.errors import SearchIdxError
from searchidx.posts.model import Post, SourceFile
from searchidx.posts.problem import Problem
from searchidx.settings import DEFAULT_FIELDS
from searchidx.store import build, processes, workers
from searchidx.store.segments import open_segment
from searchidx.store.workers import Done, Outcome, make_segments


def post(number: int) -> Post:
    return Post(SourceFile(f"{number}.md", 1, 1), {"title": (f"Number {number}",)})


def read_all(number: int) -> Outcome:
    return Outcome(post(number), (Problem(f"{number}.md", 1, "odd", "mend it"),) * (number % 2))


def read_some(number: int) -> Outcome:
    return Outcome(None if number % 10 == 3 else post(number))


def die_at(fatal: int, number: int) -> Outcome:
    if number == fatal:
        os._exit(9)
    return read_all(number)


def fail_at(fatal: int, number: int) -> Outcome:
    if number == fatal:
        raise OSError(28, "No space left on device")
    return Outcome(post(number))


def each(read: Callable[[int], Outcome], numbers: Iterable[int]) -> Iterable[Outcome]:
    return map(read, numbers)


class Made:
    """What became of some items."""

    def __init__(self, folder: Path, read: Callable[[int], Outcome], count: int, jobs: int) -> None:
        self.answers: list[tuple[list[int], Done]] = list(
            make_segments(folder, DEFAULT_FIELDS, partial(each, read), range(count), jobs)
        )
        self.lost = [batch[place] for batch, done in self.answers for place in done.lost]
        self.problems = sorted(p.path for _, done in self.answers for p in done.problems)
        self.paths = sorted(
            path.decode()
            for _, done in self.answers
            for record in done.segments
            for path in open_segment(folder, record).rows("path").rows()  # type: ignore[union-attr]
        )


@pytest.fixture(params=["forked", "started"])
def start(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways in which a process comes to be."""
    if request.param == "started":
        monkeypatch.setattr(processes, "_may_fork", lambda: False)


def names(numbers: range | list[int]) -> list[str]:
    return sorted(f"{number}.md" for number in numbers)


@pytest.mark.usefixtures("start")
@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_every_item_is_read_once(tmp_path: Path, jobs: int) -> None:
    made = Made(tmp_path, read_all, 450, jobs)
    assert made.paths == names(range(450))
    assert made.problems == names(list(range(1, 450, 2)))
    assert sum(done.items for _, done in made.answers) == 450


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_gives_no_post_is_told(tmp_path: Path, jobs: int) -> None:
    made = Made(tmp_path, read_some, 200, jobs)
    assert sorted(made.lost) == list(range(3, 200, 10))
    assert len(made.paths) == 180


@pytest.mark.usefixtures("start")
def test_an_item_that_ends_the_process_is_given_up_and_the_others_are_read(tmp_path: Path) -> None:
    made = Made(tmp_path, partial(die_at, 333), 700, 2)
    assert made.lost == [333]
    assert made.paths == names([n for n in range(700) if n != 333])
    assert made.problems == names([n for n in range(1, 700, 2) if n != 333])
    assert [batch for batch, done in made.answers if done.is_given_up] == [[333]]


def die_once(mark: Path, fatal: int, number: int) -> Outcome:
    if number == fatal and not mark.exists():
        mark.touch()
        os._exit(9)
    return read_all(number)


@pytest.mark.usefixtures("start")
@pytest.mark.parametrize("fatal", [0, 100, 199, 200])
def test_a_process_that_ends_once_costs_no_item(tmp_path: Path, fatal: int) -> None:
    made = Made(tmp_path, partial(die_once, tmp_path / "mark", fatal), 201, 2)
    assert made.lost == []
    assert made.paths == names(range(201))
    assert made.problems == names(range(1, 201, 2))
    assert sum(done.items for _, done in made.answers) == 201


def test_a_process_that_ends_while_it_finishes_and_again_costs_no_item(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_first = (
        "import os, pathlib, searchidx.store.workers as w\n"
        f"mark = pathlib.Path({str(tmp_path / 'finished')!r})\n"
        "finish = w.SegmentMaker.hand_over\n"
        "def once(self):\n"
        "    if not mark.exists():\n"
        "        mark.touch(); os._exit(9)\n"
        "    return finish(self)\n"
        "w.SegmentMaker.hand_over = once\n"
    )
    monkeypatch.setattr(processes, "_may_fork", lambda: False)
    monkeypatch.setattr(processes, "_SCRIPT", end_first + processes._SCRIPT)
    read = partial(each, partial(die_after, tmp_path / "finished", tmp_path / "mark", 150))
    team = workers._Team(tmp_path, DEFAULT_FIELDS, read, 1)
    with team:
        answers = list(team.run(iter([list(range(100)), list(range(100, 200)), [200]])))
    made = sum(done.items for _, done in answers)
    kept = sum(len(done.builder) for _, done in answers if done.builder)
    assert (made, kept) == (201, 201)


def die_after(finished: Path, mark: Path, fatal: int, number: int) -> Outcome:
    return die_once(mark, fatal, number) if finished.exists() else read_all(number)


def test_processes_that_keep_ending_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_may_fork", lambda: False)
    monkeypatch.setattr(processes, "_SCRIPT", "raise SystemExit(1)")
    with pytest.raises(SearchIdxError, match="--jobs 1"):
        Made(tmp_path, read_all, 10, 2)


@pytest.mark.usefixtures("start")
@pytest.mark.parametrize("jobs", [1, 2])
def test_what_goes_wrong_in_a_process_is_raised_here(tmp_path: Path, jobs: int) -> None:
    with pytest.raises(OSError, match="No space left"):
        Made(tmp_path, partial(fail_at, 150), 300, jobs)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_batch_of_heavy_items_is_small(tmp_path: Path, jobs: int) -> None:
    heavy = {7, 8, 30}
    answers = make_segments(
        tmp_path,
        DEFAULT_FIELDS,
        partial(each, read_all),
        range(50),
        jobs,
        weigh=lambda number: workers.BATCH_BYTES if number in heavy else 1,
    )
    batches = sorted(batch for batch, _ in answers if batch)
    assert [number for batch in batches for number in batch] == list(range(50))
    assert heavy <= {batch[-1] for batch in batches}


def size_of(body: str) -> int:
    builder = build.SegmentBuilder(DEFAULT_FIELDS)
    builder.add(post(1)._replace(fields={"body": (body,)}))
    builder.finish()
    return builder.size_bytes()


def test_a_post_of_a_script_without_spaces_takes_what_its_words_take() -> None:
    letters = "".join(map(chr, range(0x4E00, 0x4E00 + 5_000)))
    spaced = " ".join(map("".join, pairwise(letters)))
    assert 1 / 3 < size_of(letters) / size_of(spaced) < 1.5
    assert 2 / 3 < size_of("漢字" * 10_000) / size_of("漢字 " * 10_000) < 1.5


def test_long_chunks_are_remembered_for_as_much_memory_as_short_ones() -> None:
    short, long = build.Analyses(), build.Analyses()
    for number in range(1_000):
        short.chunks[f"word{number}"]
        long.chunks["漢字" * 100 + f"{number}"]
    assert long.chunks.size_bytes() > 10 * short.chunks.size_bytes()
    assert not short.is_full()


@pytest.mark.usefixtures("start")
def test_no_process_stays_when_the_work_is_left(tmp_path: Path) -> None:
    answers = make_segments(tmp_path, DEFAULT_FIELDS, partial(each, read_all), range(100_000), 2)
    next(answers)
    answers.close()  # type: ignore[attr-defined]
    assert gone_within(5, os.getpid())


def gone_within(seconds: float, parent: int) -> bool:
    """Whether no worker process of the parent is there any more, after so many seconds at most."""
    end = time.monotonic() + seconds
    while workers_of(parent):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def workers_of(parent: int) -> list[int]:
    """The worker processes of a process, as far as /proc tells."""
    found = []
    own = Path(f"/proc/{parent}/cmdline").read_bytes()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "status").read_text()
            command = (folder / "cmdline").read_bytes()
            is_worker = command == own or b"searchidx.store.processes" in command
        except OSError:
            continue
        if is_worker and f"\nPPid:\t{parent}\n" in status:
            found.append(int(folder.name))
    return found


def test_what_processes_gathered_is_one_segment_if_it_is_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Made(tmp_path, read_all, 3_000, 3)
    assert [len(done.segments) for _, done in one.answers if done.segments] == [1]
    monkeypatch.setattr(workers, "LITTLE_BYTES", 0)
    many = Made(tmp_path, read_all, 3_000, 3)
    assert len([done for _, done in many.answers if done.segments]) > 1
    assert many.paths == one.paths == names(range(3_000))


def test_segments_are_written_when_memory_is_used_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "SEGMENT_BYTES", 20_000)
    monkeypatch.setattr(build, "BATCH", 30)
    made = Made(tmp_path, read_all, 300, 1)
    assert sum(len(done.segments) for _, done in made.answers) > 3
    assert made.paths == names(range(300))
