"""Counts as text: bars beside values, and tables of one field against another."""

from __future__ import annotations

from collections.abc import Sequence

from searchidx.counts import CrossCounts, FacetCount
from searchidx.render import Palette, clean
from searchidx.width import text_columns

WIDEST_VALUE, WIDEST_BAR = 40, 40
WIDEST_HEADING = 14
_EIGHTHS = " ▏▎▍▌▋▊▉"


def bars_text(rows: Sequence[FacetCount], palette: Palette, width: int) -> str:
    """A line a value: its count, the value, and a bar as long as its share of the most frequent.

    Without columns to draw in, there are no bars.
    """
    if not rows:
        return ""
    most = max(row.count for row in rows)
    values = [_cut(clean(row.value), WIDEST_VALUE) for row in rows]
    widest = max(map(text_columns, values))
    room = max(0, min(WIDEST_BAR, width - widest - 12))
    lines = []
    for row, value in zip(rows, values, strict=True):
        gap = " " * (widest - text_columns(value))
        line = f"{value}{gap}  {bar(row.count, most, room)}".rstrip()
        lines.append(f"{palette.number}{row.count:8}{palette.reset}  {line}\n")
    return "".join(lines)


def bar(count: int, most: int, columns: int) -> str:
    """A bar in eighths of a column; whatever counts is seen."""
    eighths = max(1, round(8 * columns * count / most)) if count and columns else 0
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def cross_text(cross: CrossCounts, palette: Palette) -> str:
    """A table: a row a value of one field, a column a value of the other, and the sums of each."""
    if not cross.rows or not cross.columns:
        return ""
    heads = [_cut(clean(column.value), WIDEST_HEADING) for column in cross.columns]
    widths = [max(text_columns(head), 5) for head in heads]
    names = [_cut(clean(row.value), WIDEST_VALUE) for row in cross.rows]
    widest = max([*map(text_columns, names), 5])
    lines = [_row(("", heads, "all"), widths, widest)]
    for name, counts, row in zip(names, cross.table, cross.rows, strict=True):
        cells = [str(count) if count else "·" for count in counts]
        lines.append(_row((name, cells, str(row.count)), widths, widest))
    sums = [str(column.count) for column in cross.columns]
    lines.append(_row(("all", sums, ""), widths, widest))
    lines[0] = f"{palette.title}{lines[0]}{palette.reset}"
    return "".join(f"{line}\n" for line in lines)


def cross_json(cross: CrossCounts) -> dict[str, object]:
    """The table as plain values."""
    return {
        "rows": [{"value": row.value, "count": row.count} for row in cross.rows],
        "columns": [{"value": row.value, "count": row.count} for row in cross.columns],
        "table": [list(counts) for counts in cross.table],
    }


def _row(cells: tuple[str, Sequence[str], str], widths: Sequence[int], widest: int) -> str:
    name, counts, whole = cells
    parts = [name + " " * (widest - text_columns(name))]
    parts += [
        " " * (width - text_columns(count)) + count
        for count, width in zip(counts, widths, strict=True)
    ]
    return "  ".join([*parts, whole.rjust(6)]).rstrip()


def _cut(text: str, columns: int) -> str:
    while text_columns(text) > columns:
        text = text[:-2] + "…"
    return text
