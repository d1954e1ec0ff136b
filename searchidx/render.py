"""Results become text for a terminal, JSON, JSON Lines, paths or a template's lines.

Nothing of a post reaches a terminal as it is: control characters, escape sequences and marks that
reorder text are replaced (`clean`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from searchidx.errors import QueryError, SearchIdxError
from searchidx.highlight import ELLIPSIS, best_window
from searchidx.patterns import late_pattern
from searchidx.query.lex import field_name
from searchidx.results import ANOTHER_SPELLING, Hit, Matched, Results
from searchidx.width import columns

if TYPE_CHECKING:
    from searchidx.answers import Clause, Edit, Explanation, NoHits, Suggestion, Why
    from searchidx.posts.model import FieldValue
    from searchidx.stats import Stats

JSON_FORMAT_VERSION = 1
SNIPPET_LINES = 2
WIDEST_TEXT = 100
NARROWEST_TEXT = 40
SHOWN_BELOW = ("excerpt", "related", "body")
"""Fields whose matching parts get lines of their own, and the order of those lines."""

Pairs = list[tuple[int, int]]

_UNSAFE = late_pattern(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
_ESCAPED = late_pattern("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_PLACEHOLDER = late_pattern(r"\{\{|\}\}|\{([^{}]*)\}|\\(.)|[{}]", re.S)


WEB_ADDRESS = late_pattern(r"https?://\S+", re.I)
KEPT_IN_ADDRESSES = ":/?#[]@!$&'()*+,;=%~"


class Palette(NamedTuple):
    """What is put before each kind of text, and behind all of them."""

    title: str = ""
    match: str = "*"
    match_end: str = "*"
    faint: str = ""
    number: str = ""
    reset: str = ""
    files: str = ""

    def linked(self, path: str) -> str:
        """A path as it is shown; with `files`, linked to the file, for terminals that have links.

        `files` is the absolute folder that relative paths count from.
        """
        return self.link_to_file(path, clean(path))

    def link_to_file(self, path: str, text: str) -> str:
        """The text, linked to a file; the text alone without `files`."""
        if not self.files:
            return text
        from urllib.parse import quote

        whole = path if path.startswith("/") else f"{self.files}/{path}"
        return _link(f"file://{quote(whole, errors='replace')}", text)

    def link_to_address(self, address: str, text: str) -> str:
        """The text, linked to a web address; the text alone without `files`, or for no address."""
        if not self.files or not WEB_ADDRESS.fullmatch(address):
            return text
        from urllib.parse import quote

        return _link(quote(address, safe=KEPT_IN_ADDRESSES, errors="replace"), text)


def _link(target: str, text: str) -> str:
    """A text with the sequences around it that make a link of it (OSC 8)."""
    return f"\x1b]8;;{target}\x1b\\{text}\x1b]8;;\x1b\\"


PLAIN = Palette()
COLOURED = Palette(
    title="\x1b[1m",
    match="\x1b[1;33m",
    match_end="\x1b[0m",
    faint="\x1b[2m",
    number="\x1b[36m",
    reset="\x1b[0m",
)


def clean(text: str) -> str:
    """The text with everything replaced that could steer a terminal; the length stays the same."""
    return text if text.isprintable() else _UNSAFE.sub(_stand_in, text)


def _stand_in(match: re.Match[str]) -> str:
    char = match[0]
    if char in "\t\n\r\u2028\u2029":
        return " "
    return chr(0x2400 + ord(char)) if char < " " else "\ufffd"


def render_text(results: Results, palette: Palette, width: int) -> str:
    """The hits for a terminal `width` columns wide, each with what matched highlighted."""
    return "\n".join(_hit_text(hit, palette, width) for hit in results.hits)


def _hit_text(hit: Hit, palette: Palette, width: int) -> str:
    indent = " " * (len(str(hit.rank)) + 2)
    room = max(20, width - len(indent))
    title = hit.text("title") or hit.path
    spans = [(span.start, span.end) for span in hit.highlight("title")]
    lines = _wrapped(title, spans if hit.text("title") else [], room, 3)
    head = [_painted(text, pairs, palette, palette.title) for text, pairs in lines]
    shown = [f"{palette.number}{hit.rank}{palette.reset}  {head[0]}"]
    shown += [indent + line for line in head[1:]]
    if about := about_text(hit, palette):
        shown.append(indent + about)
    some = " · some of the words" if hit.matched is Matched.SOME else ""
    path = palette.linked(hit.path)
    shown.append(f"{indent}{palette.faint}{path}{some}{palette.reset}")
    for name in SHOWN_BELOW:
        shown += [indent + line for line in snippets(hit, name, palette, room)]
    return "\n".join(shown) + "\n"


def about_text(hit: Hit, palette: Palette) -> str:
    """Date · provider · topics of a hit, in one line, with what matched highlighted."""
    parts = []
    date = hit.fields.get("date")
    if isinstance(date, datetime):
        parts.append(date.date().isoformat())
    parts += [", ".join(_marked_values(hit, "provider", palette)[:1])]
    parts += [", ".join(_marked_values(hit, "topics", palette))]
    return " · ".join(part for part in parts if part)


def _marked_values(hit: Hit, name: str, palette: Palette) -> list[str]:
    spans = hit.highlight(name)
    return [
        _painted(text, [(s.start, s.end) for s in spans if s.value == number], palette, "")
        for number, text in enumerate(hit.texts(name))
    ]


def snippets(hit: Hit, name: str, palette: Palette, room: int) -> list[str]:
    """The lines for one field: its matching values cut to their best part.

    The excerpt is shown when nothing in it matched, too.
    """
    spans = hit.highlight(name)
    lines: list[str] = []
    for number, text in enumerate(hit.texts(name)):
        pairs = [(span.start, span.end) for span in spans if span.value == number]
        if not pairs and name != "excerpt":
            continue
        label = "" if name == "excerpt" else f"{name}: "
        lines += _snippet_lines(text, pairs, palette, (room, label))
    return lines[:6]


def _snippet_lines(text: str, pairs: Pairs, palette: Palette, frame: tuple[int, str]) -> list[str]:
    room, label = frame
    start, end = best_window(text, pairs, SNIPPET_LINES * (room - len(label)) - 4)
    before = ELLIPSIS if start else ""
    part = before + text[start:end] + (ELLIPSIS if end < len(text) else "")
    moved = [
        (max(first, start) - start + len(before), min(last, end) - start + len(before))
        for first, last in pairs
        if first < end and last > start
    ]
    lines = _wrapped(part, moved, room - len(label), SNIPPET_LINES)
    painted = [_painted(line, spans, palette, "") for line, spans in lines]
    margin = " " * len(label)
    first = f"{palette.faint}{label}{palette.reset}" if label else ""
    return [first + painted[0], *(margin + line for line in painted[1:])] if painted else []


def _wrapped(text: str, pairs: Pairs, width: int, most: int) -> list[tuple[str, Pairs]]:
    """The text in at most `most` lines of `width` columns, each with its own spans.

    White space is collapsed at line ends only, so that offsets stay true within a line.
    """
    lines: list[tuple[str, Pairs]] = []
    position = 0
    while position < len(text) and len(lines) < most:
        end = _line_end(text, position, width)
        line = text[position:end]
        if len(lines) == most - 1 and end < len(text) and not line.endswith(ELLIPSIS):
            line = line[: max(1, len(line) - 1)].rstrip() + ELLIPSIS
        limit = position + len(line)
        inside = [(max(s, position), min(e, limit)) for s, e in pairs if s < limit and e > position]
        lines.append((line, [(s - position, e - position) for s, e in inside]))
        position = end
        while position < len(text) and text[position] in " \n\t":
            position += 1
    return lines


def _line_end(text: str, position: int, width: int) -> int:
    """Where a line that starts at `position` ends: at the last space that fits, else hard."""
    used = 0
    space = -1
    for at in range(position, len(text)):
        used += columns(text[at])
        if text[at] in " \n\t":
            space = at
        if used > width:
            return space if space > position else max(at, position + 1)
    return len(text)


def _painted(text: str, pairs: Iterable[tuple[int, int]], palette: Palette, base: str) -> str:
    safe = clean(text)
    parts = [base]
    position = 0
    for start, end in pairs:
        parts += [safe[position:start], palette.match, safe[start:end], palette.match_end, base]
        position = end
    tail = palette.reset if base else ""
    return "".join([*parts, safe[position:], tail])


def matches_text(results: Results) -> str:
    """How many posts match, in words: with all words of the query, and with some."""
    every, others = results.total_all, results.total - results.total_all
    counted = count_text(every)
    if not others:
        return counted
    of_others = f"{'other ' if others == 1 else 'others '}" if every else ""
    return f"{counted} all words; {others} {of_others}{'matches' if others == 1 else 'match'} some"


def count_text(posts: int) -> str:
    """So many posts match, in words."""
    return f"{posts or 'no'} {'post matches' if posts == 1 else 'posts match'}"


def added_text(results: Results) -> str:
    """A line with the words that were added to the query; empty when none were."""
    return f"also looked for: {clean(', '.join(results.added))}\n" if results.added else ""


def table_text(rows: Sequence[Sequence[str]]) -> str:
    """Rows of equal length as columns, two spaces apart, each row ended by a newline."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = (
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "".join(clean(line).rstrip() + "\n" for line in lines)


def fields_text(stats: Stats) -> str:
    """The fields and metadata keys that a query may name, as a table."""
    rows = [("FIELD", "KIND", "POSTS", "ALSO")]
    rows += [
        (row.spec.name, row.spec.kind.value, str(row.posts), ", ".join(row.spec.aliases))
        for row in stats.fields
    ]
    names = [(field_name(f"meta.{key}"), count) for key, count in stats.meta_keys]
    rows += [(name, "keyword", str(count), "") for name, count in names]
    return table_text(rows)


def os_error_text(error: OSError) -> str:
    """An error of the operating system in a few words, with the file that is meant."""
    where = f"{error.filename}: " if error.filename else ""
    return clean(f"{where}{error.strerror or error}")


def text_width(terminal_columns: int) -> int:
    """The columns to write in on a terminal so wide."""
    return max(NARROWEST_TEXT, min(WIDEST_TEXT, terminal_columns))


def suggestions_text(suggestions: Sequence[Suggestion]) -> str:
    """`did you mean` lines, each ended by a newline; empty for none."""
    return "".join(f"did you mean: {clean(s.query)}  ({s.total})\n" for s in suggestions)


def no_hits_text(found: NoHits, *, numbered: bool = False) -> str:
    """The hits of each clause, which of them empties the query, and changes that bring hits back.

    A line each, ended by a newline; `numbered` changes have a number to be called by.
    """
    lines = []
    if len(found.clauses) > 1:
        for clause in found.clauses:
            note = "  leaves nothing" if clause.text == found.emptied_by else ""
            lines.append(f"{clause.total:8}  {clean(clause.text)}{note}")
    for number, edit in enumerate(found.edits, 1):
        label = f"{number} " if numbered else ""
        lines.append(f"{label}{edit_text(edit)}")
    return "".join(f"{line}\n" for line in lines)


def edit_text(edit: Edit) -> str:
    """A changed query with its hits, in a line."""
    if edit.change == ANOTHER_SPELLING:
        return f"did you mean: {clean(edit.query)}  ({edit.total})"
    return f"{clean(edit.change)}: {clean(edit.query)}  ({edit.total})"


# -- machine formats


def json_text(document: object) -> str:
    """JSON in UTF-8 letters, but for characters that could steer a terminal, which are escaped."""
    text = json.dumps(document, ensure_ascii=False)
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def results_json(
    results: Results,
    explanations: Sequence[Explanation | None] = (),
    no_hits: NoHits | None = None,
) -> dict[str, Any]:
    """The results as plain values, in the form that `docs/json.md` describes."""
    rows = [hit_json(hit) for hit in results.hits]
    for row, explanation in zip(rows, explanations, strict=False):
        row["explanation"] = explanation_json(explanation) if explanation else None
    return {
        "format_version": JSON_FORMAT_VERSION,
        "query": results.query,
        "total": results.total,
        "total_all": results.total_all,
        "offset": results.offset,
        "sort": results.sort,
        "elapsed_ms": round(results.elapsed_ms, 3),
        "added": list(results.added),
        "hits": rows,
        "facets": {
            name: [{"value": row.value, "count": row.count} for row in rows]
            for name, rows in results.facets.items()
        },
        "problems": [problem_json(problem) for problem in results.problems],
        "suggestions": [
            {"query": edit.query, "total": edit.total}
            for edit in (no_hits.edits if no_hits else ())
            if edit.change == ANOTHER_SPELLING
        ],
        "no_hits": no_hits_json(no_hits) if no_hits else None,
    }


def no_hits_json(found: NoHits) -> dict[str, Any]:
    """Why there are no hits, as plain values."""
    return {
        "clauses": [
            {"text": clause.text, "total": clause.total, "excluded": clause.is_excluded}
            for clause in found.clauses
        ],
        "emptied_by": found.emptied_by,
        "edits": [
            {"query": edit.query, "total": edit.total, "change": edit.change}
            for edit in found.edits
        ],
    }


def hit_json(hit: Hit) -> dict[str, Any]:
    """One hit as plain values; highlights are character offsets into the texts of `fields`."""
    highlights = {
        name: [{"value": s.value, "start": s.start, "end": s.end} for s in hit.highlight(name)]
        for name in hit.matching.known()[0]
    }
    meta: dict[str, list[str]] = {}
    for key, text in hit.meta:
        meta.setdefault(key, []).append(text)
    return {
        "rank": hit.rank,
        "matched": hit.matched.value,
        "score": round(hit.score, 6),
        "path": hit.path,
        "fields": {name: value_json(value) for name, value in hit.fields.items()},
        "meta": meta,
        "highlights": {name: spans for name, spans in highlights.items() if spans},
    }


def value_json(value: FieldValue) -> Any:
    """A field value as JSON has it: a list of texts, a number, an ISO 8601 date in UTC, a bool."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return int(value) if isinstance(value, float) and value.is_integer() else value


def problem_json(problem: QueryError) -> dict[str, Any]:
    return {
        "position": problem.position,
        "end": problem.end,
        "reason": problem.reason,
        "hint": problem.hint,
    }


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    return {
        "what": explanation.what,
        "score": round(explanation.score, 6),
        "details": explanation.details,
        "parts": [explanation_json(part) for part in explanation.parts],
    }


def explanation_text(explanation: Explanation, indent: str) -> str:
    """The explanation as an indented tree, a line for every part."""
    details = f"  ({explanation.details})" if explanation.details else ""
    line = f"{indent}{explanation.score:8.3f}  {clean(explanation.what)}{details}"
    return "\n".join([line, *(explanation_text(part, indent + "  ") for part in explanation.parts)])


SHOWN_SCORE = 0.0005
"""Less than this is shown as nothing."""


def why_text(found: Why, palette: Palette) -> str:
    """Why a post matches or not: its rank, then every clause with the words it looks for."""
    if found.rank:
        head = f"matches: hit {found.rank} of {found.total}, score {found.score:.3f}"
        if abs(found.beside) >= SHOWN_SCORE:
            head += f", {found.beside:.3f} of it for the query as a whole"
    else:
        head = f"does not match; {count_text(found.total)}"
    lines = [f"{palette.title}{clean(found.path)}{palette.reset}", head]
    for clause in found.clauses:
        lines += _clause_lines(clause, palette)
    return "".join(f"{line}\n" for line in lines)


def _clause_lines(clause: Clause, palette: Palette) -> Iterable[str]:
    mark = "yes" if clause.is_met else "NO "
    tokens = [clean(t.what) + ("" if t.is_held else " (not there)") for t in clause.tokens]
    yield f"{mark}  {palette.title}{clean(clause.text)}{palette.reset}  {clean(clause.meaning)}"
    if clause.is_excluded:
        yield "     not there, as asked" if clause.is_met else "     there, and must not be"
    if clause.held:
        yield f"     {palette.faint}the post has:{palette.reset} {clean(clause.held)}"
    if clause.explanation:
        yield explanation_text(clause.explanation, "   ")
    elif not clause.is_met and len(tokens) > 1:
        yield f"     {palette.faint}looked for:{palette.reset} {'; '.join(tokens)}"


def why_json(found: Why) -> dict[str, Any]:
    """Why a post matches or not, as plain values."""
    return {
        "format_version": JSON_FORMAT_VERSION,
        "query": found.query,
        "path": found.path,
        "matches": bool(found.rank),
        "rank": found.rank or None,
        "total": found.total,
        "score": round(found.score, 6),
        "score_beside": round(found.beside, 6),
        "clauses": [
            {
                "text": clause.text,
                "meaning": clause.meaning,
                "excluded": clause.is_excluded,
                "met": clause.is_met,
                "explanation": clause.explanation and explanation_json(clause.explanation),
                "tokens": [{"what": t.what, "held": t.is_held} for t in clause.tokens],
                "held": clause.held,
            }
            for clause in found.clauses
        ],
    }


def template(text: str, names: Sequence[str]) -> Callable[[Hit], str]:
    """A function from a hit to one line, for a template such as `{title}\\t{url}`.

    Raises: SearchIdxError for a name that is no field, or a brace without its other half.
    """
    known = [*names, "path", "rank", "score", "matched"]
    parts: list[tuple[str, str]] = []
    position = 0
    for found in _PLACEHOLDER.finditer(text):
        parts.append((text[position : found.start()], ""))
        position = found.end()
        if found[0] in ("{{", "}}"):
            parts.append((found[0][0], ""))
        elif found[2] is not None:
            parts.append(({"t": "\t", "n": "\n", "0": "\0"}.get(found[2], found[2]), ""))
        elif found[1] is None or not (found[1] in known or found[1].startswith("meta.")):
            reason = f"there is no field {found[1]!r}" if found[1] is not None else "a lone brace"
            raise SearchIdxError(f"--format: {reason}; use {', '.join(known)} or meta.KEY")
        else:
            parts.append(("", found[1]))
    parts.append((text[position:], ""))
    return lambda hit: "".join(_filled(hit, name) if name else literal for literal, name in parts)


def _filled(hit: Hit, name: str) -> str:
    if name in ("path", "rank", "matched"):
        return clean(str(getattr(hit, name)))
    if name == "score":
        return f"{hit.score:.4f}"
    if name.startswith("meta."):
        wanted = name[5:].lower()
        return clean(", ".join(text for key, text in hit.meta if key.lower() == wanted))
    value = hit.fields.get(name)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    plain = value_json(value)
    return clean(", ".join(plain) if isinstance(plain, list) else str(plain))
