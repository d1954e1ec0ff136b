"""What a query may name, and what a parsed query is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from whoosh import query

from searchidx.analysis import fold
from searchidx.errors import QueryError
from searchidx.query.lex import field_name
from searchidx.schema import PATH, PATH_FIELD, names_of
from searchidx.settings import FieldSpec, find_field


@dataclass(frozen=True)
class Vocabulary:
    """The fields of an index, and the metadata keys that its posts have.

    `plain` are the fields in which words without a field name are looked for; without any, those
    that the settings say.
    """

    fields: tuple[FieldSpec, ...]
    find_meta_keys: Callable[[], frozenset[str]] = frozenset
    plain: tuple[str, ...] = ()

    @cached_property
    def meta_keys(self) -> frozenset[str]:
        """The metadata keys, found when they are first needed."""
        return self.find_meta_keys()

    def names(self) -> list[str]:
        """Every name that may stand before a colon."""
        declared = [name for spec in self.fields for name in (spec.name, *spec.aliases)]
        return [*declared, PATH, "has", "missing", *(f"meta.{key}" for key in self.meta_keys)]

    def field(self, name: str) -> FieldSpec | None:
        """The field of that name or alias, in any case; None if there is none."""
        return find_field((*self.fields, PATH_FIELD), name)

    def knows(self, name: str) -> bool:
        """Whether a name may stand before a colon."""
        lower = name.lower()
        if lower.startswith("meta."):
            return self.has_meta_key(name[len("meta.") :])
        return lower in ("has", "missing") or self.field(name) is not None

    @cached_property
    def plain_fields(self) -> tuple[FieldSpec, ...]:
        """The fields in which a plain word is looked for."""
        if self.plain:
            return tuple(s for s in (*self.fields, PATH_FIELD) if s.name in self.plain)
        return tuple(spec for spec in self.fields if spec.default)

    @cached_property
    def plain_languages(self) -> tuple[str, ...]:
        """The languages of these fields."""
        return tuple(dict.fromkeys(names_of(spec).language for spec in self.plain_fields))

    @cached_property
    def plain_is_default(self) -> bool:
        """Whether plain words are looked for in the default fields."""
        return not self.plain or set(self.plain) == {s.name for s in self.fields if s.default}

    def near_name(self, name: str) -> str:
        """The name most like this one, as it is typed; empty when none is like it."""
        from difflib import get_close_matches

        near = get_close_matches(name.lower(), self.names(), n=1, cutoff=0.5)
        return field_name(near[0]) if near else ""

    def has_meta_key(self, key: str) -> bool:
        return any(fold(known) == fold(key) for known in self.meta_keys)


def field_of(name: str, fields: Sequence[FieldSpec]) -> FieldSpec:
    """The field of that name or alias. Raises: QueryError that names the nearest."""
    if spec := find_field((*fields, PATH_FIELD), name):
        return spec
    from difflib import get_close_matches

    near = get_close_matches(name.lower(), [spec.name for spec in fields], n=1)
    known = ", ".join(spec.name for spec in fields)
    hint = f"did you mean {near[0]}?" if near else f"the fields are {known}"
    raise QueryError(name, 0, f"there is no field {name!r}", hint, len(name))


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """A query as it was understood.

    `is_ranked` is False when nothing in it is looked for, only filtered, so that every hit has the
    same score. `problems` is what had to be left out, in order; empty after `parse`.
    """

    text: str
    tree: query.Query
    is_ranked: bool
    problems: tuple[QueryError, ...] = ()
