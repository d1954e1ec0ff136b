"""When a query has no hits: which clause empties it, and the smallest changes that bring hits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import chain, combinations, zip_longest

from searchidx.answers import ClauseCount, Edit, NoHits, Suggestion
from searchidx.query.split import Part, choices, split, together
from searchidx.results import ANOTHER_SPELLING

MOST_CLAUSES = 12
MOST_EDITS = 9
SHORTEST_START = 4
"""A word so long may be cut at its end when words that start like it are looked for."""

ANY_WORD = "any of the words"

Count = Callable[[str], int]
"""How many posts match a query; 0 for one that cannot be honoured."""

Changes = list[tuple[str, str]]
"""Changed queries, each with what was changed."""


def rescue(text: str, suggestions: Sequence[Suggestion], count: Count) -> NoHits:
    """What can be done about a query without hits.

    Edits are in the order of how little they change: another spelling, a near word or a longer one,
    a clause left out, any of the words instead of all, two clauses left out; among equals the one
    with most hits first. In a choice (`a OR b`) and in parentheses the same is changed there, and
    the rest stays as it is. When several clauses are empty, the last resort is one of them changed
    and the others left out. All of the edits have hits.
    """
    count = cache(count)
    found = split(text)
    parts = found.parts[:MOST_CLAUSES]
    clauses = tuple(ClauseCount(part.text, count(_alone(part)), part.is_excluded) for part in parts)
    edits = [Edit(row.query, row.total, ANOTHER_SPELLING) for row in suggestions]
    known = {edit.query for edit in edits}
    if len(found.parts) > MOST_CLAUSES:
        return NoHits(clauses, "", tuple(edits[:MOST_EDITS]))
    for step in _steps(text, count):
        changed = [edit for query, change in step if (edit := _edit(query, change, count))]
        changed = [edit for edit in changed if _is_news(edit, edits)]
        changed.sort(key=lambda edit: -edit.total)
        news = {edit.query: edit for edit in changed if edit.query not in known}
        edits += news.values()
        known |= news.keys()
        if len(edits) >= MOST_EDITS:
            break
    emptied_by = "" if found.has_choice else _emptied_by(parts, count)
    return NoHits(clauses, emptied_by, tuple(edits[:MOST_EDITS]))


def _alone(part: Part) -> str:
    """The clause as a query of its own; of an excluded one what it excludes."""
    if not part.is_excluded:
        return part.text
    return part.text.removeprefix("-").removeprefix("NOT").lstrip()


def _emptied_by(parts: Sequence[Part], count: Count) -> str:
    """The first clause that, with those before it, leaves no post."""
    for end in range(1, len(parts) + 1):
        if not count(together(part.text for part in parts[:end])):
            return parts[end - 1].text
    return ""


def _edit(query: str, change: str, count: Count) -> Edit | None:
    total = count(query)
    return Edit(query, total, change) if total else None


def _is_news(edit: Edit, before: Sequence[Edit]) -> bool:
    """Whether a change finds more than a smaller one, or is of another kind than any of them."""
    if edit.change != ANY_WORD:
        return True
    return all(edit.total > other.total for other in before)


def _steps(text: str, count: Count) -> Iterator[Changes]:
    """(query, what it changes) pairs, those that change least first."""
    several = choices(text)
    if len(several) > 1:
        yield from _among_choices(several, count)
        return
    parts = split(text).parts
    inside = [_in_group(parts, at, count) for at, part in enumerate(parts) if part.group]
    for outer, *inner in zip_longest(_outside(parts, count), *inside, fillvalue=[]):
        yield [*outer, *chain(*inner)]
    if len(parts) > 1:
        yield list(_one_of_the_empty(parts, count))


def _one_of_the_empty(parts: Sequence[Part], count: Count) -> Iterator[tuple[str, str]]:
    """Each clause without hits changed, and the others without hits left out."""
    empty = [at for at, part in enumerate(parts) if not part.is_excluded and not count(part.text)]
    for at in empty if len(empty) > 1 else ():
        others = [other for other in empty if other != at]
        left_out = " and ".join(parts[other].text for other in others)
        kept = [part.text for other, part in enumerate(parts) if other not in others]
        place = kept.index(parts[at].text)
        for query, change in chain.from_iterable(_steps(parts[at].text, count)):
            whole = together([*kept[:place], query, *kept[place + 1 :]])
            yield whole, f"{change}, without {left_out}"


def _among_choices(several: Sequence[str], count: Count) -> Iterator[Changes]:
    """The changes of each part between which an OR stands; the others stay as they are."""
    each = [_steps(choice, count) for choice in several]
    for step in zip_longest(*each, fillvalue=[]):
        yield [
            (" OR ".join([*several[:at], query, *several[at + 1 :]]), change)
            for at, changes in enumerate(step)
            for query, change in changes
        ]


def _in_group(parts: Sequence[Part], at: int, count: Count) -> Iterator[Changes]:
    """The changes in the parentheses of a clause."""
    before, inside = parts[at].group or ("", "")
    for step in _steps(inside, count):
        yield [(_with(parts, at, f"{before}({query})"), change) for query, change in step]


def _outside(parts: Sequence[Part], count: Count) -> Iterator[Changes]:
    """The changes of clauses of which all are asked for."""
    yield list(_looser(parts, count))
    if len(parts) > 1:
        yield [
            (_without(parts, (at,)), f"without {parts[at].text}")
            for at in range(len(parts))
            if not all(part.is_excluded for other, part in enumerate(parts) if other != at)
        ]
    yield list(_any_word(parts))
    if len(parts) > 2:
        pairs = combinations(range(len(parts)), 2)
        yield [
            (_without(parts, pair), "without " + " and ".join(parts[at].text for at in pair))
            for pair in pairs
        ]


def _looser(parts: Sequence[Part], count: Count) -> Iterator[tuple[str, str]]:
    """Each bare word as a near word, or as the start of others."""
    for at, part in enumerate(parts):
        if part.word is None or part.is_excluded:
            continue
        total = count(part.text)
        if total and len(parts) == 1:
            continue
        yield _with(parts, at, f"{part.text}~"), f"words near {part.word.value}"
        start = part.text
        yield _with(parts, at, f"{start}*"), f"words that start with {part.word.value}"
        if len(part.word.value) > SHORTEST_START and not total:
            cut = max(SHORTEST_START, len(part.word.value) - 3)
            short = part.word.value[:cut]
            prefix = part.text[: len(part.text) - len(part.word.value)]
            yield _with(parts, at, f"{prefix}{short}*"), f"words that start with {short}"


def _any_word(parts: Sequence[Part]) -> Iterator[tuple[str, str]]:
    """Any of the words without a field, instead of all of them."""
    words = [part.text for part in parts if part.word and not part.field and not part.is_excluded]
    others = [part.text for part in parts if part.text not in words]
    if len(words) > 1:
        yield (
            together([f"({' OR '.join(words)})" if others else " OR ".join(words), *others]),
            ANY_WORD,
        )


def _with(parts: Sequence[Part], at: int, text: str) -> str:
    return together(text if other == at else part.text for other, part in enumerate(parts))


def _without(parts: Sequence[Part], places: Sequence[int]) -> str:
    return together(part.text for at, part in enumerate(parts) if at not in places)
