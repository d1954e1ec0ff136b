"""The hits, as lines: the title, what the post is about, and its best part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from searchidx import render
from searchidx.highlight import marked
from searchidx.render import Palette
from searchidx.results import Hit
from searchidx.shell.live.arrangement import Box, rows_per_hit
from searchidx.shell.live.asking import Question, chosen_hit
from searchidx.shell.live.lines import PAINT, Line, block, painted, styled
from searchidx.shell.live.state import State

CURSOR = "▸"
ROWS_KEPT = 400


@dataclass(frozen=True, slots=True)
class _Shown:
    """A hit and the room it has; `question` tells what is highlighted in it."""

    question: Question
    generation: int
    hit: Hit
    columns: int
    rows: int
    palette: Palette = PAINT


def hit_lines(state: State, box: Box, palette: Palette = PAINT) -> list[Line]:
    """The hits that the box has room for, the selected one marked."""
    found = state.answer
    size = rows_per_hit(box)
    lines: list[Line] = []
    for at in range(state.top, state.top + box.rows // size):
        hit = chosen_hit(found, at)
        if found is None or hit is None:
            break
        shown = _Shown(found.question, found.generation, hit, box.columns - 2, size, palette)
        rows = _rows(shown)
        is_selected = at == state.selected and not state.chooses_facets
        for number, row in enumerate(rows):
            mark = CURSOR if is_selected and not number else " "
            line = [("", f"{mark} "), *row]
            lines.append(styled(line, "class:chosen") if is_selected else line)
    return block(lines, box.columns, box.rows)


@lru_cache(maxsize=ROWS_KEPT)
def _rows(shown: _Shown) -> tuple[Line, ...]:
    """The rows of a hit, filled to their width. Kept, since most of a screen stays as it was."""
    lines = list(_one(shown.hit, shown))
    return tuple(block(lines, shown.columns, shown.rows))


def _one(hit: Hit, room: _Shown) -> Iterator[Line]:
    number = str(hit.rank)
    yield [("class:number", f"{number} "), *painted(linked_title(hit, room.palette), "class:title")]
    indent = ("", " " * (len(number) + 1))
    if room.rows > 1:
        yield [indent, *painted(render.about_text(hit, PAINT), "class:faint")]
    if room.rows > 2:
        yield [indent, *painted(_best_part(hit, room.columns - len(indent[1])))]


def linked_title(hit: Hit, palette: Palette) -> str:
    """The title, linked to the file of the post."""
    return palette.link_to_file(hit.path, marked_title(hit))


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
