"""How many columns of a terminal a text takes."""

from __future__ import annotations

import unicodedata


def columns(char: str) -> int:
    """The columns of one character: 2 for wide ones, 0 for marks that combine, else 1."""
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def text_columns(text: str) -> int:
    """The columns of a text on one line."""
    return len(text) if text.isascii() else sum(map(columns, text))
