"""Why a post matches a query or does not: clause by clause, with the words as they are analysed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from searchidx.answers import Clause, Token, Why
from searchidx.posts.model import FieldValue, value_text
from searchidx.query.meaning import leaf_meanings, meaning_of
from searchidx.query.split import Part, split
from searchidx.query.vocabulary import ParsedQuery, Vocabulary

if TYPE_CHECKING:
    from whoosh import query

    from searchidx.store.answer import Answer
    from searchidx.store.snapshot import Snapshot

MOST_TOKENS = 12
LONGEST_HELD = 120

Parse = Callable[[str], ParsedQuery]


def why(
    snapshot: Snapshot, vocabulary: Vocabulary, parse: Parse, found: Answer, asked: tuple[str, int]
) -> Why:
    """Why a post matches or not. `asked` are the query and the number of the post, `found` all that
    answer the query, best first; `parse` raises QueryError for what cannot be honoured."""
    text, number = asked
    place = next((at for at, post in enumerate(found.posts, 1) if post[0] == number), 0)
    return Why(
        query=text,
        path=snapshot.stored(number).path,
        rank=place,
        total=found.total,
        score=found.posts[place - 1][1] if place else 0.0,
        clauses=tuple(_clauses(snapshot, vocabulary, parse, text, number)),
    )


def _clauses(
    snapshot: Snapshot, vocabulary: Vocabulary, parse: Parse, text: str, number: int
) -> Iterator[Clause]:
    fields = snapshot.stored(number).fields
    for part in split(text).parts:
        parsed = parse(_positive(part))
        explanation = snapshot.explain(parsed.tree, number)
        is_held = explanation is not None
        yield Clause(
            text=part.text,
            meaning=meaning_of(parsed.tree),
            is_excluded=part.is_excluded,
            is_met=is_held is not part.is_excluded,
            explanation=explanation if parsed.is_ranked and not part.is_excluded else None,
            tokens=tuple(_tokens(snapshot, parsed.tree, number)),
            held=_held(fields, vocabulary, part.field),
        )


def _positive(part: Part) -> str:
    """What an excluded clause excludes, else the clause."""
    if not part.is_excluded:
        return part.text
    return part.text.removeprefix("-").removeprefix("NOT").lstrip()


def _tokens(snapshot: Snapshot, tree: query.Query, number: int) -> Iterator[Token]:
    """What is looked for, each with whether the post has it."""
    seen: dict[str, bool] = {}
    for told, leaf in leaf_meanings(tree):
        if len(seen) >= MOST_TOKENS and told not in seen:
            return
        seen[told] = seen.get(told, False) or snapshot.explain(leaf, number) is not None
    yield from (Token(told, has_it) for told, has_it in seen.items())


def _held(fields: Mapping[str, FieldValue], vocabulary: Vocabulary, name: str) -> str:
    """What the post has in the field that a clause names; empty when it names none."""
    spec = vocabulary.field(name) if name else None
    if spec is None:
        return ""
    value = fields.get(spec.name)
    text = "nothing" if value is None else value_text(value)
    return text if len(text) <= LONGEST_HELD else text[: LONGEST_HELD - 1] + "…"
