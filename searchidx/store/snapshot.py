"""One open generation of an index: query trees in, document numbers and stored values out.

Document numbers are those of Whoosh and mean something only within one snapshot. A snapshot may be
used from several threads: Whoosh's readers share file positions, so each call holds a lock.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from whoosh import query
from whoosh.reading import IndexReader, TermNotFound
from whoosh.searching import Searcher

from searchidx.columnar.evaluate import best_of, evaluate, matching
from searchidx.posts.model import FieldValue, Problem, SourceFile
from searchidx.results import Explanation
from searchidx.schema import (
    FILE_CTIME,
    FILE_DIGEST,
    FILE_MTIME,
    FILE_SIZE,
    HAS,
    META,
    PATH,
    PROBLEMS,
    names_of,
    sort_column,
)
from searchidx.settings import FieldKind, FieldSpec
from searchidx.store.damage import told_as_corrupt
from searchidx.store.explain import explain
from searchidx.store.manifest import Manifest
from searchidx.store.verify import faults


@dataclass(frozen=True, slots=True)
class StoredPost:
    """What an index keeps of a post besides its terms."""

    path: str
    fields: dict[str, FieldValue]
    meta: tuple[tuple[str, str], ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class SortKey:
    """A field to order by; posts that lack it come last either way."""

    spec: FieldSpec
    descending: bool


class Snapshot:
    """The posts of one generation; a commit by others does not change it.

    `hold` it while you use it, and `retire` it when nobody is to begin using it any more.
    """

    def __init__(
        self, folder: Path, searcher: Searcher, manifest: Manifest, size_bytes: int
    ) -> None:
        self._folder = folder
        self._searcher = searcher
        self._guard = threading.RLock()
        self._presence: dict[str, int] | None = None
        self._users = 0
        self._is_retired = False
        self.manifest = manifest
        self.size_bytes = size_bytes

    @contextmanager
    def _files(self) -> Iterator[None]:
        """For the threads to take turns in; raises IndexCorrupt when what is read is damaged."""
        with self._guard, told_as_corrupt(self._folder, "MAIN_*.cols"):
            yield

    @property
    def generation(self) -> int:
        return self.manifest.generation

    def hold(self) -> None:
        """Keep the files open until `release`, even when the snapshot is retired meanwhile."""
        with self._guard:
            self._users += 1

    def release(self) -> None:
        """Undo one `hold`."""
        with self._guard:
            self._users -= 1
        self._close_if_unused()

    def retire(self) -> None:
        """Let go of the files, as soon as nobody holds them."""
        self._is_retired = True
        self._close_if_unused()

    def _close_if_unused(self) -> None:
        with self._guard:
            if self._is_retired and not self._users and not self._searcher.is_closed:
                self._searcher.close()

    def post_count(self) -> int:
        with self._guard:
            return int(self._searcher.doc_count())

    def segment_count(self) -> int:
        return len(self._parts())

    def deleted_count(self) -> int:
        return int(self._searcher.doc_count_all()) - self.post_count()

    # -- evaluation

    def count(self, tree: query.Query) -> int:
        """How many posts match."""
        with self._files():
            return sum(len(matching(tree, part)) for part, _ in self._parts())

    def matching(self, tree: query.Query) -> list[int]:
        """The numbers of the posts that match, ascending."""
        with self._files():
            found = [matching(tree, part) + offset for part, offset in self._parts()]
            return [number for part in found for number in part.tolist()]

    def best(self, tree: query.Query, limit: int) -> tuple[int, list[tuple[int, float]]]:
        """How many posts match, and the `limit` best as (number, score).

        Best first; of two with the same score the lower number.
        """
        with self._files():
            return best_of(((evaluate(tree, part), base) for part, base in self._parts()), limit)

    def _parts(self) -> list[tuple[Searcher, int]]:
        """The searcher of each segment, and the number of its first document."""
        if not self._searcher.doc_count_all():
            return []
        return list(self._searcher.leaf_searchers())

    def ordered(self, tree: query.Query, keys: Sequence[SortKey]) -> list[int]:
        """All matches in the order of the keys, the first key first; then by number."""
        numbers = self.matching(tree)
        with self._files():
            for key in reversed(keys):
                column = self._column(key.spec)
                present = set(self.matching(query.Term(HAS, key.spec.name)))
                having = [number for number in numbers if number in present]
                having.sort(key=column, reverse=key.descending)
                numbers = having + [number for number in numbers if number not in present]
        return numbers

    def explain(self, tree: query.Query, number: int) -> Explanation | None:
        """How the score of one post came about; None if it does not match."""
        with self._files():
            for searcher, offset in reversed(self._parts()):
                if number >= offset:
                    return explain(tree, searcher, number - offset)
        return None

    def _column(self, spec: FieldSpec) -> Callable[[int], Any]:
        """The value of a field in a post that has one, by the post's number."""
        parts = self._parts()
        offsets = [offset for _, offset in parts]
        readers = [part.reader().column_reader(sort_column(spec)) for part, _ in parts]

        def value(number: int) -> Any:
            at = bisect_right(offsets, number) - 1
            return readers[at][number - offsets[at]]

        return value

    # -- what is stored

    def stored(self, number: int) -> StoredPost:
        """The stored values of a post."""
        with self._files():
            values = self._searcher.stored_fields(number)
        specs = {spec.name: spec for spec in self.manifest.fields}
        fields = {
            name: _loaded(specs[name], value) for name, value in values.items() if name in specs
        }
        ordered = {name: fields[name] for name in specs if name in fields}
        meta = tuple((key, text) for key, text in values.get(META, ()))
        problems = tuple(Problem(values[PATH], *row) for row in values.get(PROBLEMS, ()))
        return StoredPost(values[PATH], ordered, meta, problems)

    def problems(self) -> list[Problem]:
        """The problems of every post, in the order of their paths and lines."""
        numbers = self.matching(query.Term(HAS, PROBLEMS))
        found = [problem for number in numbers for problem in self.stored(number).problems]
        return sorted(found, key=lambda problem: (problem.path, problem.line))

    def number_of(self, path: str) -> int | None:
        """The number of the post with this path."""
        with self._files():
            number = self._searcher.document_number(**{PATH: path})
        return None if number is None else int(number)

    def catalogue(self) -> list[SourceFile]:
        """The files that are indexed, in the order of their paths."""
        with self._files():
            files = [file for part, _ in self._parts() for file in _files_of(part.reader())]
        return sorted(files, key=lambda file: file.path)

    def faults(self) -> list[str]:
        """What of the index cannot be read; empty when it is whole."""
        with self._guard:
            return [fault for part, _ in self._parts() for fault in faults(part.reader())]

    # -- terms

    def terms(self, field: str, prefix: str = "") -> Iterator[tuple[str, int]]:
        """The terms of a Whoosh field with the number of posts that hold each, in their order."""
        with self._files():
            reader = self._searcher.reader()
            terms = list(reader.expand_prefix(field, prefix))
            if reader.has_deletions():
                counts = [self.count(query.Term(field, term)) for term in terms]
            else:
                counts = [int(reader.doc_frequency(field, term)) for term in terms]
        rows = zip((term.decode() for term in terms), counts, strict=True)
        return iter([row for row in rows if row[1]])

    def presence(self) -> dict[str, int]:
        """Field names and `meta.KEY` -> how many posts have a value there; at least one does."""
        with self._files():
            if self._presence is None:
                self._presence = dict(self.terms(HAS))
            return self._presence

    def value_counts(self, spec: FieldSpec, tree: query.Query) -> Iterator[tuple[str, int, int]]:
        """The whole values of a text or keyword field among the matches, in no order.

        For each the term, how many of the matches have it, and the number of one that does. Of
        interchangeable values only the first of a post counts.
        """
        wanted = set(self.matching(tree))
        with self._files():
            if spec.interchangeable:
                return iter(self._first_values(spec, wanted))
            return iter(list(self._all_values(spec, wanted)))

    def _first_values(self, spec: FieldSpec, wanted: set[int]) -> list[tuple[str, int, int]]:
        column = self._column(spec)
        found: dict[str, list[int]] = {}
        for number in wanted.intersection(self.matching(query.Term(HAS, spec.name))):
            found.setdefault(column(number), []).append(number)
        return [(term, len(numbers), numbers[0]) for term, numbers in found.items()]

    def _all_values(self, spec: FieldSpec, wanted: set[int]) -> Iterator[tuple[str, int, int]]:
        field = names_of(spec).value
        for term in self._searcher.reader().expand_prefix(field, ""):
            holding = wanted.intersection(self.matching(query.Term(field, term)))
            if holding:
                yield term.decode(), len(holding), min(holding)

    def column_values(
        self, spec: FieldSpec, tree: query.Query
    ) -> list[float] | list[datetime] | list[bool]:
        """The values of a number, date or yes/no field in the matches that have one."""
        wanted = set(self.matching(tree)).intersection(self.matching(query.Term(HAS, spec.name)))
        if spec.kind is FieldKind.BOOL:
            yes = len(wanted.intersection(self.matching(query.Term(spec.name, True))))
            return [True] * yes + [False] * (len(wanted) - yes)
        with self._files():
            column = self._column(spec)
            return [column(number) for number in wanted]

    def document_frequency(self, field: str, term: str) -> int:
        with self._files():
            try:
                return int(self._searcher.reader().doc_frequency(field, term))
            except TermNotFound:
                return 0

    def near_terms(self, field: str, term: str, edits: int) -> set[str]:
        """The terms of a Whoosh field within so many edits of a term."""
        with self._files():
            return {
                str(word)
                for searcher, _ in self._parts()
                for word in searcher.reader().terms_within(field, term, edits, prefix=0)
            }


def _files_of(reader: IndexReader) -> Iterator[SourceFile]:
    """The files of the posts of one segment."""
    names = (PATH, FILE_SIZE, FILE_MTIME, FILE_CTIME, FILE_DIGEST)
    paths, sizes, mtimes, ctimes, digests = map(reader.column_reader, names)
    for at in reader.all_doc_ids():
        times = int(mtimes[at]), int(ctimes[at])
        yield SourceFile(paths[at], int(sizes[at]), times[0], digests[at].decode(), times[1])


def _loaded(spec: FieldSpec, value: Any) -> FieldValue:
    match spec.kind:
        case FieldKind.TEXT | FieldKind.KEYWORD:
            return tuple(value)
        case FieldKind.DATE:
            assert isinstance(value, datetime)
            return value.replace(tzinfo=UTC)
        case FieldKind.NUMBER:
            return float(value)
    return bool(value)
