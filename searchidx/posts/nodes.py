"""YAML's node tree becomes plain values: one walk that knows its limits.

It differs from PyYAML's own constructor in this: keys are the texts the author wrote (`on:`,
`2020:`), a value that cannot be constructed is its text as written, a repeated key is noted, and
neither a cycle nor a tree of aliases can hold it up. Knows the shape of PyYAML's nodes, not PyYAML.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from searchidx.posts.block import Block, Place, Unreadable
from searchidx.posts.plain import MAX_DEPTH, MAX_NODES, Steps, scrub

TAG = "tag:yaml.org,2002:"
_STR, _MERGE = TAG + "str", TAG + "merge"
_COLLECTIONS = frozenset(TAG + name for name in ("map", "seq", "set", "omap", "pairs"))

_CHARS_A_VALUE = 100  # a text counts as so many values, or aliases could repeat it without end


class Mark(Protocol):
    """Where a node begins or ends, in characters of its text."""

    @property
    def index(self) -> int: ...


class Node(Protocol):
    """A node of PyYAML: `id` is scalar, sequence or mapping, `value` a text, nodes, or pairs."""

    @property
    def id(self) -> str: ...
    @property
    def tag(self) -> str: ...
    @property
    def value(self) -> Any: ...
    @property
    def start_mark(self) -> Mark: ...
    @property
    def end_mark(self) -> Mark: ...


Construct = Callable[[Any], Any]
"""The plain value of a scalar node that is no text. Raises: Unreadable."""


class Tree:
    """One YAML text, the values in it, and where they stand.

    `first_line` is the line of the file, from 1, where `source` begins.
    """

    def __init__(self, source: str, first_line: int, block: Block) -> None:
        self.source = source
        self.first_line = first_line
        self.block = block
        self.root: Node | None = None
        self.keys: dict[int, dict[str, Node]] = {}
        self._compose: Callable[[Tree], object] | None = None

    def put_off(self, compose: Callable[[Tree], object]) -> None:
        """The values were read without nodes: make them with `compose` if they are asked for."""
        self._compose = compose

    def build(self, root: Node | None, construct: Construct) -> Any:
        """The plain value of the whole text; None if it holds none.

        Raises: Unreadable if the outermost mapping has a key that is no text.
        """
        self.root = root
        return None if root is None else _Builder(self, construct).root(root)

    def place(self, steps: Steps) -> Place:
        """The line and the written text of the value there, or of the nearest one above it."""
        if self._compose is not None:
            self._compose(self)
            self._compose = None
        node = self.root
        for step in steps:
            below = self.below(node, step)
            if below is None:
                return self.line_of(node), None
            node = below
        written = scrub(node.value) if node is not None and node.id == "scalar" else None
        return self.line_of(node), written

    def below(self, node: Node | None, step: str | int) -> Node | None:
        """The node one step down: the last value of a key, or an item of a list.

        A key looks into the first item of a list.
        """
        if node is None or node.id == "scalar":
            return None
        if node.id == "sequence":
            at = step if isinstance(step, int) else 0
            item = node.value[at] if at < len(node.value) else None
            if isinstance(step, int) or item is None or item.id != "mapping":
                return item if isinstance(step, int) else None
            return self.below(item, step)
        keys = self.keys.get(id(node))
        if keys is None:
            keys = {key.value: value for key, value in node.value if key.id == "scalar"}
            self.keys[id(node)] = keys
        return keys.get(str(step))

    def line_of(self, node: Node | None) -> int:
        position = node.start_mark.index if node is not None else 0
        return self.first_line + self.source.count("\n", 0, position)

    def written(self, node: Node) -> str:
        """All the text of a node."""
        return self.source[node.start_mark.index : node.end_mark.index].strip()


class _Builder:
    """The walk. Every visit counts, so that an alias costs what it expands to."""

    def __init__(self, tree: Tree, construct: Construct) -> None:
        self.tree = tree
        self.block = tree.block
        self.construct = construct
        self.open: set[int] = set()

    def line_of(self, node: Node) -> int:
        """The line for a problem; any line once further problems are only counted."""
        return self.tree.first_line if self.block.log.full else self.tree.line_of(node)

    def root(self, node: Node) -> Any:
        return self.mapping(node) if _is_mapping(node) else self.value(node)

    def value(self, node: Node) -> Any:
        self.block.values_left -= 1
        if node.id != "scalar":
            return self.collection(node)
        if self.block.values_left < 0:
            return self.too_much(node)
        if node.tag == _STR:
            text = node.value
            if len(text) > _CHARS_A_VALUE:
                self.block.values_left -= len(text) // _CHARS_A_VALUE
            return text
        try:
            return self.construct(node)
        except Unreadable as error:
            return self.as_written(node, error)

    def collection(self, node: Node) -> Any:
        """A list or a dict; None where it would hold itself or the limits are reached."""
        if self.block.values_left < 0 or len(self.open) >= MAX_DEPTH:
            return self.too_much(node)
        if id(node) in self.open:
            line = self.line_of(node)
            what = "an alias stands inside what it repeats, read as empty"
            self.block.log.add(line, what, "write the value out")
            return None
        self.open.add(id(node))
        try:
            if node.tag not in _COLLECTIONS:
                raise Unreadable(f"unknown tag {node.tag.replace(TAG, '!!')}")
            return self.mapping(node) if node.id == "mapping" else self.sequence(node)
        except Unreadable as error:
            return self.as_written(node, error)
        finally:
            self.open.discard(id(node))

    def sequence(self, node: Node) -> list[Any]:
        items = []
        for item in node.value:
            if self.block.values_left < 0:
                self.too_much(item)
                break
            items.append(self.value(item))
        return items

    def mapping(self, node: Node) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merges = []
        for key_node, value_node in node.value:
            if self.block.values_left < 0:
                self.too_much(key_node)
                break
            if key_node.tag == _MERGE:
                merges.append(value_node)
                continue
            if key_node.id != "scalar":
                raise Unreadable(
                    "a mapping or list stands as a key, such as {{ this }}",
                    key_node.start_mark.index,
                )
            key, value = key_node.value, self.value(value_node)
            if key in result:
                self.repeated(node, key_node, same=result[key] == value)
            result[key] = value
        for merge in merges:
            self.merge(result, merge)
        return result

    def merge(self, result: dict[str, Any], node: Node) -> None:
        """Add what `<<` brings; what stands in the mapping itself, or came before, stays."""
        value = self.value(node)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                for key, inner in item.items():
                    result.setdefault(key, inner)
            else:
                result.setdefault("<<", item)

    def repeated(self, mapping: Node, last: Node, *, same: bool) -> None:
        """Note the value that a repeated key hides: the one before the last so far."""
        earlier = last
        for key_node, _ in () if self.block.log.full else mapping.value:
            if key_node is last:
                break
            if key_node.value == last.value:
                earlier = key_node
        line, last_line = self.line_of(earlier), self.line_of(last)
        self.block.repeated(last.value, line, last_line, same=same)

    def as_written(self, node: Node, error: Unreadable) -> str:
        what = f"{error.reason}, read as the text it is"
        self.block.log.add(self.line_of(node), what, "correct it or put it in quotes")
        text = self.tree.written(node)
        self.block.values_left -= len(text) // _CHARS_A_VALUE
        return text

    def too_much(self, node: Node) -> None:
        line = self.line_of(node)
        what = f"over {MAX_NODES:,} values or {MAX_DEPTH} levels with its aliases, the rest dropped"
        self.block.log.add(line, what, "write out what the aliases repeat", lost_text=True)
        self.block.values_left = min(self.block.values_left, -1)


def _is_mapping(node: Node | None) -> bool:
    return node is not None and node.id == "mapping" and node.tag in _COLLECTIONS
