"""A build that was stopped goes on where it was: what was written is used, the rest is read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

import searchidx
from searchidx.store import processes, workers
from searchidx.store.unfinished import JOURNAL
from searchidx.sync import Progress, Step, SyncReport
from tests.conftest import write_posts
from tests.store.test_crash import FaultAt, Scene, Touch, kill_this_process, titles, watched

TRIALS = int(os.environ.get("SEARCHIDX_TRIALS", "1"))
"""With 3 or more, a build is killed at every touch of a file; with 1, at every third."""

POSTS = 60


def post(number: int, title: str = "Number") -> str:
    bad = "quality: much\n" if number % 3 == 0 else ""
    return f"---\ntitle: {title} {number}\n{bad}---\nThe text of number {number}.\n"


@pytest.fixture(autouse=True)
def _checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """A segment is written for every batch of ten posts."""
    monkeypatch.setattr(workers, "CHECKPOINT_S", -1.0)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    posts = {f"{number:02}.md": post(number) for number in range(POSTS)}
    folder = write_posts(tmp_path / "posts", posts)
    for path in folder.iterdir():
        os.utime(path, (1_500_000_000, 1_500_000_000))
    return folder


def stopped_after(count: int, root: Path, stop: type[BaseException] = KeyboardInterrupt) -> None:
    """A sync of `root` that is stopped when so many posts were read."""

    def look(progress: Progress) -> None:
        if progress.done >= count:
            raise stop

    with searchidx.open(root.parent / "index", create=True) as index, pytest.raises(stop):
        index.sync([root], progress=look)


def synced(root: Path, **options: bool) -> SyncReport:
    """A sync; the index agrees with one that was built in one go, and nothing lies about."""
    folder = root.parent / "index"
    with searchidx.open(folder, create=True) as index:
        report = index.sync([root], **options)  # type: ignore[arg-type]
        with searchidx.open(root.parent / "other" / "index", create=True) as other:
            other.sync([root])
            assert titles(index) == titles(other)
            assert {(p.line, p.what) for p in index.problems()} == {
                (p.line, p.what) for p in other.problems()
            }
        assert [Path(p.path).name for p in report.problems] == [
            f"{number:02}.md"
            for number in range(0, POSTS, 3)
            if (root / f"{number:02}.md").exists()
        ]
        assert index.check([root]).is_current
        assert index.check([root]).faults == ()
    shutil.rmtree(root.parent / "other")
    assert JOURNAL not in os.listdir(folder)
    return report


def test_what_was_written_is_not_read_again(root: Path) -> None:
    stopped_after(48, root)
    report = synced(root)
    assert (len(report.added), report.resumed) == (POSTS, 50)
    assert synced(root).unchanged == POSTS


def test_a_build_may_be_stopped_twice(root: Path) -> None:
    stopped_after(20, root)
    stopped_after(40, root)
    assert synced(root).resumed == 40


def test_files_that_are_others_now_are_read_again(root: Path) -> None:
    stopped_after(50, root)
    (root / "03.md").write_text(post(3, "Changed"))
    (root / "04.md").unlink()
    (root / "05.md").rename(root / "new.md")
    report = synced(root)
    assert report.resumed == 47
    assert len(report.added) == POSTS - 1


def test_a_sync_of_changes_goes_on_too(root: Path) -> None:
    first = sorted(root.iterdir())
    kept = root.parent / "kept"
    kept.mkdir()
    for path in first[30:]:
        path.rename(kept / path.name)
    with searchidx.open(root.parent / "index", create=True) as index:
        index.sync([root])
    for path in kept.iterdir():
        path.rename(root / path.name)
    (root / "00.md").write_text(post(0, "Changed"))
    os.utime(root / "00.md", (1_600_000_000, 1_600_000_000))
    stopped_after(20, root)
    report = synced(root)
    assert (report.changed, len(report.added), report.resumed) == (("posts/00.md",), 30, 20)


def test_what_was_read_by_other_rules_is_not_used(root: Path) -> None:
    stopped_after(50, root)
    settings = root.parent / "searchidx.toml"
    settings.write_text('[fields.title]\nlanguage = "none"\n')
    folder = root.parent / "index"
    loaded = searchidx.load_settings(settings)
    with searchidx.open(folder, settings=loaded, create=True) as index:
        assert index.sync([root]).resumed == 0
        assert len(index) == POSTS
    assert JOURNAL not in os.listdir(folder)


def test_full_reads_everything(root: Path) -> None:
    stopped_after(50, root)
    assert synced(root, full=True).resumed == 0


def test_what_is_damaged_is_read_again(root: Path) -> None:
    stopped_after(50, root)
    segments = sorted((root.parent / "index").glob("*.cols"))
    data = bytearray(segments[0].read_bytes())
    data[100] ^= 1
    segments[0].write_bytes(data)
    segments[1].write_bytes(segments[1].read_bytes()[:-10])
    segments[2].unlink()
    assert synced(root).resumed == 20


@pytest.mark.parametrize("damage", ["cut", "flipped", "strange", "empty"])
def test_a_journal_is_used_up_to_where_it_is_damaged(root: Path, damage: str) -> None:
    stopped_after(50, root)
    path = root.parent / "index" / JOURNAL
    lines = path.read_bytes().splitlines(keepends=True)
    assert len(lines) == 6
    if damage == "cut":
        lines[5] = lines[5][:20]
    elif damage == "flipped":
        lines[3] = lines[3].replace(b'"documents": 10', b'"documents": 11')
    elif damage == "strange":
        lines = [b"\xff\x00 what is this\n"]
    else:
        lines = []
    path.write_bytes(b"".join(lines))
    expected = {"cut": 40, "flipped": 20, "strange": 0, "empty": 0}
    assert synced(root).resumed == expected[damage]


def test_an_error_leaves_nothing_behind(root: Path) -> None:
    stopped_after(50, root, OSError)
    left = set(os.listdir(root.parent / "index"))
    assert left <= {"MAIN_WRITELOCK"}
    assert synced(root).resumed == 0


def test_what_nobody_needs_any_more_is_removed(root: Path) -> None:
    with searchidx.open(root.parent / "index", create=True) as index:
        index.sync([root])
    write_posts(root, {f"more{number}.md": post(1) for number in range(30)})
    stopped_after(20, root)
    assert JOURNAL in os.listdir(root.parent / "index")
    for path in root.glob("more*"):
        path.unlink()
    assert synced(root).unchanged == POSTS


def test_processes_leave_what_they_wrote(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "FEWEST_ITEMS", 1)
    monkeypatch.setattr(workers, "BATCH", 5)
    eager = "import searchidx.store.workers as w\nw.CHECKPOINT_S = -1.0\n"
    monkeypatch.setattr(processes, "_may_fork", lambda: False)
    monkeypatch.setattr(processes, "_SCRIPT", eager + processes._SCRIPT)
    stopped_after(40, root)
    assert 40 <= synced(root).resumed < POSTS


def test_ctrl_c_keeps_what_was_written(root: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from searchidx.store import workers\n"
        "from searchidx.cli import commands\n"
        "workers.CHECKPOINT_S = -1.0\n"
        "class Bar(commands.ProgressBar):\n"
        "    def __call__(self, progress):\n"
        "        if progress.done >= 30: os.kill(os.getpid(), signal.SIGINT)\n"
        "commands.ProgressBar = Bar\n"
        "from searchidx.cli.main import main\n"
        "sys.exit(main(['index', 'posts']))\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=root.parent, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "searchidx: interrupted\n")
    assert synced(root).resumed == 30


# -- at any moment


@pytest.fixture
def scene(root: Path) -> Scene:
    for number in range(30, POSTS):
        (root / f"{number:02}.md").unlink()
    folder = root.parent / "index"
    after = frozenset(f"Number {number}" for number in range(30))
    return Scene(root, folder, root.parent / "pristine", frozenset(), after)


def steps(touches: list[Touch]) -> list[int]:
    """The places of all touches but the writes into segments, of which there are many alike."""
    return [
        place
        for place, touch in enumerate(touches)
        if touch.kind != "write" or touch.path.suffix != ".cols"
    ]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # fork beside threads of other tests
def test_killed_at_any_touch_of_a_file_a_build_goes_on(scene: Scene) -> None:
    touches = scene.touches()
    resumed = set()
    for place in steps(touches)[:: max(1, 4 - TRIALS)]:
        scene.restore()
        child = os.fork()
        if child == 0:
            with suppress(BaseException), watched(scene.folder, FaultAt(place, kill_this_process)):
                scene.sync()
            os._exit(0)
        os.waitpid(child, 0)
        with searchidx.open(scene.folder, create=True) as index:
            report = index.sync([scene.root])
            assert titles(index) == scene.after, touches[place]
            assert index.check([scene.root]).faults == ()
            assert {Path(p.path).name for p in report.problems} == {
                f"{number:02}.md" for number in range(0, 30, 3)
            }
        assert JOURNAL not in os.listdir(scene.folder)
        resumed.add(report.resumed)
    assert resumed == {0, 10, 20, 30}


def test_the_end_of_a_build_is_told(root: Path) -> None:
    told: list[Progress] = []
    with searchidx.open(root.parent / "index", create=True) as index:
        index.sync([root], progress=told.append)
    assert [told[0].done, told[0].total] == [0, POSTS]
    merging = [progress for progress in told if progress.step is Step.MERGING]
    assert [p.step for p in told] == sorted((p.step for p in told), key=list(Step).index)
    assert [p.done for p in merging] == sorted(p.done for p in merging)
    assert len(merging) > 10
    assert 0 < merging[-1].done <= merging[-1].total
    assert any(progress.step is Step.WRITING for progress in told)
