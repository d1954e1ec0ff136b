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
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from searchidx.columnar.layout import ArrayFile, ArrayFileWriter
from searchidx.columnar.packed import BOTH_ENDS, Numbers, narrow
from searchidx.columnar.runs import Ragged, ragged, read_runs, write_runs

if TYPE_CHECKING:
    from searchidx.columnar.found import Mask

SHORT = 120
"""Texts of so many characters in all, or fewer, are part of a document's head."""

BLOCK = 8
"""How many documents' tails are deflated together: twice as many take 3 % less room and twice as
long to read."""

BLOCKS_AT_ONCE = 4_000
"""So many blocks of tails are copied at a time."""

TAILS_BYTES = 4 * 1024 * 1024
"""Tails are written when so much of them has been deflated."""

_MARK = "\u0000"

Row = dict[str, Any] | list[dict[str, Any]] | str
"""A tail in JSON: values as they are; in a list when some are marked; pickled, in base 64."""


class NotPlain(Exception):
    """The values were pickled: reading them could run code."""


class Tails(NamedTuple):
    """Deflated blocks of the tails of so many documents; `firsts` are the numbers of those that the
    blocks start with, counted from the first of these."""

    blocks: Ragged
    firsts: Numbers
    documents: int


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
        """All that was added since blocks were last taken; it may be asked for again."""
        self._settle()
        return self._done()

    def take(self) -> Tails:
        """The blocks that are done; they are not kept here any longer."""
        done = self._done()
        self._blocks, self._firsts, self._count, self.size_bytes = [], [], 0, 0
        return done

    def _done(self) -> Tails:
        return Tails(ragged(self._blocks), np.array(self._firsts, dtype=np.int64), self._count)

    def _settle(self) -> None:
        if self._waiting:
            from searchidx.columnar.deflate import deflated  # which no search needs

            self._append(deflated(_json(self._waiting)), len(self._waiting))
            self._waiting = []

    def _append(self, block: bytes, rows: int) -> None:
        self._blocks.append(block)
        self._firsts.append(self._count)
        self._count += rows
        self.size_bytes += len(block) + 80


class StoredValues:
    """The stored values of all documents of a segment, as they are written.

    `heads` hold a run of bytes a document, a JSON list in the order of `names`. Heads and tails
    come in parts, at least one: those of some documents, then those of the next. Where these are
    made as they are asked for, they can be written once.
    """

    def __init__(self, names: list[str], heads: Iterable[Ragged], tails: Iterable[Tails]) -> None:
        self.names = names
        self.heads = heads
        self.tails = tails

    def write(self, writer: ArrayFileWriter) -> None:
        """Write the arrays `stored.*`."""
        writer.add_bytes("stored.names", json.dumps(self.names).encode())
        write_runs(writer, "stored.heads", self.heads)
        firsts: list[Numbers] = []
        write_runs(writer, "stored.tails", _noted(self.tails, firsts))
        writer.add("stored.firsts", narrow(np.concatenate(firsts)))


def _noted(tails: Iterable[Tails], firsts: list[Numbers]) -> Iterator[Ragged]:
    """The blocks of tails; the numbers of the documents that they start with go into `firsts`."""
    base = 0
    for part in tails:
        firsts.append(part.firsts + base)
        base += part.documents
        yield part.blocks


class StoredReader:
    """Reads the stored values of single documents."""

    def __init__(self, file: ArrayFile) -> None:
        self._file = file
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

    def kept(self, alive: Mask | None) -> StoredValues:
        """The stored values of the documents that are alive (None for all), to be written again;
        they are read as they are written."""
        is_regular = 2 * len(self._firsts) * BLOCK <= 3 * len(self._heads_at)
        is_whole = alive is None and is_regular
        tails = self._whole_tails() if is_whole else self._kept_tails(alive)
        return StoredValues(self.names, self._kept_heads(alive), tails)

    def _kept_heads(self, alive: Mask | None) -> Iterator[Ragged]:
        from searchidx.columnar.blocks import blocks  # which no search needs

        for block in blocks(len(self._heads_at) - 1, alive):
            yield block.runs_of(read_runs(self._heads, self._heads_at, block.first, block.last))
            self._file.let_go()

    def _whole_tails(self) -> Iterator[Tails]:
        """All blocks as they are."""
        ends = [*range(0, len(self._firsts), BLOCKS_AT_ONCE), len(self._firsts)]
        for first, last in pairwise(ends):
            start, stop = self._document(first), self._document(last)
            firsts = self._firsts[first:last].astype(np.int64) - start
            yield Tails(read_runs(self._tails, self._tails_at, first, last), firsts, stop - start)
            self._file.let_go()

    def _kept_tails(self, alive: Mask | None) -> Iterator[Tails]:
        """Blocks that are large and kept whole as they are; what is left of the others anew."""
        tails = _TailsWriter()
        for block in range(len(self._firsts)):
            first, last = self._document(block), self._document(block + 1)
            live = np.ones(last - first, np.bool_) if alive is None else alive[first:last]
            if 2 * len(live) >= BLOCK and live.all():
                tails.add_block(self._block(block), len(live))
            elif live.any():
                rows = self._rows(block)
                for place in np.flatnonzero(live).tolist():
                    tails.add(rows[place])
            if tails.size_bytes > TAILS_BYTES:
                yield tails.take()
                self._file.let_go()
        yield tails.finish()

    def _document(self, block: int) -> int:
        """The document that a block starts with; behind the last, how many there are."""
        is_behind = block == len(self._firsts)
        return len(self._heads_at) - 1 if is_behind else int(self._firsts[block])

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
    names: dict[str, int] = {}
    heads, tails = [], []
    for part in parts:
        places = [names.setdefault(name, len(names)) for name in part.names]
        is_same = places == list(range(len(places)))
        heads.append(part.heads if is_same else _all_moved(part.heads, places))
        tails.append(part.tails)
    return StoredValues(list(names), chain.from_iterable(heads), chain.from_iterable(tails))


def _all_moved(heads: Iterable[Ragged], places: list[int]) -> Iterator[Ragged]:
    return (_moved(run, places) for run in heads)


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
