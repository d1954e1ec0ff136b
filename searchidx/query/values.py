"""The value of a clause, in what it is looked for: plain words, a field, metadata, or presence.

Each function gives a Clause: the nodes, and the part they play in the whole query.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from whoosh import query

from searchidx.analysis import VALUE_GAP, query_slots, stemmer
from searchidx.names import ANY, ANY_WORDS, PATH, PROBLEMS, Names, names_of, names_of_meta
from searchidx.query import clauses
from searchidx.query.clauses import Refusal
from searchidx.query.lex import Token, TokenKind, unescape
from searchidx.query.vocabulary import Vocabulary
from searchidx.query.words import Conjunction, PlainWord
from searchidx.settings import FieldKind, FieldSpec

MOST_EDITS = 2


class Role(enum.Enum):
    """What a clause is in its query: required and scored, required, or kept out."""

    LOOKED_FOR = enum.auto()
    FILTER = enum.auto()
    EXCLUDED = enum.auto()


class Clause(NamedTuple):
    """A part of a query; `parts` is what it asks for all at once, where that is known."""

    node: query.Query
    role: Role
    parts: Conjunction | None = None


class TargetKind(enum.Enum):
    PLAIN = "plain"
    FIELD = "field"
    META = "meta"
    HAS = "has"
    MISSING = "missing"


class Target(NamedTuple):
    """Where values are looked for. `spec` is there for FIELD, `key` for META."""

    kind: TargetKind = TargetKind.PLAIN
    spec: FieldSpec | None = None
    key: str = ""


class Modifiers:
    """What stands behind a value: `~2` (1 for a bare `~`) and `^3`."""

    __slots__ = ("boost", "fuzz", "tokens")

    def __init__(self) -> None:
        self.fuzz: int | None = None
        self.boost = 1.0
        self.tokens: list[Token] = []


class Value(NamedTuple):
    """A word, phrase or regex token with the comparison before it and the modifiers behind it."""

    token: Token
    compare: str
    modifiers: Modifiers

    @property
    def text(self) -> str:
        """What is looked for, with escapes resolved."""
        if self.token.kind is TokenKind.REGEX:
            return f"/{self.token.value}/"
        return unescape(self.token.value)

    @property
    def is_star(self) -> bool:
        return self.token.kind is TokenKind.WORD and self.token.value == "*" and not self.compare

    @property
    def is_plain_text(self) -> bool:
        """Whether it is words to be found as they are: no pattern, no regex, not fuzzy."""
        if self.token.kind is TokenKind.REGEX or self.modifiers.fuzz is not None:
            return False
        return self.token.kind is TokenKind.PHRASE or not is_pattern(self.token.value)


def clause_of(value: Value, target: Target, vocabulary: Vocabulary, now: datetime) -> Clause:
    """The clause for a value looked for in a target.

    Raises: Refusal when it cannot be honoured.
    """
    match target.kind:
        case TargetKind.PLAIN:
            return _plain(value, vocabulary)
        case TargetKind.META:
            return _meta(value, target.key)
        case TargetKind.HAS | TargetKind.MISSING:
            return _presence(value, target.kind, vocabulary)
    assert target.spec is not None
    return _field(value, target.spec, now)


def is_pattern(word: str) -> bool:
    """Whether a word holds a * anywhere, or a ? with something behind it."""
    if "*" not in word and "?" not in word:
        return False
    unescaped = word.replace("\\*", "").replace("\\?", "").rstrip("?")
    return "*" in unescaped or "?" in unescaped


def is_punctuation(word: str) -> bool:
    """Whether a word holds nothing that is indexed, such as a dash between words."""
    if word == "*" or query_slots(unescape(word)):
        return False
    return not is_pattern(word) or not set(word) <= {"*", "?"}


def _plain(value: Value, vocabulary: Vocabulary) -> Clause:
    if value.compare:
        raise Refusal(f"{value.compare} needs a field in front", "such as quality:>50")
    if value.is_star:
        return Clause(query.Every(), Role.FILTER)
    specs = vocabulary.plain_fields
    if not specs:
        hint = 'declare one with "default = true", or name a field: title:word'
        raise Refusal("no field is searched for plain words", hint)
    if value.token.kind is TokenKind.WORD and value.is_plain_text:
        word = plain_word(value, vocabulary)
        return Clause(word.node, Role.LOOKED_FOR, Conjunction((word,)))
    return Clause(_plain_text(specs, value, vocabulary), Role.LOOKED_FOR)


def plain_word(value: Value, vocabulary: Vocabulary) -> PlainWord:
    """A word typed plainly. One of several terms matches where they stand side by side, and is
    scored as they are."""
    found = query_slots(value.text)
    boost = value.modifiers.boost
    if len(found) == 1 and not found[0].tail:
        return word_of(found[0].term, vocabulary, boost)
    node = _plain_text(vocabulary.plain_fields, value, vocabulary)
    if len(found) == 1:
        node = clauses.boosted(node, boost)
        return PlainWord((found[0].term,), node, (node,))
    terms = tuple(slot.term for slot in found)
    parts = tuple(
        None if vocabulary.is_stop_word(term) else plain_term(term, vocabulary, boost)
        for term in terms
    )
    scored = [part for part in parts if part is not None]
    if not scored:
        return PlainWord(terms, clauses.boosted(node, boost), parts, is_stop_word=True)
    together = query.AndMaybe(clauses.constant(node, 0.0), clauses.any_of(scored))
    return PlainWord(terms, together, parts)


def word_of(term: str, vocabulary: Vocabulary, boost: float = 1.0) -> PlainWord:
    """A word typed plainly that is a single term."""
    node = plain_term(term, vocabulary, boost)
    is_stop_word = boost == 1.0 and vocabulary.is_stop_word(term)
    return PlainWord((term,), node, (node,), is_stop_word)


def plain_term(term: str, vocabulary: Vocabulary, boost: float = 1.0) -> query.Query:
    """A term as typed, in the fields in which plain words are looked for."""
    if vocabulary.plain_is_default:
        stems = dict.fromkeys([stem(term) for stem in vocabulary.plain_stemmers])
        return clauses.any_of([query.Term(ANY, stem, boost=boost) for stem in stems])
    fields = [(names_of(spec), spec.weight * boost) for spec in vocabulary.plain_fields]
    return clauses.any_of(
        query.Term(names.terms, stemmer(names.language)(term), boost=weight)
        for names, weight in fields
    )


def _plain_text(specs: Sequence[FieldSpec], value: Value, vocabulary: Vocabulary) -> query.Query:
    """A value looked for in several fields.

    One word is looked for in `any`, where the default fields are as one. Words that must stand
    together in a single field, and fields other than the default ones, are looked for one by one.
    """
    if not vocabulary.plain_is_default or not _is_one_word(value):
        return clauses.any_of(_text(names_of(s), s.weight, value, s.kind) for s in specs)
    nodes: list[query.Query] = []
    for language in vocabulary.plain_languages:
        node = _text(Names(ANY, ANY_WORDS, "", language), 1.0, value, FieldKind.TEXT)
        if node not in nodes:
            nodes.append(node)
    if value.token.kind is TokenKind.REGEX or is_pattern(value.token.value):
        nodes += _whole_values(specs, value)
    return clauses.any_of(nodes)


def _is_one_word(value: Value) -> bool:
    if value.token.kind is TokenKind.REGEX:
        return True
    if value.token.kind is TokenKind.WORD and is_pattern(value.token.value):
        return clauses.is_one_word(value.token.value)
    return len(query_slots(value.text)) == 1


def _whole_values(specs: Sequence[FieldSpec], value: Value) -> list[query.Query]:
    """A pattern that reaches over several words of a keyword: it is held to whole values too."""
    token = value.token
    if token.kind is TokenKind.WORD and not is_pattern(token.value.rstrip("*")):
        return []
    found = []
    for spec in specs:
        if spec.kind is FieldKind.KEYWORD:
            names = names_of(spec)
            whole = Names(names.value, names.value, names.value, "none")
            found.append(_text(whole, 1.0, value, FieldKind.KEYWORD))
    return found


def _field(value: Value, spec: FieldSpec, now: datetime) -> Clause:
    text = value.text
    if value.is_star:
        return Clause(clauses.has_query(spec.name), Role.FILTER)
    if spec.kind in (FieldKind.NUMBER, FieldKind.DATE, FieldKind.BOOL):
        return Clause(_typed(value, spec, now), Role.FILTER)
    names = names_of(spec)
    if value.compare == "=":
        return Clause(clauses.value_query(names, text), Role.FILTER)
    if value.compare:
        hint = f"{value.compare} works on numbers and dates; write {spec.name}:{text}"
        raise Refusal(f"{spec.name} is {spec.kind}", hint)
    if value.token.kind is TokenKind.WORD and text.startswith("-") and text.strip("-"):
        hint = f"to exclude it write -{spec.name}:{text.lstrip('-')}"
        raise Refusal(f"{text!r} starts with -", hint)
    if spec.name == PATH and value.is_plain_text:
        return Clause(clauses.path_query(names, text), Role.FILTER)
    node = _text(names, spec.weight, value, spec.kind)
    if spec.kind is FieldKind.TEXT:
        return Clause(node, Role.LOOKED_FOR)
    return Clause(clauses.constant(node), Role.FILTER)


def _typed(value: Value, spec: FieldSpec, now: datetime) -> query.Query:
    if value.modifiers.fuzz is not None or value.token.kind is TokenKind.REGEX:
        hint = "~ and /regex/ work on words; write a range such as 10..20"
        raise Refusal(f"{spec.name} is a {spec.kind}", hint)
    if spec.kind is FieldKind.NUMBER:
        return clauses.number_query(spec, value.compare, value.text)
    if spec.kind is FieldKind.DATE:
        return clauses.date_query(spec, value.compare, value.text, now)
    if value.compare not in ("", "="):
        raise Refusal(f"{spec.name} is yes or no", f"write {spec.name}:yes or {spec.name}:no")
    return clauses.bool_query(spec, value.text)


def _meta(value: Value, key: str) -> Clause:
    names = names_of_meta(key)
    if value.is_star:
        return Clause(clauses.has_query(f"meta.{key}"), Role.FILTER)
    if value.compare == "=":
        return Clause(clauses.value_query(names, value.text), Role.FILTER)
    if value.compare:
        hint = f"declare {key!r} as a number or date field in searchidx.toml"
        raise Refusal(f"meta.{key} is text", hint)
    return Clause(clauses.constant(_text(names, 1.0, value, FieldKind.KEYWORD)), Role.FILTER)


def _presence(value: Value, kind: TargetKind, vocabulary: Vocabulary) -> Clause:
    name = value.text
    if value.compare or value.modifiers.fuzz is not None or value.token.kind is TokenKind.REGEX:
        raise Refusal(f"{kind.value}: takes the name of a field", f"write {kind.value}:related")
    spec = vocabulary.field(name)
    is_meta = name.lower().startswith("meta.") and vocabulary.has_meta_key(name[5:])
    if spec is None and not is_meta and name.lower() != PROBLEMS:
        near = vocabulary.near_name(name)
        hint = f"did you mean {near}?" if near else "see: searchidx fields"
        raise Refusal(f"there is no field {name!r}", hint)
    role = Role.FILTER if kind is TargetKind.HAS else Role.EXCLUDED
    return Clause(clauses.has_query(spec.name if spec else name), role)


def _text(names: Names, weight: float, value: Value, kind: FieldKind) -> query.Query:
    """A word, phrase or regex looked for in one text or keyword field."""
    whole = kind is FieldKind.KEYWORD
    token, fuzz = value.token, value.modifiers.fuzz
    if token.kind is TokenKind.REGEX:
        return clauses.regex_query(names, token.value, weight, whole)
    if token.kind is TokenKind.PHRASE:
        if fuzz is not None and fuzz >= VALUE_GAP:
            hint = "use AND for words that may be anywhere"
            raise Refusal(f"~{fuzz} is more than {VALUE_GAP - 1} words apart", hint)
        return clauses.text_query(names, value.text, weight, fuzz or 0)
    if fuzz is not None:
        if fuzz > MOST_EDITS:
            hint = f'use ~ or ~2; for words near each other: "two words"~{fuzz}'
            raise Refusal(f"~{fuzz} is more than {MOST_EDITS} edits", hint)
        return clauses.fuzzy_query(names, value.text, weight, fuzz or 1)
    if is_pattern(token.value):
        return clauses.pattern_query(names, token.value.rstrip("?"), weight, whole)
    return clauses.text_query(names, value.text, weight)
