"""What could be typed next: a function of the text before the cursor and of the index."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from searchidx.analysis import fold
from searchidx.counts import FacetCount
from searchidx.names import PATH, PROBLEMS, is_sortable
from searchidx.query.dates import NAMED_PERIODS
from searchidx.query.lex import Token, TokenKind, lex, quoted, unescape
from searchidx.query.split import split, together
from searchidx.query.vocabulary import Vocabulary
from searchidx.render import clean
from searchidx.settings import FieldKind, FieldSpec, Match
from searchidx.shell.commands import COMMANDS, WEIGHED_BY, Takes, find_command
from searchidx.shell.session import AUTOMATIC
from searchidx.shell.texts import count_of

SHORTEST_WORD = 2
MOST_WORDS = 20
MOST_VALUES = 100

OPERATORS = (
    ("AND", "both"), ("OR", "either"), ("NOT", "without"),
)  # fmt: skip

_BARE_WORD = re.compile(r"\w[\w.+#&'-]*")


class Source(Protocol):
    """Where candidates come from; `lookups.Lookups` asks a session."""

    def vocabulary(self) -> Vocabulary: ...
    def values(self, name: str, rest: str = "") -> Sequence[FacetCount]: ...
    def saved(self) -> Mapping[str, str]: ...
    def words(self, names: Sequence[str], prefix: str) -> Sequence[FacetCount]: ...
    def ranks(self) -> Sequence[tuple[int, str]]: ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that may replace what stands from `start` (an offset into the line) to the cursor."""

    text: str
    start: int
    display: str
    meta: str = ""


@dataclass(frozen=True, slots=True)
class _Spot:
    """What is being typed: from `start` on, in `field` (empty for plain words).

    `rest` is the query before the clause, `is_first` says that there is none.
    """

    field: str
    typed: str
    start: int
    in_quotes: bool = False
    rest: str = ""


def candidates(text: str, source: Source) -> list[Candidate]:
    """What could stand at the end of `text`, which ends at the cursor; the likeliest first."""
    if text.lstrip().startswith(":"):
        return list(_command_candidates(text, source))
    spot = _spot(text)
    if spot is None:
        return []
    spot = replace(spot, rest=_rest(text))
    if not spot.field:
        return list(_plain_candidates(spot, source))
    return list(_value_candidates(spot, source))


def _spot(text: str) -> _Spot | None:
    """What is being typed at the end of a query; None where nothing is to be completed."""
    tokens = list(lex(text))
    if not tokens or tokens[-1].end != len(text):
        return None
    field, last = _field_before(tokens), tokens[-1]
    match last.kind:
        case TokenKind.FIELD:
            return _Spot(last.value, "", last.end)
        case TokenKind.COMPARE | TokenKind.OPEN:
            return _Spot(field, "", last.end) if field else None
        case TokenKind.WORD:
            return _Spot(field, unescape(last.value), last.start)
        case TokenKind.PHRASE if not last.closed:
            return _Spot(field, unescape(last.value), last.start, in_quotes=True)
    return None


def _rest(text: str) -> str:
    """The query without its last clause, as far as it stands in no parentheses."""
    found = split(text)
    if found.has_choice or not found.parts:
        return ""
    return together(part.text for part in found.parts[:-1])


def _field_before(tokens: Sequence[Token]) -> str:
    """The field that the last token is a value of: the one in front of it, or of its group."""
    pending, groups = "", [""]
    for token in tokens[:-1]:
        if token.kind is TokenKind.OPEN:
            groups.append(pending or groups[-1])
        elif token.kind is TokenKind.CLOSE and len(groups) > 1:
            groups.pop()
        if token.kind is TokenKind.FIELD:
            pending = token.value
        elif token.kind not in (TokenKind.COMPARE, TokenKind.MINUS, TokenKind.NOT):
            pending = ""
    return pending or groups[-1]


# -- plain words and names


def _plain_candidates(spot: _Spot, source: Source) -> Iterator[Candidate]:
    if spot.typed.startswith("@") and not spot.in_quotes:
        for name, text in sorted(source.saved().items()):
            if name.startswith(spot.typed[1:]):
                yield Candidate(f"@{name}", spot.start, f"@{name}", clean(text))
        return
    if not spot.in_quotes:
        yield from _operators(spot)
        for name, meta in _names(spot.typed, source.vocabulary()):
            yield Candidate(f"{name}:", spot.start, f"{name}:", meta)
    names = [spec.name for spec in source.vocabulary().plain_fields]
    yield from _word_candidates(spot, names, source)


def _operators(spot: _Spot) -> Iterator[Candidate]:
    """AND and OR between clauses, NOT before one; in capitals, as they are written."""
    if spot.typed.isupper():
        for name, meta in OPERATORS:
            if name.startswith(spot.typed) and (spot.rest or name == "NOT"):
                yield Candidate(f"{name} ", spot.start, name, meta)


def _names(typed: str, vocabulary: Vocabulary) -> Iterator[tuple[str, str]]:
    """Names that start so, each with what it is; an alias where the name itself does not fit."""
    start = typed.lower()
    if start.startswith("meta."):
        for key in sorted(vocabulary.meta_keys):
            if f"meta.{key}".startswith(start):
                yield f"meta.{key}", "metadata"
        return
    for spec in vocabulary.fields:
        fitting = [name for name in (spec.name, *spec.aliases) if name.startswith(start)]
        if fitting:
            what = spec.kind.value if fitting[0] == spec.name else spec.name
            yield fitting[0], what
    built_in = ((PATH, "keyword"), ("has", "field"), ("missing", "field"))
    for name, what in built_in:
        if name.startswith(start):
            yield name, what


def _word_candidates(spot: _Spot, names: Sequence[str], source: Source) -> Iterator[Candidate]:
    """Words of the fields that start as the last word typed does, most frequent first."""
    typed = spot.typed.rpartition(" ")[2]
    start = spot.start if not spot.in_quotes else spot.start + 1 + len(spot.typed) - len(typed)
    prefix = fold(typed)
    if len(prefix) < SHORTEST_WORD:
        return
    rows = [row for row in source.words(names, prefix) if row.value != prefix]
    for row in [row for row in rows if _BARE_WORD.fullmatch(row.value)][:MOST_WORDS]:
        yield Candidate(row.value, start, row.value, count_of(row.count, "post"))


# -- values of a field


def _value_candidates(spot: _Spot, source: Source) -> Iterator[Candidate]:
    vocabulary = source.vocabulary()
    if spot.field.lower() in ("has", "missing"):
        fields = [spec.name for spec in vocabulary.fields]
        keys = [f"meta.{key}" for key in sorted(vocabulary.meta_keys)]
        for name in [*fields, PROBLEMS, *keys]:
            if name.startswith(spot.typed.lower()):
                yield Candidate(name, spot.start, name)
        return
    spec = vocabulary.field(spot.field)
    if spec is None or spec.name == PATH:
        return
    rows = _fitting(_offered(spec, spot, source), fold(spot.typed))
    for row in rows[:MOST_VALUES]:
        meta = count_of(row.count, "post") if row.count else ""
        yield Candidate(quoted(row.value), spot.start, row.value, meta)
    if spec.kind is FieldKind.TEXT:
        yield from _word_candidates(spot, [spec.name], source)


def _offered(spec: FieldSpec, spot: _Spot, source: Source) -> Iterable[FacetCount]:
    """The values to choose from; of a text field only those that several posts share."""
    match spec.kind:
        case FieldKind.KEYWORD | FieldKind.BOOL:
            return source.values(spec.name, spot.rest)
        case FieldKind.TEXT if spec.many:
            rows = source.values(spec.name, spot.rest)
            return rows if spot.rest else [row for row in rows if row.count > 1]
        case FieldKind.DATE:
            return _periods(spec.name, spot, source)
    return ()


def _periods(name: str, spot: _Spot, source: Source) -> Iterator[FacetCount]:
    """Periods with a name, then the years that posts have; once a year is typed, its months."""
    has_year = re.match(r"\d{4}", spot.typed)
    if not has_year:
        yield from (FacetCount(period, 0) for period in NAMED_PERIODS)
    rows = source.values(f"{name}:{'month' if has_year else 'year'}", spot.rest)
    yield from sorted(rows, key=lambda row: row.value, reverse=True)


def _fitting(rows: Iterable[FacetCount], typed: str) -> list[FacetCount]:
    """Values that start so, then those with a later word that does."""
    usable = [row for row in rows if clean(row.value) == row.value]
    folded = [(row, fold(row.value)) for row in usable]
    first = [row for row, value in folded if value.startswith(typed)]
    later = [
        row
        for row, value in folded
        if not value.startswith(typed) and any(word.startswith(typed) for word in value.split())
    ]
    return first + later


# -- commands and their arguments


def _command_candidates(text: str, source: Source) -> Iterator[Candidate]:
    name, *words = text.lstrip()[1:].split(" ")
    if not words:
        for command in COMMANDS:
            if command.name.startswith(name):
                gap = "" if command.takes is Takes.NOTHING else " "
                start = len(text) - len(name)
                yield Candidate(command.name + gap, start, f":{command.name}", command.help)
        return
    fitting = [command for command in COMMANDS if command.name.startswith(name)]
    if len(fitting) == 1 or name in [command.name for command in fitting]:
        yield from _argument_candidates(find_command(name).takes, text, words, source)


def _argument_candidates(
    takes: Takes, text: str, words: Sequence[str], source: Source
) -> Iterator[Candidate]:
    typed = re.split("[, ]", words[-1])[-1]
    sign = typed[:1] if takes is Takes.SORT and typed[:1] in ("-", "+") else ""
    typed = typed[len(sign) :].lower()
    for value, meta in _arguments(takes, words, source.vocabulary(), source):
        if value.startswith(typed):
            yield Candidate(value, len(text) - len(typed), value, clean(meta))


def _arguments(
    takes: Takes, words: Sequence[str], vocabulary: Vocabulary, source: Source
) -> Iterable[tuple[str, str]]:
    match takes:
        case Takes.HIT | Takes.HIT_AND_URL if len(words) == 1:
            return [(str(rank), title) for rank, title in source.ranks()]
        case Takes.HIT_AND_URL if len(words) == 2:
            return [("url", "its address, in a browser")]
        case Takes.FIELD:
            steps = [
                (f"{s.name}:month", "date") for s in vocabulary.fields if s.kind is FieldKind.DATE
            ]
            names = [(spec.name, spec.kind.value) for spec in vocabulary.fields]
            return [*names, *steps, *([("year", "date")] if steps else [])]
        case Takes.SORT:
            sortable = [spec for spec in vocabulary.fields if is_sortable(spec)]
            whole = [("relevance", "best first"), (AUTOMATIC, "newest first without words")]
            return [*[(spec.name, spec.kind.value) for spec in sortable], *whole]
        case Takes.WEIGHT if len(words) == 1:
            return [(name, "") for name in WEIGHED_BY]
        case Takes.MATCH if len(words) == 1:
            return [(match.value, "") for match in Match]
        case Takes.COMMAND if len(words) == 1:
            return [(command.name, command.help) for command in COMMANDS]
    return ()
