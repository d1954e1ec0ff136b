"""What completion asks an index: values of fields, words, and what a query may name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from searchidx.query.vocabulary import Vocabulary
from searchidx.results import FacetCount
from searchidx.settings import FieldKind
from searchidx.shell.session import Session

MOST_POSTS_COUNTED = 20_000
"""Up to here values are counted in the posts, as written; above, in the terms, in lower case."""


class Lookups:
    """The answers for one session, each remembered until the index has another generation.

    May be used from another thread than the session's, while that thread holds `session.reading`.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._generation = -1
        self._values: dict[str, tuple[FacetCount, ...]] = {}

    def vocabulary(self) -> Vocabulary:
        """What a query may name."""
        return self._session.vocabulary()

    def ranks(self) -> Sequence[tuple[int, str]]:
        """The numbers of the printed hits, with their titles."""
        printed = self._session.printed
        return [(rank, hit.text("title") or hit.path) for rank, hit in sorted(printed.items())]

    def values(self, name: str) -> tuple[FacetCount, ...]:
        """The values of a field with their posts, most frequent first.

        Empty for a field of words in a large index, where counting would take long.
        """
        index = self._session.index
        if self._generation != index.generation:
            self._generation, self._values = index.generation, {}
        if name not in self._values:
            self._values[name] = self._counted(name)
        return self._values[name]

    def words(self, names: Sequence[str], prefix: str) -> list[FacetCount]:
        """The words of some fields that start so, with their posts, most frequent first.

        A word of several fields counts for the one where most posts have it.
        """
        most: Counter[str] = Counter()
        for name in names:
            for word, count in self._session.index.terms(name, prefix):
                most[word] = max(most[word], count)
        return _by_count(most)

    def _counted(self, name: str) -> tuple[FacetCount, ...]:
        index = self._session.index
        if len(index) <= MOST_POSTS_COUNTED:
            return index.facets(name, limit=len(index) + 1)
        spec = self.vocabulary().field(name)
        if spec is None or spec.kind is not FieldKind.KEYWORD:
            return ()
        return tuple(_by_count(dict(index.terms(name))))


def _by_count(counts: dict[str, int]) -> list[FacetCount]:
    rows = [FacetCount(value, count) for value, count in counts.items()]
    return sorted(rows, key=lambda row: (-row.count, row.value))
