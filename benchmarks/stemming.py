"""How long does it take to stem an English word that was not stemmed before?

Measured: searchidx's stemmer, that of snowballstemmer in Python, and PyStemmer's in C without its
cache, on the distinct words of a folder of texts, as searchidx cuts and folds them; all words by
turns, the median over runs. The stems are compared with each other first: a peer that gives a word
another stem is told of and not timed.

    python -m benchmarks.stemming seeds --out benchmarks/results/stemming.json
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median

from benchmarks.report import REFERENCE, compared, environment, print_table, save
from searchidx import english
from searchidx.analysis import slots

Stem = Callable[[str], str]


def main(argv: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    words = sorted({word for text in _texts(options.folder) for word in _words(text)})
    if not words:
        print(f"{options.folder}: no words here; name a folder of texts", file=sys.stderr)
        return 2
    stems = dict(_stemmers())
    wrong = {name: _differences(words, stem) for name, stem in stems.items()}
    for name, found in wrong.items():
        if found:
            print(f"{name}: {len(found)} other stems, as of {found[0]}", file=sys.stderr)
    timed = {name: stem for name, stem in stems.items() if not wrong[name]}
    times: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(options.runs):
        for name, stem in timed.items():
            times[name].append(_time_us(words, stem))
    medians = {name: median(each) for name, each in times.items()}
    rows = [(name, compared(us, medians[REFERENCE])) for name, us in medians.items()]
    print_table((f"{len(words):,} words", "µs a word"), rows)
    raw = {"words": len(words), "times_us": times, "median_us": medians, "wrong": wrong}
    save(options.out, {**environment({}), "versions": {n: version(n) for n in stems}, **raw})
    return 1 if any(wrong.values()) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benchmarks.stemming", description=__doc__.splitlines()[0]
    )
    parser.add_argument("folder", type=Path, help="texts, in this folder and those below it")
    parser.add_argument("--runs", type=int, default=7, help="how often (%(default)s)")
    parser.add_argument("--out", type=Path, help="keep the raw results in this JSON file")
    return parser


def _texts(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.read_text(encoding="utf-8", errors="replace")


def _words(text: str) -> Iterator[str]:
    return (slot.term for slot in slots(text) if slot.term.isalpha())


def _stemmers() -> Iterator[tuple[str, Stem]]:
    """Our stemmer, and those of the peers that are installed."""
    from snowballstemmer.english_stemmer import EnglishStemmer

    yield REFERENCE, english.stem
    yield "snowballstemmer", EnglishStemmer().stemWord
    try:
        from Stemmer import Stemmer
    except ImportError:
        print("PyStemmer: skipped, not installed", file=sys.stderr)
    else:
        yield "PyStemmer", Stemmer("english", 0).stemWord


def _differences(words: Sequence[str], stem: Stem) -> list[str]:
    """The words that a peer gives another stem."""
    return [word for word in words if stem(word) != english.stem(word)]


def _time_us(words: Sequence[str], stem: Stem) -> float:
    """Microseconds a word, of all of them once."""
    started = time.perf_counter()
    for word in words:
        stem(word)
    return (time.perf_counter() - started) / len(words) * 1e6


if __name__ == "__main__":
    sys.exit(main())
