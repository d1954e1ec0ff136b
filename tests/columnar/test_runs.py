"""Texts in one array are put in the order in which Python puts them."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from searchidx.columnar import runs
from searchidx.columnar.columns import distinct
from searchidx.columnar.runs import Ragged, byte_order, joined, ragged

texts = (
    st.binary(max_size=3)
    | st.binary(max_size=12)
    | st.binary(max_size=3).map(b"12345678".__add__)
    | st.lists(st.sampled_from([b"12345678", b"\0" * 8, b"\0", b"x"]), max_size=5).map(b"".join)
)
rows = st.lists(
    texts | st.sampled_from([b"", b"a", b"a\0", b"abcdefgh", b"abcdefgh\0", b"abcdefghi"])
)


@given(rows, st.sampled_from([0, 5, 300]), st.sampled_from([16, 256]))
def test_texts_are_put_in_byte_order_and_equal_ones_in_that_of_their_places(
    some: list[bytes], few: int, deepest: int
) -> None:
    with patch.object(runs, "FEW", few), patch.object(runs, "DEEPEST", deepest):
        order, is_new = byte_order(ragged(some))
    assert order.tolist() == sorted(range(len(some)), key=some.__getitem__)
    in_order = [some[place] for place in order.tolist()]
    assert is_new.tolist() == [
        place == 0 or in_order[place - 1] != text for place, text in enumerate(in_order)
    ]


@given(rows)
def test_distinct_texts(some: list[bytes]) -> None:
    places, found = distinct(ragged(some))
    assert found.texts() == sorted(set(some))
    assert [found.text(place) for place in places.tolist()] == some


@given(rows, rows, st.data())
def test_runs_are_joined_sliced_and_picked(
    one: list[bytes], other: list[bytes], data: st.DataObject
) -> None:
    both = joined([ragged(one), ragged(other)])
    whole = one + other
    assert both.texts() == whole
    first = data.draw(st.integers(0, len(whole)))
    last = data.draw(st.integers(first, len(whole)))
    part: Ragged = both.sliced(first, last)
    assert part.texts() == whole[first:last]
    if whole:
        places = data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1))
        assert both.picked(np.array(places)).texts() == [whole[place] for place in places]
