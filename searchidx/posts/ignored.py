"""Metadata that the settings leave out."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import translate
from functools import lru_cache


@lru_cache(maxsize=10_000)
def is_ignored(key: str, patterns: tuple[str, ...]) -> bool:
    """Whether a pattern names a dotted key, or a mapping or list above it; in any case."""
    matches = _matcher(patterns)
    dots = [at for at, char in enumerate(key) if char == "."]
    return any(matches(key[:end]) for end in (*dots, len(key)))


@lru_cache(maxsize=16)
def _matcher(patterns: tuple[str, ...]) -> Callable[[str], object]:
    return re.compile("|".join(map(translate, patterns)) or "(?!)", re.IGNORECASE).match
