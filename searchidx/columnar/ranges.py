"""Ranges of terms for several segments at once, so that no range takes more memory than is stated.

Segments need not hold the same terms: where posts come in the order of their paths, those of one
segment lie behind those of the other. So the ranges are cut where the terms of all of them together
say, and not where those of one do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from searchidx.columnar.packed import Numbers

RANGE_BYTES = 32 * 1024 * 1024
"""About how much memory a range takes while it is merged; more only for one term that does."""

TERMS_AT_ONCE = 50_000
"""Of so many terms of a segment it is worked out at a time what they take."""


class Terms(Protocol):
    """Different texts in byte order."""

    def __len__(self) -> int: ...

    def term(self, number: int) -> bytes:
        """The text of that number."""

    def first_from(self, text: bytes) -> int:
        """The number of the first text that is not below `text`."""

    def burdens(self, first: int, last: int) -> Numbers:
        """About how many bytes of memory the texts before each of those from `first` to `last`, the
        last one too, take together while they are merged: `last - first + 1` ascending numbers."""


def common_ranges(held: Sequence[Terms]) -> Iterator[list[tuple[int, int]]]:
    """The terms of several segments in ranges that take about RANGE_BYTES at most: for each segment
    its terms from the first up to the second. Each term is in the same range everywhere."""
    most_bytes = RANGE_BYTES // 2  # the other half is for pieces that are cut through
    size = max(1, most_bytes // len(held))
    cuts = sorted(cut for terms in held for cut in _cuts(terms, size))
    firsts = [0] * len(held)
    together, before = 0, b""
    for text, size_bytes in cuts:
        if together and text != before and together + size_bytes > most_bytes:
            lasts = [terms.first_from(before) for terms in held]
            yield list(zip(firsts, lasts, strict=True))
            firsts, together = lasts, 0
        together += size_bytes
        before = text
    yield list(zip(firsts, map(len, held), strict=True))


def _cuts(terms: Terms, size_bytes: int) -> Iterator[tuple[bytes, int]]:
    """Terms that cut those of a segment into pieces of about so many bytes, each with what the
    piece before it takes."""
    done = 0
    for first in range(0, len(terms), TERMS_AT_ONCE):
        burdens = terms.burdens(first, min(first + TERMS_AT_ONCE, len(terms)))
        goals = np.arange(done + size_bytes, int(burdens[-1]) + 1, size_bytes)
        for place in np.unique(burdens.searchsorted(goals)).tolist():
            if first + place < len(terms):
                yield terms.term(first + place), int(burdens[place]) - done
                done = int(burdens[place])
