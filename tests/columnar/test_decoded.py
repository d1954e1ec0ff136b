"""Decoded postings: kept while there is room, the same for all, and nobody's to change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from whoosh import fields

from searchidx.columnar import create_in
from searchidx.columnar.decoded import DecodedTerms, Postings
from searchidx.columnar.postings import FieldTerms
from searchidx.columnar.whoosh_index import ColumnarIndex

WORDS = ("one", "two", "three", "four")
DOCUMENTS = 50


@pytest.fixture
def terms(tmp_path) -> Iterator[FieldTerms]:  # type: ignore[no-untyped-def]
    index = create_in(tmp_path, fields.Schema(text=fields.TEXT))
    writer = index.writer()
    for number in range(DOCUMENTS):
        writer.add_document(text=" ".join(WORDS[: 1 + number % 4] * 3))
    writer.commit()
    assert isinstance(index, ColumnarIndex)
    with index.searcher() as searcher:
        found = searcher.arrays().parts[0].arrays.field("text")
        assert found is not None
        yield found


def decoder(terms: FieldTerms, word: str, asked: list[str]) -> Callable[[], Postings | None]:
    def decode() -> Postings | None:
        asked.append(word)
        number = terms.find(word.encode())
        return None if number is None else Postings(terms, number, DOCUMENTS)

    return decode


def test_what_was_decoded_is_not_decoded_again(terms: FieldTerms) -> None:
    asked: list[str] = []
    decoded = DecodedTerms()
    for word in ("one", "none", "one", "none"):
        decoded.get((0, "text", word), decoder(terms, word, asked))
    assert asked == ["one", "none"]


def test_what_was_used_longest_ago_makes_room(terms: FieldTerms) -> None:
    asked: list[str] = []
    one = decoder(terms, "one", [])()
    assert one is not None
    decoded = DecodedTerms(most_bytes=one.size_bytes * 2)
    for word in ("one", "two", "one", "three", "one", "two"):
        decoded.get((0, "text", word), decoder(terms, word, asked))
    assert asked == ["one", "two", "three", "two"]


def test_a_term_larger_than_the_room_is_still_found(terms: FieldTerms) -> None:
    decoded = DecodedTerms(most_bytes=1)
    found = decoded.get((0, "text", "two"), decoder(terms, "two", []))
    assert found is not None
    assert found.docs.tolist() == [number for number in range(DOCUMENTS) if number % 4 >= 1]


def test_scores_are_the_same_for_all_and_for_some(terms: FieldTerms) -> None:
    norms = np.linspace(0.5, 2, DOCUMENTS).astype(np.float32)
    places = np.array([0, 3, 7])
    number = terms.find(b"one")
    assert number is not None
    some = Postings(terms, number, DOCUMENTS).scores(places[:1], 2.0, norms)
    found = Postings(terms, number, DOCUMENTS)
    whole = found.scores(None, 2.0, norms)
    assert whole.tolist() == pytest.approx((2 * 3 / (3 + norms[found.docs])).tolist())
    assert found.scores(places, 2.0, norms).tolist() == whole[places].tolist()
    assert some.tolist() == whole[:1].tolist()
    assert norms[0] == np.float32(0.5), "the norms of the segment are left as they were"


def test_nobody_writes_to_what_is_kept(terms: FieldTerms) -> None:
    number = terms.find(b"one")
    assert number is not None
    found = Postings(terms, number, DOCUMENTS)
    norms = np.ones(DOCUMENTS, dtype=np.float32)
    for kept in (found.docs, found.weights(), found.scores(None, 1.0, norms)):
        with pytest.raises(ValueError, match="read-only"):
            kept[0] = 7


def test_several_threads_share_what_is_kept(terms: FieldTerms) -> None:
    decoded = DecodedTerms(most_bytes=3000)

    def used(number: int) -> int:
        word = WORDS[number % 4]
        found = decoded.get((0, "text", word), decoder(terms, word, []))
        return -1 if found is None else len(found.docs)

    with ThreadPoolExecutor(4) as pool:
        sizes = list(pool.map(used, range(2000)))
    assert sizes == [len([n for n in range(DOCUMENTS) if n % 4 >= w % 4]) for w in range(2000)]
