"""The commands about one hit, about pages of hits, and about a query without any."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from searchidx import render
from searchidx.errors import SearchIdxError
from searchidx.posts.scan import locate_file
from searchidx.reading import SearchOptions
from searchidx.render import WEB_ADDRESS
from searchidx.shell import texts
from searchidx.shell.session import (
    AUTOMATIC,
    Asked,
    Misused,
    Mode,
    Reply,
    Session,
    one,
)

MOST_HITS = 1000


# -- one hit


def open_hit(session: Session, words: list[str]) -> Reply:
    hit = session.hit(one(words))
    url = hit.text("url")
    if words[1:] == ["url"]:
        if not WEB_ADDRESS.fullmatch(url):
            raise SearchIdxError(
                f"hit {hit.rank} has no address that starts with http:// or https://"
            )
        return Reply(text=render.clean(url) + "\n", url=url)
    if words[1:]:
        raise Misused
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


def show(session: Session, words: list[str]) -> Reply:
    hit = session.hit(one(words))
    if session.mode is Mode.JSON:
        return Reply(text=render.json_text(render.hit_json(hit)) + "\n")
    return Reply(text=texts.post_text(hit, session.palette, session.width), is_long=True)


def more(session: Session, words: list[str]) -> Reply:
    return session.ask(Asked(like=session.hit(one(words)).path))


def fix(session: Session, words: list[str]) -> Reply:
    number = words[0] if words else "1"
    if not session.edits:
        raise SearchIdxError("nothing to mend: the last query had hits, or none is near")
    if not number.isdigit() or not 1 <= int(number[:4]) <= len(session.edits):
        raise SearchIdxError(f"write a number from 1 to {len(session.edits)}, not {number!r}")
    edit = session.edits[int(number) - 1]
    reply = session.ask(Asked(edit.query))
    return replace(reply, notes=f"{render.clean(edit.query)}\n{reply.notes}")


def explain(session: Session, words: list[str]) -> Reply:
    hit = session.hit(one(words))
    if session.asked is None or session.asked.like:
        raise SearchIdxError(":explain works on the hits of a query, these came from :more")
    asked = session.asked.query
    options: SearchOptions = {**session.options, "lenient": True}
    explanation = session.index.explain(session.expanded(asked), hit.path, **options)
    if explanation is None:
        raise SearchIdxError(f"{hit.path}: it matches no longer; the post has changed")
    heading = f"{hit.rank}  {render.clean(hit.text('title') or hit.path)}\n"
    if session.typed not in ("", asked):
        heading += f"for: {render.clean(session.typed)}\nsearched, with its last word as a start: "
        heading += f"{render.clean(asked)}\n\n"
    tree = render.explanation_text(explanation, "") + "\n"
    return session.answer(heading + tree, render.explanation_json(explanation))


def why(session: Session, words: list[str]) -> Reply:
    wanted = one(words)
    if not session.query:
        raise SearchIdxError("nothing was asked yet; type a query")
    path = session.hit(wanted).path if wanted.isdigit() else session.path_of(wanted)
    found = session.index.why(session.expanded(session.query), path)
    return session.answer(render.why_text(found, session.palette), render.why_json(found))


# -- pages and their order


def next_page(session: Session, words: list[str]) -> Reply:
    return session.turn(1)


def previous_page(session: Session, words: list[str]) -> Reply:
    return session.turn(-1)


def sort_by(session: Session, words: list[str]) -> Reply:
    if not words:
        return Reply(notes=f"sort {session.sort or AUTOMATIC}\n")
    wanted = ",".join(words).replace(",,", ",")
    wanted = "" if wanted == AUTOMATIC else wanted
    session.check_sort(wanted)
    session.sort = wanted
    return session.ask_again()


def set_limit(session: Session, words: list[str]) -> Reply:
    if not words:
        return Reply(notes=f"limit {session.limit}\n")
    if not re.fullmatch("[0-9]{1,4}", words[0]) or not 1 <= int(words[0]) <= MOST_HITS:
        raise SearchIdxError(f"a limit is a number from 1 to {MOST_HITS}, not {words[0]!r}")
    session.limit = int(words[0])
    return session.ask_again()
