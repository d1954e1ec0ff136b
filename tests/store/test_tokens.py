"""Texts are brought to chunks that are met again, and lose no word by it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from searchidx.analysis import VALUE_GAP, slots
from searchidx.store.tokens import Chunks, Numbering, TokenColumn, distinct_texts

values = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 1),
        st.text(alphabet="ab1 .&+#'\t\0é日本", max_size=12) | st.just("plain words"),
    ),
    max_size=8,
)


@given(values, st.booleans())
def test_tokens_stand_where_the_slots_of_their_texts_do(
    some: list[tuple[int, int, str]], by_group: bool
) -> None:
    some = sorted(some, key=lambda value: value[:2])
    words = Numbering()
    column = TokenColumn(Chunks(words))
    docs = np.array([doc for doc, _, _ in some], dtype=np.int32)
    groups = np.array([group for _, group, _ in some], dtype=np.int32)
    column.add(docs, *distinct_texts([text for _, _, text in some]))
    expected = []
    position, last = 0, None
    for doc, group, text in some:
        place = (doc, group if by_group else 0)
        position = position + VALUE_GAP if place == last else 0
        last = place
        for slot in slots(text.replace("\0", "\1")):
            for term in (slot.term, *slot.also):
                expected.append((doc, group if by_group else 0, position, term))
            position += 1
    tokens = column.tokens(groups if by_group else None)
    assert (tokens.groups is not None) is by_group
    of_token = tokens.groups if tokens.groups is not None else np.zeros(len(tokens.words), int)
    names = list(words)
    found = zip(tokens.docs, of_token, tokens.positions, tokens.words, strict=True)
    told = [(int(doc), int(group), int(at), names[word]) for doc, group, at, word in found]
    assert sorted(told) == sorted(expected)
