"""Trees of plain values: what TOML and JSON give is brought to the shape that YAML gives.

A step is a key of a mapping or an index into a list; a way is the tuple of steps to a value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

Steps = tuple[str | int, ...]

MAX_DEPTH = 200
MAX_NODES = 100_000

_SURROGATE = re.compile("[\ud800-\udfff]")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d*)\]")


class TooMuch(ValueError):
    """A tree has more than MAX_NODES values, or nests deeper than MAX_DEPTH."""


def scrub(text: str) -> str:
    """`text` with lone surrogates as U+FFFD, so that it encodes to UTF-8."""
    return _SURROGATE.sub("\ufffd", text)


def plain_tree(value: Any) -> Any:
    """A copy of `value` whose keys are all texts and whose texts all encode to UTF-8.

    Raises: TooMuch.
    """
    return _Copier().copy(value, 0)


class _Copier:
    def __init__(self) -> None:
        self.left = MAX_NODES

    def copy(self, value: Any, depth: int) -> Any:
        self.left -= 1
        if self.left < 0 or depth > MAX_DEPTH:
            raise TooMuch
        if isinstance(value, str):
            return scrub(value)
        if isinstance(value, dict):
            return {scrub(str(key)): self.copy(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.copy(item, depth + 1) for item in value]
        return value


def steps_of(path: str) -> Steps:
    """`related[2].title` as steps; `[]` stands for the first item."""
    steps: list[str | int] = []
    for key, index in _STEP.findall(path):
        steps.append(key if key else int(index or 0))
    return tuple(steps)


def merged(old: Any, new: Any) -> Any:
    """Two trees as one: mappings key by key, lists end to end, else the new value."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: merged(old.get(key), item) for key, item in new.items()}}
    if isinstance(old, list) and isinstance(new, list):
        return [*old, *new]
    return new


def last_key(steps: Sequence[str | int]) -> str:
    """The last step that is a key; empty if none is."""
    return next((step for step in reversed(steps) if isinstance(step, str)), "")
