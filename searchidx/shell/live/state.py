"""What the live shell shows, as one value, and what keys and answers make of it.

Every function takes a state and gives back another; none of them touches an index or a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from searchidx.answers import Edit
from searchidx.counts import FacetCount
from searchidx.names import is_sortable
from searchidx.results import Hit
from searchidx.settings import FieldKind, FieldSpec
from searchidx.shell.live.arrangement import (
    ALL_PANES,
    Arrangement,
    Pane,
    arranged,
    rows_per_hit,
)
from searchidx.shell.live.asking import WINDOW, Answer, Question, Rescue, Tally, chosen_hit
from searchidx.shell.live.lines import Lines


@dataclass(frozen=True, slots=True)
class Preview:
    """All of one post, as lines that fit the preview."""

    path: str
    lines: Lines


@dataclass(frozen=True, slots=True)
class Overlay:
    """A text over the panes: help, an explanation, what a command brought."""

    title: str
    text: str
    top: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """Everything that the screen shows.

    `parked` is the query that stands back while a command is typed. `selected` and `top` count hits
    from 0 over all results; `top` is the first one on the screen. `scroll` is the first line of the
    preview, `facet_at` the chosen value of the facets, counted over all of them. `news` says that
    the index has changed, until the next key that is no letter. `options` are those of a search.
    """

    text: str = ""
    parked: str = ""
    sort: str = ""
    options: tuple[tuple[str, Any], ...] = ()
    like: str = ""
    answer: Answer | None = None
    tally: Tally | None = None
    preview: Preview | None = None
    rescue: Rescue | None = None
    selected: int = 0
    top: int = 0
    scroll: int = 0
    panes: frozenset[Pane] = ALL_PANES
    chooses_facets: bool = False
    facet_at: int = 0
    reads: bool = False
    overlay: Overlay | None = None
    message: str = ""
    news: str = ""
    columns: int = 80
    rows: int = 24

    @property
    def question(self) -> Question:
        """What is to be asked of the index."""
        page = self.selected // WINDOW * WINDOW
        text = self.parked if self.is_command else self.text
        return Question(text, self.sort, self.like, max(0, page - WINDOW), self.options)

    @property
    def is_command(self) -> bool:
        """Whether a command is being typed, such as `:sort -date`."""
        return self.text.lstrip().startswith(":")

    @property
    def is_current(self) -> bool:
        """Whether the answer is the one to what is typed."""
        return self.answer is not None and self.answer.question == self.question

    @property
    def is_counted(self) -> bool:
        """Whether the counts are those of what is typed."""
        asked = self.question.is_about_the_same
        return self.tally is not None and self.tally.question.is_about_the_same == asked

    @property
    def arrangement(self) -> Arrangement:
        """Where everything stands."""
        return arranged(
            self.columns,
            self.rows,
            self.panes,
            chooses_facets=self.chooses_facets,
            reads=self.reads,
        )

    @property
    def total(self) -> int:
        """How many posts match."""
        return self.answer.results.total if self.answer else 0

    @property
    def hit(self) -> Hit | None:
        """The hit that is selected."""
        return chosen_hit(self.answer, self.selected)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """Changes of the query that bring hits, while it has none. `selected` chooses one."""
        if self.total or self.rescue is None or self.rescue.question != self.question:
            return ()
        return self.rescue.found.edits

    @property
    def hits_shown(self) -> int:
        """How many hits the screen shows at once."""
        box = self.arrangement.hits
        return max(1, box.rows // rows_per_hit(box))


# -- what is typed and answered


def typed(state: State, text: str) -> State:
    """Another text in the query line. The answer of before stays until there is a new one."""
    if text == state.text:
        return state
    is_command = text.lstrip().startswith(":")
    overlay = state.overlay if is_command else None
    other = replace(state, text=text, message="", overlay=overlay)
    if other.question == state.question:
        return other
    return replace(
        other, like="", selected=0, top=0, scroll=0,
        facet_at=state.facet_at if state.chooses_facets else 0,
    )  # fmt: skip


def answered(state: State, answer: Answer) -> State:
    """The answer to a question; one to what is no longer asked changes nothing."""
    if answer.question != state.question:
        return state
    total = answer.results.total
    selected = min(state.selected, total - 1) if total else state.selected
    return _in_sight(replace(state, answer=answer, selected=selected))


def counted(state: State, tally: Tally) -> State:
    """The counts for a question, if they are still those of what is typed."""
    if tally.question.is_about_the_same != state.question.is_about_the_same:
        return state
    last = max(0, len(facet_rows(tally)) - 1)
    return replace(state, tally=tally, facet_at=min(state.facet_at, last))


def rescued(state: State, rescue: Rescue) -> State:
    """What can be done about a query without hits."""
    return replace(state, rescue=rescue) if rescue.question == state.question else state


def previewed(state: State, preview: Preview) -> State:
    """The lines of the post that is selected; those of another one change nothing."""
    is_wanted = state.hit is not None and state.hit.path == preview.path
    return replace(state, preview=preview) if is_wanted else state


def resized(state: State, columns: int, rows: int) -> State:
    """Another size of the screen."""
    if (columns, rows) == (state.columns, state.rows):
        return state
    return _in_sight(replace(state, columns=columns, rows=rows))


# -- moving


def moved(state: State, hits: int) -> State:
    """So many hits down, or up; stops at the ends. While a text is read, it is scrolled instead."""
    if state.overlay:
        return scrolled(state, hits)
    if state.reads:
        return scrolled(state, hits)
    if state.chooses_facets:
        last = max(0, len(facet_rows(state.tally)) - 1)
        return replace(state, facet_at=min(max(0, state.facet_at + hits), last))
    last = (state.total or len(state.edits)) - 1
    selected = min(max(0, state.selected + hits), max(0, last))
    return _in_sight(replace(state, selected=selected, scroll=0, message=""))


def clicked(state: State, column: int, row: int) -> State:
    """The hit at a place chosen; the same state when there is none."""
    places = state.arrangement
    left = places.facets.columns + bool(places.facets.columns)
    line = row - 1 - places.has_meaning_row
    is_inside = left <= column < left + places.hits.columns and 0 <= line < places.hits.rows
    at = state.top + line // rows_per_hit(places.hits) if is_inside else -1
    if state.overlay or state.reads or not 0 <= at < state.total:
        return state
    return _in_sight(replace(state, selected=at, scroll=0, chooses_facets=False))


def turned(state: State, pages: int) -> State:
    """So many screens down, or up."""
    if state.overlay or state.reads:
        return scrolled(state, pages * max(1, state.rows - 6))
    return moved(state, pages * (8 if state.chooses_facets else state.hits_shown))


def scrolled(state: State, lines: int) -> State:
    """The preview, or the text that lies over the panes, so many lines down, or up."""
    if state.overlay:
        last = max(0, state.overlay.text.count("\n") - 1)
        top = min(max(0, state.overlay.top + lines), last)
        return replace(state, overlay=replace(state.overlay, top=top))
    box = state.arrangement.preview
    length = len(state.preview.lines) if state.preview else 0
    last = max(0, length - box.rows + 1)
    return replace(state, scroll=min(max(0, state.scroll + lines), last))


def _in_sight(state: State) -> State:
    """With the selected hit on the screen."""
    shown = state.hits_shown
    top = min(max(state.top, state.selected - shown + 1), state.selected)
    return replace(state, top=max(0, top))


# -- panes


def toggled_pane(state: State, pane: Pane) -> State:
    """A pane shown, or no longer; says so where the screen has no room for it."""
    if pane in state.panes and state.arrangement.shows(pane):
        return _in_sight(replace(state, panes=state.panes - {pane}, message=""))
    shown = _in_sight(replace(state, panes=state.panes | {pane}, message=""))
    if shown.arrangement.shows(pane):
        return shown
    return replace(shown, message=f"a larger window has room for the {pane.value}")


def turned_to_facets(state: State) -> State:
    """The arrow keys choose a value of the facets; once more, and the facets are hidden."""
    if state.chooses_facets:
        return _in_sight(
            replace(state, chooses_facets=False, panes=state.panes - {Pane.FACETS}, message="")
        )
    panes = state.panes | {Pane.FACETS}
    return _in_sight(replace(state, chooses_facets=True, reads=False, panes=panes, message=""))


def closed(state: State) -> State:
    """One step back: the text over the panes, the post that is read, the facets, posts alike."""
    if state.overlay:
        return replace(state, overlay=None)
    if state.reads:
        return _in_sight(replace(state, reads=False, scroll=0))
    if state.chooses_facets:
        return _in_sight(replace(state, chooses_facets=False))
    if state.like:
        return replace(state, like="", selected=0, top=0, scroll=0)
    return state


def can_close(state: State) -> bool:
    """Whether there is a step back to take."""
    return bool(state.overlay or state.reads or state.chooses_facets or state.like)


def read(state: State) -> State:
    """The selected post over the whole screen, or back again."""
    if state.reads:
        return closed(state)
    return replace(state, reads=True, scroll=0) if state.hit else state


def alike(state: State, path: str) -> State:
    """Posts like the one there, instead of those that match."""
    return replace(state, like=path, selected=0, top=0, scroll=0, reads=False, overlay=None)


def facet_rows(tally: Tally | None) -> list[tuple[str, FacetCount]]:
    """The values of the facets that can be chosen, in the order in which they are shown."""
    if tally is None:
        return []
    return [(name, row) for name, rows in tally.facets for row in rows]


# -- the order


def sorts(specs: Sequence[FieldSpec]) -> tuple[str, ...]:
    """The orders to go through: the usual one, then dates and numbers, each both ways."""
    kinds = (FieldKind.DATE, FieldKind.NUMBER)
    names = [spec.name for spec in specs if spec.kind in kinds and is_sortable(spec)]
    return ("", *(sign + name for name in names for sign in ("-", "")))


def resorted(state: State, orders: Sequence[str]) -> State:
    """The next of the orders."""
    at = orders.index(state.sort) + 1 if state.sort in orders else 0
    order = orders[at % len(orders)]
    said = f"sorted by {order}" if order else "sorted by relevance, without words by date"
    return replace(state, sort=order, selected=0, top=0, scroll=0, message=said)
