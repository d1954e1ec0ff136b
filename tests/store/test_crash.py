"""A sync that is stopped, or refused by the disk, at any touch of a file leaves a whole generation.

Three syncs are watched: a first build, a commit with additions, changes and removals, and one that
merges segments. Each is run again and again, with a fault at another of its file operations each
time. Writes are many and much alike: `SEARCHIDX_TRIALS` says at how many of each sync.
"""

from __future__ import annotations

import builtins
import errno
import io
import json
import os
import random
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import searchidx
from searchidx.cli.main import main
from searchidx.errors import IndexMissing
from tests.conftest import write_posts

TRIALS = int(os.environ.get("SEARCHIDX_TRIALS", "5"))
LOCK_FILES = {"MAIN_WRITELOCK", "MAIN_WRITELOCK.holder"}

Titles = frozenset[str]
NONE: Titles = frozenset()


@dataclass(frozen=True)
class Touch:
    """A file operation that is about to happen. `tear` does the first half of a write."""

    kind: str
    path: Path
    target: Path | None = None
    tear: Callable[[], None] = field(default=lambda: None, compare=False)


Told = Callable[[Touch], None]


class WatchedStream:
    """A file opened for writing."""

    def __init__(self, stream: Any, path: Path, told: Told) -> None:
        self._stream = stream
        self._path = path
        self._told = told

    def write(self, data: Any) -> Any:
        def tear() -> None:
            self._stream.write(data[: len(data) // 2])
            self._stream.flush()

        self._told(Touch("write", self._path, tear=tear))
        return self._stream.write(data)

    def flush(self) -> None:
        self._told(Touch("flush", self._path))
        self._stream.flush()

    def fileno(self) -> int:
        return int(self._stream.fileno())

    def __enter__(self) -> WatchedStream:
        return self

    def __exit__(self, *exc_info: object) -> None:
        try:
            self._told(Touch("close", self._path))
        finally:
            self._stream.close()


@contextmanager
def watched(folder: Path, told: Told) -> Iterator[None]:
    """Within the block, every operation that changes something in the folder is told first."""
    opened: dict[int, Path] = {}
    real_open, real_os_open, real_fsync = io.open, os.open, os.fsync

    def is_ours(path: object) -> bool:
        return isinstance(path, str | Path) and Path(path).is_relative_to(folder)

    def open_file(path: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        if not is_ours(path) or mode in ("r", "rb"):
            return real_open(path, mode, *args, **options)
        told(Touch("open", Path(path)))
        stream = real_open(path, mode, *args, **options)
        opened[stream.fileno()] = Path(path)
        return WatchedStream(stream, Path(path), told)

    def open_handle(path: Any, flags: int, *args: Any, **options: Any) -> int:
        if is_ours(path) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            told(Touch("open", Path(path)))
        handle = real_os_open(path, flags, *args, **options)
        opened[handle] = Path(path)
        return handle

    def fsync(handle: int) -> None:
        if is_ours(opened[handle]):
            told(Touch("fsync", opened[handle]))
        real_fsync(handle)

    def changing(name: str) -> Callable[..., None]:
        real = getattr(os, name)

        def call(path: Any, *args: Any, **options: Any) -> None:
            if is_ours(path):
                target = Path(args[0]) if name in ("replace", "rename") else None
                told(Touch(name, Path(path), target))
            real(path, *args, **options)

        return call

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(builtins, "open", open_file)
        patched.setattr(io, "open", open_file)
        patched.setattr(os, "open", open_handle)
        patched.setattr(os, "fsync", fsync)
        for name in ("replace", "rename", "unlink", "remove", "mkdir", "rmdir"):
            patched.setattr(os, name, changing(name))
        yield


@dataclass
class Scene:
    """An index folder as it is before a sync, and what its posts are called before and after."""

    root: Path
    folder: Path
    pristine: Path
    before: Titles
    after: Titles

    def restore(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.pristine.exists():
            shutil.copytree(self.pristine, self.folder)

    def sync(self) -> None:
        with searchidx.open(self.folder, create=True) as index:
            index.sync([self.root])

    def touches(self) -> list[Touch]:
        """What a sync does to the folder when nothing stands in its way."""
        found: list[Touch] = []
        self.restore()
        with watched(self.folder, found.append):
            self.sync()
        return found


def title(text: str) -> str:
    return f"---\ntitle: {text}\ndate: 2024-05-06\nquality: 7\n---\nSome words of {text}.\n"


def first_build(root: Path, folder: Path) -> None:
    write_posts(root, {f"{n}.md": title(f"Post {n}") for n in range(6)})


def commit(root: Path, folder: Path) -> None:
    write_posts(root, {f"{n}.md": title(f"Post {n}") for n in range(12)})
    with searchidx.open(folder, create=True) as index:
        index.sync([root])
    (root / "0.md").unlink()
    write_posts(root, {"1.md": title("Changed"), "new.md": title("New")})


def merging_commit(root: Path, folder: Path) -> None:
    with searchidx.open(folder, create=True) as index:
        for sizes in (range(12), range(12, 13)):
            write_posts(root, {f"{n}.md": title(f"Post {n}") for n in sizes})
            index.sync([root])
        assert index.stats().segments == 2
    (root / "3.md").unlink()
    write_posts(root, {f"new{n}.md": title(f"New {n}") for n in range(3)})


@pytest.fixture(params=[first_build, commit, merging_commit], ids=lambda made: made.__name__)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    root, folder, pristine = tmp_path / "posts", tmp_path / "index", tmp_path / "pristine"
    request.param(root, folder)
    if folder.exists():
        shutil.copytree(folder, pristine)
    before = titles_in(folder)
    with searchidx.open(folder, create=True) as index:
        index.sync([root])
        after = titles(index)
        assert index.stats().segments == (2 if request.param is commit else 1)
    return Scene(root, folder, pristine, before, after)


def titles(index: searchidx.Index) -> Titles:
    return frozenset(hit.text("title") for hit in index.search("*", limit=100))


def titles_in(folder: Path) -> Titles:
    try:
        with searchidx.open(folder) as index:
            return titles(index)
    except IndexMissing:
        return NONE


def newest(folder: Path) -> int:
    tables = [name for name in os.listdir(folder) if name.endswith(".toc")]
    return max((int(name.split("_")[2].split(".")[0]) for name in tables), default=0)


def needed(folder: Path) -> set[str]:
    """The files of the newest generation."""
    generation = newest(folder)
    manifest = json.loads((folder / f"_MAIN_{generation}.json").read_text(encoding="utf-8"))
    segments = {f"{segment['name']}.cols" for segment in manifest["segments"]}
    return segments | {f"_MAIN_{generation}.toc", f"_MAIN_{generation}.json"}


def faults_at(touches: Sequence[Touch]) -> list[int]:
    """The places of all touches, but of so many writes only, spread over all of them."""
    writes = [place for place, touch in enumerate(touches) if touch.kind == "write"]
    spread = {writes[n * (len(writes) - 1) // max(1, TRIALS - 1)] for n in range(TRIALS)}
    return [p for p, touch in enumerate(touches) if touch.kind != "write" or p in spread]


def place_of_commit(touches: Sequence[Touch]) -> int:
    """The place of the rename that makes the new generation the newest."""
    (place,) = (
        place
        for place, touch in enumerate(touches)
        if touch.kind == "replace" and str(touch.target).endswith(".toc")
    )
    return place


def assert_it_goes_on(scene: Scene, index: searchidx.Index) -> None:
    """The next commit ends where it should, and leaves nothing lying about."""
    later = scene.root / "later.md"
    later.write_text(title("Later"))
    index.sync([scene.root])
    later.unlink()
    assert titles(index) == scene.after | {"Later"}
    assert set(os.listdir(scene.folder)) - {"MAIN_WRITELOCK"} == needed(scene.folder)
    assert index.check([scene.root]).faults == ()


class FaultAt:
    """Does something at one of the touches; a write is half done by then."""

    def __init__(self, place: int, act: Callable[[], None]) -> None:
        self._left = place
        self._act = act

    def __call__(self, touch: Touch) -> None:
        self._left -= 1
        if self._left == -1:
            touch.tear()
            self._act()


def kill_this_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


NO_SPACE = "No space left on device"


def refuse() -> None:
    raise OSError(errno.ENOSPC, NO_SPACE)


def sync_killed_at(scene: Scene, place: int) -> None:
    child = os.fork()
    if child == 0:
        with suppress(BaseException), watched(scene.folder, FaultAt(place, kill_this_process)):
            scene.sync()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # fork beside threads of other tests
def test_killed_at_any_touch_of_a_file_leaves_a_whole_generation(scene: Scene) -> None:
    touches = scene.touches()
    committed = place_of_commit(touches)
    for place in faults_at(touches):
        scene.restore()
        sync_killed_at(scene, place)
        expected = scene.after if place > committed else scene.before
        assert titles_in(scene.folder) == expected, touches[place]
        if expected:
            with searchidx.open(scene.folder) as index:
                assert index.check([scene.root]).faults == ()
        with searchidx.open(scene.folder, create=True) as index:
            assert_it_goes_on(scene, index)


def test_a_full_disk_at_any_touch_of_a_file_leaves_a_whole_generation(scene: Scene) -> None:
    touches = scene.touches()
    committed = place_of_commit(touches)
    for place in faults_at(touches):
        scene.restore()
        with searchidx.open(scene.folder, create=True) as index:
            shown = index.generation
            failure: OSError | None = None
            try:
                with watched(scene.folder, FaultAt(place, refuse)):
                    report = index.sync([scene.root])
            except OSError as error:
                failure = error
            expected = scene.before if failure else scene.after
            assert titles_in(scene.folder) == expected, touches[place]
            if failure:
                assert place <= committed
                assert failure.errno == errno.ENOSPC
                assert index.generation == shown
                assert (titles(index) if shown else NONE) == scene.before
            else:
                is_fsync = touches[place].kind == "fsync"
                assert is_fsync or touches[place].kind in ("unlink", "mkdir")
                assert report.not_on_disk == (NO_SPACE if is_fsync else "")
                assert titles(index) == scene.after
            assert_it_goes_on(scene, index)


def fail() -> None:
    raise OSError(errno.EIO, "Input/output error")


def last_fsync(scene: Scene) -> int:
    """The place of the one that puts the commit on the disk."""
    touches = scene.touches()
    (place,) = (
        place
        for place, touch in enumerate(touches)
        if place > place_of_commit(touches) and touch.kind == "fsync"
    )
    return place


def test_a_commit_that_may_not_be_on_the_disk_stands_and_is_told_of(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = last_fsync(scene)
    scene.restore()
    monkeypatch.chdir(scene.root.parent)
    with watched(scene.folder, FaultAt(place, fail)):
        code = main(["index", str(scene.root), "--json"])
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert (code, report["not_on_disk"]) == (2, "Input/output error")
    assert "not safely on the disk: Input/output error; check the disk" in printed.err
    assert titles_in(scene.folder) == scene.after
    if scene.before:  # a power cut may bring it back, so it is left whole
        (scene.folder / f"_MAIN_{newest(scene.folder)}.toc").unlink()
        assert titles_in(scene.folder) == scene.before
        with searchidx.open(scene.folder) as index:
            assert index.check([scene.root]).faults == ()


def test_nothing_is_removed_before_the_commit_that_replaced_it_is_on_the_disk(
    scene: Scene,
) -> None:
    place = last_fsync(scene)
    scene.restore()
    order: list[Touch] = []
    with searchidx.open(scene.folder, create=True) as index:
        with watched(scene.folder, FaultAt(place, fail)):
            index.sync([scene.root])
        old = set(os.listdir(scene.folder)) - needed(scene.folder) - LOCK_FILES
        (scene.root / "later.md").write_text(title("Later"))
        with watched(scene.folder, order.append):
            index.sync([scene.root])
    assert old > {"MAIN_UNFINISHED"} if scene.before else old == {"MAIN_UNFINISHED"}
    places = range(len(order))
    removed = [n for n in places if order[n].kind == "unlink" and order[n].path.name in old]
    synced = [n for n in places if order[n].kind == "fsync" and order[n].path == scene.folder]
    assert {order[n].path.name for n in removed} == old
    assert synced[0] < removed[0]


# -- the power fails


class Journal:
    """What of a folder a power cut would leave, by what was synced.

    A file has the bytes of its last fsync. Names that were made, moved or removed since the folder
    was last synced are there or not, each for itself.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.synced: dict[int, bytes] = {}
        self.names: dict[str, int] = {}
        if folder.exists():
            for name in sorted(set(os.listdir(folder)) - LOCK_FILES):
                self.names[name] = self._new_file()
                self.synced[self.names[name]] = (folder / name).read_bytes()
        self.live = dict(self.names)
        self.loose: list[tuple[str, str, int]] = []
        self._files = len(self.names)

    def _new_file(self) -> int:
        self._files = getattr(self, "_files", 0) + 1
        return self._files

    def note(self, touch: Touch) -> None:
        """Take down what is about to happen."""
        name = touch.path.name
        match touch.kind:
            case "open" if name not in LOCK_FILES:
                self.live[name] = self._new_file()
                self.loose.append(("", name, self.live[name]))
            case "replace" if touch.target:
                self.live[touch.target.name] = self.live.pop(name)
                self.loose.append((name, touch.target.name, self.live[touch.target.name]))
            case "unlink" if name in self.live:
                self.loose.append((name, "", self.live.pop(name)))
            case "fsync" if touch.path == self._folder:
                self.names, self.loose = dict(self.live), []
            case "fsync":
                self.synced[self.live[name]] = touch.path.read_bytes()

    def lay_out(self, chance: random.Random) -> None:
        """Make the folder what could be found in it when the power comes back."""
        names = dict(self.names)
        for old, new, number in self.loose:
            if chance.random() < 0.5:
                names.pop(old, None)
                if new:
                    names[new] = number
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        for name, number in names.items():
            unsynced = bytes(chance.choice([0, 10, 5000]))
            (self._folder / name).write_bytes(self.synced.get(number, unsynced))


def test_a_power_cut_at_any_time_leaves_a_whole_generation(scene: Scene) -> None:
    touches = scene.touches()
    chance = random.Random(scene.folder.parent.name)
    committed = place_of_commit(touches)
    (durable,) = (
        place
        for place, touch in enumerate(touches)
        if place > committed and touch.kind == "fsync" and touch.path == scene.folder
    )
    stops = [place for place, touch in enumerate(touches) if touch.kind not in ("write", "flush")]
    outcomes = set()
    for stop in [*stops, len(touches)] * max(1, TRIALS // 8):
        scene.restore()
        journal = Journal(scene.folder)
        journal_until(scene, journal, stop)
        journal.lay_out(chance)
        found = titles_in(scene.folder)
        outcomes.add(found)
        if stop > durable:
            assert found == scene.after
        elif stop <= committed:
            assert found == scene.before
        assert found in (scene.before, scene.after)
        with searchidx.open(scene.folder, create=True) as index:
            if found:
                assert index.check([scene.root]).faults == ()
            index.sync([scene.root])
            assert titles(index) == scene.after
    assert outcomes == {scene.before, scene.after}


class Stopped(Exception):
    """The power went off."""


def journal_until(scene: Scene, journal: Journal, stop: int) -> None:
    """Take down the touches of a sync up to the one at `stop`."""
    left = stop

    def told(touch: Touch) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            journal.note(touch)

    with watched(scene.folder, told):
        scene.sync()


def test_what_a_generation_names_is_on_the_disk_before_it_and_the_folder_after_it(
    scene: Scene,
) -> None:
    scene.restore()
    synced: dict[Path, int] = {}
    order: list[Touch] = []
    at_commit: dict[Path, int] = {}

    def told(touch: Touch) -> None:
        order.append(touch)
        if touch.kind == "fsync" and touch.path != scene.folder:
            synced[touch.path] = touch.path.stat().st_size
        if touch.kind == "replace" and touch.target:
            synced[touch.target] = synced.pop(touch.path)
            if touch.target.suffix == ".toc":
                at_commit.update(synced)

    with watched(scene.folder, told):
        scene.sync()
    old = set(os.listdir(scene.pristine)) if scene.pristine.exists() else set()
    for name in needed(scene.folder) - old:
        path = scene.folder / name
        assert at_commit[path] == path.stat().st_size
    committed = place_of_commit(order)
    folder_syncs = [
        place
        for place, touch in enumerate(order)
        if touch.kind == "fsync" and touch.path == scene.folder
    ]
    renames = [place for place, touch in enumerate(order) if touch.kind == "replace"]
    assert renames[-2] < folder_syncs[-2] < committed < folder_syncs[-1]
    removals = [p for p, touch in enumerate(order) if touch.kind == "unlink" and p > committed]
    assert all(place > folder_syncs[-1] for place in removals)


def test_a_program_that_seeds_the_random_numbers_loses_no_segment(tmp_path: Path) -> None:
    root, folder = tmp_path / "posts", tmp_path / "index"
    write_posts(root, {f"{n}.md": title(f"Post {n}") for n in range(12)})
    with searchidx.open(folder, create=True) as index:
        for extra in range(4):
            write_posts(root, {f"extra{extra}.md": title(f"Extra {extra}")})
            random.seed(42)
            index.sync([root])
        assert len(titles(index)) == 16
        assert index.check([root]).faults == ()
