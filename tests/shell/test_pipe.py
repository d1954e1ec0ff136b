"""The shell with a pipe on stdin."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from searchidx.index import Index
from searchidx.shell.pipe import run_lines
from searchidx.shell.session import Session

SCRIPT = """
import sys, searchidx
from searchidx.render import PLAIN
from searchidx.shell.running import run_shell
with searchidx.open(sys.argv[1]) as index:
    code = run_shell(index, PLAIN)
assert not [name for name in sys.modules if name.startswith("prompt_toolkit")]
sys.exit(code)
"""


def run(session: Session, text: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = run_lines(session, io.StringIO(text), out, err)
    return code, out.getvalue(), err.getvalue()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("climate\n\nmask\n", 0, id="found"),
        pytest.param("nothingatall\n", 0, id="nothing found"),
        pytest.param("tile:x\nclimate\n", 2, id="an error"),
        pytest.param(":nosuch\n", 2, id="an unknown command"),
        pytest.param(":quit\ntile:x\n", 0, id="nothing is read behind quit"),
        pytest.param("", 0, id="empty"),
        pytest.param("pact\n:open 1\n", 2, id="no editor in a pipe"),
    ],
)
def test_the_exit_code(session: Session, text: str, code: int) -> None:
    assert run(session, text)[0] == code


def test_results_go_to_stdout_and_the_rest_to_stderr(session: Session) -> None:
    _, out, err = run(session, "hottest\ntile:x\n:facets type\n")
    assert out.startswith("1  The *hottest* year\n")
    assert out.endswith("\n\n       1  article\n")
    assert err.startswith("1 post matches (")
    assert "\ntile:x\n^^^^^\nthere is no field 'tile'\n" in err
    assert err.endswith("type of the posts that match hottest\n")


def test_each_line_is_answered_before_the_next_is_read(session: Session) -> None:
    out = io.StringIO()
    seen: list[bool] = []

    def lines() -> object:
        yield "hottest\n"
        seen.append("The *hottest* year" in out.getvalue())
        yield ":quit\n"

    run_lines(session, lines(), out, io.StringIO())  # type: ignore[arg-type]
    assert seen == [True]


def test_a_pipe_works_without_prompt_toolkit(index: Index, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(index.path)],
        input=b"climate\n\xff\xfe\ntile:x\n",
        capture_output=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.stdout.decode().startswith("1  What the *climate* pact says\n")
    assert "there is no field 'tile'" in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    assert done.returncode == 2
