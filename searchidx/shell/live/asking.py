"""What the live shell asks of an index, and the answers, in the order in which they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from searchidx.answers import NoHits
from searchidx.counts import FacetCount
from searchidx.errors import QueryError
from searchidx.index import Index
from searchidx.query.lex import Token, TokenKind, lex
from searchidx.query.meaning import meaning_of
from searchidx.query.vocabulary import Vocabulary
from searchidx.reading import SearchOptions
from searchidx.results import Hit, Results
from searchidx.saved import expanded
from searchidx.settings import FieldKind, FieldSpec

WINDOW = 30
"""Hits are fetched so many at a time, with as many before and behind them."""

MOST_VALUES = 100
COUNTED_FIRST = ("topics", "provider", "type", "category")
"""The fields that are counted first; the others of the settings follow."""

EVERY_POST = "*"
SHORTEST_START, MOST_LIKELY = 2, 4
Words = Callable[[str], Sequence[str]]
NOTHING: Mapping[str, str] = MappingProxyType({})
_UNTOUCHED = frozenset("*?~^/\\@")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked at one keystroke.

    `offset` is where the window of hits starts. With `like`, posts like the one there are asked
    for, and the text does not matter. `options` are those of a search that commands have set.
    """

    text: str
    sort: str = ""
    like: str = ""
    offset: int = 0
    options: tuple[tuple[str, Any], ...] = ()

    @property
    def is_about_the_same(self) -> tuple[object, ...]:
        """What decides which posts match, and so what is counted."""
        return self.text, self.like, self.options

    @property
    def search_options(self) -> SearchOptions:
        """How to search, apart from the query and the order."""
        return cast("SearchOptions", {"lenient": True, **dict(self.options)})


@dataclass(frozen=True, slots=True)
class Answer:
    """The hits of a question, and what the query was understood as."""

    question: Question
    results: Results
    meaning: str
    generation: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts over all posts that match: (facet, values), and the posts of each month."""

    question: Question
    facets: tuple[tuple[str, tuple[FacetCount, ...]], ...] = ()
    months: tuple[FacetCount, ...] = ()


@dataclass(frozen=True, slots=True)
class Rescue:
    """What can be done about a question without hits."""

    question: Question
    found: NoHits


def searched_text(text: str, vocabulary: Vocabulary, words: Words | None = None) -> str:
    """The query to run for what is typed so far: its last word stands for all that start so.

    Those of them that `words` names count for as much as if they were typed.

    Nothing typed asks for every post. The word is left alone where a start means nothing: in a
    number or date, behind a minus, in a pattern.
    """
    tokens = list(lex(text))
    if not tokens:
        return EVERY_POST
    last = tokens[-1]
    if last.end != len(text) or not _may_grow(tokens, vocabulary):
        return text
    if last.kind is TokenKind.PHRASE:
        return text[: last.start] + _open_phrase(last.value)
    likely = words(last.value) if words and len(last.value) >= SHORTEST_START else ()
    choices = dict.fromkeys((last.value, *likely, f"{last.value}*"))
    return f"{text[: last.start]}({' OR '.join(choices)})"


def likely_words(index: Index) -> Words:
    """From the start of a word to the most frequent words of titles that start so."""
    titled = any(spec.name == "title" and spec.kind is FieldKind.TEXT for spec in index.fields)

    def words(start: str) -> list[str]:
        if not titled:
            return []
        rows = [row for row in index.terms("title", start) if row[0].isalnum()]
        return [word for word, _ in sorted(rows, key=lambda row: (-row[1], row[0]))[:MOST_LIKELY]]

    return words


def _may_grow(tokens: Sequence[Token], vocabulary: Vocabulary) -> bool:
    last = tokens[-1]
    is_open = last.kind is TokenKind.WORD or (last.kind is TokenKind.PHRASE and not last.closed)
    if not is_open or _UNTOUCHED & set(last.value) or not any(map(str.isalnum, last.value)):
        return False
    before = tokens[-2] if len(tokens) > 1 else None
    if before is None or before.kind is not TokenKind.FIELD:
        return before is None or before.kind not in (
            TokenKind.COMPARE,
            TokenKind.MINUS,
            TokenKind.NOT,
        )
    spec = vocabulary.field(before.value)
    if spec is None:
        return before.value.lower().startswith("meta.") or before.spaced
    return spec.kind in (FieldKind.TEXT, FieldKind.KEYWORD)


def _open_phrase(words: str) -> str:
    """A phrase that is still being typed: the words before the last, and the start of that one."""
    whole, _, start = words.rpartition(" ")
    if not start:
        return f'"{words}"'
    grown = f"({start} OR {start}*)"
    return f'("{whole}" {grown})' if whole else grown


def answer(
    index: Index, question: Question, vocabulary: Vocabulary, saved: Mapping[str, str] = NOTHING
) -> Answer:
    """The window of hits for a question. What cannot be honoured is left out of the query.

    Raises: QueryError when the post that others are to be like is gone; IndexMissing.
    """
    limit = 3 * WINDOW if question.offset else 2 * WINDOW
    if question.like:
        results = index.similar(question.like, limit=3 * WINDOW)
        return Answer(question, results, f"posts like {question.like}", index.generation)
    text = _whole_text(index, question, vocabulary, saved)
    options: SearchOptions = {
        **question.search_options,
        "limit": limit,
        "offset": question.offset,
        "sort": question.sort,
    }
    results = index.search(text, **options)
    meaning = meaning_of(index.parse(text, lenient=True).tree)
    return Answer(question, results, meaning, index.generation)


def _whole_text(
    index: Index, question: Question, vocabulary: Vocabulary, saved: Mapping[str, str]
) -> str:
    """The query to run, with the saved searches that it names."""
    text = searched_text(question.text, vocabulary, likely_words(index))
    with suppress(QueryError):  # a name that is still being typed
        text = expanded(text, saved)
    return text


def tally(
    index: Index, question: Question, vocabulary: Vocabulary, saved: Mapping[str, str] = NOTHING
) -> Tally:
    """The counts for a question."""
    if question.like:
        return Tally(question)
    text = _whole_text(index, question, vocabulary, saved)
    names = counted_fields(vocabulary.fields)
    dated = any(spec.kind is FieldKind.DATE for spec in vocabulary.fields)
    wanted = (*names, "month") if dated else names
    options: SearchOptions = {
        **question.search_options,
        "limit": 0,
        "facets": wanted,
        "facet_limit": MOST_VALUES,
    }
    found = index.search(text, **options).facets
    months = tuple(sorted(found.get("month", ()), key=lambda row: row.value))
    facets = tuple((name, found[name][:MOST_VALUES]) for name in names if found[name])
    return Tally(question, (*facets, *_years(months)), months)


def _years(months: Sequence[FacetCount]) -> Iterator[tuple[str, tuple[FacetCount, ...]]]:
    counts: dict[str, int] = {}
    for month in months:
        year = month.value.partition("-")[0]
        counts[year] = counts.get(year, 0) + month.count
    if counts:
        rows = (FacetCount(year, counts[year]) for year in sorted(counts, reverse=True))
        yield "year", tuple(rows)


def counted_fields(specs: Sequence[FieldSpec]) -> tuple[str, ...]:
    """The fields whose values are counted: those that posts share, such as topics."""
    known = [spec.name for spec in specs]
    first = [name for name in COUNTED_FIRST if name in known]
    others = [
        spec.name
        for spec in specs
        if spec.name not in (*first, "url") and spec.kind is FieldKind.KEYWORD
    ]
    return tuple(first + others)


def chosen_hit(found: Answer | None, selected: int) -> Hit | None:
    """The hit of that place, counted from 0 over all results, if the window holds it."""
    if found is None:
        return None
    at = selected - found.results.offset
    hits = found.results.hits
    return hits[at] if 0 <= at < len(hits) else None
