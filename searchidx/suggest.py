"""Did you mean: a query again, with names, words and values that there are for those there are not.

Nothing is ever applied: a suggestion is another query, with the hits it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from searchidx.analysis import fold, fold_value, query_slots
from searchidx.answers import Suggestion
from searchidx.names import names_of
from searchidx.query.lex import Token, TokenKind, lex, quoted, unescape
from searchidx.query.vocabulary import Vocabulary
from searchidx.settings import FieldKind, FieldSpec
from searchidx.store.snapshot import Snapshot

SHORTEST_WORD = 3
SHORTEST_FOR_TWO_EDITS = 6
CHOICES_PER_WORD = 3
MOST_WORDS = 30
MOST_UNKNOWN = 6

Count = Callable[[str], int]
"""How many posts match a query; 0 for one that cannot be honoured."""


def suggest(
    snapshot: Snapshot, vocabulary: Vocabulary, text: str, count: Count, limit: int
) -> tuple[Suggestion, ...]:
    """Queries near this one that have hits, those with the smallest changes first.

    A field that does not exist becomes the one most like it. A word or value is replaced when no
    post has it: by those one edit away, else two, the more frequent first. Empty when all are
    known, or no replacement brings hits; and for a query of more than MOST_WORDS words or
    MOST_UNKNOWN unknown ones, which is no slip of the finger.
    """
    named = with_known_fields(text, vocabulary)
    words = list(islice(_words(named), MOST_WORDS + 1))
    if len(words) > MOST_WORDS:
        return ()
    wanting = []
    for token, field, is_whole in words:
        if near := _replacements(snapshot, vocabulary, token, (field, is_whole)):
            wanting.append((token, near))
        if len(wanting) > MOST_UNKNOWN:
            return ()
    found: list[Suggestion] = []
    for rank in range(CHOICES_PER_WORD):
        query = _replaced(
            named, [(token, near[min(rank, len(near) - 1)]) for token, near in wanting]
        )
        if query == text or any(query == suggestion.query for suggestion in found):
            continue
        if total := count(query):
            found.append(Suggestion(query, total))
    return tuple(found[:limit])


def with_known_fields(text: str, vocabulary: Vocabulary) -> str:
    """The query with every field that does not exist replaced by the one most like it."""
    for token in reversed(list(lex(text))):
        is_name = token.kind is TokenKind.FIELD and not token.spaced
        unknown = is_name and not vocabulary.knows(token.value)
        if unknown and (near := vocabulary.near_name(token.value)):
            text = f"{text[: token.start]}{near}:{text[token.end :]}"
    return text


def _words(text: str) -> Iterator[tuple[Token, str, bool]]:
    """The word and phrase tokens of a query, each with the name of the field it stands in, and
    whether it is to be the whole of a value."""
    field, is_whole = "", False
    for token in lex(text):
        if token.kind is TokenKind.FIELD:
            field, is_whole = token.value, False
        elif token.kind is TokenKind.COMPARE:
            is_whole = token.value == "="
        elif token.kind in (TokenKind.WORD, TokenKind.PHRASE):
            if not any(char in token.value for char in "*?"):
                yield token, field, is_whole
            field, is_whole = "", False


def _replacements(
    snapshot: Snapshot, vocabulary: Vocabulary, token: Token, place: tuple[str, bool]
) -> list[str]:
    """Texts to put in the place of a token; empty when its words are known or nothing is near."""
    field, is_whole = place
    specs = _searched(vocabulary, field)
    text = unescape(token.value)
    if field and specs and (is_whole or specs[0].kind is FieldKind.KEYWORD):
        values = _near_values(snapshot, specs[0], text)
        if values or is_whole:
            return values
    slots = query_slots(text)
    unknown = [slot.term for slot in slots if not _frequency(snapshot, specs, slot.term)]
    if not specs or len(unknown) != 1 or len(unknown[0]) < SHORTEST_WORD:
        return []
    wrong = next(slot for slot in slots if slot.term == unknown[0])
    near = _near(snapshot, specs, unknown[0])[:CHOICES_PER_WORD]
    found = [text[: wrong.start] + word + text[wrong.end :] for word in near]
    return [f'"{one}"' if token.kind is TokenKind.PHRASE else one for one in found]


def _searched(vocabulary: Vocabulary, field: str) -> Sequence[FieldSpec]:
    if not field:
        return vocabulary.plain_fields
    spec = vocabulary.field(field)
    is_text = spec is not None and spec.kind in (FieldKind.TEXT, FieldKind.KEYWORD)
    return [spec] if spec and is_text else []


def _frequency(snapshot: Snapshot, specs: Sequence[FieldSpec], term: str) -> int:
    return max((snapshot.document_frequency(names_of(s).words, term) for s in specs), default=0)


# -- what is near


def _near(snapshot: Snapshot, specs: Sequence[FieldSpec], term: str) -> list[str]:
    """Words one edit away, else two, the more frequent first."""
    for edits in (1, 2):
        words = {w for s in specs for w in snapshot.near_terms(names_of(s).words, term, edits)}
        likely = {w for w in words if w.isalnum() and is_likely(term, w, edits)}
        if likely:
            return sorted(likely, key=lambda word: (-_frequency(snapshot, specs, word), word))
    return []


def is_likely(typed: str, known: str, edits: int) -> bool:
    """Whether a word so many edits away may be meant: of those two away, one with two letters
    exchanged, or a longer word that starts alike."""
    if edits < 2 or _is_exchanged(typed, known):
        return True
    return len(typed) >= SHORTEST_FOR_TWO_EDITS and typed[:1] == known[:1]


def _is_exchanged(one: str, other: str) -> bool:
    """Whether two neighbouring letters have changed places, and nothing else."""
    differing = [at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b]
    if len(one) != len(other) or len(differing) != 2 or differing[1] != differing[0] + 1:
        return False
    first, second = differing
    return one[first] == other[second] and one[second] == other[first]


def _near_values(snapshot: Snapshot, spec: FieldSpec, text: str) -> list[str]:
    """Whole values of a field near a text, as posts write them; empty when it is one itself."""
    names = names_of(spec)
    wanted = fold_value(text, names.longest)
    if snapshot.document_frequency(names.value, wanted):
        return []
    for edits in (1, 2):
        terms = snapshot.near_terms(names.value, wanted, edits)
        likely = [term for term in terms if is_likely(wanted, term, edits)]
        if likely and len(wanted) >= SHORTEST_WORD:
            ranked = sorted(likely, key=lambda t: (-snapshot.document_frequency(names.value, t), t))
            return [quoted(_written(snapshot, spec, term)) for term in ranked[:CHOICES_PER_WORD]]
    return []


def _written(snapshot: Snapshot, spec: FieldSpec, term: str) -> str:
    """How a post writes a value of a field."""
    number = snapshot.first_with(names_of(spec).value, term)
    return term if number is None else snapshot.spellings(spec, [(fold(term), number)])[0]


def _replaced(text: str, changes: Sequence[tuple[Token, str]]) -> str:
    for token, word in reversed(changes):
        text = text[: token.start] + word + text[token.end :]
    return text
