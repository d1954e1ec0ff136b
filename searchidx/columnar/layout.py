"""The segment file: named arrays, back to back, checksummed, mapped into memory.

    array, padding, array, …, checksum tables, directory, footer

Arrays start at multiples of 64 bytes and are little-endian. Every array is checksummed (CRC-32) in
blocks of 64 KiB, so that using a part of a large array checks that part only. The directory is a
JSON list: for each array its name, dtype, length, offset, and the offset and checksum of its block
checksums. The footer is 32 bytes: the directory's offset, length and checksum, the format version,
and a magic number. Opening reads the footer and the directory and nothing else.
"""

from __future__ import annotations

import json
import mmap
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

FORMAT_VERSION = 1
MAGIC = b"sidxseg\n"
ALIGNMENT = 64
BLOCK_BYTES = 64 * 1024

_FOOTER = struct.Struct("<QIIII8s")
"""Directory offset, length and CRC-32, the format version, CRC-32 of those four, magic."""
_CHECKED_FOOTER_BYTES = 20

Array = npt.NDArray[Any]


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


@dataclass(frozen=True, slots=True)
class _Entry:
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
        if name in self._entries:
            raise ValueError(f"there is an array {name!r} already")
        if array.ndim != 1 or array.dtype.hasobject:
            raise ValueError(f"{name!r} must be a flat array of numbers")
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        data = memoryview(little.view(np.uint8).data).cast("B")
        self._pad()
        offset = self._position
        checksums = [
            zlib.crc32(data[at : at + BLOCK_BYTES]) for at in range(0, len(data), BLOCK_BYTES)
        ]
        self._write(data)
        table = np.array(checksums, dtype="<u4").tobytes()
        self._tables[name] = table
        self._entries[name] = _Entry(little.dtype.str, len(little), offset, 0, zlib.crc32(table))

    def add_bytes(self, name: str, data: bytes) -> None:
        """Write bytes under a name; they are read back as an array of uint8."""
        self.add(name, np.frombuffer(data, dtype=np.uint8))

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


class ArrayFile:
    """A segment file opened for reading. Arrays are views of the file: they cannot be written to.

    Raises: Damaged or OtherVersion, at opening for the footer and the directory, and at the first
    use of an array, or of a part of one, for that array or part.
    """

    def __init__(self, data: bytes | mmap.mmap, name: str = "") -> None:
        self._name = name
        self._bytes = np.frombuffer(data, dtype=np.uint8)
        self._entries = _read_directory(self._bytes, name)
        self._checked: dict[str, npt.NDArray[np.bool_]] = {}

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

    def length(self, name: str) -> int:
        """How many items an array has."""
        return self._entries[name].length

    def array(self, name: str) -> Array:
        """A whole array, checked."""
        return self.part(name, 0, self._entries[name].length)

    def part(self, name: str, start: int, stop: int) -> Array:
        """Items `start` to `stop` of an array; only the blocks that hold them are checked."""
        entry = self._entries[name]
        dtype = np.dtype(entry.dtype)
        if not 0 <= start <= stop <= entry.length:
            raise Damaged(
                name, f"items {start} to {stop} of {entry.length} were asked for", self._name
            )
        first, last = start * dtype.itemsize, stop * dtype.itemsize
        if last > first:
            self._check(name, entry, first // BLOCK_BYTES, (last - 1) // BLOCK_BYTES + 1)
        return self._bytes[entry.offset + first : entry.offset + last].view(dtype)

    def blob(self, name: str, start: int, stop: int) -> bytes:
        """Bytes `start` to `stop` of an array of bytes."""
        return self.part(name, start, stop).tobytes()

    def faults(self) -> Iterator[Damaged]:
        """Check every array; what is damaged."""
        for name, entry in self._entries.items():
            self._checked.pop(name, None)
            try:
                self._check(name, entry, 0, entry.blocks)
            except Damaged as damage:
                yield damage

    def _check(self, name: str, entry: _Entry, first: int, last: int) -> None:
        checked = self._checked.get(name)
        if checked is None:
            checked = self._checked[name] = np.zeros(entry.blocks, dtype=np.bool_)
        if checked[first:last].all():
            return
        table = self._table(name, entry)
        for block in np.flatnonzero(~checked[first:last]) + first:
            begin = entry.offset + int(block) * BLOCK_BYTES
            end = min(begin + BLOCK_BYTES, entry.offset + entry.size_bytes)
            if zlib.crc32(self._bytes[begin:end].data) != table[block]:
                raise Damaged(
                    name, f"its bytes from {begin} to {end} are not those written", self._name
                )
            checked[block] = True

    def _table(self, name: str, entry: _Entry) -> npt.NDArray[np.uint32]:
        raw = self._bytes[entry.table_offset : entry.table_offset + 4 * entry.blocks]
        if zlib.crc32(raw.data) != entry.table_crc:
            raise Damaged(name, "its checksums are not those written", self._name)
        return raw.view("<u4")


def _read_directory(data: npt.NDArray[np.uint8], name: str) -> dict[str, _Entry]:
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
    return {array: _Entry(*row) for array, *row in json.loads(directory)}
