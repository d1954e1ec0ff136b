"""The command `saved`: searches with names."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from searchidx import render
from searchidx.cli.arguments import EXIT_ERROR, EXIT_NONE, EXIT_OK
from searchidx.cli.commands import Arguments, index_to_search, line_of, print_results
from searchidx.errors import QueryError, SearchIdxError
from searchidx.index import Index
from searchidx.places import state_folder
from searchidx.saved import (
    Changes,
    changes_since,
    expanded,
    load_saved,
    remember,
    remove_search,
    save_search,
    saved_path,
    saved_query,
    seen_path,
)
from searchidx.settings import Match


def saved(arguments: Arguments) -> int:
    """List, save, run, remove or check saved searches."""
    with index_to_search(arguments) as source:
        match arguments.action:
            case "list":
                return _list(source)
            case "check":
                return _check(source)
        if not arguments.name:
            raise SearchIdxError(f"saved {arguments.action} takes the NAME of a search")
        match arguments.action:
            case "save":
                save_search(source, arguments.name, " ".join(arguments.text))
                return EXIT_OK
            case "remove":
                remove_search(source, arguments.name)
                return EXIT_OK
        return _run(source, arguments)


def _list(source: Index) -> int:
    queries = load_saved(saved_path(source))
    if queries:
        rows = [(f"@{name}", text) for name, text in sorted(queries.items())]
        sys.stdout.write(render.table_text(rows))
    return EXIT_OK if queries else EXIT_NONE


def _check(source: Index) -> int:
    """Every saved search that cannot be run any longer, on stdout."""
    queries = load_saved(saved_path(source))
    code = EXIT_OK
    for name, text in sorted(queries.items()):
        try:
            source.parse(expanded(text, queries))
        except QueryError as error:
            print(f"@{name}: {render.clean(str(error))}")
            code = EXIT_ERROR
    if code == EXIT_OK:
        print(f"{len(queries)} saved searches can be run", file=sys.stderr)
    return code


def _run(source: Index, arguments: Arguments) -> int:
    line_of(arguments, source)
    queries = load_saved(saved_path(source))
    text = expanded(saved_query(queries, arguments.name), queries)
    if not arguments.new:
        results = source.search(text, limit=arguments.limit)
        print_results(results, source, arguments)
        return EXIT_OK if results.total else EXIT_NONE
    match = Match.ANY if source.settings.search.match == Match.ANY else Match.ALL
    results = source.search(text, limit=len(source), match=match)
    name = arguments.name.removeprefix("@")
    path = seen_path(state_folder(os.environ, Path.home()), source, name)
    changes = changes_since(path, results)
    if arguments.json:
        print(render.json_text(_changes_json(changes)))
    else:
        sys.stdout.write(_changes_text(changes))
        sys.stdout.flush()
    remember(path, results)
    return EXIT_OK if changes else EXIT_NONE


def _changes_text(changes: Changes) -> str:
    rows = [("+", *row) for row in changes.entered] + [("-", *row) for row in changes.left]
    return "".join(f"{sign} {render.clean(path)}\t{render.clean(t)}\n" for sign, path, t in rows)


def _changes_json(changes: Changes) -> dict[str, object]:
    return {
        "format_version": render.JSON_FORMAT_VERSION,
        "entered": [{"path": path, "title": title} for path, title in changes.entered],
        "left": [{"path": path, "title": title} for path, title in changes.left],
    }
