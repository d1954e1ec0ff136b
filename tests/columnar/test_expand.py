"""Expanding patterns: the answer of the arrays is that of asking each term by itself."""

from __future__ import annotations

import doctest
import fnmatch
import re

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from whoosh.automata.lev import levenshtein_automaton

from searchidx.columnar import expand
from searchidx.columnar.expand import TermTexts

LETTERS = "abc.-*?[]!^"
ASCII_TEXTS = st.text(LETTERS, max_size=7)
TEXTS = st.text(LETTERS + "éßж日𝄞\u0301", max_size=7)
WORDS = st.text("ab", max_size=9) | st.text("abéж𝄞", max_size=9) | st.text(max_size=9)
LINES = st.text("ab\n", max_size=5)
RANGES = st.tuples(st.integers(0, 30), st.none() | st.integers(0, 30))


def vocabularies(texts: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(texts, unique=True, max_size=30).map(sorted)


VOCABULARIES = vocabularies(ASCII_TEXTS) | vocabularies(TEXTS) | vocabularies(WORDS)


def texts_of(words: list[str]) -> TermTexts:
    encoded = [word.encode() for word in words]
    assert encoded == sorted(encoded)
    ends = np.cumsum([len(word) for word in encoded], dtype=np.int64)
    return TermTexts(np.frombuffer(b"".join(encoded), dtype=np.uint8), ends.astype(np.uint32))


def part(words: list[str], bounds: tuple[int, int | None]) -> tuple[int, int | None, range]:
    """A range of term numbers that lies within the terms, as given and as numbers."""
    first, last = bounds
    first, last = min(first, len(words)), None if last is None else min(last, len(words))
    return first, last, range(first, len(words) if last is None else last)


def distance(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for number, char in enumerate(one, start=1):
        above, row = row, [number]
        for place, against in enumerate(other, start=1):
            changed = above[place - 1] + (char != against)
            row.append(min(changed, above[place] + 1, row[place - 1] + 1))
    return row[-1]


CLASSES = ["[*]", "[?]", "[[]", "[]]", "[a-c]", "[!ab]", "[]a]", "[!]a]", "[c-a]", "[é-ж]", "[^a]"]
GLOBS = st.lists(
    st.sampled_from([*"*****???", *CLASSES, *"abcéж[]!-.\n"]) | st.text(max_size=2), max_size=8
).map("".join)


@settings(max_examples=300)
@given(VOCABULARIES | vocabularies(LINES), GLOBS, RANGES)
def test_a_glob_fits_what_fnmatch_says(
    words: list[str], pattern: str, bounds: tuple[int, int | None]
) -> None:
    first, last, numbers = part(words, bounds)
    expected = [n for n in numbers if fnmatch.fnmatchcase(words[n], pattern)]
    assert texts_of(words).wildcard(pattern, first, last).tolist() == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param("[*]", ["*"], id="star itself"),
        pytest.param("[[]b]", ["[b]"], id="bracket itself"),
        pytest.param("[!]", ["[!]"], id="class never closed"),
        pytest.param("[!]]", ["*", "["], id="all but a closing bracket"),
        pytest.param("[", ["["], id="bracket alone"),
    ],
)
def test_brackets_mean_what_they_mean_to_fnmatch(pattern: str, expected: list[str]) -> None:
    words = ["*", "[", "[!]", "[b]", "]"]
    assert [words[n] for n in texts_of(words).wildcard(pattern)] == expected


@given(st.lists(st.sampled_from("ab*?"), max_size=9).map("".join))
def test_a_glob_with_many_stars_needs_no_more_than_the_leftmost_places(pattern: str) -> None:
    words = sorted({format(number, "b").translate({48: "a", 49: "b"}) for number in range(256)})
    expected = [n for n, word in enumerate(words) if fnmatch.fnmatchcase(word, pattern)]
    assert texts_of(words).wildcard(pattern).tolist() == expected


SIMPLE = [*"aaabbcéж.", ".*", ".*", ".+", ".*?", ".+?", "[ab]", "[^a]", "[]a]", r"[^\]b]", r"\w"]
FRAGMENTS = [
    *SIMPLE, *"()|^$*+?{}-\n", "(?:", "(?i)", "(?s)", "(?m)", "(?#(", "(?x: # (\n", "(?i:", "(?=",
    "(?!", "(?<!", "(a|b)", "(?P<n>", "(?P=n)", "{2}", "{0}", "{0,1}", "a{", r"\A", r"\Z", r"\b",
    r"\d", r"\.", r"\-", r"\(", r"\|", r"\x61", r"\u00e9", r"\1", r"\n", "*+", "++", "[|(]", "[)]",
]  # fmt: skip
EXPRESSIONS = st.recursive(
    st.lists(st.sampled_from(SIMPLE), max_size=4).map("".join),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("|".join),
        st.tuples(st.sampled_from(["(", "(?:", "(?=", "(?!", "(?i:", "^(", "(?x:#(\n"]), inner).map(
            lambda pair: pair[0] + pair[1] + ")"
        ),
        st.tuples(inner, st.sampled_from(["$", r"\Z", "a?", "b*", "c+", "a{2}", "b{0}"])).map(
            "".join
        ),
    ),
    max_leaves=6,
)
SOUPS = st.lists(st.sampled_from(FRAGMENTS), max_size=6).map("".join)


@settings(max_examples=500)
@given(VOCABULARIES | vocabularies(LINES), EXPRESSIONS | SOUPS, RANGES)
def test_an_expression_matches_what_re_says(
    words: list[str], pattern: str, bounds: tuple[int, int | None]
) -> None:
    try:
        compiled = re.compile(pattern)
    except (re.error, Warning):
        assume(False)
    first, last, numbers = part(words, bounds)
    expected = [n for n in numbers if compiled.match(words[n])]
    assert texts_of(words).regex(pattern, first, last).tolist() == expected


FAMILY = ["", "a", "ab", "ab\n", "aba", "abc", "abd", "b", "bé", "bж", "c.d", "cd"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param("", FAMILY, id="empty"),
        pytest.param("ab$", ["ab", "ab\n"], id="end before a newline"),
        pytest.param(r"ab\Z", ["ab"], id="end of the term"),
        pytest.param("ab.", ["aba", "abc", "abd"], id="no newline for a dot"),
        pytest.param("a(?#()|b", ["a", "ab", "ab\n", "aba", "abc", "abd", "b", "bé", "bж"],
                     id="comment with a parenthesis"),
        pytest.param("(?i)CD|B$", ["b", "cd"], id="flags for all alternatives"),
        pytest.param("ab{0}a?c?$", ["a"], id="none of a character"),
        pytest.param(r"b\w$", ["bé", "bж"], id="letters beyond ASCII"),
        pytest.param(r"c\.", ["c.d"], id="escaped dot"),
    ],
)  # fmt: skip
def test_expressions_mean_what_they_mean_to_re(pattern: str, expected: list[str]) -> None:
    for lacking in ("", "ab\n"):  # without newlines expressions are read in another way
        words = [word for word in FAMILY if word != lacking]
        found = texts_of(words).regex(pattern).tolist()
        assert [words[n] for n in found] == [word for word in expected if word in words]


def test_what_is_no_expression_is_told() -> None:
    with pytest.raises(re.error):
        texts_of(["a"]).regex("a(")


@settings(max_examples=500)
@given(VOCABULARIES, WORDS | TEXTS, st.integers(0, 4), st.integers(0, 9), RANGES)
def test_nearby_terms_are_those_within_the_distance(
    words: list[str], text: str, edits: int, prefix: int, bounds: tuple[int, int | None]
) -> None:
    first, last, numbers = part(words, bounds)
    expected = [
        n
        for n in numbers
        if words[n].startswith(text[:prefix]) and distance(words[n], text) <= edits
    ]
    assert texts_of(words).within(text, edits, prefix, first, last).tolist() == expected


@settings(max_examples=500)
@given(st.text("ab", max_size=12), st.text("ab", max_size=12), st.integers(0, 6), st.booleans())
def test_the_distance_of_two_long_texts_is_exact(
    word: str, text: str, edits: int, is_ascii: bool
) -> None:
    if not is_ascii:
        word, text = word.replace("a", "é"), text.replace("a", "é")
    assert len(texts_of([word]).within(text, edits)) == (distance(word, text) <= edits)


@given(st.sets(st.text("abé", min_size=1, max_size=6)), st.text("abé", min_size=1, max_size=6),
       st.integers(1, 2), st.integers(0, 6))  # fmt: skip
def test_nearby_terms_are_those_of_the_automaton_of_whoosh(
    words: set[str], text: str, edits: int, prefix: int
) -> None:
    assume(prefix <= len(text))
    automaton = levenshtein_automaton(text, edits, prefix).to_dfa()
    ordered = sorted(words)
    expected = [n for n, word in enumerate(ordered) if automaton.accept(word)]
    assert texts_of(ordered).within(text, edits, prefix).tolist() == expected


def test_texts_and_edits_may_be_long() -> None:
    words = ["x" * 300, "x" * 301, "y"]
    terms = texts_of(words)
    assert terms.within("x" * 299, 2).tolist() == [0, 1]
    assert terms.within("x" * 10**6, 1).tolist() == []
    assert terms.within("z", 10**9).tolist() == [0, 1, 2]
    assert terms.within("x" * 302, 10**9, prefix=300).tolist() == [0, 1]


def test_a_prefix_longer_than_a_term_or_the_text_leaves_what_starts_with_all_of_it() -> None:
    terms = texts_of(["a", "ab", "abc", "abcd", "b"])
    assert terms.within("ab", 1, prefix=9).tolist() == [1, 2]
    assert terms.within("abc", 2, prefix=2).tolist() == [1, 2, 3]


def test_more_than_255_characters_are_told_apart() -> None:
    words = [chr(number) + "z" for number in range(0x4E00, 0x4E00 + 600)]
    terms = texts_of(words)
    assert terms.wildcard(words[400][0] + "*").tolist() == [400]
    assert terms.wildcard("?z").tolist() == list(range(600))
    assert terms.within(words[599], 0).tolist() == [599]
    assert terms.within("字z", 1).tolist() == list(range(600))
    assert terms.regex(f"[{words[3][0]}-{words[5][0]}]").tolist() == [3, 4, 5]


def test_no_terms_give_no_numbers() -> None:
    terms = TermTexts(np.zeros(0, dtype=np.uint8), np.zeros(0, dtype=np.int64))
    assert len(terms) == 0
    for found in (terms.wildcard("*a*"), terms.regex("(a)?"), terms.within("a", 1)):
        assert found.dtype == np.int64
        assert found.shape == (0,)


def test_the_empty_pattern_is_the_empty_glob_and_the_expression_that_fits_all() -> None:
    terms = texts_of(["", "a", "bc"])
    assert terms.wildcard("").tolist() == [0]
    assert terms.regex("").tolist() == [0, 1, 2]
    assert terms.within("", 1).tolist() == [0, 1]


def test_an_answer_is_the_same_when_asked_again() -> None:
    terms = texts_of(["hand", "hard", "herd", "här"])
    for _ in range(2):
        assert terms.within("hard", 1).tolist() == [0, 1, 2]
        assert terms.within("hard", 2, first=2).tolist() == [2, 3]


def test_terms_that_are_not_utf8_are_told() -> None:
    terms = TermTexts(np.array([0xFF, 0x61], dtype=np.uint8), np.array([1, 2]))
    with pytest.raises(UnicodeDecodeError):
        terms.wildcard("a*")


def test_the_example_holds() -> None:
    assert doctest.testmod(expand).failed == 0
