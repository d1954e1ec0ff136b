"""Syncing: the index agrees with the files, in one commit or none, whatever happens in between."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import searchidx
from searchidx.errors import IndexCorrupt, IndexLocked, IndexMissing, PostError, QueryError
from searchidx.posts import changes
from searchidx.posts.model import SourceFile
from searchidx.posts.scan import read_file
from searchidx.settings import FieldKind, FieldSpec, Settings
from searchidx.store.manifest import read_manifest
from searchidx.store.seen import SEEN, WORTH_NOTING
from searchidx.store.writer import Writer
from searchidx.sync import Progress, Step
from tests.conftest import MakeIndex, write_posts

POSTS = {
    "a.md": "---\ntitle: Alpha\n---\n",
    "b.md": "---\ntitle: Beta\n---\n",
    "deep/c.txt": "---\ntitle: Gamma\n---\n",
}


def titles(index: searchidx.Index) -> set[str]:
    return {hit.text("title") for hit in index.search("*", limit=100)}


def files(folder: Path) -> dict[str, tuple[int, int]]:
    return {e.name: (e.stat().st_mtime_ns, e.stat().st_size) for e in os.scandir(folder)}


def test_new_changed_renamed_and_removed_files(make_index: MakeIndex, tmp_path: Path) -> None:
    index, root = make_index(POSTS), tmp_path / "posts"
    assert titles(index) == {"Alpha", "Beta", "Gamma"}
    (root / "a.md").write_text("---\ntitle: Alpha two\n---\n")
    (root / "b.md").rename(root / "deep" / "renamed.md")
    (root / "deep" / "c.txt").unlink()
    (root / "d.md").write_text("---\ntitle: Delta\n---\n")
    report = index.sync([root])
    assert report.added == ("posts/d.md",)
    assert report.changed == ("posts/a.md",)
    assert report.renamed == (("posts/b.md", "posts/deep/renamed.md"),)
    assert report.removed == ("posts/deep/c.txt",)
    assert (report.unchanged, report.posts, report.generation) == (0, 3, 2)
    assert titles(index) == {"Alpha two", "Beta", "Delta"}
    assert index.search("path:renamed").total == 1
    assert len(index) == 3


def test_every_file_is_accounted_for(make_index: MakeIndex, tmp_path: Path) -> None:
    others = {"page.html": "<p>", "deep/.hidden.md": "# H", "deep/picture.png": "x"}
    index = make_index({**POSTS, **others})
    report = index.sync([tmp_path / "posts"])
    assert (report.posts, report.passed_over) == (3, 3)


def test_a_sync_with_nothing_to_do_writes_nothing(make_index: MakeIndex, tmp_path: Path) -> None:
    index = make_index(POSTS)
    before = files(tmp_path / "index")
    report = index.sync([tmp_path / "posts"])
    assert (report.read, report.unchanged, report.generation) == (0, 3, 1)
    assert files(tmp_path / "index") == before


def test_a_touched_file_with_the_same_content_is_unchanged(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    index = make_index(POSTS)
    os.utime(tmp_path / "posts" / "a.md", ns=(1, 10**18))
    assert index.sync([tmp_path / "posts"]).unchanged == 3


def test_a_change_that_keeps_size_and_is_as_old_as_the_index_is_seen(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    index, post = make_index(POSTS), tmp_path / "posts" / "a.md"
    stat = post.stat()
    post.write_text("---\ntitle: Omega\n---\n")
    os.utime(post, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert index.sync([tmp_path / "posts"]).changed == ("posts/a.md",)


def test_a_dry_run_says_what_would_be_done(make_index: MakeIndex, tmp_path: Path) -> None:
    index = make_index(POSTS)
    before = files(tmp_path / "index")
    (tmp_path / "posts" / "a.md").unlink()
    report = index.sync([tmp_path / "posts"], dry_run=True)
    assert (report.removed, report.is_dry_run) == (("posts/a.md",), True)
    assert files(tmp_path / "index") == before
    assert len(index) == 3


def test_a_full_sync_reads_everything_again(make_index: MakeIndex, tmp_path: Path) -> None:
    report = make_index(POSTS).sync([tmp_path / "posts"], full=True)
    assert (len(report.changed), report.unchanged, report.reason) == (3, 0, "asked for")


def test_other_fields_rebuild_the_index(make_index: MakeIndex, tmp_path: Path) -> None:
    make_index(POSTS).close()
    author = FieldSpec("author", FieldKind.KEYWORD, ("author",))
    changed = Settings(base=tmp_path, fields=(*Settings(base=tmp_path).fields, author))
    with searchidx.open(tmp_path / "index", settings=changed) as index:
        report = index.sync([tmp_path / "posts"])
        assert report.reason
        assert index.search("missing:author").total == 3
    with searchidx.open(tmp_path / "index") as index:
        assert index.sync().reason == ""
        assert index.search("missing:author").total == 3


@pytest.mark.parametrize(
    ("language", "reason"),
    [("en", ""), ("none", ""), ("de", "the fields or the way text is analysed changed")],
)
def test_another_snowball_rebuilds_the_indexes_that_it_stems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, reason: str
) -> None:
    write_posts(tmp_path / "posts", POSTS)
    fields = tuple(replace(spec, language=language) for spec in Settings(base=tmp_path).fields)
    own = Settings(base=tmp_path, fields=fields)
    with searchidx.open(tmp_path / "index", create=True, settings=own) as index:
        index.sync([tmp_path / "posts"])
        monkeypatch.setattr("importlib.metadata.version", lambda name: "99.0")
        assert index.sync().reason == reason


def test_metadata_that_is_ignored_is_not_in_the_index(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    text = (
        "---\ntitle: Alpha\nwebUrl: https://a.org\nsecured: abc\nimages:\n- url: pic\nx: y\n---\n"
    )
    index = make_index({"a.md": text, "b.md": text.replace("\n- url: pic", " [{url: pic}]")})
    assert index.search("meta.secured:abc").total == 2
    index.close()
    settings = Settings(base=tmp_path, ignore_metadata=("secured", "IMAGES", "*url"))
    with searchidx.open(tmp_path / "index", settings=settings) as index:
        report = index.sync([tmp_path / "posts"])
        assert (report.reason, len(report.changed)) == ("other metadata is ignored", 2)
        assert report.problems == ()
        assert index.stats().meta_keys == (("x", 2),)
        assert index.search("has:meta.x").total == index.search("url:a.org").total == 2
        for query in ("meta.secured:abc", "has:meta.images.url", "meta.weburl:a"):
            with pytest.raises(QueryError):
                index.search(query)
        assert index.sync([tmp_path / "posts"]).reason == ""
    with searchidx.open(tmp_path / "index") as index:  # the settings are those of the index
        (tmp_path / "posts" / "a.md").write_text(text.replace("abc", "abcd"))
        assert (report := index.sync()).reason == ""
        assert report.changed == ("posts/a.md",)
        assert index.stats().meta_keys == (("x", 2),)
    with searchidx.open(tmp_path / "index", settings=Settings(base=tmp_path)) as index:
        assert index.sync([tmp_path / "posts"]).reason == "other metadata is ignored"
        assert index.search("meta.secured:abc").total == 1


def test_roots_are_remembered_and_may_move_with_the_index(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    make_index(POSTS).close()
    moved = tmp_path / "moved"
    moved.mkdir()
    (tmp_path / "posts").rename(moved / "posts")
    (tmp_path / "index").rename(moved / "index")
    with searchidx.open(moved / "index") as index:
        assert index.sync().unchanged == 3


def test_the_same_file_through_two_roots_is_one_post(make_index: MakeIndex, tmp_path: Path) -> None:
    index, root = make_index(POSTS), tmp_path / "posts"
    assert index.sync([root, root / "deep"]).posts == 3


def test_posts_below_a_folder_that_cannot_be_read_are_kept(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    index, root = make_index(POSTS), tmp_path / "posts"
    other = write_posts(tmp_path / "other", {"x.md": "Other"})
    index.sync([root, other])
    other.rename(tmp_path / "gone")
    report = index.sync([root, other])
    assert report.removed == ()
    assert report.lost_text
    assert len(index) == 4


def test_no_root_at_all_is_an_error_and_changes_nothing(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    index = make_index(POSTS)
    with pytest.raises(PostError, match="no such folder"):
        index.sync([tmp_path / "nowhere"])
    assert len(index) == 3


def test_problems_are_told_again_while_they_last(make_index: MakeIndex, tmp_path: Path) -> None:
    index = make_index({**POSTS, "bad.md": "---\ntitle: [unclosed\ntopics: AI\n---\nText\n"})
    first = index.sync([tmp_path / "posts"])
    assert [problem.path for problem in first.problems] == ["posts/bad.md"]
    assert first.problems == index.problems()
    assert index.search("has:problems topics:ai").total == 1
    (tmp_path / "posts" / "bad.md").write_text("---\ntitle: Mended\n---\n")
    assert index.sync([tmp_path / "posts"]).problems == ()
    assert index.search("has:problems").total == 0


def test_an_index_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="no index here"):
        searchidx.open(tmp_path / "index")
    with searchidx.open(tmp_path / "index", create=True) as index:
        assert len(index) == 0
        with pytest.raises(IndexMissing):
            index.search("x")
    assert not (tmp_path / "index").exists()


def test_one_writer_at_a_time(make_index: MakeIndex, tmp_path: Path) -> None:
    index = make_index(POSTS)
    (tmp_path / "posts" / "a.md").unlink()
    holder = (
        "import sys\nfrom pathlib import Path\nfrom searchidx.store.writer import Writer\n"
        "with Writer(Path(sys.argv[1]), (), wait_s=1, clear=False):\n"
        "    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", holder, str(tmp_path / "index")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(IndexLocked) as raised:
            index.sync([tmp_path / "posts"], wait_s=0.1)
        assert raised.value.pid == process.pid
        assert str(process.pid) in str(raised.value)
        assert len(index) == 3
        process.kill()
    assert index.sync([tmp_path / "posts"]).removed == ("posts/a.md",)


def test_a_writer_that_is_left_without_a_commit_changes_nothing(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    index = make_index(POSTS)
    with Writer(tmp_path / "index", index.fields, wait_s=1, clear=False) as writer:
        assert index._snapshot is not None
        writer.delete(index._snapshot.places_of(["posts/a.md"]))
    assert not index.refresh()
    assert titles(index) == {"Alpha", "Beta", "Gamma"}
    assert [name for name in files(tmp_path / "index") if name.endswith(".tmp")] == []


@pytest.mark.parametrize("posts_read", [1, 40, 79])
def test_killed_halfway_leaves_the_old_index(
    make_index: MakeIndex, tmp_path: Path, posts_read: int
) -> None:
    make_index(POSTS).close()
    many = {f"{number}.md": f"---\ntitle: Number {number}\n---\n" for number in range(80)}
    write_posts(tmp_path / "posts", many)
    script = (
        "import os, signal, sys, searchidx\n"
        "def stop(progress):\n"
        "    if progress.done >= int(sys.argv[3]): os.kill(os.getpid(), signal.SIGKILL)\n"
        "with searchidx.open(sys.argv[1]) as index: index.sync([sys.argv[2]], progress=stop)\n"
    )
    arguments = [str(tmp_path / "index"), str(tmp_path / "posts"), str(posts_read)]
    done = subprocess.run([sys.executable, "-c", script, *arguments], check=False)
    assert done.returncode == -signal.SIGKILL
    with searchidx.open(tmp_path / "index") as index:
        assert titles(index) == {"Alpha", "Beta", "Gamma"}
        assert index.check().faults == ()
        report = index.sync([tmp_path / "posts"])
        assert (len(report.added), report.unchanged) == (80, 3)
        assert index.check().is_current
    leftovers = [name for name in files(tmp_path / "index") if name.endswith(".tmp")]
    assert leftovers == []


def stop_at(event: int, folder: Path, root: Path) -> bool:
    """Sync in a child that is killed at so many file operations in the index; False if it ends."""
    child = os.fork()
    if child == 0:
        seen = 0

        def watch(name: str, details: tuple[object, ...]) -> None:
            nonlocal seen
            touches = any(str(detail).startswith(str(folder)) for detail in details[:2])
            if touches and name in ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir"):
                seen += 1
                if seen == event:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)
        with searchidx.open(folder) as index:
            index.sync([root])
        os._exit(0)
    return os.waitpid(child, 0)[1] != 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # fork beside threads of other tests
def test_killed_at_any_file_operation_leaves_a_whole_generation(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    make_index(POSTS).close()
    pristine, folder, root = tmp_path / "pristine", tmp_path / "index", tmp_path / "posts"
    shutil.copytree(folder, pristine)
    (root / "a.md").unlink()
    write_posts(root, {"b.md": "---\ntitle: Beta two\n---\n", "new.md": "---\ntitle: New\n---\n"})
    before, after = {"Alpha", "Beta", "Gamma"}, {"Beta two", "Gamma", "New"}
    outcomes = set()
    for event in range(1, 200):
        shutil.rmtree(folder)
        shutil.copytree(pristine, folder)
        was_killed = stop_at(event, folder, root)
        with searchidx.open(folder) as index:
            found = titles(index)
            assert found in (before, after)
            outcomes.add(found == after)
            assert index.check([root]).faults == ()
            index.sync([root])
            assert titles(index) == after
            index.sync([root], full=True)
            leftovers = [name for name in files(folder) if name.endswith(".tmp") or ".toc." in name]
            assert leftovers == []
        if not was_killed:
            break
    assert not was_killed
    assert event > 20
    assert outcomes == {False, True}


def test_a_lock_is_let_go_even_when_clearing_up_fails(
    make_index: MakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = make_index(POSTS)
    (tmp_path / "posts" / "a.md").unlink()

    def full_disk(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("searchidx.store.writer.write_manifest", full_disk)
        patched.setattr("pathlib.Path.replace", full_disk)
        with pytest.raises(OSError, match="No space left"):
            index.sync([tmp_path / "posts"])
    assert index.sync([tmp_path / "posts"]).removed == ("posts/a.md",)


def test_a_file_that_cannot_be_read_causes_no_commit(make_index: MakeIndex, tmp_path: Path) -> None:
    small = Settings(base=tmp_path, max_file_bytes=100)
    make_index(POSTS).close()
    write_posts(tmp_path / "posts", {"large.md": "x" * 101})
    with searchidx.open(tmp_path / "index", settings=small) as index:
        reports = [index.sync([tmp_path / "posts"]) for _ in range(3)]
        assert [report.generation for report in reports] == [2, 2, 2]  # the limit is new
        assert [len(report.problems) for report in reports] == [1, 1, 1]
        assert all(report.lost_text for report in reports)
        (tmp_path / "posts" / "a.md").write_text("---\ntitle: Alpha\n---\n" + "y" * 101)
        assert index.sync([tmp_path / "posts"]).unchanged == 3
        assert "Alpha" in titles(index)


def test_other_patterns_are_remembered_even_if_no_file_changes(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    make_index(POSTS).close()
    settings = Settings(base=tmp_path, exclude=("drafts/*",))
    with searchidx.open(tmp_path / "index", settings=settings) as index:
        index.sync([tmp_path / "posts"])
    write_posts(tmp_path / "posts", {"drafts/x.md": "# Draft"})
    with searchidx.open(tmp_path / "index") as index:
        assert index.sync().added == ()


def test_a_rebuild_does_not_forget_posts_it_cannot_see(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    index, root = make_index(POSTS), tmp_path / "posts"
    other = write_posts(tmp_path / "other", {"x.md": "Other"})
    index.sync([root, other])
    index.close()
    other.rename(tmp_path / "gone")
    author = FieldSpec("author", FieldKind.KEYWORD, ("author",))
    changed = Settings(base=tmp_path, fields=(*Settings(base=tmp_path).fields, author))
    with searchidx.open(tmp_path / "index", settings=changed) as again:
        with pytest.raises(PostError, match="cannot be read"):
            again.sync([root, other])
        assert len(again) == 4
        assert again.sync([root, other], full=True).posts == 3


def test_counts_and_keys_are_those_of_posts_that_are_there(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    index = make_index({**POSTS, "only.md": "---\ntitle: Only\nrare: yes\n---\n"})
    assert index.search("has:meta.rare").total == 1
    (tmp_path / "posts" / "only.md").unlink()
    index.sync([tmp_path / "posts"])
    stats = index.stats()
    assert {row.spec.name: row.posts for row in stats.fields}["title"] == 3
    assert stats.meta_keys == ()
    with pytest.raises(QueryError, match="no post has the metadata key"):
        index.search("meta.rare:yes")


def test_a_sync_with_nothing_to_do_still_sees_the_commits_of_others(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    one, root = make_index(POSTS), tmp_path / "posts"
    with searchidx.open(tmp_path / "index") as other:
        write_posts(root, {"short-lived.md": "# Short-lived"})
        other.sync([root])
    (root / "short-lived.md").unlink()
    assert one.sync([root]).removed == ("posts/short-lived.md",)
    assert len(one) == 3


def test_searching_while_another_thread_syncs(make_index: MakeIndex, tmp_path: Path) -> None:
    index, root = make_index(POSTS), tmp_path / "posts"
    failures: list[object] = []
    is_over = threading.Event()

    def search() -> None:
        try:
            while not is_over.is_set():
                found = titles(index)
                if not {"Alpha", "Beta", "Gamma"} <= found:
                    failures.append(found)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(4):
        write_posts(root, {"moving.md": f"# Number {number}"})
        index.sync([root])
    is_over.set()
    for thread in threads:
        thread.join()
    assert failures == []


def test_files_that_swap_names_are_seen_whatever_their_times(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    root = write_posts(tmp_path / "posts", {"a.md": "# One", "b.md": "# Two"})
    for name in ("a.md", "b.md"):
        os.utime(root / name, ns=(10**18, 10**18))
    index = make_index({})
    (root / "a.md").rename(root / "c.md")
    (root / "b.md").rename(root / "a.md")
    (root / "c.md").rename(root / "b.md")
    assert index.sync([root]).changed == ("posts/a.md", "posts/b.md")
    found = {hit.path: hit.text("title") for hit in index.search("*")}
    assert found == {"posts/a.md": "Two", "posts/b.md": "One"}


def test_times_that_fit_no_clock_end_nothing(make_index: MakeIndex, tmp_path: Path) -> None:
    root = write_posts(tmp_path / "posts", {"a.md": "# One"})
    os.utime(root / "a.md", (13_569_465_600, 13_569_465_600))  # the year 2400
    index = make_index({"b.md": "# Two"})
    assert titles(index) == {"One", "Two"}
    assert index.sync([root]).unchanged == 2


def test_an_index_of_no_posts_is_whole_and_finds_nothing(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    (tmp_path / "posts").mkdir()
    index = make_index({})
    for text in ("*", "word", "wor*", "quality:>1", "-word", '"a b"'):
        assert index.search(text).total == 0
    assert index.search("*", sort="date", facets=("topics", "quality", "published")).total == 0
    assert list(index.terms("title")) == []
    assert index.stats().posts == 0
    assert index.check([tmp_path / "posts"]).faults == ()
    assert index.sync([tmp_path / "posts"]).generation == 1


def test_what_belongs_to_others_is_never_touched(tmp_path: Path) -> None:
    root = write_posts(tmp_path / "posts", {"a.md": "# One"})
    write_posts(tmp_path / "index", {"draft.tmp": "mine", "keep.tmp/x": "mine"})
    foreign = searchidx.open(tmp_path / "index", create=True)
    with foreign, pytest.raises(searchidx.IndexError_, match="not empty and no index"):
        foreign.sync([root])
    assert (tmp_path / "index" / "draft.tmp").read_text() == "mine"
    assert (tmp_path / "index" / "keep.tmp" / "x").read_text() == "mine"
    shutil.rmtree(tmp_path / "index")
    write_posts(tmp_path / "index", {".gitignore": "*"})
    with searchidx.open(tmp_path / "index", create=True) as index:
        index.sync([root])
        write_posts(tmp_path / "index", {"note.tmp": "mine"})
        index.sync([root], full=True)
    assert (tmp_path / "index" / "note.tmp").exists()


def test_threads_that_sync_one_index_take_turns(make_index: MakeIndex, tmp_path: Path) -> None:
    index, root = make_index(POSTS), tmp_path / "posts"
    failures: list[object] = []

    def work(own: int) -> None:
        try:
            for number in range(5):
                write_posts(root, {f"own{own}.md": f"# Number {number} of {own}"})
                index.sync([root])
                len(index)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(own,)) for own in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(index) == 6


def test_readers_see_the_old_generation_until_they_refresh(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    writer = make_index(POSTS)
    with searchidx.open(tmp_path / "index") as reader:
        (tmp_path / "posts" / "a.md").unlink()
        writer.sync([tmp_path / "posts"])
        assert (reader.generation, len(titles(reader))) == (1, 3)
        assert reader.refresh()
        assert (reader.generation, len(titles(reader))) == (2, 2)
        assert not reader.refresh()


def test_a_sync_from_an_old_generation_starts_from_the_newest(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    one = make_index(POSTS)
    with searchidx.open(tmp_path / "index") as other:
        (tmp_path / "posts" / "a.md").unlink()
        other.sync([tmp_path / "posts"])
        (tmp_path / "posts" / "b.md").unlink()
        report = one.sync([tmp_path / "posts"])
    assert (report.removed, len(one)) == (("posts/b.md",), 1)


def test_several_threads_may_search(seeds_index: searchidx.Index) -> None:
    expected = [hit.path for hit in seeds_index.search("library OR chess", limit=50)]
    failures: list[object] = []

    def search() -> None:
        for _ in range(10):
            found = [hit.path for hit in seeds_index.search("library OR chess", limit=50)]
            if found != expected:
                failures.append(found)

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_damaged_index_says_so_and_is_rebuilt(make_index: MakeIndex, tmp_path: Path) -> None:
    make_index(POSTS).close()
    (manifest,) = (tmp_path / "index").glob("_MAIN_*.json")
    manifest.write_text(manifest.read_text().replace('"posts"', '"posters"'))
    with pytest.raises(IndexCorrupt, match="--full"):
        searchidx.open(tmp_path / "index")
    with searchidx.open(tmp_path / "index", create=True, discard=True) as index:
        assert index.sync([tmp_path / "posts"], full=True).posts == 3
        assert titles(index) == {"Alpha", "Beta", "Gamma"}


def test_a_damaged_table_of_contents_matters_to_other_software_only(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    make_index(POSTS).close()
    (table,) = (tmp_path / "index").glob("_MAIN_*.toc")
    table.write_bytes(b"garbage")
    with searchidx.open(tmp_path / "index") as index:
        assert titles(index) == {"Alpha", "Beta", "Gamma"}
        (fault,) = index.check().faults
        assert table.name in fault


edits = st.lists(
    st.tuples(
        st.sampled_from(["a.md", "b.md", "c.md", "d/e.md"]), st.sampled_from(["", "x", "y z"])
    ),
    max_size=6,
)


@settings(max_examples=25, deadline=None)
@given(rounds=st.lists(edits, min_size=1, max_size=4))
def test_small_syncs_end_where_a_rebuild_would(
    rounds: list[list[tuple[str, str]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("rounds")
    root = write_posts(folder / "posts", {"keep.md": "# Keep"})
    with searchidx.open(folder / "index", create=True) as index:
        for changes in rounds:
            for name, text in changes:
                path = root / name
                if text:
                    write_posts(root, {name: f"# {text}"})
                else:
                    path.unlink(missing_ok=True)
            index.sync([root])
        with searchidx.open(folder / "fresh", create=True) as fresh:
            fresh.sync([root])
            for query in ("*", "x", "y", "z", "keep"):
                one, other = index.search(query, limit=50), fresh.search(query, limit=50)
                assert {(h.path, h.text("title")) for h in one} == {
                    (h.path, h.text("title")) for h in other
                }


def test_several_processes_make_the_same_index_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("searchidx.applying.FEWEST_ITEMS", 10)
    texts = {
        f"{n}.md": f"---\ntitle: Number {n}\nquality: {n}\n---\nword{n % 7}" for n in range(250)
    }
    root = write_posts(tmp_path / "posts", {**texts, "bad.md": "---\na: [\n---\nword1"})
    found = []
    for jobs in (1, 3):
        seen: list[Progress] = []
        with searchidx.open(tmp_path / f"index{jobs}", create=True) as index:
            report = index.sync([root], jobs=jobs, progress=seen.append)
            assert index.check([root]).faults == ()
            best = index.search("word1", limit=100)
            found.append(
                (
                    report.posts,
                    [problem.what for problem in report.problems],
                    max(p.done for p in seen if p.step is not Step.MERGING),
                    {(hit.path, round(hit.score, 5)) for hit in best},
                    [hit.path for hit in index.search("*", sort="-quality", limit=5)],
                )
            )
    assert found[0] == found[1]


def test_an_index_that_was_built_anew_meanwhile_is_noticed(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    index, root = make_index(POSTS), tmp_path / "posts"
    shutil.rmtree(tmp_path / "index")
    write_posts(root, {"new.md": "# New"})
    with searchidx.open(tmp_path / "index", create=True) as other:
        assert other.sync([root]).generation == index.generation == 1
    assert index.refresh()
    assert titles(index) == {"Alpha", "Beta", "Gamma", "New"}
    write_posts(root, {"more.md": "# More"})
    assert index.sync([root]).added == ("posts/more.md",)
    assert len(index) == 5


def test_a_folder_of_any_name_can_be_a_root(tmp_path: Path) -> None:
    root = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    try:
        root.mkdir()
    except OSError:
        pytest.skip("this file system takes no such name")
    (root / "a.md").write_text("# Alpha", encoding="utf-8")
    with searchidx.open(tmp_path / "index", create=True) as index:
        assert index.sync([root]).posts == 1
        assert index.sync().unchanged == 1


def test_files_that_vanish_or_are_too_large_cost_no_other_post(
    make_index: MakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = make_index(POSTS)
    posts = {f"{n}.md": f"---\ntitle: Number {n}\n---\n" for n in range(30)}
    root = write_posts(tmp_path / "posts", {**posts, "a.md": "---\ntitle: Changed\n---\n"})
    with (root / "huge.md").open("wb") as stream:
        stream.truncate(200 * 1024 * 1024)
    gone = [root / "7.md", root / "8.md", root / "a.md"]

    def vanish(progress: Progress) -> None:
        for path in gone:
            path.unlink(missing_ok=True)

    report = index.sync([root], progress=vanish)
    assert [(p.path, p.what, p.lost_text) for p in report.problems] == [
        ("posts/7.md", "the file has vanished", False),
        ("posts/8.md", "the file has vanished", False),
        ("posts/a.md", "the file has vanished", False),
        ("posts/huge.md", "209,715,200 bytes, over the limit of 16,777,216", True),
    ]
    assert len(report.added) == 28
    assert report.removed == ("posts/a.md",)
    assert titles(index) == {
        "Beta",
        "Gamma",
        *(f"Number {n}" for n in range(30) if n not in (7, 8)),
    }
    assert index.check([root]).is_current


def test_a_new_file_that_cannot_be_read_makes_no_new_generation(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    index = make_index(POSTS)
    before = index.generation
    files = sorted(path.name for path in (tmp_path / "index").iterdir())
    new = tmp_path / "posts" / "new.md"
    new.write_text("# New", encoding="utf-8")
    report = index.sync(progress=lambda progress: new.unlink(missing_ok=True))
    assert [(p.path, p.what) for p in report.problems] == [
        ("posts/new.md", "the file has vanished")
    ]
    assert (report.read, report.generation, index.generation) == (0, before, before)
    assert report.unchanged == report.posts == len(POSTS)
    assert sorted(path.name for path in (tmp_path / "index").iterdir()) == files
    assert index.check().is_current


def test_a_third_of_the_posts_with_problems_through_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("searchidx.applying.FEWEST_ITEMS", 10)
    bad = {0: "a: [\n", 1: "", 2: ""}
    texts = {f"{n:03}.md": f"---\ntitle: Number {n}\n{bad[n % 3]}---\nword\n" for n in range(300)}
    root = write_posts(tmp_path / "posts", texts)
    with searchidx.open(tmp_path / "index", create=True) as index:
        report = index.sync([root], jobs=2)
        assert [p.path for p in report.problems] == [f"posts/{n:03}.md" for n in range(0, 300, 3)]
        assert index.search("word").total == 300
        assert index.search("has:problems").total == 100
        assert index.problems() == report.problems


def read_while_syncing(
    index: searchidx.Index, root: Path, monkeypatch: pytest.MonkeyPatch
) -> set[str]:
    """The names of the files that a sync reads."""
    found = set()

    def read(base: Path, file: SourceFile, settings: Settings) -> object:
        found.add(Path(file.path).name)
        return read_file(base, file, settings)

    with monkeypatch.context() as patched:
        patched.setattr(changes, "read_file", read)
        assert index.sync([root]).read == 0
    return found


def aged(root: Path, mtime_s: int) -> None:
    """Give every post this time."""
    for path in root.iterdir():
        os.utime(path, (mtime_s, mtime_s))


def posts_worth_noting() -> set[str]:
    """The names of so many posts that their times are noted."""
    return {f"{n:03}.md" for n in range(WORTH_NOTING)}


def test_files_that_were_only_touched_are_read_once(
    make_index: MakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = posts_worth_noting()
    index, root = make_index(dict.fromkeys(names, POSTS["a.md"])), tmp_path / "posts"
    aged(root, 10**9)
    assert read_while_syncing(index, root, monkeypatch) == names
    assert read_while_syncing(index, root, monkeypatch) == set()
    aged(root, 10**9)  # the same time, yet touched
    assert read_while_syncing(index, root, monkeypatch) == names
    (tmp_path / "index" / SEEN).write_bytes(b"nonsense")
    assert read_while_syncing(index, root, monkeypatch) == names
    assert read_while_syncing(index, root, monkeypatch) == set()
    assert set(os.listdir(tmp_path / "index")) >= {SEEN, "_MAIN_1.toc"}
    index.sync([root], full=True)
    assert not (tmp_path / "index" / SEEN).exists()


def test_a_touched_file_that_changes_later_is_seen(make_index: MakeIndex, tmp_path: Path) -> None:
    posts = {f"{n:03}.md": POSTS["a.md"] for n in range(WORTH_NOTING + 1)}
    index, root = make_index(posts), tmp_path / "posts"
    aged(root, 10**9)
    assert index.sync([root]).read == 0
    assert (tmp_path / "index" / SEEN).exists()
    (root / "007.md").write_text(POSTS["a.md"].replace("Alpha", "Omega"))
    os.utime(root / "007.md", (10**9, 10**9))
    assert index.sync([root]).changed == ("posts/007.md",)
    (root / "008.md").write_text("---\ntitle: Longer than before\n---\n")
    assert index.sync([root]).changed == ("posts/008.md",)
    assert (index.search("omega").total, index.search("longer").total) == (1, 1)


def test_a_note_of_touched_files_is_written_where_the_index_can_be_only(
    make_index: MakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = posts_worth_noting()
    index, root = make_index(dict.fromkeys(names, POSTS["a.md"])), tmp_path / "posts"
    aged(root, 10**9)
    index.sync([root], dry_run=True)
    assert not (tmp_path / "index" / SEEN).exists()
    (tmp_path / "index" / SEEN).mkdir()
    assert read_while_syncing(index, root, monkeypatch) == names
    assert set(os.listdir(tmp_path / "index")) - {SEEN, "MAIN_WRITELOCK"} == {
        *(record.file_name for record in read_manifest(tmp_path / "index", 1).segments),
        "_MAIN_1.toc", "_MAIN_1.json",
    }  # fmt: skip


@pytest.mark.parametrize("few", [0, 100], ids=["among all", "one by one"])
def test_posts_are_found_by_their_paths(
    make_index: MakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    names = [f"{n}.md" for n in range(12)]
    index, root = make_index(dict.fromkeys(names, POSTS["a.md"])), tmp_path / "posts"
    (root / "3.md").write_text("---\ntitle: Changed\n---\n")
    (root / "4.md").unlink()
    index.sync([root])
    monkeypatch.setattr("searchidx.store.snapshot.FEW_PATHS", few)
    snapshot = index._snapshot
    assert snapshot is not None
    found = snapshot.places_of([f"posts/{name}" for name in (*names, "none.md")])
    first, second = (record.name for record in snapshot.manifest.segments)
    assert (len(found[first]), found[second]) == (10, [0])
    assert snapshot.places_of(["posts/3.md"]) == {second: [0]}
    assert snapshot.places_of(["posts/4.md"]) == {}
