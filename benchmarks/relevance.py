"""How well are sentences and words answered that people asked, by what people judged relevant?

Measured: nDCG at 10 (and average precision and recall at 100, in the file of `--out`) of every
engine that is installed, on each collection below a folder, all in one run. Nothing is fitted to a
collection. A star marks a collection on which searchidx and the engine differ by more than chance
(p < 0.05, paired randomization test over its queries); the last column has the p over all queries.

    python -m benchmarks.relevance --data COLLECTIONS --out benchmarks/results/relevance.json
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.collections import (
    Collection,
    Measured,
    collections_in,
    measured,
    paired_p,
    read_collection,
)
from benchmarks.rankers import RANKERS, installed
from benchmarks.report import environment, print_table, save

REFERENCE = "searchidx"
DATA = "SEARCHIDX_COLLECTIONS"
"""The environment variable that names the folder of collections."""

Measures = dict[str, dict[str, dict[str, Measured]]]
"""Engine -> collection -> query -> how well it was answered."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 2 when there are no collections, else 0."""
    options = _parser().parse_args(arguments)
    folders = collections_in(options.data) if options.data else []
    if not folders:
        print(f"no collections; name their folder by --data or {DATA}", file=sys.stderr)
        return 2
    versions = {name: v for name, v in installed().items() if name in options.engines}
    found: Measures = {name: {} for name in versions}
    for folder in folders:
        collection = read_collection(folder)
        for name in versions:
            found[name][collection.name] = _answered(name, collection)
    _print(found)
    head = {"benchmark": "relevance", **environment({}), "versions": versions}
    save(options.out, {**head, "engines": _raw(found)})
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benchmarks.relevance", description=__doc__.splitlines()[0]
    )
    named = os.environ.get(DATA)
    parser.add_argument("--data", type=Path, default=Path(named) if named else None)
    parser.add_argument("--out", type=Path, help="keep the raw results in this JSON file")
    parser.add_argument(
        "--engines", nargs="+", choices=list(RANKERS), default=list(RANKERS), metavar="NAME"
    )
    return parser


def _answered(name: str, collection: Collection) -> dict[str, Measured]:
    """How well an engine answers the queries of a collection."""
    started = time.perf_counter()
    folder = Path(tempfile.mkdtemp(prefix="searchidx-relevance-"))
    try:
        answers = dict(RANKERS[name][0](collection, folder))
    finally:
        shutil.rmtree(folder)
    elapsed_s = time.perf_counter() - started
    print(f"{collection.name}, {name}: {elapsed_s:.1f} s", file=sys.stderr)
    return {
        query: measured(grades, answers.get(query, []))
        for query, grades in collection.grades.items()
    }


def _print(found: Measures) -> None:
    ours = found.get(REFERENCE)
    rows = []
    for name, collections in found.items():
        means = [fmean(one.ndcg for one in rows.values()) for rows in collections.values()]
        stars = [
            "*" if ours and name != REFERENCE and _p(ours, collections, [at]) < 0.05 else ""
            for at in collections
        ]
        cells = [f"{mean:.4f}{star}" for mean, star in zip(means, stars, strict=True)]
        overall = f"{_p(ours, collections, list(collections)):.4f}" if ours else ""
        cells += [f"{fmean(means):.4f}", overall if name != REFERENCE else ""]
        rows.append([name, *cells])
    print_table(["nDCG@10", *next(iter(found.values())), "mean", "p"], rows)


def _p(
    ours: Mapping[str, Mapping[str, Measured]],
    theirs: Mapping[str, Mapping[str, Measured]],
    names: Sequence[str],
) -> float:
    """The chance that two engines differ so much over the queries of some collections."""
    pairs = [(ours[at][query].ndcg, theirs[at][query].ndcg) for at in names for query in ours[at]]
    return paired_p(*zip(*pairs, strict=True))


def _raw(found: Measures) -> dict[str, Any]:
    """The means of each engine and collection, and each query's own nDCG."""
    return {
        name: {
            at: {
                **{key: fmean(asdict(one)[key] for one in rows.values()) for key in _KEYS},
                "queries": {query: round(one.ndcg, 4) for query, one in rows.items()},
            }
            for at, rows in collections.items()
        }
        for name, collections in found.items()
    }


_KEYS = ("ndcg", "precision", "recall")

if __name__ == "__main__":
    sys.exit(main())
