"""Which parameters of the score do best on collections that they were not chosen on?

Measured: the mean nDCG at 10 of searchidx over the collections below a folder, for every
combination of the parameters; and by leave-one-out, how a collection does with those that are best
on the others. What docs/ranking.md says of the parameters is from here.

    python -m benchmarks.tuning --data COLLECTIONS --out benchmarks/results/tuning.json
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import fmean

import searchidx
from benchmarks.collections import Collection, collections_in, measured, read_collection
from benchmarks.rankers import index_of
from benchmarks.relevance import DATA
from benchmarks.report import environment, print_table, save
from searchidx.columnar import BurstBM25
from searchidx.columnar.searching import ArraySearcher
from searchidx.query import words

GRID = {
    "k1": (0.9, 1.2, 1.5),
    "b": (0.4, 0.6, 0.75),
    "burst": (0.0, 0.5, 1.0),
    "closeness": (0.0, 0.05, 0.1),
}
Combination = tuple[float, ...]
"""A value of each parameter of GRID, in its order."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 2 when there are no collections, else 0."""
    parser = argparse.ArgumentParser(prog="benchmarks.tuning")
    parser.add_argument("--data", type=Path, default=os.environ.get(DATA))
    parser.add_argument("--out", type=Path, help="keep the raw results in this JSON file")
    options = parser.parse_args(arguments)
    folders = collections_in(Path(options.data)) if options.data else []
    if not folders:
        print(f"no collections; name their folder by --data or {DATA}", file=sys.stderr)
        return 2
    found = {folder.name: dict(_scores(read_collection(folder))) for folder in folders}
    combinations = list(itertools.product(*GRID.values()))
    means = {one: fmean(rows[one] for rows in found.values()) for one in combinations}
    _print_best(means)
    _print_by_parameter(means)
    _print_left_out(found, combinations)
    raw = {at: {str(one): score for one, score in rows.items()} for at, rows in found.items()}
    head = {"benchmark": "tuning", "grid": GRID, **environment({})}
    save(options.out, {**head, "ndcg": raw})
    return 0


def _scores(collection: Collection) -> Iterator[tuple[Combination, float]]:
    """The mean nDCG of a collection for each combination."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="searchidx-tuning-")))
        index = stack.enter_context(index_of(collection, folder))
        for combination in itertools.product(*GRID.values()):
            yield combination, _mean(collection, index, combination)
            print(f"{collection.name} {combination}", file=sys.stderr)


def _mean(collection: Collection, index: searchidx.Index, combination: Combination) -> float:
    k1, b, burst, words.CLOSENESS = combination
    snapshot = index._reading().snapshot
    model = BurstBM25(B=b, K1=k1, burst=burst)
    old = snapshot._searcher
    snapshot._searcher = ArraySearcher(old.schema, old.parts, model, old.whoosh)
    for part in old.parts:
        part.norms.clear()
    return fmean(
        measured(collection.grades[query], _ranked(index, text)).ndcg
        for query, text in collection.queries.items()
    )


def _ranked(index: searchidx.Index, text: str) -> list[str]:
    try:
        return [Path(hit.path).stem for hit in index.search(text, limit=10)]
    except searchidx.QueryError:
        return []


def _print_best(means: dict[Combination, float]) -> None:
    best = sorted(means.items(), key=lambda row: -row[1])[:10]
    rows = [[f"{score:.4f}", *map(str, one)] for one, score in best]
    print_table(["mean nDCG@10", *GRID], rows)


def _print_by_parameter(means: dict[Combination, float]) -> None:
    """For each value of a parameter the best mean, and the median one, over all others."""
    rows = []
    for at, (name, values) in enumerate(GRID.items()):
        for value in values:
            scores = sorted(score for one, score in means.items() if one[at] == value)
            rows.append([f"{name} {value}", f"{scores[-1]:.4f}", f"{scores[len(scores) // 2]:.4f}"])
    print()
    print_table(["parameter", "best", "median"], rows)


def _print_left_out(
    found: dict[str, dict[Combination, float]], combinations: Sequence[Combination]
) -> None:
    rows, scores = [], []
    for name, own in found.items():
        others = [rows for other, rows in found.items() if other != name]
        chosen = max(combinations, key=lambda one: fmean(rows[one] for rows in others))
        scores.append(own[chosen])
        rows.append([name, f"{own[chosen]:.4f}", f"{max(own.values()):.4f}", *map(str, chosen)])
    print()
    print_table(["left out", "nDCG@10", "best for it", *GRID], rows)
    print(f"mean of those left out: {fmean(scores):.4f}")


if __name__ == "__main__":
    sys.exit(main())
