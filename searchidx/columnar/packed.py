"""Runs of small whole numbers, each run in as few bytes a number as its highest one needs.

A run takes one, two, four or eight bytes for each of its numbers. The runs lie back to back in one
array of bytes; the width of a run is its bytes divided by its numbers and is not written anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from searchidx.columnar.layout import Array

Numbers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

_WIDTHS = (1, 2, 4, 8)
_BY_WIDTH = {width: np.dtype(f"<u{width}") for width in _WIDTHS}


def differences(at: Array) -> Numbers:
    """Each number less the one before it: one item less than there are numbers."""
    wide = at.astype(np.int64)
    return wide[1:] - wide[:-1]


def run_places(starts: Array, sizes: Array) -> Numbers:
    """The places of the items of runs, one run behind the other: run `n` has `sizes[n]` items from
    `starts[n]` on."""
    ends = sizes.cumsum(dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    places: Numbers = np.repeat(starts - ends + sizes, sizes) + np.arange(total)
    return places


def changes(ordered: Array) -> npt.NDArray[np.bool_]:
    """For each of some numbers, whether it is another than the one before it; so is the first."""
    first = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first


@dataclass(frozen=True, slots=True)
class Packed:
    """Run `n` is the bytes `at[n]` to `at[n + 1]` of `data`."""

    data: Bytes
    at: Numbers


def pack(values: Array, starts: Numbers) -> Packed:
    """Pack whole numbers from 0 on; run `n` is `values[starts[n]:starts[n + 1]]`, never empty."""
    counts = differences(starts)
    if not len(counts):
        return Packed(np.zeros(0, np.uint8), np.zeros(1, np.int64))
    highest = np.maximum.reduceat(values, starts[:-1])
    widths = np.full(len(counts), 1, dtype=np.int64)
    for width in _WIDTHS[:-1]:
        widths[highest >= 1 << (8 * width)] = 2 * width
    at = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts * widths, out=at[1:])
    if (widths == 1).all():
        return Packed(values.astype(np.uint8), at)
    data = np.empty(at[-1], dtype=np.uint8)
    width_of = np.repeat(widths, counts)
    place = np.arange(len(values)) - np.repeat(starts[:-1], counts)
    place *= width_of
    place += np.repeat(at[:-1], counts)
    for width in np.unique(widths):
        here = np.flatnonzero(width_of == width)
        rows = values[here].astype(_BY_WIDTH[int(width)]).view(np.uint8).reshape(-1, width)
        data[place[here, None] + np.arange(width)] = rows
    return Packed(data, at)


def unpack(data: Bytes, count: int) -> Array:
    """The numbers of one run from its bytes, which hold so many; a view of them."""
    return data.view(_BY_WIDTH[len(data) // count if count else 1])


def unpack_all(packed: Packed, starts: Numbers) -> Numbers:
    """The numbers of all runs, one behind the other."""
    counts = differences(starts)
    values = np.empty(int(starts[-1] - starts[0]), dtype=np.int64)
    if not len(values):
        return values
    widths = differences(packed.at) // counts
    if (widths == 1).all():
        values[:] = packed.data
        return values
    width_of = np.repeat(widths, counts)
    place = np.arange(len(values)) - np.repeat(starts[:-1] - starts[0], counts)
    place *= width_of
    place += np.repeat(packed.at[:-1] - packed.at[0], counts)
    for width in np.unique(widths):
        here = np.flatnonzero(width_of == width)
        rows = packed.data[place[here, None] + np.arange(width)]
        values[here] = np.ascontiguousarray(rows).view(_BY_WIDTH[int(width)]).ravel()
    return values
