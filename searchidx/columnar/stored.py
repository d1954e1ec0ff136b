"""The stored values of documents: short ones in front as they are, the rest deflated.

The values of a document are a mapping of field names to anything JSON can hold, and dates, bytes
and tuples. Short texts (a title, a path) make up the head of the document, uncompressed, so that
showing ten titles reads little. The others are its tail: JSON, deflated with a dictionary that the
documents of a segment share (RFC 1950 calls it a preset dictionary), so that a short document is
compressed as well as a long one and yet can be read alone. Reading them runs no code. Other values,
which any Whoosh schema may store, are pickled; these are refused unless the reader is told that the
index is trusted, as Whoosh's own API assumes.
"""

from __future__ import annotations

import base64
import json
import pickle
import zlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import numpy as np

from searchidx.columnar.layout import Array, ArrayFile, ArrayFileWriter
from searchidx.columnar.packed import Numbers, run_places
from searchidx.columnar.postings import Ragged, narrow, ragged

SHORT = 120
"""Texts of so many characters in all, or fewer, are part of a document's head."""

WORTH_DEFLATING = 100
SAMPLE_BYTES = 32 * 1024
"""How much text the dictionary is made of: what a deflated text can refer back to."""

FEWEST_SAMPLES = 16
"""A dictionary of fewer documents takes more than it saves."""

_JSON, _DEFLATED, _PICKLE = b"j", b"z", b"p"
_MARK = "\u0000"


class NotPlain(Exception):
    """The values were pickled: reading them could run code."""


class StoredWriter:
    """Gathers the stored values of one document after the other.

    The tails of the first documents wait until there are enough of them to make the dictionary.
    """

    def __init__(self) -> None:
        self._names: dict[str, int] = {}
        self._heads: list[bytes] = []
        self._tails: list[bytes] = []
        self._sampled = 0
        self._deflater: Any = None
        self._dictionary = b""
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._heads)

    def add(self, values: dict[str, Any]) -> None:
        """Keep the values of the next document."""
        head, tail = self._parted(values)
        self._heads.append(head)
        self._tails.append(tail)
        self.size_bytes += len(head) + len(tail)
        if self._deflater is None:
            self._sampled += len(tail)
            if self._sampled >= SAMPLE_BYTES:
                self._make_dictionary()

    def finish(self) -> StoredValues:
        """Everything that was added."""
        if self._deflater is None:
            self._make_dictionary()
        heads, tails = [ragged(self._heads)], [ragged(self._tails)]
        return StoredValues(list(self._names), heads, tails, [self._dictionary], [0])

    def _parted(self, values: dict[str, Any]) -> tuple[bytes, bytes]:
        """The head and the tail of a document."""
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
        return _json(head), self._packed(tail)

    def _packed(self, values: dict[str, Any]) -> bytes:
        if not values:
            return b""
        try:
            data = _json(_plain(values))
        except TypeError:
            return _PICKLE + pickle.dumps(values, 4)
        return self._deflated(data) if self._deflater else _JSON + data

    def _deflated(self, data: bytes) -> bytes:
        if len(data) < WORTH_DEFLATING:
            return _JSON + data
        deflater = self._deflater.copy()
        return _DEFLATED + bytes(deflater.compress(data)) + bytes(deflater.flush())

    def _make_dictionary(self) -> None:
        samples = [tail[1:] for tail in self._tails if tail[:1] == _JSON]
        if len(samples) >= FEWEST_SAMPLES:
            self._dictionary = b"".join(samples)[-SAMPLE_BYTES:]
        self._deflater = _deflater(self._dictionary)
        self._tails = [
            self._deflated(tail[1:]) if tail[:1] == _JSON else tail for tail in self._tails
        ]
        self.size_bytes = sum(map(len, self._heads)) + sum(map(len, self._tails))


class StoredValues:
    """The stored values of all documents of a segment, as they are written.

    `heads` and `tails` hold a run of bytes a document, in parts: those of some documents, then
    those of the next. Heads are JSON lists in the order of `names`. Document `n` is deflated with
    the last dictionary of which the number in `firsts` is not above `n`.
    """

    def __init__(
        self,
        names: list[str],
        heads: list[Ragged],
        tails: list[Ragged],
        dictionaries: list[bytes],
        firsts: list[int],
    ) -> None:
        self.names = names
        self.heads = heads
        self.tails = tails
        self.dictionaries = dictionaries
        self.firsts = firsts

    def __len__(self) -> int:
        return sum(len(part.ends) for part in self.heads)

    def write(self, writer: ArrayFileWriter) -> None:
        """Write the arrays `stored.*`."""
        writer.add_bytes("stored.names", json.dumps(self.names).encode())
        for name, parts in (
            ("heads", self.heads),
            ("tails", self.tails),
            ("dictionaries", [ragged(self.dictionaries)]),
        ):
            writer.add_parts(f"stored.{name}", [part.items for part in parts])
            sizes = np.concatenate([[0], *[part.counts() for part in parts]])
            writer.add(f"stored.{name}.at", narrow(sizes.cumsum()))
        writer.add("stored.firsts", narrow(np.array(self.firsts, dtype=np.int64)))


class StoredReader:
    """Reads the stored values of single documents."""

    def __init__(self, file: ArrayFile) -> None:
        self._names: list[str] = json.loads(file.array("stored.names").tobytes())
        self._heads = file.stored("stored.heads")
        self._tails = file.stored("stored.tails")
        self._heads_at = file.array("stored.heads.at")
        self._tails_at = file.array("stored.tails.at")
        self._firsts = file.array("stored.firsts")
        self._file = file
        self._inflaters: dict[int, Any] = {}

    def head(self, number: int) -> dict[str, Any]:
        """The short values of a document."""
        data = self._heads.part(*_extent(self._heads_at, number)).tobytes()
        row = _VALUE_OF(data.decode("utf-8", "surrogatepass"))[0]
        return {name: value for name, value in zip(self._names, row, strict=False) if value}

    def tail(self, number: int, *, trusted: bool = False) -> dict[str, Any]:
        """The other values of a document.

        Raises: NotPlain when they were pickled and are not trusted.
        """
        data = self._tails.part(*_extent(self._tails_at, number)).tobytes()
        kind = data[:1]
        if not kind:
            return {}
        if kind == _DEFLATED:
            data = self._inflater(number).copy().decompress(data[1:])
        elif kind == _JSON:
            data = data[1:]
        elif trusted:
            pickled: dict[str, Any] = pickle.loads(data[1:])
            return pickled
        else:
            raise NotPlain
        text = data.decode("utf-8", "surrogatepass")
        values: dict[str, Any] = json.loads(text, object_hook=_unmarked)
        return values

    def values(self, number: int, *, trusted: bool = False) -> dict[str, Any]:
        """All values of a document."""
        return {**self.head(number), **self.tail(number, trusted=trusted)}

    def kept(self, docs: Numbers | None) -> StoredValues:
        """The stored values of some documents (ascending; None for all), to be written again."""
        heads = _rows(self._heads.whole(), self._heads_at, docs)
        tails = _rows(self._tails.whole(), self._tails_at, docs)
        firsts = self._firsts if docs is None else np.searchsorted(docs, self._firsts)
        dictionaries = [self._dictionary(at) for at in range(len(firsts))]
        return StoredValues(self._names, [heads], [tails], dictionaries, firsts.tolist())

    def _inflater(self, number: int) -> Any:
        at = int(np.searchsorted(self._firsts, number, "right")) - 1
        found = self._inflaters.get(at)
        if found is None:
            found = self._inflaters[at] = zlib.decompressobj(-15, zdict=self._dictionary(at))
        return found

    def _dictionary(self, at: int) -> bytes:
        bounds = self._file.array("stored.dictionaries.at")
        return self._file.part("stored.dictionaries", *_extent(bounds, at)).tobytes()


def joined(parts: Iterable[StoredValues]) -> StoredValues:
    """The documents of several segments, one segment behind the other."""
    whole = StoredValues([], [], [], [], [])
    names: dict[str, int] = {}
    for part in parts:
        whole.firsts += [first + len(whole) for first in part.firsts]
        whole.dictionaries += part.dictionaries
        places = [names.setdefault(name, len(names)) for name in part.names]
        is_same = places == list(range(len(places)))
        whole.heads += part.heads if is_same else [_moved(run, places) for run in part.heads]
        whole.tails += part.tails
    whole.names = list(names)
    return whole


def _rows(blob: Array, at: Array, docs: Numbers | None) -> Ragged:
    """Some of the runs of a blob; run `n` is `blob[at[n]:at[n + 1]]`."""
    bounds = at.astype(np.int64)
    if docs is None:
        return Ragged(blob, bounds[1:])
    sizes = bounds[docs + 1] - bounds[docs]
    return Ragged(blob[run_places(bounds[docs], sizes)], sizes.cumsum())


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


def _deflater(dictionary: bytes) -> Any:
    return zlib.compressobj(1, zlib.DEFLATED, -15, 8, zlib.Z_DEFAULT_STRATEGY, dictionary)


def _extent(at: Any, number: int) -> tuple[int, int]:
    return int(at[number]), int(at[number + 1])


def _is_short(value: Any) -> bool:
    """Whether a value is a text, or a list of texts, that is not empty and not long."""
    if type(value) is str:
        return 0 < len(value) <= SHORT
    if type(value) is not list or not 0 < len(value) <= SHORT:
        return False
    return all(type(item) is str for item in value) and sum(map(len, value)) <= SHORT


_TEXT_OF = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


_VALUE_OF = json.JSONDecoder().raw_decode


def _json(value: Any) -> bytes:
    return _TEXT_OF(value).encode("utf-8", "surrogatepass")


_SCALARS = frozenset({str, int, float, bool, type(None)})


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is list:
        return value if _SCALARS.issuperset(map(type, value)) else [_plain(item) for item in value]
    if kind is dict:
        if not all(type(key) is str and not key.startswith(_MARK) for key in value):
            raise TypeError
        return {key: _plain(item) for key, item in value.items()}
    if kind is tuple:
        return {_MARK + "tuple": [_plain(item) for item in value]}
    if kind is datetime:
        return {_MARK + "datetime": value.isoformat()}
    if kind is bytes:
        return {_MARK + "bytes": base64.b64encode(value).decode()}
    raise TypeError


def _unmarked(row: dict[str, Any]) -> Any:
    if len(row) != 1:
        return row
    ((key, value),) = row.items()
    if key == _MARK + "tuple":
        return tuple(value)
    if key == _MARK + "datetime":
        return datetime.fromisoformat(value)
    if key == _MARK + "bytes":
        return base64.b64decode(value)
    return row
