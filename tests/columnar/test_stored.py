"""Stored values: what goes in comes out, and what could run code is told apart."""

from __future__ import annotations

import importlib
import io
import sys
import zlib
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchidx.columnar import deflate
from searchidx.columnar.layout import ArrayFile, ArrayFileWriter
from searchidx.columnar.stored import NotPlain, StoredReader, StoredValues, StoredWriter, joined

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    | st.binary() | st.datetimes(min_value=datetime(1, 1, 1))
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


rows = st.dictionaries(st.text(), values, max_size=5)


def kept(parts: list[StoredValues]) -> StoredReader:
    stream = io.BytesIO()
    writer = ArrayFileWriter(stream)
    joined(parts).write(writer)
    writer.finish()
    return StoredReader(ArrayFile(stream.getvalue()))


def stored(documents: list[dict[str, Any]]) -> StoredValues:
    writer = StoredWriter()
    for row in documents:
        writer.add(row)
    return writer.finish()


def is_pickled(row: dict[str, Any]) -> bool:
    try:
        kept([stored([row])]).values(0)
    except NotPlain:
        return True
    return False


@given(st.lists(rows, min_size=1, max_size=4))
def test_plain_values_survive_without_trust(documents: list[dict[str, Any]]) -> None:
    reader = kept([stored(documents)])
    for number, row in enumerate(documents):
        if not is_pickled(row):
            assert reader.values(number) == row
        assert reader.values(number, trusted=True) == row


def many(count: int, word: str = "word") -> list[dict[str, Any]]:
    return [
        {"title": f"{word} {n}", "tags": ["a", "b"], "body": f"{word} {n} " * 50}
        for n in range(count)
    ]


def tail_bytes(values: StoredValues) -> int:
    return sum(len(part.blocks.items) for part in values.tails)


def test_long_values_are_deflated_with_those_of_the_documents_beside_them() -> None:
    assert tail_bytes(stored(many(1))) < 100
    assert tail_bytes(stored(many(100))) < 50 * 100
    reader = kept([stored(many(100))])
    assert [reader.values(n) for n in range(100)] == many(100)


def test_tails_that_were_deflated_one_by_one_are_put_together() -> None:
    single = kept([stored([row]) for row in many(40)])
    again = kept([single.kept(None)])
    assert tail_bytes(again.kept(None)) == tail_bytes(stored(many(40)))
    assert [again.values(n) for n in range(40)] == many(40)


def test_short_texts_are_read_without_the_rest() -> None:
    reader = kept([stored(many(3))])
    assert reader.head(2) == {"title": "word 2", "tags": ["a", "b"]}
    assert reader.names == ["title", "tags"]
    assert reader.heads(np.array([2, 0])) == [["word 2", ["a", "b"]], ["word 0", ["a", "b"]]]


def test_documents_of_several_segments_are_read_together() -> None:
    parts = [stored(many(40)), stored([{"other": "x", "title": "y"}]), stored(many(70, "more"))]
    documents = [*many(40), {"other": "x", "title": "y"}, *many(70, "more")]
    reader = kept(parts)
    assert [reader.values(n) for n in range(len(documents))] == documents
    picked = [0, 39, 40, 41, 110]
    alive = np.isin(np.arange(len(documents)), picked)
    again = kept([reader.kept(alive), reader.kept(None)])
    assert [again.values(n) for n in range(5)] == [documents[n] for n in picked]
    assert [again.values(n + 5) for n in range(len(documents))] == documents


def test_other_objects_are_read_only_when_trusted() -> None:
    reader = kept([stored([{"price": Decimal("1.50")}])])
    with pytest.raises(NotPlain):
        reader.values(0)
    assert reader.values(0, trusted=True) == {"price": Decimal("1.50")}


def test_keys_that_look_like_marks_are_kept_apart() -> None:
    row = {"outer": {"\0tuple": [1]}}
    assert kept([stored([row])]).values(0, trusted=True) == row


@pytest.mark.parametrize("has_isal", [True, False])
def test_what_is_deflated_is_read_by_zlib_whoever_deflated_it(
    monkeypatch: pytest.MonkeyPatch, has_isal: bool
) -> None:
    if has_isal:
        pytest.importorskip("isal")
    else:
        monkeypatch.setitem(sys.modules, "isal.isal_zlib", None)
    importlib.reload(deflate)
    try:
        for data in (b"", b"x", b"a post and a post " * 50_000, bytes(range(256)) * 9):
            packed = deflate.deflated(data)
            assert zlib.decompress(packed, -15) == data
            assert len(packed) < len(data) / 50 or len(data) < 10_000
    finally:
        monkeypatch.undo()
        importlib.reload(deflate)
