"""Which characters are highlighted, and which part of a long text is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchidx.highlight import best_window, find_spans, marked, merged
from searchidx.names import names_of
from searchidx.query.matches import matches_of
from searchidx.query.parse import parse_lenient
from searchidx.query.vocabulary import Vocabulary
from searchidx.settings import DEFAULT_FIELDS, find_field

WORDS = Vocabulary(DEFAULT_FIELDS)


def highlighted(text: str, query: str, field: str = "title") -> str:
    spec = find_field(DEFAULT_FIELDS, field)
    assert spec is not None
    matches = matches_of(parse_lenient(query, WORDS).tree, DEFAULT_FIELDS)
    return marked(text, find_spans(text, names_of(spec), matches), "[", "]")


CASES = {
    "stem": ("Face masks and masking", "mask", "Face [masks] and [masking]"),
    "case and accents": ("Un ÉTÉ à Paris", "ete", "Un [ÉTÉ] à Paris"),
    "phrase as one": (
        "a computer vision, a computer", '"computer vision"', "a [computer vision], a computer"),
    "phrase nowhere": ("vision computer", '"computer vision"', "vision computer"),
    "near": (
        "masks hide a face; x y z face", '"face masks"~3', "[masks] hide a [face]; x y z face"),
    "compound": ("GPT-3, GPT and 3", "GPT-3", "[GPT-3], GPT and 3"),
    "part of a compound": ("R&D here", "d", "[R&D] here"),
    "special": ("C and C++", "C++", "C and [C++]"),
    "prefix is unstemmed": ("mask masks masonry", "masks*", "mask [masks] masonry"),
    "wildcard": ("word ward wood", "w?rd", "[word] [ward] wood"),
    "regex": ("color colour", "/colou?r/", "[color] [colour]"),
    "fuzzy": ("recognition recognised", "recogniton~", "[recognition] recognised"),
    "unspaced": ("機械学習の研究", "学習", "機械[学習]の研究"),
    "excluded is not shown": ("face mask", "face -mask", "[face] mask"),
    "stop words beside others": ("the face", "the face", "the [face]"),
    "other field": ("face", "excerpt:face", "face"),
    "whole value": ("Computer Vision", 'title:="computer vision"', "[Computer Vision]"),
    "filters show nothing": ("face 2020", "date:2020", "face 2020"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "query", "expected"), CASES.values(), ids=list(CASES))
def test_spans(text: str, query: str, expected: str) -> None:
    assert highlighted(text, query) == expected


def test_a_keyword_is_highlighted_by_word_and_whole() -> None:
    assert highlighted("The Harbour Wire", "provider:wire", "provider") == "The Harbour [Wire]"
    assert highlighted("The Harbour Wire", "provider:the*", "provider") == "[The Harbour Wire]"


def test_spans_that_overlap_become_one() -> None:
    assert merged([(4, 6), (0, 2), (1, 3), (6, 7)]) == [(0, 3), (4, 6), (6, 7)]


def test_the_window_holds_the_densest_part_and_ends_at_words() -> None:
    text = "face " + "filler " * 60 + "face mask " + "filler " * 60
    spans = [(0, 4), (425, 429), (430, 434)]
    start, end = best_window(text, spans, 80)
    assert start <= 425
    assert end >= 434
    assert text[start - 1] == " "
    assert text[end] == " "
    assert best_window("short", [], 80) == (0, 5)


@given(st.text(max_size=300), st.lists(st.integers(0, 299), max_size=6), st.integers(10, 100))
def test_a_window_lies_in_the_text(text: str, starts: list[int], width: int) -> None:
    spans = merged((at, at + 1) for at in starts if at < len(text))
    start, end = best_window(text, spans, width)
    assert 0 <= start <= end <= len(text)
    assert end - start <= max(width, len(text) if len(text) <= width else width)


@given(st.text(max_size=60), st.text(max_size=20))
def test_marking_only_adds_marks(text: str, query: str) -> None:
    shown = highlighted(text.replace("[", "").replace("]", ""), query)
    assert shown.replace("[", "").replace("]", "") == text.replace("[", "").replace("]", "")
