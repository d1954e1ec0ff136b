"""The postings of one field as arrays: in memory, and in a segment file.

Terms are in byte order. The postings of term `t` are items `starts[t]` to `starts[t + 1]` of `docs`
(ascending document numbers) and `weights` (how often the term occurs, boosts included). What a
Whoosh format says of each posting besides that is in `values`: positions as numbers when the format
is Whoosh's `Positions`, the format's own bytes otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from searchidx.columnar.layout import Array, ArrayFile, ArrayFileWriter

Numbers = npt.NDArray[np.int64]
KEY_BYTES = 8


@dataclass(frozen=True, slots=True)
class Ragged:
    """Runs of items, one behind the other: run `n` is `items[ends[n - 1]:ends[n]]`."""

    items: Array
    ends: Array

    def run(self, number: int) -> Array:
        start = int(self.ends[number - 1]) if number else 0
        return self.items[start : int(self.ends[number])]


@dataclass(frozen=True, slots=True)
class FieldPostings:
    """Everything about the terms of one field of one segment.

    `positions` or `values` hold a run for each posting; both are None when the format says nothing
    of a posting but its weight.
    """

    terms: list[bytes]
    starts: Array
    docs: Array
    weights: Array
    positions: Ragged | None = None
    values: Ragged | None = None


def ragged(runs: list[bytes]) -> Ragged:
    """Runs of bytes as arrays."""
    ends = np.cumsum([len(run) for run in runs], dtype=np.int64) if runs else _no_ends()
    return Ragged(np.frombuffer(b"".join(runs), dtype=np.uint8), narrow(ends))


def narrow(array: Array) -> Array:
    """The same whole numbers in the smallest unsigned type that holds them all."""
    highest = int(array.max()) if len(array) else 0
    for dtype in (np.uint8, np.uint16, np.uint32):
        if highest <= np.iinfo(dtype).max:
            return array.astype(dtype)
    return array.astype(np.uint64)


def narrow_weights(weights: npt.NDArray[np.float32]) -> Array:
    """Weights as bytes when all are whole numbers below 256, else as they are."""
    small = weights.astype(np.uint8)
    return small if np.array_equal(small, weights) else weights


def write_postings(writer: ArrayFileWriter, prefix: str, field: FieldPostings) -> None:
    """Write a field under array names that start with `prefix`."""
    terms = ragged(field.terms)
    writer.add(f"{prefix}.terms", terms.items)
    writer.add(f"{prefix}.terms.ends", terms.ends)
    writer.add(f"{prefix}.keys", sort_keys(field.terms))
    writer.add(f"{prefix}.starts", narrow(field.starts))
    writer.add(f"{prefix}.docs", narrow(field.docs))
    writer.add(f"{prefix}.weights", field.weights)
    for kind, runs in (("positions", field.positions), ("values", field.values)):
        if runs is not None:
            bounds = np.concatenate([[0], runs.ends.astype(np.int64)])
            writer.add(f"{prefix}.{kind}", narrow(runs.items))
            writer.add(f"{prefix}.{kind}.counts", narrow(np.diff(bounds)))
            writer.add(f"{prefix}.{kind}.starts", narrow(bounds[field.starts.astype(np.int64)]))


def sort_keys(terms: list[bytes]) -> npt.NDArray[np.uint64]:
    """The first eight bytes of each term as a number that sorts as the bytes do."""
    padded = b"".join(term[:KEY_BYTES].ljust(KEY_BYTES, b"\0") for term in terms)
    return np.frombuffer(padded, dtype=">u8").astype(np.uint64)


def _no_ends() -> Numbers:
    return np.zeros(0, dtype=np.int64)


class FieldTerms:
    """The terms of one field in a segment file, found by binary search over their sort keys."""

    def __init__(self, file: ArrayFile, prefix: str) -> None:
        self._file = file
        self._prefix = prefix
        self._keys = file.array(f"{prefix}.keys")
        self._ends = file.array(f"{prefix}.terms.ends")
        self._starts = file.array(f"{prefix}.starts")

    def __len__(self) -> int:
        return len(self._keys)

    def term(self, number: int) -> bytes:
        start = int(self._ends[number - 1]) if number else 0
        return self._file.blob(f"{self._prefix}.terms", start, int(self._ends[number]))

    def first_from(self, text: bytes) -> int:
        """The number of the first term that is not below `text`."""
        key = sort_keys([text])[0]
        low = int(np.searchsorted(self._keys, key, side="left"))
        high = int(np.searchsorted(self._keys, key, side="right"))
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
        return number if number < len(self) and self.term(number) == text else None

    def document_frequency(self, number: int) -> int:
        return int(self._starts[number + 1]) - int(self._starts[number])

    def docs(self, number: int) -> Array:
        """The documents that hold a term, ascending."""
        return self._file.part(f"{self._prefix}.docs", *self._extent(number))

    def prefix_range(self, prefix: bytes) -> tuple[int, int]:
        """The numbers of the terms that start with a prefix: from the first up to the second."""
        first = self.first_from(prefix)
        above = prefix.rstrip(b"\xff")
        if not above:
            return first, len(self)
        return first, self.first_from(above[:-1] + bytes([above[-1] + 1]))

    def docs_from(self, first: int, last: int) -> Array:
        """The documents of several terms in a row, not in order, and more than once."""
        if first >= last:
            return np.zeros(0, dtype=np.uint32)
        start, end = int(self._starts[first]), int(self._starts[last])
        return self._file.part(f"{self._prefix}.docs", start, end)

    def occurrences(self, number: int) -> tuple[Numbers, Numbers]:
        """Every occurrence of a term: its document and its position, ascending."""
        bounds, items = self._flat("positions", number)
        docs = np.repeat(self.docs(number).astype(np.int64), np.diff(bounds))
        return docs, items.astype(np.int64)

    def weights(self, number: int) -> Array:
        """How often each of the documents of `docs` holds the term."""
        return self._file.part(f"{self._prefix}.weights", *self._extent(number))

    def positions(self, number: int) -> list[Array]:
        """For each of the documents, where the term stands in it, ascending."""
        return list(self._runs("positions", number))

    def values(self, number: int) -> list[bytes]:
        """For each of the documents, what the format says of the posting."""
        return [run.tobytes() for run in self._runs("values", number)]

    def has(self, kind: str) -> bool:
        """Whether the postings have `positions`, or `values`."""
        return f"{self._prefix}.{kind}" in self._file

    def _extent(self, number: int) -> tuple[int, int]:
        return int(self._starts[number]), int(self._starts[number + 1])

    def _runs(self, kind: str, number: int) -> list[Array]:
        bounds, items = self._flat(kind, number)
        return np.split(items, bounds[1:-1] - bounds[0])

    def _flat(self, kind: str, number: int) -> tuple[Numbers, Array]:
        """Where each posting's run starts in the array, and the last one ends; and the items."""
        name = f"{self._prefix}.{kind}"
        counts = self._file.part(f"{name}.counts", *self._extent(number))
        start = int(self._file.part(f"{name}.starts", number, number + 1)[0])
        bounds = np.empty(len(counts) + 1, dtype=np.int64)
        bounds[0] = start
        np.cumsum(counts, dtype=np.int64, out=bounds[1:])
        bounds[1:] += start
        return bounds, self._file.part(name, int(bounds[0]), int(bounds[-1]))
