"""The memory that merging takes: what is stated, and not a share of all that is merged."""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pytest

from searchidx.columnar import blocks, ranges, waiting
from searchidx.columnar.found import Mask
from searchidx.columnar.layout import ArrayFile
from searchidx.columnar.merge import merge
from searchidx.columnar.segment import SegmentArrays
from searchidx.columnar.source import Source
from searchidx.posts.model import FieldValue, Post, SourceFile
from searchidx.settings import DEFAULT_FIELDS
from searchidx.store.build import SegmentBuilder

WORDS = [f"word{number}" for number in range(300)]
SEGMENTS = 6
FEWER, MORE = 1_800, 7_200


class Nowhere:
    """A stream of which nothing is kept."""

    def write(self, data: bytes | memoryview) -> int:
        return len(data)


def post(number: int, chance: random.Random) -> Post:
    """A post with a path, a title and related titles that no other has; the later the number, the
    later the path and the date."""
    moment = datetime(2015, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    fields: dict[str, FieldValue] = {
        "title": (f"{' '.join(chance.choices(WORDS, k=8))} {number}",),
        "excerpt": (" ".join(chance.choices(WORDS, k=40)),),
        "topics": tuple(chance.sample(WORDS[:9], 2)),
        "related": tuple(f"{' '.join(chance.choices(WORDS, k=8))} {number} {n}" for n in range(3)),
        "date": moment,
        "quality": float(number % 70),
    }
    path = f"{moment:%Y/%m/%d}/{number:08}-{'-'.join(chance.choices(WORDS, k=6))}.md"
    return Post(SourceFile(path, number, number), fields)


def segments_in(folder: Path, posts: int) -> list[SegmentArrays]:
    """So many posts in segments, one path behind the other."""
    chance, size, found = random.Random(5), posts // SEGMENTS, []
    for first in range(0, posts, size):
        builder = SegmentBuilder(DEFAULT_FIELDS)
        for number in range(first, first + size):
            builder.add(post(number, chance))
        path = folder / f"{posts}-{first}"
        with open(path, "wb") as stream:
            builder.write(stream)
        found.append(SegmentArrays(ArrayFile.open(path)))
    return found


def most_bytes(folder: Path, sources: Sequence[Source]) -> int:
    """The most memory that merging them takes at a time: the least of three times, since now and
    then a table of the interpreter's own grows meanwhile, or a module is imported."""
    return min(_most_bytes(folder, sources) for _ in range(3))


def _most_bytes(folder: Path, sources: Sequence[Source]) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        merge(cast(BinaryIO, Nowhere()), sources, folder)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def none_left_out(arrays: SegmentArrays) -> Mask | None:
    return None


def some_left_out(arrays: SegmentArrays) -> Mask | None:
    alive: Mask = np.arange(arrays.documents) % 9 > 0
    return alive


@pytest.mark.parametrize(
    ("alive", "most_per_post"), [(none_left_out, 50), (some_left_out, 300)], ids=["all", "some"]
)
def test_of_a_post_more_only_its_numbers_are_held(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    alive: Callable[[SegmentArrays], Mask | None],
    most_per_post: int,
) -> None:
    """A post takes some kilobytes in a segment. What grows with the posts is a column of numbers
    and its order, and, where posts are left out, the postings of a term that all of them have."""
    monkeypatch.setattr(ranges, "RANGE_BYTES", 256 * 1024)
    monkeypatch.setattr(waiting, "MOST_BYTES", 64 * 1024)
    monkeypatch.setattr(blocks, "BLOCK_DOCUMENTS", 256)
    fewer, more = (
        most_bytes(tmp_path, [Source(one, alive(one)) for one in segments_in(tmp_path, posts)])
        for posts in (FEWER, MORE)
    )
    assert (more - fewer) / (MORE - FEWER) < most_per_post
