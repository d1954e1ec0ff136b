"""Whoosh's index and searcher over columnar segments: searches are evaluated on arrays.

`open_dir` and `create_in` are called as those of `whoosh.index` are. What the arrays do not cover
(grouping, collapsing, `terms=True`, other scoring models, collectors of the caller's own) is left
to Whoosh's collectors, which work on the same segments.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from whoosh import query
from whoosh.collectors import (
    Collector,
    FilterCollector,
    SortingCollector,
    TopCollector,
    UnlimitedCollector,
    UnsortedCollector,
)
from whoosh.fields import Schema
from whoosh.filedb.filestore import FileStorage
from whoosh.index import FileIndex
from whoosh.reading import IndexReader
from whoosh.searching import Results, SearchContext, Searcher
from whoosh.sorting import Categorizer, FacetType, FieldFacet, MultiFacet
from whoosh.writing import IndexWriter

from searchidx.columnar.codec import ColumnarCodec
from searchidx.columnar.columns import NumberColumn, TextColumn
from searchidx.columnar.evaluate import evaluate, matching
from searchidx.columnar.found import DocSet, Found, mask_without
from searchidx.columnar.packed import Numbers
from searchidx.columnar.read import arrays_of
from searchidx.columnar.scoring import has_array_form
from searchidx.columnar.searching import ArraySearcher, Part
from searchidx.columnar.select import best_of, ordered

MAIN = "MAIN"
"""Whoosh's name for an index that is given none."""


def create_in(dirname: str | Path, schema: Schema, indexname: str | None = None) -> ColumnarIndex:
    """A new, empty index in a folder that exists; one that was there before is overwritten."""
    storage = FileStorage(str(dirname))
    index: ColumnarIndex = ColumnarIndex.create(storage, schema, indexname or MAIN)
    return index


def open_dir(
    dirname: str | Path,
    indexname: str | None = None,
    readonly: bool = False,
    schema: Schema | None = None,
) -> ColumnarIndex:
    """The index in a folder, whichever codec wrote its segments.

    Raises: whoosh.index.EmptyIndexError when there is none.
    """
    storage = FileStorage(str(dirname), readonly=readonly)
    return ColumnarIndex(storage, schema=schema, indexname=indexname or MAIN)


class ColumnarIndex(FileIndex):  # type: ignore[misc]
    """An index of Whoosh that writes columnar segments and searches them by arrays.

    >>> from whoosh.fields import TEXT, Schema
    >>> from whoosh.filedb.filestore import RamStorage
    >>> index = ColumnarIndex.create(RamStorage(), Schema(text=TEXT))
    >>> with index.writer() as writer:
    ...     writer.add_document(text="arrays all the way down")
    >>> with index.searcher() as searcher:
    ...     print(len(searcher.find("text", "arrays")))
    1
    """

    def reader(self, reuse: IndexReader | None = None) -> IndexReader:
        """A reader of what is committed; `reuse` is closed.

        Whoosh would take over its segments, and so miss what was deleted from them since.
        """
        reader = super().reader()
        if reuse is not None:
            reuse.close()
        return reader

    def writer(self, procs: int = 1, **kwargs: Any) -> IndexWriter:
        """A writer of Whoosh; of columnar segments unless another codec is given."""
        return super().writer(procs, **{"codec": ColumnarCodec(), **kwargs})

    def searcher(self, **kwargs: Any) -> ColumnarSearcher:
        """A searcher over what is committed; `kwargs` as those of Whoosh's Searcher."""
        return ColumnarSearcher(self.reader(), fromindex=self, **kwargs)


class ColumnarSearcher(Searcher):  # type: ignore[misc]
    """Whoosh's searcher, with searches by arrays where these give the same answer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._arrays: ArraySearcher | None = None
        super().__init__(*args, **kwargs)

    def close(self) -> None:
        self._arrays = None
        super().close()

    def arrays(self) -> ArraySearcher:
        """The segments as arrays."""
        if self._arrays is None:
            self._arrays = searcher_over(self)
        return self._arrays

    def search(self, q: query.Query, **kwargs: Any) -> Results:
        """What Whoosh's `search` gives, with the same arguments; `len(results)` is always exact."""
        collector = self.collector(**kwargs)
        if self.parent is None and has_array_form(self.weighting):
            collector = _array_collector(collector) or collector
        self.search_with_collector(q, collector)
        return collector.results()


def _array_collector(asked: Collector) -> ArrayCollector | None:
    """What collects by arrays what a collector of Whoosh collects; None if arrays do not."""
    inner = asked.child if type(asked) is FilterCollector else asked
    allow, restrict = (asked.allow, asked.restrict) if inner is not asked else (None, None)
    match inner:
        case TopCollector():
            return ArrayCollector(allow, restrict, inner.limit)
        case UnlimitedCollector(reverse=False):
            return ArrayCollector(allow, restrict)
        case UnsortedCollector():
            return _UnscoredCollector(allow, restrict)
        case SortingCollector(sortfacet=sort) if all(map(_is_by_field, sort.facets)):
            return _SortedCollector(inner, allow, restrict)
    return None


def _is_by_field(facet: FacetType) -> bool:
    if type(facet) is MultiFacet:
        return all(map(_is_by_field, facet.facets))
    return type(facet) is FieldFacet and not facet.allow_overlap


class ArrayCollector(Collector):  # type: ignore[misc]
    """Collects the best documents of all segments, or all of them, best first.

    `allow` and `restrict` are what Whoosh's `filter` and `mask` may be; they do not count when they
    are empty. Of two documents with one score the lower number comes first.
    """

    def __init__(self, allow: Any, restrict: Any, limit: int | None = None) -> None:
        self._allow = allow
        self._restrict = restrict
        self._limit = limit

    def run(self) -> None:
        try:
            self._arrays: ArraySearcher = self.top_searcher.arrays()
            found = self._evaluated()
            kept = self._kept(found)
            self._sets = [one.set for one in kept]
            self._total = sum(map(len, kept))
            self._filtered = sum(map(len, found)) - self._total
            self.items = self._items(kept)
        finally:
            self.finish()

    def _evaluated(self) -> list[Found]:
        return evaluate(self.q, self._arrays)

    def _kept(self, found: list[Found]) -> list[Found]:
        """What is found, without what is filtered out."""
        if self._allow:
            allowed = self._docs_of(self._allow)
            found = [one.only(docs) for one, docs in zip(found, allowed, strict=True)]
        if self._restrict:
            restricted = self._docs_of(self._restrict)
            found = [one.without(docs) for one, docs in zip(found, restricted, strict=True)]
        return found

    def _docs_of(self, wanted: Any) -> list[DocSet]:
        """For each segment, the documents of a query, of results, or of a set of numbers."""
        if isinstance(wanted, query.Query):
            return matching(wanted, self._arrays)
        numbers = np.array(sorted(self.top_searcher._filter_to_comb(wanted)), dtype=np.int64)
        sets = []
        for part in self._arrays.parts:
            ends = numbers.searchsorted([part.base, part.base + part.documents])
            sets.append(DocSet(part.documents, numbers[slice(*ends)] - part.base))
        return sets

    def _items(self, found: Sequence[Found]) -> list[tuple[Any, int]]:
        """Score and number of the documents to show."""
        parts = [(one, part.base) for one, part in zip(found, self._arrays.parts, strict=True)]
        best = best_of(parts, self._total if self._limit is None else self._limit)
        return [(score, number) for number, score in best]

    # -- what Whoosh's Results ask

    def count(self) -> int:
        return self._total

    def all_ids(self) -> Iterable[int]:
        for docs, part in zip(self._sets, self._arrays.parts, strict=True):
            yield from (docs.docs + part.base).tolist()

    def results(self) -> Results:
        results = self._results(self.items)
        if self._allow or self._restrict:
            results.filtered_count = self._filtered
            results.allowed, results.restricted = self._allow, self._restrict
        return results


class _UnscoredCollector(ArrayCollector):
    """Collects all documents that match, in the order of their numbers, without scores."""

    def _evaluated(self) -> list[Found]:
        return [Found(docs, 0.0) for docs in matching(self.q, self._arrays)]

    def _items(self, found: Sequence[Found]) -> list[tuple[Any, int]]:
        return [(None, number) for number in self.all_ids()]


class _SortedCollector(_UnscoredCollector):
    """Collects documents in the order of fields, as `asked` would.

    The keys are Whoosh's own. Where one column decides, they are asked only of those documents of
    each segment that can be among the first.
    """

    def __init__(self, asked: SortingCollector, allow: Any, restrict: Any) -> None:
        super().__init__(allow, restrict, asked.limit)
        self._sort: MultiFacet = asked.sortfacet
        self._is_reverse = bool(asked.reverse)

    def prepare(self, top_searcher: Searcher, q: query.Query, context: SearchContext) -> None:
        super().prepare(top_searcher, q, context)
        self._categorizer: Categorizer = self._sort.categorizer(top_searcher)

    def _items(self, found: Sequence[Found]) -> list[tuple[Any, int]]:
        items: list[tuple[Any, int]] = []
        leaves = self.top_searcher.leaf_searchers()
        for one, part in zip(found, self._arrays.parts, strict=True):
            self._categorizer.set_searcher(leaves[part.number][0], part.base)
            docs = self._first(part, one.set.docs).tolist()
            items += [(self._categorizer.key_for(None, doc), doc + part.base) for doc in docs]
        items.sort(reverse=self._is_reverse)
        return items[: self._limit] if self._limit else items

    def _first(self, part: Part, docs: Numbers) -> Numbers:
        """Those of the documents that can be among the first; all where columns do not tell."""
        if self._limit is None or len(docs) <= self._limit or self._is_reverse:
            return docs
        (facet, *more) = self._sort.facets
        if more or type(facet) is not FieldFacet:
            return docs
        keys = _keys(part, facet.fieldname, docs, self._arrays.schema)
        return docs if keys is None else docs[ordered(keys, self._limit, facet.reverse)]


def _keys(part: Part, name: str, docs: Numbers, schema: Schema) -> Any:
    """For each of some documents, a number that sorts as its value of a column does."""
    column = part.arrays.column(name) if part.arrays is not None else None
    default = schema[name].column_type.default_value() if column is not None else None
    if isinstance(column, NumberColumn):
        values = column.values[docs]
        present = column.present(docs)
        return values if present is None else np.where(present, values, values.dtype.type(default))
    if isinstance(column, TextColumn) and default == b"":
        ordinals = column.ordinals[docs]
        has_empty = len(column) and not column.text(1)  # sorts as a document without a text
        return np.maximum(ordinals, 1) if has_empty else ordinals
    return None


def searcher_over(searcher: Searcher) -> ArraySearcher:
    """An ArraySearcher over what a searcher of Whoosh sees."""
    parts = []
    if searcher.doc_count_all():
        for number, (leaf, base) in enumerate(searcher.leaf_searchers()):
            reader = leaf.reader()
            count, arrays = reader.doc_count_all(), arrays_of(reader)
            alive = mask_without(reader.deleted_docs_set, count)
            parts.append(Part(number, base, count, arrays, alive))
    return ArraySearcher(searcher.schema, parts, searcher.weighting, lambda: searcher)
