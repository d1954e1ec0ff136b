"""The interactive search shell; with a pipe on stdin it reads one line after the other.

prompt_toolkit is imported by `prompt` alone, and that only when an interactive shell starts.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable

from searchidx.index import Index
from searchidx.render import Palette, text_width
from searchidx.shell.session import Session


def run_shell(index: Index, palette: Palette, page: Callable[[str], object] | None = None) -> int:
    """Search until the input ends; the exit code: 2 when a line of a pipe was an error, else 0.

    `page` shows a text longer than the screen; without it, such a text is written to stdout.
    """
    session = Session(index, palette, os.environ)
    if sys.stdin.isatty() and sys.stdout.isatty():
        from searchidx.shell.prompt import run_prompt

        return run_prompt(session, page or sys.stdout.write)
    from searchidx.shell.pipe import run_lines

    if sys.stdout.isatty():
        session.width = text_width(shutil.get_terminal_size().columns)
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    return run_lines(session, sys.stdin, sys.stdout, sys.stderr)


__all__ = ["run_shell"]
