"""The shell without a terminal: one query or command a line, results out, the rest to stderr."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TextIO

from searchidx.shell.commands import run_line
from searchidx.shell.programs import run_pipe
from searchidx.shell.session import Reply, Session, Shell

EXIT_OK = 0
EXIT_ERROR = 2


def run_lines(session: Session, lines: Iterable[str], out: TextIO, err: TextIO) -> int:
    """Run each line and write what it brings before the next one is read.

    2 when any line was an error, else 0; an error does not keep the following lines from running.
    """
    code = EXIT_OK
    for line in lines:
        reply = _without_terminal(run_line(session, line))
        err.write(reply.news)
        out.write(reply.text)
        out.flush()
        if reply.piped:
            err.write(run_pipe(reply.piped))
        err.write(reply.notes)
        err.flush()
        if reply.failed:
            code = EXIT_ERROR
        if reply.should_quit:
            break
    return code


def _without_terminal(reply: Reply) -> Reply:
    """The reply, refused when it asks for an editor, which would read the rest of the pipe, or for
    the live shell."""
    if reply.command:
        notes = reply.notes + "an editor needs a terminal; :show N prints the post\n"
        return replace(reply, notes=notes, failed=True)
    if reply.shell is Shell.LIVE:
        return replace(reply, notes="the live shell needs a terminal\n", failed=True)
    return reply
