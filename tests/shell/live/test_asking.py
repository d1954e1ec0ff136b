"""What the live shell asks for what is typed, and what it changes in a query."""

from __future__ import annotations

import pytest

from searchidx.query.vocabulary import Vocabulary
from searchidx.settings import DEFAULT_FIELDS
from searchidx.shell.live.asking import counted_fields, searched_text
from searchidx.shell.live.edits import is_required, required_values, toggled

VOCABULARY = Vocabulary(DEFAULT_FIELDS, lambda: frozenset({"author"}))


@pytest.mark.parametrize(
    ("typed", "searched"),
    [
        ("", "*"),
        ("   ", "*"),
        ("mas", "(mas OR mas*)"),
        ("face mas", "face (mas OR mas*)"),
        ("face mas ", "face mas "),
        ("(face mas", "(face (mas OR mas*)"),
        ("title:mas", "title:(mas OR mas*)"),
        ("provider:bin", "provider:(bin OR bin*)"),
        ("meta.author:ja", "meta.author:(ja OR ja*)"),
        ("date:2020", "date:2020"),
        ("quality:5", "quality:5"),
        ("quality:>5", "quality:>5"),
        ("provider:=bin", "provider:=bin"),
        ("has:rel", "has:rel"),
        ("-mas", "-mas"),
        ("NOT mas", "NOT mas"),
        ("mas*", "mas*"),
        ("mas~", "mas~"),
        ("/ma.k/", "/ma.k/"),
        ('"face ma', '("face" (ma OR ma*))'),
        ('"face', "(face OR face*)"),
        ('"face mask"', '"face mask"'),
        ("face -", "face -"),
        ("tile:x", "tile:x"),
    ],
)
def test_the_last_word_stands_for_all_that_start_so(typed: str, searched: str) -> None:
    assert searched_text(typed, VOCABULARY) == searched


def test_likely_words_count_as_if_typed() -> None:
    def words(start: str) -> list[str]:
        return [f"{start}k", f"{start}ks"]

    assert searched_text("a mas", VOCABULARY, words) == "a (mas OR mask OR masks OR mas*)"
    assert searched_text("m", VOCABULARY, words) == "(m OR m*)"


@pytest.mark.parametrize(
    ("text", "facet", "value", "expected"),
    [
        ("", "topics", "AI", "topics:=AI "),
        ("mask ", "topics", "Computer vision", 'mask topics:="Computer vision" '),
        ("mask", "year", "2020", "mask date:2020 "),
        ("a OR b", "type", "blog", "(a OR b) type:=blog "),
        ("(a OR b)", "type", "blog", "(a OR b) type:=blog "),
        ("mask topics:=AI x", "topics", "ai", "mask x"),
        ('topics:="Computer Vision" x', "topics", "Computer vision", "x"),
        ("mask date:2020", "year", "2020", "mask"),
        ("topics:AI", "topics", "AI", "topics:AI topics:=AI "),
        ("-topics:=AI", "topics", "AI", "-topics:=AI topics:=AI "),
        ("(topics:=AI)", "topics", "AI", "(topics:=AI) topics:=AI "),
        ('x topics:=AI topics:="AI"', "topics", "AI", "x"),
        ("", "topics", 'say "x"', 'topics:="say \\"x\\"" '),
    ],
)
def test_a_value_is_added_and_taken_away(text: str, facet: str, value: str, expected: str) -> None:
    assert toggled(text, facet, value, VOCABULARY) == expected


def test_what_was_added_is_known_to_be_required() -> None:
    text = toggled(toggled("mask", "topics", 'A "b" c', VOCABULARY), "year", "2020", VOCABULARY)
    required = required_values(text, VOCABULARY)
    assert is_required(required, "topics", 'a "B" c', VOCABULARY)
    assert is_required(required, "year", "2020", VOCABULARY)
    assert not is_required(required, "year", "2021", VOCABULARY)
    assert toggled(toggled(text, "topics", 'A "b" c', VOCABULARY), "year", "2020", VOCABULARY) == (
        "mask"
    )


def test_fields_whose_values_posts_share_are_counted() -> None:
    assert counted_fields(DEFAULT_FIELDS) == ("topics", "provider", "type", "category")
