"""What completion asks an index: values of fields, words, and what a query may name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from searchidx.counts import FacetCount
from searchidx.query.vocabulary import Vocabulary
from searchidx.reading import SearchOptions
from searchidx.settings import FieldKind
from searchidx.shell.session import Session

MOST_VALUES, MOST_TEXTS = 1_000, 200
"""So many values of keywords, and of texts, of which there may be very many."""

MOST_REMEMBERED = 50


class Lookups:
    """The answers for one session, each remembered until the index has another generation.

    May be used from another thread than the session's, while that thread holds `session.reading`.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._generation = -1
        self._values: dict[tuple[str, str], tuple[FacetCount, ...]] = {}

    def vocabulary(self) -> Vocabulary:
        """What a query may name."""
        return self._session.vocabulary()

    def ranks(self) -> Sequence[tuple[int, str]]:
        """The numbers of the printed hits, with their titles."""
        printed = self._session.printed
        return [(rank, hit.text("title") or hit.path) for rank, hit in sorted(printed.items())]

    def values(self, name: str, rest: str = "") -> tuple[FacetCount, ...]:
        """The values of a field in the posts that the rest of the query matches.

        Most frequent first; `name` may have a step, as `date:month`. Where no post matches the
        rest, those of all posts.
        """
        index = self._session.index
        if self._generation != index.generation or len(self._values) > MOST_REMEMBERED:
            self._generation, self._values = index.generation, {}
        key = name, rest.strip()
        if key not in self._values:
            self._values[key] = self._counted(*key) or (self._counted(name, "") if key[1] else ())
        return self._values[key]

    def saved(self) -> Mapping[str, str]:
        """The saved searches."""
        return self._session.saved()

    def words(self, names: Sequence[str], prefix: str) -> list[FacetCount]:
        """The words of some fields that start so, with their posts, most frequent first.

        A word of several fields counts for the one where most posts have it.
        """
        most: Counter[str] = Counter()
        for name in names:
            for word, count in self._session.index.terms(name, prefix):
                most[word] = max(most[word], count)
        return _by_count(most)

    def _counted(self, name: str, rest: str) -> tuple[FacetCount, ...]:
        text = self._session.expanded(rest) if rest else "*"
        spec = self.vocabulary().field(name)
        most = MOST_TEXTS if spec and spec.kind is FieldKind.TEXT else MOST_VALUES
        options = SearchOptions(limit=0, facets=(name,), facet_limit=most, lenient=True)
        return self._session.index.search(text, **options).facets[name]


def _by_count(counts: dict[str, int]) -> list[FacetCount]:
    rows = [FacetCount(value, count) for value, count in counts.items()]
    return sorted(rows, key=lambda row: (-row.count, row.value))
