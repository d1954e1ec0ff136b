"""The command itself on a terminal of its own: live, line by line, and back."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pexpect
import pytest

from searchidx.index import Index

PATIENCE_S = 30
SIZE = (30, 100)


def spawned(index: Index, state: Path, *arguments: str, **environment: str) -> pexpect.spawn:
    variables = {**os.environ, "TERM": "xterm-256color", "XDG_STATE_HOME": str(state)}
    variables |= environment
    command = ["-m", "searchidx", "--index", str(index.path), "shell", *arguments]
    return pexpect.spawn(
        sys.executable, command, env=variables, dimensions=SIZE, timeout=PATIENCE_S,
        encoding="utf-8",
    )  # fmt: skip


@pytest.mark.parametrize("colour", [{}, {"NO_COLOR": "1"}], ids=["colour", "no colour"])
def test_live_and_line_by_line_and_back(
    index: Index, tmp_path: Path, colour: dict[str, str]
) -> None:
    terminal = spawned(index, tmp_path / "state", **colour)
    terminal.expect_exact("Cameras")
    terminal.send("\x1b[H:plain\r")
    terminal.expect_exact("searchidx>")
    terminal.send("pact\r")
    terminal.expect_exact("1 post matches")
    terminal.send(":live\r")
    terminal.expect_exact("matches")  # a word: spaces that are there already are not painted
    terminal.expect_exact("2021-11")
    terminal.send("\x03\x04")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


@pytest.mark.parametrize("environment", [{}, {"TERM": "dumb"}], ids=["--plain", "dumb"])
def test_plain_when_asked_for_or_when_no_cursor_moves(
    index: Index, tmp_path: Path, environment: dict[str, str]
) -> None:
    arguments = [] if environment else ["--plain"]
    terminal = spawned(index, tmp_path / "state", *arguments, **environment)
    terminal.expect_exact("searchidx>")
    terminal.send(":quit\r")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


def test_ctrl_c_goes_back_from_what_a_command_wrote(index: Index, tmp_path: Path) -> None:
    terminal = spawned(index, tmp_path / "state")
    terminal.expect_exact("Cameras")
    terminal.send("\x1b[H:once | cat\r")
    terminal.expect_exact("[Enter goes back]")
    terminal.send("\x03")
    terminal.expect_exact("Cameras")
    terminal.send("\x03\x04")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
