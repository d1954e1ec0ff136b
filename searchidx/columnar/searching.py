"""An index as queries see it: its segments, and the figures that scores are made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from whoosh import query
from whoosh.scoring import WeightingModel

from searchidx.columnar.decoded import DecodedTerms
from searchidx.columnar.fields import Fields
from searchidx.columnar.found import Mask
from searchidx.columnar.packed import Numbers
from searchidx.columnar.scoring import BurstBM25, has_array_form
from searchidx.columnar.segment import LENGTHS, SegmentArrays

if TYPE_CHECKING:
    import numpy.typing as npt
    from whoosh.searching import Searcher

    from searchidx.columnar.expand import TermTexts


class Part:
    """One segment. `base` is the number of its first document in the whole index.

    `arrays` is None when another codec wrote the segment; `alive` when no document is deleted.
    """

    __slots__ = ("alive", "arrays", "base", "documents", "norms", "number", "vocabularies")

    def __init__(
        self,
        number: int,
        base: int,
        documents: int,
        arrays: SegmentArrays | None,
        alive: Mask | None = None,
    ) -> None:
        self.number = number
        self.base = base
        self.documents = documents
        self.arrays = arrays
        self.alive = alive
        self.norms: dict[str, npt.NDArray[np.float32]] = {}
        self.vocabularies: dict[str, TermTexts] = {}


class ArraySearcher:
    """What queries are evaluated on. `whoosh` gives the same index as Whoosh sees it, for the
    nodes of a query that have no array form; it is called when one is met."""

    def __init__(
        self,
        schema: Fields,
        parts: Sequence[Part],
        weighting: WeightingModel,
        whoosh: Callable[[], Searcher],
    ) -> None:
        self.schema = schema
        self.parts = list(parts)
        self.documents = sum(part.documents for part in parts)
        self._weighting = weighting
        self._is_bm25 = has_array_form(weighting)
        self._whoosh = whoosh
        self.decoded = DecodedTerms()
        self._numbers: dict[tuple[str, Any], list[int | None]] = {}
        self._idfs: dict[tuple[str, Any], float] = {}

    # -- Whoosh's view

    def whoosh(self) -> Searcher:
        """The whole index as Whoosh sees it."""
        return self._whoosh()

    def whoosh_part(self, part: Part) -> Searcher:
        """A segment as Whoosh sees it."""
        searcher: Searcher = self._whoosh().leaf_searchers()[part.number][0]
        return searcher

    # -- terms

    def numbers_of(self, name: str, text: Any) -> list[int | None]:
        """The number of a term in each segment; None where it does not occur."""
        found = self._numbers.get((name, text))
        if found is None:
            encoded = self._encoded(name, text)
            found = [_number(part, name, encoded) for part in self.parts]
            if len(self._numbers) > MOST_KNOWN:
                self._numbers.clear()
            self._numbers[(name, text)] = found
        return found

    def _encoded(self, name: str, text: Any) -> bytes | None:
        if type(text) is bytes:
            return text
        if name not in self.schema:
            return None
        try:
            encoded: bytes = self.schema[name].to_bytes(text)
        except ValueError:
            return None
        return encoded

    def document_frequency(self, name: str, text: Any) -> int:
        """How many documents, deleted ones included, hold a term."""
        total = 0
        for part, number in zip(self.parts, self.numbers_of(name, text), strict=True):
            if part.arrays is None:
                searcher = self.whoosh_part(part)
                total += int(searcher.reader().doc_frequency(name, text))
            elif number is not None:
                terms = part.arrays.field(name)
                total += terms.document_frequency(number) if terms is not None else 0
        return total

    def expanded(self, part: Part, node: query.MultiTerm) -> Numbers:
        """The numbers of the terms of a segment that a pattern stands for, ascending."""
        assert part.arrays is not None
        name = node.field()
        terms = part.arrays.field(name)
        assert terms is not None
        encode = self.schema[name].to_bytes
        match node:
            case query.Prefix():
                return np.arange(*terms.prefix_range(encode(node.text)))
            case query.Wildcard():
                first, last = terms.prefix_range(encode(_literal(node.text)))
                return self._vocabulary(part, name).wildcard(node.text, first, last)
            case query.FuzzyTerm():
                first, last = terms.prefix_range(encode(node.text[: node.prefixlength]))
                return self._vocabulary(part, name).within(
                    node.text, node.maxdist, node.prefixlength, first, last
                )
            case query.Regex():
                return self._vocabulary(part, name).regex(node.text)
        reader = self.whoosh_part(part).reader()
        numbers = {terms.find(encode(text)) for text in node._btexts(reader)}
        return np.array(sorted(numbers - {None}), dtype=np.int64)  # type: ignore[type-var]

    def near_terms(self, name: str, text: str, edits: int) -> set[str]:
        """The terms of a field within so many edits of a text."""
        found: set[str] = set()
        for part in self.parts:
            terms = part.arrays.field(name) if part.arrays is not None else None
            if terms is not None:
                numbers = self._vocabulary(part, name).within(text, edits)
                found.update(terms.term(number).decode() for number in numbers.tolist())
        return found

    def _vocabulary(self, part: Part, name: str) -> TermTexts:
        known = part.vocabularies.get(name)
        if known is None:
            from searchidx.columnar.expand import TermTexts  # patterns, which few queries have

            assert part.arrays is not None
            terms = part.arrays.field(name)
            assert terms is not None
            texts = terms.texts()
            known = part.vocabularies[name] = TermTexts(texts.items, texts.ends)
        return known

    # -- scores

    def has_array_scores(self, name: str) -> bool:
        """Whether scores of this field are computed on arrays: a BM25, or plain weights."""
        return self._is_bm25 or (name in self.schema and not self.schema[name].scorable)

    def idf(self, name: str, text: Any) -> float:
        """What the weighting takes for the idf of a term: of Whoosh's BM25F `ln(N / (n + 1)) + 1`,
        where n of N documents hold the term."""
        known = self._idfs.get((name, text))
        if known is None:
            if len(self._idfs) > MOST_KNOWN:
                self._idfs.clear()
            holding = self.document_frequency(name, text)
            if isinstance(self._weighting, BurstBM25):
                total = self._total_weight(name, text)
                known = self._weighting.worth(self.documents, holding, total)
            else:
                known = math.log(self.documents / (holding + 1)) + 1
            self._idfs[(name, text)] = known
        return known

    def _total_weight(self, name: str, text: Any) -> float:
        """How often a term stands in all documents, deleted ones included."""
        total = 0.0
        for part, number in zip(self.parts, self.numbers_of(name, text), strict=True):
            if part.arrays is None:
                total += float(self.whoosh_part(part).reader().frequency(name, text))
            elif number is not None:
                terms = part.arrays.field(name)
                total += terms.total_weight(number) if terms is not None else 0.0
        return total

    def bm25(self, part: Part, name: str, text: Any) -> tuple[float, npt.NDArray[np.float32]]:
        """The factor of a term's scores, `idf (k1 + 1)`, and for each document of a segment the
        norm of its length, `k1 (1 − b + b × length / average)`."""
        k1 = self._weighting.K1
        norms = part.norms.get(name)
        if norms is None:
            b = self._weighting._field_B.get(name, self._weighting.B)
            quantised = part.arrays.lengths(name) if part.arrays is not None else None
            average = self.average_length(name)
            table = (k1 * ((1 - b) + b * LENGTHS.astype(np.float64) / average)).astype(np.float32)
            if quantised is None:
                norms = np.full(part.documents, table[1], dtype=np.float32)
            else:
                norms = table[quantised]
            part.norms[name] = norms
        return self.idf(name, text) * (k1 + 1), norms

    def average_length(self, name: str) -> float:
        """The mean length of a field over all documents; 1 where there is none."""
        total = 0.0
        for part in self.parts:
            if part.arrays is not None:
                total += int(part.arrays.total_length(name))
            else:
                total += self.whoosh_part(part).reader().field_length(name)
        return total / (self.documents or 1) or 1


MOST_KNOWN = 100_000
"""So many terms are remembered with their numbers."""


def _number(part: Part, name: str, encoded: bytes | None) -> int | None:
    terms = part.arrays.field(name) if part.arrays is not None else None
    return terms.find(encoded) if terms is not None and encoded is not None else None


def _literal(glob: str) -> str:
    """What a glob starts with, up to its first special character."""
    ends = [glob.find(char) for char in "*?[" if char in glob]
    return glob[: min(ends)] if ends else glob
