"""Every command and flag, declared once: for the parser, the help, the completion and the docs."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn

from searchidx.cli.terminal import terminal_size
from searchidx.render import clean
from searchidx.version import __version__

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction["_Parser"]

EXIT_OK = 0
EXIT_NONE = 1
EXIT_ERROR = 2
EXIT_LOCKED = 75
EXIT_INTERRUPTED = 130

_EPILOG = """\
exit status: 0 found (or done), 1 nothing found, 2 an error, 75 the index is being written by
another process, 130 interrupted"""


class _Parser(argparse.ArgumentParser):
    """argparse, but what it repeats of the command line cannot steer the terminal."""

    def error(self, message: str) -> NoReturn:
        super().error(clean(message))

    def format_usage(self) -> str:
        _Formatter.columns = terminal_size().columns
        return super().format_usage()

    def format_help(self) -> str:
        _Formatter.columns = terminal_size().columns
        return super().format_help()


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """argparse makes one for every flag, just to check it; the terminal is asked for help only."""

    columns = 80

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=self.columns - 2)


def build_parser(only: str = "") -> argparse.ArgumentParser:
    """The parser for the whole command line, or for one that names the command `only`.

    To declare every flag of every command takes longer than most searches.
    """
    parser = _Parser(
        prog="searchidx",
        description="Turn a folder of posts into a full-text index, and search it.",
        epilog=_EPILOG,
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"searchidx {__version__}")
    _add_common(parser, default=None)
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, prog=parser.prog
    )
    for name, add in _COMMANDS.items():
        if only in ("", name):
            add(commands)
    return parser


def command_of(argv: Sequence[str]) -> str:
    """The command, where nothing but flags of any command stands before it; empty for none."""
    words = iter(argv)
    for word in words:
        if word in _COMMANDS:
            return word
        if word in COMMON_FLAGS:
            next(words, None)
        elif word.partition("=")[0] not in COMMON_FLAGS:
            break
    return ""


COMMON_FLAGS = ("--index", "--color")
"""The flags of any command, which take a value."""


def _add_common(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument(
        "--index",
        metavar="DIR",
        default=default,
        help="the index folder (else SEARCHIDX_INDEX, else index/ here or in a folder above)",
    )
    parser.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto" if default is None else default,
        help="when to colour the output (default: on a terminal, unless NO_COLOR is set)",
    )


def _command(commands: Commands, name: str, text: str, epilog: str = "") -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=text,
        description=text[0].upper() + text[1:] + ".",
        epilog=epilog or None,
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    _add_common(parser, default=argparse.SUPPRESS)
    return parser


def _index(commands: Commands) -> None:
    parser = _command(commands, "index", "make the index agree with the posts in some folders")
    parser.add_argument(
        "roots",
        nargs="*",
        metavar="ROOT",
        help="folders of posts (default: those of searchidx.toml or of the last time, else seeds/)",
    )
    parser.add_argument("--settings", metavar="FILE", help="a settings file (else searchidx.toml)")
    parser.add_argument("--full", action="store_true", help="read every post again")
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be done, write nothing"
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=5.0,
        metavar="SECONDS",
        help="how long to wait for another writer (default: 5)",
    )
    parser.add_argument(
        "-j",
        "--jobs",
        type=int,
        default=0,
        metavar="N",
        help="how many processes read and merge (default: as many as there are processors)",
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print the report as JSON")
    output.add_argument("-q", "--quiet", action="store_true", help="print problems and errors only")


def _query(commands: Commands) -> None:
    parser = _command(
        commands,
        "query",
        "print the posts that match, best first",
        epilog="A query that starts with - goes behind --:  searchidx query -- -python\n"
        "The query language is on the page docs/query-language.md.",
    )
    parser.add_argument("text", nargs="+", metavar="TEXT", help="the query; - reads it from stdin")
    _add_limit(parser)
    parser.add_argument("--offset", type=_count, default=0, metavar="N", help="hits to skip")
    parser.add_argument(
        "--sort",
        default="",
        metavar="FIELDS",
        help="relevance, or fields such as date, -date or -quality,date",
    )
    parser.add_argument(
        "--field",
        action="append",
        default=[],
        metavar="NAME",
        help="look for plain words in this field only (repeatable)",
    )
    parser.add_argument(
        "--match",
        choices=("all", "best", "any"),
        help="posts with all of the words; with all, then with some (best); with any of them",
    )
    parser.add_argument(
        "--expand",
        action=argparse.BooleanOptionalAction,
        help="look for words of the best posts, too",
    )
    parser.add_argument("--recency", metavar="AGE", help="lift new posts: half as much at this age")
    parser.add_argument("--prior", metavar="FIELD", help="lift posts with a high number in a field")
    parser.add_argument("--synonyms", metavar="FILE", help="words that mean the same, a line each")
    parser.add_argument("--since", default="", metavar="DATE", help="from this date on")
    parser.add_argument("--until", default="", metavar="DATE", help="up to the end of this date")
    parser.add_argument(
        "--facet",
        action="append",
        default=[],
        metavar="FIELD",
        help="also count the values of these fields, such as topics,date:month (repeatable)",
    )
    parser.add_argument(
        "--cross", metavar="FIELD,FIELD", help="also count one field against another"
    )
    parser.add_argument("--explain", action="store_true", help="show how each score came about")
    parser.add_argument("--explain-time", action="store_true", help=argparse.SUPPRESS)
    output = _add_output(parser)
    output.add_argument("--count", action="store_true", help="print the number of matches only")


def _add_limit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-n",
        "--limit",
        type=_count,
        default=10,
        metavar="N",
        help="how many hits to print (default: 10)",
    )


def _add_json(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--json", action="store_true", help=f"print {what} as JSON")


def _add_path_of_post(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", help="of the post; its end will do")


def _add_output(parser: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    """The forms in which hits can be printed."""
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print everything as one JSON object")
    output.add_argument("--jsonl", action="store_true", help="print a JSON object a hit")
    output.add_argument(
        "--format", metavar="TEMPLATE", help=r"print a line a hit, such as '{title}\t{url}'"
    )
    output.add_argument("-l", "--paths", action="store_true", help="print paths only")
    parser.add_argument("-0", "--null", action="store_true", help="with -l: end each path by a NUL")
    parser.add_argument("--no-pager", action="store_true", help="print straight to the terminal")
    return output


def _why(commands: Commands) -> None:
    parser = _command(
        commands,
        "why",
        "say why a post matches a query, or why it does not",
        epilog="exit status: 0 it matches, 1 it does not",
    )
    parser.add_argument("text", metavar="QUERY")
    _add_path_of_post(parser)
    _add_json(parser, "it")


def _similar(commands: Commands) -> None:
    parser = _command(commands, "similar", "print the posts most like one")
    _add_path_of_post(parser)
    _add_limit(parser)
    _add_output(parser)


def _saved(commands: Commands) -> None:
    parser = _command(
        commands,
        "saved",
        "save searches under names, list, run, check and remove them",
        epilog="A query may name a saved one: searchidx query '@name mask'\n"
        "exit status of run --new: 0 something is new, 1 nothing is",
    )
    actions = ("list", "save", "run", "remove", "check")
    told = f"{', '.join(actions)} (list)"
    parser.add_argument(
        "action", choices=actions, metavar="ACTION", nargs="?", default="list", help=told
    )
    parser.add_argument("name", metavar="NAME", nargs="?", default="", help="of the search")
    parser.add_argument("text", metavar="QUERY", nargs="*", help="what to save")
    parser.add_argument(
        "--new", action="store_true", help="run: print what entered or left since the last time"
    )
    _add_limit(parser)
    _add_output(parser)


def _shell(commands: Commands) -> None:
    parser = _command(
        commands, "shell", "search interactively; with a pipe on stdin, one query a line"
    )
    parser.add_argument(
        "--plain", action="store_true", help="line by line, instead of on the whole screen"
    )


def _stats(commands: Commands) -> None:
    parser = _command(commands, "stats", "print what the index holds")
    _add_json(parser, "it")


def _fields(commands: Commands) -> None:
    parser = _command(commands, "fields", "print the fields and metadata keys a query may name")
    _add_json(parser, "them")


def _terms(commands: Commands) -> None:
    parser = _command(commands, "terms", "print the words or values of a field, with their posts")
    parser.add_argument("field", metavar="FIELD")
    parser.add_argument("prefix", metavar="PREFIX", nargs="?", default="")
    _add_json(parser, "them")


def _check(commands: Commands) -> None:
    parser = _command(
        commands,
        "check",
        "say whether the index is whole and agrees with the files",
        epilog="exit status: 0 whole and up to date, 1 whole but stale, 2 damaged",
    )
    _add_json(parser, "the report")


def _lint(commands: Commands) -> None:
    parser = _command(
        commands,
        "lint",
        "say what is amiss with the front matter of some folders",
        epilog="exit status: 0 nothing of that level, 1 something, 2 an error",
    )
    parser.add_argument("roots", nargs="*", metavar="ROOT", help="folders of posts (as for index)")
    parser.add_argument("--settings", metavar="FILE", help="a settings file (else searchidx.toml)")
    parser.add_argument(
        "--ignore", action="append", default=[], metavar="RULE", help="leave out (repeatable)"
    )
    parser.add_argument(
        "--level",
        choices=("note", "warning", "error"),
        default="warning",
        help="from where on findings make the exit status 1 (default: warning)",
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print the findings as JSON")
    output.add_argument("--sarif", action="store_true", help="print them as SARIF 2.1.0")


def _watch(commands: Commands) -> None:
    parser = _command(
        commands, "watch", "keep the index in step with its folders until interrupted"
    )
    parser.add_argument("roots", nargs="*", metavar="ROOT", help="folders of posts (as for index)")
    parser.add_argument("--settings", metavar="FILE", help="a settings file (else searchidx.toml)")
    parser.add_argument(
        "--wait-ms",
        type=_count,
        default=500,
        metavar="N",
        help="gather changes for so long before each sync (default: 500)",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    parser.set_defaults(full=False)


def _man(commands: Commands) -> None:
    _command(commands, "man", "print the manual page: searchidx man > searchidx.1")


def _completion(commands: Commands) -> None:
    parser = _command(commands, "completion", "print a completion script for a shell")
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


_COMMANDS: dict[str, Callable[[Commands], None]] = {
    "index": _index,
    "query": _query,
    "why": _why,
    "similar": _similar,
    "saved": _saved,
    "shell": _shell,
    "stats": _stats,
    "fields": _fields,
    "terms": _terms,
    "check": _check,
    "lint": _lint,
    "watch": _watch,
    "completion": _completion,
    "man": _man,
}
"""What declares each command, in the order of the help."""


def with_dashed_values(parser: argparse.ArgumentParser, argv: Sequence[str]) -> list[str]:
    """The arguments with `--sort -date` written as `--sort=-date`, which argparse understands.

    Only long flags that take a value are joined with the word behind them, and only when that word
    starts with a single dash and is no flag itself.
    """
    actions = [action for command in _parsers(parser) for action in command._actions]
    flags = {flag for action in actions for flag in action.option_strings}
    taking = {flag for action in actions if action.nargs is None for flag in action.option_strings}
    joined: list[str] = []
    words = iter(argv)
    for word in words:
        joined.append(word)
        if word == "--":
            break
        if word in taking and word.startswith("--"):
            value = next(words, None)
            if value is not None and value[:1] == "-" and value[:2] != "--" and value not in flags:
                joined[-1] = f"{word}={value}"
            elif value is not None:
                joined.append(value)
    return [*joined, *words]


def _parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.values()


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0")
    return int(text)
