"""A query as the clauses that stand side by side in it, each with its place in the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from searchidx.query.lex import Token, TokenKind, lex

_MODIFIERS = (TokenKind.FUZZ, TokenKind.BOOST)
_VALUES = (TokenKind.WORD, TokenKind.PHRASE, TokenKind.REGEX)
_GROUP = re.compile(r"((?:[^\s:()\"]+:)?)\((.*)\)", re.S)


@dataclass(frozen=True, slots=True)
class Part:
    """A clause outside of parentheses: `text` is how it is written, with its minus or field.

    `word` is the token when it is a bare word, with or without a field, and nothing else.
    """

    text: str
    start: int
    end: int
    is_excluded: bool
    field: str = ""
    word: Token | None = None

    @property
    def group(self) -> tuple[str, str] | None:
        """What stands in front of the parentheses, and in them, where the clause is a group."""
        found = None if self.is_excluded else _GROUP.fullmatch(self.text)
        return (found[1], found[2]) if found else None


@dataclass(frozen=True, slots=True)
class Split:
    """The clauses of a query; `has_choice` says that an OR stands between some of them."""

    parts: tuple[Part, ...]
    has_choice: bool


def split(text: str) -> Split:
    """The clauses of a query, in order. Whatever the text, nothing is raised."""
    tokens = list(lex(text))
    parts = []
    has_choice = False
    at = 0
    while at < len(tokens):
        kind = tokens[at].kind
        if kind in (TokenKind.AND, TokenKind.OR, TokenKind.CLOSE, *_MODIFIERS):
            has_choice = has_choice or kind is TokenKind.OR
            at += 1
            continue
        end = _end(tokens, at)
        parts.append(_part(text, tokens[at:end]))
        at = end
    return Split(tuple(parts), has_choice)


def choices(text: str) -> list[str]:
    """The parts of a query between which an OR stands outside of parentheses; one without any."""
    found = []
    depth = start = 0
    for token in lex(text):
        depth += (token.kind is TokenKind.OPEN) - (token.kind is TokenKind.CLOSE)
        if token.kind is TokenKind.OR and not depth:
            found.append(text[start : token.start].strip())
            start = token.end
    found.append(text[start:].strip())
    return [choice for choice in found if choice]


def _end(tokens: Sequence[Token], at: int) -> int:
    """The token behind the clause that starts at one."""
    depth = 0
    while at < len(tokens):
        kind = tokens[at].kind
        depth += (kind is TokenKind.OPEN) - (kind is TokenKind.CLOSE)
        at += 1
        if depth <= 0 and (kind in _VALUES or kind is TokenKind.CLOSE):
            break
    while at < len(tokens) and tokens[at].kind in _MODIFIERS:
        at += 1
    return at


def _part(text: str, tokens: Sequence[Token]) -> Part:
    start, end = tokens[0].start, tokens[-1].end
    minuses = sum(token.kind in (TokenKind.MINUS, TokenKind.NOT) for token in tokens)
    bare = [token for token in tokens if token.kind is not TokenKind.FIELD]
    is_word = len(bare) == 1 and bare[0].kind is TokenKind.WORD
    has_pattern = is_word and bool(set("*?\\") & set(bare[0].value))
    field = tokens[0].value if tokens[0].kind is TokenKind.FIELD else ""
    word = bare[0] if is_word and not has_pattern and len(tokens) <= 2 else None
    return Part(text[start:end], start, end, minuses % 2 == 1, field, word)


def together(parts: Iterable[str]) -> str:
    """The clauses as one query that asks for all of them."""
    return " ".join(parts)
