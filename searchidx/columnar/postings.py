"""The postings of one field as arrays: in memory, and in a segment file.

Terms are in byte order. The postings of term `t` are items `starts[t]` to `starts[t + 1]` of `docs`
(ascending document numbers) and `weights` (how often the term occurs, boosts included). What a
Whoosh format says of each posting besides that is in `positions` when the format is Whoosh's
`Positions`, and in `values`, as the format's own bytes, otherwise.

In a file, document numbers are kept as gaps, and these, the weights and the positions as packed
runs, one run a term (see packed.py). Weights that are all 1 are not written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from searchidx.columnar.layout import Array, ArrayFile, ArrayFileWriter, StoredArray
from searchidx.columnar.packed import (
    Numbers,
    Packed,
    differences,
    narrow,
    pack,
    picked_runs,
    run_sums,
    unpack,
    unpack_all,
)
from searchidx.columnar.runs import KEY_BYTES, Ragged, bounds_of, read_runs, sort_keys

if TYPE_CHECKING:
    import numpy.typing as npt

ENCODED_AT_ONCE = 500_000
"""About so many postings are encoded at a time."""

LONG_RUN = 500
"""Runs of so many postings are decoded faster one by one."""


class FieldPostings(NamedTuple):
    """Everything about the terms of one field, or about a range of its terms.

    `weights` are whole numbers, to be multiplied by `unit`, or float32. `positions` and `values`
    hold a run for each posting; both are None when the format says nothing of a posting but its
    weight.
    """

    terms: Ragged
    starts: Numbers
    docs: Array
    weights: Array
    unit: float = 1.0
    positions: Ragged | None = None
    values: Ragged | None = None


def whole_weights(weights: npt.NDArray[np.float32]) -> Array:
    """Weights as whole numbers when all are, else as they are."""
    rounded = weights.astype(np.int64)
    return rounded if np.array_equal(rounded, weights) else weights


class FieldWriter:
    """Writes a field, range of terms by range of terms, under names that start with a prefix.

    `add` takes the ranges in the order of their terms; what they say in common (the unit, whether
    there are positions) is taken from the first. What the field needs waits encoded until `finish`,
    about 3 bytes a posting and as many a position: in a file in `folder`, if it is much.
    """

    def __init__(self, writer: ArrayFileWriter, prefix: str, folder: Path | None = None) -> None:
        from searchidx.columnar.waiting import Waiting  # which no search needs

        self._writer = writer
        self._prefix = prefix
        self._waiting = Waiting(folder)
        self._names: list[tuple[list[str], list[str], float]] = []

    def add(self, field: FieldPostings | Encoded) -> None:
        """Keep the postings of the next terms, encoded."""
        if isinstance(field, Encoded):
            self._keep(field)
            return
        for first, last in _ranges(field.starts, ENCODED_AT_ONCE):
            self._keep(_encoded(_sliced(field, first, last)))

    def _keep(self, part: Encoded) -> None:
        self._names.append((list(part.arrays), list(part.bounds), part.unit))
        self._waiting.add([*part.arrays.values(), *map(narrow, part.bounds.values())])

    def _kept(self) -> Iterator[Encoded]:
        """The parts that were kept."""
        groups = self._waiting.groups()
        for (arrays, bounds, unit), group in zip(self._names, groups, strict=True):
            held = iter(group)
            yield Encoded(
                {name: next(held) for name in arrays}, dict(zip(bounds, held, strict=True)), unit
            )

    def finish(self) -> None:
        """Write the arrays of the field."""
        parts, prefix = list(self._kept()), self._prefix
        for name in dict.fromkeys(name for part in parts for name in part.arrays):
            self._writer.add_parts(f"{prefix}.{name}", self._read(name, parts))
        for name in dict.fromkeys(name for part in parts for name in part.bounds):
            sizes = (differences(part.bound(name)) for part in parts)
            total = sum(int(part.bound(name)[-1]) for part in parts)
            self._writer.add_parts(f"{prefix}.{name}", bounds_of(sizes, total))
            self._waiting.let_go()

    def _read(self, name: str, parts: Sequence[Encoded]) -> Iterator[Array]:
        """An array of every part, from where it waits."""
        for part in parts:
            yield part.array(name)
            self._waiting.let_go()


def _ranges(starts: Numbers, postings: int) -> Iterator[tuple[int, int]]:
    """Terms in ranges from the first up to the second, of about so many postings each."""
    first = 0
    while first < len(starts) - 1:
        last = int(np.searchsorted(starts, starts[first] + postings, "right")) - 1
        last = max(last, first + 1)
        yield first, last
        first = last


def _sliced(field: FieldPostings, first: int, last: int) -> FieldPostings:
    """Some of the terms of a field, with their postings."""
    if last - first == len(field.terms):
        return field
    here = slice(int(field.starts[first]), int(field.starts[last]))
    return FieldPostings(
        field.terms.sliced(first, last),
        field.starts[first : last + 1] - here.start,
        field.docs[here],
        field.weights[here],
        field.unit,
        field.positions and field.positions.sliced(here.start, here.stop),
        field.values and field.values.sliced(here.start, here.stop),
    )


class Encoded(NamedTuple):
    """A range of terms as it is written. `bounds` count from 0 in each range: n + 1 numbers."""

    arrays: dict[str, Array]
    bounds: dict[str, Numbers]
    unit: float

    @classmethod
    def of(cls, terms: Ragged, starts: Numbers, unit: float) -> Encoded:
        """A range of terms, with nothing said of their postings yet."""
        arrays: dict[str, Array] = {"terms": terms.items, "keys": sort_keys(terms)}
        return cls(arrays, {"terms.at": terms.bounds(), "starts": starts}, unit)

    def add(self, name: str, packed: Packed) -> None:
        """Say something of the postings, a run a term."""
        self.arrays[name], self.bounds[f"{name}.at"] = packed.data, packed.at

    def add_docs(self, docs: Array) -> None:
        starts = self.bounds["starts"]
        self.add("docs", pack(_gaps(docs, starts), starts))

    def terms(self) -> Ragged:
        return Ragged(self.arrays["terms"], self.bounds["terms.at"][1:])

    def packed(self, name: str) -> Packed:
        """What was added under a name, or, for counts, left out."""
        return Packed(self.array(name), self.bound(f"{name}.at"))

    def array(self, name: str) -> Array:
        """An array; counts that were left out because they are all 1, or those of the postings, are
        written out."""
        if name == "positions.counts" and name not in self.arrays:
            return self.array("counts")
        if name == "counts" and name not in self.arrays:
            return np.ones(int(self.bounds["starts"][-1]), dtype=np.uint8)
        return self.arrays[name]

    def bound(self, name: str) -> Numbers:
        """The bounds of the runs of an array."""
        if name == "positions.counts.at" and name not in self.bounds:
            return self.bound("counts.at")
        if name == "counts.at" and name not in self.bounds:
            return self.bounds["starts"]
        return self.bounds[name]

    def run_sizes(self, name: str) -> Numbers:
        """How many numbers there are in each run of what was added under a name."""
        starts = self.bounds["starts"]
        if name != "positions":
            return differences(starts)
        counts = next((c for c in ("positions.counts", "counts") if c in self.arrays), None)
        return differences(starts) if counts is None else run_sums(self.packed(counts), starts)


def _encoded(field: FieldPostings) -> Encoded:
    starts = field.starts
    encoded = Encoded.of(field.terms, starts, field.unit)
    encoded.add_docs(field.docs)
    if field.weights.dtype == np.float32:
        encoded.arrays["weights"] = field.weights
    elif (field.weights != 1).any():
        encoded.add("counts", pack(field.weights, starts))
    if field.positions is not None:
        counts = field.positions.counts()
        bounds_of = field.positions.bounds()
        encoded.add("positions", pack(field.positions.items, bounds_of[starts]))
        is_float = field.weights.dtype == np.float32
        if is_float or field.unit != 1.0 or not np.array_equal(counts, field.weights):
            encoded.add("positions.counts", pack(counts, starts))
    if field.values is not None:
        encoded.arrays["values"] = field.values.items
        encoded.bounds["values.at"] = field.values.bounds()[starts]
        encoded.add("values.counts", pack(field.values.counts(), starts))
    return encoded


def _gaps(docs: Array, starts: Numbers) -> Numbers:
    """Each document number less the one before it; the first of a term as it is."""
    wide = docs.astype(np.int64)
    gaps = np.diff(wide, prepend=0)
    gaps[starts[:-1]] = wide[starts[:-1]]
    return gaps


COPIED = ("docs", "counts", "positions.counts", "positions")
"""What is said of postings in numbers of which no more than the first of each run changes when
segments become one."""


class _Burden(NamedTuple):
    """About how many bytes of memory a posting, and a position, take while segments are merged."""

    posting: int
    position: int


_COPIED = _Burden(posting=10, position=4)
_DECODED = _Burden(posting=80, position=32)
BYTES_PER_TERM = 320
BYTES_PER_TEXT_BYTE = 4
"""What a term, and a byte of its text, take while those of several segments are put in order."""


class FieldTerms:
    """The terms of one field in a segment file, found by binary search over their sort keys."""

    def __init__(self, file: ArrayFile, prefix: str, unit: float = 1.0) -> None:
        self.unit = unit
        self._file = file
        self._prefix = prefix
        self._keys = file.stored(f"{prefix}.keys")
        self._starts = file.stored(f"{prefix}.starts")
        self._text_at = file.stored(f"{prefix}.terms.at")
        self._texts = file.stored(f"{prefix}.terms")
        self._runs: dict[str, _PackedRuns] = {}
        self._docs = self._packed("docs")
        self._counts = self._packed("counts") if self.has("counts") else None
        self._floats = file.stored(f"{prefix}.weights") if self.has("weights") else None

    def __len__(self) -> int:
        return len(self._keys)

    def term(self, number: int) -> bytes:
        return self._texts.part(*self._text_at.run(number)).tobytes()

    def texts(self) -> Ragged:
        """All terms in byte order."""
        return Ragged(self._texts.whole(), self._text_at[1:])

    def first_from(self, text: bytes) -> int:
        """The number of the first term that is not below `text`."""
        key = np.uint64(int.from_bytes(text[:KEY_BYTES].ljust(KEY_BYTES, b"\0"), "big"))
        low = self._keys.place(key)
        if low == len(self._keys) or self._keys[low] != key:
            return low
        high = self._keys.place(key, "right")
        while low < high:
            middle = (low + high) // 2
            if self.term(middle) < text:
                low = middle + 1
            else:
                high = middle
        return low

    def find(self, text: bytes) -> int | None:
        """The number of the term; None if the field has no such term."""
        number = self.first_from(text)
        return number if number < len(self._keys) and self.term(number) == text else None

    def prefix_range(self, prefix: bytes) -> tuple[int, int]:
        """The numbers of the terms that start with a prefix: from the first up to the second."""
        first = self.first_from(prefix)
        above = prefix.rstrip(b"\xff")
        if not above:
            return first, len(self)
        return first, self.first_from(above[:-1] + bytes([above[-1] + 1]))

    def document_frequency(self, number: int) -> int:
        start, end = self._starts.run(number)
        return end - start

    def size_bytes(self) -> int:
        """What the arrays of the field take in the file."""
        return self._file.size_bytes(f"{self._prefix}.")

    def posting_count(self) -> int:
        """How many postings all terms together have."""
        return int(self._starts[-1])

    def frequencies(self) -> Numbers:
        """How many documents hold each term."""
        return differences(self._starts.whole())

    def docs(self, number: int) -> Numbers:
        """The documents that hold a term, ascending."""
        gaps = self._docs.run(number, self.document_frequency(number))
        return gaps.cumsum(dtype=np.int64)

    def docs_of(self, numbers: Numbers) -> Numbers:
        """The documents of several terms (ascending numbers), one term behind the other."""
        if not len(numbers):
            return np.zeros(0, dtype=np.int64)
        count = int(self._starts[numbers[-1] + 1]) - int(self._starts[numbers[0]])
        if len(numbers) <= 8 or len(numbers) * LONG_RUN < count:
            return np.concatenate([self.docs(int(number)) for number in numbers])
        gaps, starts = self._docs.runs(numbers, self._starts)
        return _from_gaps(gaps, starts)

    def weights(self, number: int) -> Array:
        """How often each of the documents of `docs` holds the term, in float32."""
        if self._floats is not None:
            return self._floats.part(*self._starts.run(number))
        if self._counts is None:
            return np.full(self.document_frequency(number), self.unit, dtype=np.float32)
        counts = self._counts.run(number, self.document_frequency(number))
        weights = counts.astype(np.float32)
        return weights if self.unit == 1.0 else weights * np.float32(self.unit)

    def total_weight(self, number: int) -> float:
        """How often the term occurs in all documents."""
        if self._floats is not None:
            return float(self.weights(number).sum(dtype=np.float64))
        count = self.document_frequency(number)
        if self._counts is not None:
            count = int(self._counts.run(number, count).sum(dtype=np.int64))
        return count * self.unit

    def position_counts(self, number: int) -> Array | None:
        """How many positions each of the documents of a term has; None when all have one."""
        held = self._positions_held()
        return None if held is None else held.run(number, self.document_frequency(number))

    def positions_of(self, number: int, count: int) -> Array:
        """All positions of a term, of which it has so many, document after document."""
        return self._packed("positions").run(number, count)

    def positions(self, number: int) -> Ragged:
        """For each of the documents, where the term stands in it, ascending."""
        counts = self.position_counts(number)
        if counts is None:
            counts = np.ones(self.document_frequency(number), dtype=np.uint8)
        ends = counts.cumsum(dtype=np.int64)
        return Ragged(self.positions_of(number, int(ends[-1])), ends)

    def values(self, number: int) -> list[bytes]:
        """For each of the documents, what the format says of the posting."""
        at = self._file.array(f"{self._prefix}.values.at")
        counts = self._packed("values.counts").run(number, self.document_frequency(number))
        whole = self._file.part(f"{self._prefix}.values", int(at[number]), int(at[number + 1]))
        ends = counts.cumsum(dtype=np.int64)
        return [run.tobytes() for run in np.split(whole, ends[:-1])]

    def has(self, kind: str) -> bool:
        """Whether the postings have `positions`, or `values`."""
        return f"{self._prefix}.{kind}" in self._file

    def ranges(self, postings: int) -> Iterator[tuple[int, int]]:
        """The terms in ranges from the first up to the second, of about so many postings each."""
        return _ranges(self._starts.whole().astype(np.int64), postings)

    def range(self, first: int, last: int) -> FieldPostings:
        """The postings of the terms from `first` up to `last`, decoded."""
        whole = self._starts[first : last + 1].astype(np.int64)
        starts = whole - whole[0]
        numbers = np.arange(first, last)
        docs = _from_gaps(*self._docs.runs(numbers, self._starts))
        weights: Array = np.ones(len(docs), dtype=np.int64)
        if self._counts is not None:
            weights = self._counts.runs(numbers, self._starts)[0]
        elif self._floats is not None:
            weights = self._floats.part(int(whole[0]), int(whole[-1]))
        positions = values = None
        if self.has("positions"):
            held = self._positions_held()
            counts = weights if held is None else held.runs(numbers, self._starts)[0]
            ends = counts.cumsum()
            bounds_at = np.concatenate([[0], ends])[starts]
            packed = self._packed("positions").slice(first, last)
            positions = Ragged(unpack_all(packed, bounds_at), ends)
        if self.has("values"):
            at = self._file.array(f"{self._prefix}.values.at")
            counts = self._packed("values.counts").runs(numbers, self._starts)[0]
            items = self._file.part(f"{self._prefix}.values", int(at[first]), int(at[last]))
            values = Ragged(items, counts.cumsum())
        terms = self._terms(first, last)
        return FieldPostings(terms, starts, docs, weights, self.unit, positions, values)

    def copied(self, first: int, last: int) -> Encoded:
        """The postings of the terms from `first` up to `last` as they are written."""
        whole = self._starts[first : last + 1].astype(np.int64)
        encoded = Encoded.of(self._terms(first, last), whole - whole[0], self.unit)
        for name in COPIED:
            if self.has(name):
                encoded.add(name, self._packed(name).slice(first, last))
        return encoded

    def burdens(self, first: int, last: int, *, is_decoded: bool) -> Numbers:
        """About how many bytes of memory the terms before each of those from `first` to `last`, the
        last one too, take together while they are copied, or decoded."""
        each = _DECODED if is_decoded else _COPIED
        here = slice(first, last + 1)
        burdens = np.arange(first, last + 1) * BYTES_PER_TERM
        burdens += self._text_at[here].astype(np.int64) * BYTES_PER_TEXT_BYTE
        burdens += self._starts[here].astype(np.int64) * each.posting
        if self.has("positions"):
            burdens += self._packed("positions").at(here) * each.position
        return burdens

    def can_be_copied(self) -> bool:
        """Whether `copied` says all there is to say of the postings."""
        return self._floats is None and not self.has("values")

    def _terms(self, first: int, last: int) -> Ragged:
        return read_runs(self._texts, self._text_at, first, last)

    def _positions_held(self) -> _PackedRuns | None:
        """How many positions each posting has; None when all have one."""
        if self.has("positions.counts"):
            return self._packed("positions.counts")
        return self._counts

    def _packed(self, name: str) -> _PackedRuns:
        runs = self._runs.get(name)
        if runs is None:
            runs = self._runs[name] = _PackedRuns(self._file, f"{self._prefix}.{name}")
        return runs


def _from_gaps(gaps: Numbers, starts: Numbers) -> Numbers:
    """Document numbers of several terms from their gaps; term `n` starts at `starts[n]`."""
    docs = gaps.cumsum()
    firsts = starts[:-1]
    before = docs[firsts] - gaps[firsts]
    docs -= np.repeat(before, differences(starts))
    return docs


class _PackedRuns:
    """One packed array of a field, a run a term."""

    __slots__ = ("_at", "_data")

    def __init__(self, file: ArrayFile, name: str) -> None:
        self._data: StoredArray = file.stored(name)
        self._at = file.stored(f"{name}.at")

    def run(self, number: int, count: int) -> Array:
        return unpack(self._data.part(*self._at.run(number)), count)

    def at(self, runs: slice) -> Numbers:
        """Where some runs start."""
        starts: Numbers = self._at[runs].astype(np.int64)
        return starts

    def slice(self, first: int, last: int) -> Packed:
        at = self._at[first : last + 1].astype(np.int64)
        return Packed(self._data.part(int(at[0]), int(at[-1])), at - at[0])

    def runs(self, numbers: Numbers, starts: StoredArray) -> tuple[Numbers, Numbers]:
        """The values of several runs, one behind the other, and where each starts there."""
        firsts, lasts = starts[numbers].astype(np.int64), starts[numbers + 1].astype(np.int64)
        bounds = np.zeros(len(numbers) + 1, dtype=np.int64)
        np.cumsum(lasts - firsts, out=bounds[1:])
        low, high = int(numbers[0]), int(numbers[-1]) + 1
        packed = self.slice(low, high)
        if high - low != len(numbers):
            packed = _picked(packed, numbers - low)
        return unpack_all(packed, bounds), bounds


def _picked(packed: Packed, numbers: Numbers) -> Packed:
    """Some runs of several, ascending."""
    sizes = (packed.at[numbers + 1] - packed.at[numbers]).astype(np.int64)
    at = np.zeros(len(numbers) + 1, dtype=np.int64)
    np.cumsum(sizes, out=at[1:])
    return Packed(picked_runs(packed.data, packed.at[numbers], sizes), at)
