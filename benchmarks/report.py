"""What the commands share: their options, the engines they load, tables and raw results."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.engines import NAMES, Engine, NotInstalled, load

REFERENCE = "searchidx"
"""The engine that the others are compared with."""


def options_parser(program: str, about: str, *, runs: int) -> argparse.ArgumentParser:
    """A parser of the options that all commands have, with their defaults; not of `--posts`."""
    parser = argparse.ArgumentParser(prog=program, description=about)
    parser.add_argument("--runs", type=int, default=runs, help="how often (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="which corpus of that size")
    parser.add_argument("--engines", nargs="+", choices=NAMES, default=list(NAMES), metavar="NAME")
    parser.add_argument("--out", type=Path, help="keep the raw results in this JSON file")
    return parser


def load_engines(names: Sequence[str]) -> tuple[dict[str, Engine], dict[str, str]]:
    """The engines that are installed, and why the others are skipped."""
    engines: dict[str, Engine] = {}
    skipped: dict[str, str] = {}
    for name in names:
        try:
            engines[name] = load(name)
        except NotInstalled as error:
            skipped[name] = f"skipped, not installed ({error})"
    return engines, skipped


def add_build_options(parser: argparse.ArgumentParser) -> None:
    """The options of the commands that index records from memory."""
    parser.add_argument("--jobs", type=int, default=2, help="threads or processes (%(default)s)")
    parser.add_argument(
        "--whoosh-max",
        type=int,
        default=100_000,
        metavar="POSTS",
        help="leave stock Whoosh out above so many posts, it takes too long (%(default)s)",
    )


def add_keep_option(parser: argparse.ArgumentParser) -> None:
    """Where the indexes of records are kept."""
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help=f"keep the indexes here, and use those that are here again, but not {REFERENCE}'s",
    )


def too_slow(name: str, posts: int, options: argparse.Namespace) -> str:
    """Why the engine is left out at that size; empty when it is not."""
    if name.startswith("whoosh") and posts > options.whoosh_max:
        return f"whoosh: skipped at {posts:,} posts, more than --whoosh-max {options.whoosh_max:,}"
    return ""


def environment(engines: Mapping[str, Engine]) -> dict[str, Any]:
    """On what the results were had."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "versions": {name: engine.version() for name, engine in engines.items()},
    }


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A Markdown table; all columns but the first are aligned right."""
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        parts = [cells[0].ljust(widths[0])]
        parts += [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
        return f"| {' | '.join(parts)} |"

    print(line(head))
    print(line(["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]))
    for row in rows:
        print(line(row))


def figure(value: float) -> str:
    """A number with three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.{1 if value >= 10 else 2 if value >= 1 else 3}f}"


def compared(value: float, reference: float | None) -> str:
    """A measurement, and how many times the reference's it is."""
    if not reference:
        return figure(value)
    return f"{figure(value)} (×{value / reference:.2g})"


def save(path: Path | None, raw: Mapping[str, Any]) -> None:
    """Write raw results as JSON, if there is a path."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(raw, indent=1, default=str) + "\n", encoding="utf-8")
