"""Index: the one object that a program, the command line and the shell work with."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from os import PathLike
from pathlib import Path
from typing import TypedDict, Unpack

from whoosh import query

from searchidx.errors import IndexMissing, QueryError, SearchIdxError
from searchidx.posts.model import FieldValue, Problem
from searchidx.query.clauses import has_query
from searchidx.query.matches import matches_of
from searchidx.query.parse import parse, parse_lenient
from searchidx.query.similar import similar_query
from searchidx.query.vocabulary import ParsedQuery, Vocabulary
from searchidx.results import Explanation, FacetCount, Hit, Matching, Results, Suggestion
from searchidx.schema import HAS, PATH, PATH_FIELD, PROBLEMS, is_sortable, names_of
from searchidx.settings import DEFAULT_FIELDS, FieldKind, FieldSpec, Settings, find_field
from searchidx.store.folder import newest_generation, open_snapshot
from searchidx.store.snapshot import Snapshot, SortKey
from searchidx.suggest import suggest
from searchidx.sync import Progress, StaleSnapshot, SyncOptions, SyncReport, root_name, sync

RELEVANCE = "relevance"


@dataclass(frozen=True, slots=True)
class FieldStats:
    """A field and how many posts have a value for it."""

    spec: FieldSpec
    posts: int


@dataclass(frozen=True, slots=True)
class Stats:
    """What an index holds. `deleted` posts take room until the next merge of segments."""

    path: Path
    generation: int
    posts: int
    segments: int
    deleted: int
    size_bytes: int
    committed: str
    roots: tuple[str, ...]
    fields: tuple[FieldStats, ...]
    meta_keys: tuple[tuple[str, int], ...]
    problem_posts: int


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Whether an index is whole (no `faults`), and what a sync would do to bring it up to date."""

    faults: tuple[str, ...]
    sync: SyncReport

    @property
    def is_current(self) -> bool:
        """Whether the index agrees with the files."""
        sync = self.sync
        return not (sync.added or sync.changed or sync.renamed or sync.removed or sync.reason)


class SearchOptions(TypedDict, total=False):
    """How to search, apart from the query; the keyword arguments of `Index.search`.

    `sort` is `relevance` or fields such as `date` or `-quality,date`; empty means relevance, and
    newest first for a query that only filters. `fields` are looked in for plain words instead of
    the default ones. `since` and `until` bound the date, both included. `facets` names fields to
    count. `lenient` leaves out what cannot be honoured instead of raising.
    """

    limit: int
    offset: int
    sort: str
    fields: tuple[str, ...]
    since: str
    until: str
    facets: tuple[str, ...]
    lenient: bool


class Index:
    """An index of posts. Get one from `searchidx.open`, close it when done.

    It shows the generation that was newest when it was opened, until `refresh` or its own `sync`.
    It may be used from several threads.
    """

    def __init__(self, path: Path, snapshot: Snapshot | None, settings: Settings) -> None:
        self.path = path
        self.settings = settings
        self._snapshot = snapshot
        self._lock = threading.RLock()

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            if self._snapshot is not None:
                self._snapshot.close()
                self._snapshot = None

    @property
    def generation(self) -> int:
        """The number of the commit that is shown; 0 before the first."""
        return self._snapshot.generation if self._snapshot else 0

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """The fields of the index."""
        return self._snapshot.manifest.fields if self._snapshot else self.settings.fields

    def __len__(self) -> int:
        return self._snapshot.post_count() if self._snapshot else 0

    def refresh(self) -> bool:
        """Show the newest generation; True if that is another than before.

        Raises: IndexCorrupt, IndexVersionMismatch.
        """
        with self._lock:
            if newest_generation(self.path) == self.generation:
                return False
            fresh = open_snapshot(self.path)
            if self._snapshot is not None:
                self._snapshot.close()
            self._snapshot = fresh
            return True

    # -- writing

    def sync(
        self,
        roots: Sequence[str | PathLike[str]] = (),
        *,
        full: bool = False,
        dry_run: bool = False,
        wait_s: float = 5.0,
        progress: Callable[[Progress], None] | None = None,
    ) -> SyncReport:
        """Make the index hold exactly the posts below `roots`, by default those of the settings.

        One commit, or none when nothing changed; on any error the index is as it was.
        Raises: PostError when no root exists, IndexLocked, IndexCorrupt, OSError.
        """
        options = SyncOptions(full, dry_run, wait_s, progress)
        folders = [Path(root).resolve() for root in roots or self._roots()]
        for _ in range(5):
            try:
                snapshot = self._snapshot
                report = sync(self.path, snapshot, self.settings, folders, options)
            except StaleSnapshot:
                self.refresh()
                continue
            if not dry_run:
                self.refresh()
                names = tuple(root_name(folder, self.path.parent) for folder in folders)
                self.settings = replace(self.settings, base=self.path.parent, roots=names)
            return report
        raise SearchIdxError(f"{self.path}: other processes keep committing; try again")

    def _roots(self) -> list[Path]:
        return [self.settings.base / root for root in self.settings.roots]

    # -- searching

    def search(self, text: str | query.Query, **options: Unpack[SearchOptions]) -> Results:
        """The posts that match, best first, ten at a time.

        Keyword arguments are those of `SearchOptions`: `limit=5`, `sort="-date"`, ….
        Raises: QueryError for a query, sort or date that cannot be honoured; IndexMissing.
        """
        started = time.perf_counter()
        snapshot = self._open()
        parsed = self._parsed(text, options.get("fields", ()), options.get("lenient", False))
        tree = self._bounded(parsed.tree, options.get("since", ""), options.get("until", ""))
        keys = self._sort_keys(options.get("sort", ""), parsed.is_ranked)
        offset = options.get("offset", 0)
        total, page = _page(snapshot, tree, keys, offset, options.get("limit", 10))
        matching = self._matching(parsed.tree)
        hits = tuple(
            _hit(snapshot, number, score, offset + place, matching)
            for place, (number, score) in enumerate(page, 1)
        )
        facets = {name: self._facet(snapshot, tree, name) for name in options.get("facets", ())}
        sort = ",".join(("-" if k.descending else "") + k.spec.name for k in keys) or RELEVANCE
        elapsed_ms = (time.perf_counter() - started) * 1000
        return Results(parsed.text, total, hits, offset, facets, elapsed_ms, parsed.problems, sort)

    def similar(self, path: str, *, limit: int = 10) -> Results:
        """The posts most like the one at `path`, without itself.

        Raises: QueryError when no such post is in the index.
        """
        started = time.perf_counter()
        snapshot = self._open()
        stored = snapshot.stored(self._number(snapshot, path))
        texts = {name: value for name, value in stored.fields.items() if isinstance(value, tuple)}
        words = similar_query(
            texts, self.fields, snapshot.document_frequency, snapshot.post_count()
        )
        tree = query.AndNot(words, query.Term(PATH, stored.path))
        matching = self._matching(words)
        total, best = snapshot.best(tree, limit)
        hits = tuple(
            _hit(snapshot, number, score, rank, matching)
            for rank, (number, score) in enumerate(best, 1)
        )
        elapsed_ms = (time.perf_counter() - started) * 1000
        return Results(f"similar to {stored.path}", total, hits, elapsed_ms=elapsed_ms)

    def explain(self, text: str | query.Query, path: str) -> Explanation | None:
        """What each part of a query gives to the score of the post at `path`; None if no match.

        Raises: QueryError when the query cannot be honoured or no such post is in the index.
        """
        snapshot = self._open()
        tree = self._parsed(text).tree
        return snapshot.explain(tree, self._number(snapshot, path))

    def facets(
        self, name: str, text: str | query.Query = "*", *, limit: int = 20
    ) -> tuple[FacetCount, ...]:
        """The values of a field in the posts that match, with counts, most frequent first.

        Raises: QueryError for an unknown field or a query that cannot be honoured.
        """
        snapshot = self._open()
        tree = self._parsed(text).tree
        return self._facet(snapshot, tree, name)[:limit]

    def suggest(self, text: str, *, limit: int = 3) -> tuple[Suggestion, ...]:
        """Queries near this one that have hits, for when it has none."""
        snapshot = self._open()
        return suggest(snapshot, self.vocabulary(), text, limit)

    def post(self, path: str) -> Hit:
        """The post at `path`, as a hit of rank 1.

        Raises: QueryError when no such post is in the index.
        """
        snapshot = self._open()
        return _hit(snapshot, self._number(snapshot, path), 0.0, 1, Matching({}, {}))

    def vocabulary(self, plain: tuple[str, ...] = ()) -> Vocabulary:
        """What a query to this index may name."""
        keys = frozenset(key for key, _ in self._meta_keys()) if self._snapshot else frozenset()
        return Vocabulary(self.fields, keys, plain)

    def parse(self, text: str, *, lenient: bool = False) -> ParsedQuery:
        """The query as this index understands it.

        Raises: QueryError when it cannot be honoured, unless `lenient`.
        """
        return (parse_lenient if lenient else parse)(text, self.vocabulary())

    # -- looking around

    def terms(self, name: str, prefix: str = "") -> Iterator[tuple[str, int]]:
        """The words of a text field, or the values of a keyword field, with counts, in order.

        Raises: QueryError for a field that has no words.
        """
        spec = self._field(name)
        if spec.kind not in (FieldKind.TEXT, FieldKind.KEYWORD):
            raise QueryError(name, 0, f"{spec.name} is a {spec.kind}", "it has no words to list")
        names = names_of(spec)
        field = names.words if spec.kind is FieldKind.TEXT else names.value
        return self._open().terms(field, prefix.lower())

    def stats(self) -> Stats:
        """What the index holds."""
        snapshot = self._open()
        manifest = snapshot.manifest
        counts = dict(snapshot.terms(HAS))
        return Stats(
            path=self.path,
            generation=snapshot.generation,
            posts=snapshot.post_count(),
            segments=snapshot.segment_count(),
            deleted=snapshot.deleted_count(),
            size_bytes=snapshot.size_bytes,
            committed=manifest.time,
            roots=manifest.roots,
            fields=tuple(FieldStats(spec, counts.get(spec.name, 0)) for spec in manifest.fields),
            meta_keys=tuple(self._meta_keys()),
            problem_posts=snapshot.count(has_query(PROBLEMS)),
        )

    def problems(self) -> tuple[Problem, ...]:
        """The problems of every post in the index, in the order of their paths."""
        snapshot = self._open()
        stored = map(snapshot.stored, snapshot.matching(has_query(PROBLEMS)))
        found = [Problem(post.path, *row) for post in stored for row in post.problems]
        return tuple(sorted(found, key=lambda problem: (problem.path, problem.line)))

    def check(self, roots: Sequence[str | PathLike[str]] = ()) -> CheckReport:
        """Whether every part of the index can be read, and whether it agrees with the files."""
        faults = tuple(self._open().faults())
        return CheckReport(faults, self.sync(roots, dry_run=True))

    # -- parts of the above

    def _open(self) -> Snapshot:
        snapshot = self._snapshot
        if snapshot is None:
            raise IndexMissing(self.path)
        return snapshot

    def _parsed(
        self, text: str | query.Query, fields: Sequence[str] = (), lenient: bool = False
    ) -> ParsedQuery:
        if isinstance(text, query.Query):
            return ParsedQuery(repr(text), text, True)
        plain = tuple(self._field(name).name for name in fields)
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
        parsed = parse(f'{spec.name}:{compare}"{text}"', self.vocabulary())
        return parsed.tree

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

    def _matching(self, tree: query.Query) -> Matching:
        texts = [s for s in self.fields if s.kind in (FieldKind.TEXT, FieldKind.KEYWORD)]
        return Matching({spec.name: names_of(spec) for spec in texts}, matches_of(tree))

    def _facet(self, snapshot: Snapshot, tree: query.Query, name: str) -> tuple[FacetCount, ...]:
        spec = self._field(name)
        counts: Counter[str] = Counter()
        for number in snapshot.matching(tree):
            values = _facet_values(snapshot.stored(number).fields.get(spec.name))
            counts.update(values[:1] if spec.interchangeable else values)
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return tuple(FacetCount(value, count) for value, count in ordered)

    def _field(self, name: str) -> FieldSpec:
        if spec := find_field((*self.fields, PATH_FIELD), name):
            return spec
        near = get_close_matches(name.lower(), [spec.name for spec in self.fields], n=1)
        known = ", ".join(spec.name for spec in self.fields)
        hint = f"did you mean {near[0]}?" if near else f"the fields are {known}"
        raise QueryError(name, 0, f"there is no field {name!r}", hint, len(name))

    def _meta_keys(self) -> Iterator[tuple[str, int]]:
        for term, count in self._open().terms(HAS, "meta."):
            yield term[len("meta.") :], count

    def _number(self, snapshot: Snapshot, path: str) -> int:
        number = snapshot.number_of(path)
        if number is None:
            hint = "see the paths with: searchidx query -l '*'"
            raise QueryError(path, 0, f"no post {path!r} is in the index", hint, len(path))
        return number


def open_index(
    path: str | PathLike[str],
    *,
    settings: Settings | None = None,
    create: bool = False,
    discard: bool = False,
) -> Index:
    """The index in a folder; with `create`, an empty one that the first `sync` writes.

    With `discard`, what is in the folder is not opened: for rebuilding an index that is damaged.
    Without `settings`, it keeps those it was built with. Raises: IndexMissing, IndexCorrupt,
    IndexVersionMismatch.
    """
    folder = Path(path).resolve()
    snapshot: Snapshot | None = None
    if not discard:
        try:
            snapshot = open_snapshot(folder)
        except IndexMissing:
            if not create:
                raise
    if settings is None:
        settings = _settings_of(folder, snapshot)
    return Index(folder, snapshot, settings)


def _settings_of(folder: Path, snapshot: Snapshot | None) -> Settings:
    if snapshot is None:
        return Settings(base=folder.parent)
    manifest = snapshot.manifest
    return Settings(
        base=folder.parent,
        roots=manifest.roots,
        index=folder.name,
        include=manifest.include,
        exclude=manifest.exclude,
        max_file_bytes=manifest.max_file_bytes,
        follow_symlinks=manifest.follow_symlinks,
        fields=manifest.fields if manifest.own_fields else DEFAULT_FIELDS,
    )


def _page(
    snapshot: Snapshot, tree: query.Query, keys: Sequence[SortKey], offset: int, limit: int
) -> tuple[int, list[tuple[int, float]]]:
    """How many posts match, and the numbers and scores of those on the page."""
    if limit < 0 or offset < 0:
        raise QueryError(str(min(limit, offset)), 0, "limit and offset count from 0", "")
    if keys:
        numbers = snapshot.ordered(tree, keys)
        return len(numbers), [(number, 0.0) for number in numbers[offset : offset + limit]]
    total, hits = snapshot.best(tree, offset + limit)
    return total, hits[offset:]


def _hit(snapshot: Snapshot, number: int, score: float, rank: int, matching: Matching) -> Hit:
    stored = snapshot.stored(number)
    return Hit(rank, score, stored.path, stored.fields, stored.meta, matching)


def _facet_values(value: FieldValue | None) -> Sequence[str]:
    if value is None:
        return ()
    if isinstance(value, tuple):
        return tuple(dict.fromkeys(value))
    if isinstance(value, datetime):
        return (value.date().isoformat(),)
    if isinstance(value, bool):
        return ("yes" if value else "no",)
    return (f"{value:g}",)
