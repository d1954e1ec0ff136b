"""Retrieval test collections: texts, queries, and which texts people judged relevant to them.

A collection is a folder with `corpus.jsonl` (`_id`, `title`, `text`), `queries.jsonl` (`_id`,
`text`) and `qrels.tsv` (query, document, grade).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CUTOFF = 10
DEPTH = 100
SHUFFLES = 10_000


@dataclass(frozen=True, slots=True)
class Text:
    """A document of a collection."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Collection:
    """The texts, and the queries for which any of them is relevant: id -> text, id -> grades."""

    name: str
    texts: tuple[Text, ...]
    queries: Mapping[str, str]
    grades: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Measured:
    """How well one query was answered: nDCG at 10, average precision, recall at 100."""

    ndcg: float
    precision: float
    recall: float


def collections_in(folder: Path) -> list[Path]:
    """The collections below a folder, in the order of their names."""
    return sorted(path.parent for path in folder.glob("*/qrels.tsv"))


def read_collection(folder: Path) -> Collection:
    """The collection in a folder."""
    texts = tuple(
        Text(row["_id"], row.get("title") or "", row.get("text") or "")
        for row in _rows(folder / "corpus.jsonl")
    )
    grades: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines():
        query, text, grade = line.split("\t")
        if grade.lstrip("-").isdigit():
            grades.setdefault(query, {})[text] = int(grade)
    asked = {row["_id"]: row["text"] for row in _rows(folder / "queries.jsonl")}
    judged = {query: rows for query, rows in grades.items() if max(rows.values()) > 0}
    queries = {query: asked[query] for query in judged}
    return Collection(folder.name, texts, queries, judged)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def measured(grades: Mapping[str, int], ranked: Sequence[str]) -> Measured:
    """How well the texts of one query are ranked, as trec_eval defines it.

    The gain of a text is its grade, discounted by log2(rank + 1); the ideal is that of all judged
    texts. For precision and recall, a text with a grade above 0 is relevant.
    """
    gains = [max(0, grades.get(text, 0)) for text in ranked]
    ideal = sorted((grade for grade in grades.values() if grade > 0), reverse=True)
    found, precision = 0, 0.0
    for rank, gain in enumerate(gains, 1):
        if gain:
            found += 1
            precision += found / rank
    within = sum(1 for gain in gains[:DEPTH] if gain)
    return Measured(
        _discounted(gains) / _discounted(ideal), precision / len(ideal), within / len(ideal)
    )


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 2) for rank, gain in enumerate(gains[:CUTOFF]))


def paired_p(ours: Sequence[float], theirs: Sequence[float], seed: int = 1) -> float:
    """How often chance alone would part two systems as far, query by query: the two-sided paired
    randomization test (Smucker, Allan and Carterette, 2007)."""
    differences = np.array(ours) - np.array(theirs)
    if not differences.any():
        return 1.0
    signs = np.random.default_rng(seed).integers(0, 2, (SHUFFLES, len(differences))) * 2 - 1
    as_far = np.abs(signs @ differences) >= abs(differences.sum()) - 1e-12
    return float((as_far.sum() + 1) / (SHUFFLES + 1))
