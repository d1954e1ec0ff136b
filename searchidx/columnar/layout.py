"""The segment file: named arrays, back to back, checksummed, mapped into memory.

    array, padding, array, …, checksum tables, directory, footer

Arrays start at multiples of 64 bytes and are little-endian. Every array is checksummed (CRC-32) in
blocks of 16 KiB, so that using a part of a large array checks that part only. The directory is a
JSON list: for each array its name, dtype, length, offset, and the offset and checksum of its block
checksums. The footer is 32 bytes: the directory's offset, length and checksum, the format version,
and a magic number. Opening reads the footer and the directory and nothing else.
"""

from __future__ import annotations

import json
import mmap
import struct
import threading
import zlib
from collections.abc import Iterable, Iterator, Sequence
from operator import gt
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

FORMAT_VERSION = 3
MAGIC = b"sidxseg\n"
ALIGNMENT = 64
BLOCK_BYTES = 16 * 1024
COPIED_BYTES = 8 * 1024 * 1024
"""Of another file so much is copied at a time."""

FEW_SEARCHES = 16
"""After so many searches in an array, all of it is checked: from then on, each takes less time."""

_FOOTER = struct.Struct("<QIIII8s")
"""Directory offset, length and CRC-32, the format version, CRC-32 of those four, magic."""
_CHECKED_FOOTER_BYTES = 20

_COUNTING = threading.Lock()
"""Held while a block is counted as checked."""

Array: TypeAlias = "npt.NDArray[Any]"


class Damaged(Exception):
    """An array, the directory or the footer of a segment file is not what was written.

    `file` is the name of the file; empty when it was read from memory.
    """

    def __init__(self, array: str, what: str, file: str = "") -> None:
        super().__init__(f"{array}: {what}")
        self.array = array
        self.what = what
        self.file = file


class OtherVersion(Exception):
    """The segment file is of a format that this version does not read."""

    def __init__(self, found: int) -> None:
        super().__init__(f"segment format {found}, supported {FORMAT_VERSION}")
        self.found = found


class _Entry(NamedTuple):
    dtype: str
    length: int
    offset: int
    table_offset: int
    table_crc: int

    @property
    def size_bytes(self) -> int:
        return self.length * np.dtype(self.dtype).itemsize

    @property
    def blocks(self) -> int:
        return -(-self.size_bytes // BLOCK_BYTES)


class ArrayFileWriter:
    """Writes one segment file into a stream, front to back.

    Nothing is synced to the disk here; the caller does that before it commits.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._position = 0
        self._entries: dict[str, _Entry] = {}
        self._tables: dict[str, bytes] = {}

    def add(self, name: str, array: Array) -> None:
        """Write a one-dimensional array under a name that is not taken yet."""
        self.add_parts(name, [array])

    def add_parts(self, name: str, parts: Iterable[Array]) -> None:
        """Write an array that comes in parts, at least one and all of one dtype."""
        if name in self._entries:
            raise ValueError(f"there is an array {name!r} already")
        self._pad()
        offset, length, dtype = self._position, 0, ""
        checksums = _BlockChecksums()
        for part in parts:
            if part.ndim != 1 or part.dtype.hasobject:
                raise ValueError(f"{name!r} must be a flat array of numbers")
            little = np.ascontiguousarray(part, dtype=part.dtype.newbyteorder("<"))
            if dtype not in ("", little.dtype.str):
                raise ValueError(f"{name!r} has parts of {dtype} and of {little.dtype.str}")
            dtype = little.dtype.str
            length += len(little)
            data = memoryview(little.view(np.uint8).data).cast("B")
            checksums.add(data)
            self._write(data)
        table = np.array(checksums.finish(), dtype="<u4").tobytes()
        self._tables[name] = table
        self._entries[name] = _Entry(dtype, length, offset, 0, zlib.crc32(table))

    def add_bytes(self, name: str, data: bytes) -> None:
        """Write bytes under a name; they are read back as an array of uint8."""
        self.add(name, np.frombuffer(data, dtype=np.uint8))

    def add_file(self, file: ArrayFile) -> None:
        """Write all arrays of a file under the names that they have there, with their checksums.

        Raises: Damaged when a table of checksums is not what was written.
        """
        for name, entry, data, table in file.raw():
            if name in self._entries:
                raise ValueError(f"there is an array {name!r} already")
            self._pad()
            self._tables[name] = table.tobytes()
            self._entries[name] = entry._replace(offset=self._position)
            for start in range(0, len(data), COPIED_BYTES):
                self._write(data[start : start + COPIED_BYTES])
                file.let_go()

    def finish(self) -> None:
        """Write the checksum tables, the directory and the footer."""
        rows = []
        for name, entry in self._entries.items():
            self._pad()
            row = [name, entry.dtype, entry.length, entry.offset, self._position, entry.table_crc]
            rows.append(row)
            self._write(self._tables[name])
        directory = json.dumps(rows, separators=(",", ":")).encode()
        offset = self._position
        self._write(directory)
        crc = zlib.crc32(directory)
        footer = _FOOTER.pack(offset, len(directory), crc, FORMAT_VERSION, 0, MAGIC)
        own_crc = zlib.crc32(footer[:_CHECKED_FOOTER_BYTES])
        self._write(_FOOTER.pack(offset, len(directory), crc, FORMAT_VERSION, own_crc, MAGIC))

    def _pad(self) -> None:
        self._write(bytes(-self._position % ALIGNMENT))

    def _write(self, data: bytes | memoryview) -> None:
        self._stream.write(data)
        self._position += len(data)


class _BlockChecksums:
    """CRC-32 of each block of a stream of bytes that comes in parts of any size."""

    def __init__(self) -> None:
        self._done: list[int] = []
        self._crc = 0
        self._held = 0

    def add(self, data: memoryview) -> None:
        at = 0
        while at < len(data):
            taken = data[at : at + BLOCK_BYTES - self._held]
            self._crc = zlib.crc32(taken, self._crc)
            self._held += len(taken)
            at += len(taken)
            if self._held == BLOCK_BYTES:
                self._done.append(self._crc)
                self._crc = self._held = 0

    def finish(self) -> list[int]:
        return [*self._done, self._crc] if self._held else self._done


class StoredArray:
    """An array in a file. Its blocks are checked at their first use."""

    __slots__ = ("_checked", "_data", "_file", "_items", "_left", "_name", "_searches", "_table")

    def __init__(self, file: str, name: str, entry: _Entry, data: npt.NDArray[np.uint8]) -> None:
        self._file = file
        self._name = name
        self._data = data[entry.offset : entry.offset + entry.size_bytes]
        self._items: Array = self._data.view(entry.dtype)
        self._table = _checked_table(file, name, entry, data)
        self._checked = bytearray(entry.blocks)
        self._left = entry.blocks
        self._searches = 0

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, key: Any) -> Any:
        """One item, or those of a slice, of which only their blocks are checked; or those at the
        places that an array names, of which all are."""
        if self._left:
            if isinstance(key, slice):
                start, stop, _ = key.indices(len(self))
                self._check_parts((start,), (stop,))
            elif isinstance(key, int | np.integer):
                start = range(len(self))[key]
                self._check_parts((start,), (start + 1,))
            else:
                self.whole()
        return self._items[key]

    def place(self, item: Any, side: Literal["left", "right"] = "left") -> int:
        """Where an item belongs among these, which ascend: before those that equal it, or behind.

        A search or two looks at some blocks, and only these are checked; more of them, at all.
        """
        self._searches += 1
        if self._searches > FEW_SEARCHES or not self._left:
            return int(self.whole().searchsorted(item, side))
        items = BLOCK_BYTES // self._items.itemsize
        low, high = 0, len(self._checked)
        while high - low > 1:
            middle = (low + high) // 2
            first = self[middle * items]
            if first < item or (side == "right" and first == item):
                low = middle
            else:
                high = middle
        start = low * items
        return start + int(self[start : start + items].searchsorted(item, side))

    def whole(self) -> Array:
        """All items."""
        if self._left:
            self._check(0, len(self._data))
        return self._items

    def part(self, start: int, stop: int) -> Array:
        """Items `start` to `stop`; only the blocks that hold them are checked."""
        if not 0 <= start <= stop <= len(self._items):
            what = f"items {start} to {stop} of {len(self._items)} were asked for"
            raise Damaged(self._name, what, self._file)
        if self._left:
            self._check_parts((start,), (stop,))
        return self._items[start:stop]

    def run(self, number: int) -> tuple[int, int]:
        """Where a run starts and ends, in an array that holds where each starts."""
        start, end = self.part(number, number + 2).tolist()
        return start, end

    def parts(self, starts: Sequence[int], stops: Sequence[int]) -> list[bytes]:
        """The bytes of several parts: items `starts[n]` to `stops[n]`."""
        if not 0 <= min(starts) <= max(stops) <= len(self._items) or any(map(gt, starts, stops)):
            return [self.part(*ends).tobytes() for ends in zip(starts, stops, strict=True)]
        if self._left:
            self._check_parts(starts, stops)
        held = self._items.data
        return [held[start:stop].tobytes() for start, stop in zip(starts, stops, strict=True)]

    def picked(self, places: Array) -> Array:
        """The items at some places. At first their blocks are checked; when this goes on, all."""
        if self._left:
            self._searches += 1
            if self._searches > FEW_SEARCHES:
                self.whole()
            else:
                found = places.ravel().tolist()
                self._check_parts(found, [place + 1 for place in found])
        return self._items[places]

    def _check_parts(self, starts: Sequence[int], stops: Sequence[int]) -> None:
        """Check the blocks that hold items `starts[n]` to `stops[n]`, which are there."""
        size, checked = self._items.itemsize, self._checked
        for start, stop in zip(starts, stops, strict=True):
            if start < stop:
                first, last = start * size, stop * size - 1
                low, high = first // BLOCK_BYTES, last // BLOCK_BYTES
                if high - low > 1 or not (checked[low] and checked[high]):
                    self._check(first, last + 1)

    def _check(self, first: int, last: int) -> None:
        for block in range(first // BLOCK_BYTES, -(-last // BLOCK_BYTES)):
            if not self._checked[block]:
                begin = block * BLOCK_BYTES
                data = self._data[begin : begin + BLOCK_BYTES]
                if zlib.crc32(data.data) != self._table[block]:
                    end = begin + len(data)
                    what = f"its bytes from {begin} to {end} are not those written"
                    raise Damaged(self._name, what, self._file)
                with _COUNTING:  # another thread may have checked it meanwhile
                    self._left -= not self._checked[block]
                    self._checked[block] = 1


def _checked_table(
    file: str, name: str, entry: _Entry, data: npt.NDArray[np.uint8]
) -> npt.NDArray[np.uint32]:
    raw = data[entry.table_offset : entry.table_offset + 4 * entry.blocks]
    if zlib.crc32(raw.data) != entry.table_crc:
        raise Damaged(name, "its checksums are not those written", file)
    return raw.view("<u4")


class ArrayFile:
    """A segment file opened for reading. Arrays are views of the file: they cannot be written to.

    Raises: Damaged or OtherVersion, at opening for the footer and the directory, and at the first
    use of an array, or of a part of one, for that array or part. `crc` is the checksum of the
    directory, which holds those of the arrays: another in every file of other content.
    """

    def __init__(self, data: bytes | mmap.mmap, name: str = "") -> None:
        self._name = name
        self._data = data
        self._bytes = np.frombuffer(data, dtype=np.uint8)
        self._entries, self.crc = _read_directory(self._bytes, name)
        self._arrays: dict[str, StoredArray] = {}

    @classmethod
    def open(cls, path: Path) -> ArrayFile:
        """Map a file into memory and read its directory."""
        with open(path, "rb") as stream:
            try:
                return cls(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ), path.name)
            except ValueError as error:
                raise Damaged("footer", "the file is empty", path.name) from error

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def stored(self, name: str) -> StoredArray:
        """An array, of which nothing is checked yet."""
        found = self._arrays.get(name)
        if found is None:
            entry = self._entries.get(name)
            if entry is None:
                raise Damaged(name, "it is missing", self._name)
            found = self._arrays[name] = StoredArray(self._name, name, entry, self._bytes)
        return found

    def array(self, name: str) -> Array:
        """A whole array, checked."""
        return self.stored(name).whole()

    def part(self, name: str, start: int, stop: int) -> Array:
        """Items `start` to `stop` of an array; only the blocks that hold them are checked."""
        return self.stored(name).part(start, stop)

    def size_bytes(self, prefix: str) -> int:
        """What the arrays whose names begin so take together."""
        return sum(one.size_bytes for name, one in self._entries.items() if name.startswith(prefix))

    def raw(self) -> Iterator[tuple[str, _Entry, memoryview, npt.NDArray[np.uint32]]]:
        """Every array as it is in the file, unchecked: name, entry, bytes and checksums."""
        for name, entry in self._entries.items():
            data = self._bytes[entry.offset : entry.offset + entry.size_bytes].data
            yield name, entry, data, _checked_table(self._name, name, entry, self._bytes)

    def let_go(self) -> None:
        """Have the system count what was read of the file as this process's memory no longer; it is
        mapped again where it is used again."""
        if isinstance(self._data, mmap.mmap):
            let_go(self._data)

    def faults(self) -> Iterator[Damaged]:
        """Check every array; what is damaged."""
        for name, entry in self._entries.items():
            try:
                StoredArray(self._name, name, entry, self._bytes).whole()
            except Damaged as damage:
                yield damage
        if any(self._bytes[start:stop].any() for start, stop in self._gaps()):
            yield Damaged("padding", "not all of its bytes are zero", self._name)

    def _gaps(self) -> Iterator[tuple[int, int]]:
        """Where nothing is written, up to the last checksum table."""
        extents = [
            extent
            for entry in self._entries.values()
            for extent in (
                (entry.offset, entry.size_bytes),
                (entry.table_offset, 4 * entry.blocks),
            )
        ]
        end = 0
        for offset, size in sorted(extents):
            yield end, offset
            end = offset + size


def let_go(mapped: mmap.mmap) -> None:
    """Take the pages of a file that is mapped to be read out of this process's memory, where the
    system can; they are there again when they are used."""
    if hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def _read_directory(data: npt.NDArray[np.uint8], name: str) -> tuple[dict[str, _Entry], int]:
    """The directory, and its checksum."""
    if len(data) < _FOOTER.size:
        raise Damaged("footer", "the file is cut off", name)
    footer = data[-_FOOTER.size :].tobytes()
    offset, length, crc, version, own_crc, magic = _FOOTER.unpack(footer)
    if magic != MAGIC or own_crc != zlib.crc32(footer[:_CHECKED_FOOTER_BYTES]):
        raise Damaged("footer", "the file is cut off, or no segment file", name)
    if version != FORMAT_VERSION:
        raise OtherVersion(version)
    if offset + length + _FOOTER.size != len(data):
        raise Damaged("footer", "the file is not as long as it was", name)
    directory = data[offset : offset + length].tobytes()
    if zlib.crc32(directory) != crc:
        raise Damaged("directory", "its bytes are not those written", name)
    return {array: _Entry(*row) for array, *row in json.loads(directory)}, crc
