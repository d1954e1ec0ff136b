"""The panes beside the hits, as lines: facets, histogram, the text over everything."""

from __future__ import annotations

from collections.abc import Sequence

from searchidx.counts import FacetCount
from searchidx.query.vocabulary import Vocabulary
from searchidx.render import clean
from searchidx.shell.live.arrangement import Box
from searchidx.shell.live.edits import is_required, required_values
from searchidx.shell.live.lines import Line, block, fitted, painted_lines, styled
from searchidx.shell.live.state import Overlay, State
from searchidx.shell.texts import count_of

BARS = " ▁▂▃▄▅▆▇█"
CHOSEN, OPEN = "◼", "◻"
LEAST_PER_FACET = 3


# -- facets


def facet_lines(state: State, vocabulary: Vocabulary, box: Box) -> list[Line]:
    """The values of each facet with their counts; those that the query requires are marked."""
    tally = state.tally
    if tally is None:
        return block([], box.columns, box.rows)
    required = required_values(state.text, vocabulary)
    lines: list[Line] = []
    chosen = 0
    number = 0
    shares = _shares([len(rows) for _, rows in tally.facets], box.rows)
    for (name, rows), share in zip(tally.facets, shares, strict=True):
        lines.append([("class:heading", name)])
        first = _first_shown(state, number, len(rows), share)
        for at, row in enumerate(rows):
            is_at = state.chooses_facets and number == state.facet_at
            chosen = len(lines) if is_at else chosen
            number += 1
            if first <= at < first + share:
                is_on = is_required(required, name, row.value, vocabulary)
                line = _facet_line(row, is_on, box.columns)
                lines.append(styled(line, "class:chosen") if is_at else line)
    start = max(0, min(chosen - box.rows // 2, len(lines) - box.rows))
    return block(lines[start:], box.columns, box.rows)


def _first_shown(state: State, number: int, length: int, share: int) -> int:
    """The first value of a facet to show, so that the chosen one is among them."""
    at = state.facet_at - number
    if not state.chooses_facets or not share <= at < length:
        return 0
    return at - share + 1


def _shares(lengths: Sequence[int], rows: int) -> list[int]:
    """How many values of each facet are shown, so that all of them have a few."""
    left = max(0, rows - len(lengths))
    shares = [min(length, LEAST_PER_FACET) for length in lengths]
    while sum(shares) < left:
        growing = [at for at, length in enumerate(lengths) if shares[at] < length]
        if not growing:
            break
        smallest = min(growing, key=lambda at: shares[at])
        shares[smallest] += 1
    return shares


def _facet_line(row: FacetCount, is_on: bool, width: int) -> Line:
    count = f" {row.count}"
    mark = CHOSEN if is_on else OPEN
    value = fitted([("class:value" if is_on else "", clean(row.value))], width - 2 - len(count))
    return [("class:faint" if not is_on else "class:value", f"{mark} "), *value,
            ("class:number", count)]  # fmt: skip


# -- the histogram


def histogram_lines(months: Sequence[FacetCount], box: Box) -> list[Line]:
    """The posts by month, or by year where there are more months than columns, as bars.

    With one row it is a row of bars between the first and the last period.
    """
    periods = spread(months, max(1, box.columns - 20))
    if not periods:
        return block([], box.columns, box.rows)
    width = max(1, min(4, (box.columns - 20) // len(periods)))
    most = max(row.count for row in periods)
    first, last = periods[0].value, periods[-1].value
    height = max(1, box.rows - 1)
    rows: list[Line] = [
        [("class:bar", "".join(_cell(row.count, most, level, height) * width for row in periods))]
        for level in range(height - 1, -1, -1)
    ]
    if box.rows == 1:
        behind = f" {last}, at most {most}"
        only: Line = [("class:faint", f" {first} "), *rows[0], ("class:faint", behind)]
        return block([only], box.columns, 1)
    rows = [[("", " "), *row] for row in rows]
    end = len(periods) * width
    reach = last.rjust(max(len(last) + 1, end - len(first))) if last != first else ""
    label = f" {first}{reach}   at most {count_of(most, 'post')}"
    return block([*rows, [("class:faint", label)]], box.columns, box.rows)


def _cell(count: int, most: int, level: int, height: int) -> str:
    """The part of a bar in one row, counted from 0 at the bottom; whatever counts is seen."""
    eighths = max(1, round(8 * height * count / most)) if count else 0
    return BARS[min(8, max(0, eighths - 8 * level))]


def spread(months: Sequence[FacetCount], most: int) -> list[FacetCount]:
    """The months from first to last without a gap, or the years when those are too many.

    The latest ones when even the years are too many.
    """
    counts = {row.value: row.count for row in months}
    if not counts:
        return []
    (first_year, first_month), (last_year, last_month) = (
        map(int, value.split("-")) for value in (min(counts), max(counts))
    )
    span = (last_year - first_year) * 12 + last_month - first_month + 1
    if span <= most:
        places = (divmod(first_month - 1 + at, 12) for at in range(span))
        names = [f"{first_year + years:04}-{month + 1:02}" for years, month in places]
        return [FacetCount(name, counts.get(name, 0)) for name in names]
    by_year = dict.fromkeys(range(first_year, last_year + 1), 0)
    for value, count in counts.items():
        by_year[int(value[:4])] += count
    return [FacetCount(f"{year:04}", count) for year, count in by_year.items()][-most:]


# -- a text over the panes


def overlay_lines(overlay: Overlay, box: Box) -> list[Line]:
    """The text, from the line it is scrolled to, below its title."""
    lines = painted_lines(overlay.text)
    more = len(lines) - overlay.top > box.rows - 2
    hint = "Down for more, Esc closes" if more else "Esc closes"
    title: Line = [("class:heading", f" {overlay.title} "), ("class:faint", f" {hint}")]
    body = [[("", " "), *line] for line in lines[overlay.top :]]
    return block([title, [], *body], box.columns, box.rows)
