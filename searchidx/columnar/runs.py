"""Runs of items in one array, and many texts as one array of bytes: put in order without Python.

Texts are compared by eight bytes at a time as one number, all at once; only those few of which
these are still the same are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from searchidx.columnar.layout import Array, ArrayFileWriter, StoredArray
from searchidx.columnar.packed import (
    Numbers,
    changes,
    copy_runs,
    differences,
    narrow,
    narrow_type,
    picked_runs,
)

if TYPE_CHECKING:
    import numpy.typing as npt

KEY_BYTES = 8

FEW = 300
"""So many texts are looked at one by one sooner than all at once."""

DEEPEST = 256
"""Texts that are the same for so many bytes are compared as a whole."""


def bounds_of(sizes: Iterable[Array], total: int) -> Iterator[Array]:
    """Where each of some runs starts, and where the last ends, in parts of the smallest type; the
    sizes come in parts, and are so many together."""
    kind = narrow_type(total)
    yield np.zeros(1, dtype=kind)
    end = 0
    for part in sizes:
        ends = part.cumsum(dtype=np.int64) + end
        end = int(ends[-1]) if len(ends) else end
        yield ends.astype(kind)


def write_runs(writer: ArrayFileWriter, name: str, parts: Iterable[Ragged]) -> None:
    """Write runs, which come in parts, at least one: the items, and `name.at`, where each run
    starts and where the last ends. Of what is written only the sizes of the runs stay in memory.
    """
    sizes: list[Array] = []

    def items() -> Iterator[Array]:
        for part in parts:
            sizes.append(narrow(part.counts()))
            yield part.items

    writer.add_parts(name, items())
    total = sum(int(part.sum(dtype=np.int64)) for part in sizes)
    writer.add_parts(f"{name}.at", bounds_of(sizes, total))


class Ragged:
    """Runs of items, one behind the other: run `n` is `items[ends[n - 1]:ends[n]]`."""

    __slots__ = ("ends", "items")

    def __init__(self, items: Array, ends: Array) -> None:
        self.items = items
        self.ends = ends

    def __len__(self) -> int:
        return len(self.ends)

    def bounds(self) -> Numbers:
        """Where each run starts, and where the last ends."""
        bounds = np.zeros(len(self.ends) + 1, dtype=np.int64)
        bounds[1:] = self.ends
        return bounds

    def counts(self) -> Numbers:
        """How many items each run has."""
        return differences(self.bounds())

    def picked(self, places: Numbers) -> Ragged:
        """Some of the runs, in the order of `places`."""
        bounds = self.bounds()
        sizes = (bounds[1:] - bounds[:-1])[places]
        return Ragged(picked_runs(self.items, bounds[places], sizes), sizes.cumsum())

    def sliced(self, first: int, last: int) -> Ragged:
        """The runs from `first` up to `last`."""
        start = int(self.ends[first - 1]) if first else 0
        ends = self.ends[first:last].astype(np.int64)
        stop = int(ends[-1]) if len(ends) else start
        return Ragged(self.items[start:stop], ends - start)

    def run(self, number: int) -> Array:
        """One run."""
        start = int(self.ends[number - 1]) if number else 0
        return self.items[start : int(self.ends[number])]

    def text(self, number: int) -> bytes:
        """One run as bytes."""
        return self.run(number).tobytes()

    def texts(self) -> list[bytes]:
        """Each run as bytes."""
        sizes = self.counts()
        if len(sizes) and sizes[0] and (sizes == sizes[0]).all():
            together: list[bytes] = self.items.view(f"V{sizes[0]}").tolist()
            return together
        whole = self.items.tobytes()
        return [whole[start:stop] for start, stop in pairwise(self.bounds().tolist())]

    def strings(self) -> list[str]:
        """Each run, which is UTF-8 or a surrogate as Python writes it there, as text."""
        whole = self.items.tobytes()
        if not whole.isascii():
            return [text.decode("utf-8", "surrogatepass") for text in self.texts()]
        shown = whole.decode("ascii")
        return [shown[start:stop] for start, stop in pairwise(self.bounds().tolist())]


def ragged(runs: Sequence[bytes]) -> Ragged:
    """Runs of bytes as arrays."""
    ends = np.cumsum(np.fromiter(map(len, runs), np.int64, len(runs)))
    return Ragged(np.frombuffer(b"".join(runs), dtype=np.uint8), ends)


def read_runs(items: StoredArray, at: StoredArray | Array, first: int, last: int) -> Ragged:
    """The runs from `first` up to `last` of those that `write_runs` wrote: a view of the items."""
    bounds = at[first : last + 1].astype(np.int64)
    return Ragged(items.part(int(bounds[0]), int(bounds[-1])), bounds[1:] - bounds[0])


def joined(parts: Iterable[Ragged]) -> Ragged:
    """The runs of several arrays, at least one, one behind the other."""
    held = list(parts)
    counts = np.concatenate([part.counts() for part in held])
    return Ragged(np.concatenate([part.items for part in held]), counts.cumsum())


def side_by_side(fronts: Ragged, backs: Ragged) -> Ragged:
    """Each run of the one with the same run of the other behind it."""
    ahead, behind = fronts.counts(), backs.counts()
    ends = (ahead + behind).cumsum()
    items = np.empty(len(fronts.items) + len(backs.items), dtype=np.uint8)
    for part, sizes, places in (
        (fronts, ahead, ends - behind - ahead),
        (backs, behind, ends - behind),
    ):
        copy_runs(part.items, part.bounds()[:-1], sizes, items, places)
    return Ragged(items, ends)


def sort_keys(texts: Ragged) -> npt.NDArray[np.uint64]:
    """The first eight bytes of each text as a number that sorts as they do; what a text lacks
    counts as zeros."""
    return _SortKeys(texts).of(np.arange(len(texts)), 0)


class _SortKeys:
    """Any eight bytes of texts as numbers that sort as the bytes do."""

    def __init__(self, texts: Ragged) -> None:
        padded = np.concatenate([texts.items, np.zeros(KEY_BYTES, dtype=np.uint8)])
        self._windows = sliding_window_view(padded, KEY_BYTES)
        self._starts = texts.bounds()[:-1]
        self.sizes = texts.counts()

    def of(self, places: Numbers, depth: int) -> npt.NDArray[np.uint64]:
        """The bytes behind the first `depth` of the texts at some places."""
        at = np.minimum(self._starts[places] + depth, len(self._windows) - 1)
        keys = self._windows[at].view(">u8").ravel().astype(np.uint64)
        keys &= _MASKS[np.clip(self.sizes[places] - depth, 0, KEY_BYTES)]
        return keys


_MASKS = np.array(
    [(1 << 64) - (1 << 8 * (KEY_BYTES - size)) for size in range(KEY_BYTES + 1)], dtype=np.uint64
)
"""What is kept of eight bytes of which only so many belong to a text."""


def byte_order(texts: Ragged) -> tuple[Numbers, npt.NDArray[np.bool_]]:
    """The places of texts in byte order, equal ones in that of their places; and for each place
    there, whether its text is another than the one before it."""
    keys = _SortKeys(texts)
    firsts = keys.of(np.arange(len(texts)), 0)
    order = np.argsort(firsts, kind="stable")
    is_new = changes(firsts[order])
    members = np.arange(len(order))
    depth = KEY_BYTES
    while len(members := _open(members, is_new, keys.sizes[order[members]], depth)):
        if len(members) <= FEW or depth >= DEEPEST:
            _settle(texts, order, is_new, members)
            break
        _sort_on(keys, order, is_new, members, depth)
        depth += KEY_BYTES
    return order, is_new


def _open(members: Numbers, is_new: npt.NDArray[np.bool_], sizes: Numbers, depth: int) -> Numbers:
    """Those of some places in the order that are not settled: groups of texts with the same first
    `depth` bytes, of which some have more, or of which zeros that are missing make the sizes
    differ. `sizes` are those of the texts at the places."""
    if not len(members):
        return members
    is_first = is_new[members]
    group = is_first.cumsum() - 1
    firsts = np.flatnonzero(is_first)
    low, high = np.minimum.reduceat(sizes, firsts), np.maximum.reduceat(sizes, firsts)
    is_open = (np.bincount(group) > 1) & ((high > depth) | (low != high))
    still: Numbers = members[is_open[group]]
    return still


def _sort_on(
    all_keys: _SortKeys,
    order: Numbers,
    is_new: npt.NDArray[np.bool_],
    members: Numbers,
    depth: int,
) -> None:
    """Put groups of texts with the same first `depth` bytes in the order of the next eight."""
    own = order[members]
    group = is_new[members].cumsum()
    keys = all_keys.of(own, depth)
    sizes = np.minimum(all_keys.sizes[own], depth + KEY_BYTES + 1)
    sorted_ = np.lexsort((sizes, keys, group))
    order[members] = own[sorted_]
    keys, sizes = keys[sorted_], sizes[sorted_]
    is_new[members] |= changes(keys) | changes(sizes)


def _settle(texts: Ragged, order: Numbers, is_new: npt.NDArray[np.bool_], members: Numbers) -> None:
    """Put groups of texts in order, each compared as a whole."""
    places = order[members].tolist()
    text_of = dict(zip(places, texts.picked(order[members]).texts(), strict=True))
    bounds = [*np.flatnonzero(is_new[members]).tolist(), len(members)]
    settled: list[int] = []
    for start, stop in pairwise(bounds):
        settled += sorted(places[start:stop], key=text_of.__getitem__)
    order[members] = settled
    in_order = [text_of[place] for place in settled]
    is_new[members] |= [True, *(one != other for one, other in pairwise(in_order))]
