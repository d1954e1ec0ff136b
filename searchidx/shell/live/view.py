"""The screen of the live shell below the query line, drawn from its state: lines of fragments."""

from __future__ import annotations

from dataclasses import dataclass

from searchidx.query.vocabulary import Vocabulary
from searchidx.render import Palette, clean, edit_text, matches_text
from searchidx.shell.live.arrangement import Arrangement, Box
from searchidx.shell.live.hits import CURSOR, hit_lines
from searchidx.shell.live.keys import KEYS
from searchidx.shell.live.lines import PAINT, Line, beside, block, fitted, styled
from searchidx.shell.live.panes import facet_lines, histogram_lines, overlay_lines
from searchidx.shell.live.state import State, facet_rows
from searchidx.shell.texts import count_of

KEYS_COLUMNS = 60
"""At the right of the last line the index is told of when the keys have so much room."""

FRAME = ("class:frame", "│")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the screen shows besides the state: the index, and what is wrong with the query."""

    vocabulary: Vocabulary
    posts: int = 0
    generation: int = 0
    problem: str = ""
    palette: Palette = PAINT


def screen(state: State, facts: Facts) -> list[Line]:
    """Exactly as many lines as the screen has rows, but for the one of the query."""
    places = state.arrangement
    lines = _head(state, facts, places)
    lines += _body(state, facts, places)
    if places.histogram.is_shown:
        months = state.tally.months if state.tally else ()
        lines += histogram_lines(months, places.histogram)
    lines.append(_foot(state, facts))
    return block(lines, state.columns, state.rows - 1)


def _head(state: State, facts: Facts, places: Arrangement) -> list[Line]:
    """How many posts match and how the query was understood, or what is wrong with it."""
    status: Line = [("class:status", f" {_status(state)}")]
    if facts.problem:
        meant: Line = [("class:problem-text", f" {clean(facts.problem)}")]
    else:
        meaning = state.answer.meaning if state.answer and not state.is_command else ""
        meant = [("class:faint", f" means: {clean(meaning)}" if meaning else "")]
    if places.has_meaning_row:
        return [fitted(status, state.columns, "class:status"), fitted(meant, state.columns)]
    return [fitted([*status, ("", " "), *meant], state.columns)]


def _status(state: State) -> str:
    if state.is_command:
        return "a command: Enter runs it, Tab completes it"
    if state.answer is None:
        return "…"
    results = state.answer.results
    is_ordered = results.sort != "relevance" and results.total > 1
    parts = [matches_text(results), f"by {results.sort}" if is_ordered else ""]
    parts.append(f"{results.elapsed_ms:.1f} ms")
    if state.like:
        parts.insert(0, "posts alike")
    if results.total:
        parts.append(f"hit {state.selected + 1}")
    text = " · ".join(part for part in parts if part)
    return text if state.is_current else f"{text} · searching …"


def _body(state: State, facts: Facts, places: Arrangement) -> list[Line]:
    below = places.preview.rows + 1 if places.is_preview_below else 0
    rows = max(places.hits.rows + below, places.preview.rows, places.facets.rows)
    if state.overlay:
        return overlay_lines(state.overlay, Box(state.columns, rows))
    if state.reads:
        return _preview_lines(state, places.preview)
    if not state.total and state.answer:
        if not facet_rows(state.tally):
            return block(_nothing(state), state.columns, rows)
        beside_facets = state.columns - places.facets.columns - bool(places.facets.columns)
        return _with_facets(block(_nothing(state), beside_facets, rows), state, facts)
    main = hit_lines(state, places.hits, facts.palette)
    if places.preview.is_shown and places.is_preview_below:
        line: Line = [("class:frame", "─" * places.hits.columns)]
        main = [*main, line, *_preview_lines(state, places.preview)]
    elif places.preview.is_shown:
        main = beside([main, _preview_lines(state, places.preview)], FRAME)
    return _with_facets(main, state, facts)


def _with_facets(main: list[Line], state: State, facts: Facts) -> list[Line]:
    """The lines with the facets beside them, where there is room for those."""
    box = state.arrangement.facets
    if not box.is_shown:
        return main
    return beside([facet_lines(state, facts.vocabulary, box), main], FRAME)


def _nothing(state: State) -> list[Line]:
    """The hits of each clause of a query without any, and the changes that bring hits back."""
    lines: list[Line] = [[("class:heading", " no posts match")]]
    if state.rescue is None or state.rescue.question != state.question:
        return lines
    found = state.rescue.found
    for clause in found.clauses if len(found.clauses) > 1 else ():
        note = "  leaves nothing" if clause.text == found.emptied_by else ""
        count = ("class:number", f"{clause.total:8}  ")
        lines.append([count, ("", clean(clause.text)), ("class:problem-text", note)])
    if found.edits:
        lines += [[], [("class:heading", " Enter or Alt-1 … searches this:")]]
    for at, edit in enumerate(found.edits):
        is_chosen = at == state.selected
        line: Line = [("", f" {CURSOR if is_chosen else ' '} "), ("class:number", f"{at + 1} "),
                      ("", edit_text(edit))]  # fmt: skip
        lines.append(styled(line, "class:chosen") if is_chosen else line)
    return lines


def _preview_lines(state: State, box: Box) -> list[Line]:
    """The selected post, from the line it is scrolled to."""
    preview = state.preview
    if preview is None or state.hit is None or preview.path != state.hit.path:
        return block([], box.columns, box.rows)
    lines: list[Line] = [[("", " "), *line] for line in preview.lines[state.scroll :]]
    return block(lines, box.columns, box.rows)


def _foot(state: State, facts: Facts) -> Line:
    """A message, else the keys; at the right how many posts the index has."""
    right = (
        f" {state.news} "
        if state.news
        else f" {count_of(facts.posts, 'post')} · generation {facts.generation} "
    )
    line: Line = [("class:key-help", " ")]
    if state.message:
        line.append(("class:message", clean(state.message)))
    else:
        for key in KEYS:
            if key.short:
                line += [("class:key", key.label.partition(",")[0]),
                         ("class:key-help", f" {key.short}  ")]  # fmt: skip
    room = state.columns - len(right)
    if room < KEYS_COLUMNS and state.news:
        line = [("class:message", f" {state.news}")]
    if room < KEYS_COLUMNS:
        return fitted(line, state.columns, "class:key-help")
    return [
        *fitted(line, room, "class:key-help"),
        ("class:message" if state.news else "class:key-help", right),
    ]
