"""Search against a plain reading of the same posts: any query gives exactly the posts it should.

The oracle knows nothing of the index: it keeps each post as lists of words and answers a query by
looking at every post.
"""

from __future__ import annotations

import fnmatch
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import searchidx
from searchidx.render import explanation_json
from tests.conftest import write_posts

WORDS = ["alpha", "beta", "gamma", "delta", "omega", "kappa", "alpaca", "betel"]
FIELDS = ["title", "excerpt", "topics", "body"]


@dataclass(frozen=True)
class Doc:
    """A post as lists of words: field -> values -> words."""

    path: str
    values: dict[str, list[list[str]]]
    quality: int | None
    published: bool

    def text(self) -> str:
        lines = ["---", f"published: {'yes' if self.published else 'no'}"]
        for name in ("title", "excerpt"):
            if name in self.values:
                lines.append(f"{name}: {' '.join(self.values[name][0])}")
        if "topics" in self.values:
            lines += ["topics:", *(f"  - {' '.join(value)}" for value in self.values["topics"])]
        if self.quality is not None:
            lines.append(f"quality: {self.quality}")
        body = " ".join(self.values["body"][0]) if "body" in self.values else ""
        return "\n".join([*lines, "---", body])


@dataclass(frozen=True)
class Asked:
    """A query as text, and the test a post must pass to match it."""

    text: str
    holds: Callable[[Doc], bool]


def make_docs(seed: int, count: int) -> list[Doc]:
    chance = random.Random(seed)
    docs = []
    for number in range(count):
        values: dict[str, list[list[str]]] = {"title": [chance.choices(WORDS, k=3)]}
        if chance.random() < 0.8:
            values["excerpt"] = [chance.choices(WORDS, k=6)]
        if chance.random() < 0.8:
            topics = {tuple(chance.choices(WORDS, k=chance.choice([1, 2]))) for _ in range(3)}
            values["topics"] = [list(topic) for topic in sorted(topics)]
        if chance.random() < 0.5:
            values["body"] = [chance.choices(WORDS, k=20)]
        quality = chance.randint(-5, 20) if chance.random() < 0.8 else None
        docs.append(Doc(f"{number:03}.md", values, quality, chance.random() < 0.5))
    return docs


@pytest.fixture(scope="module", params=[1, 2])
def corpus(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[searchidx.Index, list[Doc]]]:
    """An index that has seen additions, changes and removals, and the posts it should hold."""
    folder = tmp_path_factory.mktemp("oracle")
    first, second = make_docs(request.param, 60), make_docs(request.param + 100, 60)
    docs = first[:40] + second[40:60]
    with searchidx.open(folder / "index", create=True) as index:
        root = write_posts(folder / "posts", {doc.path: doc.text() for doc in first})
        index.sync([root])
        write_posts(root, {doc.path: doc.text() for doc in docs})
        index.sync([root])
        for doc in docs[:10]:
            Path(root / doc.path).unlink()
        index.sync([root])
        yield index, docs[10:]


def words_of(doc: Doc, field: str | None) -> Iterator[list[str]]:
    for name in [field] if field else FIELDS:
        yield from doc.values.get(name, [])


def any_word(doc: Doc, field: str | None, test: Callable[[str], bool]) -> bool:
    return any(test(word) for value in words_of(doc, field) for word in value)


def has_phrase(doc: Doc, field: str | None, phrase: list[str]) -> bool:
    size = len(phrase)
    return any(
        value[at : at + size] == phrase
        for value in words_of(doc, field)
        for at in range(len(value) - size + 1)
    )


def has_near(doc: Doc, field: str | None, phrase: list[str], reach: int) -> bool:
    """Whether the words stand in some order, each at most `reach` behind the one before."""
    return any(
        any(
            ascending(value, order, at, reach)
            for order in permutations(phrase)
            for at, word in enumerate(value)
            if word == order[0]
        )
        for value in words_of(doc, field)
    )


def ascending(value: list[str], order: tuple[str, ...], at: int, reach: int) -> bool:
    if len(order) == 1:
        return True
    return any(
        value[other] == order[1] and ascending(value, order[1:], other, reach)
        for other in range(at + 1, min(len(value), at + reach + 1))
    )


def edits(one: str, other: str) -> int:
    """Levenshtein distance."""
    row = list(range(len(other) + 1))
    for at, char in enumerate(one, 1):
        previous, row[0] = row[0], at
        for to, target in enumerate(other, 1):
            cost = min(row[to] + 1, row[to - 1] + 1, previous + (char != target))
            previous, row[to] = row[to], cost
    return row[-1]


words = st.sampled_from(WORDS)
fields = st.sampled_from([None, None, *FIELDS])


@st.composite
def leaves(draw: st.DrawFn) -> Asked:
    field = draw(fields)
    before = f"{field}:" if field else ""
    word = draw(words)
    kind = draw(st.sampled_from(["word", "phrase", "near", "prefix", "wildcard", "fuzzy", "range"]))
    kind = draw(st.sampled_from([kind, kind, "has", "published", "regex", "value"]))
    if kind == "word":
        return Asked(before + word, lambda doc: any_word(doc, field, lambda w: w == word))
    if kind == "phrase":
        phrase = [word, *draw(st.lists(words, min_size=1, max_size=2))]
        return Asked(f'{before}"{" ".join(phrase)}"', lambda doc: has_phrase(doc, field, phrase))
    if kind == "near":
        near = [word, *draw(st.lists(words, min_size=1, max_size=2))]
        reach = draw(st.integers(1, 5))
        text = f'{before}"{" ".join(near)}"~{reach}'
        return Asked(text, lambda doc: has_near(doc, field, near, reach))
    if kind == "prefix":
        part = word[: draw(st.integers(1, 4))]
        return Asked(
            f"{before}{part}*", lambda doc: any_word(doc, field, lambda w: w.startswith(part))
        )
    if kind in ("wildcard", "regex"):
        at = draw(st.integers(0, len(word) - 2))
        glob, regex = f"{word[:at]}?{word[at + 1 :]}", f"/{word[:at]}.{word[at + 1 :]}/"
        text = before + (glob if kind == "wildcard" else regex)
        return Asked(text, lambda doc: any_word(doc, field, lambda w: fnmatch.fnmatch(w, glob)))
    if kind == "fuzzy":
        typo = word[:2] + "x" + word[3:]
        most = draw(st.integers(1, 2))
        return Asked(
            f"{before}{typo}~{most}",
            lambda doc: any_word(doc, field, lambda w: edits(w, typo) <= most),
        )
    if kind == "range":
        low, high = sorted([draw(st.integers(-5, 20)), draw(st.integers(-5, 20))])
        return Asked(
            f"quality:{low}..{high}",
            lambda doc: doc.quality is not None and low <= doc.quality <= high,
        )
    if kind == "has":
        name = draw(st.sampled_from(FIELDS))
        return Asked(f"has:{name}", lambda doc: name in doc.values)
    if kind == "value":
        return Asked(f"topics:={word}", lambda doc: [word] in doc.values.get("topics", []))
    return Asked("published:yes", lambda doc: doc.published)


def combined(children: st.SearchStrategy[Asked]) -> st.SearchStrategy[Asked]:
    def both(pair: tuple[Asked, Asked]) -> Asked:
        one, other = pair
        return Asked(f"({one.text} {other.text})", lambda doc: one.holds(doc) and other.holds(doc))

    def either(pair: tuple[Asked, Asked]) -> Asked:
        one, other = pair
        return Asked(
            f"({one.text} OR {other.text})", lambda doc: one.holds(doc) or other.holds(doc)
        )

    def but(pair: tuple[Asked, Asked]) -> Asked:
        one, other = pair
        return Asked(
            f"({one.text} -{other.text})", lambda doc: one.holds(doc) and not other.holds(doc)
        )

    def without(one: Asked) -> Asked:
        return Asked(f"(NOT {one.text})", lambda doc: not one.holds(doc))

    pairs = st.tuples(children, children)
    return st.one_of(pairs.map(both), pairs.map(either), pairs.map(but), children.map(without))


queries = st.recursive(leaves(), combined, max_leaves=6)


@settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(asked=queries)
def test_a_query_gives_exactly_the_posts_it_should(
    corpus: tuple[searchidx.Index, list[Doc]], asked: Asked
) -> None:
    index, docs = corpus
    expected = {doc.path for doc in docs if asked.holds(doc)}
    results = index.search(asked.text, limit=100, match="all")
    assert {Path(hit.path).name for hit in results} == expected
    assert results.total == len(expected)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    words=st.lists(st.sampled_from(WORDS), min_size=2, max_size=4, unique=True),
    limit=st.integers(0, 50),
)
def test_posts_with_all_words_come_first_then_those_with_some(
    corpus: tuple[searchidx.Index, list[Doc]], words: list[str], limit: int
) -> None:
    index, docs = corpus
    held = {
        doc.path: sum(any_word(doc, None, lambda w, x=x: w == x) for x in words) for doc in docs
    }
    every = {path for path, count in held.items() if count == len(words)}
    some = {path for path, count in held.items() if 0 < count < len(words)}
    results = index.search(" ".join(words), limit=limit)
    marks = [hit.matched.value for hit in results]
    assert marks == sorted(marks)
    paths = [Path(hit.path).name for hit in results]
    assert set(paths[: marks.count("all")]) <= every
    assert set(paths[marks.count("all") :]) <= some
    assert results.total_all == len(every)
    assert results.total == len(every) + (len(some) if len(every) < max(limit, 1) else 0)
    assert len(paths) == min(limit, results.total)
    for match in ("all", "best", "any"):
        full = index.search(" ".join(words), limit=100, match=match)
        assert len(full) == full.total == len(every) + (len(some) if match != "all" else 0)
        assert {Path(h.path).name for h in full if h.matched == "all"} == every
        few = [*full.hits[:2], *full.hits[-1:]]
        explained = [index.explain(" ".join(words), hit.path, match=match) for hit in few]
        assert [one.score for one in explained if one] == pytest.approx(
            [hit.score for hit in few], rel=1e-5
        )
    first = index.search(" ".join(words), limit=7).hits
    whole = index.search(" ".join(words), limit=100).hits
    assert [(h.path, round(h.score, 4)) for h in first] == [
        (h.path, round(h.score, 4)) for h in whole[:7]
    ]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(asked=queries)
def test_explanations_add_up_to_the_score(
    corpus: tuple[searchidx.Index, list[Doc]], asked: Asked
) -> None:
    index, _ = corpus
    for hit in index.search(asked.text, limit=3, sort="relevance"):
        explanation = index.explain(asked.text, hit.path)
        assert explanation is not None
        assert explanation.score == pytest.approx(hit.score, rel=1e-5)
        check_sums(explanation_json(explanation))


def check_sums(row: dict[str, object]) -> None:
    parts = row["parts"]
    assert isinstance(parts, list)
    if parts:
        assert sum(part["score"] for part in parts) == pytest.approx(row["score"], abs=1e-4)
    for part in parts:
        check_sums(part)
