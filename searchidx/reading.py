"""Reading one generation: searching, counting, explaining and looking around.

A Reading works on one Snapshot, so that whatever it answers is of one generation.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from whoosh import query

from searchidx.analysis import fold
from searchidx.errors import QueryError
from searchidx.posts.model import FieldValue, Problem
from searchidx.query.clauses import Refusal, date_query, has_query
from searchidx.query.lex import quoted
from searchidx.query.matches import Matching
from searchidx.query.parse import parse, parse_lenient
from searchidx.query.vocabulary import ParsedQuery, Vocabulary, field_of
from searchidx.results import (
    Explanation,
    FacetCount,
    Hit,
    LazyFields,
    LazyMeta,
    LazyValues,
    Results,
    Suggestion,
)
from searchidx.schema import PROBLEMS, is_sortable, names_of
from searchidx.settings import FieldKind, FieldSpec
from searchidx.store.ordering import SortKey
from searchidx.store.snapshot import PostHead, Snapshot

if TYPE_CHECKING:
    from searchidx.answers import CrossCounts, NoHits, Why
    from searchidx.stats import Stats

RELEVANCE = "relevance"
MOST_SUGGESTIONS = 3


class SearchOptions(TypedDict, total=False):
    """How to search, apart from the query; the keyword arguments of `Index.search`.

    `sort` is `relevance` or fields such as `date` or `-quality,date`; empty means relevance, and
    newest first for a query that only filters. `fields` are looked in for plain words instead of
    the default ones. `since` and `until` bound the date, both included. `facets` names fields to
    count, of a field of texts at most `facet_limit` values, the most frequent (0: all). `lenient`
    leaves out what cannot be honoured instead of raising.
    """

    limit: int
    offset: int
    sort: str
    fields: tuple[str, ...]
    since: str
    until: str
    facets: tuple[str, ...]
    facet_limit: int
    lenient: bool


class Reading:
    """The answers of one generation. The caller keeps the snapshot open."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.fields = snapshot.manifest.fields

    def search(self, text: str | query.Query, options: SearchOptions) -> Results:
        """See `Index.search`."""
        started = time.perf_counter()
        parsed = self._parsed(text, options.get("fields", ()), options.get("lenient", False))
        since, until = str(options.get("since", "")), str(options.get("until", ""))
        tree = self._bounded(parsed.tree, since, until)
        keys = self._sort_keys(options.get("sort", ""), parsed.is_ranked)
        offset = options.get("offset", 0)
        total, page = _page(self.snapshot, tree, keys, offset, options.get("limit", 10))
        facets = self._facets(tree, options.get("facets", ()), options.get("facet_limit", 0))
        return Results(
            query=parsed.text,
            total=total,
            hits=self._hits(page, offset, parsed.tree),
            offset=offset,
            facets=facets,
            problems=parsed.problems,
            sort=",".join(("-" if k.descending else "") + k.spec.name for k in keys) or RELEVANCE,
            elapsed_ms=(time.perf_counter() - started) * 1000,
        )

    def similar(self, path: str, limit: int) -> Results:
        """See `Index.similar`."""
        from searchidx.query.similar import similar_query

        started = time.perf_counter()
        snapshot = self.snapshot
        number = self._number(path)
        stored = snapshot.stored(number)
        texts = {name: value for name, value in stored.fields.items() if isinstance(value, tuple)}
        words = similar_query(
            texts, self.fields, snapshot.document_frequency, snapshot.post_count()
        )
        total, page = snapshot.best(words, limit + 1)
        page = [hit for hit in page if hit[0] != number][:limit]
        return Results(
            query=f"similar to {stored.path}",
            total=max(0, total - 1),
            hits=self._hits(page, 0, words),
            elapsed_ms=(time.perf_counter() - started) * 1000,
        )

    def explain(
        self, text: str | query.Query, path: str, fields: Sequence[str]
    ) -> Explanation | None:
        """See `Index.explain`."""
        return self.snapshot.explain(self._parsed(text, fields).tree, self._number(path))

    def why(self, text: str, path: str) -> Why:
        """See `Index.why`."""
        from searchidx.why import why

        return why(self.snapshot, self.vocabulary(), self._parsed, text, self._number(path))

    def facets(self, name: str, text: str | query.Query, limit: int) -> tuple[FacetCount, ...]:
        """See `Index.facets`."""
        if limit < 0:
            raise QueryError(str(limit), 0, "limit counts from 0", "")
        return self._facets(self._parsed(text).tree, (name,), limit)[name][:limit]

    def cross(
        self, rows: str, columns: str, text: str | query.Query, most: tuple[int, int]
    ) -> CrossCounts:
        """See `Index.cross`."""
        from searchidx.faceting import cross_counts, facet_of

        pair = facet_of(rows, self.fields), facet_of(columns, self.fields)
        return cross_counts(self.snapshot, pair, self._parsed(text).tree, most)

    def suggest(
        self, text: str, limit: int, options: SearchOptions | None = None
    ) -> tuple[Suggestion, ...]:
        """See `Index.suggest`."""
        from searchidx.suggest import suggest

        counted = self._counter(options or {})
        return suggest(self.snapshot, self.vocabulary(), text, counted, limit)

    def no_hits(self, text: str, options: SearchOptions) -> NoHits:
        """See `Index.no_hits`."""
        from searchidx.rescue import rescue

        suggestions = self.suggest(text, MOST_SUGGESTIONS, options)
        return rescue(text, suggestions, self._counter(options))

    def _counter(self, options: SearchOptions) -> Callable[[str], int]:
        """How many posts match a query, searched with the same options."""
        since, until = str(options.get("since", "")), str(options.get("until", ""))

        def count(text: str) -> int:
            try:
                tree = self._parsed(text, options.get("fields", ())).tree
                return self.snapshot.count(self._bounded(tree, since, until))
            except QueryError:
                return 0

        return count

    def post(self, path: str) -> Hit:
        """See `Index.post`."""
        (hit,) = self._hits([(self._number(path), 0.0)], 0, query.NullQuery)
        return hit

    def locate(self, text: str, base: Path, here: Path) -> str:
        """See `Index.locate`."""
        whole = (here / text).resolve()
        relative = whole.relative_to(base).as_posix() if whole.is_relative_to(base) else ""
        for path in (text, relative, whole.as_posix()):
            if path and self.snapshot.number_of(path) is not None:
                return path
        found = self.search(f"path:{quoted(text)}", SearchOptions(limit=3, sort="path"))
        ending = [hit.path for hit in found.hits if f"/{hit.path}".endswith(f"/{text}")]
        if found.total == 1 or len(ending) == 1:
            return (ending or [hit.path for hit in found.hits])[0]
        if not found.total:
            hint = "see the paths with: searchidx query -l '*'"
            raise QueryError(text, 0, f"no post {text!r} is in the index", hint, len(text))
        some = ", ".join(hit.path for hit in found.hits)
        raise QueryError(text, 0, f"{found.total} posts have such a path", f"as {some}", len(text))

    def vocabulary(self, plain: tuple[str, ...] = ()) -> Vocabulary:
        """See `Index.vocabulary`."""
        snapshot = self.snapshot
        known = snapshot.vocabularies.get(plain)
        if known is None:
            known = Vocabulary(self.fields, snapshot.find_meta_keys, plain)
            snapshot.vocabularies[plain] = known
        return known

    def terms(self, name: str, prefix: str) -> Iterator[tuple[str, int]]:
        """See `Index.terms`."""
        spec = self._text_field(name)
        names = names_of(spec)
        field = names.words if spec.kind is FieldKind.TEXT else names.value
        return self.snapshot.terms(field, fold(prefix))

    def stats(self, path: Path) -> Stats:
        """See `Index.stats`."""
        from searchidx.stats import FieldStats, Stats

        snapshot = self.snapshot
        counts = snapshot.presence()
        return Stats(
            path=path,
            generation=snapshot.generation,
            posts=snapshot.post_count(),
            segments=snapshot.segment_count(),
            deleted=snapshot.deleted_count(),
            size_bytes=snapshot.size_bytes,
            committed=snapshot.manifest.time,
            roots=snapshot.manifest.roots,
            fields=tuple(FieldStats(spec, counts.get(spec.name, 0)) for spec in self.fields),
            meta_keys=snapshot.meta_keys,
            problem_posts=snapshot.count(has_query(PROBLEMS)),
        )

    def problems(self) -> tuple[Problem, ...]:
        """See `Index.problems`."""
        return tuple(self.snapshot.problems())

    # -- parts of the above

    def _hits(
        self, page: Sequence[tuple[int, float]], offset: int, tree: query.Query
    ) -> tuple[Hit, ...]:
        matching = Matching(tree, self.fields)
        heads = self.snapshot.heads([number for number, _ in page])
        return tuple(
            self._hit(rank, number, score, head, matching)
            for rank, ((number, score), head) in enumerate(
                zip(page, heads, strict=True), offset + 1
            )
        )

    def _hit(self, rank: int, number: int, score: float, head: PostHead, matching: Matching) -> Hit:
        """One hit; what is not in its head is read when it is asked for."""
        values = LazyValues(head.texts, lambda: self._values(number))
        return Hit(rank, score, head.path, LazyFields(values), LazyMeta(values), matching)

    def _values(self, number: int) -> tuple[Mapping[str, FieldValue], tuple[tuple[str, str], ...]]:
        stored = self.snapshot.stored(number)
        return stored.fields, stored.meta

    def _parsed(
        self, text: str | query.Query, fields: Sequence[str] = (), lenient: bool = False
    ) -> ParsedQuery:
        if isinstance(text, query.Query):
            return ParsedQuery(repr(text), text, True)
        plain = tuple(self._text_field(name).name for name in fields)
        return (parse_lenient if lenient else parse)(text, self.vocabulary(plain))

    def _bounded(self, tree: query.Query, since: str, until: str) -> query.Query:
        for compare, text in ((">=", since), ("<=", until)):
            if text:
                tree = query.Require(tree, self._date_bound(compare, text))
        return tree

    def _date_bound(self, compare: str, text: str) -> query.Query:
        spec = next((spec for spec in self.fields if spec.kind is FieldKind.DATE), None)
        if spec is None:
            raise QueryError(text, 0, "this index has no date field", "declare one in the settings")
        try:
            return date_query(spec, compare, text, datetime.now(UTC))
        except Refusal as refusal:
            raise QueryError(text, 0, refusal.reason, refusal.hint, len(text)) from refusal

    def _sort_keys(self, sort: str, is_ranked: bool) -> list[SortKey]:
        if sort == RELEVANCE or (not sort and is_ranked):
            return []
        if not sort:
            dated = [spec for spec in self.fields if spec.kind is FieldKind.DATE]
            return [SortKey(dated[0], descending=True)] if dated else []
        keys = []
        for part in sort.split(","):
            name = part.strip()
            spec = self._field(name.strip("-+"))
            if not is_sortable(spec):
                reason = f"{spec.name} has many values or none to order by"
                raise QueryError(sort, sort.find(name), reason, self._sort_hint())
            keys.append(SortKey(spec, name.startswith("-")))
        return keys

    def _sort_hint(self) -> str:
        names = [spec.name for spec in self.fields if is_sortable(spec)]
        return f"sort by {RELEVANCE} or one of {', '.join(names)}, with - in front for descending"

    def _facets(
        self, tree: query.Query, names: Sequence[str], most: int
    ) -> dict[str, tuple[FacetCount, ...]]:
        """The values of some fields in what matches, each most frequent first."""
        if not names:
            return {}
        from searchidx.faceting import by_count, facet_counts, facet_of

        wanted = {name: facet_of(name, self.fields) for name in names}
        found = self.snapshot.found(tree)
        return {
            name: by_count(facet_counts(self.snapshot, facet, found, most))
            for name, facet in wanted.items()
        }

    def _text_field(self, name: str) -> FieldSpec:
        spec = self._field(name)
        if spec.kind not in (FieldKind.TEXT, FieldKind.KEYWORD):
            hint = "name a text or keyword field"
            raise QueryError(name, 0, f"{spec.name} is a {spec.kind} and has no words", hint)
        return spec

    def _field(self, name: str) -> FieldSpec:
        return field_of(name, self.fields)

    def _number(self, path: str) -> int:
        number = self.snapshot.number_of(path)
        if number is None:
            hint = "see the paths with: searchidx query -l '*'"
            raise QueryError(path, 0, f"no post {path!r} is in the index", hint, len(path))
        return number


def _page(
    snapshot: Snapshot, tree: query.Query, keys: Sequence[SortKey], offset: int, limit: int
) -> tuple[int, list[tuple[int, float]]]:
    """How many posts match, and the numbers and scores of those on the page."""
    if limit < 0 or offset < 0:
        raise QueryError(str(min(limit, offset)), 0, "limit and offset count from 0", "")
    if keys:
        total, numbers = snapshot.ordered(tree, keys, offset + limit)
        return total, [(number, 0.0) for number in numbers[offset:]]
    total, hits = snapshot.best(tree, offset + limit)
    return total, hits[offset:]
