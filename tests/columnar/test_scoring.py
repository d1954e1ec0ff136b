"""BurstBM25 in stock Whoosh and on arrays; closeness and priors on arrays."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whoosh import fields, query
from whoosh.searching import Searcher

from searchidx.columnar import BurstBM25, create_in
from searchidx.columnar.closeness import Run, WithCloseness
from searchidx.columnar.evaluate import best, evaluate
from searchidx.columnar.select import best_of
from searchidx.columnar.whoosh_index import ColumnarIndex, searcher_over
from tests.columnar.test_codec import WORDS, Pair, pair, texts, words  # noqa: F401

__all__ = ["pair"]


def ranked(searcher: Searcher, tree: query.Query) -> dict[str, float]:
    hits = searcher.search(tree, limit=None)
    return {hit["id"]: hits.score(at) for at, hit in enumerate(hits)}


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    terms=st.lists(st.tuples(texts, words), min_size=1, max_size=4),
    b=st.sampled_from([0.0, 0.6, 1.0]),
    k1=st.sampled_from([0.5, 1.2]),
    burst=st.sampled_from([0.0, 0.5, 1.0]),
)
def test_stock_whoosh_gives_the_same_scores(
    pair: Pair,
    terms: list[tuple[str, str]],
    b: float,
    k1: float,
    burst: float,
) -> None:
    model = BurstBM25(B=b, K1=k1, burst=burst)
    tree = query.Or([query.Term(name, word) for name, word in terms])
    storage = pair.ours.storage
    arrays = ColumnarIndex(storage)
    with (
        arrays.searcher(weighting=model) as ours,
        pair.stock.searcher(weighting=model) as stock,
        pair.ours.searcher(weighting=model) as stock_over_arrays,
    ):
        expected = ranked(stock, tree)
        assert ranked(ours, tree) == pytest.approx(expected, rel=1e-4)
        assert ranked(stock_over_arrays, tree) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("holding", "total", "burst", "worth"),
    [
        (10, 10.0, 0.5, math.log(1 + 990.5 / 10.5)),
        (10, 40.0, 0.5, 2 * math.log(1 + 990.5 / 10.5)),
        (10, 40.0, 0.0, math.log(1 + 990.5 / 10.5)),
        (1000, 1000.0, 1.0, math.log(1 + 0.5 / 1000.5)),
        (0, 0.0, 0.5, math.log(1 + 1000.5 / 0.5)),
    ],
    ids=["once each", "in bursts", "bursts do not count", "in every document", "nowhere"],
)
def test_the_worth_of_a_word(holding: int, total: float, burst: float, worth: float) -> None:
    assert BurstBM25(burst=burst).worth(1000, holding, total) == pytest.approx(worth)


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    typed=st.lists(words, min_size=2, max_size=4, unique=True),
    reach=st.integers(1, 3),
    share=st.sampled_from([0.05, 0.5, 2.0]),
    limit=st.integers(1, 20),
    needs_all=st.booleans(),
)
def test_the_best_by_closeness_are_found_without_looking_at_all(
    pair: Pair,
    typed: list[str],
    reach: int,
    share: float,
    limit: int,
    needs_all: bool,
) -> None:
    terms = [query.Term("body", word) for word in typed]
    runs = [
        Run((a, b), (("title", (a.text, b.text)), ("body", (a.text, b.text))), reach, share)
        for a, b in pairwise(terms)
    ]
    tree = WithCloseness(query.And(terms) if needs_all else query.Or(terms), runs)
    with ColumnarIndex(pair.ours.storage).searcher(weighting=BurstBM25()) as searcher:
        arrays = searcher_over(searcher)
        total, found = best(tree, arrays, limit)
        bases = [part.base for part in arrays.parts]
        whole = list(zip(evaluate(tree, arrays), bases, strict=True))
        expected = best_of(whole, limit)
        assert total == sum(len(one) for one, _ in whole)
        assert [number for number, _ in found] == [number for number, _ in expected]
        assert [score for _, score in found] == pytest.approx(
            [score for _, score in expected], rel=1e-4
        )
        plain = query.AndMaybe(tree.a, tree.b)
        by_whoosh = dict(ranked_numbers(searcher, plain))
        assert {number: by_whoosh[number] for number, _ in found} == pytest.approx(
            dict(found), rel=1e-4
        )


def ranked_numbers(searcher: Searcher, tree: query.Query) -> list[tuple[int, float]]:
    """Documents and scores from Whoosh's own matchers."""
    found = []
    for leaf, base in searcher.leaf_searchers():
        matcher = tree.matcher(leaf, leaf.context())
        while matcher.is_active():
            found.append((matcher.id() + base, matcher.score()))
            matcher.next()
    return found


def test_words_in_order_count_more(tmp_path: Path) -> None:
    schema = fields.Schema(id=fields.ID(stored=True), text=fields.TEXT(phrase=True))
    made = create_in(tmp_path, schema)
    with made.writer() as writer:
        for name, text in [("apart", "face under mask"), ("close", "under face mask"),
                           ("turned", "under mask face")]:  # fmt: skip
            writer.add_document(id=name, text=text)
    terms = (query.Term("text", "face"), query.Term("text", "mask"))
    run = Run(terms, (("text", ("face", "mask")),), 1, 0.1)
    with made.searcher(weighting=BurstBM25()) as searcher:
        arrays = searcher_over(searcher)
        _, found = best(WithCloseness(query.And(list(terms)), [run]), arrays, 3)
    scores = dict(found)
    assert found[0][0] == 1
    assert scores[1] == pytest.approx(1.1 * scores[0], rel=1e-5)
    assert scores[0] == pytest.approx(scores[2])
