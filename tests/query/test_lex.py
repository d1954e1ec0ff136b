"""Tokens of a query: a table, and what must hold for any text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchidx.query.lex import TokenKind, field_name, lex, unescape

CASES = {
    "words": ("face mask", "word=face word=mask"),
    "near": ('"a b"~5', "phrase=a_b fuzz=5"),
    "field phrase boost": ('title:"x y"^2', "field=title phrase=x_y boost=2"),
    "comparison": ("quality:>=100", "field=quality compare=>= word=100"),
    "range": ("date:2020-05..2020-06", "field=date word=2020-05..2020-06"),
    "minus": (
        "-a -(b) -f:c",
        "minus=- word=a minus=- open=( word=b close=) minus=- field=f word=c",
    ),
    "regex": ("/mas[kc]/ f:/a.*/", "regex=mas[kc] field=f regex=a.*"),
    "path is no regex": ("path:/home/x", "field=path word=/home/x"),
    "modifiers": ("w~2^3 f~ b^2.5", "word=w fuzz=2 boost=3 word=f fuzz= word=b boost=2.5"),
    "specials are words": ("C++ R&D .NET", "word=C++ word=R&D word=.NET"),
    "address is no field": ("http://a.b/c", "word=http://a.b/c"),
    "operators": ("a AND b OR NOT c", "word=a and=AND word=b or=OR not=NOT word=c"),
    "operators in lower case are words": ("a and b", "word=a word=and word=b"),
    "colon with space": ("GPT-3: what", "field=GPT-3 word=what"),
    "negative number": ("heat:-1", "field=heat word=-1"),
    "curly quotes": ("“a b”", "phrase=a_b"),
    "escapes": (r"\"a\* x", r"word=\"a\* word=x"),
    "meta quoted": ('meta."a b:c":d', "field=meta.a_b:c word=d"),
    "meta with odd signs": ("meta.@x-:d", "field=meta.@x- word=d"),
    "meta with dots": ("meta.a.b:c", "field=meta.a.b word=c"),
}

_NAMES = {kind: kind.name.lower() for kind in TokenKind}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=list(CASES))
def test_tokens(text: str, expected: str) -> None:
    found = [f"{_NAMES[token.kind]}={token.value.replace(' ', '_')}" for token in lex(text)]
    assert found == expected.split(" ")


def test_an_unclosed_phrase_and_a_spaced_field_say_so() -> None:
    assert [token.closed for token in lex('"open')] == [False]
    assert [token.spaced for token in lex("title: x")] == [True, False]


def test_escapes_are_resolved_for_all_but_letters_and_digits() -> None:
    assert unescape(r"a\*b\"c\d") == r'a*b"c\d'


@given(st.text(min_size=1).filter(lambda key: key.strip()))
def test_any_metadata_key_can_be_typed(key: str) -> None:
    first = next(lex(field_name(f"meta.{key}") + ":x"))
    assert (first.kind, first.value) == (TokenKind.FIELD, f"meta.{key}")


@given(st.text())
def test_tokens_cover_everything_but_white_space(text: str) -> None:
    position = 0
    for token in lex(text):
        assert token.start >= position
        assert text[position : token.start].strip() == ""
        assert token.end > token.start
        position = token.end
    assert text[position:].strip() == ""
