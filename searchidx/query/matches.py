"""What a query tree looks for, field by field, in the form that highlighting needs."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from whoosh import query

from searchidx.names import ANY, ANY_WORDS, Names, names_of
from searchidx.settings import FieldKind, FieldSpec


class PhraseMatch(NamedTuple):
    """Terms that must stand together: in order and adjacent when `slop` is 1, else near."""

    terms: tuple[str, ...]
    slop: int = 1


class FieldMatches(NamedTuple):
    """What is looked for in one Whoosh field: terms, phrases, and tests of a whole term."""

    terms: set[str]
    phrases: list[PhraseMatch]
    tests: list[Callable[[str], bool]]

    @classmethod
    def none(cls) -> FieldMatches:
        """Nothing is looked for, yet."""
        return cls(set(), [], [])

    def joined(self, other: FieldMatches) -> FieldMatches:
        """What either looks for."""
        return FieldMatches(
            self.terms | other.terms, self.phrases + other.phrases, self.tests + other.tests
        )


class Matching:
    """What is needed to find the matched characters of a hit; worked out when it is first asked
    for. An implementation detail of `Hit.highlight`."""

    __slots__ = ("_known", "_specs", "_tree")

    def __init__(
        self, tree: query.Query = query.NullQuery, specs: Sequence[FieldSpec] = ()
    ) -> None:
        self._tree = tree
        self._specs = tuple(specs)
        self._known: tuple[dict[str, Names], dict[str, FieldMatches]] | None = None

    def known(self) -> tuple[dict[str, Names], dict[str, FieldMatches]]:
        """Field -> the names of its Whoosh fields, and Whoosh field -> what is looked for there."""
        if self._known is None:
            textual = (FieldKind.TEXT, FieldKind.KEYWORD)
            names = {spec.name: names_of(spec) for spec in self._specs if spec.kind in textual}
            self._known = names, matches_of(self._tree, self._specs)
        return self._known


def matches_of(tree: query.Query, specs: Sequence[FieldSpec]) -> dict[str, FieldMatches]:
    """Whoosh field -> what the tree looks for there, but for what it excludes or does not need.

    What is looked for in `any` is looked for in each of the default fields.
    """
    found: dict[str, FieldMatches] = {}
    for leaf in _leaves(tree):
        if name := leaf.field():
            _add(found.setdefault(name, FieldMatches.none()), leaf)
    words, forms = found.pop(ANY, FieldMatches.none()), found.pop(ANY_WORDS, FieldMatches.none())
    for spec in specs:
        if spec.default and spec.kind in (FieldKind.TEXT, FieldKind.KEYWORD):
            names = names_of(spec)
            for name, plain in ((names.terms, words), (names.words, forms)):
                found[name] = found.get(name, FieldMatches.none()).joined(plain)
    return found


def _leaves(node: query.Query) -> Iterator[query.Query]:
    if isinstance(node, query.Not):
        return
    if isinstance(node, query.AndNot | query.AndMaybe):
        yield from _leaves(node.a)
    elif node.is_leaf():
        yield node
    else:
        for child in node.children():
            yield from _leaves(child)


def _add(matches: FieldMatches, leaf: query.Query) -> None:
    if isinstance(leaf, query.Term):
        matches.terms.add(str(leaf.text))
    elif isinstance(leaf, query.Phrase):
        matches.phrases.append(PhraseMatch(tuple(leaf.words), leaf.slop))
    elif isinstance(leaf, query.Prefix):
        matches.tests.append(partial(_starts_with, leaf.text))
    elif isinstance(leaf, query.Wildcard):
        matches.tests.append(partial(_fits, re.compile(fnmatch.translate(leaf.text))))
    elif isinstance(leaf, query.Regex):
        matches.tests.append(partial(_fits, re.compile(leaf.text)))
    elif isinstance(leaf, query.FuzzyTerm):
        matches.tests.append(partial(_is_near, leaf.text, leaf.maxdist))


def _starts_with(prefix: str, term: str) -> bool:
    return term.startswith(prefix)


def _fits(pattern: re.Pattern[str], term: str) -> bool:
    return pattern.match(term) is not None


def _is_near(text: str, edits: int, term: str) -> bool:
    if abs(len(term) - len(text)) > edits:
        return False
    from whoosh.support.levenshtein import levenshtein  # few queries have a fuzzy word

    return bool(levenshtein(term, text) <= edits)
