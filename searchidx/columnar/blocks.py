"""Documents of a segment, some thousands at a time, so that to copy what is kept by document takes
the same memory however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchidx.columnar.layout import Array
from searchidx.columnar.packed import Numbers
from searchidx.columnar.runs import Ragged

if TYPE_CHECKING:
    from searchidx.columnar.found import Mask

BLOCK_DOCUMENTS = 32_768
"""A multiple of 8, so that bits of documents can be cut there."""


@dataclass(frozen=True, slots=True)
class Block:
    """Documents from `first` up to `last`; of these, those at the places `kept`, or all if None."""

    first: int
    last: int
    kept: Numbers | None

    def __len__(self) -> int:
        """How many documents are kept."""
        return self.last - self.first if self.kept is None else len(self.kept)

    def of(self, items: Array) -> Array:
        """Of an item for each document from `first` up to `last`, those that are kept."""
        return items if self.kept is None else items[self.kept]

    def runs_of(self, runs: Ragged) -> Ragged:
        """Of a run for each document from `first` up to `last`, those that are kept."""
        return runs if self.kept is None else runs.picked(self.kept)


def blocks(documents: int, alive: Mask | None) -> Iterator[Block]:
    """The documents of a segment, of which those are kept that are `alive` (all if None), in parts;
    one without documents, if there are none."""
    for first in range(0, max(1, documents), BLOCK_DOCUMENTS):
        last = min(first + BLOCK_DOCUMENTS, documents)
        yield Block(first, last, None if alive is None else np.flatnonzero(alive[first:last]))
