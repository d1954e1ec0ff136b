"""Why a post matches or does not, posts found by the end of a path, and counts as charts."""

from __future__ import annotations

import json

import jsonschema
import pytest

import searchidx
from searchidx import QueryError, render
from searchidx.charts import bar, bars_text, cross_text
from searchidx.cli.main import main
from searchidx.counts import CrossCounts, FacetCount
from searchidx.render import PLAIN
from tests.conftest import REPOSITORY, MakeIndex

POSTS = {
    "a.md": "---\ntitle: Face masks\ntopics: [AI]\ndate: 2020-05-01\nprovider: Bing\n---\nMask\n",
    "b.md": "---\ntitle: Face recognition\ntopics: [AI, Privacy]\ndate: 2021-05-01\n---\n",
    "sub/c.md": "---\ntitle: Bread\nprovider: Bing\n---\n",
    "other/c.md": "---\ntitle: Butter\n---\n",
}


@pytest.fixture
def index(make_index: MakeIndex) -> searchidx.Index:
    return make_index(POSTS)


def test_a_post_that_matches(index: searchidx.Index) -> None:
    found = index.why("face masks -bread", "posts/a.md")
    assert (found.rank, found.total) == (1, 2)
    assert found.score == pytest.approx(index.search("face masks -bread").hits[0].score, rel=1e-5)
    assert [(c.text, c.meaning, c.is_met) for c in found.clauses] == [
        ("face", "face", True), ("masks", "mask", True), ("-bread", "bread", True),
    ]  # fmt: skip
    scores = [clause.explanation.score for clause in found.clauses if clause.explanation]
    assert sum(scores) + found.beside == pytest.approx(found.score)
    assert 0 < found.beside < 0.06 * found.score  # the words stand side by side in the text


def test_a_post_that_does_not(index: searchidx.Index) -> None:
    found = index.why('"masks face" date:2021 provider:Google -face', "posts/a.md")
    assert (found.rank, found.score) == (0, 0.0)
    assert [clause.is_met for clause in found.clauses] == [False, False, False, False]
    assert [clause.held for clause in found.clauses] == ["", "2020-05-01 00:00 UTC", "Bing", ""]
    text = render.why_text(found, PLAIN)
    assert text.startswith("posts/a.md\ndoes not match; no posts match\n")
    assert "NO   date:2021  date 2021-01-01 to 2021-12-31\n     the post has: 2020-05-01" in text
    assert "NO   -face  face\n     there, and must not be\n" in text


def test_tokens_say_which_word_is_missing(index: searchidx.Index) -> None:
    (clause,) = index.why("title:(masks OR bread)", "posts/a.md").clauses
    assert [(token.what, token.is_held) for token in clause.tokens] == [
        ("title: mask", True), ("title: bread", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("posts/a.md", "posts/a.md"),
        ("a.md", "posts/a.md"),
        ("sub/c.md", "posts/sub/c.md"),
        ("other/c.md", "posts/other/c.md"),
    ],
)
def test_the_end_of_a_path_will_do(index: searchidx.Index, text: str, path: str) -> None:
    assert index.locate(text) == path
    assert index.locate(str(index.path.parent / "posts" / "b.md")) == "posts/b.md"
    assert index.locate("b.md", index.path.parent / "posts") == "posts/b.md"


@pytest.mark.parametrize(
    ("text", "reason"),
    [("c.md", "2 posts have such a path"), ("nosuch.md", "no post 'nosuch.md' is in the index")],
)
def test_paths_that_mean_no_single_post(index: searchidx.Index, text: str, reason: str) -> None:
    with pytest.raises(QueryError) as caught:
        index.locate(text)
    assert caught.value.reason == reason


def test_the_commands(
    index: searchidx.Index, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(index.path.parent)
    assert main(["why", "face masks", "a.md"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("matches: hit 1 of 2, score ")
    assert main(["why", "bread", "posts/a.md", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["matches"], found["rank"], found["clauses"][0]["met"]) == (False, None, False)
    assert main(["why", "bread", "nosuch.md"]) == 2
    assert "no post 'nosuch.md'" in capsys.readouterr().err
    assert main(["similar", "a.md", "-l"]) == 0
    assert capsys.readouterr().out == "posts/b.md\n"
    assert main(["similar", "other/c.md"]) == 1


def test_facets_and_a_cross_of_one_query(
    index: searchidx.Index, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(index.path.parent)
    arguments = ["query", "face", "--facet", "topics,year", "--facet", "provider", "--cross"]
    assert main([*arguments, "topics,year", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    schema = json.loads((REPOSITORY / "docs" / "results.schema.json").read_text())
    jsonschema.validate(found, schema)
    assert list(found["facets"]) == ["topics", "year", "provider"]
    assert found["cross"]["table"] == [[1, 1], [0, 1]]
    assert main([*arguments, "topics,year", "-n", "0"]) == 0
    assert "AI           1      1       2\n" in capsys.readouterr().out
    assert main([*arguments, "topics"]) == 2
    assert "--cross takes two fields" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("count", "expected"), [(0, ""), (1, "▏"), (50, "█████"), (100, "█" * 10), (94, "█████████▍")]
)
def test_bars(count: int, expected: str) -> None:
    assert bar(count, 100, 10) == expected


def test_charts_are_safe_and_aligned() -> None:
    rows = [FacetCount("日本", 10), FacetCount("a\x1b[31m", 5)]
    assert bars_text(rows, PLAIN, 60) == (
        f"      10  日本    {'█' * 40}\n       5  a␛[31m  {'█' * 20}\n"
    )
    assert bars_text([], PLAIN, 60) == ""
    cross = CrossCounts((FacetCount("x", 3),), (FacetCount("2020", 2),), ((2,),))
    assert cross_text(cross, PLAIN) == (
        "        2020     all\nx          2       3\nall        2\n"
    )
    assert cross_text(CrossCounts((), (), ()), PLAIN) == ""
