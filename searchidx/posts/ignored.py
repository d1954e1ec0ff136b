"""Metadata that the settings leave out of the index, but where a declared field takes it."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import translate
from functools import lru_cache


@lru_cache(maxsize=10_000)
def is_ignored(key: str, patterns: tuple[str, ...]) -> bool:
    """Whether a pattern names a dotted key, or a mapping or list above it; in any case.

    As in the sources of a field, `[]` may stand behind the key of a list.
    """
    matches = _matcher(patterns)
    ends = [at for at, char in enumerate(key) if char == "."]
    return any(matches(key[:end]) for end in (*ends, len(key)))


@lru_cache(maxsize=16)
def _matcher(patterns: tuple[str, ...]) -> Callable[[str], object]:
    keys = [translate(pattern.replace("[]", "")) for pattern in patterns]
    return re.compile("|".join(keys) or "(?!)", re.IGNORECASE).match
