"""Watching folders, the manual page, and links in a terminal."""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path

import pytest

import searchidx
from searchidx.cli.arguments import build_parser
from searchidx.cli.main import main
from searchidx.cli.manual import manual_page
from searchidx.cli.terminal import linking
from searchidx.cli.watching import file_changes, keep_in_step
from searchidx.render import COLOURED, PLAIN
from tests.conftest import write_posts

POST = "---\ntitle: {title}\n---\n"


def test_every_change_is_synced_and_told(tmp_path: Path) -> None:
    posts = write_posts(tmp_path / "posts", {"a.md": POST.format(title="A")})
    told: list[searchidx.SyncReport] = []

    def changes(folders: Sequence[Path]) -> Iterator[object]:
        assert list(folders) == [posts]
        write_posts(posts, {"b.md": POST.format(title="B")})
        yield "added"
        yield "nothing"
        (posts / "a.md").unlink()
        yield "removed"

    with searchidx.open(tmp_path / "index", create=True) as index:
        keep_in_step(index, [str(posts)], changes, told.append)
        assert [hit.path for hit in index.search("*")] == ["posts/b.md"]
    assert [(report.added, report.removed) for report in told] == [
        (("posts/a.md",), ()), (("posts/b.md",), ()), ((), ("posts/a.md",)),
    ]  # fmt: skip


HOLDER = (
    "import sys\nfrom pathlib import Path\nfrom searchidx.store.writer import Writer\n"
    "with Writer(Path(sys.argv[1]), (), wait_s=1, clear=False):\n"
    "    print('held', flush=True)\n    sys.stdin.read()\n"
)


def test_a_writer_in_the_way_is_outwaited(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    posts = write_posts(tmp_path / "posts", {"a.md": POST.format(title="A")})
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "index")]

    def changes(folders: Sequence[Path]) -> Iterator[object]:
        write_posts(posts, {"b.md": POST.format(title="B")})
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            yield "while another writes"
        yield "later"

    with searchidx.open(tmp_path / "index", create=True) as index:
        keep_in_step(index, [posts], changes, lambda report: None, wait_s=0.0)
        assert len(index) == 2
    assert "being written by process" in capsys.readouterr().err


def test_the_system_tells_of_changes(tmp_path: Path) -> None:
    pytest.importorskip("watchfiles")
    posts = write_posts(tmp_path / "posts", {"a.md": POST.format(title="A")})
    stop, seen = threading.Event(), threading.Event()

    def write_until_seen() -> None:
        for number in count():
            write_posts(posts, {"b.md": POST.format(title=f"B{number}")})
            if seen.wait(0.05):
                return

    with searchidx.open(tmp_path / "posts" / "index", create=True) as index:
        index.sync([posts])
        stream = iter(file_changes(index.path, 50, stop)([posts]))
        writer = threading.Thread(target=write_until_seen)
        writer.start()
        next(stream)
        seen.set()
        writer.join()
        index.sync([posts])
        assert len(index) == 2
        stop.set()
        assert len(list(stream)) <= 1


def test_the_manual_has_every_command_and_flag(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["man"]) == 0
    page = capsys.readouterr().out
    assert page == manual_page(build_parser()) + "\n"
    plain = page.replace("\\-", "-")
    for action in build_parser()._actions:
        for name, command in (action.choices or {}).items() if action.dest == "command" else ():
            assert f".SS searchidx {name}" in plain
            shown = [item for item in command._actions if item.help != argparse.SUPPRESS]
            for flag in (flag for item in shown for flag in item.option_strings):
                assert f"\\fB{flag}\\fR" in plain, flag


@pytest.mark.parametrize(
    ("environment", "has_links"),
    [
        ({"VTE_VERSION": "7003"}, True),
        ({"VTE_VERSION": "4000"}, False),
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM_PROGRAM": "vscode"}, True),
        ({"TERM_PROGRAM": "vscode", "TMUX": "x"}, False),
        ({"TERM": "xterm"}, False),
        ({"TERM": "xterm", "FORCE_HYPERLINK": "1"}, True),
        ({"VTE_VERSION": "7003", "FORCE_HYPERLINK": "0"}, False),
    ],
)
def test_where_there_are_links(environment: Mapping[str, str], has_links: bool) -> None:
    assert bool(linking(COLOURED, Path("/base"), environment).files) is has_links
    assert linking(PLAIN, Path("/base"), environment) == PLAIN


@pytest.mark.parametrize(
    ("wanted", "forced", "has_links"),
    [("always", "", True), ("always", "0", False), ("never", "", False), ("never", "1", True)],
)
def test_links_that_are_set(wanted: str, forced: str, has_links: bool) -> None:
    environment = {"TERM": "xterm-kitty" if wanted == "never" else "xterm"}
    environment |= {"FORCE_HYPERLINK": forced}
    found = linking(COLOURED, Path("/base"), environment, wanted)
    assert bool(found.files) is has_links


def test_a_link_cannot_be_left_by_a_path() -> None:
    palette = COLOURED._replace(files="/base dir")
    assert palette.linked("a\x1b\\b é.md") == (
        "\x1b]8;;file:///base%20dir/a%1B%5Cb%20%C3%A9.md\x1b\\a␛\\b é.md\x1b]8;;\x1b\\"
    )
    assert palette.linked("/x.md").startswith("\x1b]8;;file:///x.md\x1b\\")
    assert COLOURED.linked("a.md") == "a.md"
