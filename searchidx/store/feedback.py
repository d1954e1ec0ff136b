"""Words that tell what the best posts for a query have in common (pseudo-relevance feedback).

After Rocchio (*Relevance feedback in information retrieval*, 1971): the best posts are taken for
relevant, and their most telling words are looked for too, each with a part of the weight of the
query. The scores of these words in those posts are what BM25 gives them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from searchidx.analysis import slots, stemmer
from searchidx.columnar.scoring import K1, B
from searchidx.names import ANY, names_of
from searchidx.query.vocabulary import Vocabulary
from searchidx.settings import FieldKind, FieldSpec
from searchidx.store.snapshot import Snapshot

BEST_POSTS = 5
MOST_WORDS = 30
WEIGHT = 0.3
"""What all added words together weigh, as a share of the words of the query."""

STEEPNESS = 4
"""A post counts by this power of its score as a share of the best: near ties count alike, a post
with half the score of the best hardly counts."""


@dataclass(frozen=True, slots=True)
class AddedWord:
    """A word that is looked for too, in the form in which the posts have it most, and its weight,
    where a word of the query has 1. One that is not new only weighs more."""

    word: str
    weight: float
    is_new: bool


def added_words(
    snapshot: Snapshot,
    vocabulary: Vocabulary,
    terms: Sequence[str],
    posts: Sequence[tuple[int, float, object]],
) -> list[AddedWord]:
    """The words to add to a query of some terms, from its best posts (number, score, …)."""
    scores: dict[str, float] = {}
    forms: dict[str, Counter[str]] = {}
    for number, score, _ in posts[:BEST_POSTS]:
        share = (score / posts[0][1]) ** STEEPNESS if posts[0][1] else 0.0
        post = _Post(snapshot, vocabulary, number)
        for term, own in post.scores().items():
            scores[term] = scores.get(term, 0.0) + share * own
            forms.setdefault(term, Counter()).update(post.forms[term])
    best = sorted(scores.items(), key=lambda row: (-row[1], row[0]))[:MOST_WORDS]
    whole = sum(score for _, score in best)
    known = {stem(term) for stem in vocabulary.plain_stemmers for term in terms}
    added = []
    for term, score in best:
        form = forms[term].most_common(1)[0][0]
        weight = WEIGHT * len(terms) * score / whole if whole else 0.0
        added.append(AddedWord(form, weight, term not in known))
    return [word for word in added if word.weight > 0]


class _Post:
    """The words of one post: how often each stands in it, weights of fields included."""

    def __init__(self, snapshot: Snapshot, vocabulary: Vocabulary, number: int) -> None:
        self.snapshot = snapshot
        self.length = 0.0
        self.counts: dict[str, float] = {}
        self.forms: dict[str, Counter[str]] = {}
        fields = snapshot.stored(number).fields
        for spec in vocabulary.plain_fields:
            texts = fields.get(spec.name, ())
            if spec.kind is FieldKind.TEXT and isinstance(texts, tuple):
                found = [slot for text in texts for slot in slots(text)]
                self.length += spec.weight * len(found)
                self._count(spec, [s.term for s in found if not s.tail], vocabulary)

    def _count(self, spec: FieldSpec, terms: Sequence[str], vocabulary: Vocabulary) -> None:
        stem = stemmer(names_of(spec).language)
        for form, times in Counter(terms).items():
            if not vocabulary.is_stop_word(form):
                term = stem(form)
                self.counts[term] = self.counts.get(term, 0.0) + spec.weight * times
                self.forms.setdefault(term, Counter())[form] += times

    def scores(self) -> dict[str, float]:
        """What each word would give to the score of the post; nothing if no other post has it."""
        norm = K1 * (1 - B + B * self.length / self.snapshot.average_length(ANY))
        return {
            term: self.snapshot.worth(ANY, term) * count * (K1 + 1) / (count + norm)
            for term, count in self.counts.items()
            if self.snapshot.document_frequency(ANY, term) > 1
        }
