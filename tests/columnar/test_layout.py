"""The segment file: what was written is read back, and damage is told, never used."""

from __future__ import annotations

import io
import random
import struct
import threading
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from searchidx.columnar.layout import (
    ALIGNMENT,
    BLOCK_BYTES,
    FEW_SEARCHES,
    Array,
    ArrayFile,
    ArrayFileWriter,
    Damaged,
    OtherVersion,
)


def file_of(contents: dict[str, Array]) -> bytes:
    stream = io.BytesIO()
    writer = ArrayFileWriter(stream)
    for name, array in contents.items():
        writer.add(name, array)
    writer.finish()
    return stream.getvalue()


LARGE = np.arange(3 * BLOCK_BYTES // 4 + 5, dtype=np.uint32)
CONTENTS: dict[str, Array] = {
    "numbers": np.array([1, 2, 3], dtype=np.uint16),
    "none": np.array([], dtype=np.float32),
    "large": LARGE,
    "text": np.frombuffer("größer".encode(), dtype=np.uint8),
    "big-endian": np.array([1, 256], dtype=">u4"),
}


def test_arrays_are_read_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    path.write_bytes(file_of(CONTENTS))
    opened = ArrayFile.open(path)
    assert list(opened) == list(CONTENTS)
    for name, array in CONTENTS.items():
        assert np.array_equal(opened.array(name), array)
        assert len(opened.stored(name)) == len(array)
    assert opened.part("text", 0, 4).tobytes() == "grö".encode()
    assert "missing" not in opened
    assert list(opened.faults()) == []


def test_arrays_are_aligned_and_cannot_be_written_to() -> None:
    opened = ArrayFile(file_of(CONTENTS))
    for name in CONTENTS:
        array = opened.array(name)
        assert not array.flags.writeable
    assert all(entry.offset % ALIGNMENT == 0 for entry in opened._entries.values())


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=9),
        arrays.arrays(
            st.sampled_from([np.uint8, np.uint16, np.int32, np.int64, np.float32, np.float64]),
            st.integers(0, 50),
        ),
        max_size=6,
    )
)
def test_any_arrays_survive(contents: dict[str, Array]) -> None:
    opened = ArrayFile(file_of(contents))
    for name, array in contents.items():
        assert opened.array(name).dtype == array.dtype
        assert opened.array(name).tobytes() == array.tobytes()


@given(st.integers(0, len(LARGE)), st.integers(0, len(LARGE)))
def test_a_part_is_that_part(one: int, other: int) -> None:
    start, stop = sorted([one, other])
    opened = ArrayFile(file_of(CONTENTS))
    assert np.array_equal(opened.part("large", start, stop), LARGE[start:stop])


@given(st.lists(st.integers(0, len(LARGE) - 1), max_size=20))
def test_picked_items_and_several_parts_are_those(places: list[int]) -> None:
    array = ArrayFile(file_of(CONTENTS)).stored("large")
    assert array.picked(np.array(places, dtype=np.int64)).tolist() == LARGE[places].tolist()
    if places:
        stops = [min(place + 3, len(LARGE)) for place in places]
        expected = [LARGE[start:stop].tobytes() for start, stop in zip(places, stops, strict=True)]
        assert array.parts(places, stops) == expected


def test_damage_of_picked_items_and_of_several_parts_is_told() -> None:
    data = bytearray(file_of({"large": LARGE}))
    data[2 * BLOCK_BYTES + 7] ^= 1
    at = 2 * BLOCK_BYTES // 4 + 1
    for read in (
        lambda array: array.picked(np.array([0, at])),
        lambda array: array.parts([0, at], [1, at + 1]),
        lambda array: array.parts([0], [len(LARGE)]),
        lambda array: array.parts([0, 1], [1, len(LARGE) + 1]),
        lambda array: array.parts([0, 5], [1, 4]),
    ):
        with pytest.raises(Damaged, match="large"):
            read(ArrayFile(bytes(data)).stored("large"))


def test_a_part_checks_only_the_blocks_it_touches() -> None:
    data = bytearray(file_of({"large": LARGE}))
    data[2 * BLOCK_BYTES + 7] ^= 1
    opened = ArrayFile(bytes(data))
    per_block = BLOCK_BYTES // 4
    assert np.array_equal(opened.part("large", 0, 2 * per_block), LARGE[: 2 * per_block])
    with pytest.raises(Damaged, match="large"):
        opened.part("large", 2 * per_block, 2 * per_block + 1)
    with pytest.raises(Damaged):
        opened.array("large")
    assert [damage.array for damage in opened.faults()] == ["large"]


def test_a_block_that_two_threads_check_at_once_counts_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = bytearray(file_of({"large": LARGE}))
    data[LARGE.nbytes - 1] ^= 1  # in the last block
    stored = ArrayFile(bytes(data)).stored("large")
    both = threading.Barrier(2, timeout=10)

    def meeting(block: bytes) -> int:
        both.wait()
        return zlib.crc32(block)

    for at in range(0, len(LARGE) - BLOCK_BYTES // 4, BLOCK_BYTES // 4):
        with monkeypatch.context() as patched:
            patched.setattr("searchidx.columnar.layout.zlib", SimpleNamespace(crc32=meeting))
            threads = [threading.Thread(target=stored.part, args=(at, at + 1)) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    with pytest.raises(Damaged):
        stored.part(len(LARGE) - 1, len(LARGE))


def test_what_is_asked_for_must_be_there() -> None:
    opened = ArrayFile(file_of(CONTENTS))
    with pytest.raises(Damaged, match="asked for"):
        opened.part("numbers", 1, 9)
    with pytest.raises(Damaged, match="missing"):
        opened.array("missing")


def test_another_version_is_told() -> None:
    data = bytearray(file_of(CONTENTS))
    struct.pack_into("<I", data, len(data) - 16, 9)
    struct.pack_into("<I", data, len(data) - 12, zlib.crc32(data[-32:-12]))
    with pytest.raises(OtherVersion) as raised:
        ArrayFile(bytes(data))
    assert raised.value.found == 9


def test_an_empty_file_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    path.write_bytes(b"")
    with pytest.raises(Damaged):
        ArrayFile.open(path)


def test_names_are_taken_once_and_arrays_are_flat() -> None:
    writer = ArrayFileWriter(io.BytesIO())
    writer.add("a", np.zeros(1))
    for array in (np.zeros(1), np.zeros((2, 2)), np.array([object()])):
        with pytest.raises(ValueError, match=r"already|flat"):
            writer.add("a" if array.shape == (1,) and array.dtype != object else "b", array)


def read_all(data: bytes) -> dict[str, bytes]:
    opened = ArrayFile(data)
    return {name: opened.array(name).tobytes() for name in opened}


SMALL = {name: array for name, array in CONTENTS.items() if name != "large"}


@settings(max_examples=300)
@given(seed=st.integers(0, 2**32))
def test_flipped_bits_are_harmless_or_told(seed: int) -> None:
    chance = random.Random(seed)
    whole = file_of(SMALL)
    data = bytearray(whole)
    for _ in range(chance.choice([1, 1, 2, 8])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    try:
        found = read_all(bytes(data))
    except (Damaged, OtherVersion):
        return
    assert found == read_all(whole)


@given(st.data())
def test_cut_or_lengthened_files_are_told(data: st.DataObject) -> None:
    whole = file_of(SMALL)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(Damaged):
        read_all(cut)
    with pytest.raises(Damaged):
        read_all(whole + data.draw(st.binary(min_size=1, max_size=99)))


@pytest.mark.parametrize("searches", [0, FEW_SEARCHES], ids=["first", "later"])
@given(st.lists(st.integers(0, 50), max_size=30), st.integers(-1, 51))
def test_an_item_is_placed_as_numpy_places_it(searches: int, items: list[int], item: int) -> None:
    ascending = np.repeat(np.sort(np.array(items, dtype=np.int64)), 500)
    stored = ArrayFile(file_of({"n": ascending})).stored("n")
    for _ in range(searches):
        stored.place(25)
    assert stored.place(item) == ascending.searchsorted(item)
    assert stored.place(item, "right") == ascending.searchsorted(item, "right")


def test_items_are_those_of_the_array() -> None:
    array = np.arange(10_000, dtype=np.int64)
    for key in (0, 9_999, -1, np.int64(5_000), slice(3, 7_000), slice(9_998, None), np.array([1])):
        stored = ArrayFile(file_of({"n": array})).stored("n")
        assert np.array_equal(stored[key], array[key])
    with pytest.raises(IndexError):
        ArrayFile(file_of({"n": array})).stored("n")[10_000]


def test_only_the_blocks_that_a_search_looks_at_are_checked() -> None:
    array = np.arange(100_000, dtype=np.int64)
    whole = bytearray(file_of({"n": array}))
    whole[8 * 99_000] ^= 1  # in the last block
    stored = ArrayFile(bytes(whole)).stored("n")
    assert (stored.place(7), stored[7], stored[5:8].tolist()) == (7, 7, [5, 6, 7])
    with pytest.raises(Damaged):
        stored.place(99_000)
    with pytest.raises(Damaged):
        stored[99_001]
    with pytest.raises(Damaged):
        stored[np.array([7])]
    while stored._searches < FEW_SEARCHES:
        assert stored.place(7) == 7
    with pytest.raises(Damaged):
        stored.place(7)
