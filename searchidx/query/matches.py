"""What a query tree looks for, field by field, in the form that highlighting needs."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from whoosh import query
from whoosh.support.levenshtein import levenshtein


@dataclass(frozen=True, slots=True)
class PhraseMatch:
    """Terms that must stand together: in order and adjacent when `slop` is 1, else near."""

    terms: tuple[str, ...]
    slop: int = 1


@dataclass(slots=True)
class FieldMatches:
    """What is looked for in one Whoosh field: terms, phrases, and tests of a whole term."""

    terms: set[str] = field(default_factory=set)
    phrases: list[PhraseMatch] = field(default_factory=list)
    tests: list[Callable[[str], bool]] = field(default_factory=list)


def matches_of(tree: query.Query) -> dict[str, FieldMatches]:
    """Whoosh field -> what the tree looks for there, but for what it excludes or does not need."""
    found: dict[str, FieldMatches] = {}
    for leaf in _leaves(tree):
        if isinstance(leaf, query.SpanNear2):
            terms = [part for part in leaf.qs if isinstance(part, query.Term)]
            if terms and len(terms) == len(leaf.qs):
                phrase = PhraseMatch(tuple(str(term.text) for term in terms), leaf.slop)
                found.setdefault(terms[0].fieldname, FieldMatches()).phrases.append(phrase)
        elif name := leaf.field():
            _add(found.setdefault(name, FieldMatches()), leaf)
    return found


def _leaves(node: query.Query) -> Iterator[query.Query]:
    if isinstance(node, query.Not):
        return
    if isinstance(node, query.AndNot | query.AndMaybe):
        yield from _leaves(node.a)
    elif node.is_leaf() or isinstance(node, query.SpanNear2):
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
        matches.tests.append(_starts_with(leaf.text))
    elif isinstance(leaf, query.Wildcard):
        matches.tests.append(_fits(fnmatch.translate(leaf.text)))
    elif isinstance(leaf, query.Regex):
        matches.tests.append(_fits(leaf.text))
    elif isinstance(leaf, query.FuzzyTerm):
        matches.tests.append(_is_near(leaf.text, leaf.maxdist))


def _starts_with(prefix: str) -> Callable[[str], bool]:
    return lambda term: term.startswith(prefix)


def _fits(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda term: compiled.match(term) is not None


def _is_near(text: str, edits: int) -> Callable[[str], bool]:
    return lambda term: abs(len(term) - len(text)) <= edits and levenshtein(term, text) <= edits
