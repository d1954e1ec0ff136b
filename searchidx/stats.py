"""What an index holds, in figures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from searchidx.settings import FieldSpec


@dataclass(frozen=True, slots=True)
class FieldStats:
    """A field and how many posts have a value for it."""

    spec: FieldSpec
    posts: int


@dataclass(frozen=True, slots=True)
class Stats:
    """What an index holds. `deleted` posts take room until the next merge of segments."""

    path: Path
    generation: int
    posts: int
    segments: int
    deleted: int
    size_bytes: int
    committed: str
    roots: tuple[str, ...]
    fields: tuple[FieldStats, ...]
    meta_keys: tuple[tuple[str, int], ...]
    problem_posts: int
