"""What a document counts before anything is asked: how new it is, or how high a number it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

import numpy as np
from whoosh import query

from searchidx.columnar.columns import NumberColumn
from searchidx.columnar.layout import Array
from searchidx.columnar.packed import Numbers

if TYPE_CHECKING:
    import numpy.typing as npt

Shares: TypeAlias = "npt.NDArray[np.float32]"


class Prior(Protocol):
    """From the numbers of a field to the share that each adds to a score, from 0 to 1."""

    @property
    def field(self) -> str: ...

    def shares(self, values: Array) -> Shares: ...


class Recency(NamedTuple):
    """1 for what is of now or later; half as much with each `half_life`, in units of the column."""

    field: str
    now: int
    half_life: float

    def shares(self, values: Array) -> Shares:
        age = np.maximum(self.now - values.astype(np.float64), 0)
        return np.exp2(-age / self.half_life).astype(np.float32)


class Standing(NamedTuple):
    """How many of the documents that have a number have no higher one, as a share of them.

    `ascending` are the numbers of all documents; so the unit of the field does not matter.
    """

    field: str
    ascending: Array

    def shares(self, values: Array) -> Shares:
        below = np.searchsorted(self.ascending, values, "right")
        return (below / max(1, len(self.ascending))).astype(np.float32)


class WithPrior(query.WrappingQuery):  # type: ignore[misc]
    """What the child matches; each score s becomes s × (1 + share). A document without the number
    keeps its score. To Whoosh's matchers it is the child."""

    def __init__(self, child: query.Query, prior: Prior) -> None:
        super().__init__(child)
        self.prior = prior


def shares_of(prior: Prior, column: NumberColumn | None, docs: Numbers) -> Shares:
    """The share that a prior gives to each of some documents of a segment."""
    if column is None:
        return np.zeros(len(docs), dtype=np.float32)
    shares = prior.shares(column.values[docs])
    present = column.present(docs)
    return shares if present is None else np.where(present, shares, np.float32(0))
