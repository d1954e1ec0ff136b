"""Every `:command` of the shell, declared once: running, `:help` and completion all read it."""

from __future__ import annotations

import enum
import math
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from searchidx import render
from searchidx.charts import bars_text, cross_json, cross_text
from searchidx.errors import QueryError, SearchIdxError
from searchidx.posts.scan import locate_file
from searchidx.results import FacetCount
from searchidx.shell import texts
from searchidx.shell.session import Asked, Mode, Reply, Session, Shell

AUTOMATIC = "auto"
REFRESH_WAIT_S = 1.0
MOST_HITS = 1000
MOST_VALUES = 20
MOST_BARS = 60

WEB_ADDRESS = re.compile(r"https?://\S+", re.I)

QUERY_HELP = """\
queries:
  face mask               both words, in any of the default fields
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
    FIELD = enum.auto()
    COMMAND = enum.auto()


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
    if len(words) > command.most_words:
        raise usage_error(command)
    return command.run(session, words)


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


def _one(session: Session, words: list[str], name: str) -> str:
    if not words:
        raise usage_error(find_command(name))
    return words[0]


# -- one hit


def _open(session: Session, words: list[str]) -> Reply:
    hit = session.hit(_one(session, words, "open"))
    url = hit.text("url")
    if words[1:] == ["url"]:
        if not WEB_ADDRESS.fullmatch(url):
            raise SearchIdxError(
                f"hit {hit.rank} has no address that starts with http:// or https://"
            )
        return Reply(text=render.clean(url) + "\n", url=url)
    if words[1:]:
        raise usage_error(find_command("open"))
    file = locate_file(session.index.path.parent, hit.path)
    if not Path(file).is_file():
        raise SearchIdxError(f"{hit.path}: the file is gone; run: searchidx index")
    instead = f"; :open {hit.rank} url opens its address" if WEB_ADDRESS.fullmatch(url) else ""
    return Reply(command=(*_editor(session.environment, instead), file))


def _editor(environment: Mapping[str, str], instead: str) -> list[str]:
    """The words of $VISUAL, else $EDITOR."""
    for name in ("VISUAL", "EDITOR"):
        try:
            words = shlex.split(environment.get(name, ""))
        except ValueError as error:
            raise SearchIdxError(f"${name} cannot be read as a command: {error}") from error
        if words:
            return words
    raise SearchIdxError(f"neither $VISUAL nor $EDITOR names an editor{instead}")


def _show(session: Session, words: list[str]) -> Reply:
    hit = session.hit(_one(session, words, "show"))
    if session.mode is Mode.JSON:
        return Reply(text=render.json_text(render.hit_json(hit)) + "\n")
    return Reply(text=texts.post_text(hit, session.palette, session.width), is_long=True)


def _more(session: Session, words: list[str]) -> Reply:
    return session.ask(Asked(like=session.hit(_one(session, words, "more")).path))


def _fix(session: Session, words: list[str]) -> Reply:
    number = words[0] if words else "1"
    if not session.edits:
        raise SearchIdxError("nothing to mend: the last query had hits, or none is near")
    if not number.isdigit() or not 1 <= int(number[:4]) <= len(session.edits):
        raise SearchIdxError(f"write a number from 1 to {len(session.edits)}, not {number!r}")
    edit = session.edits[int(number) - 1]
    reply = session.ask(Asked(edit.query))
    return replace(reply, notes=f"{render.clean(edit.query)}\n{reply.notes}")


def _explain(session: Session, words: list[str]) -> Reply:
    hit = session.hit(_one(session, words, "explain"))
    if session.asked is None or session.asked.like:
        raise SearchIdxError(":explain works on the hits of a query, these came from :more")
    explanation = session.index.explain(session.asked.query, hit.path)
    if explanation is None:
        raise SearchIdxError(f"{hit.path}: it matches no longer; the post has changed")
    heading = f"{hit.rank}  {render.clean(hit.text('title') or hit.path)}\n"
    tree = render.explanation_text(explanation, "") + "\n"
    return session.answer(heading + tree, render.explanation_json(explanation))


def _why(session: Session, words: list[str]) -> Reply:
    wanted = _one(session, words, "why")
    if not session.query:
        raise SearchIdxError("nothing was asked yet; type a query")
    path = session.hit(wanted).path if wanted.isdigit() else session.path_of(wanted)
    found = session.index.why(session.query, path)
    return session.answer(render.why_text(found, session.palette), render.why_json(found))


# -- pages and their order


def _next(session: Session, words: list[str]) -> Reply:
    return session.turn(1)


def _prev(session: Session, words: list[str]) -> Reply:
    return session.turn(-1)


def _sort(session: Session, words: list[str]) -> Reply:
    if not words:
        return Reply(notes=f"sort {session.sort or AUTOMATIC}\n")
    wanted = ",".join(words).replace(",,", ",")
    wanted = "" if wanted == AUTOMATIC else wanted
    session.check_sort(wanted)
    session.sort = wanted
    return session.ask_again()


def _limit(session: Session, words: list[str]) -> Reply:
    if not words:
        return Reply(notes=f"limit {session.limit}\n")
    if not re.fullmatch("[0-9]{1,4}", words[0]) or not 1 <= int(words[0]) <= MOST_HITS:
        raise SearchIdxError(f"a limit is a number from 1 to {MOST_HITS}, not {words[0]!r}")
    session.limit = int(words[0])
    return session.ask_again()


# -- looking around


def _facets(session: Session, words: list[str]) -> Reply:
    name = _one(session, words, "facets")
    rows = session.index.facets(name, session.query or "*", limit=MOST_VALUES + 1)
    shown = rows[:MOST_VALUES]
    text = bars_text(shown, session.palette, session.width if session.draws else 0)
    more = "" if len(rows) <= MOST_VALUES else f"the {MOST_VALUES} most frequent values; "
    reply = session.answer(text, [{"value": row.value, "count": row.count} for row in shown])
    return replace(reply, notes=f"{more if rows else 'no values; '}{name} of {_whose(session)}\n")


def _hist(session: Session, words: list[str]) -> Reply:
    name = words[0] if words else "month"
    rows = session.index.facets(name, session.query or "*", limit=len(session.index) + 1)
    rows = tuple(sorted(rows, key=_by_value))
    shown = rows[-MOST_BARS:]
    text = bars_text(shown, session.palette, session.width)
    more = "" if len(rows) <= MOST_BARS else f"the last {MOST_BARS} of {len(rows)}; "
    reply = session.answer(text, [{"value": row.value, "count": row.count} for row in shown])
    return replace(reply, notes=f"{more if rows else 'no values; '}{name} of {_whose(session)}\n")


def _by_value(row: FacetCount) -> tuple[float, str]:
    """Numbers in their order, then texts in theirs."""
    try:
        return float(row.value), ""
    except ValueError:
        return math.inf, row.value


def _cross(session: Session, words: list[str]) -> Reply:
    if len(words) != 2:
        raise usage_error(find_command("cross"))
    found = session.index.cross(words[0], words[1], session.query or "*")
    reply = session.answer(cross_text(found, session.palette), cross_json(found))
    said = f"{words[0]} against {words[1]}, of {_whose(session)}\n"
    return replace(reply, notes=said if found.table else f"no values; {said}")


def _whose(session: Session) -> str:
    return f"the posts that match {render.clean(session.query)}" if session.query else "all posts"


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


def _live(session: Session, words: list[str]) -> Reply:
    return Reply(shell=Shell.LIVE)


def _plain(session: Session, words: list[str]) -> Reply:
    return Reply(shell=Shell.LINES)


def _quit(session: Session, words: list[str]) -> Reply:
    return Reply(should_quit=True)


COMMANDS = (
    Command("open", Takes.HIT_AND_URL, "N [url]", "hit N in your editor, or its address", 2, _open),
    Command("show", Takes.HIT, "N", "all of hit N", 1, _show),
    Command("more", Takes.HIT, "N", "posts like hit N", 1, _more),
    Command("explain", Takes.HIT, "N", "how the score of hit N came about", 1, _explain),
    Command("why", Takes.HIT, "N|PATH", "why that post matches, or does not", 1, _why),
    Command("fix", Takes.NUMBER, "[N]", "a query that had no hits, mended in way N", 1, _fix),
    Command("next", Takes.NOTHING, "", "the next page of hits", 0, _next),
    Command("prev", Takes.NOTHING, "", "the page before", 0, _prev),
    Command("sort", Takes.SORT, "[FIELDS]", "order by -date, quality,-date, relevance …", 9, _sort),
    Command("limit", Takes.NUMBER, "[N]", "N hits a page", 1, _limit),
    Command("facets", Takes.FIELD, "FIELD", "the values of a field in what matched", 1, _facets),
    Command("hist", Takes.FIELD, "[FIELD]", "the same in order: date:month, quality:9", 1, _hist),
    Command("cross", Takes.FIELD, "FIELD FIELD", "one field against another", 2, _cross),
    Command("fields", Takes.NOTHING, "", "the fields a query may name", 0, _fields),
    Command("json", Takes.NOTHING, "", "switch between text and JSON", 0, _json),
    Command("reload", Takes.NOTHING, "", "read the newest generation of the index", 0, _reload),
    Command("live", Takes.NOTHING, "", "search at every keystroke, on the whole screen", 0, _live),
    Command("plain", Takes.NOTHING, "", "search line by line", 0, _plain),
    Command("help", Takes.COMMAND, "[COMMAND]", "what can be typed; ? does the same", 1, _help),
    Command("quit", Takes.NOTHING, "", "leave; Ctrl-D does the same", 0, _quit),
)  # fmt: skip
"""In the order of `:help`."""
