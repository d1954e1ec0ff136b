"""What comes first, and what may be asked of it: words, closeness, titles, added words, priors."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import searchidx
from searchidx.cli.main import main
from searchidx.query.parse import parse
from searchidx.query.vocabulary import Vocabulary
from searchidx.settings import DEFAULT_FIELDS
from tests.conftest import MakeIndex, write_posts


def post(title: str, text: str = "", **keys: object) -> str:
    lines = [f"{key}: {value}" for key, value in keys.items()]
    return "\n".join(["---", f"title: {title}", *lines, "---", text])


POSTS = {
    "both.md": post("Glass for windows", "Clear glass, and frames for windows."),
    "glass.md": post("Glass", "How glass is blown."),
    "windows.md": post("Windows", "How windows are cleaned."),
    "cups.md": post("Cups", "Of clay, not of metal."),
}


def paths(results: searchidx.Results) -> list[str]:
    return [Path(hit.path).name for hit in results]


# -- matching


@pytest.mark.parametrize(
    ("match", "found", "totals"),
    [
        ("all", {"both.md": "all"}, (1, 1)),
        ("best", {"both.md": "all", "glass.md": "some", "windows.md": "some"}, (3, 1)),
        ("any", {"both.md": "all", "glass.md": "some", "windows.md": "some"}, (3, 1)),
    ],
)
def test_how_many_words_a_post_must_hold(
    make_index: MakeIndex, match: str, found: dict[str, str], totals: tuple[int, int]
) -> None:
    results = make_index(POSTS).search("glass windows", match=match)
    assert {Path(hit.path).name: str(hit.matched) for hit in results} == found
    assert (results.total, results.total_all) == totals
    assert paths(results)[0] == "both.md"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("glass clay", ["glass.md", "both.md", "cups.md"]),
        ("title:glass clay", []),
        ("glass AND clay", []),
        ('"clear glass" clay', []),
        ("glass clay -blown", ["both.md", "cups.md"]),
        ("cups windows has:title", ["cups.md", "windows.md", "both.md"]),
        ("cups windows missing:title", []),
        ("glas* clay", []),
    ],
)
def test_only_plain_words_give_way(make_index: MakeIndex, text: str, found: list[str]) -> None:
    results = make_index(POSTS).search(text)
    assert sorted(paths(results)) == sorted(found)
    assert all(hit.matched == "some" for hit in results)


def test_posts_with_some_words_come_only_when_they_are_needed(make_index: MakeIndex) -> None:
    index = make_index(POSTS)
    assert paths(index.search("glass windows", limit=1)) == ["both.md"]
    assert index.search("glass windows", limit=1).total == 1
    second = index.search("glass windows", limit=1, offset=1)
    assert second.total == 3
    assert [hit.rank for hit in second] == [2]
    assert index.search("glass windows", limit=0).total == 1
    assert index.search("glass clay", limit=0).total == 3


def test_in_the_order_of_a_field_posts_with_all_words_stay_alone(make_index: MakeIndex) -> None:
    index = make_index(POSTS)
    assert paths(index.search("glass windows", sort="title")) == ["both.md"]
    assert paths(index.search("glass clay", sort="title")) == ["cups.md", "glass.md", "both.md"]


def test_facets_count_posts_with_all_words_if_there_are_any(make_index: MakeIndex) -> None:
    index = make_index(POSTS)
    counted = {row.value for row in index.facets("title", "glass windows")}
    assert counted == {"Glass for windows"}
    assert len(index.facets("title", "glass clay")) == 3


def test_what_is_missing_is_not_highlighted_and_what_is_there_is(make_index: MakeIndex) -> None:
    (hit,) = [h for h in make_index(POSTS).search("glass clay") if h.path.endswith("cups.md")]
    assert hit.marked("body") == ("Of **clay**, not of metal.",)


def test_near_words_are_suggested_when_no_post_has_all(make_index: MakeIndex) -> None:
    index = make_index(POSTS)
    assert index.search("glass windos").total > 0
    assert [one.query for one in index.suggest("glass windos")] == ["glass windows"]


def test_no_such_way_of_matching(make_index: MakeIndex) -> None:
    with pytest.raises(searchidx.QueryError, match="no way of matching is 'most'"):
        make_index(POSTS).search("glass", match="most")


# -- sentences


SENTENCES = {
    "quotes": 'which articles say how "clear glass" is made for large old windows and doors',
    "an open quote": 'articles on how glass is made for "large old windows and small new doors',
    "brackets": "how glass (clear, tinted or frosted is made for large windows and doors",
    "question marks": "is glass made ?here? for large windows; doors?--i.e. small old frames",
    "slashes": "how glass is made /anywhere/ for large windows and doors of old houses",
    "a lone star": "how glass is made like *, + for large windows and doors of old houses",
    "a colon": "topic of interest: how glass is made for large windows, doors, old houses",
}


@pytest.mark.parametrize("text", SENTENCES.values(), ids=SENTENCES.keys())
def test_a_sentence_is_read_as_prose(make_index: MakeIndex, text: str) -> None:
    results = make_index(POSTS).search(text)
    assert paths(results)[0] == "both.md"


@pytest.mark.parametrize(
    "text",
    [
        'windows and doors made of "blown glass" AND clay in old or new houses or sheds today',
        'title:glass windows doors made of "blown glass" clay houses sheds',
        "glass windows doors houses sheds clay cups frames met*",
        "glass windows doors houses sheds clay cups frames me?al",
        "glass windows doors houses sheds clay cups frames /met.*/",
    ],
    ids=["operator", "field", "star", "question mark", "regex"],
)
def test_what_only_queries_have_makes_no_sentence(make_index: MakeIndex, text: str) -> None:
    assert make_index(POSTS).search(text, match="all").total == 0
    tree = parse(text, Vocabulary(DEFAULT_FIELDS)).tree
    assert re.search("Phrase|Prefix|Wildcard|Regex", repr(tree))


def test_a_sentence_still_leaves_out_what_has_a_minus(make_index: MakeIndex) -> None:
    text = "how clear glass is made for large old windows and small doors -blown"
    assert "glass.md" not in paths(make_index(POSTS).search(text))


def test_the_brackets_of_a_call_are_text(make_index: MakeIndex) -> None:
    assert paths(make_index({"a.md": post("Print() screens")}).search("Print() screens")) == [
        "a.md"
    ]


# -- the score


def test_words_side_by_side_come_before_words_apart(make_index: MakeIndex) -> None:
    index = make_index(
        {
            "apart.md": post("One", "vision of a computer here"),
            "near.md": post("Two", "computer vision of a here"),
        }
    )
    assert paths(index.search("computer vision")) == ["near.md", "apart.md"]


def test_stop_words_count_where_the_whole_query_stands(make_index: MakeIndex) -> None:
    index = make_index(
        {
            "song.md": post("One", "they sang let it be then home"),
            "none.md": post("Two", "they let some sing then home"),
        }
    )
    assert paths(index.search("let it be")) == ["song.md", "none.md"]


def test_the_post_of_that_title_comes_first(make_index: MakeIndex) -> None:
    index = make_index(
        {
            "title.md": post(
                "Power apps", "About something else entirely, at great length indeed."
            ),
            "more.md": post("Power apps power apps", "power apps " * 20),
        }
    )
    assert paths(index.search("power APPS"))[0] == "title.md"
    assert paths(index.search("power APPS", match="any"))[0] == "title.md"


def test_a_word_repeated_in_the_query_counts_again(make_index: MakeIndex) -> None:
    index = make_index(POSTS)
    one, two = (index.search(text, match="any") for text in ("glass clay", "glass glass clay"))
    scores = [{Path(h.path).name: h.score for h in found} for found in (one, two)]
    assert scores[1]["cups.md"] == pytest.approx(scores[0]["cups.md"])
    assert scores[1]["both.md"] == pytest.approx(2 * scores[0]["both.md"])


def test_a_plain_word_finds_keywords_in_the_same_form(make_index: MakeIndex) -> None:
    index = make_index({"a.md": post("One", provider="Power Apps Weekly")})
    assert paths(index.search("app")) == paths(index.search("apps")) == ["a.md"]


# -- added words


SIMILAR = {
    "a.md": post("Wing flutter", "flutter of a slender wing in supersonic flow"),
    "b.md": post("Flow", "supersonic flow past a slender body"),
    "c.md": post("Cake", "flour and butter"),
    "d.md": post("Bread", "flour and water"),
}


def test_words_of_the_best_posts_are_added_and_told(make_index: MakeIndex) -> None:
    index = make_index(SIMILAR)
    assert paths(index.search("flutter")) == ["a.md"]
    results = index.search("flutter", expand=True)
    assert paths(results) == ["a.md", "b.md"]
    assert [str(hit.matched) for hit in results] == ["all", "some"]
    assert {"supersonic", "slender", "flow"} <= set(results.added)
    assert "flutter" not in results.added
    assert index.search("flutter").added == ()
    assert paths(index.search("flutter -body", expand=True)) == ["a.md"]


# -- priors


def dated(days: int) -> str:
    when = datetime.now(UTC) - timedelta(days=days)
    return post("Same words", "here", date=when.date().isoformat(), quality=100 - days)


def test_new_posts_are_lifted(make_index: MakeIndex) -> None:
    days = {"old.md": 40, "new.md": 0, "oldest.md": 4000}
    posts = {name: dated(age) for name, age in days.items()}
    index = make_index({**posts, "undated.md": post("Same words", "here")})
    plain = index.search("same").hits[0].score
    results = index.search("same", recency="20d")
    assert paths(results)[:2] == ["new.md", "old.md"]
    shares = {Path(hit.path).name: hit.score / plain - 1 for hit in results}
    assert shares["new.md"] == pytest.approx(1.0, abs=0.05)
    assert shares["old.md"] == pytest.approx(0.25, abs=0.02)
    assert shares["undated.md"] == shares["oldest.md"] == pytest.approx(0, abs=1e-5)


def test_high_numbers_are_lifted(make_index: MakeIndex) -> None:
    index = make_index({f"{days}.md": dated(days) for days in (10, 30, 20, 40)})
    plain = index.search("same").hits[0].score
    results = index.search("same", prior="quality")
    assert paths(results) == ["10.md", "20.md", "30.md", "40.md"]
    assert [hit.score / plain for hit in results] == pytest.approx([2, 1.75, 1.5, 1.25], rel=1e-4)


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ({"recency": "soon"}, "'soon' is no age"),
        ({"recency": "0d"}, "'0d' is no age"),
        ({"prior": "title"}, "title is a text"),
        ({"prior": "hotness"}, "there is no field 'hotness'"),
    ],
)
def test_priors_that_cannot_be_honoured(
    make_index: MakeIndex, option: dict[str, str], reason: str
) -> None:
    with pytest.raises(searchidx.QueryError, match=reason):
        make_index(POSTS).search("glass", **option)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [{}, {"expand": True}, {"recency": "30d"}, {"prior": "quality"}, {"match": "any"},
     {"expand": True, "recency": "1y", "prior": "heat", "match": "any"}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("text", ["library", "computer vision", "the library chess rules", "mask"])
def test_every_part_is_explained(
    seeds_index: searchidx.Index, text: str, options: searchidx.SearchOptions
) -> None:
    results = seeds_index.search(text, **options)
    assert results.hits
    for hit in results:
        told = seeds_index.explain(text, hit.path, **options)
        assert told is not None
        assert told.score == pytest.approx(hit.score, rel=1e-4)
        check_sums(told)


def check_sums(told: searchidx.Explanation) -> None:
    if told.parts:
        assert sum(part.score for part in told.parts) == pytest.approx(told.score, rel=1e-4)
    for part in told.parts:
        check_sums(part)


# -- the command line, and settings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_posts(tmp_path / "seeds", POSTS)
    monkeypatch.chdir(tmp_path)
    assert main(["index", "--quiet"]) == 0
    return tmp_path


def test_text_says_which_posts_have_all_words(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["query", "glass", "windows"]) == 0
    shown = capsys.readouterr()
    assert shown.out.count("some of the words") == 2
    assert "1 post matches all words; 2 others match some" in shown.err
    assert main(["query", "glass", "windows", "--match", "all"]) == 0
    assert "some" not in "".join(capsys.readouterr())


def test_json_and_templates_say_it_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["query", "glass", "clay", "--json", "--expand"])
    document = json.loads(capsys.readouterr().out)
    assert (document["total"], document["total_all"]) == (len(document["hits"]), 0)
    assert {hit["matched"] for hit in document["hits"]} == {"some"}
    assert document["added"]
    main(["query", "glass", "windows", "--format", "{matched}"])
    assert capsys.readouterr().out.split() == ["all", "some", "some"]


def test_settings_say_how_to_match(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "searchidx.toml").write_text('[search]\nmatch = "all"\n', encoding="utf-8")
    assert main(["query", "glass", "windows", "--count"]) == 0
    assert main(["query", "glass", "clay", "--count"]) == 1
    assert main(["query", "glass", "clay", "--count", "--match", "best"]) == 0
    assert capsys.readouterr().out.split() == ["1", "0", "3"]


def test_text_tells_the_added_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["query", "blown", "--expand"])
    assert "also looked for: glass" in capsys.readouterr().err


# -- synonyms

SAME = """\
# what people call them
glass, pane of window, crystal
cup => goblet
New York, NYC  # a city
"""

CALLED = {
    "glass.md": post("Glass"),
    "pane.md": post("A pane of window"),
    "crystal.md": post("Crystals"),
    "cup.md": post("Cup"),
    "goblet.md": post("Goblet"),
    "york.md": post("New York"),
    "nyc.md": post("NYC"),
    "new.md": post("New things in old York"),
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("glass", {"glass.md", "pane.md", "crystal.md"}),
        ("crystals", {"glass.md", "pane.md", "crystal.md"}),
        ("pane of window", {"glass.md", "pane.md", "crystal.md"}),
        ("cups", {"cup.md", "goblet.md"}),
        ("goblet", {"goblet.md"}),
        ("nyc", {"york.md", "nyc.md"}),
        ("new york", {"york.md", "nyc.md", "new.md"}),
        ("title:cup", {"cup.md"}),
        ('"cup"', {"cup.md"}),
    ],
)
def test_words_that_mean_the_same_are_found(
    make_index: MakeIndex, tmp_path: Path, text: str, found: set[str]
) -> None:
    file = tmp_path / "same.txt"
    file.write_text(SAME, encoding="utf-8")
    index = make_index(CALLED)
    results = index.search(text, synonyms=str(file), match="all")
    assert set(paths(results)) == found
    for hit in results:
        told = index.explain(text, hit.path, synonyms=str(file), match="all")
        assert told is not None
        assert told.score == pytest.approx(hit.score, rel=1e-4)


def test_synonyms_count_among_some_of_the_words(make_index: MakeIndex, tmp_path: Path) -> None:
    file = tmp_path / "same.txt"
    file.write_text(SAME, encoding="utf-8")
    results = make_index(CALLED).search("nyc goblet", synonyms=str(file))
    assert set(paths(results)) == {"york.md", "nyc.md", "goblet.md"}


@pytest.mark.parametrize(
    ("text", "line"), [("a, b\nalone\n", 2), ("=> b", 1), ("a =>", 1), ("a, !", 1)]
)
def test_a_line_that_says_no_synonyms(
    make_index: MakeIndex, tmp_path: Path, text: str, line: int
) -> None:
    file = tmp_path / "same.txt"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(searchidx.SettingsError, match=rf"same\.txt:{line}: expected words"):
        make_index(POSTS).search("glass", synonyms=str(file))


def test_a_file_of_synonyms_that_is_not_there(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["query", "glass", "--synonyms", "none.txt"]) == 2
    assert "none.txt:1: synonyms: No such file" in capsys.readouterr().err
    (folder / "same.txt").write_text("mug => cups", encoding="utf-8")
    (folder / "searchidx.toml").write_text('[search]\nsynonyms = "same.txt"\n', encoding="utf-8")
    assert main(["query", "mug", "-l"]) == 0
    assert "cups.md" in capsys.readouterr().out
