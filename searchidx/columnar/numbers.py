"""Numbers and dates as Whoosh keeps them in columns and terms, for many values at once.

Whoosh makes of every number a whole number that sorts as it does, of which its terms are the bytes:
of a float its bits, those of a negative one inverted, and 2**63 more; of a date the microseconds
since the year 1, and in terms 2**63 more. `whoosh.fields.NUMERIC` and `DATETIME` do the same value
by value.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from searchidx.columnar.runs import Ragged

if TYPE_CHECKING:
    import numpy.typing as npt

SIGN_BIT = np.uint64(1 << 63)

_YEAR_1 = np.datetime64("0001-01-01", "us")


def float_numbers(values: npt.NDArray[np.float64]) -> npt.NDArray[np.uint64]:
    """What a float column holds for these values; -0.0 counts as 0.0."""
    bits = (values + 0.0).view(np.int64)
    bits = np.where(bits < 0, bits ^ np.int64((1 << 63) - 1), bits)
    return bits.view(np.uint64) ^ SIGN_BIT


def date_numbers(moments: Sequence[datetime]) -> npt.NDArray[np.uint64]:
    """What a date column holds for these moments, which name no time zone."""
    return (np.array(moments, dtype="datetime64[us]") - _YEAR_1).astype(np.uint64)


def number_terms(sortable: npt.NDArray[np.uint64]) -> Ragged:
    """The terms of these numbers."""
    rows = np.zeros((len(sortable), 9), dtype=np.uint8)
    rows[:, 1:] = sortable.astype(">u8").view(np.uint8).reshape(-1, 8)
    return Ragged(rows.ravel(), np.arange(1, len(rows) + 1) * 9)
