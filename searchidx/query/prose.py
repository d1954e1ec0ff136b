"""A sentence typed as a query: its quotes, brackets and question marks are those of prose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from searchidx.analysis import query_slots
from searchidx.patterns import late_pattern
from searchidx.query.lex import Token, TokenKind, unescape
from searchidx.query.vocabulary import Vocabulary

SENTENCE = 8
"""From so many telling words on, a query is a sentence, unless it uses what only queries have."""

_DELIBERATE = frozenset(
    (TokenKind.AND, TokenKind.OR, TokenKind.NOT, TokenKind.COMPARE, TokenKind.FUZZ, TokenKind.BOOST)
)
_CHUNK = late_pattern(r"\S+")
_SYNTAX = late_pattern(r"[.*+?^$|()\[\]{}\\]")
_INNER_MARK = late_pattern(r"\w\?\w")


def is_prose(tokens: Sequence[Token], vocabulary: Vocabulary) -> bool:
    """Whether a query is a sentence: many words, no operator, no pattern, no field."""
    telling = 0
    for token in tokens:
        is_field = token.kind is TokenKind.FIELD and not (
            token.spaced and vocabulary.field(token.value) is None
        )
        if token.kind in _DELIBERATE or is_field or _is_pattern(token):
            return False
        terms = (slot.term for slot in query_slots(unescape(token.value)))
        telling += sum(not vocabulary.is_stop_word(term) for term in terms)
    return telling >= SENTENCE


def as_prose(tokens: Iterable[Token]) -> Iterator[Token]:
    """The words of a sentence; what it excludes with a minus stays excluded."""
    for token in tokens:
        match token.kind:
            case TokenKind.OPEN | TokenKind.CLOSE:
                continue
            case TokenKind.PHRASE | TokenKind.REGEX:
                inside = token.end - len(token.value) - token.closed
                for chunk in _CHUNK.finditer(token.value):
                    start, end = inside + chunk.start(), inside + chunk.end()
                    yield Token(TokenKind.WORD, _plain(chunk[0]), start, end)
            case TokenKind.FIELD:
                yield token._replace(kind=TokenKind.WORD)
            case TokenKind.WORD:
                yield token._replace(value=_plain(token.value))
            case _:
                yield token


def _is_pattern(token: Token) -> bool:
    """Whether a word has a `*` that means any letters, or a `?` between letters; or whether what
    stands between slashes is more than a word."""
    if token.kind is TokenKind.REGEX:
        return bool(_SYNTAX.search(token.value))
    word = token.value.replace("\\*", "").replace("\\?", "")
    is_starred = "*" in word and bool(re.search(r"\w", word))
    return token.kind is TokenKind.WORD and (is_starred or bool(_INNER_MARK.search(word)))


def _plain(word: str) -> str:
    """The word without signs that would make a pattern of it."""
    return word.replace("?", " ").strip() if "?" in word else word
