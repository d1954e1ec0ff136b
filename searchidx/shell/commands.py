"""Every `:command` of the shell, declared once: running, `:help` and completion all read it."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal

from searchidx import render
from searchidx.errors import QueryError, SearchIdxError
from searchidx.settings import Match
from searchidx.shell import counts, hits, keeping, texts
from searchidx.shell.session import Asked, Misused, Mode, Reply, Session, Shell

OFF = "off"
WEIGHED_BY: tuple[Literal["recency", "prior", "synonyms"], ...] = ("recency", "prior", "synonyms")
"""What may count besides the words of a query."""
REFRESH_WAIT_S = 1.0

QUERY_HELP = """\
queries:
  face mask               posts with both words, then those with either
  "face mask"             one after the other
  mask OR visor, -mask    either; without
  title:mask              in a field (:fields lists them)
  topics:(climate energy) several words in a field
  date:2020-05..2020-07   a range; also date:>=2020, date:"last month", quality:>50
  mas*, mask~, /ma.k/     a pattern, a near word, a regular expression
  has:related, missing:excerpt"""


class Takes(enum.Enum):
    """What a command takes, and so what is completed behind it."""

    NOTHING = enum.auto()
    HIT = enum.auto()
    HIT_AND_URL = enum.auto()
    SORT = enum.auto()
    NUMBER = enum.auto()
    MATCH = enum.auto()
    WEIGHT = enum.auto()
    FIELD = enum.auto()
    COMMAND = enum.auto()
    LINE = enum.auto()
    """The rest of the line as it is."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command: how it is written, what it does in one line, and the function that does it.

    `run` gets the words behind the name, never more than `most_words`.
    """

    name: str
    takes: Takes
    usage: str
    help: str
    most_words: int
    run: Callable[[Session, list[str]], Reply]


def run_line(session: Session, line: str) -> Reply:
    """What a query, or a command such as `:next`, brings. A line without text does nothing.

    When another process has committed, the newest generation is searched and the reply says so.
    A SearchIdxError or OSError becomes a failed reply.
    """
    line = line.strip()
    if not line:
        return Reply()
    news = ""
    try:
        session.refresh(REFRESH_WAIT_S)
        news = session.news()
        is_command = line.startswith(":") or line == "?"
        reply = run_command(session, line) if is_command else _answer(session, line)
    except (SearchIdxError, OSError) as error:
        reply = Reply(notes=texts.error_text(error), failed=True)
    return replace(reply, news=news)


def _answer(session: Session, text: str) -> Reply:
    """What a query brings; one that cannot be honoured, near ones that can."""
    try:
        return session.ask(Asked(text))
    except QueryError as error:
        notes = texts.error_text(error) + session.mend(error)
        return Reply(notes=notes, failed=True)


def run_command(session: Session, line: str) -> Reply:
    """What a line such as `:open 3` brings.

    Raises: SearchIdxError for an unknown command or arguments it does not take.
    """
    name, *words = ["help"] if line == "?" else line[1:].split()[:50] or [""]
    command = find_command(name)
    if command.takes is Takes.LINE:
        words = line[1:].split(None, 1)[1:]
    if len(words) > command.most_words:
        raise usage_error(command)
    try:
        return command.run(session, words)
    except Misused as error:
        raise usage_error(command) from error


def find_command(name: str) -> Command:
    """The command of that name, or the only one that starts so.

    Raises: SearchIdxError that names the nearest, or those that are meant.
    """
    known = [command.name for command in COMMANDS]
    fitting = [name] if name in known else [other for other in known if other.startswith(name)]
    if name and len(fitting) == 1:
        return next(command for command in COMMANDS if command.name == fitting[0])
    if name and fitting:
        raise SearchIdxError(f":{name} may mean {', '.join(f':{other}' for other in fitting)}")
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean :{near[0]}?" if near else "see :help"
    raise SearchIdxError(f"there is no command :{name}; {hint}")


def usage_error(command: Command) -> SearchIdxError:
    """How a command is written, as an error."""
    return SearchIdxError(f"write :{command.name} {command.usage}".rstrip())


# -- how posts match and are scored


def _match(session: Session, words: list[str]) -> Reply:
    if not words:
        return Reply(notes=f"match {session.option('match')}\n")
    if words[0] not in tuple(Match):
        raise SearchIdxError(f"match is {', '.join(Match)}, not {words[0]!r}")
    session.options["match"] = Match(words[0])
    return session.ask_again()


def _expand(session: Session, words: list[str]) -> Reply:
    wanted = session.options["expand"] = not session.option("expand")
    reply = session.ask_again()
    return replace(reply, notes=f"expand {'on' if wanted else OFF}\n{reply.notes}")


def _with(session: Session, words: list[str]) -> Reply:
    """Show what else counts, or set one; `off` turns it off. What cannot be honoured is not set."""
    if not words:
        shown = (f"{name} {session.option(name) or OFF}" for name in WEIGHED_BY)
        return Reply(notes=f"{', '.join(shown)}\n")
    name = next((name for name in WEIGHED_BY if name == words[0]), None)
    if name is None or len(words) != 2:
        raise usage_error(find_command("with"))
    before = session.options.copy()
    session.options[name] = "" if words[1] == OFF else words[1]
    try:
        session.search("a", limit=0)
    except SearchIdxError:
        session.options = before
        raise
    return session.ask_again()


# -- the index, the output, and help


def _fields(session: Session, words: list[str]) -> Reply:
    stats = session.index.stats()
    document = {
        "fields": [
            {"name": row.spec.name, "kind": row.spec.kind.value, "posts": row.posts}
            for row in stats.fields
        ],
        "meta": dict(stats.meta_keys),
    }
    return session.answer(render.fields_text(stats), document)


def _json(session: Session, words: list[str]) -> Reply:
    session.mode = Mode.JSON if session.mode is Mode.TEXT else Mode.TEXT
    return Reply(notes=f"output: {session.mode.value}\n")


def _reload(session: Session, words: list[str]) -> Reply:
    # Every line refreshes the index before it runs, and says so when there was something new.
    posts = texts.count_of(len(session.index), "post")
    return Reply(notes=f"generation {session.index.generation}, {posts}\n")


def _help(session: Session, words: list[str]) -> Reply:
    if words:
        command = find_command(words[0].removeprefix(":"))
        return Reply(text=_help_line(command, 0) + "\n")
    lines = ["commands:", *(_help_line(command, 17) for command in COMMANDS)]
    lines.append("Any start of a name that no other shares will do: :n, :q.")
    keys = (
        "keys: Tab completes, Right takes the grey text, Ctrl-R searches the history, Ctrl-D leaves"
    )
    return Reply(text="\n".join([*lines, "", QUERY_HELP, "", keys]) + "\n")


def _help_line(command: Command, width: int) -> str:
    return f"  {f':{command.name} {command.usage}'.ljust(width)}  {command.help}"


def _always(reply: Reply) -> Callable[[Session, list[str]], Reply]:
    """A command that brings the same whatever the session."""
    return lambda session, words: reply


_live, _plain = _always(Reply(shell=Shell.LIVE)), _always(Reply(shell=Shell.LINES))
_quit = _always(Reply(should_quit=True))


COMMANDS = (
    Command("open", Takes.HIT_AND_URL, "N [url]", "in your editor; its address", 2, hits.open_hit),
    Command("show", Takes.HIT, "N", "all of hit N", 1, hits.show),
    Command("more", Takes.HIT, "N", "posts like hit N", 1, hits.more),
    Command("explain", Takes.HIT, "N", "how the score of hit N came about", 1, hits.explain),
    Command("why", Takes.HIT, "N|PATH", "why that post matches, or does not", 1, hits.why),
    Command("fix", Takes.NUMBER, "[N]", "the query without hits, mended", 1, hits.fix),
    Command("next", Takes.NOTHING, "", "the next page of hits", 0, hits.next_page),
    Command("prev", Takes.NOTHING, "", "the page before", 0, hits.previous_page),
    Command("sort", Takes.SORT, "[FIELDS]", "by -date, quality,-date, …", 9, hits.sort_by),
    Command("limit", Takes.NUMBER, "[N]", "N hits a page", 1, hits.set_limit),
    Command("match", Takes.MATCH, "[HOW]", "best: all words, then some; all; any", 1, _match),
    Command("expand", Takes.NOTHING, "", "words of the best posts, too, or no more", 0, _expand),
    Command("with", Takes.WEIGHT, "[NAME VALUE]", "recency 30d, prior quality …; off", 2, _with),
    Command("rel", Takes.HIT, "N", "what it names as related, and what names it", 1, keeping.rel),
    Command("save", Takes.LINE, "NAME", "save the query; @NAME stands for it", 1, keeping.save),
    Command("saved", Takes.NOTHING, "", "the saved queries", 0, keeping.saved),
    Command("export", Takes.LINE, "FILE", "all hits as FILE.md, .json or .csv", 1, keeping.export),
    Command("once", Takes.LINE, "| COMMAND", "all hits into a system command", 1, keeping.once),
    Command("facets", Takes.FIELD, "FIELD", "the values in what matched", 1, counts.facets),
    Command("hist", Takes.FIELD, "[FIELD]", "the same in order: date:month …", 1, counts.hist),
    Command("cross", Takes.FIELD, "FIELD FIELD", "one field against another", 2, counts.cross),
    Command("fields", Takes.NOTHING, "", "the fields a query may name", 0, _fields),
    Command("json", Takes.NOTHING, "", "switch between text and JSON", 0, _json),
    Command("reload", Takes.NOTHING, "", "read the newest generation of the index", 0, _reload),
    Command("live", Takes.NOTHING, "", "search at every keystroke, on the whole screen", 0, _live),
    Command("plain", Takes.NOTHING, "", "search line by line", 0, _plain),
    Command("help", Takes.COMMAND, "[COMMAND]", "what can be typed; ? does the same", 1, _help),
    Command("quit", Takes.NOTHING, "", "leave; Ctrl-D does the same", 0, _quit),
)  # fmt: skip
"""In the order of `:help`."""
