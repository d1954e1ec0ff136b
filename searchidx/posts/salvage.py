"""Read a block of YAML; where it does not parse, read what parses of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from searchidx.posts.block import MAX_BLOCK_CHARS, Block, Place, Unreadable
from searchidx.posts.chunks import Chunk, is_likely_metadata, yaml_chunks
from searchidx.posts.lines import Lines
from searchidx.posts.nodes import Tree
from searchidx.posts.plain import Steps

_CORRECT = "correct the YAML"
_QUOTE = "put the value in quotes"

LoadYaml = Callable[[Tree], Any]
"""The plain value of a tree's text, or the lines to make it of. Raises: Unreadable."""


class YamlReader:
    """Metadata from a block of YAML, and where each value stands in the file.

    `lines` and `owners` are filled only when the block had to be salvaged: the line where the piece
    of a key begins, and the tree that holds it (there is none for what was read as plain text).
    """

    def __init__(self, block: Block, load: LoadYaml) -> None:
        self.block = block
        self.load = load
        self.whole: Tree | None = None
        self.lines: dict[str, int] = {}
        self.owners: dict[str, Tree] = {}

    def read(self, text: str) -> dict[str, Any] | Lines | None:
        """The metadata, or the lines to make them of; None when the block is to be read as
        body."""
        if len(text) > MAX_BLOCK_CHARS:
            self.block.refuse(f"is over {MAX_BLOCK_CHARS // 1024} KiB")
            return None
        tree = Tree(text, self.block.first_line, self.block)
        try:
            value = self.load(tree)
        except Unreadable as error:
            return self.salvage(text, error)
        self.whole = tree
        if value is None:
            return {}
        if isinstance(value, dict | Lines):
            return value
        kind = "a list" if isinstance(value, list) else "text"
        self.block.refuse(f"is {kind}, not keys with values")
        return None

    def values(self, tree: Tree) -> Any:
        """The plain value of a tree's text. Raises: Unreadable."""
        value = self.load(tree)
        return value.metadata() if isinstance(value, Lines) else value

    def salvage(self, text: str, error: Unreadable) -> dict[str, Any] | None:
        """What the pieces of a broken block give when each is read alone."""
        line = self.block.line_at(text, error.position)
        chunks = [chunk for chunk in yaml_chunks(text) if not chunk.blank]
        if not is_likely_metadata(text, chunks):
            self.block.refuse(f"is not YAML ({error.reason})", line)
            return None
        metadata: dict[str, Any] = {}
        loaded = [self.salvage_chunk(chunk, metadata) for chunk in chunks]
        if all(loaded):
            self.block.log.add(line, f"{error.reason}, its keys were read one by one", _CORRECT)
        if not metadata:
            self.block.leftovers.clear()
        return metadata or None

    def salvage_chunk(self, chunk: Chunk, metadata: dict[str, Any]) -> bool:
        """Read one piece into `metadata`. False if a problem was noted for it."""
        tree = Tree(chunk.text, self.block.first_line + chunk.line, self.block)
        try:
            value = self.values(tree)
        except Unreadable as error:
            self.keep_broken(chunk, metadata, error)
            return False
        if isinstance(value, dict):
            for key, item in value.items():
                self.put(metadata, key, item, tree.first_line)
                self.owners[key] = tree
        elif chunk.value:
            self.put(metadata, chunk.key, chunk.value, tree.first_line)
            what = f"{chunk.key}: no space after the colon"
            self.block.log.add(tree.first_line, what, "put a space there")
            return False
        elif value is not None:
            self.block.leave(chunk.text, tree.first_line, "no key with a value", _CORRECT)
            return False
        return True

    def keep_broken(self, chunk: Chunk, metadata: dict[str, Any], error: Unreadable) -> None:
        """Keep a piece that does not load, in the first of these ways that it allows: its one line
        as text, without the lines that are no part of it, item by item, as body."""
        line = self.block.first_line + chunk.line
        reason = f"{chunk.key}: {error.reason}" if chunk.key else error.reason
        if chunk.value:
            self.put(metadata, chunk.key, chunk.value, line)
            self.block.log.add(line, f"{reason}, read as plain text", _QUOTE)
        elif 0 < chunk.stray < len(chunk.text):
            line += chunk.text.count("\n", 0, chunk.stray)
            reason = "no key with a value, nor part of one"
            self.block.leave(chunk.text[chunk.stray :], line, reason, _CORRECT)
            self.salvage_chunk(chunk.without_stray(), metadata)
        elif items := chunk.items():
            values = [self.item(line + above, text) for above, text in items]
            self.put(metadata, chunk.key, values, line)
            line += chunk.text.count("\n", 0, error.position or 0)
            self.block.log.add(line, f"{reason}, read item by item", "put the item in quotes")
        else:
            line += chunk.text.count("\n", 0, error.position or 0)
            self.block.leave(chunk.text, line, reason, _CORRECT)

    def item(self, line: int, text: str) -> Any:
        """One item of a list, read alone; its text if that fails."""
        try:
            return self.values(Tree(text, line, self.block))
        except Unreadable:
            return text  # the whole list is reported by the caller

    def put(self, metadata: dict[str, Any], key: str, value: Any, line: int) -> None:
        """Set a key that another piece may have set before."""
        if key in metadata:
            same = metadata[key] == value
            self.block.repeated(key, self.lines[key], line, same=same)
        metadata[key] = value
        self.lines[key] = line
        self.owners.pop(key, None)

    def places(self, steps: Steps) -> Place:
        """See `FrontMatter.locate`."""
        key = str(steps[0]) if steps else ""
        tree = self.whole or self.owners.get(key)
        if tree is not None:
            return tree.place(steps)
        return self.lines.get(key, self.block.first_line), None
