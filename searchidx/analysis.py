"""Text becomes terms: the one analysis used for indexing, for queries and for highlighting.

A text is cut at white space into chunks, and each distinct chunk is analysed once. A chunk gives
slots, one per position: the term as typed, and other terms that find the same place. `R&D` is the
term `r&d`, also found by `r` and `d`; `covid-19` is `covid` followed by `19`; a run of Chinese,
Japanese, Korean or Thai letters is its overlapping pairs, then its last letter.
"""

from __future__ import annotations

import re
import unicodedata
from binascii import b2a_base64
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from operator import add, itemgetter
from typing import Any, NamedTuple

from searchidx import english
from searchidx.patterns import late_pattern

ANALYSIS_VERSION = 5
"""Part of an index's stamp: raise it whenever the same text would give other terms."""

VALUE_GAP = 100
"""Positions between two values of a field, so that no phrase reaches from one into the next."""

LONGEST_TERM = 64
LONGEST_VALUE = 32
LONGEST_META_VALUE = 40
LONGEST_KEYWORD = 500
LONGEST_FOLDED = 1_000

_IGNORABLE = "\u00ad\u00b7\u200c\u200d\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufe0e\ufe0f"
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u1100-\u11ff\u3005\u3007\u3040-\u30ff\u3100-\u318f\u31f0-\u31ff\u3400-\u9fff"
    "\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_EMOJI = "\u2600-\u27bf\U0001f000-\U0001faff"
_CHUNK = late_pattern(r"\S+")
_ASCII_WORD = late_pattern(r"[A-Za-z0-9]+")
_SPECIAL = late_pattern(r"[&+#']|(?<![A-Za-z0-9]{2})\.")
"""What makes more of a chunk of ASCII than the runs of its letters and digits."""

_DROPPED = dict.fromkeys(
    point
    for first, last in ((0x0300, 0x0370), (0x0591, 0x05C8), (0x0640, 0x0641), (0x064B, 0x0660))
    for point in range(first, last)
)
_DROPPED |= dict.fromkeys((0x0670, *range(0x06D6, 0x06EE)))
_SURROGATES = late_pattern("[\ud800-\udfff]")
_SPELT = str.maketrans(
    {"ø": "o", "đ": "d", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ħ": "h"}
)
_SPELT.update(_DROPPED)  # type: ignore[arg-type]
_IGNORED = late_pattern(f"[{_IGNORABLE}]")
FIRST_MARK = "\u0300"
_ORDINARY = str.maketrans(
    dict.fromkeys("‘’“”–—…•€™", " ") | dict.fromkeys("\u00ad\u00b7", FIRST_MARK)
)
"""What is no letter though it stands behind the first mark, and what is ignored before it."""


class Slot(NamedTuple):
    """The terms at one position. `start` and `end` are character offsets into the analysed text.

    `tail` marks the last letter of a run of unspaced script, which a query for the run leaves out.
    """

    term: str
    start: int
    end: int
    also: tuple[str, ...] = ()
    tail: bool = False


def fold(text: str) -> str:
    """The text without case, accents or compatibility forms. Folding twice changes nothing."""
    if text.isascii():
        return text.lower()
    if len(text) <= _LONGEST_SIGN:
        return _folded_sign(text)
    if len(text) > _LONG_TEXT:
        pieces = _BEYOND_ASCII.split(text)
        if len(pieces) * _FEWEST_BETWEEN < len(text):
            pieces[::2] = map(str.lower, pieces[::2])
            pieces[1::2] = map(_folded_run, pieces[1::2])
            return "".join(pieces)
    return _folded(text)


_LONG_TEXT = 40
_FEWEST_BETWEEN = 8
_BEYOND_ASCII = late_pattern("([^\0-\x7f]+)")
"""Long texts that hold few such runs are folded run by run. What is folded of a run does not depend
on the ASCII around it: the marks that combine with ASCII are all dropped."""


def _folded_run(run: str) -> str:
    return _folded_sign(run) if len(run) <= _LONGEST_SIGN else _folded(run)


_LONGEST_SIGN = 3
"""Of texts of no more characters, such as pairs of ideographs, those met lately are remembered."""


def _folded(text: str) -> str:
    text = _SURROGATES.sub("\ufffd", text)
    folded = unicodedata.normalize("NFKD", text).casefold()
    folded = unicodedata.normalize("NFKD", folded).translate(_SPELT)
    return unicodedata.normalize("NFC", _IGNORED.sub("", folded))


_folded_sign = lru_cache(maxsize=30_000)(_folded)


def fold_value(text: str, longest: int = LONGEST_VALUE) -> str:
    """The term for a whole value: folded, spaces collapsed; a hash of it when over `longest`. Of a
    text over `LONGEST_FOLDED`, which nobody looks for as a whole, a hash as it stands."""
    return fold_values([text], longest)[0][0]


def fold_values(texts: Sequence[str], longest: int) -> tuple[list[str], list[str]]:
    """The terms for whole values, as `fold_value` makes them, and the values before they are
    hashed, of long texts the beginning: for many texts at once, which takes a fraction of the
    time."""
    if max(map(len, texts), default=0) <= LONGEST_FOLDED:
        folded = _folded_all(texts)
        return _shortened_all(folded, longest), folded
    are_long = [len(text) > LONGEST_FOLDED for text in texts]
    folded = _folded_all(
        [text[:_LONG_START] if long else text for text, long in zip(texts, are_long, strict=True)]
    )
    each = zip(texts, folded, are_long, strict=True)
    return _shortened_all([text if long else own for text, own, long in each], longest), folded


_LONG_START = 200


def _folded_all(texts: Sequence[str]) -> list[str]:
    """The texts folded, their spaces collapsed."""
    whole = "\n".join(texts)
    if whole.isascii() and not any(gap in whole for gap in _WIDE_GAPS):
        folded = whole.lower().split("\n")
        if len(folded) == len(texts) and whole.strip() == whole:
            return folded
    return [" ".join(fold(text).split()) for text in texts]


_WIDE_GAPS = ("  ", " \n", "\n ", *"\t\r\x0b\x0c\x1c\x1d\x1e\x1f")
"""White space that folding changes, of texts joined by line ends."""


_DIGEST_BYTES = 9
"""So many bytes of a hash are twelve characters in base 64."""


def _shortened_all(folded: Sequence[str], longest: int) -> list[str]:
    """The values, shortened when they are over `longest`; the digests are written out together."""
    long = [value.encode("utf-8", "replace") for value in folded if len(value) > longest]
    if not long:
        return list(folded)
    blake2b = _blake2b()
    digests = b"".join([blake2b(value, digest_size=_DIGEST_BYTES).digest() for value in long])
    code = b2a_base64(digests, newline=False).decode()
    starts = iter(range(0, len(code), 12))
    return [v if len(v) <= longest else f"…{code[(at := next(starts)) : at + 12]}" for v in folded]


@cache
def _blake2b() -> Callable[..., Any]:
    """The hash function; importing it takes a while, and few searches need it."""
    from hashlib import blake2b

    return blake2b


def slots(text: str) -> Iterator[Slot]:
    """The slots of a text in order; the position of a slot is its number in that order."""
    if _is_simple(text):
        yield from _simple_slots(text)
        return
    for chunk in _CHUNK.finditer(text):
        offset = chunk.start()
        for slot in chunk_slots(chunk[0]):
            yield Slot(slot.term, slot.start + offset, slot.end + offset, slot.also, slot.tail)


@lru_cache(maxsize=10_000)
def query_slots(text: str) -> tuple[Slot, ...]:
    """The slots that a query for this text looks for, one after the other."""
    found = tuple(slots(text))
    if len(found) > 1 and found[-1].tail and found[-2].end == found[-1].end:
        return found[:-1]
    return found


_AROUND = '!"$%()*,-/:;<=>?@[\\]^_`{|}~'
"""The ASCII signs that are part of no term."""

_LAST_ALPHABET = "\u0530"
"""Before it are Latin, Greek and Cyrillic letters, of which a run is a word."""


def chunk_terms(chunk: str) -> tuple[list[str], list[tuple[int, str]]]:
    """The term of each slot of a chunk, as typed; and other terms, each with its slot's number."""
    if chunk.isalnum() and chunk.isascii():
        return [chunk.lower()[:LONGEST_TERM]], []
    word = chunk.strip(_AROUND)
    if word[-1:] == "." and len(word) > 2:
        word = word[:-1]
    if word.isalnum():
        if word.isascii():
            return [word.lower()[:LONGEST_TERM]], []
        if word.isalpha() and len(word) > 1 and max(word) < _LAST_ALPHABET:
            return [_term(word)], []
    if _is_simple(chunk):
        return [word[:LONGEST_TERM] for word in _ASCII_WORD.findall(chunk.lower())], []
    terms: list[str] = []
    others: list[tuple[int, str]] = []
    for piece in _pattern_for(chunk).finditer(chunk):
        kind = piece.lastgroup
        if kind == "unspaced" and not _on_letters().search(run := piece[0]):
            pairs = map(_FOLDED_PAIRS.__getitem__, map(add, run, run[1:]))
            terms += filter(None, [*pairs, fold(run[-1])])
        elif kind:
            for slot in filter(_term_of, _PIECES[kind](piece)):
                others += [(len(terms), term) for term in slot.also]
                terms.append(slot.term)
    return terms, others


_term_of = itemgetter(0)


class _FoldedPairs(dict[str, str]):
    """Two letters -> what they are folded to, of those met lately."""

    MOST = 100_000

    def __missing__(self, pair: str) -> str:
        if len(self) >= self.MOST:
            self.clear()
        folded = self[pair] = _folded(pair)
        return folded


_FOLDED_PAIRS = _FoldedPairs()


@lru_cache(maxsize=100_000)
def chunk_slots(chunk: str) -> tuple[Slot, ...]:
    """The slots of one chunk without white space; offsets count from the start of the chunk."""
    return tuple(_simple_slots(chunk)) if _is_simple(chunk) else pieces_of(chunk)


def _is_simple(text: str) -> bool:
    """Whether every run of letters and digits is a word of its own, in chunks as in whole texts."""
    return text.isascii() and not _SPECIAL.search(text)


def _simple_slots(text: str) -> Iterator[Slot]:
    for word in _ASCII_WORD.finditer(text):
        yield Slot(word[0].lower()[:LONGEST_TERM], word.start(), word.end())


def pieces_of(chunk: str) -> tuple[Slot, ...]:
    """The slots of any chunk; for one of plain ASCII the same as above, with more work."""
    found: list[Slot] = []
    for piece in _pattern_for(chunk).finditer(chunk):
        if kind := piece.lastgroup:
            found.extend(_PIECES[kind](piece))
    return tuple(slot for slot in found if slot.term)


@cache
def _marks() -> frozenset[str]:
    """The letters that are written above, below or around others."""
    return frozenset(
        char
        for first, last in ((0x0300, 0x1E00), (0x20D0, 0x2100), (0xA66F, 0xABFF), (0xFE20, 0xFE30))
        for char in map(chr, range(first, last))
        if unicodedata.category(char)[0] == "M"
    )


@cache
def _mark_ranges() -> str:
    """The same as the ranges of a character class, which compiles in a fraction of the time."""
    marks = _marks()
    firsts = sorted(mark for mark in marks if chr(ord(mark) - 1) not in marks)
    lasts = sorted(mark for mark in marks if chr(ord(mark) + 1) not in marks)
    return "".join(f"{first}-{last}" for first, last in zip(firsts, lasts, strict=True))


@cache
def _on_letters() -> re.Pattern[str]:
    """What belongs to the letter before it in a script without spaces."""
    return re.compile(rf"[{_mark_ranges()}\uff9e\uff9f{_IGNORABLE}]")


@cache
def _unit() -> re.Pattern[str]:
    """One letter of a script without spaces, with its marks."""
    return re.compile(rf"[{_UNSPACED}]{_on_letters().pattern}*")


@cache
def _piece() -> re.Pattern[str]:
    """What makes terms in a chunk; compiled when the first chunk needs it, which takes a while."""
    letter = rf"(?:(?![{_UNSPACED}])[^\W_]|[{_mark_ranges()}{_IGNORABLE}])"
    others = rf"|(?P<unspaced>(?:{_unit().pattern})+)|(?P<emoji>[{_EMOJI}])"
    return re.compile(_pieces(letter, others))


@cache
def _plain_piece() -> re.Pattern[str]:
    """The same for a plain chunk, compiled in a tenth of the time."""
    return re.compile(_pieces(r"[^\W_]"))


def _pieces(letter: str, others: str = "") -> str:
    return (
        rf"(?P<acronym>(?<!\w)(?:[^\W\d_]\.)+(?:[^\W\d_](?!\w)|(?<=\w\.\w\.)))"
        rf"|(?P<dotted>(?<![\w.])\.(?=[^\W\d_]){letter}+)"
        rf"|(?P<joined>{letter}+(?:&{letter}+)+)"
        rf"{others}"
        rf"|(?P<word>{letter}+)(?P<suffix>(?:\+\+?|\#)(?![\w+#]))?(?:['\u2019][sS](?!\w))?"
    )


def _pattern_for(chunk: str) -> re.Pattern[str]:
    """What makes terms in a chunk like this."""
    return _plain_piece() if _is_plain(chunk) else _piece()


def _is_plain(chunk: str) -> bool:
    """Whether a chunk is of Latin letters without marks of their own, and common punctuation."""
    return max(chunk.translate(_ORDINARY), default="") < FIRST_MARK


def _term(text: str) -> str:
    folded = fold(text)
    if not folded.isalnum():
        folded = "".join(char for char in folded if char.isalnum() or char in _marks())
    return folded[:LONGEST_TERM]


def _acronym(piece: re.Match[str]) -> Iterator[Slot]:
    yield Slot(_term(piece[0]), piece.start(), piece.end())


def _dotted(piece: re.Match[str]) -> Iterator[Slot]:
    name = _term(piece[0][1:])
    yield Slot(f".{name}", piece.start(), piece.end(), (name,))


def _joined(piece: re.Match[str]) -> Iterator[Slot]:
    parts = [_term(part) for part in piece[0].split("&")]
    whole = "&".join(parts)[:LONGEST_TERM]
    yield Slot(whole, piece.start(), piece.end(), tuple(dict.fromkeys(filter(None, parts))))


def _word(piece: re.Match[str]) -> Iterator[Slot]:
    term = _term(piece["word"])
    if suffix := piece["suffix"]:
        yield Slot(term + suffix, piece.start(), piece.end("suffix"), (term,))
    else:
        yield Slot(term, piece.start(), piece.end("word"))


def _unspaced(piece: re.Match[str]) -> Iterator[Slot]:
    units = list(_unit().finditer(piece.string, piece.start(), piece.end()))
    for first, second in pairwise(units):
        yield Slot(fold(first[0] + second[0]), first.start(), second.end())
    last = units[-1]
    yield Slot(fold(last[0]), last.start(), last.end(), tail=True)


def _emoji(piece: re.Match[str]) -> Iterator[Slot]:
    yield Slot(piece[0], piece.start(), piece.end())


_PIECES: dict[str, Callable[[re.Match[str]], Iterator[Slot]]] = {
    "acronym": _acronym,
    "dotted": _dotted,
    "joined": _joined,
    "word": _word,
    "suffix": _word,
    "unspaced": _unspaced,
    "emoji": _emoji,
}

_SNOWBALL = {
    "da": "danish", "de": "german", "es": "spanish", "fi": "finnish", "fr": "french",
    "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sv": "swedish",
}  # fmt: skip


def needs_snowball(language: str) -> bool:
    """Whether the stems of a language are those of the package snowballstemmer, and change with it;
    English has a stemmer of our own."""
    return language in _SNOWBALL


@cache
def stemmer(language: str) -> Callable[[str], str]:
    """The stemming function of a language (two letters); for `none`, the term itself.

    English is Porter2, the others are from the Snowball project (snowballstem.org). Terms that hold
    anything but letters are not stemmed.
    """
    if language == "none":
        return str
    stem_word: Callable[[str], str] = english.stem
    if language != "en":
        from searchidx import snowball

        stem_word = snowball.stemmer(_SNOWBALL[language])

    @lru_cache(maxsize=200_000)
    def stem(term: str) -> str:
        return stem_word(term) if term.isalpha() else term

    return stem


def keeps_initials(language: str) -> bool:
    """Whether every term starts with the same letter as what it is stemmed to."""
    return language in ("en", "none")
