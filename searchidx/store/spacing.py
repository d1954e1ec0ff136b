"""Text is brought to chunks that are met again and again, which are then analysed once.

Between white space stand words with whatever is written around them: `(well-known,` is met far less
often than `well` and `known`. Nearly all signs only part words, as a space does. All of a text is
looked at at once, as an array of its bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from searchidx.columnar.packed import Numbers, distinct

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]

SIGNS = "\xa0«»\u2010\u2011\u2012–—‘“”„†•…"
"""Common signs beyond ASCII that only part words."""

_ALNUM = bytes(one for one in range(128) if chr(one).isalnum())
_OTHERS = bytes(one for one in range(1, 128) if one not in _ALNUM)
_SPACED = bytes.maketrans(_OTHERS, b" " * len(_OTHERS)).lower()
"""Letters in lower case, and all that is no letter or digit as spaces, but for NUL."""

_PARTS = bytes(one in _OTHERS and one not in b"&+#.'_" for one in range(256))
"""What is never part of a word, nor decides whether a sign beside it is."""

_IS_ALNUM = np.array([one in _ALNUM for one in range(256)])
_IS_LETTER = _IS_ALNUM & np.array([chr(one).isalpha() for one in range(256)])
_IN_WORDS = _IS_ALNUM | (np.arange(256) == ord("_"))
_EDGE = b"  "


def _by_head(signs: str) -> list[tuple[bytes, npt.NDArray[np.bool_]]]:
    """What the UTF-8 of some signs begins with, and which last bytes follow it."""
    lasts: dict[bytes, list[int]] = {}
    for sign in signs:
        *head, last = sign.encode()
        lasts.setdefault(bytes(head), []).append(last)
    return [(head, np.array([one in known for one in range(256)])) for head, known in lasts.items()]


_SIGNS_BY_HEAD = _by_head(SIGNS)


def spaced(text: str) -> str:
    """A text with the same slots as this one, in most of which each chunk is one plain word in
    lower case; a NUL stays what it is."""
    is_ascii = text.isascii()
    if not is_ascii:
        text = text.replace("\u2019", "'")
    raw = bytearray(b"".join((_EDGE, text.encode("utf-8", "surrogatepass"), _EDGE)))
    data = np.frombuffer(raw, dtype=np.uint8)
    if not is_ascii:
        _blank_signs(data)
    result = np.frombuffer(raw.translate(_SPACED), dtype=np.uint8)
    kept = [_joints(data), _suffixes(data), _dots(data), _without_genitives(data, result)]
    if not is_ascii:
        is_later = data >= 128
        kept.append(np.flatnonzero(is_later[1:] > is_later[:-1]) + 1)
    places = np.concatenate(kept)
    if len(places):
        np.copyto(result, data, where=_around(raw, places))
    return result.tobytes().decode("utf-8", "surrogatepass")


def _blank_signs(data: Bytes) -> None:
    """Put spaces in the place of the SIGNS."""
    for head, is_last in _SIGNS_BY_HEAD:
        places = np.flatnonzero(data == head[0])
        for distance, byte in enumerate(head[1:], 1):
            places = places[data[places + distance] == byte]
        places = places[is_last[data[places + len(head)]]]
        for distance in range(len(head) + 1):
            data[places + distance] = ord(" ")


def _joints(data: Bytes) -> Numbers:
    """Where `&` stands between letters or digits, as in `R&D`."""
    places = np.flatnonzero(data == ord("&"))
    joints: Numbers = places[_IS_ALNUM[data[places - 1]] & _IS_ALNUM[data[places + 1]]]
    return joints


def _suffixes(data: Bytes) -> Numbers:
    """Where `+` or `#` ends a word, as in `C++`."""
    places = np.flatnonzero((data == ord("+")) | (data == ord("#")))
    suffixes: Numbers = places[_IS_ALNUM[data[places - 1]] & ~_IN_WORDS[data[places + 1]]]
    return suffixes


def _dots(data: Bytes) -> Numbers:
    """Where a dot before a letter may be part of a word, as in `.NET` and `e.g`."""
    dots = np.flatnonzero(data == ord("."))
    dots = dots[_IS_LETTER[data[dots + 1]]]
    before = data[dots - 1]
    is_first = ~_IS_ALNUM[before] & (before != ord("."))
    is_letter_alone = _IS_LETTER[before] & ~_IS_ALNUM[data[dots - 2]]
    found: Numbers = dots[is_first | is_letter_alone]
    return found


def _without_genitives(data: Bytes, result: Bytes) -> Numbers:
    """Blank the `s` of `'s` in the result where it is no word; the places where it may be one."""
    quotes = np.flatnonzero(data == ord("'"))
    is_s = data[quotes + 1] | 0x20 == ord("s")
    quotes = quotes[is_s & _IS_ALNUM[data[quotes - 1]] & ~_IN_WORDS[data[quotes + 2]]]
    result[quotes + 1] = ord(" ")
    doubtful: Numbers = quotes[1:][np.diff(quotes) == 2]
    return doubtful


def _around(raw: bytearray, places: Numbers) -> npt.NDArray[np.bool_]:
    """For each byte, whether it stands together with one of those at these places."""
    gaps = np.flatnonzero(np.frombuffer(raw.translate(_PARTS), dtype=np.bool_))
    ends = distinct(gaps.searchsorted(places))
    edges = np.zeros(len(raw), dtype=np.int8)
    edges[gaps[ends - 1] + 1] = 1
    edges[gaps[ends]] = -1
    return edges.cumsum(dtype=np.int8).view(np.bool_)
