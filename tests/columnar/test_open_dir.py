"""open_dir for users of Whoosh: the same calls give the same answers as stock Whoosh's own index.

`meaning` says what a tree of queries should find: its leaves and spans are asked of stock Whoosh
over its default codec, each alone, and And, Or, Not and the like are worked out on the answers. So
nodes of which Whoosh's matchers err (see test_codec.py) are held to what they mean.
"""

from __future__ import annotations

import copy
import random
import subprocess
import sys
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whoosh import columns, fields, index, qparser, query, scoring, sorting
from whoosh.analysis import StemmingAnalyzer
from whoosh.codec import default_codec
from whoosh.collectors import UnlimitedCollector
from whoosh.filedb.filestore import RamStorage
from whoosh.highlight import PinpointFragmenter
from whoosh.multiproc import SerialMpWriter
from whoosh.query import spans
from whoosh.searching import Results, Searcher
from whoosh.writing import AsyncWriter, BufferedWriter

from searchidx.columnar import ColumnarCodec, ColumnarIndex, create_in, open_dir
from searchidx.columnar.codec import ColumnarSegment
from searchidx.columnar.whoosh_index import ArrayCollector
from tests.columnar.test_codec import WORDS, Pair, combined, documents, leaves, make_schema

Answer = dict[int, float]


def schema_of_all_kinds() -> fields.Schema:
    schema = make_schema()
    schema.add("when", fields.DATETIME(stored=True, sortable=True))
    schema.add("price", fields.NUMERIC(Decimal, decimal_places=2, stored=True, sortable=True))
    schema.add("ratio", fields.NUMERIC(float, stored=True, sortable=True))
    schema.add("marks", fields.NUMERIC(int, stored=True))
    schema.add("spelt", fields.TEXT(analyzer=StemmingAnalyzer(), spelling=True, stored=True))
    schema.add("gram_text", fields.NGRAM(stored=True))
    schema.add("labels", fields.KEYWORD(stored=True, sortable=True, commas=True))
    schema.add("plain", fields.TEXT(phrase=False, vector=True, stored=True))
    schema.add("chars", fields.TEXT(chars=True, stored=True))
    return schema


def rows(seed: int, count: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(seed)
    for row in documents(seed, count):
        text = " ".join(chance.choices(WORDS, k=chance.randint(1, 9)))
        row["when"] = datetime(2020, 1, 1) + timedelta(days=chance.randint(0, 900))
        row["ratio"] = chance.choice([1.5, -2.25, 0.0, 3e9])
        row["spelt"] = " ".join(chance.choices(["running", "runs", "jumped", "worlds"], k=3))
        row["labels"] = ",".join(chance.sample(WORDS, 2))
        row |= {"gram_text": chance.choice(WORDS), "plain": text, "chars": text}
        if chance.random() < 0.8:
            row["price"] = Decimal(chance.randint(-500, 5000)) / 100
        if chance.random() < 0.5:
            row["marks"] = [chance.randint(0, 9), chance.randint(0, 9)]
        yield row


def fill(target: index.FileIndex, seed: int, codecs: list[Any]) -> None:
    """A segment by each codec (None for the target's own), some documents deleted again."""
    chance = random.Random(seed)
    documents = list(rows(seed, 30 * len(codecs)))
    for part, codec in enumerate(codecs):
        writer = target.writer(codec=codec) if codec else target.writer()
        for row in documents[part * 30 : part * 30 + 30]:
            writer.add_document(**row)
        writer.commit(merge=False)
    writer = target.writer()
    for row in chance.sample(documents, 6):
        writer.delete_by_term("id", row["id"])
    writer.commit(merge=False)


def new_pair(folder: Path, schema: fields.Schema) -> Pair:
    for name in ("ours", "stock"):
        (folder / name).mkdir()
    stock = index.create_in(str(folder / "stock"), copy.deepcopy(schema))
    return Pair(create_in(folder / "ours", schema), stock)


@pytest.fixture(scope="module", params=["segments", "optimized", "mixed", "default codec"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp("pair")
    pair, seed = new_pair(folder, schema_of_all_kinds()), len(request.param)
    fill(pair.stock, seed, [None, None, None])
    match request.param:
        case "default codec":
            fill(index.open_dir(str(folder / "ours")), seed, [None, None, None])
        case "mixed":
            fill(pair.ours, seed, [None, default_codec(), None])
        case _:
            fill(pair.ours, seed, [None, None, None])
    if request.param == "optimized":
        pair.ours.optimize()
        pair.stock.optimize()
    return Pair(open_dir(folder / "ours"), pair.stock)


# -- any tree of queries


words = st.sampled_from(WORDS)


def one_of(draw: st.DrawFn, nodes: list[query.Query]) -> query.Query:
    """One of them; sampled_from would hash them, and not every query can be."""
    return nodes[draw(st.integers(0, len(nodes) - 1))]


@st.composite
def span_trees(draw: st.DrawFn, name: str, depth: int = 2) -> query.Query:
    """A query with positions, all in one field."""
    word = query.Term(name, draw(words))
    if not depth or draw(st.integers(0, 3)) == 0:
        return one_of(draw, [word, word, query.Prefix(name, draw(words)[:3])])
    a, b = draw(span_trees(name, depth - 1)), draw(span_trees(name, depth - 1))
    slop, ordered = draw(st.integers(1, 4)), draw(st.booleans())
    return one_of(
        draw,
        [
            spans.SpanFirst(a, limit=slop),
            spans.SpanNear(a, b, slop=slop, ordered=ordered),
            spans.SpanNear2([a, b, word], slop=slop, ordered=ordered),
            spans.SpanOr([a, b]),
            spans.SpanNot(a, b),
            spans.SpanContains(spans.SpanNear(a, b, slop=4, ordered=False), word),
            spans.SpanBefore(a, b),
            spans.SpanCondition(a, b),
            query.Sequence([a, b], slop=slop, ordered=ordered),
            query.Ordered([a, b]),
        ],
    )


@st.composite
def other_leaves(draw: st.DrawFn) -> query.Query:
    word, other = query.Term("title", draw(words)), query.Term("body", draw(words))
    low, high = sorted([draw(st.integers(-6, 50)), draw(st.integers(-6, 50))])
    day = datetime(2020, 1, 1)
    boost = draw(st.sampled_from([1.0, 2.5]))
    parents = query.Term("flag", True)
    return one_of(
        draw,
        [
            draw(span_trees("title")),
            draw(span_trees("body")),
            query.NestedParent(parents, word),
            query.NestedChildren(parents, query.And([parents, word])),
            query.ColumnQuery("size", low),
            query.WeightingQuery(word, scoring.TF_IDF()),
            query.Or([word, other], scale=0.5),
            query.Every("body", boost=boost),
            query.Prefix("title", draw(words)[:2], boost=boost, constantscore=False),
            query.Prefix("labels", ""),
            query.TermRange("title", "b", draw(words), True, draw(st.booleans()), boost),
            query.TermRange("body", None, draw(words), constantscore=False),
            query.Regex("tags", ".*a", boost=boost),
            query.DateRange("when", day + timedelta(low * 9), day + timedelta(high * 9)),
            query.NumericRange("price", Decimal(low), Decimal(high), boost=boost),
            query.NumericRange("ratio", -3.0, float(low), constantscore=False),
            query.NumericRange("marks", low, None, startexcl=True, boost=boost),
            query.Phrase("chars", [word.text, other.text], slop=2),
            query.Phrase("plain", [word.text, other.text], degrade=True),
            query.Term("spelt", "run"),
            query.Term("gram_text", word.text[:3]),
            query.Term("size", "no number"),
            query.Term("no_such_field", "word"),
        ],
    )


def operations(children: st.SearchStrategy[query.Query]) -> st.SearchStrategy[query.Query]:
    pairs = st.tuples(children, children)
    several, boosts = st.lists(children, min_size=2, max_size=4), st.sampled_from([1.0, 0.5])
    return st.one_of(
        combined(children),
        st.builds(query.And, several, boosts),
        st.builds(query.Or, several, boosts),
        st.builds(query.DisjunctionMax, several, boosts, st.sampled_from([0.0, 0.1])),
        children.map(query.Not),
        pairs.map(lambda two: query.And([two[0], query.Not(two[1])])),
        pairs.map(lambda two: query.AndNot(*two)),
        pairs.map(lambda two: query.AndMaybe(*two)),
        pairs.map(lambda two: query.Otherwise(*two)),
    )


sound_trees = st.recursive(leaves(), combined, max_leaves=5)
trees = st.recursive(st.one_of(leaves(), other_leaves()), operations, max_leaves=6)
TESTED = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def meaning(node: query.Query, stock: Searcher) -> Answer:
    """What a query should find, and with which scores."""
    parts = [meaning(child, stock) for child in _operands(node)]
    match node:
        case query.And():
            return _times({d: sum(p[d] for p in parts) for d in _common(parts)}, node.boost)
        case query.Or(scale=None):
            return _times(dict(sum(map(Counter, parts), Counter())), node.boost)
        case query.DisjunctionMax():
            docs = set().union(*parts)
            return _times({d: max(p[d] for p in parts if d in p) for d in docs}, node.boost)
        case query.Not():
            return dict.fromkeys(set(stock.reader().all_doc_ids()) - set(parts[0]), 1.0)
        case query.AndNot():
            return {doc: score for doc, score in parts[0].items() if doc not in parts[1]}
        case query.Require():
            return {doc: score for doc, score in parts[0].items() if doc in parts[1]}
        case query.AndMaybe():
            return {doc: score + parts[1].get(doc, 0) for doc, score in parts[0].items()}
        case query.Otherwise():  # decided for each segment, as in Whoosh
            bases = [base for _, base in stock.leaf_searchers()]
            answered = {bisect(bases, doc) for doc in parts[0]}
            rest = {d: s for d, s in parts[1].items() if bisect(bases, d) not in answered}
            return parts[0] | rest
        case query.ConstantScoreQuery():
            return dict.fromkeys(parts[0], node.score)
        case query.ColumnQuery():  # of which Whoosh's matcher fails
            values = stock.reader().column_reader(node.fieldname)
            alive = stock.reader().all_doc_ids()
            return {doc: 1.0 for doc in alive if values[doc] == node.condition}
    collector = UnlimitedCollector()
    collector.replace = 0  # a replaced matcher of an Or with `scale` scores in another way
    stock.search_with_collector(node, collector)
    return dict(collector.results().items())


def _operands(node: query.Query) -> list[query.Query]:
    is_operation = isinstance(node, query.CompoundQuery) and not isinstance(node, query.Sequence)
    if isinstance(node, query.Or) and node.scale:
        return []
    if is_operation or isinstance(node, query.Not | query.ConstantScoreQuery):
        return list(node.children())
    return []


def _common(parts: list[Answer]) -> set[int]:
    return set.intersection(*map(set, parts)) if parts else set()


def _times(answer: Answer, boost: float) -> Answer:
    return {doc: score * boost for doc, score in answer.items()}


def check(results: Results, expected: Answer) -> None:
    """All hits: the documents, the scores, best first and then by number."""
    assert dict(results.items()) == pytest.approx(expected, rel=1e-5)
    assert len(results) == results.estimated_length() == len(expected)
    assert results.docs() == set(expected)
    assert results.top_n == sorted(results.top_n, key=lambda hit: (-hit[0], hit[1]))


@TESTED
@given(tree=trees)
def test_a_tree_finds_what_it_means(pair: Pair, tree: query.Query) -> None:
    with pair.ours.searcher() as ours, pair.stock.searcher() as stock:
        results = ours.search(tree, limit=None)
        check(results, meaning(tree, stock))
        assert ours.search(tree, limit=5).top_n == results.top_n[:5]
        assert [doc for _, doc in ours.search(tree, scored=False).top_n] == sorted(results.docs())


@TESTED
@given(tree=sound_trees)
def test_a_tree_finds_what_stock_whoosh_finds(pair: Pair, tree: query.Query) -> None:
    with pair.ours.searcher() as ours, pair.stock.searcher() as stock:
        check(ours.search(tree, limit=None), dict(stock.search(tree, limit=None).items()))


def test_a_pattern_in_a_large_segment_adds_up_its_words(tmp_path: Path) -> None:
    pair = new_pair(tmp_path, fields.Schema(text=fields.TEXT(phrase=False)))
    for target in (pair.ours, pair.stock):
        with target.writer() as writer:
            for number in range(5001):
                writer.add_document(text=f"a{number % 3} a{number % 5} b")
    for tree in (
        query.Prefix("text", "a"),
        query.Prefix("text", "b"),
        query.Regex("text", "a[01]"),
    ):
        with pair.ours.searcher() as ours, pair.stock.searcher() as stock:
            check(ours.search(tree, limit=None), dict(stock.search(tree, limit=None).items()))


# -- the arguments of a search, and what results can do

EVERY_WORD = query.Or([query.Term(name, word) for name in ("title", "body") for word in WORDS[:3]])
SIZES = query.NumericRange("size", 0, 20)
BY_FACETS = sorting.MultiFacet(["size", sorting.FieldFacet("title", reverse=True)])
DAYS = sorting.DateRangeFacet("when", datetime(2020, 1, 1), datetime(2023, 1, 1), timedelta(90))

ON_ARRAYS: dict[str, dict[str, Any]] = {
    "all": {"limit": None},
    "few": {"limit": 3},
    "more than there are": {"limit": 1000},
    "not optimized": {"optimize": False},
    "filter": {"filter": SIZES},
    "mask": {"mask": SIZES, "limit": None},
    "both": {"filter": SIZES, "mask": query.Term("flag", True)},
    "filter by numbers": {"filter": set(range(5, 70)), "limit": None},
    "mask by numbers": {"mask": {1, 33, 1000}, "limit": None},
    "filter that is empty": {"filter": set()},
    "unscored": {"scored": False},
    "by a number": {"sortedby": "size"},
    "by a number that may be missing": {"sortedby": "price", "limit": 7},
    "by a text": {"sortedby": "title", "limit": 5},
    "by a date, filtered": {"sortedby": "when", "filter": SIZES, "limit": 4},
    "by a field without a column": {"sortedby": "id", "limit": 5},
    "backwards by a number": {"sortedby": sorting.FieldFacet("size", reverse=True), "limit": 6},
    "backwards by a text": {"sortedby": sorting.FieldFacet("title", reverse=True), "limit": 6},
    "by a number, reversed": {"sortedby": "ratio", "reverse": True, "limit": 6},
    "by two fields": {"sortedby": ["size", "title"], "limit": None},
    "by facets": {"sortedby": BY_FACETS, "limit": 12},
}
BY_WHOOSH: dict[str, dict[str, Any]] = {
    "reversed": {"reverse": True},
    "by score": {"sortedby": [sorting.ScoreFacet(), "size"], "limit": None},
    "terms": {"terms": True, "limit": None},
    "groups": {"groupedby": "size", "limit": None},
    "overlapping groups": {"groupedby": sorting.FieldFacet("labels", allow_overlap=True)},
    "groups of vectors": {"groupedby": sorting.FieldFacet("plain", allow_overlap=True)},
    "groups by a range": {"groupedby": sorting.RangeFacet("size", -10, 40, 7)},
    "groups by dates": {"groupedby": DAYS},
    "groups by queries": {"groupedby": sorting.QueryFacet({"s": SIZES}, other="rest")},
    "groups by stored values": {"groupedby": sorting.StoredFieldFacet("title")},
    "groups, counted": {"groupedby": ["flag", "size"], "maptype": sorting.Count},
    "collapsed": {"collapse": "size", "limit": None},
    "collapsed in an order": {"collapse": "flag", "collapse_limit": 2, "collapse_order": "size"},
}


@pytest.mark.parametrize(
    ("arguments", "is_on_arrays"),
    [(case, True) for case in ON_ARRAYS.values()] + [(case, False) for case in BY_WHOOSH.values()],
    ids=[*ON_ARRAYS, *BY_WHOOSH],
)
def test_arguments_mean_what_they_do(
    pair: Pair, arguments: dict[str, Any], is_on_arrays: bool
) -> None:
    with pair.ours.searcher() as ours, pair.stock.searcher() as stock:
        found = ours.search(EVERY_WORD, **arguments)
        expected = stock.search(EVERY_WORD, **arguments)
        assert isinstance(found.collector, ArrayCollector) == is_on_arrays
        assert [doc for _, doc in found.top_n] == [doc for _, doc in expected.top_n]
        for (key, _), (expected_key, _) in zip(found.top_n, expected.top_n, strict=True):
            is_score = isinstance(key, float)
            assert key == (pytest.approx(expected_key, rel=1e-5) if is_score else expected_key)
        assert len(found) == len(expected)
        assert found.scored_length() == expected.scored_length()
        assert found.docs() == expected.docs()
        assert [hit["id"] for hit in found] == [hit["id"] for hit in expected]
        for name in expected.facet_names():
            assert found.groups(name) == expected.groups(name)
        for extra in ("filtered_count", "collapsed_counts", "termdocs"):
            assert getattr(found, extra, None) == getattr(expected, extra, None)


def extended(searcher: Searcher) -> Results:
    results = searcher.search(query.Term("title", "alpha"), limit=5)
    more = searcher.search(query.Term("body", "beta"), limit=5)
    results.upgrade_and_extend(more)
    results.extend(searcher.search(SIZES, limit=3))
    return results


def filtered(searcher: Searcher) -> Results:
    results = searcher.search(EVERY_WORD, limit=None)
    results.upgrade(searcher.search(query.Term("flag", True)), reverse=True)
    results.filter(searcher.search(SIZES, limit=None))
    return results.copy()


def pages(searcher: Searcher) -> list[Any]:
    page, window = searcher.search_page(EVERY_WORD, 2, 7), searcher.search_range(EVERY_WORD, 3, 8)
    return [page.pagecount, page.total, [hit["id"] for hit in page], [h["id"] for h in window]]


def snippets(searcher: Searcher) -> list[str]:
    results = searcher.search(query.Term("chars", "beta"), terms=True, limit=None)
    results.fragmenter = PinpointFragmenter()
    plain = searcher.search(query.Term("title", "alpha"), limit=None)
    return sorted([h.highlights("chars") for h in results] + [h.highlights("title") for h in plain])


def corrected(searcher: Searcher) -> list[Any]:
    tree = qparser.QueryParser("title", searcher.schema).parse("alpah OR gama")
    return [searcher.correct_query(tree, "alpah OR gama").string, searcher.suggest("title", "omga")]


def likes(searcher: Searcher) -> list[Any]:
    number = searcher.document_number(id="7")
    (hit, *_) = searcher.search(query.Term("title", "alpha"), limit=1)
    found = [searcher.more_like(number, "plain", top=5), hit.more_like_this("plain", numterms=3)]
    return [sorted(results.docs()) for results in found]


def terms_of_results(searcher: Searcher) -> Any:
    results = searcher.search(query.Term("title", "alpha"), limit=None)
    return Counter(dict(results.key_terms("plain", docs=4, numterms=4, normalize=False)))


CALLS: list[Callable[[Searcher], Any]] = [
    lambda searcher: [doc for _, doc in extended(searcher).top_n],
    lambda searcher: (len(extended(searcher)), extended(searcher).docs()),
    lambda searcher: ([doc for _, doc in filtered(searcher).top_n], len(filtered(searcher))),
    lambda searcher: searcher.search(EVERY_WORD, terms=True).matched_terms(),
    lambda searcher: [h.matched_terms() for h in searcher.search(EVERY_WORD, terms=True)],
    lambda searcher: searcher.search(query.Prefix("title", "al")).query_terms(expand=True),
    lambda searcher: list(searcher.documents(flag=True, title="alpha")),
    lambda searcher: [hit.docnum for hit in searcher.find("title", "alpha NOT beta", limit=None)],
    lambda searcher: bool(searcher.search(query.Term("title", "none"))),
    pages,
    snippets,
    corrected,
    likes,
    terms_of_results,
]


@pytest.mark.parametrize("call", CALLS)
def test_results_are_those_of_whoosh(pair: Pair, call: Callable[[Searcher], Any]) -> None:
    with pair.ours.searcher() as ours, pair.stock.searcher() as stock:
        assert call(ours) == call(stock)


@pytest.mark.parametrize("weighting", [scoring.TF_IDF(), scoring.Frequency(), scoring.BM25F(B=0.2)])
def test_other_weightings_score_as_they_do(pair: Pair, weighting: scoring.WeightingModel) -> None:
    with pair.ours.searcher(weighting=weighting) as ours:
        results = ours.search(EVERY_WORD, limit=None)
        assert isinstance(results.collector, ArrayCollector) == (type(weighting) is scoring.BM25F)
        with pair.stock.searcher(weighting=weighting) as stock:
            check(results, dict(stock.search(EVERY_WORD, limit=None).items()))


@pytest.mark.parametrize(
    "text",
    [
        "alpha NOT beta",
        'title:"alpha beta"~3 OR body:gam*',
        "price:[-1 TO 20.50]",
        "when:2020",
        "flag:yes AND size:[TO 5}",
        "labels:omega alpha^3",
        "gram:alp gram_text:kap",
        "dyn_note:delta",
        "ratio:-2.25 OR marks:7",
        "alpha ANDMAYBE beta ANDNOT omega",
    ],
)
def test_parsed_queries_find_the_same(pair: Pair, text: str) -> None:
    parser = qparser.QueryParser("title", pair.stock.schema)
    with pair.ours.searcher() as ours, pair.stock.searcher() as stock:
        tree = parser.parse(text)
        check(ours.search(tree, limit=None), meaning(tree, stock))


def test_a_filter_that_lets_nothing_through_leaves_nothing(pair: Pair) -> None:
    with pair.ours.searcher() as searcher:
        results = searcher.search(EVERY_WORD, filter=query.Term("id", "none"))
        assert (len(results), results.docs(), results.top_n) == (0, set(), [])  # stock counts all


@pytest.mark.parametrize(
    ("arguments", "error"),
    [({"limit": 0}, ValueError), ({"limits": 3}, TypeError), ({"sortedby": "none"}, KeyError)],
)
def test_wrong_arguments_are_refused(
    pair: Pair, arguments: dict[str, Any], error: type[Exception]
) -> None:
    with pair.ours.searcher() as searcher, pytest.raises(error):
        searcher.search(EVERY_WORD, **arguments)


# -- writing

Write = Callable[[index.FileIndex], None]
ROWS = list(rows(11, 60))


def add(writer: Any, rows: list[dict[str, Any]] = ROWS) -> None:
    for row in rows:
        writer.add_document(**row)


def by_writer(target: index.FileIndex) -> None:
    writer = target.writer()
    add(writer)
    writer.commit()


def by_processes(target: index.FileIndex, **options: Any) -> None:
    writer = target.writer(procs=2, batchsize=20, start_method="fork", **options)
    add(writer)
    writer.commit()


def by_processes_apart(target: index.FileIndex) -> None:
    by_processes(target, multisegment=True)


def by_serial_writers(target: index.FileIndex) -> None:
    codec = {"codec": ColumnarCodec()} if isinstance(target, ColumnarIndex) else {}
    writer = SerialMpWriter(target, procs=2, **codec)
    add(writer)
    writer.commit()


def by_buffer(target: index.FileIndex) -> None:
    writer = BufferedWriter(target, period=None, limit=17)
    add(writer)
    writer.update_document(id="3", title="alpha new")
    with writer.searcher() as searcher:
        assert len(searcher.search(query.Term("title", "new"), limit=None)) == 1
    writer.close()


def by_waiting(target: index.FileIndex) -> None:
    first = target.writer()
    writer = AsyncWriter(target, delay=0.01)
    add(writer)
    writer.commit()
    first.commit()
    writer.wait()


def by_reader(target: index.FileIndex) -> None:
    other = RamStorage().create_index(schema_of_all_kinds())
    by_writer(other)
    other.delete_by_term("id", "5")
    writer = target.writer()
    writer.add_reader(other.reader())
    writer.commit()


def by_updates(target: index.FileIndex) -> None:
    for seed in range(3):
        writer = target.writer()
        for row in rows(seed, 25):
            writer.update_document(**row)
        writer.commit(merge=False)
    target.optimize()
    target.delete_by_query(query.Term("title", "alpha"))


def by_groups(target: index.FileIndex) -> None:
    with target.writer() as writer:
        for row in ROWS:
            with writer.group():
                add(writer, [row, {"id": f"child {row['id']}", "title": "child"}])


def by_other_fields(target: index.FileIndex) -> None:
    by_writer(target)
    target.add_field("fresh", fields.TEXT(stored=True))
    target.remove_field("gram")
    writer = target.writer()
    writer.add_document(id="new", fresh="new words")
    writer.commit(optimize=True)


def by_second_thought(target: index.FileIndex) -> None:
    by_writer(target)
    writer = target.writer()
    writer.add_document(id="never", title="alpha")
    writer.cancel()


WRITES: list[Write] = [
    by_writer,
    by_processes,
    by_processes_apart,
    by_serial_writers,
    by_buffer,
    by_waiting,
    by_reader,
    by_updates,
    by_groups,
    by_other_fields,
    by_second_thought,
]


def contents(target: index.FileIndex) -> list[Any]:
    """All that an index holds, without the numbers of documents."""
    with target.searcher() as searcher:
        reader = searcher.reader()
        kept = [str(sorted(row.items())) for row in searcher.documents()]
        vectors = [
            list(searcher.vector_as("weight", number, "plain"))
            for number in reader.all_doc_ids()
            if reader.has_vector(number, "plain")
        ]
        terms = [
            (
                name,
                text,
                name != "marks" and reader.frequency(name, text),
            )  # stock counts 7, 7 twice
            for name, text in reader.all_terms()
        ]
        lengths = [reader.field_length(name) for name in ("title", "body", "plain")]
        scores = sorted(score for score, _ in searcher.search(EVERY_WORD, limit=None).top_n)
        words = [searcher.suggest("spelt", "runing"), searcher.suggest("title", "alpah")]
        assert kept
        return [sorted(kept), sorted(vectors), terms, lengths, words, scores]


def check_contents(one: index.FileIndex, other: index.FileIndex) -> None:
    *facts, scores = contents(one)
    *expected, expected_scores = contents(other)
    assert facts == expected
    assert scores == pytest.approx(expected_scores, rel=1e-5)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # NumPy's own threads are idle
@pytest.mark.parametrize("write", WRITES)
def test_every_way_of_writing_keeps_everything(tmp_path: Path, write: Write) -> None:
    pair = new_pair(tmp_path, schema_of_all_kinds())
    write(pair.stock)
    write(pair.ours)
    ours = open_dir(tmp_path / "ours")
    check_contents(ours, pair.stock)
    assert all(isinstance(segment, ColumnarSegment) for segment in ours._segments())


def test_optimizing_rewrites_what_the_default_codec_wrote(tmp_path: Path) -> None:
    pair = new_pair(tmp_path, schema_of_all_kinds())
    for target in (pair.stock, index.open_dir(str(tmp_path / "ours"))):
        by_writer(target)
    ours = open_dir(tmp_path / "ours")
    assert not any(isinstance(segment, ColumnarSegment) for segment in ours._segments())
    ours.optimize()
    pair.stock.optimize()
    assert all(isinstance(segment, ColumnarSegment) for segment in ours._segments())
    check_contents(ours, pair.stock)
    check_contents(index.open_dir(str(tmp_path / "ours")), pair.stock)


def test_an_index_in_memory_is_searched_as_one_on_disk() -> None:
    target = ColumnarIndex.create(RamStorage(), schema_of_all_kinds())
    searcher = target.searcher()
    assert len(searcher.search(EVERY_WORD)) == 0
    by_writer(target)
    searcher = searcher.refresh()
    before = searcher.search(EVERY_WORD, limit=None)
    assert isinstance(before.collector, ArrayCollector)
    target.delete_by_term("id", ROWS[before[0].docnum]["id"])
    assert not searcher.up_to_date()
    after = searcher.refresh().search(EVERY_WORD, limit=None)
    assert after.docs() == before.docs() - {before[0].docnum}


def test_a_number_that_is_given_twice_counts_once(tmp_path: Path) -> None:
    with create_in(tmp_path, fields.Schema(marks=fields.NUMERIC)).writer() as writer:
        writer.add_document(marks=[7, 7, 8])
        writer.add_document(marks=[8])
    with open_dir(tmp_path).searcher() as searcher:
        found = [searcher.search(query.Term("marks", number)).top_n for number in (7, 8)]
        assert found == [[(1.0, 0)], [(1.0, 0), (1.0, 1)]]
        assert searcher.doc_frequency("marks", fields.NUMERIC().to_bytes(7)) == 1


COLUMNS: dict[str, tuple[columns.Column, list[Any]]] = {
    "bytes": (columns.VarBytesColumn(), [b"x", b"", b"yy"]),
    "fixed": (columns.FixedBytesColumn(4, default=b"none"), [b"abcd", b"efgh"]),
    "shared": (columns.RefBytesColumn(default=b"zz"), [b"r1", b"zz", b"r2"]),
    "shared, fixed": (columns.RefBytesColumn(fixedlen=4, default=b"none"), [b"abcd", b"none"]),
    "int": (columns.NumericColumn("i", default=7), [7, 1, -9]),
    "unsigned": (columns.NumericColumn("Q"), [2**63, 0]),
    "float": (columns.NumericColumn("d", default=1.5), [1.25, -2.0]),
    "bits": (columns.BitColumn(), [True, False]),
    "compressed": (columns.CompressedBytesColumn(), [b"c" * 50, b"d"]),
    "blocks": (columns.CompressedBlockColumn(), [b"b1", b"b2" * 40]),
    "struct": (columns.StructColumn("if", (1, 2.0)), [(3, 4.0), (1, 2.0)]),
    "pickled": (columns.PickleColumn(columns.VarBytesColumn()), [{"a": 1}, [2]]),
    "lists": (columns.VarBytesListColumn(), [[b"a", b"bb"], []]),
    "fixed lists": (columns.FixedBytesListColumn(4), [[b"abcd", b"efgh"], [b"abcd"]]),
}


def column_of(target: index.FileIndex, sorts: bool) -> list[Any]:
    with target.searcher() as searcher:
        reader = searcher.reader().column_reader("value")
        values = [reader[number] for number in range(len(reader))]
        if not sorts:
            return values
        by_value = searcher.search(query.Every(), sortedby="value", limit=9)
        return [values, list(reader), [hit["id"] for hit in by_value]]


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_of_every_kind_keep_their_values(tmp_path: Path, name: str) -> None:
    column, values = COLUMNS[name]
    schema = fields.Schema(id=fields.ID(stored=True), value=fields.COLUMN(column))
    pair = new_pair(tmp_path, schema)
    sorts = name not in ("pickled", "lists", "fixed lists")
    is_sparse = name not in ("compressed", "blocks")  # stock reads no gaps in these
    for target in (pair.ours, pair.stock):
        for part in range(2):
            writer = target.writer()
            for number in range(7 * part, 7 * part + 7):
                value = {"value": values[number % len(values)]}
                writer.add_document(
                    id=str(number), **(value if number % 3 or not is_sparse else {})
                )
            writer.commit(merge=False)
        target.delete_by_term("id", "4")
    assert column_of(pair.ours, sorts) == column_of(pair.stock, sorts)
    pair.ours.optimize()
    pair.stock.optimize()
    assert column_of(pair.ours, sorts) == column_of(pair.stock, sorts)


def test_importing_the_package_is_light() -> None:
    code = (
        "import sys, searchidx.columnar; print('whoosh' in sys.modules or 'numpy' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"
