"""What a query may name, and what a parsed query is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import NamedTuple

from whoosh import query
from whoosh.lang import NoStopWords, stopwords_for_language

from searchidx.analysis import fold, stemmer
from searchidx.columnar.closeness import Run, WithCloseness
from searchidx.errors import QueryError
from searchidx.names import PATH, PATH_FIELD, any_language_of, names_of
from searchidx.query.clauses import any_of
from searchidx.query.lex import field_name
from searchidx.query.words import NOTHING, Conjunction
from searchidx.settings import FieldKind, FieldSpec, find_field


@cache
def _stop_words_of(language: str) -> frozenset[str]:
    try:
        return frozenset(fold(word) for word in stopwords_for_language(language))
    except (NoStopWords, KeyError):
        return frozenset()


class Vocabulary:
    """The fields of an index, and the metadata keys that its posts have.

    `plain` are the fields in which words without a field name are looked for; without any, those
    that the settings say.
    """

    def __init__(
        self,
        fields: tuple[FieldSpec, ...],
        find_meta_keys: Callable[[], frozenset[str]] = frozenset,
        plain: tuple[str, ...] = (),
    ) -> None:
        self.fields = fields
        self.find_meta_keys = find_meta_keys
        self.plain = plain

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
        found = (any_language_of(spec, self.fields) for spec in self.plain_fields)
        return tuple(dict.fromkeys(found))

    @cached_property
    def plain_stemmers(self) -> tuple[Callable[[str], str], ...]:
        """The stemming functions of these languages."""
        return tuple(map(stemmer, self.plain_languages))

    @cached_property
    def plain_is_default(self) -> bool:
        """Whether plain words are looked for in the default fields."""
        return not self.plain or set(self.plain) == {s.name for s in self.fields if s.default}

    @cached_property
    def telling_fields(self) -> tuple[tuple[str, Callable[[str], str]], ...]:
        """The text fields in which it counts how words stand, each with its stemming function.

        A field that counts less than plain text, such as the titles of related posts, is about
        something else.
        """
        return tuple(
            (spec.name, stemmer(names_of(spec).language))
            for spec in self.plain_fields
            if spec.kind is FieldKind.TEXT and spec.weight >= 1
        )

    @cached_property
    def title(self) -> str:
        """The Whoosh field that holds whole titles; empty when titles are not plain text here."""
        title = find_field(self.plain_fields, "title")
        return names_of(title).value if title and title.kind is FieldKind.TEXT else ""

    def is_stop_word(self, term: str) -> bool:
        """Whether nearly every text in the language of plain words has this word."""
        return term in self._stop_words

    @cached_property
    def _stop_words(self) -> frozenset[str]:
        specs = self.plain_fields
        return _stop_words_of(specs[0].language) if specs else frozenset()

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


class ParsedQuery(NamedTuple):
    """A query as it was understood.

    `tree` asks for all of its words. `loose` asks for any of those that were typed plainly, and for
    everything else; None when there are not two. `is_ranked` is False when nothing in it is looked
    for, only filtered, so that every hit has the same score. `problems` is what had to be left out,
    in order; empty after `parse`. `title` and `runs` do not change what matches, but `lifted` trees
    score by them. `asked` is the query as what it asks for at once; empty when an OR is outermost.
    """

    text: str
    tree: query.Query
    is_ranked: bool
    problems: tuple[QueryError, ...] = ()
    loose: query.Query | None = None
    title: query.Query | None = None
    runs: tuple[Run, ...] = ()
    asked: Conjunction = NOTHING

    def widened(self, nodes: Sequence[query.Query]) -> ParsedQuery:
        """The query with more to look for: it adds to the score of what matches, and posts that
        have nothing else match loosely."""
        tree = query.AndMaybe(self.tree, any_of(nodes))
        return self._replace(tree=tree, loose=self.asked.loose(nodes))

    def lifted(self, tree: query.Query) -> query.Query:
        """A tree in which posts count more that hold the words as the query has them: as their
        title, or as close to each other."""
        if self.title is not None:
            tree = query.AndMaybe(tree, self.title)
        return WithCloseness(tree, self.runs) if self.runs else tree
