"""What searchidx says of a generation, as JSON beside Whoosh's table of contents.

Generation N is `_MAIN_N.toc` (Whoosh's) and `_MAIN_N.json` (this). The JSON is written and synced
first, so that a table of contents never stands without it.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from searchidx.errors import IndexCorrupt, IndexVersionMismatch
from searchidx.settings import FieldSpec, fields_from_json, fields_to_json

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """The settings a generation was built with.

    `stamp` changes when the fields or the analysis do. `own_fields` is False when the fields are
    the defaults of the version that wrote it, so that a later version may use its own. `roots` are
    as the index knows them: relative to the folder that holds the index when they lie below it.
    `time` is when it was committed, ISO 8601 in UTC.
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


def manifest_name(generation: int) -> str:
    return f"_MAIN_{generation}.json"


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put the manifest into the folder, whole or not at all, and sync it to the disk."""
    document = {**asdict(manifest), "format": FORMAT_VERSION}
    document["fields"] = fields_to_json(manifest.fields)
    target = folder / manifest_name(manifest.generation)
    temporary = target.with_suffix(".json.tmp")
    with open(temporary, "w", encoding="utf-8") as stream:
        json.dump(document, stream, ensure_ascii=False, indent=1)
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
    if document["format"] != FORMAT_VERSION:
        raise IndexVersionMismatch(folder, int(document["format"]), FORMAT_VERSION)
    try:
        return _manifest(document)
    except (KeyError, TypeError, ValueError) as error:
        raise IndexCorrupt(folder, name, f"lacks or misspells {error}") from error


def remove_old_manifests(folder: Path, generation: int) -> None:
    """Delete the manifests of all generations but this one."""
    for path in folder.glob("_MAIN_*.json*"):
        if path.name != manifest_name(generation):
            path.unlink(missing_ok=True)


def _manifest(document: dict[str, Any]) -> Manifest:
    values = {key: value for key, value in document.items() if key != "format"}
    for key in ("roots", "include", "exclude"):
        values[key] = tuple(values[key])
    values["fields"] = fields_from_json(values["fields"])
    return Manifest(**values)
