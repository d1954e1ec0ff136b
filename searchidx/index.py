"""Index: the one object that a program, the command line and the shell work with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from whoosh import query

from searchidx.errors import IndexCorrupt, IndexMissing, SearchIdxError
from searchidx.query.parse import parse, parse_lenient
from searchidx.query.vocabulary import ParsedQuery, Vocabulary
from searchidx.reading import Reading, SearchOptions
from searchidx.results import Hit, Results
from searchidx.settings import DEFAULT_FIELDS, FieldSpec, Settings
from searchidx.store.folder import identity, newest_generation, open_snapshot
from searchidx.store.snapshot import Snapshot

if TYPE_CHECKING:
    from searchidx.answers import Explanation, NoHits, Suggestion, Why
    from searchidx.counts import CrossCounts, FacetCount
    from searchidx.posts.problem import Problem
    from searchidx.stats import Stats
    from searchidx.sync import CheckReport, Progress, SyncOptions, SyncReport

FIRST_ROOT = "seeds"


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
        self._syncing = threading.Lock()
        self._is_closed = False
        self._identity = identity(path, snapshot.generation if snapshot else 0)

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            self._is_closed = True
            self._snapshot = None

    @property
    def generation(self) -> int:
        """The number of the commit that is shown; 0 before the first."""
        snapshot = self._snapshot
        return snapshot.generation if snapshot else 0

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """The fields of the index."""
        snapshot = self._snapshot
        return snapshot.manifest.fields if snapshot else self.settings.fields

    def __len__(self) -> int:
        snapshot = self._snapshot
        return snapshot.post_count() if snapshot else 0

    def refresh(self) -> bool:
        """Show the newest generation; True if that is another than before.

        Raises: IndexMissing when it is gone, IndexCorrupt, IndexVersionMismatch.
        """
        with self._lock:
            known = identity(self.path, self.generation)
            if newest_generation(self.path) == self.generation and known == self._identity:
                return False
            self._snapshot = open_snapshot(self.path)
            self._identity = identity(self.path, self.generation)
            return True

    # -- writing

    def sync(
        self,
        roots: Sequence[str | PathLike[str]] = (),
        *,
        full: bool = False,
        dry_run: bool = False,
        wait_s: float = 5.0,
        jobs: int = 0,
        progress: Callable[[Progress], None] | None = None,
    ) -> SyncReport:
        """Make the index hold exactly the posts below `roots`, by default those of the settings.

        One commit, or none when nothing changed; when this raises, the index is as it was. `jobs`
        is how many processes read and merge, when there is enough to do (0: as many as there are
        processors).
        Raises: PostError when no root exists, IndexLocked, IndexCorrupt, OSError.
        """
        from searchidx.sync import SyncOptions  # reading and YAML, which no search needs

        options = SyncOptions(full, dry_run, wait_s, jobs, progress)
        with self._syncing:
            return self._sync(roots, options)

    def _sync(self, roots: Sequence[str | PathLike[str]], options: SyncOptions) -> SyncReport:
        from searchidx.sync import StaleSnapshot, sync

        for _ in range(5):
            if not options.full:
                self.refresh()
            snapshot = self._snapshot
            folders = [Path(root).resolve() for root in roots or self._roots(snapshot)]
            try:
                report = sync(self.path, snapshot, self.settings, folders, options)
            except StaleSnapshot:
                continue
            self.refresh()
            return report
        raise SearchIdxError(f"{self.path}: other processes keep committing; try again")

    def _roots(self, snapshot: Snapshot | None) -> list[Path]:
        """The roots of the settings, else those of the last sync, else `seeds`."""
        if self.settings.roots or snapshot is None:
            return [self.settings.base / root for root in self.settings.roots or (FIRST_ROOT,)]
        return [self.path.parent / root for root in snapshot.manifest.roots]

    # -- searching

    def search(self, text: str | query.Query, **options: Unpack[SearchOptions]) -> Results:
        """The posts that match, best first, ten at a time.

        Keyword arguments are those of `SearchOptions`: `limit=5`, `sort="-date"`, ….
        Raises: QueryError for a query, sort or date that cannot be honoured; IndexMissing.
        """
        _check_names("search", options)
        return self._reading().search(text, options)

    def similar(self, path: str, *, limit: int = 10) -> Results:
        """The posts most like the one at `path`, without itself.

        Raises: QueryError when no such post is in the index.
        """
        return self._reading().similar(path, limit)

    def explain(
        self, text: str | query.Query, path: str, **options: Unpack[SearchOptions]
    ) -> Explanation | None:
        """What each part of a query gives to the score of the post at `path`; None if no match.

        The options are those of the search that is to be explained.
        Raises: QueryError when the query cannot be honoured or no such post is in the index.
        """
        _check_names("explain", options)
        return self._reading().explain(text, path, options)

    def why(self, text: str, path: str) -> Why:
        """Why the post at `path` matches a query or does not, clause by clause.

        Raises: QueryError when the query cannot be honoured or no such post is in the index.
        """
        return self._reading().why(text, path)

    def facets(
        self, name: str, text: str | query.Query = "*", *, limit: int = 20
    ) -> tuple[FacetCount, ...]:
        """The values of a field in the posts that match, with counts, most frequent first.

        `name` is a field, `date:month` (or `:year`, `:day`) for a date in steps, or `quality:25`
        for a number in steps of 25, each called by the number it starts with.
        Raises: QueryError for an unknown field or a query that cannot be honoured.
        """
        return self._reading().facets(name, text, limit)

    def cross(
        self,
        rows: str,
        columns: str,
        text: str | query.Query = "*",
        *,
        most: tuple[int, int] = (20, 12),
    ) -> CrossCounts:
        """How many of the posts that match have each value of one field with each of another.

        The names are those of `facets`; the `most` frequent values are kept, (rows, columns).
        Raises: QueryError for an unknown field or a query that cannot be honoured.
        """
        return self._reading().cross(rows, columns, text, most)

    def suggest(self, text: str, *, limit: int = 3) -> tuple[Suggestion, ...]:
        """Queries near this one that have hits, for when it has none or cannot be honoured."""
        return self._reading().suggest(text, limit)

    def no_hits(self, text: str, **options: Unpack[SearchOptions]) -> NoHits:
        """Why a query has no hits: its clauses with theirs, and changes that bring some.

        The keyword arguments are those of the search that had none: `fields`, `since`, `until`.
        """
        return self._reading().no_hits(text, options)

    def post(self, path: str) -> Hit:
        """The post at `path`, as a hit of rank 1 in which nothing is highlighted.

        Raises: QueryError when no such post is in the index.
        """
        return self._reading().post(path)

    def locate(self, text: str, here: str | PathLike[str] | None = None) -> str:
        """The path in the index of the post that a path means.

        It counts from the folder that holds the index, or from `here`; the end of a path will do
        where a single post has it. Raises: QueryError when none or several have it.
        """
        return self._reading().locate(text, self.path.parent, Path(here or self.path.parent))

    def vocabulary(self) -> Vocabulary:
        """What a query to this index may name."""
        if self._snapshot is None:
            return Vocabulary(self.settings.fields)
        return self._reading().vocabulary()

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
        return self._reading().terms(name, prefix)

    def stats(self) -> Stats:
        """What the index holds."""
        return self._reading().stats(self.path)

    def problems(self) -> tuple[Problem, ...]:
        """The problems of every post in the index, in the order of their paths."""
        return self._reading().problems()

    def check(self, roots: Sequence[str | PathLike[str]] = ()) -> CheckReport:
        """Whether every part of the index can be read, and whether it agrees with the files."""
        from searchidx.sync import CheckReport

        faults = tuple(self._reading().snapshot.faults())
        try:
            report = self.sync(roots, dry_run=True)
        except IndexCorrupt as error:
            return CheckReport((*faults, str(error)), None)
        return CheckReport(faults, report)

    def _reading(self) -> Reading:
        """The answers of the generation that is shown."""
        snapshot = self._snapshot
        if self._is_closed:
            raise SearchIdxError(f"{self.path}: this Index is closed; open it again")
        if snapshot is None:
            raise IndexMissing(self.path)
        return Reading(snapshot, self.settings.search)


def _check_names(method: str, options: SearchOptions) -> None:
    if not _SEARCH_OPTIONS.issuperset(options):
        unknown = min(set(options) - _SEARCH_OPTIONS)
        raise TypeError(f"{method}() has no argument {unknown!r}")


_SEARCH_OPTIONS = frozenset(SearchOptions.__annotations__)


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
        index=folder.name,
        include=manifest.include,
        exclude=manifest.exclude,
        ignore_metadata=manifest.ignore_metadata,
        max_file_bytes=manifest.max_file_bytes,
        follow_symlinks=manifest.follow_symlinks,
        fields=manifest.fields if manifest.own_fields else DEFAULT_FIELDS,
    )
