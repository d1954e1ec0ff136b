"""Query text becomes tokens: one lexer for the parser, the shell's colours and its completion.

Lexing never fails: whatever the text, the tokens cover all of it but the white space.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from typing import NamedTuple

from searchidx.patterns import late_pattern


class TokenKind(enum.Enum):
    WORD = "word"
    PHRASE = "phrase"
    REGEX = "regex"
    FIELD = "field"
    COMPARE = "compare"
    AND = "AND"
    OR = "OR"
    NOT = "NOT"
    MINUS = "-"
    OPEN = "("
    CLOSE = ")"
    FUZZ = "~"
    BOOST = "^"


class Token(NamedTuple):
    """One token; `start` and `end` are character offsets into the query.

    `value` is what the token means: a word as typed (escapes kept, see `unescape`), the inside of a
    phrase or regex, a field name without its colon, the number behind `~` or `^`. `closed` is False
    for a phrase whose closing quote is missing; `spaced` is True for a field name followed by white
    space.
    """

    kind: TokenKind
    value: str
    start: int
    end: int
    closed: bool = True
    spaced: bool = False


_BARE_VALUE = late_pattern(r"\w[\w.-]*")
_SPACE = late_pattern(r"\s+")
_PLAIN_WORD = late_pattern(r"[a-z0-9]+(?=\s|$)")
"""What is nothing but a word wherever it stands; most of what people type."""
PLAIN_WORDS = late_pattern(r"[a-z0-9]+(?: [a-z0-9]+)*")
"""A query that holds nothing but such words, one space between them."""
_PHRASE = late_pattern(
    r'["\u201c\u201d\u201e]((?:\\.|[^"\\\u201c\u201d])*)(["\u201c\u201d]?)', re.S
)
_REGEX = late_pattern(r"/((?:[^/\\\s]|\\.)+)/(?=[\s)^]|$)")
_FIELD = late_pattern(
    r'(?P<meta>[mM][eE][tT][aA]\.)"(?P<key>(?:\\.|[^"\\])+)":'
    r'|(?P<name>[mM][eE][tT][aA]\.[^\s":()<>=]+|[^\W\d][\w-]*(?:\.[\w.-]*\w)?):(?!//)'
)
_COMPARE = late_pattern(r">=|<=|>|<|=")
_OPERATOR = late_pattern(r'(AND|OR|NOT)(?=[\s()"]|$)')
_MODIFIER = late_pattern(
    r"(?P<mark>~)(?P<edits>\d*)(?=[\s)^]|$)|\^(?P<boost>\d+(?:\.\d+)?)(?=[\s)~]|$)"
)
_WORD = late_pattern(r'(?:\\.|[^\s()"\u201c\u201d\\]|\\$)+', re.S)
_WORD_END = late_pattern(r"(?<!\\)(?:~\d*(?:\^\d+(?:\.\d+)?)?|\^\d+(?:\.\d+)?(?:~\d*)?)$")


def lex(text: str) -> Iterator[Token]:
    """The tokens of a query, in order."""
    position = 0
    fresh = True  # at the start of a clause, where - and / and operators mean something
    after_field = False
    while position < len(text):
        if space := _SPACE.match(text, position):
            position = space.end()
            fresh = True
            continue
        if word := _PLAIN_WORD.match(text, position):
            token = Token(TokenKind.WORD, word[0], position, word.end())
        else:
            token = _token(text, position, fresh, after_field)
        yield token
        position = token.end
        after_field = token.kind is TokenKind.FIELD and not token.spaced
        after_field = after_field or (token.kind is TokenKind.COMPARE)
        fresh = token.kind in (TokenKind.OPEN, TokenKind.FIELD, TokenKind.COMPARE, TokenKind.MINUS)


def field_name(name: str) -> str:
    """A field name as it is typed: a metadata key with a space, quote or colon is quoted."""
    key = name[len("meta.") :]
    if not name.lower().startswith("meta.") or re.fullmatch(r'[^\s":()<>=]+', key):
        return name
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'meta."{escaped}"'


def quoted(value: str) -> str:
    """A value as a query writes it: as it is when that is one word, else in quotes."""
    if _BARE_VALUE.fullmatch(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unescape(text: str) -> str:
    """The text with `\\*` read as `*`, and so on for every character that is no letter or digit."""
    return re.sub(r"\\([^\w\s])", r"\1", text) if "\\" in text else text


def _token(text: str, position: int, fresh: bool, after_field: bool) -> Token:
    char = text[position]
    if char in "()":
        kind = TokenKind.OPEN if char == "(" else TokenKind.CLOSE
        return Token(kind, char, position, position + 1)
    if phrase := _PHRASE.match(text, position):
        return Token(TokenKind.PHRASE, phrase[1], position, phrase.end(), closed=bool(phrase[2]))
    if not fresh and (modifier := _MODIFIER.match(text, position)):
        kind = TokenKind.FUZZ if modifier["mark"] else TokenKind.BOOST
        return Token(kind, modifier["edits"] or modifier["boost"] or "", position, modifier.end())
    if fresh and (token := _clause_start(text, position, after_field)):
        return token
    word = _WORD.match(text, position)
    end = word.end() if word else position + 1
    if (tail := _WORD_END.search(text, position, end)) and tail.start() > position:
        end = tail.start()
    return Token(TokenKind.WORD, text[position:end], position, end)


def _clause_start(text: str, position: int, after_field: bool) -> Token | None:
    if regex := _REGEX.match(text, position):
        return Token(TokenKind.REGEX, regex[1], position, regex.end())
    if after_field:
        if compare := _COMPARE.match(text, position):
            return Token(TokenKind.COMPARE, compare[0], position, compare.end())
        return None
    if operator := _OPERATOR.match(text, position):
        return Token(TokenKind(operator[1]), operator[1], position, operator.end())
    if text[position] == "-" and not _SPACE.match(text, position + 1) and position + 1 < len(text):
        return Token(TokenKind.MINUS, "-", position, position + 1)
    if field := _FIELD.match(text, position):
        spaced = field.end() == len(text) or text[field.end()].isspace()
        name = field["name"] or field["meta"] + unescape(field["key"])
        return Token(TokenKind.FIELD, name, position, field.end(), spaced=spaced)
    return None
