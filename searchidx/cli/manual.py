"""The manual page, written from the parser: the same table as --help and the completion."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from searchidx.cli.arguments import EXIT_OK, build_parser
from searchidx.cli.commands import Arguments
from searchidx.version import __version__

ENVIRONMENT = (
    ("SEARCHIDX_INDEX", "the index folder, where --index names none"),
    ("SEARCHIDX_PAGER, PAGER", "the pager for long output; else less -FRX; cat or empty for none"),
    ("VISUAL, EDITOR", "the editor in which the shell opens posts"),
    ("NO_COLOR, FORCE_COLOR", "never colour the output; always"),
    ("FORCE_HYPERLINK", "1: print links to files, 0: never; else where the terminal has them"),
    ("XDG_STATE_HOME", "where the history and what saved searches found is kept"),
)


def man(arguments: Arguments) -> int:
    """Print the manual page."""
    print(manual_page(build_parser()))
    return EXIT_OK


def manual_page(parser: argparse.ArgumentParser) -> str:
    """The page in roff, for section 1 of the manual."""
    return "\n".join(_lines(parser))


def _lines(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f'.TH SEARCHIDX 1 "" "searchidx {__version__}" "User Commands"'
    yield ".SH NAME"
    yield f"searchidx \\- {_escaped((parser.description or '').rstrip('.').lower())}"
    yield ".SH SYNOPSIS"
    yield "\\fBsearchidx\\fR [\\fI\\,OPTIONS\\/\\fR] \\fI\\,COMMAND\\/\\fR ..."
    yield ".SH OPTIONS"
    yield from _options(parser)
    yield ".SH COMMANDS"
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                yield from _command(name, command)
    yield ".SH ENVIRONMENT"
    for names, about in ENVIRONMENT:
        yield from _item(f"\\fB{_escaped(names)}\\fR", about)
    yield ".SH EXIT STATUS"
    yield _escaped((parser.epilog or "").removeprefix("exit status: ").replace("\n", " "))


def _command(name: str, command: argparse.ArgumentParser) -> Iterator[str]:
    yield f".SS searchidx {_escaped(name)}"
    yield _escaped(command.description or "")
    yield from _options(command)
    if command.epilog:
        yield ".PP"
        for line in command.epilog.split("\n"):
            yield _escaped(line)
            yield ".br"


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction) or action.help == argparse.SUPPRESS:
            continue
        value = action.metavar or ("|".join(map(str, action.choices)) if action.choices else "")
        value = value if isinstance(value, str) else " ".join(value)
        if not action.option_strings:
            yield from _item(f"\\fI{_escaped(value or action.dest)}\\fR", action.help or "")
            continue
        flags = ", ".join(f"\\fB{_escaped(flag)}\\fR" for flag in action.option_strings)
        takes = value if action.nargs is None else ""
        label = f"{flags} \\fI{_escaped(takes)}\\fR" if takes else flags
        yield from _item(label, action.help or "")


def _item(label: str, about: str) -> Iterator[str]:
    yield ".TP"
    yield label
    yield _escaped(about.replace("%%", "%"))


def _escaped(text: str) -> str:
    """Text that roff prints as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text[:1] in (".", "'") else text
