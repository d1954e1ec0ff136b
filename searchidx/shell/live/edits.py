"""Changes to the text of a query: adding a value of a facet, taking it away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from searchidx.analysis import fold
from searchidx.query.lex import Token, TokenKind, lex, quoted, unescape
from searchidx.query.vocabulary import Vocabulary
from searchidx.settings import FieldKind


@dataclass(frozen=True, slots=True)
class ValueClause:
    """A clause such as `topics:="Computer vision"` outside of parentheses, and where it stands."""

    field: str
    value: str
    start: int
    end: int


def toggled(text: str, facet: str, value: str, vocabulary: Vocabulary) -> str:
    """The query with a value of a facet required, or no longer required when it was."""
    wanted = (_field_of(facet, vocabulary), fold(value))
    own = [
        clause
        for clause in value_clauses(text, vocabulary)
        if (clause.field, fold(clause.value)) == wanted
    ]
    if not own:
        whole = f"({text.strip()})" if _has_choice(text) else text.rstrip()
        gap = " " if whole else ""
        return f"{whole}{gap}{value_text(facet, value, vocabulary)} "
    for clause in reversed(own):
        text = _without(text, clause.start, clause.end)
    return text


def _has_choice(text: str) -> bool:
    """Whether an OR stands outside of parentheses."""
    depth = 0
    for token in lex(text):
        depth += (token.kind is TokenKind.OPEN) - (token.kind is TokenKind.CLOSE)
        if token.kind is TokenKind.OR and not depth:
            return True
    return False


def required_values(text: str, vocabulary: Vocabulary) -> set[tuple[str, str]]:
    """The (field, folded value) pairs that the query requires as a whole."""
    return {(clause.field, fold(clause.value)) for clause in value_clauses(text, vocabulary)}


def is_required(
    required: set[tuple[str, str]], facet: str, value: str, vocabulary: Vocabulary
) -> bool:
    """Whether a value of a facet is among those that a query requires."""
    return (_field_of(facet, vocabulary), fold(value)) in required


def value_text(facet: str, value: str, vocabulary: Vocabulary) -> str:
    """The clause that requires a value of a facet: `topics:=AI`, `date:2020` for a year."""
    name = _field_of(facet, vocabulary)
    spec = vocabulary.field(name)
    is_whole = spec is not None and spec.kind in (FieldKind.TEXT, FieldKind.KEYWORD)
    return f"{name}:{'=' if is_whole else ''}{quoted(value)}"


def value_clauses(text: str, vocabulary: Vocabulary) -> Iterator[ValueClause]:
    """The clauses of a query that require a value and stand outside of parentheses."""
    tokens = list(lex(text))
    depth = 0
    for at, token in enumerate(tokens):
        depth += (token.kind is TokenKind.OPEN) - (token.kind is TokenKind.CLOSE)
        is_free = not depth and (at == 0 or tokens[at - 1].kind is not TokenKind.MINUS)
        if is_free and token.kind is TokenKind.FIELD:
            clause = _clause(token, tokens[at + 1 : at + 3], vocabulary)
            if clause:
                yield clause


def _clause(field: Token, behind: list[Token], vocabulary: Vocabulary) -> ValueClause | None:
    spec = vocabulary.field(field.value)
    if spec is None or not behind:
        return None
    is_whole = behind[0].kind is TokenKind.COMPARE and behind[0].value == "="
    value = behind[-1] if is_whole else behind[0]
    has_words = spec.kind in (FieldKind.TEXT, FieldKind.KEYWORD)
    if value.kind not in (TokenKind.WORD, TokenKind.PHRASE) or is_whole != has_words:
        return None
    return ValueClause(spec.name, unescape(value.value), field.start, value.end)


def _field_of(facet: str, vocabulary: Vocabulary) -> str:
    """The field that a facet counts: for `year` the first date."""
    if vocabulary.field(facet) is None and facet == "year":
        return next(s.name for s in vocabulary.fields if s.kind is FieldKind.DATE)
    return facet


def _without(text: str, start: int, end: int) -> str:
    """The text without a part of it, and without the space that it leaves."""
    before, behind = text[:start].rstrip(), text[end:].lstrip()
    return f"{before} {behind}" if before and behind else before + behind
