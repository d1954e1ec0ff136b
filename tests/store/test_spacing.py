"""Texts are brought to chunks that are met again, and lose no word by it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchidx.analysis import slots
from searchidx.store.spacing import SIGNS, spaced

odd = st.text(alphabet=f"abSZ1 .,-'&+#\n\t\x1c\0_éß日本\u2019\u2028{SIGNS}", max_size=12)
frequent = st.text(alphabet="as1 .'_&+#\u2019é", max_size=9)


@settings(max_examples=1_000)
@given(odd | frequent)
def test_a_spaced_text_has_the_slots_it_had(text: str) -> None:
    def terms(text: str) -> list[tuple[str, tuple[str, ...]]]:
        return [(slot.term, slot.also) for slot in slots(text)]

    assert terms(spaced(text)) == terms(text)


CHUNKS = {
    "plain": ("Well-known, (word)", "well known word"),
    "an end of a sentence": ("a plan. Wait...and", "a plan wait and"),
    "numbers": ("v1.2 3.5", "v1 2 3 5"),
    "apostrophes": ("don't John's", "don t john"),
    "typographic": ("“well–known” John\u2019s", "well known john"),
    "an address": ("<https://example.org/a?b=1>", "https example org a b 1"),
    "signs of their own": ("R&D (C++), F# .NET e.g. x", "R&D C++ F# .NET e.g. x"),
    "letters beyond ASCII": ("(an) “Élan,” (b)", "an Élan b"),
    "a NUL": ("A \0 b", "a \0 b"),
}


@pytest.mark.parametrize(("text", "chunks"), CHUNKS.values(), ids=CHUNKS)
def test_only_chunks_with_words_of_their_own_are_left(text: str, chunks: str) -> None:
    assert spaced(text).split() == chunks.split()
