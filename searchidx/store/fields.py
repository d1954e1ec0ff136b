"""The Whoosh fields of an index as queries over its arrays see them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from searchidx.columnar.fields import (
    PlainBool,
    PlainDate,
    PlainFields,
    PlainNumber,
    PlainTerms,
    PlainText,
    PlainType,
)
from searchidx.names import (
    ANY,
    ANY_WORDS,
    HAS,
    META,
    META_VALUE,
    PATH_VALUE,
    PATH_WORDS,
    names_of,
)
from searchidx.settings import FieldKind, FieldSpec

if TYPE_CHECKING:
    from whoosh.fields import Schema

_BUILT_IN: dict[str, type[PlainType]] = {
    ANY: PlainText,
    ANY_WORDS: PlainTerms,
    PATH_WORDS: PlainText,
    PATH_VALUE: PlainTerms,
    META: PlainText,
    META_VALUE: PlainTerms,
    HAS: PlainTerms,
}
_KINDS: dict[FieldKind, type[PlainType]] = {
    FieldKind.NUMBER: PlainNumber,
    FieldKind.DATE: PlainDate,
    FieldKind.BOOL: PlainBool,
}


def plain_fields(specs: Sequence[FieldSpec]) -> PlainFields:
    """What `build_schema` lays out for these fields; the schema itself is made when needed."""

    @cache
    def schema() -> Schema:
        from searchidx.schema import build_schema

        return build_schema(specs)

    return PlainFields({**dict(_kinds(specs)), **_BUILT_IN}, schema)


def _kinds(specs: Iterable[FieldSpec]) -> Iterator[tuple[str, type[PlainType]]]:
    for spec in specs:
        if spec.kind in _KINDS:
            yield spec.name, _KINDS[spec.kind]
        else:
            names = names_of(spec)
            yield names.words, PlainTerms
            yield names.value, PlainTerms
            yield names.terms, PlainText
