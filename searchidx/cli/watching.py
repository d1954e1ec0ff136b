"""The command `watch`: keeps an index in step with its folders until it is interrupted."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from searchidx.cli.arguments import EXIT_OK
from searchidx.cli.commands import Arguments, index_to_write, report_text, tell_of_disk
from searchidx.errors import IndexLocked, SearchIdxError
from searchidx.index import Index
from searchidx.render import clean
from searchidx.sync import SyncReport

Changes = Callable[[Sequence[Path]], Iterator[object]]
"""From the folders to watch to an item whenever something below them has changed."""


def watch(arguments: Arguments) -> int:
    """Sync, then sync again whenever a file changes, until Ctrl-C."""
    with index_to_write(arguments) as target:

        def told(report: SyncReport) -> None:
            if report.generation and not arguments.quiet:
                print(f"{datetime.now():%H:%M:%S}  {_line(report)}", flush=True)
            tell_of_disk(report, target.path)

        changes = file_changes(target.path, arguments.wait_ms, threading.Event())
        keep_in_step(target, arguments.roots, changes, told)
    return EXIT_OK


def keep_in_step(
    target: Index,
    roots: Sequence[str | os.PathLike[str]],
    changes: Changes,
    told: Callable[[SyncReport], None],
    wait_s: float = 5.0,
) -> None:
    """Sync once, and after every item of the changes; `told` hears of each sync that did something.

    While another process writes for longer than `wait_s`, the next change is waited for.
    """
    first = target.sync(roots)
    told(first)
    base = target.path.parent
    folders = [Path(root) for root in roots] or [base / root for root in target.stats().roots]
    for _ in changes([folder.resolve() for folder in folders]):
        try:
            report = target.sync(roots, wait_s=wait_s)
        except (IndexLocked, OSError) as error:
            sys.stderr.write(f"searchidx: {clean(str(error))}\n")
            continue
        if report.added or report.changed or report.renamed or report.removed:
            told(report)


def file_changes(index: Path, wait_ms: int, stop: threading.Event) -> Changes:
    """The changes that the system tells of, gathered for `wait_ms`; those of the index left out."""
    try:
        from watchfiles import Change
        from watchfiles import watch as watched
    except ImportError as error:
        reason = "watching needs the package watchfiles; install it with: pip install watchfiles"
        raise SearchIdxError(reason) from error

    def is_of_posts(change: Change, path: str) -> bool:
        return not Path(path).is_relative_to(index)

    def changes(folders: Sequence[Path]) -> Iterator[object]:
        yield from watched(
            *folders,
            watch_filter=is_of_posts,
            debounce=wait_ms,
            stop_event=stop,
            raise_interrupt=False,
        )

    return changes


def _line(report: SyncReport) -> str:
    """A sync in one line."""
    return "; ".join(report_text(report).split("\n"))
