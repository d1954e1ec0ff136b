"""Numbers for many values at once are those that Whoosh makes one by one."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from whoosh.fields import DATETIME, NUMERIC

from searchidx.columnar.numbers import SIGN_BIT, date_numbers, float_numbers, number_terms

WHOOSH_NUMBER = NUMERIC(float, shift_step=0, sortable=True)
WHOOSH_DATE = DATETIME(sortable=True)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_floats(values: list[float]) -> None:
    numbers = float_numbers(np.array(values))
    assert numbers.tolist() == [WHOOSH_NUMBER.to_column_value(value + 0.0) for value in values]
    assert number_terms(numbers).texts() == [
        WHOOSH_NUMBER.to_bytes(value + 0.0) for value in values
    ]


@given(st.lists(st.datetimes(), min_size=1))
def test_dates(values: list[datetime]) -> None:
    numbers = date_numbers(values)
    assert numbers.tolist() == [WHOOSH_DATE.to_column_value(value) for value in values]
    assert number_terms(numbers ^ SIGN_BIT).texts() == [
        WHOOSH_DATE.to_bytes(value) for value in values
    ]
