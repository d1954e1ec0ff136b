"""Running the shell that fits what stdin and stdout are, until it is left."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable

from searchidx.index import Index
from searchidx.render import Palette, text_width
from searchidx.shell.preferences import Preferences
from searchidx.shell.session import Session, Shell

Page = Callable[[str], object]


def run_shell(
    index: Index,
    palette: Palette,
    page: Page | None = None,
    *,
    first: Shell = Shell.LIVE,
    preferences: Preferences | None = None,
) -> int:
    """Search until the input ends; the exit code: 2 when a line of a pipe was an error, else 0.

    `page` shows a text longer than the screen; without it, such a text is written to stdout.
    `first` is the shell to begin with on a terminal; where no cursor moves it is the plain one.
    """
    session = Session(index, palette, os.environ, preferences)
    session.draws = sys.stdout.isatty()
    if sys.stdin.isatty() and sys.stdout.isatty():
        can_move = os.environ.get("TERM", "dumb") not in ("", "dumb")
        return _on_terminal(session, page or sys.stdout.write, first if can_move else Shell.LINES)
    from searchidx.shell.pipe import run_lines

    if sys.stdout.isatty():
        session.width = text_width(shutil.get_terminal_size().columns)
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    return run_lines(session, sys.stdin, sys.stdout, sys.stderr)


def _on_terminal(session: Session, page: Page, shell: Shell | None) -> int:
    """One shell after the other, until one is left for good."""
    while shell:
        if shell is Shell.LIVE:
            from searchidx.shell.live.app import run_live

            shell = run_live(session, text=session.typed)
        else:
            from searchidx.shell.prompt import run_prompt

            shell = run_prompt(session, page)
    return 0
