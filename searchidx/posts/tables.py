"""Read a block of TOML or a JSON object as metadata."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from searchidx.posts.block import MAX_BLOCK_CHARS, Block, Place, Unreadable
from searchidx.posts.chunks import toml_chunks
from searchidx.posts.plain import (
    MAX_DEPTH,
    MAX_NODES,
    Steps,
    TooMuch,
    last_key,
    merged,
    plain_tree,
    scrub,
)

_TOO_MUCH = f"has over {MAX_NODES:,} values or {MAX_DEPTH} levels"
_Keys = dict[str, list[tuple[int, str]]]
_JSON_KEY = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:\s*([-+.\w]*)')
_TOML_KEY = re.compile(r"""(?<![\w-])([\w-]+)["']?[ \t]*=[ \t]*([-+.:\w]*)""")


class TomlReader:
    """Metadata from a block of TOML."""

    def __init__(self, block: Block, load: Callable[[str], Any]) -> None:
        self.block = block
        self.load = load
        self.text = ""
        self.keys: _Keys = {}

    def read(self, text: str) -> dict[str, Any] | None:
        """The metadata; None when the block is to be read as body."""
        self.text = text
        self.block.has_odd_integers = "_" in text or "=0" in text.replace(" ", "")
        if len(text) > MAX_BLOCK_CHARS:
            self.block.refuse(f"is over {MAX_BLOCK_CHARS // 1024} KiB")
            return None
        try:
            return dict(plain_tree(self.load(text)))
        except TooMuch:
            self.block.refuse(_TOO_MUCH)
            return None
        except Unreadable as error:
            return self.salvage(text, error)

    def salvage(self, text: str, error: Unreadable) -> dict[str, Any]:
        """What the keys and tables of a broken block give when each is read alone."""
        metadata: dict[str, Any] = {}
        for chunk in toml_chunks(text):
            line = self.block.first_line + chunk.line
            try:
                table = dict(plain_tree(self.load(chunk.text)))
            except (TooMuch, Unreadable) as failed:
                reason = (
                    f"{chunk.key}: not TOML ({failed})" if chunk.key else f"not TOML ({failed})"
                )
                self.block.leave(chunk.text, line, reason, "correct the TOML")
                continue
            for key in table.keys() & metadata.keys():
                same = not isinstance(table[key], str) or table[key] == metadata[key]
                self.block.repeated(key, self.places((key,))[0], line, same=same)
            metadata = merged(metadata, table)
        if not self.block.log.problems():
            todo = "correct the TOML; its keys were read one by one"
            self.block.log.add(self.block.line_at(text, error.position), error.reason, todo)
        return metadata

    def places(self, steps: Steps) -> Place:
        """See `FrontMatter.locate`; by its last key, with its text if that key is unique."""
        self.keys = self.keys or _keys_of(_TOML_KEY, self.text)
        places = self.keys.get(last_key(steps), [])
        if not places:
            return self.block.first_line, None
        position, written = places[0]
        return self.block.line_at(self.text, position), written if len(places) == 1 else None


class JsonReader:
    """Metadata from a JSON object."""

    def __init__(self, block: Block, load: Callable[..., Any]) -> None:
        self.block = block
        self.load = load
        self.text = ""
        self.keys: _Keys = {}
        self.repeated: dict[str, bool] = {}  # key -> whether its values are all the same

    def read(self, text: str) -> dict[str, Any] | None:
        """The metadata; None when the object is to be read as body."""
        self.text = text
        try:
            metadata = dict(plain_tree(self.load(text, object_pairs_hook=self.pairs)))
        except TooMuch:
            self.block.refuse(_TOO_MUCH)
            return None
        except Unreadable as error:
            self.block.refuse(f"is not JSON ({error.reason})")
            return None
        for key, same in self.repeated.items():
            if self.block.log.full:
                self.block.repeated(scrub(key), 1, 1, same=same)
                continue
            places = self.named(key) or [(0, "")]
            line, last_line = (self.block.line_at(text, places[at][0]) for at in (0, -1))
            self.block.repeated(scrub(key), line, last_line, same=same)
        return metadata

    def pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """One object; its repeated keys are noted, the last value is kept."""
        result = dict(pairs)
        if len(result) < len(pairs):
            seen: dict[str, Any] = {}
            for key, value in pairs:
                if key in seen:
                    self.repeated[key] = self.repeated.get(key, True) and seen[key] == value
                seen[key] = value
        return result

    def named(self, key: str) -> list[tuple[int, str]]:
        self.keys = self.keys or _keys_of(_JSON_KEY, self.text)
        return self.keys.get(json.dumps(key, ensure_ascii=False)[1:-1], [])

    def places(self, steps: Steps) -> Place:
        """See `FrontMatter.locate`; by its last key, with its text if that key is unique."""
        places = self.named(last_key(steps))
        if not places:
            return self.block.first_line, None
        position, written = places[0]
        line = self.block.line_at(self.text, position)
        return line, written or None if len(places) == 1 else None


def _keys_of(pattern: re.Pattern[str], text: str) -> _Keys:
    """Key -> where it stands, in characters, and the simple value beside it as written."""
    keys: _Keys = {}
    for found in pattern.finditer(text):
        keys.setdefault(found[1], []).append((found.start(), found[2].strip()))
    return keys
