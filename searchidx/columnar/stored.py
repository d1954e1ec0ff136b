"""The stored values of documents: short ones in front as they are, the rest deflated in blocks.

The values of a document are a mapping of field names to anything JSON can hold, and dates, bytes
and tuples. Short texts (a title, a topic) make up the head of the document, uncompressed, so that
showing ten titles reads little. The others are its tail; the tails of a few documents in a row are
deflated together, which takes less time and room than one by one, and little to read one of them.
Reading them runs no code. Other values, which any Whoosh schema may store, are pickled; these are
refused unless the reader is told that the index is trusted, as Whoosh's own API assumes.
"""

from __future__ import annotations

import json
import pickle
import zlib
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from searchidx.columnar.layout import ArrayFile, ArrayFileWriter
from searchidx.columnar.packed import BOTH_ENDS, Numbers
from searchidx.columnar.postings import narrow
from searchidx.columnar.runs import Ragged, ragged

SHORT = 120
"""Texts of so many characters in all, or fewer, are part of a document's head."""

BLOCK = 8
"""How many documents' tails are deflated together: twice as many take 3 % less room and twice as
long to read."""

_MARK = "\u0000"

Row = dict[str, Any] | list[dict[str, Any]] | str
"""A tail in JSON: values as they are; in a list when some are marked; pickled, in base 64."""


class NotPlain(Exception):
    """The values were pickled: reading them could run code."""


class Tails(NamedTuple):
    """Deflated blocks of tails; `firsts` are the numbers of the documents they start with."""

    blocks: Ragged
    firsts: Numbers


class StoredWriter:
    """Gathers the stored values of one document after the other.

    The values named first in the heads are those of `names`: where writers agree on them, what they
    gathered can be put together as it is.
    """

    def __init__(self, names: Sequence[str] = ()) -> None:
        self._names = {name: place for place, name in enumerate(names)}
        self._heads: list[bytes] = []
        self._tails = _TailsWriter()

    def __len__(self) -> int:
        return len(self._heads)

    @property
    def size_bytes(self) -> int:
        """About how much memory is taken."""
        return 100 * len(self._heads) + self._tails.size_bytes

    def add(self, values: dict[str, Any]) -> None:
        """Keep the values of the next document."""
        head: list[Any] = [None] * len(self._names)
        tail = {}
        for name, value in values.items():
            if not _is_short(value):
                tail[name] = value
                continue
            at = self._names.get(name)
            if at is None:
                at = self._names[name] = len(self._names)
                head.append(value)
            else:
                head[at] = value
        while head and head[-1] is None:
            head.pop()
        self._heads.append(_json(head))
        self._tails.add(_row(tail))

    def finish(self) -> StoredValues:
        """Everything that was added."""
        return StoredValues(list(self._names), [ragged(self._heads)], [self._tails.finish()])


class _TailsWriter:
    """Puts tails into blocks."""

    def __init__(self) -> None:
        self._waiting: list[Row] = []
        self._blocks: list[bytes] = []
        self._firsts: list[int] = []
        self._count = 0
        self.size_bytes = 0

    def add(self, row: Row) -> None:
        self._waiting.append(row)
        if len(self._waiting) == BLOCK:
            self._settle()

    def add_block(self, block: bytes, rows: int) -> None:
        """Take a block of some documents as it is."""
        self._settle()
        self._append(block, rows)

    def finish(self) -> Tails:
        self._settle()
        return Tails(ragged(self._blocks), np.array(self._firsts, dtype=np.int64))

    def _settle(self) -> None:
        if self._waiting:
            self._append(zlib.compress(_json(self._waiting), 1, -15), len(self._waiting))
            self._waiting = []

    def _append(self, block: bytes, rows: int) -> None:
        self._blocks.append(block)
        self._firsts.append(self._count)
        self._count += rows
        self.size_bytes += len(block) + 80


class StoredValues:
    """The stored values of all documents of a segment, as they are written.

    `heads` hold a run of bytes a document, a JSON list in the order of `names`. Heads and tails
    come in parts: those of some documents, then those of the next.
    """

    def __init__(self, names: list[str], heads: list[Ragged], tails: list[Tails]) -> None:
        self.names = names
        self.heads = heads
        self.tails = tails

    def write(self, writer: ArrayFileWriter) -> None:
        """Write the arrays `stored.*`."""
        writer.add_bytes("stored.names", json.dumps(self.names).encode())
        _write_runs(writer, "stored.heads", self.heads)
        _write_runs(writer, "stored.tails", [part.blocks for part in self.tails])
        counts = [len(part.ends) for part in self.heads]
        bases = np.cumsum([0, *counts])
        firsts = [part.firsts + base for part, base in zip(self.tails, bases, strict=False)]
        writer.add("stored.firsts", narrow(np.concatenate(firsts)))


def _write_runs(writer: ArrayFileWriter, name: str, parts: Sequence[Ragged]) -> None:
    writer.add_parts(name, [part.items for part in parts])
    sizes = np.concatenate([[0], *[part.counts() for part in parts]])
    writer.add(f"{name}.at", narrow(sizes.cumsum()))


class StoredReader:
    """Reads the stored values of single documents."""

    def __init__(self, file: ArrayFile) -> None:
        self.names: list[str] = json.loads(file.array("stored.names").tobytes())
        self._heads = file.stored("stored.heads")
        self._tails = file.stored("stored.tails")
        self._heads_at = file.stored("stored.heads.at")
        self._tails_at = file.array("stored.tails.at")
        self._firsts = file.array("stored.firsts")
        self._last: tuple[int, list[Row]] = (-1, [])

    def head(self, number: int) -> dict[str, Any]:
        """The short values of a document."""
        (row,) = self.heads(np.array([number]))
        return {name: value for name, value in zip(self.names, row, strict=False) if value}

    def heads(self, numbers: Numbers) -> list[list[Any]]:
        """The short values of some documents, each a list in the order of `names`: None, or none at
        the end, where there is no such value."""
        starts, stops = self._heads_at.picked(numbers + BOTH_ENDS).tolist()
        text = b",".join(self._heads.parts(starts, stops)).decode("utf-8", "surrogatepass")
        rows: list[list[Any]] = _VALUE_OF(f"[{text}]")[0]
        return rows

    def tail(self, number: int, *, trusted: bool = False) -> dict[str, Any]:
        """The other values of a document.

        Raises: NotPlain when they were pickled and are not trusted.
        """
        block = int(self._firsts.searchsorted(number, "right")) - 1
        return _values_of(self._rows(block)[number - int(self._firsts[block])], trusted=trusted)

    def values(self, number: int, *, trusted: bool = False) -> dict[str, Any]:
        """All values of a document."""
        return {**self.head(number), **self.tail(number, trusted=trusted)}

    def kept(self, docs: Numbers | None) -> StoredValues:
        """The stored values of some documents (ascending; None for all), to be written again."""
        heads = Ragged(self._heads.whole(), self._heads_at[1:])
        if docs is not None:
            heads = heads.picked(docs)
        is_regular = 2 * len(self._firsts) * BLOCK <= 3 * len(self._heads_at)
        if docs is None and is_regular:
            blocks = Ragged(self._tails.whole(), self._tails_at[1:].astype(np.int64))
            whole = Tails(blocks, self._firsts.astype(np.int64))
            return StoredValues(self.names, [heads], [whole])
        tails = _TailsWriter()
        for block, rows, picked in self._picked(docs):
            if 2 * rows >= BLOCK and len(picked) == rows:
                tails.add_block(self._block(block), rows)
            elif len(picked):
                found = self._rows(block)
                for place in picked.tolist():
                    tails.add(found[place])
        return StoredValues(self.names, [heads], [tails.finish()])

    def _picked(self, docs: Numbers | None) -> Iterator[tuple[int, int, Numbers]]:
        """Each block, how many documents it has, and the places of those of `docs` in it."""
        ends = np.append(self._firsts[1:], len(self._heads_at) - 1).astype(np.int64)
        taken = np.arange(int(ends[-1])) if docs is None else docs
        bounds = np.searchsorted(taken, np.append(0, ends))
        for block, end in enumerate(ends.tolist()):
            first = int(self._firsts[block])
            yield block, end - first, taken[bounds[block] : bounds[block + 1]] - first

    def _block(self, block: int) -> bytes:
        return self._tails.part(*_extent(self._tails_at, block)).tobytes()

    def _rows(self, block: int) -> list[Row]:
        last, known = self._last
        if last == block:
            return known
        text = zlib.decompress(self._block(block), -15).decode("utf-8", "surrogatepass")
        rows: list[Row] = _VALUE_OF(text)[0]
        self._last = block, rows
        return rows


def joined(parts: Iterable[StoredValues]) -> StoredValues:
    """The documents of several segments, one segment behind the other."""
    whole = StoredValues([], [], [])
    names: dict[str, int] = {}
    for part in parts:
        places = [names.setdefault(name, len(names)) for name in part.names]
        is_same = places == list(range(len(places)))
        whole.heads += part.heads if is_same else [_moved(run, places) for run in part.heads]
        whole.tails += part.tails
    whole.names = list(names)
    return whole


def _moved(heads: Ragged, places: list[int]) -> Ragged:
    """Heads of which value `n` belongs to place `places[n]`."""
    blob, ends = heads.items.tobytes(), heads.ends.tolist()
    moved = []
    for start, end in zip([0, *ends], ends, strict=False):
        row: list[Any] = [None] * (max(places) + 1)
        for place, value in zip(places, json.loads(blob[start:end]), strict=False):
            row[place] = value
        moved.append(_json(row))
    return ragged(moved)


def _extent(at: Any, number: int) -> tuple[int, int]:
    return int(at[number]), int(at[number + 1])


def _is_short(value: Any) -> bool:
    """Whether a value is a text, or a list of texts, that is not empty and not long."""
    if type(value) is list:
        if len(value) == 1:
            value = value[0]
        elif not 0 < len(value) <= SHORT or not _TEXT.issuperset(map(type, value)):
            return False
        else:
            return sum(map(len, value)) <= SHORT
    return type(value) is str and 0 < len(value) <= SHORT


_TEXT = frozenset({str})


_TEXT_OF = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


_VALUE_OF = json.JSONDecoder().raw_decode


def _json(value: Any) -> bytes:
    return _TEXT_OF(value).encode("utf-8", "surrogatepass")


def _row(values: dict[str, Any]) -> Row:
    """The tail of a document as JSON takes it."""
    if all(_is_bare(value) for value in values.values()) and _are_keys(values):
        return values
    try:
        return [_plain(values)]
    except TypeError:
        return b2a_base64(pickle.dumps(values, 4), newline=False).decode()


def _values_of(row: Row, *, trusted: bool) -> dict[str, Any]:
    if isinstance(row, dict):
        return row
    if isinstance(row, list):
        values: dict[str, Any] = _unmarked(row[0])
        return values
    if not trusted:
        raise NotPlain
    pickled: dict[str, Any] = pickle.loads(a2b_base64(row))
    return pickled


_SCALARS = frozenset({str, int, float, bool, type(None)})


def _is_bare(value: Any) -> bool:
    """Whether JSON gives the value back as it is."""
    if type(value) is list:
        return _SCALARS.issuperset(map(type, value))
    return type(value) in _SCALARS


def _are_keys(row: dict[Any, Any]) -> bool:
    return all(type(key) is str and not key.startswith(_MARK) for key in row)


def _plain(value: Any) -> Any:
    """The value in JSON, with a mark where JSON has no such type. Raises: TypeError."""
    if _is_bare(value):
        return value
    kind = type(value)
    if kind is list:
        return [_plain(item) for item in value]
    if kind is dict and _are_keys(value):
        return {key: _plain(item) for key, item in value.items()}
    if kind is tuple:
        return {_MARK + "tuple": [_plain(item) for item in value]}
    if kind is datetime:
        return {_MARK + "datetime": value.isoformat()}
    if kind is bytes:
        return {_MARK + "bytes": b2a_base64(value, newline=False).decode()}
    raise TypeError


def _unmarked(value: Any) -> Any:
    """What `_plain` was given."""
    if type(value) is list:
        return [_unmarked(item) for item in value]
    if type(value) is not dict:
        return value
    for key, item in value.items():
        if key == _MARK + "tuple":
            return tuple(_unmarked(part) for part in item)
        if key == _MARK + "datetime":
            return datetime.fromisoformat(item)
        if key == _MARK + "bytes":
            return a2b_base64(item)
    return {key: _unmarked(item) for key, item in value.items()}
