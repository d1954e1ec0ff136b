"""How many columns of a terminal a text takes."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

CHARACTERS_KEPT = 10_000
SOFT_HYPHEN = "\u00ad"


@lru_cache(maxsize=CHARACTERS_KEPT)
def columns(char: str) -> int:
    """The columns of one character: 2 for wide ones, 0 for what is drawn into the one before it
    (marks, joiners, the later letters of a Korean syllable), else 1."""
    if unicodedata.category(char) in ("Mn", "Me", "Mc", "Cf") and char != SOFT_HYPHEN:
        return 0
    if "\u1160" <= char <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def text_columns(text: str) -> int:
    """The columns of a text on one line."""
    return len(text) if text.isascii() else sum(map(columns, text))
