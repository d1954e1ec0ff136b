"""The order of results by fields: one number a post for each field that is sorted by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from searchidx.columnar.columns import (
    ByteColumn,
    NumberColumn,
    TextColumn,
    TextValues,
    distinct,
    joined_texts,
)
from searchidx.columnar.found import DocSet, Mask
from searchidx.columnar.layout import Array
from searchidx.columnar.packed import Numbers
from searchidx.columnar.runs import Ragged, ragged
from searchidx.columnar.searching import Part
from searchidx.columnar.select import ordered
from searchidx.names import sort_column
from searchidx.settings import FieldSpec


class SortKey(NamedTuple):
    """A field to order by; posts that lack it come last either way."""

    spec: FieldSpec
    descending: bool

    def __str__(self) -> str:
        """As it is asked for."""
        return f"-{self.spec.name}" if self.descending else self.spec.name


class _Keys(NamedTuple):
    """A number for each post that sorts as its value does; `has` is None when all have one.

    `texts` are the texts that the numbers from 1 on stand for, in a column of texts.
    """

    numbers: Array
    has: Mask | None
    texts: Ragged


class SortKeys:
    """The keys of a generation, made when a field is first sorted by: 8 bytes a post and field,
    none for a number or date field of an index with one segment."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._known: dict[str, _Keys] = {}

    def first(self, numbers: Numbers, keys: Sequence[SortKey], limit: int) -> list[int]:
        """The first `limit` posts, of those given, in the order of the keys, then by number."""
        if len(keys) > 1:
            return self._lexical(numbers, keys)[:limit]
        (key,) = keys
        held = self._of(sort_column(key.spec))
        if held.has is None:
            places = ordered(held.numbers[numbers], limit, key.descending)
            return [int(number) for number in numbers[places]]
        present = held.has[numbers]
        having, lacking = numbers[present], numbers[~present]
        places = ordered(held.numbers[having], limit, key.descending)
        return [*having[places].tolist(), *lacking.tolist()][:limit]

    def _lexical(self, numbers: Numbers, keys: Sequence[SortKey]) -> list[int]:
        columns: list[Array] = [numbers]
        for key in reversed(keys):
            held = self._of(sort_column(key.spec))
            values = held.numbers[numbers]
            columns.append(~values if key.descending else values)
            if held.has is not None:
                columns.append(~held.has[numbers])
        return [int(number) for number in numbers[np.lexsort(columns)]]

    def text_counts(self, column: str, found: Sequence[DocSet]) -> list[tuple[str, int, int]]:
        """Each text of a column with how many of the documents have it, and one of them."""
        keys = self._of(column)
        bases = [part.base for part in self._parts]
        chosen = [docs.docs + base for docs, base in zip(found, bases, strict=True)]
        numbers = np.concatenate(chosen) if chosen else np.zeros(0, dtype=np.int64)
        ordinals = keys.numbers[numbers]
        counts = np.bincount(ordinals, minlength=len(keys.texts) + 1)
        counts[0] = 0
        example = np.zeros(len(counts), dtype=np.int64)
        example[ordinals[::-1]] = numbers[::-1]
        return [
            (keys.texts.text(ordinal - 1).decode(), int(counts[ordinal]), int(example[ordinal]))
            for ordinal in np.flatnonzero(counts).tolist()
        ]

    def _of(self, column: str) -> _Keys:
        keys = self._known.get(column)
        if keys is None:
            keys = self._known[column] = _keys(column, self._parts)
        return keys


def _keys(name: str, parts: Sequence[Part]) -> _Keys:
    columns = [part.arrays.column(name) if part.arrays is not None else None for part in parts]
    sizes = [part.documents for part in parts]
    if any(isinstance(column, NumberColumn) for column in columns):
        return _number_keys(columns, sizes)
    texts: list[TextValues | None] = []
    for column in columns:
        if isinstance(column, ByteColumn):
            places, distinct_rows = distinct(column.data().rows)
            texts.append(TextValues(places + 1, distinct_rows))
        else:
            texts.append(column.data() if isinstance(column, TextColumn) else None)
    whole = joined_texts(texts, sizes)
    has = whole.ordinals > 0
    return _Keys(whole.ordinals, None if has.all() else has, whole.texts)


def _number_keys(columns: Sequence[object], sizes: Sequence[int]) -> _Keys:
    numbers, present = [], []
    dtype = next(c.values.dtype for c in columns if isinstance(c, NumberColumn))
    for column, size in zip(columns, sizes, strict=True):
        if isinstance(column, NumberColumn):
            numbers.append(column.values)
            present.append(np.ones(size, np.bool_) if column.has is None else column.has)
        else:
            present.append(np.zeros(size, dtype=np.bool_))
            numbers.append(np.zeros(size, dtype=dtype))
    has = np.concatenate(present) if len(present) > 1 else present[0]
    whole = np.concatenate(numbers) if len(numbers) > 1 else numbers[0]
    return _Keys(whole, None if has.all() else has, ragged([]))
