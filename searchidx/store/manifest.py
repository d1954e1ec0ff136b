"""The manifest: what a generation is made of, as JSON beside Whoosh's table of contents.

Generation N is `_MAIN_N.toc` (Whoosh's, a pickle) and `_MAIN_N.json` (this). The JSON is written
and synced first, so that a table of contents never stands without it. searchidx reads the JSON
alone, so that opening an index runs no code that somebody put into it.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from binascii import a2b_base64, b2a_base64
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from searchidx.columnar.segment import EXTENSION
from searchidx.errors import IndexCorrupt, IndexVersionMismatch
from searchidx.settings import FieldSpec, fields_from_json, fields_to_json

FORMAT_VERSION = 2

_NAME = re.compile(r"MAIN_[0-9a-z]{16}")


class SegmentRecord(NamedTuple):
    """A segment of a generation: `name` is that of its file without the ending, `deleted` are the
    documents that are not part of the generation any more, ascending. `crc` is that of the file's
    directory, and by it of all it holds; 0 when it is not known."""

    name: str
    documents: int
    deleted: tuple[int, ...] = ()
    crc: int = 0

    @property
    def file_name(self) -> str:
        return f"{self.name}{EXTENSION}"

    @property
    def live(self) -> int:
        """How many of its documents are part of the generation."""
        return self.documents - len(self.deleted)

    def to_json(self) -> dict[str, Any]:
        bits = np.zeros(self.documents, dtype=np.bool_)
        bits[list(self.deleted)] = True
        packed = zlib.compress(np.packbits(bits, bitorder="little").tobytes())
        text = b2a_base64(packed, newline=False).decode() if self.deleted else ""
        row = {"name": self.name, "documents": self.documents, "deleted": text}
        return {**row, "crc": self.crc}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> SegmentRecord:
        """Raises: KeyError, TypeError or ValueError when it is no record."""
        name, documents, text = str(row["name"]), int(row["documents"]), str(row["deleted"])
        crc = int(row["crc"])
        if not _NAME.fullmatch(name):
            raise ValueError(f"the segment name {name!r}")
        if not text:
            return cls(name, documents, crc=crc)
        try:
            packed = np.frombuffer(zlib.decompress(a2b_base64(text)), dtype=np.uint8)
        except zlib.error as error:
            raise ValueError(f"the deletions of {name}") from error
        bits = np.unpackbits(packed, count=documents, bitorder="little")
        return cls(name, documents, tuple(np.flatnonzero(bits).tolist()), crc)


class Manifest(NamedTuple):
    """The segments of a generation, and the settings it was built with.

    `stamp` changes when the fields, the ignored metadata or the analysis do. `own_fields` is False
    when the fields are the defaults of the version that wrote it, so that a later version may use
    its own. `roots` are as the index knows them: relative to the folder that holds the index when
    they lie below it. `time` is when it was committed, ISO 8601 in UTC. `toc_crc` is the CRC-32 of
    Whoosh's table of contents.
    """

    generation: int
    stamp: str
    fields: tuple[FieldSpec, ...]
    own_fields: bool
    roots: tuple[str, ...]
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    max_file_bytes: int
    follow_symlinks: bool
    posts: int
    time: str
    segments: tuple[SegmentRecord, ...] = ()
    toc_crc: int = 0
    ignore_metadata: tuple[str, ...] = ()

    def has_settings_of(self, other: Manifest) -> bool:
        """Whether both generations were made by the same settings and roots."""
        own = {name: getattr(self, name) for name in _OF_ONE_COMMIT}
        return self == other._replace(**own)


_OF_ONE_COMMIT = ("generation", "posts", "time", "segments", "toc_crc")


def manifest_name(generation: int) -> str:
    return f"_MAIN_{generation}.json"


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put the manifest into the folder, whole or not at all, and sync it to the disk."""
    document = {**manifest._asdict(), "format": FORMAT_VERSION}
    document["fields"] = fields_to_json(manifest.fields)
    document["segments"] = [segment.to_json() for segment in manifest.segments]
    target = folder / manifest_name(manifest.generation)
    temporary = target.with_suffix(".json.tmp")
    document["crc"] = _checksum(document)
    with open(temporary, "w", encoding="utf-8") as stream:
        json.dump(document, stream, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(target)


def read_manifest(folder: Path, generation: int) -> Manifest:
    """The manifest of a generation.

    Raises: IndexCorrupt when it is missing or not a manifest, IndexVersionMismatch when it is of
    another format, OSError when it may not be read.
    """
    name = manifest_name(generation)
    try:
        document = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise IndexCorrupt(folder, name, "missing (was it committed by other software?)") from error
    except ValueError as error:
        raise IndexCorrupt(folder, name, f"cannot be read ({error})") from error
    if not isinstance(document, dict) or "format" not in document:
        raise IndexCorrupt(folder, name, "is no manifest")
    is_whole = document.pop("crc", None) == _checksum(document)
    if document["format"] != FORMAT_VERSION and (is_whole or document["format"] == 1):
        raise IndexVersionMismatch(folder, int(document["format"]), FORMAT_VERSION)
    if not is_whole:
        raise IndexCorrupt(folder, name, "is not what was written")
    try:
        manifest = _manifest(document)
    except (KeyError, TypeError, ValueError) as error:
        raise IndexCorrupt(folder, name, f"lacks or misspells {error}") from error
    if manifest.generation != generation:
        raise IndexCorrupt(folder, name, f"is that of generation {manifest.generation}")
    return manifest


def _checksum(document: dict[str, Any]) -> int:
    """CRC-32 of a JSON document, however it is laid out."""
    return zlib.crc32(json.dumps(document, sort_keys=True).encode())


def _manifest(document: dict[str, Any]) -> Manifest:
    values = {key: value for key, value in document.items() if key != "format"}
    for key in ("roots", "include", "exclude"):
        values[key] = tuple(values[key])
    values["ignore_metadata"] = tuple(values.get("ignore_metadata", ()))
    values["fields"] = fields_from_json(values["fields"])
    values["segments"] = tuple(SegmentRecord.from_json(row) for row in values["segments"])
    return Manifest(**values)
