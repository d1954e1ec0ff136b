"""Did you mean: a query again, with words the index does not have replaced by near ones it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from searchidx.analysis import query_slots
from searchidx.errors import QueryError
from searchidx.query.lex import Token, TokenKind, lex, unescape
from searchidx.query.parse import parse
from searchidx.query.vocabulary import Vocabulary
from searchidx.results import Suggestion
from searchidx.schema import names_of
from searchidx.settings import FieldKind, FieldSpec
from searchidx.store.snapshot import Snapshot

SHORTEST_WORD = 3
CHOICES_PER_WORD = 3
MOST_WORDS = 30
MOST_UNKNOWN = 6


def suggest(
    snapshot: Snapshot, vocabulary: Vocabulary, text: str, limit: int
) -> tuple[Suggestion, ...]:
    """Queries near this one that have hits, those with the smallest changes first.

    A word is replaced when no post has it: by words one edit away, else two, the more frequent
    first. Empty when every word is known, or no replacement brings hits; and for a query of more
    than MOST_WORDS words or MOST_UNKNOWN unknown ones, which is no slip of the finger.
    """
    words = list(islice(_words(text), MOST_WORDS + 1))
    if len(words) > MOST_WORDS:
        return ()
    wanting = []
    for token, field in words:
        if near := _replacements(snapshot, vocabulary, token, field):
            wanting.append((token, near))
        if len(wanting) > MOST_UNKNOWN:
            return ()
    found: list[Suggestion] = []
    for rank in range(CHOICES_PER_WORD):
        query = _replaced(
            text, [(token, words[min(rank, len(words) - 1)]) for token, words in wanting]
        )
        if query == text or any(query == suggestion.query for suggestion in found):
            continue
        try:
            total = snapshot.count(parse(query, vocabulary).tree)
        except QueryError:
            continue
        if total:
            found.append(Suggestion(query, total))
    return tuple(found[:limit])


def _words(text: str) -> Iterator[tuple[Token, str]]:
    """The word and phrase tokens of a query, each with the name of the field it stands in."""
    field = ""
    for token in lex(text):
        if token.kind is TokenKind.FIELD:
            field = token.value
        elif token.kind in (TokenKind.WORD, TokenKind.PHRASE):
            if not any(char in token.value for char in "*?"):
                yield token, field
            field = ""


def _replacements(
    snapshot: Snapshot, vocabulary: Vocabulary, token: Token, field: str
) -> list[str]:
    """Texts to put in the place of a token; empty when its words are known or nothing is near."""
    specs = _searched(vocabulary, field)
    slots = query_slots(unescape(token.value))
    unknown = [slot.term for slot in slots if not _frequency(snapshot, specs, slot.term)]
    if not specs or len(unknown) != 1 or len(unknown[0]) < SHORTEST_WORD:
        return []
    wrong = next(slot for slot in slots if slot.term == unknown[0])
    word = unescape(token.value)
    return [
        word[: wrong.start] + near + word[wrong.end :]
        for near in _near(snapshot, specs, unknown[0])[:CHOICES_PER_WORD]
    ]


def _searched(vocabulary: Vocabulary, field: str) -> Sequence[FieldSpec]:
    if not field:
        return vocabulary.plain_fields
    spec = vocabulary.field(field)
    is_text = spec is not None and spec.kind in (FieldKind.TEXT, FieldKind.KEYWORD)
    return [spec] if spec and is_text else []


def _frequency(snapshot: Snapshot, specs: Sequence[FieldSpec], term: str) -> int:
    return max((snapshot.document_frequency(names_of(s).words, term) for s in specs), default=0)


def _near(snapshot: Snapshot, specs: Sequence[FieldSpec], term: str) -> list[str]:
    for edits in (1, 2):
        if edits == 2 and len(term) < 5:
            break
        words = {w for s in specs for w in snapshot.near_terms(names_of(s).words, term, edits)}
        words = {word for word in words if word.isalnum()}
        if words:
            return sorted(words, key=lambda word: (-_frequency(snapshot, specs, word), word))
    return []


def _replaced(text: str, changes: Sequence[tuple[Token, str]]) -> str:
    for token, word in reversed(changes):
        inside = f'"{word}"' if token.kind is TokenKind.PHRASE else word
        text = text[: token.start] + inside + text[token.end :]
    return text
