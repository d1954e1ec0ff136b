"""Saved searches: names in queries, the file, what is new; and exported results."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import searchidx
from searchidx import QueryError, SearchIdxError, SettingsError
from searchidx.cli.main import main
from searchidx.export import exported
from searchidx.saved import expanded, load_saved, save_search, saved_path, store_saved
from tests.conftest import MakeIndex, write_posts

POSTS = {
    "a.md": "---\ntitle: '=HYPERLINK(\"x\")'\ntopics: [AI]\ndate: 2020-05-01\n---\n",
    "b.md": "---\ntitle: Face [recognition]\ntopics: [AI]\nwebUrl: https://x.example/a>b\n---\n",
    "c.md": "---\ntitle: Bread\n---\n",
}
QUERIES = {"ai": "topics:ai OR robots", "new": "@ai date:2020", "loop": "@loop x"}


@pytest.fixture
def index(make_index: MakeIndex) -> searchidx.Index:
    return make_index(POSTS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("face", "face"),
        ("@ai", "(topics:ai OR robots)"),
        ("face -@ai x", "face -(topics:ai OR robots) x"),
        ("@new", "((topics:ai OR robots) date:2020)"),
        ("(@ai mask)", "((topics:ai OR robots) mask)"),
        ('"@ai" title:@ai', '"@ai" title:@ai'),
        ("me@ai.example @someone", "me@ai.example @someone"),
    ],
)
def test_names_stand_for_queries(text: str, expected: str) -> None:
    assert expanded(text, QUERIES) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [("x @nwe", "no search is saved as 'nwe'"), ("@loop", "saved searches name each other")],
)
def test_names_that_cannot_be_followed(text: str, reason: str) -> None:
    with pytest.raises(QueryError) as caught:
        expanded(text, QUERIES)
    assert caught.value.reason == reason


def test_the_file_is_text_that_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "saved.toml"
    queries = {"b": 'title:"a \\"b\\"" \u202e é', "a": "/co\\w+/\tx"}
    store_saved(path, queries)
    assert load_saved(path) == queries
    assert path.read_text(encoding="utf-8").startswith("syntax = 1\n\n[queries]\na = ")
    assert [file.name for file in tmp_path.iterdir()] == ["saved.toml"]
    assert load_saved(tmp_path / "nosuch.toml") == {}


@pytest.mark.parametrize(
    "text", ["syntax = 9\n", "x = [", "[queries]\na = 'b'\n", "syntax = 1\nqueries = 3\n"]
)
def test_a_file_that_is_not_ours(tmp_path: Path, text: str) -> None:
    path = tmp_path / "saved.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"saved\.toml"):
        load_saved(path)


def test_only_queries_that_can_be_run_are_saved(index: searchidx.Index) -> None:
    with pytest.raises(QueryError):
        save_search(index, "bad", "tile:x")
    with pytest.raises(SearchIdxError, match="is no name"):
        save_search(index, "-bad", "x")
    assert not saved_path(index).exists()


def test_the_command(
    index: searchidx.Index, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = index.path.parent
    monkeypatch.chdir(root)
    monkeypatch.setenv("XDG_STATE_HOME", str(root / "state"))
    assert main(["saved", "list"]) == 1
    assert main(["saved", "save", "ai", "topics:ai"]) == 0
    for words in (["saved", "list"], ["saved"]):
        assert main(words) == 0
        assert capsys.readouterr().out == "@ai  topics:ai\n"
    assert main(["query", "@ai recognition", "-l"]) == 0
    assert capsys.readouterr().out == "posts/b.md\n"
    assert main(["saved", "run", "ai", "-l"]) == 0
    assert sorted(capsys.readouterr().out.split()) == ["posts/a.md", "posts/b.md"]
    assert main(["saved", "run", "ai", "--new"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert main(["saved", "run", "ai", "--new"]) == 1
    assert capsys.readouterr().out == ""
    write_posts(root / "posts", {"d.md": "---\ntitle: Anew\ntopics: [AI]\n---\n"})
    (root / "posts" / "b.md").unlink()
    index.sync([root / "posts"])
    assert main(["saved", "run", "@ai", "--new"]) == 0
    assert capsys.readouterr().out == "+ posts/d.md\tAnew\n- posts/b.md\tFace [recognition]\n"
    assert main(["saved", "check"]) == 0
    store_saved(saved_path(index), {"ai": "topics:ai", "bad": "tile:x"})
    assert main(["saved", "check"]) == 2
    assert capsys.readouterr().out.startswith("@bad: there is no field 'tile'")
    assert main(["saved", "run", "bda"]) == 2
    assert "did you mean bad?" in capsys.readouterr().err
    assert main(["saved", "remove", "bad"]) == 0
    assert main(["saved", "run"]) == 2
    assert load_saved(saved_path(index)) == {"ai": "topics:ai"}


@pytest.mark.parametrize(
    ("settings", "new"),
    [("", ["posts/b.md"]), ('[search]\nmatch = "any"\n', ["posts/b.md", "posts/c.md"])],
)
def test_posts_with_some_of_the_words_are_no_news(
    index: searchidx.Index,
    settings: str,
    new: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = index.path.parent
    (root / "searchidx.toml").write_text(settings, encoding="utf-8")
    monkeypatch.chdir(root)
    monkeypatch.setenv("XDG_STATE_HOME", str(root / "state"))
    write_posts(root / "posts", {"c.md": "---\ntitle: Face of bread\n---\n"})
    index.sync([root / "posts"])
    assert main(["saved", "save", "faces", "face recognition"]) == 0
    assert main(["saved", "run", "faces", "--new"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert sorted(line.split()[1].partition("\t")[0] for line in out) == new


def test_exports(index: searchidx.Index) -> None:
    results = index.search("topics:ai", limit=9, sort="path")
    rows = list(csv.DictReader(exported(results, ".csv").splitlines()))
    assert [row["path"] for row in rows] == ["posts/a.md", "posts/b.md"]
    assert rows[0]["title"] == '\'=HYPERLINK("x")'
    assert rows[0]["date"] == "2020-05-01"
    text = exported(results, ".md")
    assert "2. [Face \\[recognition\\]](<https://x.example/a%3Eb>)\n" in text
    assert json.loads(exported(results, ".json"))["total"] == 2
    with pytest.raises(SearchIdxError, match=r"\.md, \.json, \.csv"):
        exported(results, ".txt")
