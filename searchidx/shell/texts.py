"""What the shell prints, apart from hits: counts, errors, tables and whole posts, as plain text.

Whatever comes from a post is cleaned of what could steer a terminal (`render.clean`).
"""

from __future__ import annotations

from collections.abc import Iterable

from searchidx.answers import NoHits
from searchidx.errors import QueryError
from searchidx.highlight import marked
from searchidx.posts.model import value_text
from searchidx.related import Related
from searchidx.render import (
    Palette,
    added_text,
    clean,
    matches_text,
    no_hits_text,
    os_error_text,
)
from searchidx.results import Hit, Results
from searchidx.width import columns

LABEL_COLUMNS = 12
BODY, URL = "body", "url"


def count_of(number: int, noun: str) -> str:
    """A number and its noun: `1 post`, `12 posts`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def summary_text(results: Results, no_hits: NoHits | None = None) -> str:
    """How many matched, which are shown, in which order, how long it took, and what to do next."""
    last = results.offset + len(results)
    parts = [matches_text(results)]
    if 0 < len(results) < results.total:
        parts.append(f"{results.offset + 1} to {last} shown")
    if results.sort != "relevance" and results.total > 1:
        parts.append(f"by {results.sort}")
    more = "; :next for more" if last < results.total else ""
    line = f"{', '.join(parts)} ({results.elapsed_ms:.0f} ms){more}\n"
    line += added_text(results)
    if no_hits is None:
        return line
    hint = ":fix N runs one of them, Alt-N too\n" if no_hits.edits else ""
    return line + no_hits_text(no_hits, numbered=True) + hint


def error_text(error: Exception) -> str:
    """An error as one line; one about a query as the query, carets below, the reason and a hint."""
    if isinstance(error, QueryError):
        return "".join(f"{clean(line)}\n" for line in error.diagram().split("\n"))
    if isinstance(error, OSError):
        return f"{os_error_text(error)}\n"
    return clean(str(error)) + "\n"


def related_text(found: Related, palette: Palette) -> str:
    """What a post names as related and what names it, the posts of the index with a number."""
    lines = [f"{palette.title}names{palette.reset}"]
    for title, hit in found.names:
        number = f"{palette.number}{hit.rank:4}{palette.reset}" if hit else "   -"
        where = clean(hit.path) if hit else "not in the index"
        lines.append(f"{number}  {clean(title)}  {palette.faint}{where}{palette.reset}")
    lines += ["   nothing"] if not found.names else []
    lines.append(f"{palette.title}is named by{palette.reset}")
    for hit in found.named_by:
        where = f"{palette.faint}{clean(hit.path)}{palette.reset}"
        number = f"{palette.number}{hit.rank:4}{palette.reset}"
        lines.append(f"{number}  {clean(hit.text('title'))}  {where}")
    lines += ["   nothing"] if not found.named_by else []
    return "".join(f"{line}\n" for line in lines)


def related_json(found: Related) -> dict[str, object]:
    """The same as plain values."""
    return {
        "names": [{"title": title, "path": hit and hit.path} for title, hit in found.names],
        "named_by": [{"title": hit.text("title"), "path": hit.path} for hit in found.named_by],
    }


# -- one whole post


def post_text(hit: Hit, palette: Palette, width: int) -> str:
    """Everything the index holds of a post, what matched highlighted: fields, body, metadata."""
    blocks = [f"{palette.number}{hit.rank}{palette.reset}  {palette.linked(hit.path)}\n"]
    names = [name for name in hit.fields if name != BODY]
    rows = [line for name in names for line in _field_lines(hit, name, palette, width)]
    blocks.append("".join(rows))
    blocks += [f"{_painted(hit, BODY, at, palette, width)}\n" for at in range(len(hit.texts(BODY)))]
    blocks.append("".join(_meta_lines(hit.meta, palette, width)))
    return "\n".join(block for block in blocks if block)


def _field_lines(hit: Hit, name: str, palette: Palette, width: int) -> Iterable[str]:
    room = width - LABEL_COLUMNS
    values = [_painted(hit, name, at, palette, room) for at in range(len(hit.texts(name)))]
    if name == URL and len(values) == 1 and "\n" not in values[0]:
        values = [palette.link_to_address(hit.text(name), values[0])]
    for value in values or [clean(value_text(hit.fields[name]))]:
        yield _labelled(name, value, palette)
        name = ""


def _meta_lines(pairs: Iterable[tuple[str, str]], palette: Palette, width: int) -> Iterable[str]:
    for key, text in pairs:
        label = f"meta.{clean(key)}"
        line = wrapped(f"{label}  {clean(text)}", width - 2).replace("\n", "\n  ")
        yield f"{palette.faint}{line[: len(label)]}{palette.reset}{line[len(label) :]}\n"


def _labelled(label: str, value: str, palette: Palette) -> str:
    """The label, then the value beside it, its further lines below its first."""
    gap = " " * max(1, LABEL_COLUMNS - len(label))
    lines = value.replace("\n", "\n" + " " * LABEL_COLUMNS)
    return f"{palette.faint}{label}{palette.reset}{gap}{lines}\n"


def _painted(hit: Hit, name: str, number: int, palette: Palette, width: int) -> str:
    """One value of a field, safe and wrapped, with what matched highlighted.

    Cleaning and wrapping keep the length, so that the offsets of the matches stay true.
    """
    text = hit.texts(name)[number]
    keep_lines = text.split("\n") if name == BODY else [text]
    safe = wrapped("\n".join(clean(line) for line in keep_lines), width)
    spans = [(span.start, span.end) for span in hit.highlight(name) if span.value == number]
    return marked(safe, spans, palette.match, palette.match_end)


def wrapped(text: str, width: int) -> str:
    """The text with spaces turned into line ends so that lines fit; its length stays the same."""
    chars = list(text)
    space, used = -1, 0
    for at, char in enumerate(text):
        used = 0 if char == "\n" else used + columns(char)
        if char in " \n":
            space = at if char == " " else -1
        if used > width and space >= 0:
            chars[space] = "\n"
            used = sum(columns(char) for char in chars[space + 1 : at + 1])
            space = -1
    return "".join(chars)
