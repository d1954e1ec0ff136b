"""Merging in several processes: the same segment as in one, whatever ends or fails meanwhile."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

import searchidx
from searchidx.columnar.layout import ArrayFile
from searchidx.errors import IndexCorrupt
from searchidx.posts.model import Post, SourceFile
from searchidx.settings import DEFAULT_FIELDS
from searchidx.store import processes, writer
from searchidx.store.build import SegmentBuilder
from searchidx.store.manifest import SegmentRecord
from searchidx.store.merging import merge_segments
from searchidx.store.segments import new_name, new_segment_file, record_of
from searchidx.sync import Progress, Step
from tests.conftest import write_posts

WORDS = [f"word{number}" for number in range(60)]


def segments_in(folder: Path) -> list[SegmentRecord]:
    """Three segments, one with posts that are deleted."""
    chance = random.Random(7)
    records = []
    for first in (0, 40, 90):
        builder = SegmentBuilder(DEFAULT_FIELDS)
        for number in range(first, first + 30 + first // 3):
            title = " ".join(chance.choices(WORDS, k=6))
            fields = {"title": (title,), "topics": tuple(chance.sample(WORDS, 2))}
            builder.add(Post(SourceFile(f"{number}.md", number, 1), fields))
        name = new_name()
        with new_segment_file(folder, name) as stream:
            builder.write(stream)
        records.append(record_of(folder, name))
    return [*records[:2], records[2]._replace(deleted=(0, 3, 4))]


def merged(folder: Path, records: list[SegmentRecord], jobs: int) -> dict[str, list[object]]:
    """All arrays of the merged segment, which are as they were written."""
    path = folder / "merged"
    with open(path, "wb") as stream:
        merge_segments(folder, records, stream, jobs)
    file = ArrayFile.open(path)
    assert list(file.faults()) == []
    assert not list(folder.glob("*.part"))
    return {name: [str(file.array(name).dtype), *file.array(name).tolist()] for name in file}


@pytest.mark.parametrize("jobs", [2, 3, 50])
def test_several_processes_merge_as_one_does(tmp_path: Path, jobs: int) -> None:
    records = segments_in(tmp_path)
    assert merged(tmp_path, records, jobs) == merged(tmp_path, records, 1)


def in_every_process(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    """Have `answer`, the body of a function of (self, task), stand before the merging of a field;
    `done` has the fields that the process was asked for before."""
    script = (
        "import os, pathlib, searchidx.store.merging as m\n"
        "done, merge_field = [], m.FieldMaker.answer\n"
        f"def answer(self, task):\n{answer}\n"
        "    done.append(task.field)\n"
        "    return merge_field(self, task)\n"
        "m.FieldMaker.answer = answer\n"
    )
    monkeypatch.setattr(processes, "_may_fork", lambda: False)
    monkeypatch.setattr(processes, "_SCRIPT", script + processes._SCRIPT)


@pytest.mark.parametrize(
    "answer",
    [
        "    if not done: os._exit(9)",  # all of them at once
        "    if len(done) == 2: os._exit(9)",
        "    if len(done) == 2: open(task.file, 'wb').write(b'a part'); os._exit(9)",
    ],
)
def test_fields_whose_process_ends_are_merged_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    records = segments_in(tmp_path)
    in_every_process(monkeypatch, answer)
    assert merged(tmp_path, records, 2) == merged(tmp_path, records, 1)


def test_where_no_process_can_be_started_one_merges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*arguments: object, **options: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    records = segments_in(tmp_path)
    expected = merged(tmp_path, records, 1)
    monkeypatch.setattr(processes, "_may_fork", lambda: False)
    monkeypatch.setattr("subprocess.Popen", none)
    assert merged(tmp_path, records, 2) == expected


def test_damage_that_a_process_meets_is_told_here(tmp_path: Path) -> None:
    records = segments_in(tmp_path)
    path = tmp_path / records[1].file_name
    data = bytearray(path.read_bytes())
    at = data.index(b"word1word10")
    data[at] ^= 1
    path.write_bytes(data)
    with pytest.raises(IndexCorrupt, match=path.name):
        merged(tmp_path, records, 2)


# -- within a sync


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an index whose next sync merges in several processes."""
    chance = random.Random(3)
    posts = {
        f"{n}.md": f"---\ntitle: {' '.join(chance.choices(WORDS, k=5))}\n---\n" for n in range(40)
    }
    write_posts(tmp_path / "posts", posts)
    with searchidx.open(tmp_path / "index", create=True) as index:
        index.sync([tmp_path / "posts"])
    write_posts(
        tmp_path / "posts", {f"new{n}.md": "---\ntitle: word1 new\n---\n" for n in range(40)}
    )
    monkeypatch.setattr(writer, "FEWEST_BYTES", 0)
    return tmp_path


def titled(text: str) -> str:
    return f"---\ntitle: {text}\n---\n"


def generation_in(folder: Path) -> int:
    with searchidx.open(folder / "index") as index:
        assert index.check().faults == ()
        assert not list((folder / "index").glob("*.part"))
        return index.stats().generation


def test_a_sync_merges_in_several_processes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = folder / "was merged in a process"
    in_every_process(monkeypatch, f"    pathlib.Path({str(mark)!r}).touch()")
    with searchidx.open(folder / "index") as index:
        index.sync(jobs=2)
        assert mark.exists()
        assert index.search("new").total == 40
        assert index.stats().segments == 1
    assert generation_in(folder) == 2


def test_a_full_disk_in_a_process_leaves_the_generation_before(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = "    if task.field == 'any': raise OSError(28, 'No space left on device')"
    in_every_process(monkeypatch, full)
    with searchidx.open(folder / "index") as index, pytest.raises(OSError, match="No space left"):
        index.sync(jobs=2)
    assert generation_in(folder) == 1


def test_an_interrupted_merge_leaves_the_generation_before(folder: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.step is Step.MERGING:
            raise KeyboardInterrupt

    with searchidx.open(folder / "index") as index, pytest.raises(KeyboardInterrupt):
        index.sync(jobs=2, progress=interrupt)
    assert generation_in(folder) == 1
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    assert not children.exists() or not children.read_text().split()
