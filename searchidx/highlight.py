"""Which characters of a stored text matched, and which part of a long text to show.

Offsets are in characters of the text as stored. Spans are in order and do not overlap.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from searchidx.analysis import Slot, fold_value, keeps_initials, slots, stemmer
from searchidx.names import Names
from searchidx.query.matches import FieldMatches, PhraseMatch

ELLIPSIS = "…"
SHORT_TEXT, TEXTS_KEPT = 400, 1000
"""So many texts of so few characters are kept as they were analysed: a shell shows them again."""


class Span(NamedTuple):
    """Characters `start` to `end` of value number `value` of a field (0 where it has only one)."""

    start: int
    end: int
    value: int = 0


def find_spans(text: str, names: Names, matches: dict[str, FieldMatches]) -> list[tuple[int, int]]:
    """The parts of one value that matched, as (start, end) pairs. A phrase is one part."""
    nothing = FieldMatches.none()
    terms = matches.get(names.terms, nothing)
    words = matches.get(names.words, nothing) if names.words != names.terms else terms
    values = matches.get(names.value, nothing)
    prefix = names.prefix
    if values.terms or values.tests:
        value = prefix + fold_value(text, names.longest)
        if value in values.terms or any(test(value) for test in values.tests):
            return [(0, len(text))] if text else []
    if not (terms.terms or terms.phrases or words.terms or words.tests):
        return []
    found = _known_slots(text) if len(text) <= SHORT_TEXT else tuple(slots(text))
    pairs = _word_spans(found, names, terms.terms, words)
    if terms.phrases:
        stems = _stems(found, names, terms.phrases)
        for phrase in terms.phrases:
            pairs.extend(_phrase_spans(phrase, found, stems))
    return merged(pairs)


def _word_spans(
    found: Sequence[Slot], names: Names, terms: Collection[str], words: FieldMatches
) -> list[tuple[int, int]]:
    """The slots of which a form is looked for as it is, or its stem is one of some terms."""
    prefix, stem = names.prefix, stemmer(names.language)
    initials = _initials(terms, names)

    def is_met(slot: Slot) -> bool:
        for form in (slot.term, *slot.also):
            if (initials is None or form[:1] in initials) and prefix + stem(form) in terms:
                return True
            if words.terms and prefix + form in words.terms:
                return True
            if words.tests and any(test(prefix + form) for test in words.tests):
                return True
        return False

    return [(slot.start, slot.end) for slot in found if is_met(slot)]


@lru_cache(maxsize=TEXTS_KEPT)
def _known_slots(text: str) -> tuple[Slot, ...]:
    return tuple(slots(text))


def merged(pairs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same characters as spans in order; those that overlap become one."""
    result: list[tuple[int, int]] = []
    for start, end in sorted(pairs):
        if result and start < result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def marked(text: str, spans: Sequence[tuple[int, int]], before: str, after: str) -> str:
    """The text with `before` and `after` around every span."""
    parts = []
    position = 0
    for start, end in spans:
        parts += [text[position:start], before, text[start:end], after]
        position = end
    return "".join([*parts, text[position:]])


def best_window(text: str, spans: Sequence[tuple[int, int]], width: int) -> tuple[int, int]:
    """The part of about `width` characters that shows most of the spans: (start, end).

    It starts and ends at word boundaries; without spans it is the start of the text. Of two equally
    good parts the earlier one is taken.
    """
    if len(text) <= width:
        return 0, len(text)
    best = _densest(text, spans, width)
    start = _word_start(text, max(0, best - width // 4)) if best > width // 2 else 0
    end = min(len(text), start + width)
    if end < len(text):
        space = text.rfind(" ", start + width // 2, end)
        end = space if space > 0 else end
    return start, end


def _densest(text: str, spans: Sequence[tuple[int, int]], width: int) -> int:
    """Where the `width` characters start that hold most spans, different texts counting thrice."""
    best, best_value, last = 0, -1, 0
    inside: Counter[str] = Counter()
    for index, (first, end) in enumerate(spans):
        while last < len(spans) and spans[last][1] <= first + width:
            inside[text[slice(*spans[last])].lower()] += 1
            last += 1
        value = 3 * len(inside) + max(0, last - index)
        if value > best_value:
            best, best_value = first, value
        if last > index:
            own = text[first:end].lower()
            inside[own] -= 1
            if not inside[own]:
                del inside[own]
        else:
            last = index + 1
    return best


def _word_start(text: str, position: int) -> int:
    """The start of the first word at or behind a position, if one starts within 30 characters."""
    space = text.find(" ", position, position + 30)
    return space + 1 if space >= 0 and position else position


def _stems(found: Iterable[Slot], names: Names, phrases: Iterable[PhraseMatch]) -> list[set[str]]:
    """The stems of each slot; those that can be none of the phrases' terms may be left out."""
    prefix, stem = names.prefix, stemmer(names.language)
    initials = _initials((term for phrase in phrases for term in phrase.terms), names)
    return [
        {
            prefix + stem(form)
            for form in (slot.term, *slot.also)
            if initials is None or form[:1] in initials
        }
        for slot in found
    ]


def _initials(terms: Iterable[str], names: Names) -> set[str] | None:
    """The first letters of the words that are stemmed to one of the terms; None for any letter."""
    at = len(names.prefix)
    return {term[at : at + 1] for term in terms} if keeps_initials(names.language) else None


def _phrase_spans(
    phrase: PhraseMatch, found: Sequence[Slot], stems: Sequence[set[str]]
) -> list[tuple[int, int]]:
    if phrase.slop == 1:
        size = len(phrase.terms)
        return [
            (found[first].start, found[first + size - 1].end)
            for first in range(len(found) - size + 1)
            if all(term in stems[first + step] for step, term in enumerate(phrase.terms))
        ]
    places = [[at for at, group in enumerate(stems) if term in group] for term in phrase.terms]
    reach = phrase.slop * (len(phrase.terms) - 1)
    near = {
        place
        for own in places
        for place in own
        if all(_has_between(others, place - reach, place + reach) for others in places)
    }
    return [(found[place].start, found[place].end) for place in sorted(near)]


def _has_between(places: Sequence[int], low: int, high: int) -> bool:
    """Whether an ascending list holds a number from `low` to `high`."""
    at = bisect_left(places, low)
    return at < len(places) and places[at] <= high
