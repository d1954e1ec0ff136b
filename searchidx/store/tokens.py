"""Words of texts as numbers, in bulk: every distinct piece of text is analysed once.

A text is cut at white space. Each distinct piece (a chunk) gets a number when it is first met, and
only then is it analysed; from then on a text is a list of numbers. What the chunks stand for is
looked up for all texts of a segment at once, in `expand`.

The texts come many at a time, so that what is done to each of them is done by loops of the
interpreter's own, not by Python's.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

import numpy as np

from searchidx.analysis import VALUE_GAP, chunk_terms, stemmer
from searchidx.columnar.found import Mask
from searchidx.columnar.invert import Ids, Names
from searchidx.columnar.packed import Numbers, changes, distinct, run_places
from searchidx.columnar.runs import Ragged, ragged
from searchidx.store.spacing import spaced


def _names(texts: Iterable[str]) -> Names:
    return Names(ragged([text.encode("utf-8", "replace") for text in texts]))


class Numbering(dict[str, int]):
    """Texts numbered from 0 in the order in which they are first asked for."""

    def __missing__(self, text: str) -> int:
        number = self[text] = len(self)
        return number

    def names(self) -> Names:
        """The texts in the order of their numbers, as UTF-8."""
        return _names(self)


BYTES_PER_CHUNK = 300
"""What a chunk, and a word of its own, takes."""

BYTES_PER_WORD = 200
"""What a word takes."""

BYTES_PER_SLOT = 20
"""What a chunk takes more for each word that it stands for."""

_GAP = "\0"
"""The chunk that stands between two texts, and has no words; none that a text is cut into."""


class Chunks(dict[str, int]):
    """Chunks numbered from 0, which is `_GAP`, each with the words that it stands for.

    `words` numbers the words. A word has a slot, its place in the chunk; words of the same slot are
    found at the same position.
    """

    def __init__(self, words: Numbering) -> None:
        self._words = words
        self._firsts = array("i", [0, 0])
        self._slots = array("i", [0])
        self._found = array("i")
        self._places = array("i")
        self[_GAP] = 0

    def __missing__(self, chunk: str) -> int:
        terms, others = chunk_terms(chunk)
        self._found.extend(map(self._words.__getitem__, terms))
        self._places.extend(range(len(terms)))
        for place, term in others:
            self._found.append(self._words[term])
            self._places.append(place)
        self._slots.append(len(terms))
        self._firsts.append(len(self._found))
        number = self[chunk] = len(self._slots) - 1
        return number

    def size_bytes(self) -> int:
        """About how much memory the chunks and their words take. Most chunks are one word; of
        scripts without spaces a chunk may be hundreds, few of which are its own."""
        more_words = max(0, len(self._words) - len(self))
        return (
            BYTES_PER_CHUNK * len(self)
            + BYTES_PER_WORD * more_words
            + BYTES_PER_SLOT * max(0, len(self._found) - len(self))
        )

    def count_words(self, ids: Ids) -> int:
        """How many words some chunks stand for, together."""
        firsts = _int32(self._firsts)
        return int((firsts[ids + 1] - firsts[ids]).sum(dtype=np.int64))

    def numbers_of(self, other: Chunks) -> Ids:
        """The numbers here of another's chunks, in the order of their numbers there; what is not
        known here is taken over without being analysed again."""
        first, slots, found, places = (one.tolist() for one in other.tables())
        words = list(other._words)
        numbers = []
        for number, chunk in enumerate(other):
            own = self.get(chunk)
            if own is None:
                begin, end = first[number], first[number + 1]
                self._found.extend([self._words[words[word]] for word in found[begin:end]])
                self._places.extend(places[begin:end])
                self._slots.append(slots[number])
                self._firsts.append(len(self._found))
                own = self[chunk] = len(self._slots) - 1
            numbers.append(own)
        return np.array(numbers, dtype=np.int32)

    def tables(self) -> tuple[Ids, Ids, Ids, Ids]:
        """Where the words of each chunk start (and the last end), how many slots it has; the words
        of all chunks, and the slot of each."""
        parts = (self._firsts, self._slots, self._found, self._places)
        first, slots, found, places = (np.array(part, dtype=np.int32) for part in parts)
        return first, slots, found, places

    def words_in(self, columns: Iterable[TokenColumn]) -> Ids:
        """The words that stand in some columns of these chunks, ascending."""
        is_met = np.zeros(len(self), dtype=np.bool_)
        for column in columns:
            is_met[column.ids] = True
        first, _, found, _ = self.tables()
        met = np.flatnonzero(is_met)
        return distinct(found[run_places(first[met], np.diff(first)[met])]).astype(np.int32)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words of one field in many documents, one item a token, in no order; `groups` says which
    group each is of, if there are groups."""

    words: Ids
    docs: Ids
    positions: Ids
    groups: Ids | None = None

    def lengths(self, documents: int) -> Numbers:
        """How many tokens each document has."""
        return np.bincount(self.docs, minlength=documents)


class TokenColumn:
    """The texts of one field, document after document, as numbers of chunks."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks
        self._ids = array("i")
        self._docs: list[Ids] = []
        self.words = 0
        """How many words the texts have, together."""

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, docs: Ids, texts: Sequence[str], which: Numbers) -> None:
        """Add values of the field: `docs` are the documents that have them, ascending, and `which`
        the place in `texts` of each."""
        if not len(which):
            return
        whole = _BETWEEN.join(texts)
        if whole.count(_GAP) >= len(texts):
            whole = _BETWEEN.join([text.replace(_GAP, "\1") for text in texts])
        found = array("i", map(self._chunks.__getitem__, spaced(whole).split()))
        found.append(0)
        ids = _int32(found)
        values = Ragged(ids, np.flatnonzero(ids == 0) + 1)
        taken = values.picked(which).items
        self._ids.frombytes(taken.tobytes())
        self._docs.append(docs)
        self.words += self._chunks.count_words(taken)

    def take(self, other: TokenColumn, first_doc: int, chunk_numbers: Ids) -> None:
        """Add what another column holds, whose documents are numbered from `first_doc` here, and
        whose chunks have these numbers."""
        self._ids.frombytes(chunk_numbers[other.ids].tobytes())
        self.words += other.words
        self._docs += [docs + np.int32(first_doc) for docs in other._docs]

    @property
    def ids(self) -> Ids:
        """The chunks of all values, with a gap behind each."""
        return _int32(self._ids)

    def tokens(self, groups: Ids | None = None) -> Tokens:
        """Everything that was added, analysed. With `groups`, one for each value, a document's
        values of a group, and not all of its values, follow each other in position."""
        ids = self.ids
        is_gap = ids == 0
        sizes = np.diff(np.flatnonzero(is_gap), prepend=-1) - 1
        docs = np.concatenate(self._docs) if self._docs else np.zeros(0, dtype=np.int32)
        return expand(self._chunks, ids[~is_gap], sizes, docs, groups)


_Text = TypeVar("_Text")

_BETWEEN = f" {_GAP} "


def _int32(numbers: array[int]) -> Ids:
    return np.frombuffer(numbers, dtype=np.int32) if numbers else np.zeros(0, dtype=np.int32)


def expand(
    chunks: Chunks, ids: Ids, sizes: Numbers, docs: Ids, groups: Ids | None = None
) -> Tokens:
    """The tokens of values that are given as chunks.

    `ids` are the chunks of all values; value `n` has `sizes[n]` of them and belongs to document
    `docs[n]`; the values of a document (and of a group, if there are groups) follow each other.
    Between two of them the positions have a gap.
    """
    first, slots, found, places = chunks.tables()
    counts = np.diff(first)
    is_word = (slots == 1) & (counts == 1)
    word_of = np.full(len(counts), -1, dtype=np.int32)
    word_of[is_word] = found[first[:-1][is_word]]
    words = word_of[ids]
    odd = np.flatnonzero(words < 0)
    leads = changes(docs) if groups is None else changes(docs) | changes(groups)
    positions = _positions(sizes, leads, odd, slots[ids[odd]])
    owners = np.repeat(docs, sizes)
    group_of = None if groups is None else np.repeat(groups, sizes)
    if not len(odd):
        return Tokens(words, owners, positions, group_of)
    kept = np.flatnonzero(words >= 0)
    taken = counts[ids[odd]]
    at = run_places(first[ids[odd]], taken)
    again = np.repeat(odd, taken)
    return Tokens(
        np.concatenate([words[kept], found[at]]),
        np.concatenate([owners[kept], owners[again]]),
        np.concatenate([positions[kept], positions[again] + places[at]]),
        None if group_of is None else np.concatenate([group_of[kept], group_of[again]]),
    )


def _positions(sizes: Numbers, leads: Mask, odd: Numbers, odd_slots: Ids) -> Ids:
    """The position of the first slot of each chunk.

    `sizes` are the chunks of each value; `leads` says where a document, or a group, begins. Each
    chunk has one slot, but for the `odd` ones.
    """
    value_slots = sizes.astype(np.int64)
    ends = value_slots.cumsum()
    starts = ends - value_slots
    if len(odd):
        extra = np.zeros(int(ends[-1]), dtype=np.int32)
        extra[odd] = odd_slots - 1
        before = extra.cumsum(dtype=np.int32) - extra
        value_slots += np.bincount(
            ends.searchsorted(odd, "right"), odd_slots - 1, len(sizes)
        ).astype(np.int64)
    firsts = np.flatnonzero(leads)
    values = np.diff(np.append(firsts, len(sizes)))
    slots_before = value_slots.cumsum() - value_slots
    number = np.arange(len(sizes)) - np.repeat(firsts, values)
    first_slot = slots_before - np.repeat(slots_before[firsts], values) + number * VALUE_GAP
    shift = first_slot - starts
    if len(odd):
        shift -= slots_before - starts
    positions: Ids = np.repeat(shift.astype(np.int32), sizes)
    positions += np.arange(len(positions), dtype=np.int32)
    if len(odd):
        positions += before
    return positions


def distinct_texts(texts: Sequence[_Text]) -> tuple[list[_Text], Numbers]:
    """The different ones among some texts, or parts of texts, and for each which of them it is.
    What people write about their posts is mostly the same from post to post."""
    numbers: dict[_Text, int] = {}
    firsts = np.fromiter(map(numbers.setdefault, texts, count()), np.int64, len(texts))
    starts = np.fromiter(numbers.values(), np.int64, len(numbers))
    return list(numbers), starts.searchsorted(firsts)


class TermColumn:
    """Terms that are taken whole, document after document."""

    def __init__(self) -> None:
        self._firsts: dict[str, int] = {}
        """Each term, and how many were added before it: a number that it alone has."""
        self._added = 0
        self._places = array("i")
        """The numbers of the terms that the documents have."""
        self._docs: list[Ids] = []

    def __len__(self) -> int:
        return len(self._places)

    def add(self, docs: Ids, terms: Sequence[str], which: Numbers | Ids) -> None:
        """Add terms: `docs` are the documents that have them, and `which` the place in `terms` of
        each. What a document has twice counts once."""
        firsts = map(self._firsts.setdefault, terms, count(self._added))
        places = np.fromiter(firsts, np.int32, len(terms))[which]
        self._places.frombytes(places.tobytes())
        self._added += len(terms)
        self._docs.append(docs)

    def take(self, other: TermColumn, first_doc: int) -> None:
        """Add what another column holds, whose documents are numbered from `first_doc` here."""
        numbers, docs = other.terms()
        self.add(docs + np.int32(first_doc), list(other._firsts), numbers)

    def names(self) -> Names:
        """The terms in the order of their numbers, as UTF-8."""
        return _names(self._firsts)

    def terms(self) -> tuple[Ids, Ids]:
        """The number of each term in that order, and its document."""
        firsts = np.fromiter(self._firsts.values(), np.int32, len(self._firsts))
        numbers = firsts.searchsorted(_int32(self._places)).astype(np.int32)
        docs = np.concatenate(self._docs) if self._docs else np.zeros(0, dtype=np.int32)
        return numbers, docs


class Stems:
    """The stems of words in several languages, in one numbering."""

    def __init__(self) -> None:
        self.names = Numbering()
        self._by_language: dict[str, Ids] = {}

    def of(self, words: Numbering, met: Ids, language: str) -> Ids:
        """For each word the number of its stem; of those that were never among the `met`, -1."""
        known = self._by_language.get(language, np.zeros(0, dtype=np.int32))
        known = np.append(known, np.full(len(words) - len(known), -1, dtype=np.int32))
        fresh = met[known[met] < 0].tolist()
        if fresh:
            stem, number_of, texts = stemmer(language), self.names.__getitem__, list(words)
            known[fresh] = [number_of(stem(texts[word])) for word in fresh]
        self._by_language[language] = known
        return known
