"""How many of the posts that match have which values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FacetCount:
    """A value of a field, and how many of the matching posts have it."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class CrossCounts:
    """How many of the matching posts have a value of one field together with one of another.

    `table[r][c]` is the count for row `r` and column `c`; `rows` and `columns` hold the values with
    their own counts.
    """

    rows: tuple[FacetCount, ...]
    columns: tuple[FacetCount, ...]
    table: tuple[tuple[int, ...], ...]
