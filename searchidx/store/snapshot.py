"""One open generation of an index: query trees in, document numbers and stored values out.

Document numbers are those of Whoosh and mean something only within one snapshot. A snapshot may be
used from several threads: Whoosh's readers share file positions, so each call holds a lock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import nsmallest
from typing import Any, TypeVar

from whoosh import query
from whoosh.reading import TermNotFound
from whoosh.searching import Searcher

from searchidx.posts.model import FieldValue, SourceFile
from searchidx.results import Explanation
from searchidx.schema import (
    FILE_DIGEST,
    FILE_MTIME,
    FILE_SIZE,
    HAS,
    META,
    PATH,
    PROBLEMS,
    sort_column,
)
from searchidx.settings import FieldKind, FieldSpec
from searchidx.store.evaluate import evaluate, matching
from searchidx.store.explain import explain
from searchidx.store.manifest import Manifest
from searchidx.store.verify import faults

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class StoredPost:
    """What an index keeps of a post besides its terms."""

    path: str
    fields: dict[str, FieldValue]
    meta: tuple[tuple[str, str], ...]
    problems: tuple[tuple[int, str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class SortKey:
    """A field to order by; posts that lack it come last either way."""

    spec: FieldSpec
    descending: bool


class Snapshot:
    """The posts of one generation; a commit by others does not change it.

    `hold` it while you use it, and `retire` it when nobody is to begin using it any more.
    """

    def __init__(self, searcher: Searcher, manifest: Manifest, size_bytes: int) -> None:
        self._searcher = searcher
        self._lock = threading.RLock()
        self._users = 0
        self._is_retired = False
        self.manifest = manifest
        self.size_bytes = size_bytes

    @property
    def generation(self) -> int:
        return self.manifest.generation

    def hold(self) -> None:
        """Keep the files open until `release`, even when the snapshot is retired meanwhile."""
        with self._lock:
            self._users += 1

    def release(self) -> None:
        """Undo one `hold`."""
        with self._lock:
            self._users -= 1
        self._close_if_unused()

    def retire(self) -> None:
        """Let go of the files, as soon as nobody holds them."""
        self._is_retired = True
        self._close_if_unused()

    def _close_if_unused(self) -> None:
        with self._lock:
            if self._is_retired and not self._users:
                self._searcher.close()

    def post_count(self) -> int:
        return int(self._searcher.doc_count())

    def segment_count(self) -> int:
        return len(self._parts())

    def deleted_count(self) -> int:
        return int(self._searcher.doc_count_all()) - self.post_count()

    # -- evaluation

    def count(self, tree: query.Query) -> int:
        """How many posts match."""
        with self._lock:
            return sum(len(matching(tree, part)) for part, _ in self._parts())

    def matching(self, tree: query.Query) -> list[int]:
        """The numbers of the posts that match, ascending."""
        with self._lock:
            found = [
                number + offset for part, offset in self._parts() for number in matching(tree, part)
            ]
        return sorted(found)

    def best(self, tree: query.Query, limit: int) -> tuple[int, list[tuple[int, float]]]:
        """How many posts match, and the `limit` best as (number, score).

        Best first; of two with the same score the lower number.
        """
        with self._lock:
            scored = [
                (number + offset, score)
                for part, offset in self._parts()
                for number, score in evaluate(tree, part).items()
            ]
        return len(scored), nsmallest(limit, scored, key=lambda hit: (-hit[1], hit[0]))

    def _parts(self) -> list[tuple[Searcher, int]]:
        """The searcher of each segment, and the number of its first document."""
        return list(self._searcher.leaf_searchers())

    def ordered(self, tree: query.Query, keys: Sequence[SortKey]) -> list[int]:
        """All matches in the order of the keys, the first key first; then by number."""
        numbers = self.matching(tree)
        with self._lock:
            for key in reversed(keys):
                column = self._column(key.spec)
                present = set(self.matching(query.Term(HAS, key.spec.name)))
                having = [number for number in numbers if number in present]
                having.sort(key=column, reverse=key.descending)
                numbers = having + [number for number in numbers if number not in present]
        return numbers

    def explain(self, tree: query.Query, number: int) -> Explanation | None:
        """How the score of one post came about; None if it does not match."""
        with self._lock:
            for searcher, offset in reversed(self._parts()):
                if number >= offset:
                    return explain(tree, searcher, number - offset)
        return None

    def _column(self, spec: FieldSpec) -> Callable[[int], Any]:
        reader = self._searcher.reader().column_reader(sort_column(spec))
        return lambda number: reader[number]

    # -- what is stored

    def stored(self, number: int) -> StoredPost:
        """The stored values of a post."""
        with self._lock:
            values = self._searcher.stored_fields(number)
        specs = {spec.name: spec for spec in self.manifest.fields}
        fields = {
            name: _loaded(specs[name], value) for name, value in values.items() if name in specs
        }
        ordered = {name: fields[name] for name in specs if name in fields}
        meta = tuple((key, text) for key, text in values.get(META, ()))
        problems = tuple((*row,) for row in values.get(PROBLEMS, ()))
        return StoredPost(values[PATH], ordered, meta, problems)

    def number_of(self, path: str) -> int | None:
        """The number of the post with this path."""
        with self._lock:
            number = self._searcher.document_number(**{PATH: path})
        return None if number is None else int(number)

    def catalogue(self) -> list[SourceFile]:
        """The files that are indexed, in the order of their paths."""
        with self._lock:
            reader = self._searcher.reader()
            if not reader.doc_count():
                return []
            paths, sizes, mtimes, digests = (
                reader.column_reader(name) for name in (PATH, FILE_SIZE, FILE_MTIME, FILE_DIGEST)
            )
            files = [
                SourceFile(paths[at], int(sizes[at]), int(mtimes[at]), digests[at].decode())
                for at in reader.all_doc_ids()
            ]
        return sorted(files, key=lambda file: file.path)

    def faults(self) -> list[str]:
        """What of the index cannot be read; empty when it is whole."""
        with self._lock:
            return list(faults(self._searcher.reader()))

    # -- terms

    def terms(self, field: str, prefix: str = "") -> Iterator[tuple[str, int]]:
        """The terms of a Whoosh field with the number of posts that hold each, in their order.

        Posts deleted since the last merge still count.
        """
        with self._lock:
            reader = self._searcher.reader()
            schema_field = self._searcher.schema[field]
            rows = [
                (str(schema_field.from_bytes(term)), int(reader.doc_frequency(field, term)))
                for term in reader.expand_prefix(field, prefix)
            ]
        return iter(rows)

    def document_frequency(self, field: str, term: str) -> int:
        with self._lock:
            try:
                return int(self._searcher.reader().doc_frequency(field, term))
            except TermNotFound:
                return 0

    def near_terms(self, field: str, term: str, edits: int) -> set[str]:
        """The terms of a Whoosh field within so many edits of a term."""
        with self._lock:
            return {
                str(word)
                for searcher, _ in self._parts()
                for word in searcher.reader().terms_within(field, term, edits, prefix=0)
            }


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
