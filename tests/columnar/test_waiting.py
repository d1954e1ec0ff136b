"""What waits to be written comes back as it was, from memory and from a file."""

from __future__ import annotations

import io
import os
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from whoosh import fields

from searchidx.columnar import create_in, waiting
from searchidx.columnar.layout import Array
from searchidx.columnar.merge import merge
from searchidx.columnar.read import arrays_of
from searchidx.columnar.source import Source
from searchidx.columnar.waiting import Waiting

flat = arrays.arrays(
    st.sampled_from([np.uint8, np.uint16, np.int64, np.float32]), st.integers(0, 9)
).map(lambda array: np.nan_to_num(array))


@given(st.lists(st.lists(flat, max_size=3), max_size=6), st.sampled_from([0, 20, 10_000]))
def test_groups_come_back_in_their_order(groups: list[list[Array]], most_bytes: int) -> None:
    with patch.object(waiting, "MOST_BYTES", most_bytes):
        kept = Waiting(Path.cwd())
        for group in groups:
            kept.add(group)
        found = kept.groups()
    assert [[array.tolist() for array in group] for group in found] == [
        [array.tolist() for array in group] for group in groups
    ]
    assert [[array.dtype for array in group] for group in found] == [
        [array.dtype for array in group] for group in groups
    ]


def test_a_merge_writes_the_same_from_memory_and_from_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = create_in(tmp_path, fields.Schema(text=fields.TEXT(stored=True), tag=fields.KEYWORD))
    for start in (0, 300):
        writer = index.writer()
        for number in range(start, start + 300):
            text = " ".join(f"word{n}" for n in range(number % 40)) + " again again"
            writer.add_document(text=text, tag=f"tag{number}")
        writer.commit(merge=False)
    with index.reader() as reader:
        sources = [Source(arrays_of(leaf), None) for leaf, _ in reader.leaf_readers()]
    in_memory, through_file = io.BytesIO(), io.BytesIO()
    merge(in_memory, sources)
    before = sorted(os.listdir(tmp_path))
    monkeypatch.setattr(waiting, "MOST_BYTES", 0)
    merge(through_file, sources, tmp_path)
    assert through_file.getvalue() == in_memory.getvalue()
    assert sorted(os.listdir(tmp_path)) == before
