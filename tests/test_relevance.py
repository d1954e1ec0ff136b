"""Floors of relevance, on collections and posts that environment variables name."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from tests.conftest import REPOSITORY

COLLECTIONS = os.environ.get("SEARCHIDX_COLLECTIONS")
POSTS = os.environ.get("SEARCHIDX_POSTS")

LUCENE = {
    "cranfield": 0.5155, "cisi": 0.3710, "med": 0.6895, "cacm": 0.5017, "npl": 0.4368,
    "nfcorpus": 0.3222, "scifact": 0.6826,
}  # fmt: skip
"""nDCG@10 of Lucene's BM25, the better of k1 0.9, b 0.4 and k1 1.2, b 0.75."""

MEAN, EXPANDED_MEAN = 0.520, 0.533
FLOORS = {
    "title": (1, 0.99),
    "one word dropped": (3, 0.98),
    "one word misspelt": (3, 0.98),
    "three rarest words": (3, 0.98),
}
"""Kind of query -> a rank, and the share of posts that must stand there or better."""


@pytest.fixture(autouse=True)
def _from_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


def ndcg(folder: Path, where: Path, **options: Any) -> float:
    from benchmarks.collections import measured, read_collection
    from benchmarks.rankers import rank_searchidx

    collection = read_collection(folder)
    where.mkdir(parents=True)
    answers = dict(rank_searchidx(collection, where, **options))
    return fmean(measured(collection.grades[q], answers[q]).ndcg for q in collection.queries)


@pytest.mark.skipif(not COLLECTIONS, reason="SEARCHIDX_COLLECTIONS names no folder")
@pytest.mark.parametrize(
    ("options", "floor"), [({}, MEAN), ({"expand": True}, EXPANDED_MEAN)], ids=["plain", "expanded"]
)
def test_collections_are_ranked_well(tmp_path: Path, options: dict[str, Any], floor: float) -> None:
    found = {
        name: ndcg(Path(str(COLLECTIONS)) / name, tmp_path / name, **options) for name in LUCENE
    }
    assert fmean(found.values()) >= floor, found
    for name, lucene in LUCENE.items():
        assert found[name] >= lucene - 0.005, name


@pytest.mark.skipif(not POSTS, reason="SEARCHIDX_POSTS names no folder")
def test_known_posts_are_found() -> None:
    from benchmarks.known_items import measure, share_within

    found = measure(Path(str(POSTS)))
    for kind, (rank, floor) in FLOORS.items():
        assert share_within(found[kind], rank) >= floor, kind
