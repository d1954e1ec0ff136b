"""Runs of small whole numbers, each run in as few bytes a number as its highest one needs.

A run takes one, two, four or eight bytes for each of its numbers. The runs lie back to back in one
array of bytes; the width of a run is its bytes divided by its numbers and is not written anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from searchidx.columnar.layout import Array

if TYPE_CHECKING:
    import numpy.typing as npt

Numbers: TypeAlias = "npt.NDArray[np.int64]"
Bytes: TypeAlias = "npt.NDArray[np.uint8]"

_WIDTHS = (1, 2, 4, 8)
_BY_WIDTH = {width: np.dtype(f"<u{width}") for width in _WIDTHS}

BOTH_ENDS = np.array([[0], [1]])
"""Added to the numbers of runs: where the bounds of each are, of which the end of one is the start
of the next."""


def narrow(array: Array) -> Array:
    """The same whole numbers in the smallest unsigned type that holds them all."""
    return array.astype(narrow_type(int(array.max()) if len(array) else 0))


def narrow_type(highest: int) -> np.dtype[Any]:
    """The smallest unsigned type that holds a whole number."""
    return next(kind for kind in _BY_WIDTH.values() if highest <= np.iinfo(kind).max)


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


def copy_runs(source: Array, starts: Array, sizes: Array, target: Array, places: Array) -> None:
    """Copy runs of items: run `n`, the `sizes[n]` items of `source` from `starts[n]` on, becomes
    those of `target` from `places[n]` on. Both arrays hold the same kind of items, contiguous.

    Short runs of the same size are copied together, as if each were one item; long ones one by one.
    """
    is_short = sizes <= LONGEST_SHORT if int(sizes.sum()) > FEW_ITEMS else np.zeros(0, np.bool_)
    if is_short.any():
        short = np.flatnonzero(is_short)
        order = short[np.argsort(sizes[short].astype(np.uint8), kind="stable")]
        bounds = np.searchsorted(sizes[order], np.arange(1, LONGEST_SHORT + 2)).tolist()
        for size, (first, last) in enumerate(pairwise(bounds), 1):
            if first < last:
                runs = order[first:last]
                _as_runs(target, size)[places[runs]] = _as_runs(source, size)[starts[runs]]
        long = np.flatnonzero(~is_short)
        starts, sizes, places = starts[long], sizes[long], places[long]
    is_long = sizes >= SHORTEST_LONG
    if is_long.any():
        long = np.flatnonzero(is_long)
        ends = (starts[long].tolist(), sizes[long].tolist(), places[long].tolist())
        for start, size, place in zip(*ends, strict=True):
            target[place : place + size] = source[start : start + size]
        rest = np.flatnonzero(~is_long)
        starts, sizes, places = starts[rest], sizes[rest], places[rest]
    if len(sizes):
        target[run_places(places, sizes)] = source[run_places(starts, sizes)]


LONGEST_SHORT = 64
SHORTEST_LONG = 2_000
FEW_ITEMS = 10_000


def _as_runs(items: Array, size: int) -> Array:
    """A view in which each item is `size` items from there on."""
    width = items.itemsize
    count = len(items) - size + 1
    return np.ndarray(count, dtype=f"V{size * width}", buffer=items.data, strides=(width,))


def picked_runs(items: Array, starts: Array, sizes: Array) -> Array:
    """Runs of items, one behind the other: run `n` has `sizes[n]` items from `starts[n]` on."""
    ends = sizes.cumsum(dtype=np.int64)
    whole = np.empty(int(ends[-1]) if len(ends) else 0, dtype=items.dtype)
    copy_runs(items, starts, sizes, whole, ends - sizes)
    return whole


def changes(ordered: Array) -> npt.NDArray[np.bool_]:
    """For each of some numbers, whether it is another than the one before it; so is the first."""
    first = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first


class Packed(NamedTuple):
    """Run `n` is the bytes `at[n]` to `at[n + 1]` of `data`."""

    data: Bytes
    at: Numbers


def pack(values: Array, starts: Numbers) -> Packed:
    """Pack whole numbers from 0 on; run `n` is `values[starts[n]:starts[n + 1]]`, never empty."""
    counts = differences(starts)
    if not len(counts):
        return Packed(np.zeros(0, np.uint8), np.zeros(1, np.int64))
    widths = _widths(np.maximum.reduceat(values, starts[:-1]))
    at = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts * widths, out=at[1:])
    if (widths == 1).all():
        return Packed(values.astype(np.uint8), at)
    data = np.empty(at[-1], dtype=np.uint8)
    width_of, width_at = _width_each(widths, counts)
    for width in distinct(widths).tolist():
        data[width_at == width] = values[width_of == width].astype(_BY_WIDTH[width]).view(np.uint8)
    return Packed(data, at)


def distinct(numbers: Array) -> Numbers:
    """The different numbers among these, all small and not below 0, ascending; what `np.unique`
    gives, which imports masked arrays first."""
    return np.flatnonzero(np.bincount(numbers))


def _width_each(widths: Numbers, counts: Numbers) -> tuple[Bytes, Bytes]:
    """The width of the run that each number, and that each byte, belongs to. Picking by these takes
    a fraction of the time that working out the places of the numbers does."""
    small = widths.astype(np.uint8)
    return np.repeat(small, counts), np.repeat(small, counts * widths)


def joined_packed(
    parts: Sequence[Packed],
    counts: Numbers,
    order: Numbers,
    heads: Numbers,
    firsts: Numbers | None = None,
) -> Packed:
    """Runs of several arrays put together, without looking at the numbers in them.

    Run `n` of all parts, one behind the other, has `counts[n]` numbers. The runs are taken in the
    given order, and from each of `heads`, places in that order, up to the next they become one.
    `firsts`, in that order, are what the first number of each run becomes; None leaves them.
    """
    data = np.concatenate([part.data for part in parts])
    sizes = np.concatenate([differences(part.at) for part in parts])
    starts = (sizes.cumsum() - sizes)[order]
    counts, sizes = counts[order], sizes[order]
    widths = sizes // counts
    needed = widths if firsts is None else np.maximum(widths, _widths(firsts))
    members = np.diff(np.append(heads, len(order)))
    wide = np.repeat(np.maximum.reduceat(needed, heads), members)
    at = np.zeros(len(order) + 1, dtype=np.int64)
    np.cumsum(counts * wide, out=at[1:])
    joined = np.empty(at[-1], dtype=np.uint8)
    kinds = 16 * widths + wide
    for kind in np.flatnonzero(np.bincount(kinds)).tolist():
        narrow, width = divmod(kind, 16)
        runs = np.flatnonzero(kinds == kind)
        if narrow == width:
            copy_runs(data, starts[runs], sizes[runs], joined, at[runs])
        else:
            held = picked_runs(data, starts[runs], sizes[runs]).view(_BY_WIDTH[narrow])
            widened = held.astype(_BY_WIDTH[width]).view(np.uint8)
            whole = counts[runs] * width
            copy_runs(widened, whole.cumsum() - whole, whole, joined, at[runs])
    if firsts is not None:
        _put_firsts(joined, at, wide, firsts)
    return Packed(joined, at[np.append(heads, len(order))])


def run_firsts(packed: Packed, starts: Numbers) -> Numbers:
    """The first number of each run."""
    widths = differences(packed.at) // differences(starts)
    firsts = np.zeros(len(widths), dtype=np.int64)
    for byte in range(_WIDTHS[-1]):
        runs = np.flatnonzero(widths > byte)
        firsts[runs] |= packed.data[packed.at[runs] + byte].astype(np.int64) << (8 * byte)
    return firsts


def _put_firsts(data: Bytes, at: Numbers, widths: Numbers, firsts: Numbers) -> None:
    """Let the first number of each run be another, which has room in so many bytes."""
    for byte in range(_WIDTHS[-1]):
        runs = np.flatnonzero(widths > byte)
        data[at[runs] + byte] = (firsts[runs] >> (8 * byte)).astype(np.uint8)


def _widths(values: Array) -> Numbers:
    """In how many bytes each of some whole numbers has room."""
    widths = np.full(len(values), 1, dtype=np.int64)
    for width in _WIDTHS[:-1]:
        widths[values >= 1 << (8 * width)] = 2 * width
    return widths


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
    width_of, width_at = _width_each(widths, counts)
    for width in distinct(widths).tolist():
        values[width_of == width] = packed.data[width_at == width].view(_BY_WIDTH[width])
    return values


def run_sums(packed: Packed, starts: Numbers) -> Numbers:
    """The sum of the numbers of each run."""
    if not len(packed.data):
        return np.zeros(len(starts) - 1, dtype=np.int64)
    is_narrow = len(packed.data) == starts[-1] - starts[0]
    numbers = packed.data if is_narrow else unpack_all(packed, starts)
    sums: Numbers = np.add.reduceat(numbers, starts[:-1] - starts[0], dtype=np.int64)
    return sums
