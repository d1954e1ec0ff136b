"""Plans: how blocks of one shape become the fields and the `meta` of a post, worked out once.

For nearly every post, the shape of its front matter decides which text feeds which field, and which
are left for `meta`. A plan says just that. A post that is not what its plan expects (a date that is
none, an empty text where another source would be asked) is read without one, see post.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from searchidx.posts.ignored import is_ignored
from searchidx.posts.lines import Lines
from searchidx.posts.model import FieldValue
from searchidx.posts.shapes import Shape
from searchidx.posts.titles import title_of
from searchidx.posts.values import (
    Entries,
    Entry,
    is_ambiguous_date,
    parse_bool,
    parse_date,
    parse_number,
    values_at,
)
from searchidx.settings import FieldKind, FieldSpec, Settings

BODY = "$body"
MAX_META = 2_000
TEXT_KINDS = (FieldKind.TEXT, FieldKind.KEYWORD)
PARSERS: dict[FieldKind, Callable[[Any], FieldValue | None]] = {
    FieldKind.NUMBER: parse_number,
    FieldKind.DATE: parse_date,
    FieldKind.BOOL: parse_bool,
}


class NotAsPlanned(Exception):
    """A post, or a shape of posts, needs to be looked at value by value."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The texts of a block, by their numbers, that become fields and `meta`."""

    fields: tuple[_TextField | _TypedField, ...]
    meta_keys: tuple[str, ...]
    meta_numbers: tuple[int, ...]

    def read(
        self, lines: Lines, body: str, path: str
    ) -> tuple[dict[str, FieldValue], tuple[tuple[str, str], ...]]:
        """The fields and the `meta` of a post. Raises: NotAsPlanned."""
        fields: dict[str, FieldValue] = {}
        for field in self.fields:
            value = field.read(lines, body)
            if value is None and is_title(field.spec):
                value = (title_of(body, path),)
            if value is not None:
                fields[field.spec.name] = value
        texts = list(map(lines.texts.__getitem__, self.meta_numbers))
        pairs = zip(self.meta_keys, texts, strict=True)
        if all(map(str.strip, texts)):
            return fields, tuple(pairs)
        return fields, tuple([(key, text) for key, text in pairs if text.strip()])


class _Part(NamedTuple):
    """The texts that one source gives to a field: the body, if there are no `numbers`; `at_commas`
    one text is cut into several."""

    numbers: tuple[int, ...]
    at_commas: bool


@dataclass(frozen=True, slots=True)
class _TextField:
    """A text or keyword field; `has_more` says that other sources would be asked if it is empty."""

    spec: FieldSpec
    parts: tuple[_Part, ...]
    has_more: bool

    def read(self, lines: Lines, body: str) -> FieldValue | None:
        found: list[str] = []
        for numbers, at_commas in self.parts:
            if not numbers:
                found += [body] if body and not body.isspace() else []
                continue
            texts = [lines.texts[number] for number in numbers]
            if at_commas:
                texts = texts[0].split(",")
            found += filter(None, map(str.strip, texts))
        if self.spec.many:
            return tuple(distinct(found)) or None
        if not found and self.has_more:
            raise NotAsPlanned
        return (", ".join(found),) if found else None


@dataclass(frozen=True, slots=True)
class _TypedField:
    """A number, date or bool field, whose one value has to fit."""

    spec: FieldSpec
    number: int

    def read(self, lines: Lines, body: str) -> FieldValue:
        given = lines.value(self.number)
        value = PARSERS[self.spec.kind](given)
        is_doubtful = self.spec.kind is FieldKind.DATE and is_ambiguous_date(given)
        if value is None or is_doubtful:
            raise NotAsPlanned
        return value


def plan_of(shape: Shape, settings: Settings) -> Plan | None:
    """The plan for blocks of a shape, None if there can be none; made once."""
    known = shape.plan
    if known is None or known[0] is not settings:
        known = shape.plan = (settings, _made(shape.entries(), settings))
    return known[1]


def _made(entries: Entries, settings: Settings) -> Plan | None:
    with suppress(NotAsPlanned):
        return _plan(entries, settings)
    return None


def _plan(entries: Entries, settings: Settings) -> Plan:
    """Raises: NotAsPlanned."""
    fields: list[_TextField | _TypedField] = []
    used: set[int] = set()
    for spec in settings.fields:
        if spec.kind in TEXT_KINDS:
            texts = _text_field(spec, entries)
            used.update(number for part in texts.parts for number in part.numbers)
            fields.append(texts)
        elif (typed := _typed_field(spec, entries)) is not None:
            used.add(typed.number)
            fields.append(typed)
    meta = [
        (entry.key, entry.value)
        for entry in entries.ordered
        if type(entry.value) is int
        and entry.value not in used
        and not is_ignored(entry.key, settings.ignore_metadata)
    ]
    if len(meta) > MAX_META:
        raise NotAsPlanned
    return Plan(tuple(fields), tuple(key for key, _ in meta), tuple(number for _, number in meta))


def _text_field(spec: FieldSpec, entries: Entries) -> _TextField:
    parts: list[_Part] = []
    for source in spec.sources:
        given = [] if source == BODY else values_at(entries, source)
        if source != BODY and not given:
            continue
        if parts and not spec.many:
            return _TextField(spec, tuple(parts), has_more=True)
        part = _Part(tuple(_numbers(spec, source, given)), is_split(spec, source, given))
        if source == BODY or part.numbers:
            parts.append(part)
    return _TextField(spec, tuple(parts), has_more=False)


def _numbers(spec: FieldSpec, source: str, given: Sequence[Entry]) -> Iterable[int]:
    """The numbers of the texts at a source. Raises: NotAsPlanned."""
    for entry in given:
        if type(entry.value) is int:
            yield entry.value
        elif not looks_into(spec, source):
            raise NotAsPlanned


def _typed_field(spec: FieldSpec, entries: Entries) -> _TypedField | None:
    """None if no source has a value. Raises: NotAsPlanned."""
    for source in spec.sources:
        given = values_at(entries, source)
        if source == BODY or len(given) > 1 or any(type(entry.value) is not int for entry in given):
            raise NotAsPlanned
        if given:
            return _TypedField(spec, given[0].value)
    return None


def is_title(spec: FieldSpec) -> bool:
    """Whether the field is made up from the body or the path where it has no value."""
    return spec.name == "title" and spec.kind in TEXT_KINDS


def is_split(spec: FieldSpec, source: str, given: Sequence[Entry]) -> bool:
    """Whether a text at a source holds many values, between commas."""
    is_list = spec.many and not spec.interchangeable and "." not in source
    return is_list and len(given) == 1 and not given[0].parent


def looks_into(spec: FieldSpec, source: str) -> bool:
    """Whether another source of the field goes into the mapping that this one names."""
    inside = source.replace("[]", "") + "."
    return any(other.replace("[]", "").startswith(inside) for other in spec.sources)


def distinct(texts: list[str]) -> list[str]:
    """The texts without those that differ from an earlier one only by case."""
    if len(texts) < 2:
        return texts
    first: dict[str, str] = {}
    for text in texts:
        first.setdefault(text.casefold(), text)
    return list(first.values())
