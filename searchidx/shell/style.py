"""The line being typed, in colours: which part is a field, a value, an operator or an error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from searchidx.errors import QueryError, SearchIdxError
from searchidx.query.lex import TokenKind, lex
from searchidx.query.vocabulary import Vocabulary
from searchidx.shell.commands import find_command

Fragments = list[tuple[str, str]]
"""(style classes, text) pairs that together are the whole text: prompt_toolkit's form."""

_CLASSES = {
    TokenKind.PHRASE: "phrase",
    TokenKind.REGEX: "regex",
    TokenKind.COMPARE: "operator",
    TokenKind.AND: "operator",
    TokenKind.OR: "operator",
    TokenKind.NOT: "operator",
    TokenKind.MINUS: "operator",
    TokenKind.OPEN: "operator",
    TokenKind.CLOSE: "operator",
    TokenKind.FUZZ: "modifier",
    TokenKind.BOOST: "modifier",
}


def query_fragments(
    text: str, vocabulary: Vocabulary, problems: Iterable[QueryError] = ()
) -> Fragments:
    """A query in pieces of one style each, the parts that are meant by problems underlined."""
    styles = [""] * len(text)
    for start, end, name in _classed(text, vocabulary):
        styles[start:end] = [f"class:{name}"] * (end - start)
    for problem in problems:
        for at in range(min(problem.position, len(text)), min(problem.end, len(text))):
            styles[at] += "" if styles[at].endswith("problem") else " class:problem"
    return _grouped(text, styles)


def command_fragments(text: str) -> Fragments:
    """A line such as `:open 3` in pieces; a command that does not exist is underlined."""
    start = len(text) - len(text.lstrip())
    name = text[start + 1 :].split(" ")[0]
    end = start + 1 + len(name)
    try:
        find_command(name)
        style = "class:command"
    except SearchIdxError:
        style = "class:command class:problem" if name else "class:command"
    return [("", text[:start]), (style, text[start:end]), ("", text[end:])]


def _classed(text: str, vocabulary: Vocabulary) -> Iterator[tuple[int, int, str]]:
    """(start, end, class) of every token that has a style. A word behind a field is a value."""
    after_field = False
    for token in lex(text):
        is_field = token.kind is TokenKind.FIELD
        is_field = is_field and (not token.spaced or _is_name(token.value, vocabulary))
        if is_field:
            yield token.start, token.end, "field"
        elif token.kind in _CLASSES:
            yield token.start, token.end, _CLASSES[token.kind]
        elif token.kind is TokenKind.WORD and after_field:
            yield token.start, token.end, "value"
        after_field = is_field or (after_field and token.kind is TokenKind.COMPARE)


def _is_name(name: str, vocabulary: Vocabulary) -> bool:
    lower = name.lower()
    is_built_in = lower in ("has", "missing") or lower.startswith("meta.")
    return is_built_in or vocabulary.field(name) is not None


def _grouped(text: str, styles: list[str]) -> Fragments:
    pairs = groupby(range(len(text)), key=lambda at: styles[at])
    return [(style.strip(), "".join(text[at] for at in run)) for style, run in pairs]
