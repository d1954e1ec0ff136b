"""Where the panes of the live shell stand, on a screen of any size."""

from __future__ import annotations

import enum
from collections.abc import Set
from dataclasses import dataclass

FACET_COLUMNS = 26
SIDE_BY_SIDE_COLUMNS = 84
"""Hits and preview stand beside each other when they have so many columns, else one below."""

FACETS_FROM_COLUMNS = 90
PREVIEW_BELOW_FROM_ROWS = 16
MEANING_FROM_ROWS = 18
BARS_FROM_ROWS, TALL_BARS_FROM_ROWS = 20, 30
TALL_BARS = 4
SMALLEST_HITS = 4


class Pane(enum.Enum):
    """What can be shown beside the hits."""

    FACETS = "facets"
    PREVIEW = "preview"
    HISTOGRAM = "histogram"


ALL_PANES = frozenset(Pane)


@dataclass(frozen=True, slots=True)
class Box:
    """So many columns and rows; nothing is shown in a box without any."""

    columns: int = 0
    rows: int = 0

    @property
    def is_shown(self) -> bool:
        return self.columns > 0 and self.rows > 0


NOWHERE = Box()


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The boxes of a screen, below the line of the query and above the keys.

    A column of frame stands between boxes that are beside each other, a row between hits and the
    preview below them.
    """

    facets: Box
    hits: Box
    preview: Box
    is_preview_below: bool
    histogram: Box
    has_meaning_row: bool

    def shows(self, pane: Pane) -> bool:
        """Whether there is room for a pane that is wanted."""
        boxes = {Pane.FACETS: self.facets, Pane.PREVIEW: self.preview}
        return boxes.get(pane, self.histogram).is_shown


def arranged(
    columns: int, rows: int, wanted: Set[Pane], *, chooses_facets: bool, reads: bool
) -> Arrangement:
    """The boxes on a screen of so many columns and rows, the query line among them.

    A pane that was asked for is left out where it would leave no room for hits; one that is at
    work (`chooses_facets`, `reads` a whole post) is always there.
    """
    has_meaning = rows >= MEANING_FROM_ROWS
    body = max(0, rows - 3 - has_meaning)  # without the query, its total, the keys
    bars = 0
    if Pane.HISTOGRAM in wanted and rows >= BARS_FROM_ROWS and not reads:
        bars = TALL_BARS if rows >= TALL_BARS_FROM_ROWS else 1
        body -= bars
    facets = _facet_columns(columns, wanted, chooses_facets) if not reads else 0
    rest = max(0, columns - facets - bool(facets))
    hits, preview, is_below = Box(rest, body), NOWHERE, False
    if reads:
        hits, preview = NOWHERE, Box(columns, body)
    elif Pane.PREVIEW in wanted and rest >= SIDE_BY_SIDE_COLUMNS:
        half = rest // 2
        hits, preview = Box(rest - half - 1, body), Box(half, body)
    elif Pane.PREVIEW in wanted and rest and body >= PREVIEW_BELOW_FROM_ROWS:
        below = body * 2 // 5
        hits, preview, is_below = Box(rest, body - below - 1), Box(rest, below), True
    return Arrangement(
        facets=Box(facets, body) if facets else NOWHERE,
        hits=hits,
        preview=preview,
        is_preview_below=is_below,
        histogram=Box(columns, bars) if bars else NOWHERE,
        has_meaning_row=has_meaning,
    )


def _facet_columns(columns: int, wanted: Set[Pane], chooses: bool) -> int:
    if chooses:
        return min(FACET_COLUMNS, columns // 2)
    return FACET_COLUMNS if Pane.FACETS in wanted and columns >= FACETS_FROM_COLUMNS else 0


def rows_per_hit(box: Box) -> int:
    """How many rows a hit takes in a box: its title, what it is about, and its best part."""
    if box.rows < 2 * SMALLEST_HITS:
        return 1
    return 3 if box.rows >= 6 * SMALLEST_HITS else 2
