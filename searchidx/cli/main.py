"""The doorway: parses the arguments, runs a command, turns errors into words and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from searchidx.cli import commands
from searchidx.cli.arguments import (
    EXIT_ERROR,
    EXIT_INTERRUPTED,
    EXIT_LOCKED,
    EXIT_OK,
    build_parser,
    command_of,
    with_dashed_values,
)
from searchidx.cli.terminal import detach_stdout
from searchidx.cli.times import Times
from searchidx.errors import IndexLocked, QueryError, SearchIdxError
from searchidx.render import clean, os_error_text


def _later(module: str, name: str) -> Callable[[commands.Arguments], int]:
    """A command whose module is imported when it runs."""

    def run(arguments: commands.Arguments) -> int:
        code: int = getattr(import_module(f"searchidx.cli.{module}"), name)(arguments)
        return code

    return run


COMMANDS: dict[str, Callable[[commands.Arguments], int]] = {
    "index": commands.index,
    "query": commands.query,
    "why": _later("looking", "why"),
    "similar": _later("looking", "similar"),
    "saved": _later("saving", "saved"),
    "shell": commands.shell,
    "stats": commands.stats,
    "fields": commands.fields,
    "terms": commands.terms,
    "check": commands.check,
    "lint": _later("linting", "run_lint"),
    "watch": _later("watching", "watch"),
    "completion": commands.completion,
    "man": _later("manual", "man"),
}


def main(argv: Sequence[str] | None = None, times: Times | None = None) -> int:
    """Run one command line; the exit code. Nothing but SystemExit (from --help) is raised.

    `times` has what was measured before.
    """
    _use_utf8()
    words = sys.argv[1:] if argv is None else argv
    parser = build_parser(command_of(words))
    arguments = parser.parse_args(with_dashed_values(parser, words))
    arguments.times = times or Times()
    arguments.times.mark("arguments")
    try:
        code = COMMANDS[arguments.command](arguments)
        sys.stdout.flush()
        return code
    except IndexLocked as error:
        return _fail(str(error), EXIT_LOCKED)
    except QueryError as error:
        lines = error.diagram().split("\n")
        return _fail(
            "\n  ".join([error.reason, *lines[:2], *filter(None, [error.hint])]), EXIT_ERROR
        )
    except SearchIdxError as error:
        return _fail(str(error), EXIT_ERROR)
    except BrokenPipeError:
        detach_stdout()
        return EXIT_OK
    except KeyboardInterrupt:
        return _fail("interrupted", EXIT_INTERRUPTED)
    except OSError as error:
        return _fail(os_error_text(error), EXIT_ERROR)


def _fail(message: str, code: int) -> int:
    lines = (clean(line) for line in message.split("\n"))
    print("searchidx: " + "\n".join(lines), file=sys.stderr)
    return code


def _use_utf8() -> None:
    """Text is UTF-8 whatever the locale says; what cannot be read or written is replaced.

    A stream that was closed before we started reads as empty, and swallows what is written.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
