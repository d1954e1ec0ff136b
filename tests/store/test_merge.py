"""Merged segments answer as one segment that was built of all live posts at once, to the last bit.

`SEARCHIDX_TRIALS` says how many sets of posts, and how many runs of commits, are tried.
"""

from __future__ import annotations

import io
import math
import os
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import searchidx
from searchidx.columnar import blocks, ranges
from searchidx.columnar.layout import ArrayFile
from searchidx.columnar.merge import RATIO, merge, plan
from searchidx.columnar.segment import SegmentArrays
from searchidx.columnar.source import Source
from searchidx.index import Index
from searchidx.posts.model import Post, SourceFile
from searchidx.posts.problem import Problem
from searchidx.results import Results
from searchidx.schema import settings_stamp
from searchidx.settings import DEFAULT_FIELDS, FieldKind, FieldSpec, Settings
from searchidx.store.build import SegmentBuilder
from searchidx.store.manifest import Manifest, SegmentRecord
from searchidx.store.snapshot import Snapshot
from searchidx.store.verify import faults
from tests.conftest import MakeIndex, write_posts

TRIALS = int(os.environ.get("SEARCHIDX_TRIALS", "40"))
TESTED = settings(
    max_examples=TRIALS, deadline=None, suppress_health_check=list(HealthCheck), database=None
)

# -- posts

WORDS = ["alpha", "alphas", "beta", "Gamma", "delta", "C++", "well-known", "日本語", "é", "river"]
words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
long_texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=90).map(" ".join)
several = st.lists(words, min_size=1, max_size=3).map(tuple)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "title": words.map(lambda text: (text,)),
    "excerpt": words.map(lambda text: (text,)),
    "topics": several,
    "related": several,
    "body": long_texts.map(lambda text: (text,)),
    "provider": several,
    "category": several,
    "date": st.integers(0, 900).map(lambda day: datetime.fromtimestamp(86_400 * 19_000 + day, UTC)),
    "quality": st.integers(-3, 5).map(float),
    "heat": st.sampled_from([-0.5, 0.0, 0.25, 1e300]),
    "published": st.booleans(),
}
metas = st.lists(st.tuples(st.sampled_from(["mood", "by.who"]), words), max_size=3).map(tuple)


@st.composite
def posts(draw: st.DrawFn) -> Post:
    fields = draw(st.fixed_dictionaries({}, optional=FIELDS))
    ordered = {spec.name: fields[spec.name] for spec in DEFAULT_FIELDS if spec.name in fields}
    problems = (Problem("", 3, "odd", "mend it", True),) if draw(st.booleans()) else ()
    return Post(SourceFile("", 7, 8, "ab" * 20, 9), ordered, draw(metas), problems)


@st.composite
def segments(draw: st.DrawFn) -> list[list[tuple[Post, bool]]]:
    """Some segments, each of some posts, and of each post whether it is still alive."""
    alive = st.sampled_from([True, True, False])
    drawn = draw(
        st.lists(
            st.lists(st.tuples(posts(), alive), min_size=1, max_size=6), min_size=1, max_size=4
        )
    )
    number, found = 0, []
    for segment in drawn:
        rows = []
        for post, lives in segment:
            path = f"{number % 3}/Post {number}.md"
            file = post.file._replace(path=path, size_bytes=number, mtime_ns=1000 - number)
            problems = tuple(replace(problem, path=path) for problem in post.problems)
            rows.append((post._replace(file=file, problems=problems), lives))
            number += 1
        found.append(rows)
    return found


# -- segments of them


def built(rows: Sequence[Post], specs: Sequence[FieldSpec] = DEFAULT_FIELDS) -> SegmentArrays:
    builder = SegmentBuilder(specs)
    for post in rows:
        builder.add(post)
    stream = io.BytesIO()
    builder.write(stream)
    return SegmentArrays(ArrayFile(stream.getvalue()))


def merged(
    parts: Sequence[Sequence[tuple[Post, bool]]], specs: Sequence[FieldSpec] = DEFAULT_FIELDS
) -> SegmentArrays:
    sources = []
    for part in parts:
        alive = np.array([lives for _, lives in part])
        mask = None if alive.all() else alive
        sources.append(Source(built([post for post, _ in part], specs), mask))
    stream = io.BytesIO()
    merge(stream, sources)
    return SegmentArrays(ArrayFile(stream.getvalue()))


def opened(arrays: SegmentArrays, folder: Path, specs: tuple[FieldSpec, ...]) -> Index:
    """An index of one segment that is in memory."""
    manifest = Manifest(
        generation=1,
        stamp=settings_stamp(specs),
        fields=specs,
        own_fields=False,
        roots=(),
        include=(),
        exclude=(),
        max_file_bytes=1,
        follow_symlinks=False,
        posts=arrays.documents,
        time="",
        segments=(SegmentRecord("MAIN_" + "a" * 16, arrays.documents),),
    )
    return Index(folder, Snapshot(folder, manifest, [arrays]), Settings(base=folder))


# -- all that can be asked of them

QUERIES = [
    "*",
    "alpha",
    "alpha beta river",
    "alpha OR gamma OR delta",
    "river -alpha",
    '"alpha beta"',
    '"river alpha"~3',
    "alp*",
    "title:?e*a",
    "gama~",
    "body:/[bg].*a/",
    "quality:0..3",
    "date:2022-01-01..2022-01-01",
    "published:yes",
    "has:problems OR has:meta.mood",
    "topics:alpha^3 category:beta",
    "c++ OR 本語",
    "path:post",
]
SORTS = ["", "date", "-quality,title", "title", "-provider", "heat", "path"]
FACETS = ("topics", "provider", "category", "date", "quality", "heat", "published", "title")


def shown(results: Results) -> Any:
    hits = [(hit.path, hit.score, dict(hit.fields), tuple(hit.meta)) for hit in results]
    return results.total, hits, dict(results.facets)


def answers(index: Index) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, text in enumerate(QUERIES):
        try:
            sort = SORTS[number % len(SORTS)]
            found[text] = shown(index.search(text, limit=100, facets=FACETS))
            found[f"{text} by {sort}"] = shown(index.search(text, limit=100, sort=sort))
        except searchidx.QueryError as error:  # no post has the metadata key
            found[text] = str(error)
    for sort in SORTS:
        found[f"by {sort}"] = [hit.path for hit in index.search("*", limit=100, sort=sort)]
    for spec in index.fields:
        if spec.kind in (FieldKind.TEXT, FieldKind.KEYWORD):
            found[f"terms of {spec.name}"] = list(index.terms(spec.name))
    snapshot = index._snapshot
    assert snapshot is not None
    for hit in index.search("*", limit=100):
        found[f"like {hit.path}"] = shown(index.similar(hit.path))
        found[f"why {hit.path}"] = index.explain("alpha OR river OR gam* OR quality:1", hit.path)
    found["stats"] = replace(index.stats(), size_bytes=0)
    found["problems"] = index.problems()
    found["files"] = snapshot.catalogue()
    found["meta"] = [list(snapshot.terms(field)) for field in ("meta", "meta.value", "has")]
    return found


def assert_same(one: SegmentArrays, other: SegmentArrays, folder: Path, specs: Any) -> None:
    assert list(faults(one)) == list(faults(other)) == []
    for name in {*one.length_names(), *other.length_names()}:
        assert one.total_length(name) == other.total_length(name), name
    expected = answers(opened(other, folder, specs))
    for name, answer in answers(opened(one, folder, specs)).items():
        assert answer == expected[name], name


def live(parts: Sequence[Sequence[tuple[Post, bool]]]) -> list[Post]:
    return [post for part in parts for post, lives in part if lives]


@TESTED
@given(parts=segments())
def test_a_merge_answers_as_if_all_live_posts_had_been_added_at_once(
    parts: list[list[tuple[Post, bool]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    assert_same(merged(parts), built(live(parts)), folder, DEFAULT_FIELDS)


@settings(TESTED, max_examples=max(10, TRIALS // 4))
@given(parts=segments(), size_bytes=st.integers(1, 10_000))
def test_a_merge_in_small_ranges_of_terms_gives_the_same(
    parts: list[list[tuple[Post, bool]]], size_bytes: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ranges, "RANGE_BYTES", size_bytes)
        patched.setattr(blocks, "BLOCK_DOCUMENTS", 8)
        found = merged(parts)
    assert_same(found, built(live(parts)), folder, DEFAULT_FIELDS)


@settings(TESTED, max_examples=max(10, TRIALS // 4))
@given(parts=segments())
def test_a_merge_of_merged_segments_gives_the_same(
    parts: list[list[tuple[Post, bool]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    first = merged(parts)
    again = built([post for part in parts for post, _ in part])
    stream = io.BytesIO()
    merge(stream, [Source(first), Source(again, np.arange(again.documents) % 2 == 1)])
    whole = [post for part in parts for post, _ in part]
    expected = built([*live(parts), *whole[1::2]])
    assert_same(SegmentArrays(ArrayFile(stream.getvalue())), expected, folder, DEFAULT_FIELDS)


def test_a_merge_of_many_posts_keeps_their_deflated_values() -> None:
    chance = random.Random(5)
    parts = []
    for segment in range(3):
        rows = []
        for number in range(60):
            text = " ".join(chance.choices(WORDS, k=200))
            file = SourceFile(f"{segment}/{number}.md", 1, 1, "ab" * 20)
            rows.append(
                (Post(file, {"title": ("T" * number or "x",), "body": (text,)}), number % 7 > 0)
            )
        parts.append(rows)
    found, expected = merged(parts), live(parts)
    assert found.documents == len(expected)
    for number, post in enumerate(expected):
        values = found.stored_values(number)
        assert (values["path"], tuple(values["body"])) == (post.file.path, post.fields["body"])
    assert list(faults(found)) == []


# -- what is merged when


def test_few_segments_are_left_for_each_is_larger_than_those_below_it_by_a_ratio() -> None:
    chance = random.Random(11)
    for _ in range(TRIALS):
        sizes: list[int] = []
        deleted: list[int] = []
        most = chance.choice([1, 10, 1000])
        for _ in range(100):
            for place, size in enumerate(sizes):
                if chance.random() < 0.3:
                    deleted[place] = min(size, deleted[place] + chance.randint(0, most))
            sizes.append(chance.randint(1, most))
            deleted.append(0)
            kept = [place for place, size in enumerate(sizes) if size > deleted[place]]
            sizes, deleted = [sizes[p] for p in kept], [deleted[p] for p in kept]
            groups = plan(sizes, deleted)
            taken = [place for group in groups for place in group]
            assert len(taken) == len(set(taken))
            live_sizes = [size - gone for size, gone in zip(sizes, deleted, strict=True)]
            together = [sum(live_sizes[place] for place in group) for group in groups]
            rest = [place for place in range(len(sizes)) if place not in taken]
            sizes = [sizes[place] for place in rest] + together
            deleted = [deleted[place] for place in rest] + [0] * len(together)
            ladder = sorted(size - gone for size, gone in zip(sizes, deleted, strict=True))
            assert all(high > RATIO * low for low, high in pairwise(ladder))
            assert len(ladder) <= 1 + math.log(max(ladder, default=1), RATIO)


def test_a_post_is_written_again_only_as_often_as_the_ladder_has_steps() -> None:
    sizes: list[int] = []
    written = 0
    for _ in range(3000):
        sizes.append(1)
        groups = plan(sizes, [0] * len(sizes))
        taken = {place for group in groups for place in group}
        together = [sum(sizes[place] for place in group) for group in groups]
        sizes = [size for place, size in enumerate(sizes) if place not in taken] + together
        written += sum(together)
    assert written / sum(sizes) < 4 * math.log(sum(sizes), RATIO)


def test_nothing_is_planned_for_nothing_and_for_one_whole_segment() -> None:
    assert plan([], []) == []
    assert plan([5], [0]) == []
    assert plan([10], [3]) == []
    assert plan([10], [4]) == [[0]]


def test_many_random_commits_leave_few_segments_and_what_a_fresh_build_holds(
    tmp_path: Path,
) -> None:
    chance = random.Random(3)
    root = write_posts(tmp_path / "posts", {"keep.md": "# Keep alpha"})
    with searchidx.open(tmp_path / "index", create=True) as index:
        for _ in range(TRIALS):
            for _ in range(chance.choice([1, 1, 2, 9])):
                name = f"{chance.randrange(60)}.md"
                if chance.random() < 0.3:
                    (root / name).unlink(missing_ok=True)
                else:
                    text = " ".join(chance.choices(WORDS, k=9))
                    quality = chance.randrange(9)
                    write_posts(
                        root, {name: f"---\ntitle: {text}\nquality: {quality}\n---\n{text}"}
                    )
            index.sync([root])
            stats = index.stats()
            assert stats.segments <= 1 + math.log(stats.posts, RATIO)
        assert index.check([root]).faults == ()
        with searchidx.open(tmp_path / "fresh", create=True) as fresh:
            fresh.sync([root])
            for text in ("*", *WORDS, "alp*", "alpha -river"):
                found = [posts_of(one, text) for one in (index, fresh)]
                assert found[0] == found[1]
            assert list(index.terms("title")) == list(fresh.terms("title"))
            orders = [
                [hit.fields.get("quality") for hit in one.search("*", sort="-quality", limit=99)]
                for one in (index, fresh)
            ]
            assert orders[0] == orders[1]


def posts_of(index: Index, text: str) -> Any:
    found = index.search(text, limit=100, facets=("quality",))
    return {hit.path: dict(hit.fields) for hit in found}, found.total, found.facets


def test_a_merge_analyses_nothing_again(
    make_index: MakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "posts"
    index = make_index({f"{n}.md": f"---\ntitle: River {n}\n---\nalphas" for n in range(12)})
    write_posts(root, {f"new{n}.md": f"---\ntitle: Delta {n}\n---\nrivers" for n in range(2)})
    index.sync([root])
    assert index.stats().segments == 2

    def refuse(*arguments: object) -> None:
        raise AssertionError("something is analysed again")

    with monkeypatch.context() as patched:
        for name in (
            "searchidx.analysis.chunk_terms",
            "searchidx.analysis.slots",
            "searchidx.analysis.stemmer",
            "searchidx.analysis.fold",
            "searchidx.store.tokens.chunk_terms",
            "searchidx.store.tokens.stemmer",
            "searchidx.store.build.fold",
            "searchidx.store.build.fold_value",
            "searchidx.applying.build_post",
        ):
            patched.setattr(name, refuse)
        patched.setattr("searchidx.store.snapshot.FEW_PATHS", 0)  # few are looked up, folded
        for number in range(8):
            (root / f"{number}.md").unlink()
        index.sync([root])
    stats = index.stats()
    assert (stats.segments, stats.posts, stats.deleted) == (1, 6, 0)
    assert index.search("river").total == 6
    assert index.search("alpha").total == 4
