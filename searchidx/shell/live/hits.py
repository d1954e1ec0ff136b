"""The hits, as lines: the title, what the post is about, and its best part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from searchidx import render
from searchidx.highlight import marked
from searchidx.results import Hit
from searchidx.shell.live.arrangement import Box, rows_per_hit
from searchidx.shell.live.asking import chosen_hit
from searchidx.shell.live.lines import PAINT, Line, block, painted, styled
from searchidx.shell.live.state import State

CURSOR = "▸"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a hit stands: its first row says whether it is the selected one."""

    columns: int
    rows: int
    is_selected: bool


def hit_lines(state: State, box: Box) -> list[Line]:
    """The hits that the box has room for, the selected one marked."""
    size = rows_per_hit(box)
    lines: list[Line] = []
    for at in range(state.top, state.top + box.rows // size):
        hit = chosen_hit(state.answer, at)
        if hit is None:
            break
        place = _Place(box.columns, size, at == state.selected and not state.chooses_facets)
        rows = block(list(_one(hit, place)), box.columns, size)
        lines += [styled(row, "class:selected") for row in rows] if place.is_selected else rows
    return block(lines, box.columns, box.rows)


def _one(hit: Hit, place: _Place) -> Iterator[Line]:
    number = str(hit.rank)
    mark = CURSOR if place.is_selected else " "
    title = marked_title(hit)
    yield [("", f"{mark} "), ("class:number", f"{number} "), *painted(title, "class:title")]
    indent = ("", " " * (len(number) + 3))
    if place.rows > 1:
        yield [indent, *painted(render.about_text(hit, PAINT), "class:faint")]
    if place.rows > 2:
        yield [indent, *painted(_best_part(hit, place.columns - len(indent[1])))]


def marked_title(hit: Hit) -> str:
    """The title, else the path, safe to show and with what matched in the colours of `PAINT`."""
    spans = [(span.start, span.end) for span in hit.highlight("title")]
    if not hit.text("title"):
        return render.clean(hit.path)
    return marked(render.clean(hit.text("title")), spans, PAINT.match, PAINT.match_end)


def _best_part(hit: Hit, width: int) -> str:
    """The first line of the first field that has something to show below the title."""
    for name in render.SHOWN_BELOW:
        found = render.snippets(hit, name, PAINT, max(20, width))
        if found:
            return found[0]
    return ""
