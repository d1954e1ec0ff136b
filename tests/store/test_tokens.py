"""Texts are brought to chunks that are met again, and lose no word by it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from searchidx.analysis import slots
from searchidx.store.tokens import spaced

texts = st.lists(st.text(alphabet="abZ1 .,-'&+#\n\t\0_éß日本\u2019"), max_size=6)


@given(texts)
def test_spaced_texts_have_the_slots_they_had(some: list[str]) -> None:
    def terms(text: str) -> list[tuple[str, tuple[str, ...]]]:
        return [(slot.term, slot.also) for slot in slots(text)]

    assert [terms(text) for text in spaced(some)] == [terms(text) for text in some]


def test_texts_of_plain_words_share_their_chunks() -> None:
    (text,) = spaced(["Well-known, (word)"])
    assert text.split() == ["well", "known", "word"]
