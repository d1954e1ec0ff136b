"""Carrying out the plan of a sync: what changed is read and added, all in one commit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter
from pathlib import Path

from searchidx.posts.changes import Plan
from searchidx.posts.model import SourceFile
from searchidx.posts.post import build_post
from searchidx.posts.problem import Problem
from searchidx.posts.scan import expect, read_file
from searchidx.settings import Settings
from searchidx.store.manifest import Manifest
from searchidx.store.snapshot import Snapshot
from searchidx.store.unfinished import usable
from searchidx.store.workers import FEWEST_ITEMS, Outcome, make_segments, processors
from searchidx.store.writer import Writer
from searchidx.sync import Progress, StaleSnapshot, Step, SyncOptions
from searchidx.version import __version__


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a plan.

    `problems` are those of the files that were read, `lost` the paths of those that could not be.
    `resumed` counts the posts that an earlier sync had read. `generation` is the newest one now;
    `not_on_disk` is as in SyncReport.
    """

    generation: int
    lost: list[str]
    problems: list[Problem]
    resumed: int
    not_on_disk: str = ""


def apply_plan(
    folder: Path,
    snapshot: Snapshot | None,
    settings: Settings,
    plan: Plan,
    manifest: Manifest,
    options: SyncOptions,
) -> Applied:
    """Read what is to be read, and make the next generation, of which `manifest` says what was
    known before; none when nothing could be read and nothing else changed.

    Raises: StaleSnapshot, IndexLocked, IndexCorrupt, OSError when the disk is full.
    """
    base = folder.parent
    clear = snapshot is None or bool(plan.reason)
    purpose = f"{manifest.stamp} {__version__}"
    jobs = options.jobs or processors()
    writer = Writer(
        folder, settings.fields, wait_s=options.wait_s, clear=clear, purpose=purpose, jobs=jobs
    )
    with writer:
        is_other = writer.base is not None and snapshot and writer.base != snapshot.manifest
        is_next = writer.generation == (snapshot.generation + 1 if snapshot else 1)
        if not options.full and (is_other or not is_next):
            raise StaleSnapshot
        if snapshot is not None and not clear:
            writer.delete(snapshot.places_of(plan.to_delete))
        unfinished = () if options.full else writer.unfinished
        resumed = usable(folder, manifest, unfinished, plan.to_read)
        for segment in resumed.segments:
            writer.adopt(segment)
        problems = list(resumed.problems)
        lost = list(_add_posts(writer, base, plan, resumed.paths, settings, options, problems))
        is_same = snapshot is not None and manifest.has_settings_of(snapshot.manifest)
        if is_same and not clear and not writer.has_changes:
            return Applied(writer.generation - 1, lost, problems, resumed=0)
        manifest = manifest._replace(
            generation=writer.generation,
            posts=len(plan.kept) + len(plan.to_read) - len(lost),
            time=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        not_on_disk = writer.commit(manifest, partial(_tell_merging, options))
    return Applied(manifest.generation, lost, problems, len(resumed.paths), not_on_disk)


def _add_posts(
    writer: Writer,
    base: Path,
    plan: Plan,
    resumed: frozenset[str],
    settings: Settings,
    options: SyncOptions,
    problems: list[Problem],
) -> Iterator[str]:
    """Read and add every post of the plan but those that are there already; yields the paths of
    those that could not be read."""
    files = [file for file in plan.to_read if file.path not in resumed]
    total = len(files) + len(resumed)
    jobs = min(options.jobs or processors(), len(files) // FEWEST_ITEMS + 1)
    read = partial(_read_posts, base, settings)
    done = len(resumed)
    _tell(options, Progress(done, total, ""))
    size_of: Callable[[SourceFile], int] = attrgetter("size_bytes")
    for batch, result in make_segments(writer.folder, settings.fields, read, files, jobs, size_of):
        problems.extend(result.problems)
        if result.is_given_up:
            problems.append(_given_up(batch[0]))
        yield from (batch[place].path for place in result.lost)
        for segment in result.segments:
            writer.adopt(segment)
        done += result.items
        path = batch[-1].path if batch else ""
        _tell(options, Progress(done, total, path, Step.READING if done < total else Step.WRITING))


def _tell(options: SyncOptions, progress: Progress) -> None:
    if options.progress:
        options.progress(progress)


def _tell_merging(options: SyncOptions, done: int, total: int) -> None:
    _tell(options, Progress(done, total, "", Step.MERGING))


def _given_up(file: SourceFile) -> Problem:
    what = "reading it ended the process that read it, twice"
    return Problem(file.path, 1, what, "leave it out with exclude", lost_text=True)


SLOW_NS = 100_000
"""Reading a file took longer than that: it was not in memory, and those that follow are not."""


def _read_posts(base: Path, settings: Settings, files: Sequence[SourceFile]) -> Iterator[Outcome]:
    for place, file in enumerate(files):
        started = time.perf_counter_ns()
        outcome = read_file(base, file, settings)
        if not place and time.perf_counter_ns() - started > SLOW_NS:
            expect(base, files[1:])
        yield _outcome(outcome, settings)


def _outcome(outcome: tuple[SourceFile, bytes] | Problem, settings: Settings) -> Outcome:
    if isinstance(outcome, Problem):
        return Outcome(None, (outcome,))
    post = build_post(*outcome, settings)
    return Outcome(post, post.problems)
