"""The commands that keep or hand on what was found, and those that walk from post to post."""

from __future__ import annotations

from pathlib import Path

from searchidx import render
from searchidx.errors import SearchIdxError
from searchidx.export import FORMATS, exported
from searchidx.related import related_of
from searchidx.saved import load_saved, save_search, saved_path
from searchidx.shell import texts
from searchidx.shell.session import Misused, Mode, Reply, Session, one


def rel(session: Session, words: list[str]) -> Reply:
    post = session.index.post(session.hit(one(words)).path)
    found = related_of(session.index, post)
    session.show(found.hits())
    return session.answer(texts.related_text(found, session.palette), texts.related_json(found))


def save(session: Session, words: list[str]) -> Reply:
    name = one(words).removeprefix("@")
    if not session.typed:
        raise SearchIdxError("nothing was asked yet; type a query")
    save_search(session.index, name, session.typed)
    return Reply(notes=f"saved; @{name} in a query stands for {render.clean(session.typed)}\n")


def saved(session: Session, words: list[str]) -> Reply:
    queries = load_saved(saved_path(session.index))
    if not queries:
        return Reply(notes="nothing is saved yet; :save NAME saves the last query\n")
    rows = [(f"@{name}", text) for name, text in sorted(queries.items())]
    return session.answer(render.table_text(rows), queries)


def export(session: Session, words: list[str]) -> Reply:
    path = Path(one(words)).expanduser()
    if path.suffix not in FORMATS:
        raise SearchIdxError(f"a file ends in {', '.join(FORMATS)}, not in {path.suffix!r}")
    results = session.everything()
    with open(path, "x", encoding="utf-8") as file:  # never over a file that is there
        file.write(exported(results, path.suffix))
    return Reply(
        notes=f"{texts.count_of(len(results), 'hit')} written to {render.clean(str(path))}\n"
    )


def once(session: Session, words: list[str]) -> Reply:
    command = one(words).removeprefix("|").strip()
    if not command:
        raise Misused
    results = session.everything()
    if session.mode is Mode.JSON:
        return Reply(piped=(command, exported(results, ".json")))
    return Reply(piped=(command, render.render_text(results, render.PLAIN, session.width)))
