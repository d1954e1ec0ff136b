"""Words that mean the same, looked for in the place of each other when a query is read.

A line says which: `car, automobile, motor car` each find the others, `tv => television` finds the
second by the first alone. Several words stand together; `#` starts a comment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from whoosh import query

from searchidx.analysis import query_slots
from searchidx.errors import SettingsError
from searchidx.query.lex import Token, TokenKind
from searchidx.query.values import Modifiers, Value, plain_word
from searchidx.query.vocabulary import Vocabulary
from searchidx.query.words import Conjunction, PlainWord

ARROW = "=>"


@dataclass(frozen=True, slots=True)
class Synonyms:
    """The terms of a text (folded, as typed) -> the texts that may stand in its place."""

    others: Mapping[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)

    def applied(self, asked: Conjunction, vocabulary: Vocabulary) -> Conjunction:
        """What is asked for, in which words may be others that mean the same. Of texts that start
        with the same word the longest counts."""
        stem = next(iter(vocabulary.plain_stemmers), str)
        known = {tuple(map(stem, terms)): texts for terms, texts in self.others.items()}
        longest = max(map(len, known), default=0)
        words: list[PlainWord] = []
        at = 0
        while at < len(asked.words):
            taken, texts = _longest(asked.words[at : at + longest], stem, known)
            if taken:
                words.append(_either(asked.words[at : at + taken], texts, vocabulary))
            else:
                words.append(asked.words[at])
            at += taken or 1
        return Conjunction(tuple(words), asked.looked_for, asked.filters, asked.excluded)


def read_synonyms(path: Path) -> Synonyms:
    """The synonyms of a file in UTF-8, read again when it has changed.

    Raises: SettingsError, when it cannot be read, too.
    """
    try:
        stat = path.stat()
        return _read(path, stat.st_mtime_ns, stat.st_size)
    except OSError as error:
        raise SettingsError(path, 1, "synonyms", error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise SettingsError(path, 1, "synonyms", "is not UTF-8") from error


@lru_cache(maxsize=8)
def _read(path: Path, mtime_ns: int, size_bytes: int) -> Synonyms:
    return parse_synonyms(path.read_text(encoding="utf-8-sig"), path)


def parse_synonyms(text: str, path: Path) -> Synonyms:
    """The synonyms that a file says.

    Raises: SettingsError with the line that says none.
    """
    others: dict[tuple[str, ...], list[str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        said = line.partition("#")[0].strip()
        if not said:
            continue
        left, arrow, right = said.partition(ARROW)
        from_, to = _texts(left), _texts(right if arrow else left)
        if not from_ or not to or (not arrow and len(to) < 2):
            reason = "expected words such as: car, automobile; or: tv => television"
            raise SettingsError(path, number, "", reason)
        for text_ in from_:
            others.setdefault(_terms(text_), []).extend(t for t in to if t != text_)
    return Synonyms({terms: tuple(dict.fromkeys(texts)) for terms, texts in others.items()})


def _texts(said: str) -> list[str]:
    return [part.strip() for part in said.split(",") if query_slots(part)]


def _terms(text: str) -> tuple[str, ...]:
    return tuple(slot.term for slot in query_slots(text))


def _longest(
    words: Sequence[PlainWord],
    stem: Callable[[str], str],
    known: Mapping[tuple[str, ...], tuple[str, ...]],
) -> tuple[int, tuple[str, ...]]:
    """How many of the words have others, and these; 0 when none of their beginnings has."""
    for count in range(len(words), 0, -1):
        terms = tuple(stem(term) for word in words[:count] for term in word.terms)
        if texts := known.get(terms):
            return count, texts
    return 0, ()


def _either(words: Sequence[PlainWord], texts: Sequence[str], vocabulary: Vocabulary) -> PlainWord:
    """Words, or what may stand in their place; a post counts by what fits it best."""
    held = [word.node for word in words]
    typed = query.And(held) if len(held) > 1 else held[0]
    others = tuple(_word(text, vocabulary).node for text in texts)
    return PlainWord(
        tuple(term for word in words for term in word.terms),
        query.DisjunctionMax([typed, *others]),
        tuple(part for word in words for part in word.parts),
        is_stop_word=False,
        is_required=any(word.is_required for word in words),
        others=others,
    )


def _word(text: str, vocabulary: Vocabulary) -> PlainWord:
    token = Token(TokenKind.PHRASE, text, 0, len(text))
    return plain_word(Value(token, "", Modifiers()), vocabulary)
