"""Queries without hits: near spellings, hits by clause, and the smallest changes that help."""

from __future__ import annotations

import pytest

import searchidx
from searchidx.query.split import split
from searchidx.suggest import is_likely
from tests.conftest import MakeIndex

POSTS = {
    "a.md": "---\ntitle: Face masks\nprovider: {name: Bing}\ntopics: [Computer vision]\n"
    "date: 2020-05-01\n---\n",
    "b.md": "---\ntitle: Face recognition\nprovider: {name: Harbour Wire}\ntopics: [AI]\n"
    "date: 2021-05-01\n---\n",
    "c.md": "---\ntitle: Sourdough bread\nprovider: {name: Bing}\n---\n",
}


@pytest.fixture
def index(make_index: MakeIndex) -> searchidx.Index:
    return make_index(POSTS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("recognitoin", [("recognition", 1)]),
        ("fcae msks", [("face masks", 1)]),
        ("provder:bing", [("provider:bing", 2)]),
        ("provder:Bingg", [("provider:Bing", 2)]),
        ("provider:Bingg", [("provider:Bing", 2)]),
        ("provider:=Bingg", [("provider:=Bing", 2)]),
        ('provider:="Harbor Wire"', [('provider:="Harbour Wire"', 1)]),
        ('topics:="computer vison"', [('topics:="Computer vision"', 1)]),
        ("title:breda", [("title:bread", 1)]),
        ("provder:nobody", []),
        ("masks breda", []),
        ("qwxyz", []),
        ("face", []),
        ("quality:abc", []),
    ],
)
def test_suggestions(index: searchidx.Index, text: str, expected: list[tuple[str, int]]) -> None:
    assert [(row.query, row.total) for row in index.suggest(text)] == expected


@pytest.mark.parametrize(
    ("typed", "known", "edits", "likely"),
    [
        ("mask", "task", 1, True),
        ("selfeis", "selfies", 2, True),
        ("chess", "these", 2, False),
        ("recogntn", "recognition", 2, True),
        ("becognitn", "recognition", 2, False),
    ],
)
def test_far_words_are_not_offered(typed: str, known: str, edits: int, likely: bool) -> None:
    assert is_likely(typed, known, edits) is likely


def told(found: searchidx.NoHits) -> list[tuple[str, int]]:
    return [(edit.query, edit.total) for edit in found.edits]


def test_the_clause_that_leaves_nothing(index: searchidx.Index) -> None:
    found = index.no_hits("face topics:=AI date:2020")
    assert [(clause.text, clause.total) for clause in found.clauses] == [
        ("face", 2), ("topics:=AI", 1), ("date:2020", 1),
    ]  # fmt: skip
    assert found.emptied_by == "date:2020"
    assert ("face topics:=AI", 1) in told(found)
    assert ("face date:2020", 1) in told(found)


def test_smaller_changes_come_first_and_all_have_hits(index: searchidx.Index) -> None:
    found = index.no_hits("breda face")
    assert [edit.change for edit in found.edits] == ["without breda"]
    found = index.no_hits("bred recognition")
    assert [edit.change for edit in found.edits] == ["without bred"]
    found = index.no_hits("sourdough recognition face")
    assert [edit.change for edit in found.edits][:2] == ["without sourdough", "any of the words"]
    assert len(found.edits) == 5
    for edit in found.edits:
        assert index.search(edit.query).total_all == edit.total > 0


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("recog", "recog*"),
        ("masking bread", "masking OR bread"),
        ("title:recogx", "title:reco*"),
        ("face -masks -recognition", "face -masks"),
        ("zzz yyy bread", "bread"),
    ],
)
def test_edits(index: searchidx.Index, text: str, query: str) -> None:
    assert query in dict(told(index.no_hits(text)))


def test_nothing_is_left_that_only_excludes(index: searchidx.Index) -> None:
    assert told(index.no_hits("zzz -face")) == []


def test_bounds_of_the_search_hold(index: searchidx.Index) -> None:
    assert told(index.no_hits("bread zzz", since="2021")) == []
    assert told(index.no_hits("face zzz", since="2021")) == [("face", 1)]


def test_a_choice_has_counts_and_no_culprit(index: searchidx.Index) -> None:
    found = index.no_hits("zzz OR yyy")
    assert [clause.total for clause in found.clauses] == [0, 0]
    assert found.emptied_by == ""
    assert found.edits == ()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("face mask", ["face", "mask"]),
        ("a AND b OR c", ["a", "b", "c"]),
        ("-a NOT b", ["-a", "NOT b"]),
        ('title:"x y"~3 (a OR (b c))^2 d~1', ['title:"x y"~3', "(a OR (b c))^2", "d~1"]),
        ("topics:(a b) quality:>5", ["topics:(a b)", "quality:>5"]),
        ("(a b", ["(a b"]),
        (") a", ["a"]),
        ("title:", ["title:"]),
        ("-", ["-"]),
    ],
)
def test_clauses(text: str, parts: list[str]) -> None:
    assert [part.text for part in split(text).parts] == parts


@pytest.mark.parametrize(
    ("text", "clauses", "expected"),
    [
        ("fac OR qwxyz", [("fac", 0), ("qwxyz", 0)], ("fac* OR qwxyz", 2)),
        ("face qwxyz OR bread", [], None),
        ("face qwxyz OR uvwxyz", [("face", 2), ("qwxyz", 0), ("uvwxyz", 0)],
         ("face OR uvwxyz", 2)),
        ("qwxyz (fac OR uvwxyz)", [("qwxyz", 0), ("(fac OR uvwxyz)", 0)], ("(fac* OR uvwxyz)", 2)),
        ("title:(fac OR qwxyz)", [("title:(fac OR qwxyz)", 0)], ("title:(fac* OR qwxyz)", 2)),
        ("qwxyz (face uvwxyz)", [("qwxyz", 0), ("(face uvwxyz)", 0)], ("(face)", 2)),
    ],
    ids=["choice", "has hits", "choice of several", "group", "group of a field", "all in a group"],
)  # fmt: skip
def test_choices_and_groups_are_changed_inside(
    index: searchidx.Index,
    text: str,
    clauses: list[tuple[str, int]],
    expected: tuple[str, int] | None,
) -> None:
    if index.search(text).total_all:
        assert expected is None
        return
    found = index.no_hits(text)
    assert [(clause.text, clause.total) for clause in found.clauses] == clauses
    assert expected in told(found)
    queries = [edit.query for edit in found.edits]
    assert len(set(queries)) == len(queries)
    assert all(index.search(edit.query, match="all").total == edit.total for edit in found.edits)
