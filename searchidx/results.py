"""What a search gives back: Results, its Hits, and the smaller values they hold."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from searchidx.errors import QueryError
from searchidx.highlight import Span, find_spans, marked
from searchidx.query.matches import Matching

if TYPE_CHECKING:
    from searchidx.counts import FacetCount
    from searchidx.posts.model import FieldValue

Kept: TypeAlias = "tuple[Mapping[str, FieldValue], tuple[tuple[str, str], ...]]"
"""What an index keeps of a post: its fields, and its other metadata."""


class LazyFields(Mapping[str, "FieldValue"]):
    """The fields of a post: the short texts at hand, the rest read when it is needed.

    The short texts of a field are `texts[places[name]]`; there may be none, or no such place.
    """

    __slots__ = ("_load", "_number", "_places", "_texts", "_whole")

    def __init__(
        self,
        texts: Sequence[Sequence[str] | None],
        places: Mapping[str, int],
        load: Callable[[int], Kept],
        number: int,
    ) -> None:
        self._texts = texts
        self._places = places
        self._load = load
        self._number = number
        self._whole: Kept | None = None

    def _short(self, name: str) -> tuple[str, ...]:
        """The short texts of a field; empty when there are none at hand."""
        place = self._places.get(name, len(self._texts))
        return tuple(self._texts[place] or ()) if place < len(self._texts) else ()

    def whole(self) -> Kept:
        """All of the post."""
        if self._whole is None:
            self._whole = self._load(self._number)
        return self._whole

    def __getitem__(self, name: str) -> FieldValue:
        return self._short(name) or self.whole()[0][name]

    def get(self, name: str, default: Any = None) -> Any:
        return self._short(name) or self.whole()[0].get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self.whole()[0])

    def __len__(self) -> int:
        return len(self.whole()[0])

    def __repr__(self) -> str:
        return repr(dict(self))

    def __reduce__(self) -> tuple[type[dict[str, FieldValue]], tuple[dict[str, FieldValue]]]:
        return dict, (dict(self),)


class LazyMeta(Sequence[tuple[str, str]]):
    """The other metadata of a post as (key, text) pairs."""

    __slots__ = ("_fields",)

    def __init__(self, fields: LazyFields) -> None:
        self._fields = fields

    @overload
    def __getitem__(self, at: int) -> tuple[str, str]: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[tuple[str, str], ...]: ...
    def __getitem__(self, at: int | slice) -> tuple[str, str] | tuple[tuple[str, str], ...]:
        return self._fields.whole()[1][at]

    def __len__(self) -> int:
        return len(self._fields.whole()[1])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))

    def __reduce__(self) -> tuple[type, tuple[tuple[tuple[str, str], ...]]]:
        return tuple, (tuple(self),)


class Matched(enum.StrEnum):
    """Whether a post holds all words of a query, or some of them."""

    ALL = "all"
    SOME = "some"


@dataclass(frozen=True, slots=True)
class Hit:
    """One post that matched.

    `rank` counts from 1 over all results, whatever page this is. `path` is relative to the folder
    that holds the index, or absolute. `fields` holds what the post has of the declared fields,
    `meta` its other metadata as (key, text) pairs. `matched` says whether all of the words do.

    >>> hit = Hit(1, 2.5, "news/a.md", {"title": ("Face masks",)})
    >>> hit.text("title")
    'Face masks'
    """

    rank: int
    score: float
    path: str
    fields: Mapping[str, FieldValue]
    meta: Sequence[tuple[str, str]] = ()
    matching: Matching = field(default=Matching(), repr=False, compare=False)
    matched: Matched = Matched.ALL

    def __hash__(self) -> int:
        return hash((self.rank, self.score, self.path))

    def texts(self, name: str) -> tuple[str, ...]:
        """The texts of a text or keyword field; empty when the post has none."""
        value = self.fields.get(name, ())
        return value if isinstance(value, tuple) else ()

    def text(self, name: str) -> str:
        """The first text of a field; empty when the post has none."""
        value = self.fields.get(name)
        return value[0] if isinstance(value, tuple) and value else ""

    def highlight(self, name: str) -> tuple[Span, ...]:
        """Which characters of a text or keyword field matched, in order."""
        known, matches = self.matching.known()
        names = known.get(name)
        if names is None:
            return ()
        return tuple(
            Span(start, end, number)
            for number, text in enumerate(self.texts(name))
            for start, end in find_spans(text, names, matches)
        )

    def marked(self, name: str, before: str = "**", after: str = "**") -> tuple[str, ...]:
        """The texts of a field with markers around what matched."""
        spans = self.highlight(name)
        return tuple(
            marked(text, [(s.start, s.end) for s in spans if s.value == number], before, after)
            for number, text in enumerate(self.texts(name))
        )


@dataclass(frozen=True, slots=True)
class Results:
    """A page of hits, and what is true of all that matched.

    `total` counts every match, `total_all` the posts with all words of the query: when they are
    fewer than asked for, posts with some of the words follow and count in `total`. `facets` holds
    the counts that were asked for, most frequent first: of the posts with all words, if there are
    any. `problems` is what a lenient search had to leave out of the query. `added` are the words
    that were looked for besides those of the query, the most telling first.

    >>> len(Results("mask", 0, ()))
    0
    """

    query: str
    total: int
    hits: tuple[Hit, ...]
    offset: int = 0
    facets: Mapping[str, tuple[FacetCount, ...]] = field(default_factory=dict)
    elapsed_ms: float = 0.0
    problems: tuple[QueryError, ...] = ()
    sort: str = "relevance"
    total_all: int = -1
    added: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.total_all < 0:
            object.__setattr__(self, "total_all", self.total)

    def __len__(self) -> int:
        return len(self.hits)

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)


ANOTHER_SPELLING = "another spelling"
