"""Walking the roots, comparing, reading one file."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchidx.errors import PostError
from searchidx.posts.model import Catalogue, SourceFile
from searchidx.posts.problem import Problem
from searchidx.posts.scan import (
    Found,
    compare,
    expect,
    locate_file,
    not_allowed,
    path_text,
    read_file,
    walk,
)
from searchidx.settings import Settings

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes are Linux's")
FILES = ["a/x.md", "a/sub/y.MD", "a/sub/n.txt", "a/z.html", "a/.h.md", "a/.hid/q.md", "out/o.txt"]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def scan(base: Path, *roots: str, **options: object) -> Found:
    settings = replace(Settings(base=base), **options)  # type: ignore[arg-type]
    return walk([Path(root) for root in roots], settings, base)


def paths(found: Found) -> list[str]:
    return found.files.paths


def test_walk_takes_included_files_in_order(base: Path) -> None:
    found = scan(base, "a")
    assert paths(found) == ["a/sub/n.txt", "a/sub/y.MD", "a/x.md"]
    assert found.problems == []
    about = (base / "a/x.md").stat()
    expected = SourceFile("a/x.md", 6, about.st_mtime_ns, ctime_ns=about.st_ctime_ns)
    assert found.files.file(2) == expected


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"include": ("*.html",)}, ["a/z.html"]),
        ({"include": ("sub/*",)}, ["a/sub/n.txt", "a/sub/y.MD"]),
        ({"exclude": ("sub",)}, ["a/x.md"]),
        ({"exclude": ("sub/*",)}, ["a/x.md"]),
        ({"exclude": ("*.md",)}, ["a/sub/n.txt", "a/sub/y.MD"]),
        ({"include": ()}, []),
    ],
    ids=str,
)
def test_patterns(base: Path, options: dict[str, object], wanted: list[str]) -> None:
    assert paths(scan(base, "a", **options)) == wanted


def test_each_file_once_whatever_the_roots(base: Path) -> None:
    found = scan(base, "a/sub", "a", "a/../a", "a/x.md", str(base / "a"))
    assert paths(found) == ["a/sub/n.txt", "a/sub/y.MD", "a/x.md"]


def test_file_as_root_and_root_outside_base(base: Path) -> None:
    assert paths(scan(base, "a/z.html")) == ["a/z.html"]
    found = scan(base / "a", "../out")
    assert paths(found) == [(base / "out/o.txt").as_posix()]
    assert locate_file(base / "a", found.files.paths[0]) == str(base / "out/o.txt")


def test_missing_roots(base: Path) -> None:
    found = scan(base, "out", "gone")
    assert paths(found) == ["out/o.txt"]
    assert found.problems == [Problem("gone", 1, "no such folder", "correct the roots", True)]
    with pytest.raises(PostError, match="gone:0: no such folder"):
        scan(base, "gone")
    assert scan(base) == Found(Catalogue.of([]))


def test_links(base: Path) -> None:
    (base / "a/inside.md").symlink_to("x.md")
    (base / "a/loop").symlink_to(base / "a")
    (base / "a/dead.md").symlink_to("nothing")
    (base / "a/dead.html").symlink_to("nothing")
    (base / "a/outside").symlink_to(base / "out")
    (base / "a/o.md").symlink_to(base / "out/o.txt")
    found = scan(base, "a")
    assert paths(found) == ["a/sub/n.txt", "a/sub/y.MD", "a/x.md"]
    assert [(problem.path, problem.lost_text) for problem in found.problems] == [
        ("a/dead.md", False),
        ("a/o.md", True),
        ("a/outside", True),
    ]
    found = scan(base, "a", follow_symlinks=True)
    assert paths(found) == ["a/o.md", "a/outside/o.txt", "a/sub/n.txt", "a/sub/y.MD", "a/x.md"]
    assert [problem.path for problem in found.problems] == ["a/dead.md"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_not_a_regular_file(base: Path) -> None:
    os.mkfifo(base / "a/pipe.md")
    assert [problem.what for problem in scan(base, "a").problems] == ["not a regular file"]
    found = read_file(base, SourceFile("a/pipe.md", 0, 0), Settings(base=base))
    assert isinstance(found, Problem)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_unreadable_folder(base: Path) -> None:
    (base / "a/sub").chmod(0)
    try:
        found = scan(base, "a")
    finally:
        (base / "a/sub").chmod(0o755)
    assert [(problem.path, problem.lost_text) for problem in found.problems] == [("a/sub", True)]


@LINUX
def test_names_that_are_no_text(base: Path) -> None:
    name = os.fsdecode(b"\xff\\x41\\.md")
    (base / "a" / name).write_text("x")
    found = scan(base, "a")
    assert paths(found)[0] == r"a/\xff\x5cx41\x5c.md"
    assert locate_file(base, found.files.paths[0]) == str(base / "a" / name)


@LINUX
@given(st.binary(min_size=1, max_size=20).filter(lambda name: b"\0" not in name))
def test_path_text_has_a_way_back(name: bytes) -> None:
    os_path = os.path.join("/base", os.fsdecode(name).strip("/") or "x")
    text = path_text(Path("/base"), os_path)
    text.encode()
    assert locate_file(Path("/base"), text) == os_path


def test_compare() -> None:
    def file(path: str, size: int, mtime: int) -> SourceFile:
        return SourceFile(path, size, mtime)

    paths = ["same", "touched", "moved", "grown", "unsure", "gone"]
    digests = [bytes([number]) for number in range(6)]
    indexed = Catalogue(paths, [1] * 6, [5, 5, 5, 5, 0, 5], [0, 0, 9, 0, 0, 0], digests)
    found = [
        file("grown", 2, 6), file("moved", 1, 5), file("new", 1, 5), file("same", 1, 5),
        file("touched", 1, 6), file("unsure", 1, 7),
    ]  # fmt: skip
    result = compare(Catalogue.of(found), indexed)
    assert result.same == ["same"]
    assert result.suspect == [(found[1], "02"), (found[4], "01"), (found[5], "04")]
    assert result.resized == [found[0]]
    assert result.new == [found[2]]
    assert result.gone == [SourceFile("gone", 1, 5, "05")]


def test_read_file(base: Path) -> None:
    old = time.time_ns() - 10**10
    os.utime(base / "a/x.md", ns=(old, old))
    found = read_file(base, SourceFile("a/x.md", 99, 1), Settings(base=base))
    assert isinstance(found, tuple)
    file, data = found
    assert data == b"a/x.md"
    ctime_ns = (base / "a/x.md").stat().st_ctime_ns
    assert file == SourceFile("a/x.md", 6, old, file.digest, ctime_ns)
    assert len(file.digest) == 32


def test_read_file_just_written_has_no_time(base: Path) -> None:
    soon = time.time_ns() + 10**7
    os.utime(base / "a/x.md", ns=(soon, soon))
    found = read_file(base, SourceFile("a/x.md", 6, 1), Settings(base=base))
    assert isinstance(found, tuple)
    assert found[0].mtime_ns == 0 or time.time_ns() - soon > 10**8


@pytest.mark.parametrize(
    ("path", "what", "lost"),
    [
        ("a/absent.md", "the file has vanished", False),
        ("a/x.md/y.md", "the file has vanished", False),
        ("a/x.md", "6 bytes, over the limit of 5", True),
    ],
)
def test_read_file_problem(base: Path, path: str, what: str, lost: bool) -> None:
    settings = Settings(base=base, max_file_bytes=5)
    found = read_file(base, SourceFile(path, 0, 0), settings)
    assert isinstance(found, Problem)
    assert (found.path, found.what, found.lost_text) == (path, what, lost)


def test_a_file_that_has_vanished_is_not_one_that_may_not_be_read(base: Path) -> None:
    assert not_allowed(base, SourceFile("a/absent.md", 1, 1)) is None
    assert not_allowed(base, SourceFile("a/x.md", 1, 1)) is None


@pytest.mark.skipif(os.name == "nt", reason="modes do not say who may read there")
def test_only_files_that_not_everybody_may_read_are_guarded(base: Path) -> None:
    (base / "a/x.md").chmod(0o600)
    assert scan(base, ".").guarded == {"a/x.md"}


def test_a_file_that_comes_in_pieces_is_read_whole(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.read
    monkeypatch.setattr(os, "read", lambda handle, size_bytes: real(handle, min(size_bytes, 2)))
    found = read_file(base, SourceFile("a/x.md", 6, 1), Settings(base=base))
    assert isinstance(found, tuple)
    assert found[1] == b"a/x.md"


@pytest.mark.parametrize(("changes", "is_read"), [(0, True), (2, True), (3, False)])
def test_a_file_that_changes_while_it_is_read_is_read_again(
    base: Path, monkeypatch: pytest.MonkeyPatch, changes: int, is_read: bool
) -> None:
    path, left, real = base / "a/x.md", changes, os.read

    def read(handle: int, size_bytes: int) -> bytes:
        nonlocal left
        data = real(handle, size_bytes)
        if left:
            left -= 1
            path.write_text(f"changed {left}")
        return data

    monkeypatch.setattr(os, "read", read)
    found = read_file(base, SourceFile("a/x.md", 6, 1), Settings(base=base))
    if is_read:
        assert isinstance(found, tuple)
        assert found[1] == (b"changed 0" if changes else b"a/x.md")
        assert found[0].size_bytes == len(found[1])
    else:
        assert isinstance(found, Problem)
        assert found.what == "changed while it was read, 3 times"
        assert found.lost_text


def test_files_that_are_expected_may_be_missing_or_no_files(base: Path) -> None:
    os.mkfifo(base / "a" / "pipe.md")
    expect(base, [SourceFile(path, 0, 0) for path in ("a/x.md", "a/pipe.md", "none.md", "a")])
