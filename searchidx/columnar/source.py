"""A segment that is to be merged, and its documents, some thousands at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from searchidx.columnar.blocks import Block, blocks
from searchidx.columnar.found import Mask
from searchidx.columnar.segment import SegmentArrays


@dataclass(frozen=True, slots=True)
class Source:
    """A segment to be merged; `alive` is None when no document is deleted."""

    arrays: SegmentArrays
    alive: Mask | None = None

    def count(self) -> int:
        """How many documents are kept."""
        return self.arrays.documents if self.alive is None else int(np.count_nonzero(self.alive))

    def blocks(self) -> Iterator[Block]:
        """The documents, in parts; what was read of the file is let go of behind each of them."""
        for block in blocks(self.arrays.documents, self.alive):
            yield block
            self.arrays.file.let_go()
