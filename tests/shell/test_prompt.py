"""The interactive shell, driven through prompt_toolkit's own pipe input and dummy output."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.input.base import PipeInput
from prompt_toolkit.output import DummyOutput

import searchidx
from searchidx.index import Index
from searchidx.render import PLAIN
from searchidx.shell.history import history_path, make_private
from searchidx.shell.prompt import build_prompt, fitting_limit, run_prompt, toolbar
from searchidx.shell.session import Session

CTRL_C, CTRL_D, ESCAPE, ENTER = "\x03", "\x04", "\x1b", "\r"


@pytest.fixture
def keys() -> Iterator[PipeInput]:
    with create_pipe_input() as keys:
        yield keys


@pytest.fixture
def typing(index: Index, tmp_path: Path) -> Session:
    """A session whose history lies in the test's own folder."""
    return Session(index, PLAIN, {"XDG_STATE_HOME": str(tmp_path / "state"), "EDITOR": "nosuch-ed"})


def test_a_query_is_answered_and_ctrl_d_leaves(
    typing: Session, keys: PipeInput, capsys: pytest.CaptureFixture[str]
) -> None:
    keys.send_text("climate" + ENTER + CTRL_D)
    assert run_prompt(typing, print, (keys, DummyOutput())) is None
    out, err = capsys.readouterr()
    assert "1  What the *climate* pact says" in out
    assert "2 posts match" in err


def test_ctrl_c_clears_the_line_and_does_not_leave(
    typing: Session, keys: PipeInput, capsys: pytest.CaptureFixture[str]
) -> None:
    keys.send_text("tile:x" + CTRL_C + CTRL_C + "hottest" + ENTER + ":quit" + ENTER)
    assert run_prompt(typing, print, (keys, DummyOutput())) is None
    out, err = capsys.readouterr()
    assert "1  The *hottest* year" in out
    assert "tile" not in err


def test_a_whole_post_goes_through_the_pager(typing: Session, keys: PipeInput) -> None:
    paged: list[str] = []
    keys.send_text("pact" + ENTER + ":show 1" + ENTER + CTRL_D)
    run_prompt(typing, paged.append, (keys, DummyOutput()))
    assert len(paged) == 1
    assert paged[0].startswith("1  posts/pact.md\n")


def test_an_editor_that_does_not_start_is_one_line(
    typing: Session, keys: PipeInput, capsys: pytest.CaptureFixture[str]
) -> None:
    keys.send_text("pact" + ENTER + ":open 1" + ENTER + CTRL_D)
    run_prompt(typing, print, (keys, DummyOutput()))
    assert "nosuch-ed: No such file or directory\n" in capsys.readouterr().err


def test_completion_counts_from_the_cursor(typing: Session, keys: PipeInput) -> None:
    completer = build_prompt(typing, (keys, DummyOutput())).completer
    assert completer is not None
    found = completer.get_completions(Document("mask dat"), CompleteEvent())
    assert [(one.text, one.start_position) for one in found] == [("date:", -3)]


def test_the_history_is_kept_and_private(typing: Session, keys: PipeInput, tmp_path: Path) -> None:
    keys.send_text("climate" + ENTER + CTRL_D)
    run_prompt(typing, print, (keys, DummyOutput()))
    file = tmp_path / "state" / "searchidx" / "history"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text(encoding="utf-8").endswith("\n+climate\n")


def test_a_history_that_cannot_be_kept_does_not_stop_the_shell(
    index: Index, keys: PipeInput, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state").write_text("in the way", encoding="utf-8")
    session = Session(index, PLAIN, {"XDG_STATE_HOME": str(tmp_path / "state")})
    keys.send_text("hottest" + ENTER + CTRL_D)
    assert run_prompt(session, print, (keys, DummyOutput())) is None
    out, err = capsys.readouterr()
    assert err.startswith("the history is not kept: ")
    assert "hottest" in out


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("/somewhere/state", "/somewhere/state/searchidx/history"),
        ("state", "/home/me/.local/state/searchidx/history"),
        ("", "/home/me/.local/state/searchidx/history"),
    ],
    ids=["absolute", "relative", "empty"],
)
def test_where_the_history_lies(state: str, expected: str) -> None:
    assert history_path({"XDG_STATE_HOME": state}, Path("/home/me")) == Path(expected)


def test_a_history_that_others_could_read_becomes_private(tmp_path: Path) -> None:
    file = tmp_path / "history"
    file.write_text("+old\n", encoding="utf-8")
    os.chmod(file, 0o644)  # noqa: PTH101
    make_private(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text(encoding="utf-8") == "+old\n"


def bar(session: Session, typed: str = "") -> str:
    return "".join(part[1] for part in toolbar(session, typed))


def test_the_toolbar_tells_what_is_searched(typing: Session, posts: Path) -> None:
    assert bar(typing) == " 4 posts · generation 1 · sort auto · limit 10 "
    typing.sort = "-date"
    assert "sort -date" in bar(typing)
    assert " there is no field 'tile'; did you mean title:?" in bar(typing, "tile:x")
    assert bar(typing, ":tile") == bar(typing, "climate") == bar(typing, "  ")
    (posts / "new.md").write_text("---\ntitle: Anew\n---\n", encoding="utf-8")
    with searchidx.open(posts.parent / "index") as other:
        other.sync([posts])
    assert bar(typing).startswith(" 5 posts · generation 2 ")


def test_the_toolbar_survives_an_index_that_is_gone(typing: Session, index: Index) -> None:
    for file in index.path.iterdir():
        file.unlink()
    assert "no index here" in bar(typing, "climate")


@pytest.mark.parametrize(("rows", "limit"), [(10, 3), (24, 3), (30, 4), (48, 7), (200, 10)])
def test_the_first_hit_stays_in_sight(rows: int, limit: int) -> None:
    assert fitting_limit(rows) == limit
