"""One open generation of an index: query trees in, document numbers and stored values out.

Document numbers count through all segments and mean something only within one snapshot. Everything
is read from arrays that do not change, so that a snapshot may be used from several threads.
"""

from __future__ import annotations

import math
import os
import threading
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from whoosh import query

from searchidx.analysis import LONGEST_KEYWORD, fold_value, fold_values
from searchidx.columnar.evaluate import best, matching
from searchidx.columnar.fields import PlainFields
from searchidx.columnar.found import DocSet, Mask, mask_without
from searchidx.columnar.packed import Numbers
from searchidx.columnar.prior import Recency, Standing
from searchidx.columnar.scoring import BurstBM25
from searchidx.columnar.searching import ArraySearcher, Part
from searchidx.columnar.segment import SegmentArrays
from searchidx.names import (
    HAS,
    META,
    PATH,
    PATH_VALUE,
    PROBLEMS,
    names_of,
)
from searchidx.query.vocabulary import Vocabulary
from searchidx.settings import FieldKind, FieldSpec
from searchidx.store.damage import told_as_corrupt
from searchidx.store.fields import plain_fields
from searchidx.store.manifest import Manifest, SegmentRecord
from searchidx.store.ordering import SortKey, SortKeys

if TYPE_CHECKING:
    from whoosh.searching import Searcher

    from searchidx.answers import Explanation
    from searchidx.posts.model import Catalogue, FieldValue
    from searchidx.posts.problem import Problem
    from searchidx.store.counting import FieldCounts

MOST_SPELLINGS = 100_000
"""So many values of a facet are remembered as posts write them."""

FEW_PATHS = 100
"""So many posts are looked up by their paths, rather than found among all."""


class StoredPost(NamedTuple):
    """What an index keeps of a post besides its terms."""

    path: str
    fields: Mapping[str, FieldValue]
    meta: tuple[tuple[str, str], ...]
    problems: tuple[Problem, ...]


class PostHead(NamedTuple):
    """The path of a post, and its short texts: those of a field are `texts[places[name]]`, if there
    are any."""

    path: str
    texts: Sequence[Any]
    places: Mapping[str, int]


def alive_of(record: SegmentRecord) -> Mask | None:
    """Which documents of a segment belong to the generation; None if all do."""
    return mask_without(record.deleted, record.documents)


class _WhooshView:
    """A generation as Whoosh sees it, made when it is first asked for."""

    def __init__(
        self, fields: PlainFields, parts: Sequence[Part], records: Sequence[SegmentRecord]
    ) -> None:
        self._fields = fields
        self._segments = list(zip(records, parts, strict=True))
        self._guard = threading.Lock()
        self._searcher: Searcher | None = None

    def __call__(self) -> Searcher:
        with self._guard:
            if self._searcher is None:
                self._searcher = self._opened()
            return self._searcher

    def _opened(self) -> Searcher:
        from searchidx.columnar.codec import ColumnarSegment, open_searcher

        segments = [
            (ColumnarSegment.of(record.name, record.documents, record.deleted), part.arrays)
            for record, part in self._segments
            if part.arrays is not None
        ]
        return open_searcher(self._fields.schema(), segments, BurstBM25())


class _Presence:
    """How many posts have a value in each field and key; counted when it is first asked for."""

    def __init__(self, parts: Sequence[Part], files: told_as_corrupt) -> None:
        self._parts = parts
        self._files = files

    @cached_property
    def counts(self) -> dict[str, int]:
        from searchidx.store.counting import FieldCounts

        with self._files:
            return dict(FieldCounts(self._parts, HAS).terms(b""))

    def meta_keys(self) -> frozenset[str]:
        names = self.counts
        return frozenset(n.removeprefix("meta.") for n in names if n.startswith("meta."))


class Snapshot:
    """The posts of one generation; a commit by others does not change it.

    Nothing in it refers back to it, so that its files are let go with the last reference to it.
    """

    def __init__(self, folder: Path, manifest: Manifest, segments: Sequence[SegmentArrays]) -> None:
        self._folder = folder
        self._files = told_as_corrupt(folder, "MAIN_*.cols")
        self.manifest = manifest
        self._specs = {spec.name: spec for spec in manifest.fields}
        self._parts: list[Part] = []
        base = 0
        for number, (record, arrays) in enumerate(zip(manifest.segments, segments, strict=True)):
            self._parts.append(Part(number, base, record.documents, arrays, alive_of(record)))
            base += record.documents
        self._bases = [part.base for part in self._parts]
        self._documents = base
        fields = plain_fields(manifest.fields)
        whoosh = _WhooshView(fields, self._parts, manifest.segments)
        self._searcher = ArraySearcher(fields, self._parts, BurstBM25(), whoosh)
        self._sort_keys = SortKeys(self._parts)
        self._counts: dict[str, FieldCounts] = {}
        self._presence = _Presence(self._parts, self._files)
        self.find_meta_keys = self._presence.meta_keys
        """The metadata keys that no declared field takes; to be called when they are needed."""
        self.vocabularies: dict[tuple[str, ...], Vocabulary] = {}
        """What queries may name, by the fields in which plain words are looked for."""
        self._spellings: dict[str, dict[str, str]] = {}
        self._last: tuple[query.Query, list[DocSet]] | None = None

    @property
    def generation(self) -> int:
        return self.manifest.generation

    @property
    def size_bytes(self) -> int:
        """What the files of the index take on the disk."""
        total = 0
        for entry in os.scandir(self._folder):
            with suppress(FileNotFoundError):
                total += entry.stat().st_size if entry.is_file() else 0
        return total

    def post_count(self) -> int:
        return sum(record.live for record in self.manifest.segments)

    def segment_count(self) -> int:
        return len(self._parts)

    def deleted_count(self) -> int:
        return self._documents - self.post_count()

    # -- evaluation

    def count(self, tree: query.Query) -> int:
        """How many posts match."""
        return sum(map(len, self.found(tree)))

    def matching(self, tree: query.Query) -> Numbers:
        """The numbers of the posts that match, ascending."""
        return _numbered(self.found(tree), self._bases)

    def best(self, tree: query.Query, limit: int) -> tuple[int, list[tuple[int, float]]]:
        """How many posts match, and the `limit` best as (number, score).

        Best first; of two with the same score the lower number.
        """
        if not limit:
            return self.count(tree), []
        with self._files:
            return best(tree, self._searcher, limit)

    def ordered(
        self, tree: query.Query, keys: Sequence[SortKey], limit: int
    ) -> tuple[int, list[int]]:
        """How many posts match, and the first `limit` in the order of the keys, then by number."""
        numbers = self.matching(tree)
        with self._files:
            return len(numbers), self._sort_keys.first(numbers, keys, limit)

    def explain(self, tree: query.Query, number: int) -> Explanation | None:
        """How the score of one post came about; None if it does not match."""
        from searchidx.store.explain import explain

        with self._files:
            part = self._part(number)
            leaf = self._searcher.whoosh_part(part)
            return explain(tree, leaf, number - part.base, self.manifest.fields)

    def _part(self, number: int) -> Part:
        return self._parts[bisect_right(self._bases, number) - 1]

    # -- what is stored

    def stored(self, number: int) -> StoredPost:
        """The stored values of a post."""
        arrays, at = self._place(number)
        with self._files:
            values = arrays.stored_values(at)
            flat = values.get(META, [])
            return StoredPost(
                values[PATH],
                self._typed(values, arrays, at),
                tuple(zip(flat[::2], flat[1::2], strict=True)),
                _problems(values[PATH], values.get(PROBLEMS, ())),
            )

    def heads(self, numbers: Sequence[int]) -> list[PostHead]:
        """The paths of posts, and those of their texts that are short: a fraction of the work."""
        if len(self._parts) == 1:
            with self._files:
                return self._heads(self._parts[0], numbers)
        by_part: dict[int, list[int]] = {}
        for number in numbers:
            by_part.setdefault(bisect_right(self._bases, number) - 1, []).append(number)
        found: dict[int, PostHead] = {}
        with self._files:
            for place, own in by_part.items():
                found.update(zip(own, self._heads(self._parts[place], own), strict=True))
        return [found[number] for number in numbers]

    def _heads(self, part: Part, numbers: Sequence[int]) -> list[PostHead]:
        """The heads of posts of one segment."""
        arrays, specs = part.arrays, self._specs
        assert arrays is not None
        column = arrays.rows(PATH)
        assert column is not None
        docs = np.array(numbers, dtype=np.int64) - part.base
        places = {name: place for place, name in enumerate(arrays.stored.names) if name in specs}
        return [
            PostHead(path.decode("utf-8", "surrogatepass"), texts, places)
            for path, texts in zip(column.picked(docs), arrays.stored.heads(docs), strict=True)
        ]

    def _place(self, number: int) -> tuple[SegmentArrays, int]:
        part = self._part(number)
        assert part.arrays is not None
        return part.arrays, number - part.base

    def _path(self, arrays: SegmentArrays, at: int) -> str:
        column = arrays.rows(PATH)
        assert column is not None
        return column[at].decode("utf-8", "surrogatepass")

    def _typed(
        self, values: Mapping[str, Any], arrays: SegmentArrays, at: int
    ) -> dict[str, FieldValue]:
        """The declared fields of a post, in the order in which they are declared."""
        fields: dict[str, FieldValue] = {}
        for name, spec in self._specs.items():
            if spec.kind in (FieldKind.TEXT, FieldKind.KEYWORD):
                if name in values:
                    fields[name] = tuple(values[name])
            elif spec.kind is FieldKind.BOOL:
                if name in values:
                    fields[name] = bool(values[name])
            else:
                column = arrays.numbers(name)
                value = column.number(at) if column is not None else None
                if value is not None:
                    fields[name] = self.shown_number(spec, value)
        return fields

    def shown_number(self, spec: FieldSpec, value: Any) -> float | datetime:
        """A number or date as posts have it, from how a column holds it."""
        native = self._searcher.schema[spec.name].from_column_value(value)
        return native.replace(tzinfo=UTC) if isinstance(native, datetime) else float(native)

    def problems(self) -> list[Problem]:
        """The problems of every post, in the order of their paths and lines."""
        numbers = self.matching(query.Term(HAS, PROBLEMS)).tolist()
        found = [problem for number in numbers for problem in self.stored(number).problems]
        return sorted(found, key=lambda problem: (problem.path, problem.line))

    def number_of(self, path: str) -> int | None:
        """The number of the post with this path."""
        wanted = fold_value(path, LONGEST_KEYWORD)
        for number in self.matching(query.Term(PATH_VALUE, wanted)).tolist():
            arrays, at = self._place(number)
            with self._files:
                if self._path(arrays, at) == path:
                    return int(number)
        return None

    def places_of(self, paths: Sequence[str]) -> dict[str, list[int]]:
        """Where posts are: the name of a segment -> documents in it."""
        numbers = map(self.number_of, paths) if len(paths) <= FEW_PATHS else self._numbers_of(paths)
        places: dict[str, list[int]] = {}
        for number in numbers:
            if number is not None:
                part = self._part(number)
                name = self.manifest.segments[part.number].name
                places.setdefault(name, []).append(number - part.base)
        return places

    def _numbers_of(self, paths: Sequence[str]) -> Iterator[int]:
        """The numbers of many posts, found by looking at the paths of all."""
        wanted = {path.encode("utf-8", "surrogatepass") for path in paths}
        with self._files:
            for part in self._parts:
                assert part.arrays is not None
                column = part.arrays.rows(PATH)
                assert column is not None
                for at, path in enumerate(column.rows()):
                    if path in wanted and (part.alive is None or part.alive[at]):
                        yield part.base + at

    def catalogue(self) -> Catalogue:
        """The files that are indexed."""
        from searchidx.store.catalogue import catalogue_of  # what a sync asks, and no search

        with self._files:
            return catalogue_of(self._parts)

    def faults(self) -> list[str]:
        """What of the index cannot be read; empty when it is whole."""
        from searchidx.store.verify import faults

        toc = f"_MAIN_{self.generation}.toc"
        try:
            is_whole = zlib.crc32((self._folder / toc).read_bytes()) == self.manifest.toc_crc
        except FileNotFoundError:  # when others have committed, theirs has taken its place
            is_whole = any(self._folder.glob("_MAIN_*.toc"))
        except OSError:
            is_whole = False
        told = [] if is_whole else [f"{toc}: is not what was written; other software reads it"]
        return told + [
            f"{record.file_name}: {fault}"
            for part, record in zip(self._parts, self.manifest.segments, strict=True)
            if part.arrays is not None
            for fault in faults(part.arrays)
        ]

    # -- terms

    def _field_counts(self, field: str) -> FieldCounts:
        from searchidx.store.counting import FieldCounts

        counts = self._counts.get(field)
        if counts is None:
            counts = self._counts[field] = FieldCounts(self._parts, field)
        return counts

    def terms(self, field: str, prefix: str = "") -> Iterator[tuple[str, int]]:
        """The terms of a Whoosh field with the number of posts that hold each, in their order."""
        with self._files:
            return iter(self._field_counts(field).terms(prefix.encode("utf-8", "replace")))

    def presence(self) -> dict[str, int]:
        """Field names and `meta.KEY` -> how many posts have a value there; at least one does."""
        return self._presence.counts

    @cached_property
    def meta_keys(self) -> tuple[tuple[str, int], ...]:
        """The metadata keys that no declared field takes, each with how many posts have it."""
        found = self.presence().items()
        return tuple((n.removeprefix("meta."), c) for n, c in found if n.startswith("meta."))

    def spellings(self, spec: FieldSpec, rows: Sequence[tuple[str, int]]) -> list[str]:
        """How posts write the values of a field.

        `rows` are terms, each with the number of a post that has it. Of many, the posts are read in
        the order in which they are stored, and each once.
        """
        known = self._spellings.setdefault(spec.name, {})
        unknown = sorted((number, term) for term, number in rows if term not in known)
        found: dict[str, str] = {}
        for number, group in groupby(unknown, key=itemgetter(0)):
            texts = self._texts(spec.name, number)
            terms, _ = fold_values(texts, names_of(spec).longest)
            written = dict(zip(reversed(terms), reversed(texts), strict=True))
            found |= {term: written.get(term, term) for _, term in group}
        spelt = [known[term] if term in known else found[term] for term, _ in rows]
        if len(known) + len(found) <= MOST_SPELLINGS:
            known |= found
        return spelt

    def _texts(self, name: str, number: int) -> Sequence[str]:
        """The stored texts of one field of a post."""
        arrays, at = self._place(number)
        with self._files:
            values = arrays.stored.head(at)
            if name not in values:
                values = arrays.stored.tail(at)
        texts: Sequence[str] = values.get(name, ())
        return texts

    def found(self, tree: query.Query) -> list[DocSet]:
        """The documents that match, segment by segment: what is counted below.

        Those of the last tree are kept: what was searched is often counted, too.
        """
        last = self._last
        if last is None or last[0] is not tree:
            with self._files:
                last = self._last = tree, matching(tree, self._searcher)
        return last[1]

    def value_counts(self, field: str, found: Sequence[DocSet]) -> list[tuple[str, int, int]]:
        """The terms of a Whoosh field among some documents, in no order.

        For each the term, how many of them have it, and the number of a post that has it.
        """
        with self._files:
            return self._field_counts(field).among(found)

    def first_value_counts(
        self, column: str, found: Sequence[DocSet]
    ) -> list[tuple[str, int, int]]:
        """The same of a column of texts, of which a post has one."""
        with self._files:
            return self._sort_keys.text_counts(column, found)

    def number_counts(
        self, spec: FieldSpec, found: Sequence[DocSet], step: float = 0.0
    ) -> list[tuple[float, int]]:
        """The values of a number field among some documents with their counts, ascending.

        With a `step`, the multiple of it at or below each value.
        """
        from searchidx.store.counting import counted, numbers_among

        with self._files:
            values = numbers_among(self._parts, spec.name, found)
        counts: dict[float, int] = {}
        for value, count in counted(values):
            native = float(self._searcher.schema[spec.name].from_column_value(value))
            low = math.floor(native / step) * step if step else native
            counts[low] = counts.get(low, 0) + count
        return sorted(counts.items())

    def date_counts(
        self, spec: FieldSpec, found: Sequence[DocSet], unit: str
    ) -> list[tuple[str, int]]:
        """The days (`D`), months (`M`) or years (`Y`) of a date field among some documents.

        As `2020-05-18`, `2020-05`, `2020`, each with its count, ascending.
        """
        from searchidx.store.counting import calendar_counts, numbers_among

        with self._files:
            return calendar_counts(numbers_among(self._parts, spec.name, found), unit)

    def document_frequency(self, field: str, term: str) -> int:
        """How many posts hold a term, those included that are deleted but still in a segment."""
        with self._files:
            return self._searcher.document_frequency(field, term)

    def worth(self, field: str, term: str) -> float:
        """What a term is worth in the scores of a field: its idf, and how it comes in bursts."""
        with self._files:
            return self._searcher.idf(field, term)

    def recency(self, field: str, now: datetime, half_life: timedelta) -> Recency:
        """What lifts posts that are new, by a date field."""
        kind = self._searcher.schema[field]
        moment = now.replace(tzinfo=None)
        at, before = (int(kind.to_column_value(when)) for when in (moment, moment - half_life))
        return Recency(field, at, float(at - before))

    def standing(self, field: str) -> Standing:
        """What lifts posts with a high number in a field."""
        columns = [(part, part.arrays.numbers(field)) for part in self._parts if part.arrays]
        held = [
            column.values if column.has is None else column.values[column.has]
            for _, column in columns
            if column is not None
        ]
        return Standing(field, np.sort(np.concatenate(held)) if held else np.zeros(0))

    def average_length(self, field: str) -> float:
        """The mean length of a field, in words."""
        with self._files:
            return self._searcher.average_length(field)

    def first_with(self, field: str, term: str) -> int | None:
        """The number of the first post that holds a term; None if none does."""
        numbers = self.matching(query.Term(field, term))
        return int(numbers[0]) if len(numbers) else None

    def near_terms(self, field: str, term: str, edits: int) -> set[str]:
        """The terms of a Whoosh field within so many edits of a term."""
        with self._files:
            return self._searcher.near_terms(field, term, edits)


def _problems(path: str, rows: Sequence[Sequence[Any]]) -> tuple[Problem, ...]:
    """The problems of a post, which few posts have."""
    if not rows:
        return ()
    from searchidx.posts.problem import Problem

    return tuple(Problem(path, *row) for row in rows)


def _numbered(found: Sequence[DocSet], bases: Sequence[int]) -> Numbers:
    """The documents of all segments, counted through."""
    if len(found) == 1:
        return found[0].docs
    parts = [docs.docs + base for docs, base in zip(found, bases, strict=True)]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
