"""Which terms of a field a pattern stands for: a glob, a regular expression, or nearby spellings.

Every question is put to whole arrays of characters at once. Only an expression that is more than
characters, classes and `.*` still meets terms one by one: those that fit what precedes the rest.
Answers are the same as when each term is asked, for any Unicode terms.
"""

from __future__ import annotations

import fnmatch
import re
from bisect import bisect_left, bisect_right
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

Numbers: TypeAlias = "npt.NDArray[np.int64]"
Flags: TypeAlias = "npt.NDArray[np.bool_]"
Codes: TypeAlias = "npt.NDArray[np.unsignedinteger]"
Atom = str | re.Pattern[str]
"""What one character must be: that character, or any that the expression matches."""
Segment = list[Atom]

ANY = re.compile("(?s:.)")
GLOB_PIECE = re.compile(r"\[!?+\]?+[^\]]*+\]|.", re.DOTALL)
REGEX_PIECE = re.compile(r"\\.|\[\^?+\]?+(?:\\.|[^\]\\])*+\]|.", re.DOTALL)
REGEX_SPECIAL = frozenset(".^$*+?{}[]()|")
REGEX_CLASSES = frozenset(["\\d", "\\D", "\\s", "\\S", "\\w", "\\W"])
FLAGS_OR_COMMENT = re.compile(r"\(\?[^:=!<>P]")
ASCII = "".join(map(chr, range(128)))


class TermTexts:
    """The texts of all terms of one field, to be asked which of them fit.

    `blob` holds the terms in UTF-8, in byte order, each once, back to back: term `n` is
    `blob[ends[n - 1]:ends[n]]`. Answers are term numbers, ascending; `first` and `last` restrict
    them to `first <= n < last`, and `last` None stands for the number of terms.

    What is derived is kept: 12 bytes a term and one a character, and for terms as long as those
    `within` was asked for, 8 bytes a term and one a character more. Characters beyond ASCII make
    it up to eight bytes a character. Threads may share an object: at worst both derive the same.

    Raises UnicodeDecodeError at the first question if the terms are not UTF-8.

    >>> terms = TermTexts(np.frombuffer(b"handhardherd", np.uint8), np.array([4, 8, 12]))
    >>> terms.wildcard("ha*d").tolist(), terms.within("hard", 1).tolist()
    ([0, 1], [0, 1, 2])
    """

    def __init__(self, blob: npt.NDArray[np.uint8], ends: npt.NDArray[np.integer]) -> None:
        self._blob = blob
        self._ends = ends
        self._by_length: dict[int, tuple[Numbers, Codes]] = {}

    def __len__(self) -> int:
        return len(self._ends)

    def wildcard(self, pattern: str, first: int = 0, last: int | None = None) -> Numbers:
        """The numbers of the terms that a glob matches as a whole, shape (found,).

        `*` is any run of characters, `?` any one, `[...]` one of a class, as `fnmatchcase` has it.
        The empty pattern fits the empty term only.
        """
        return self._fitting(_glob_segments(pattern), first, len(self) if last is None else last)

    def regex(self, pattern: str, first: int = 0, last: int | None = None) -> Numbers:
        """The numbers of the terms that an expression matches at their start, shape (found,).

        As `re.match` has it: the end of the term need not be reached. The empty pattern fits all.
        Raises `re.error` if the pattern is no expression.
        """
        compiled, last = re.compile(pattern), len(self) if last is None else last
        if "\n" in self._text or FLAGS_OR_COMMENT.search(pattern):  # `.` and `$` heed newlines
            return self._matching(compiled, np.arange(first, last, dtype=np.int64))
        readings = [_regex_segments(pieces) for pieces in _alternatives(pattern)]
        found = np.concatenate([self._fitting(reading, first, last) for reading, _ in readings])
        found = found if len(readings) == 1 else np.unique(found)
        is_exact = all(is_exact for _, is_exact in readings)
        return found if is_exact else self._matching(compiled, found)

    def within(
        self, text: str, edits: int, prefix: int = 0, first: int = 0, last: int | None = None
    ) -> Numbers:
        """The numbers of the terms at most `edits` edits away from a text, shape (found,).

        An edit inserts, deletes or replaces one character (Levenshtein distance). The first
        `prefix` characters of the text (all, if it has no more) must start the term as they are.
        """
        prefix, longest = min(prefix, len(text)), int(self._lengths.max(initial=0))
        edits = min(edits, max(len(text), longest))
        first, last = self._starting_with(text[:prefix], first, len(self) if last is None else last)
        wanted = np.array([self._code(char) for char in text[prefix:]], dtype=self._codes.dtype)
        near = _one_edit_apart if edits == 1 else _edits_apart
        found = [np.zeros(0, dtype=np.int64)]
        for length in range(max(len(text) - edits, prefix), min(len(text) + edits, longest) + 1):
            numbers, columns = self._of_length(length)
            low, high = np.searchsorted(numbers, (first, last))
            if low < high:
                found.append(numbers[low + near(columns[prefix:, low:high], wanted, edits)])
        return np.sort(np.concatenate(found))

    # -- what is derived from the terms

    @cached_property
    def _text(self) -> str:
        return self._blob.tobytes().decode()

    @cached_property
    def _alphabet(self) -> dict[str, int]:
        """The characters that terms may hold, and the code of each."""
        chars = ASCII if self._text.isascii() else sorted(set(self._text))
        return {char: code for code, char in enumerate(chars)}

    @cached_property
    def _codes(self) -> Codes:
        """The characters of all terms, back to back, as codes of the alphabet."""
        if self._text.isascii():
            return self._blob
        points = np.frombuffer(self._text.encode("utf-32-le"), dtype="<u4")
        used = np.array([ord(char) for char in self._alphabet])
        table = np.zeros(used[-1] + 1, dtype=np.min_scalar_type(len(used)))
        table[used] = np.arange(len(used))
        codes: Codes = table[points]
        return codes

    @cached_property
    def _bounds(self) -> Numbers:
        """Where each term starts among the characters, and the last one ends: (terms + 1,)."""
        bounds: Numbers = np.concatenate([[0], self._ends.astype(np.int64)])
        if not self._text.isascii():
            is_first_byte = (self._blob & 0xC0) != 0x80
            bounds = np.concatenate([[0], np.cumsum(is_first_byte, dtype=np.int64)])[bounds]
        return bounds

    @cached_property
    def _lengths(self) -> npt.NDArray[np.int32]:
        return np.diff(self._bounds).astype(np.int32)

    def _of_length(self, length: int) -> tuple[Numbers, Codes]:
        """The numbers of the terms so long, and their characters: (length, terms)."""
        if length not in self._by_length:
            numbers = np.flatnonzero(self._lengths == length)
            columns = self._codes[self._bounds[numbers] + np.arange(length)[:, None]]
            self._by_length[length] = numbers, columns
        return self._by_length[length]

    def _code(self, char: str) -> int:
        """The code of a character; one that is in no term if the character is in none."""
        return self._alphabet.get(char, len(self._alphabet))

    def _are(self, codes: Codes, atom: Atom) -> Flags:
        """Which of the characters are what an atom says."""
        if isinstance(atom, str):
            return np.equal(codes, self._code(atom))
        flags: Flags = np.array([bool(atom.match(char)) for char in self._alphabet])[codes]
        return flags

    # -- globs and expressions

    def _starting_with(self, head: str, first: int, last: int) -> tuple[int, int]:
        """The part of a range of term numbers whose terms start with a text."""
        text, bounds = self._text, self._bounds

        def start(number: int) -> str:
            low = int(bounds[number])
            return text[low : min(low + len(head), int(bounds[number + 1]))]

        if head and first < last:
            first = bisect_left(range(last), head, first, last, key=start)
            last = bisect_right(range(last), head, first, last, key=start)
        return first, last

    def _fitting(self, segments: list[Segment], first: int, last: int) -> Numbers:
        """The terms made up of the segments, with any run of characters between two of them.

        A segment between the first and the last is taken where it stands leftmost: if the rest
        fits behind some place, it fits behind that one.
        """
        head, tail = segments[0], segments[-1] if len(segments) > 1 else []
        literal = "".join(map(str, takewhile(lambda atom: isinstance(atom, str), head)))
        first, last = self._starting_with(literal, first, last)
        least, lengths = sum(map(len, segments)), self._lengths[first:last]
        fits = lengths == least if len(segments) == 1 else lengths >= least
        numbers = np.flatnonzero(fits) + first
        for offset in range(len(literal), len(head)):
            numbers = self._with_atom(numbers, self._bounds[numbers] + offset, head[offset])
        for offset in range(len(tail), 0, -1):
            numbers = self._with_atom(numbers, self._bounds[numbers + 1] - offset, tail[-offset])
        starts, ends = self._bounds[numbers] + len(head), self._bounds[numbers + 1] - len(tail)
        for segment in filter(None, segments[1:-1]):
            places = self._places(segment, numbers)
            owners = np.searchsorted(starts, places, side="right") - 1
            is_leftmost = np.diff(owners, prepend=-1) > 0
            owners, behind = owners[is_leftmost], places[is_leftmost] + len(segment)
            fits = behind <= ends[owners]
            owners, starts = owners[fits], behind[fits]
            numbers, ends = numbers[owners], ends[owners]
        return numbers

    def _with_atom(self, numbers: Numbers, at: Numbers, atom: Atom) -> Numbers:
        """Those terms that have what an atom says, each at its place."""
        return numbers if atom is ANY else numbers[self._are(self._codes[at], atom)]

    def _places(self, segment: Segment, numbers: Numbers) -> Numbers:
        """Where a segment stands among the characters from the first to the last of some terms.

        Ascending; a place may be across two terms.
        """
        if not len(numbers):
            return numbers
        low, high = self._bounds[numbers[0]], self._bounds[numbers[-1] + 1] - len(segment) + 1
        hits = np.ones(high - low, dtype=np.bool_)
        for offset, atom in enumerate(segment):
            if isinstance(atom, str):
                hits &= self._are(self._codes[low + offset : high + offset], atom)
        places: Numbers = np.flatnonzero(hits) + low
        for offset, atom in enumerate(segment):
            if not isinstance(atom, str):
                places = self._with_atom(places, places + offset, atom)
        return places

    def _matching(self, compiled: re.Pattern[str], numbers: Numbers) -> Numbers:
        """Those terms that an expression matches, asked one by one."""
        starts, ends = self._bounds[numbers].tolist(), self._bounds[numbers + 1].tolist()
        match, text, spans = compiled.match, self._text, zip(starts, ends, strict=True)
        matches = [match(text[start:end]) is not None for start, end in spans]
        return numbers[np.array(matches, dtype=np.bool_)]


def _glob_segments(pattern: str) -> list[Segment]:
    """What stands between the stars of a glob."""
    segments: list[Segment] = [[]]
    for piece in GLOB_PIECE.findall(pattern):
        if piece == "*":
            segments.append([])
        elif piece == "?":
            segments[-1].append(ANY)
        elif len(piece) > 3:
            segments[-1].append(re.compile(fnmatch.translate(piece)))
        else:  # one character, or a class of one
            segments[-1].append(piece[len(piece) // 2])
    return segments


def _alternatives(pattern: str) -> list[list[str]]:
    """The pieces of an expression, apart where `|` stands outside of all groups."""
    alternatives: list[list[str]] = [[]]
    depth = 0
    for piece in REGEX_PIECE.findall(pattern):
        depth += (piece == "(") - (piece == ")")
        if piece == "|" and not depth:
            alternatives.append([])
        else:
            alternatives[-1].append(piece)
    return alternatives


def _regex_segments(pieces: list[str]) -> tuple[list[Segment], bool]:
    """Segments that the terms which match all fit, and whether all that fit match.

    Reads on from the left as long as there are single characters, `.*` and `.+`. Holds for terms
    without newlines.
    """
    segments: list[Segment] = [[]]
    place = 1 if pieces[:1] in (["^"], ["\\A"]) else 0
    while place < len(pieces):
        if pieces[place:] in (["$"], ["\\Z"]):
            return segments, True
        atom, repeat = _regex_atom(pieces[place]), "".join(pieces[place + 1 : place + 2])
        is_run = atom is ANY and repeat in ("*", "+")
        if atom is None or (repeat in ("*", "?", "{") and not is_run):
            break
        if repeat != "*":
            segments[-1].append(atom)
        if is_run:
            segments.append([])
            place += 2 if pieces[place + 2 : place + 3] == ["?"] else 1
        place += 1
    return [*segments, []], place == len(pieces)


def _regex_atom(piece: str) -> Atom | None:
    """What a piece of an expression says of one character; None if it says anything else."""
    if piece == ".":
        return ANY
    if (piece[0] == "[" and piece[1:]) or piece in REGEX_CLASSES:
        return re.compile(piece)
    if piece[0] == "\\":
        return None if piece[1:].isalnum() else piece[1:]
    return None if piece in REGEX_SPECIAL else piece


def _one_edit_apart(columns: Codes, text: Codes, edits: int = 1) -> Numbers:
    """`_edits_apart` for one edit: the same characters before it, and the same behind it."""
    length, size = len(columns), len(text)
    common = min(length, size)
    heads = columns[:common] == text[:common, None]
    if length == size:
        return np.flatnonzero(np.add.reduce(heads, axis=0, dtype=np.int32) >= length - 1)
    tails = columns[length - common :] == text[size - common :, None]
    is_head = np.ones(columns.shape[1], dtype=np.bool_)
    is_near = is_head.copy()
    for head, tail in zip(heads, tails, strict=True):
        is_head &= head
        is_near &= tail
        is_near |= is_head
    return np.flatnonzero(is_near)


def _edits_apart(columns: Codes, text: Codes, edits: int) -> Numbers:
    """Which columns of characters, (length, terms), are within some edits of a text; ascending.

    The table of distances (Wagner and Fischer 1974), a row for each character of the text, but of
    it only the diagonals from which the last cell can be reached in time (Ukkonen 1985): cell `d`
    of `band` has taken `low + d` more characters of the term than of the text. Cells beside the
    table start too far away or lead nowhere, so that it does not matter what they are compared to.
    """
    length, terms = columns.shape
    change = length - len(text)
    low, high = -((edits - change) // 2), (edits + change) // 2
    start = [diagonal if diagonal >= 0 else edits + 1 for diagonal in range(low, high + 1)]
    dtype = np.uint8 if edits + len(text) < 250 else np.int32
    band = np.repeat(np.array(start, dtype=dtype)[:, None], terms, axis=1)
    after, differs = np.empty_like(band), np.ones(band.shape, dtype=np.bool_)
    for row, code in enumerate(text):
        top, bottom = max(row + low, 0), min(row + high + 1, length)
        in_table = differs[top - row - low : bottom - row - low]
        np.not_equal(columns[top:bottom], code, out=in_table)
        np.add(band, differs.view(np.uint8), out=after)
        band += 1
        np.minimum(after[:-1], band[1:], out=after[:-1])
        for cell in range(1, len(after)):
            np.minimum(after[cell], after[cell - 1] + 1, out=after[cell])
        band, after = after, band
    return np.flatnonzero(band[change - low] <= edits)
