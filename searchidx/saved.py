"""Saved searches: queries with names, in a text file beside the index, and what they found last.

`@name` in a query stands for the query saved under that name.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from searchidx.errors import QueryError, SearchIdxError, SettingsError
from searchidx.index import Index
from searchidx.query.lex import TokenKind, lex
from searchidx.results import Results

FILE = "searchidx-saved.toml"
SYNTAX = 1
DEEPEST = 10

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")


def saved_path(index: Index) -> Path:
    """The file of the searches saved for an index."""
    return index.path.parent / FILE


def load_saved(path: Path) -> dict[str, str]:
    """The saved queries by name; empty when there is no file.

    Raises: SettingsError when the file is not one that `store_saved` wrote.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(path, 1, "", f"cannot be read ({error})") from error
    if table.get("syntax") != SYNTAX:
        reason = f"expected {SYNTAX}; this file is of another version of searchidx"
        raise SettingsError(path, 1, "syntax", reason)
    queries = table.get("queries", {})
    texts = isinstance(queries, dict) and all(isinstance(text, str) for text in queries.values())
    if not texts:
        raise SettingsError(path, 1, "queries", 'expected lines such as name = "query"')
    return dict(queries)


def store_saved(path: Path, queries: Mapping[str, str]) -> None:
    """Write the queries, in the order of their names; the file is whole at every moment."""
    lines = [f"syntax = {SYNTAX}", "", "[queries]"]
    lines += [f"{name} = {json.dumps(text)}" for name, text in sorted(queries.items())]
    write_whole(path, "\n".join(lines) + "\n")


def save_search(index: Index, name: str, text: str) -> None:
    """Save a query under a name, in place of what had that name.

    Raises: SearchIdxError for a name that `@` cannot call, QueryError for a query that cannot be
    honoured.
    """
    if not _NAME.fullmatch(name):
        raise SearchIdxError(f"{name!r} is no name; use letters, digits, - and _")
    path = saved_path(index)
    queries = {**load_saved(path), name: text}
    index.parse(expanded(text, queries))
    store_saved(path, queries)


def remove_search(index: Index, name: str) -> None:
    """Forget a saved query. Raises: SearchIdxError when there is none of that name."""
    path = saved_path(index)
    queries = load_saved(path)
    saved_query(queries, name)
    store_saved(path, {other: text for other, text in queries.items() if other != name})


def saved_query(queries: Mapping[str, str], name: str) -> str:
    """The query of that name. Raises: SearchIdxError that names the nearest."""
    wanted = name.removeprefix("@")
    if wanted not in queries:
        near = get_close_matches(wanted, queries, n=1)
        known = f"did you mean {near[0]}?" if near else "see: searchidx saved list"
        raise SearchIdxError(f"no search is saved as {wanted!r}; {known}")
    return queries[wanted]


def expanded(text: str, queries: Mapping[str, str], depth: int = 0) -> str:
    """The query with every `@name` replaced by the query of that name, in parentheses.

    What starts with @ and is near no name stays as it is.
    Raises: QueryError for a name that is nearly one, and for queries that name each other.
    """
    if "@" not in text or not queries:
        return text
    parts = []
    position = 0
    for start, end in _names(text):
        name = text[start + 1 : end]
        if name not in queries:
            if near := get_close_matches(name, queries, n=1):
                reason = f"no search is saved as {name!r}"
                hint = f'did you mean @{near[0]}? To look for the text itself, quote it: "@{name}"'
                raise QueryError(text, start, reason, hint, end)
            continue
        if depth >= DEEPEST:
            raise QueryError(text, start, "saved searches name each other", "see: saved list", end)
        parts += [text[position:start], f"({expanded(queries[name], queries, depth + 1)})"]
        position = end
    return "".join([*parts, text[position:]])


def _names(text: str) -> Iterator[tuple[int, int]]:
    """Where the names of saved searches stand, with their @."""
    before = None
    for token in lex(text):
        is_name = token.kind is TokenKind.WORD and token.value.startswith("@")
        is_free = is_name and before not in (TokenKind.FIELD, TokenKind.COMPARE)
        if is_free and _NAME.fullmatch(token.value[1:]):
            yield token.start, token.start + len(token.value)
        before = token.kind


# -- what is new


@dataclass(frozen=True, slots=True)
class Changes:
    """What a saved search finds that it did not find before, and what it no longer finds.

    (path, title) pairs, in the order of the results, and of the paths.
    """

    entered: tuple[tuple[str, str], ...]
    left: tuple[tuple[str, str], ...]

    def __bool__(self) -> bool:
        return bool(self.entered or self.left)


def seen_path(state: Path, index: Index, name: str) -> Path:
    """The file, in a folder for state, of what a saved search of an index found last."""
    digest = hashlib.blake2b(os.fsencode(index.path), digest_size=8).hexdigest()
    return state / "searchidx" / "saved" / digest / f"{name}.json"


def changes_since(path: Path, results: Results) -> Changes:
    """What is new since the file was written; everything when there is none."""
    try:
        before = dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        before = {}
    now = {hit.path: hit.text("title") for hit in results.hits}
    return Changes(
        tuple((post, title) for post, title in now.items() if post not in before),
        tuple((post, str(before[post])) for post in sorted(before) if post not in now),
    )


def remember(path: Path, results: Results) -> None:
    """Write what was found, for the next `changes_since`. Raises: OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, json.dumps([(hit.path, hit.text("title")) for hit in results.hits]))


def write_whole(path: Path, text: str) -> None:
    """Write a file beside, then put it in its place. Raises: OSError."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        if path.exists():
            os.chmod(name, path.stat().st_mode & 0o777)  # noqa: PTH101
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
