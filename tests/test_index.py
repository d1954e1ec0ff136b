"""The library: searching, sorting, counting, explaining, over posts written here and the seeds."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import whoosh.index
from whoosh import query

import searchidx
from searchidx.errors import QueryError
from searchidx.results import Hit, Span
from tests.conftest import MakeIndex

POSTS = {
    "news/masks.md": """---
title: Face mask selfies
excerpt: Masks in photographs are training data.
topics: [Computer Vision, AI]
related:
  - title: Half a face
  - title: Vision without masks
publishedDateTime: 2020-05-20T16:44:00Z
provider: {name: Harbour Wire, domain: harbourwire.example}
type: article
quality: 104
heat: -1
published: false
editor: Jane Doe
---
The body speaks of C++ and of covid-19.
""",
    "news/bread.md": """---
title: Bread for everyone
topics: [Cooking]
publishedDateTime: 2021-01-02
provider: {name: Kettle, domain: kettle.example}
type: video
quality: 20
published: yes
---
""",
    "notes/plain.txt": "# A note on masks\n\nNo front matter here.\n",
}


def paths(results: searchidx.Results) -> list[str]:
    return [Path(hit.path).name for hit in results]


@pytest.fixture
def index(make_index: MakeIndex) -> searchidx.Index:
    return make_index(POSTS)


QUERIES = {
    "word": ("mask", "masks.md plain.txt"),
    "stem": ("photograph", "masks.md"),
    "topic by its word": ("topics:vision", "masks.md"),
    "topic whole": ('topics:="computer vision"', "masks.md"),
    "topic not whole": ("topics:=vision", ""),
    "phrase": ('"computer vision"', "masks.md"),
    "phrase over two topics": ('topics:"vision ai"', ""),
    "phrase over two related titles": ('related:"face vision"', ""),
    "related": ("related:half", "masks.md"),
    "body": ("C++", "masks.md"),
    "compound": ("covid-19", "masks.md"),
    "provider name": ("provider:harbour", "masks.md"),
    "provider domain": ("provider:harbourwire.example", "masks.md"),
    "provider plain": ("kettle", "bread.md"),
    "provider whole": ('provider:="Harbour Wire"', "masks.md"),
    "number": ("quality:>100", "masks.md"),
    "negative number": ("heat:-1", "masks.md"),
    "number none": ("quality:>104", ""),
    "number edge": ("quality:104..", "masks.md"),
    "date": ("date:2020", "masks.md"),
    "date edge": ("date:<2020-05-20", ""),
    "date from": ("date:>=2020-05-20", "bread.md masks.md"),
    "bool": ("published:yes", "bread.md"),
    "no": ("published:no", "masks.md"),
    "missing": ("missing:excerpt", "bread.md plain.txt"),
    "has": ("has:related", "masks.md"),
    "path": ("path:news", "bread.md masks.md"),
    "path pattern": ("path:news/b*", "bread.md"),
    "file name": ("path:plain.txt", "plain.txt"),
    "meta": ("meta.editor:jane", "masks.md"),
    "meta whole": ('meta.editor:="jane doe"', "masks.md"),
    "meta present": ("has:meta.editor", "masks.md"),
    "all": ("*", "bread.md masks.md plain.txt"),
    "none": ("zebra", ""),
}


@pytest.mark.parametrize(("text", "expected"), QUERIES.values(), ids=list(QUERIES))
def test_queries(index: searchidx.Index, text: str, expected: str) -> None:
    results = index.search(text)
    assert sorted(paths(results)) == expected.split()
    assert results.total == len(expected.split())


def test_a_hit_has_its_fields_typed(index: searchidx.Index) -> None:
    (hit,) = index.search("selfies")
    assert isinstance(hit, Hit)
    assert (hit.rank, hit.path) == (1, "posts/news/masks.md")
    assert hit.score > 0
    assert hit.text("title") == "Face mask selfies"
    assert hit.texts("provider") == ("Harbour Wire", "harbourwire.example")
    date = hit.fields["date"]
    assert str(date) == "2020-05-20 16:44:00+00:00"
    assert (hit.fields["quality"], hit.fields["published"]) == (104.0, False)
    assert ("editor", "Jane Doe") in hit.meta
    assert hit.text("nothing") == ""


def test_highlights_as_spans_and_with_markers(index: searchidx.Index) -> None:
    (hit,) = index.search("mask face", limit=1)
    assert hit.highlight("title") == (Span(0, 4), Span(5, 9))
    assert hit.marked("title", "<", ">") == ("<Face> <mask> selfies",)
    assert hit.highlight("related") == (Span(7, 11, 0), Span(15, 20, 1))
    assert hit.highlight("quality") == ()


def test_pages_and_totals(index: searchidx.Index) -> None:
    first = index.search("*", limit=2)
    second = index.search("*", limit=2, offset=2)
    assert (first.total, len(first), len(second)) == (3, 2, 1)
    assert second.hits[0].rank == 3
    assert index.search("*", limit=0).hits == ()
    assert index.search("*", offset=99).hits == ()


SORTS = {
    "newest first for filters": ("*", "", "bread.md masks.md plain.txt"),
    "oldest first, without last": ("*", "date", "masks.md bread.md plain.txt"),
    "number": ("*", "-quality", "masks.md bread.md plain.txt"),
    "number up": ("*", "quality", "bread.md masks.md plain.txt"),
    "title": ("*", "title", "plain.txt bread.md masks.md"),
    "two keys": ("*", "type,-date", "masks.md bread.md plain.txt"),
}


@pytest.mark.parametrize(("text", "sort", "expected"), SORTS.values(), ids=list(SORTS))
def test_sorts(index: searchidx.Index, text: str, sort: str, expected: str) -> None:
    assert paths(index.search(text, sort=sort)) == expected.split()


def test_the_sort_that_was_used_is_told(index: searchidx.Index) -> None:
    assert index.search("mask").sort == "relevance"
    assert index.search("*").sort == "-date"


@pytest.mark.parametrize("sort", ["nothing", "topics", "body", "published", "date,nothing"])
def test_a_sort_that_is_none_is_refused(index: searchidx.Index, sort: str) -> None:
    with pytest.raises(QueryError):
        index.search("*", sort=sort)


def test_plain_words_can_be_kept_to_fields(index: searchidx.Index) -> None:
    assert paths(index.search("vision", fields=("related",))) == ["masks.md"]
    assert index.search("vision", fields=("title",)).total == 0
    with pytest.raises(QueryError, match="did you mean title"):
        index.search("vision", fields=("titel",))


def test_since_and_until_bound_the_date(index: searchidx.Index) -> None:
    assert paths(index.search("*", since="2021")) == ["bread.md"]
    assert paths(index.search("*", until="2020-05")) == ["masks.md"]
    with pytest.raises(QueryError, match="no date"):
        index.search("*", since="whenever")


def test_facets_count_the_matching_posts(index: searchidx.Index) -> None:
    results = index.search("mask OR bread", facets=("topics", "provider", "published", "date"))
    assert [(row.value, row.count) for row in results.facets["topics"]] == [
        ("AI", 1), ("Computer Vision", 1), ("Cooking", 1),
    ]  # fmt: skip
    assert [row.value for row in results.facets["provider"]] == ["Harbour Wire", "Kettle"]
    assert [(row.value, row.count) for row in index.facets("published")] == [("no", 1), ("yes", 1)]


def test_facets_take_spellings_that_differ_by_case_as_one(make_index: MakeIndex) -> None:
    index = make_index(
        {f"{n}.md": f"---\ntopics: [{t}]\n---\n" for n, t in enumerate(["AI", "ai", "Ai"])}
    )
    assert [(row.value, row.count) for row in index.facets("topics")] == [("AI", 3)]


def test_long_titles_are_sorted_by_their_letters(make_index: MakeIndex) -> None:
    long = "x" * 50
    posts = {name: f"# {word} {long} {long}" for name, word in
             (("1.md", "zzz"), ("2.md", "aaa"), ("3.md", "ccc"))}  # fmt: skip
    posts["4.md"] = "# bbb"
    assert paths(make_index(posts).search("*", sort="title")) == ["2.md", "4.md", "3.md", "1.md"]


def test_an_explanation_keeps_to_the_fields_of_the_search(index: searchidx.Index) -> None:
    (hit,) = index.search("selfies", fields=("title",))
    explanation = index.explain("selfies", hit.path, fields=("title",))
    assert explanation is not None
    assert explanation.score == pytest.approx(hit.score)


def test_any_metadata_key_can_be_asked_for(make_index: MakeIndex) -> None:
    index = make_index(
        {"a.md": '---\n"og:title": Mask\n"@id": Seven\nmy key: {sub key: deep}\n---\n'}
    )
    for text in ('meta."og:title":mask', "meta.@id:seven", 'meta."my key.sub key":deep',
                 'has:"meta.og:title"'):  # fmt: skip
        assert index.search(text).total == 1
    with pytest.raises(QueryError, match=r'did you mean meta\."og:title":'):
        index.search("meta.ogtitle:mask")


def test_path_is_a_field_like_others(index: searchidx.Index) -> None:
    assert index.search("path:*").total == index.search("has:path").total == 3
    assert index.search("missing:path").total == 0
    assert paths(index.search("*", sort="path")) == ["bread.md", "masks.md", "plain.txt"]
    assert paths(index.search("plain", fields=("path",))) == ["plain.txt"]
    with pytest.raises(QueryError, match="no words"):
        index.search("mask", fields=("quality",))


def test_large_numbers_stay_apart_in_facets(make_index: MakeIndex) -> None:
    index = make_index({f"{n}.md": f"---\nquality: {n}\n---\n" for n in (1234567, 1234568)})
    assert [row.value for row in index.facets("quality")] == ["1234567", "1234568"]


def test_terms_count_the_posts_that_are_there(index: searchidx.Index, tmp_path: Path) -> None:
    (tmp_path / "posts" / "news" / "bread.md").unlink()
    index.sync([tmp_path / "posts"])
    assert [term for term, _ in index.terms("provider")] == ["harbour wire", "harbourwire.example"]


def test_marks_of_arabic_and_hebrew_do_not_matter(make_index: MakeIndex) -> None:
    index = make_index({"a.md": "# مُحَمَّد", "b.md": "# שָׁלוֹם"})
    assert index.search("محمد").total == index.search("שלום").total == 1


def test_lone_surrogates_find_nothing_and_break_nothing(index: searchidx.Index) -> None:
    for text in ("\udcff*", "path:a\udcff*", "\udcff mask", 'title:="\udcff"', "/\udcff/"):
        index.search(text, lenient=True)
    assert list(index.terms("title", "\udcff")) == []


def test_a_long_query_gets_no_suggestions(index: searchidx.Index) -> None:
    assert index.suggest(" ".join(f"unknwon{n}" for n in range(1000))) == ()
    assert index.suggest(" ".join(f"unknwon{n}" for n in range(10))) == ()


def test_hits_and_errors_can_be_pickled(index: searchidx.Index) -> None:
    (hit,) = index.search('sel* m?sk /fac./ face~ "face mask"~2')
    again = pickle.loads(pickle.dumps(hit))
    assert {again: 1}[hit] == 1
    assert again.highlight("title") == (Span(0, 4), Span(5, 9), Span(10, 17))
    with pytest.raises(QueryError) as raised:
        index.search("nofield:x")
    error = pickle.loads(pickle.dumps(raised.value))
    assert (str(error), error.diagram()) == (str(raised.value), raised.value.diagram())


def test_arguments_that_do_not_exist_are_refused(index: searchidx.Index) -> None:
    with pytest.raises(TypeError, match="lmit"):
        index.search("mask", lmit=5)  # type: ignore[call-arg]


def test_a_closed_index_says_so(index: searchidx.Index) -> None:
    index.close()
    with pytest.raises(searchidx.SearchIdxError, match="closed"):
        index.search("mask")


def test_boosts_of_whoosh_queries_are_explained(index: searchidx.Index) -> None:
    tree = query.And([query.Term("title", "mask")], boost=2.0)
    (hit, *_) = index.search(tree)
    explanation = index.explain(tree, hit.path)
    assert explanation is not None
    assert explanation.score == pytest.approx(hit.score)
    assert index.search(query.And([])).total == 0


def test_a_lenient_search_tells_what_it_left_out(index: searchidx.Index) -> None:
    results = index.search("selfies quality:x", lenient=True)
    assert (results.total, len(results.problems)) == (1, 1)


def test_a_whoosh_query_is_taken_as_it_is(index: searchidx.Index) -> None:
    tree = query.And([query.Term("title", "mask"), query.NumericRange("quality", 100, None)])
    results = index.search(tree)
    assert paths(results) == ["masks.md"]
    assert results.hits[0].marked("title") == ("Face **mask** selfies",)
    assert index.explain(tree, results.hits[0].path) is not None


def test_plain_whoosh_opens_the_index(index: searchidx.Index) -> None:
    with whoosh.index.open_dir(index.path).searcher() as searcher:
        results = searcher.search(query.Term("title", "mask"))
        assert {hit["path"] for hit in results} == {"posts/news/masks.md", "posts/notes/plain.txt"}


def test_explanations(index: searchidx.Index) -> None:
    explanation = index.explain("mask selfies quality:>5", "posts/news/masks.md")
    assert explanation is not None
    assert explanation.score == pytest.approx(index.search("mask selfies quality:>5").hits[0].score)
    assert sum(part.score for part in explanation.parts) == pytest.approx(explanation.score)
    assert index.explain("selfies", "posts/news/bread.md") is None
    with pytest.raises(QueryError, match="no post"):
        index.explain("selfies", "nowhere.md")


def test_suggestions_have_hits(index: searchidx.Index) -> None:
    found = index.suggest("selfeis mask")
    assert [(row.query, row.total) for row in found] == [("selfies mask", 1)]
    assert [row.query for row in index.suggest("topics:cookng")] == ["topics:cooking"]
    assert index.suggest("mask") == ()
    assert index.suggest("xylophonic") == ()
    assert index.suggest("quality:abc selfeis (") == ()


def test_similar_posts_share_telling_words(seeds_index: searchidx.Index) -> None:
    (mask,) = seeds_index.search("title:selfie")
    results = seeds_index.similar(mask.path, limit=5)
    assert mask.path not in [hit.path for hit in results]
    assert any("Computer Vision" in hit.texts("topics") for hit in results.hits[:2])


def test_terms_and_stats(index: searchidx.Index) -> None:
    assert list(index.terms("topics", "co")) == [("computer", 1), ("cooking", 1)]
    assert list(index.terms("provider", "K")) == [("kettle", 1), ("kettle.example", 1)]
    with pytest.raises(QueryError, match="no words"):
        index.terms("quality")
    stats = index.stats()
    assert (stats.posts, stats.roots, stats.problem_posts) == (3, ("posts",), 0)
    assert {row.spec.name: row.posts for row in stats.fields}["title"] == 3
    assert ("editor", 1) in stats.meta_keys


def test_check_reads_everything_and_compares_with_the_files(
    index: searchidx.Index, tmp_path: Path
) -> None:
    report = index.check()
    assert (report.faults, report.is_current) == ((), True)
    (tmp_path / "posts" / "news" / "bread.md").unlink()
    assert not index.check([tmp_path / "posts"]).is_current


@pytest.mark.parametrize(
    ("text", "title"),
    [("C++", "c++"), ("検索", "検索"), ("индекс", "индекс"), ("C#", "c#"), (".NET", ".net")],
)
def test_the_seeds_answer_what_breaks_naive_tokenisers(
    seeds_index: searchidx.Index, text: str, title: str
) -> None:
    results = seeds_index.search(text, limit=100)
    assert results.total
    for hit in results:
        texts = [
            text for value in hit.fields.values() if isinstance(value, tuple) for text in value
        ]
        assert title in " ".join(texts).lower()


def test_zero_is_zero_whatever_its_sign(make_index: MakeIndex) -> None:
    index = make_index({"a.md": "---\nquality: -0.0\n---\n", "b.md": "---\nquality: 0\n---\n"})
    assert index.search("quality:0").total == index.search("quality:-0").total == 2
    assert [(row.value, row.count) for row in index.facets("quality")] == [("0", 2)]


def test_keys_that_differ_by_case_hold_separate_texts(make_index: MakeIndex) -> None:
    index = make_index({"a.md": "---\nNote: aa zz\nnote: ww bb\n---\n"})
    assert index.search('meta.note:"aa zz"').total == 1
    assert index.search('meta.note:"aa bb"').total == 0


def test_posts_like_one_include_those_of_nearly_its_path(make_index: MakeIndex) -> None:
    index = make_index({"A.md": "# Zebra stripes", "a.md": "# Zebra stripes", "b.md": "# Other"})
    found = index.similar("posts/A.md")
    assert (found.total, [hit.path for hit in found]) == (1, ["posts/a.md"])


def test_short_metadata_is_no_field(make_index: MakeIndex) -> None:
    (hit,) = make_index({"a.md": "---\ntitle: One\nauthor: jane\n---\n"}).search("one").hits
    assert "meta" not in hit.fields
    assert list(hit.meta) == [("author", "jane")]
