"""Stored values: what goes in comes out, and what could run code is told apart."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchidx.columnar.stored import NotPlain, pack, unpack

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    | st.binary() | st.datetimes(min_value=datetime(1, 1, 1))
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), values, max_size=5))
def test_plain_values_survive_without_trust(row: dict[str, Any]) -> None:
    packed = pack(row)
    if packed[:1] != b"p":
        assert unpack(packed) == row
    assert unpack(packed, trusted=True) == row


def test_long_values_are_deflated() -> None:
    row = {"body": "word " * 1000}
    assert len(pack(row)) < 200
    assert unpack(pack(row)) == row


def test_other_objects_are_read_only_when_trusted() -> None:
    packed = pack({"price": Decimal("1.50")})
    with pytest.raises(NotPlain):
        unpack(packed)
    assert unpack(packed, trusted=True) == {"price": Decimal("1.50")}


def test_keys_that_look_like_marks_are_kept_apart() -> None:
    row = {"outer": {"\0tuple": [1]}}
    assert unpack(pack(row), trusted=True) == row
