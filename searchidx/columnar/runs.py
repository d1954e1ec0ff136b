"""Runs of items in one array, and many texts as one array of bytes: put in order without Python.

Texts are compared by their first eight bytes as one number, all at once; only those of which these
are the same are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from searchidx.columnar.layout import Array
from searchidx.columnar.packed import Numbers, differences, run_places

KEY_BYTES = 8


@dataclass(frozen=True, slots=True)
class Ragged:
    """Runs of items, one behind the other: run `n` is `items[ends[n - 1]:ends[n]]`."""

    items: Array
    ends: Array

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
        return Ragged(self.items[run_places(bounds[places], sizes)], sizes.cumsum())

    def sliced(self, first: int, last: int) -> Ragged:
        """The runs from `first` up to `last`."""
        start = int(self.ends[first - 1]) if first else 0
        ends = self.ends[first:last].astype(np.int64)
        stop = int(ends[-1]) if len(ends) else start
        return Ragged(self.items[start:stop], ends - start)

    def text(self, number: int) -> bytes:
        """One run as bytes."""
        start = int(self.ends[number - 1]) if number else 0
        return self.items[start : int(self.ends[number])].tobytes()

    def texts(self) -> list[bytes]:
        """Each run as bytes."""
        whole = self.items.tobytes()
        return [whole[start:stop] for start, stop in pairwise(self.bounds().tolist())]


def ragged(runs: Sequence[bytes]) -> Ragged:
    """Runs of bytes as arrays."""
    ends = np.cumsum(np.fromiter(map(len, runs), np.int64, len(runs)))
    return Ragged(np.frombuffer(b"".join(runs), dtype=np.uint8), ends)


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
    items[run_places(ends - behind - ahead, ahead)] = fronts.items
    items[run_places(ends - behind, behind)] = backs.items
    return Ragged(items, ends)


def sort_keys(texts: Ragged) -> npt.NDArray[np.uint64]:
    """The first eight bytes of each text as a number that sorts as the bytes do."""
    sizes = np.minimum(texts.counts(), KEY_BYTES)
    padded = np.concatenate([texts.items, np.zeros(KEY_BYTES, dtype=np.uint8)])
    rows = padded[texts.bounds()[:-1, None] + np.arange(KEY_BYTES)]
    rows[np.arange(KEY_BYTES) >= sizes[:, None]] = 0
    keys: npt.NDArray[np.uint64] = rows.view(">u8").ravel().astype(np.uint64)
    return keys


def byte_order(texts: Ragged) -> tuple[Numbers, npt.NDArray[np.bool_]]:
    """The places of texts in byte order, equal ones in that of their places; and for each place
    there, whether its text is another than the one before it."""
    keys = sort_keys(texts)
    order = np.argsort(keys, kind="stable")
    is_tie = np.zeros(len(order), dtype=np.bool_)
    ordered = keys[order]
    np.equal(ordered[1:], ordered[:-1], out=is_tie[1:])
    is_new = ~is_tie
    ties = np.flatnonzero(is_tie)
    if not len(ties):
        return order, is_new
    sizes = texts.counts()[order]
    is_open = (sizes[ties] > KEY_BYTES) | (sizes[ties] != sizes[ties - 1])
    if is_open.any():
        group_of = np.cumsum(np.diff(ties, prepend=-2) > 1) - 1
        _settle_ties(texts, order, is_new, ties[np.bincount(group_of, is_open)[group_of] > 0])
    return order, is_new


def _settle_ties(
    texts: Ragged, order: Numbers, is_new: npt.NDArray[np.bool_], ties: Numbers
) -> None:
    """Put texts in order of which the first bytes are the same but not the rest; `ties` are the
    places in `order` of all but the first of each group of them."""
    firsts = np.flatnonzero(np.diff(ties, prepend=-2) > 1)
    starts = ties[firsts] - 1
    stops = np.append(ties[firsts[1:] - 1], ties[-1]) + 1
    members = run_places(starts, stops - starts)
    places = order[members].tolist()
    text_of = dict(zip(places, texts.picked(order[members]).texts(), strict=True))
    settled: list[int] = []
    done = 0
    for size in (stops - starts).tolist():
        settled += sorted(places[done : done + size], key=text_of.__getitem__)
        done += size
    order[members] = settled
    in_order = [text_of[place] for place in settled]
    is_other = [True, *(one != other for one, other in pairwise(in_order))]
    is_new[members] = is_other
    is_new[starts] = True
