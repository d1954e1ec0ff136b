"""Making an index agree with the files: what changed is read again, all in one commit."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from searchidx.errors import PostError
from searchidx.posts.changes import Plan, make_plan
from searchidx.posts.model import Catalogue, SourceFile
from searchidx.posts.problem import Problem
from searchidx.posts.scan import walk
from searchidx.schema import settings_stamp
from searchidx.settings import DEFAULT_FIELDS, Settings
from searchidx.store.manifest import Manifest
from searchidx.store.processes import fewer_collections
from searchidx.store.seen import note_seen, read_seen
from searchidx.store.snapshot import Snapshot
from searchidx.store.unfinished import has_unfinished


class Step(enum.StrEnum):
    """What a sync is doing: reading posts, writing the last of them, or merging segments."""

    READING = "reading"
    WRITING = "writing"
    MERGING = "merging"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sync has come: `done` of `total` posts that had to be read, or, while it merges,
    of the bytes it has to write. `path` is that of a post read lately."""

    done: int
    total: int
    path: str
    step: Step = Step.READING


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did, or with `is_dry_run` would do.

    Paths are in order. `renamed` holds (old path, new path) pairs. `problems` are those of every
    post in the index, and of the files that could not be read. `passed_over` counts the files in
    the folders that are no posts by the settings. `reason` says why everything was
    read again, and is empty when it was not. `resumed` counts the posts that
    an earlier sync had read before it was stopped. `generation` is that of the index afterwards.
    `not_on_disk` is empty, but when the system could not write the folder of the index to the disk
    after the commit: then it says why. The commit stands, yet a power cut may undo it.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    removed: tuple[str, ...]
    unchanged: int
    problems: tuple[Problem, ...]
    generation: int
    elapsed_ms: float
    is_dry_run: bool = False
    reason: str = ""
    passed_over: int = 0
    resumed: int = 0
    not_on_disk: str = ""

    @property
    def read(self) -> int:
        """How many posts were put into the index."""
        return len(self.added) + len(self.changed) + len(self.renamed)

    @property
    def posts(self) -> int:
        """How many posts the index holds afterwards."""
        return self.read + self.unchanged

    @property
    def posts_per_second(self) -> float:
        read_now = self.read - self.resumed
        return read_now / (self.elapsed_ms / 1000) if self.elapsed_ms else 0.0

    @property
    def lost_text(self) -> bool:
        """Whether any problem left text of a file out of the index."""
        return any(problem.lost_text for problem in self.problems)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Whether an index is whole (no `faults`), and what a sync would do to bring it up to date.

    `sync` is None when the index is too damaged to tell.
    """

    faults: tuple[str, ...]
    sync: SyncReport | None

    @property
    def is_current(self) -> bool:
        """Whether the index agrees with the files."""
        sync = self.sync
        return sync is not None and not (
            sync.added or sync.changed or sync.renamed or sync.removed or sync.reason
        )


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """`full` reads every file again, also what a stopped sync had read; `dry_run` only reports,
    `wait_s` is how long to wait for other writers, `jobs` how many processes read and merge
    (0: as many as there are processors)."""

    full: bool = False
    dry_run: bool = False
    wait_s: float = 5.0
    jobs: int = 0
    progress: Callable[[Progress], None] | None = None


@fewer_collections()
def sync(
    folder: Path,
    snapshot: Snapshot | None,
    settings: Settings,
    roots: Sequence[Path],
    options: SyncOptions,
) -> SyncReport:
    """Bring the index in `folder` into agreement with the files below `roots`.

    `snapshot` is the newest generation, None if there is none. Nothing is committed when nothing
    changed; of files that only have other times, a note is left. Files are read under the write
    lock, and the commit is one: when this raises, or the process dies before it, the index is as
    it was.

    Raises: PostError when no root exists, IndexLocked, IndexCorrupt, OSError when the disk is full.
    """
    started = time.perf_counter()
    base = folder.parent
    stamp = settings_stamp(settings.fields, settings.ignore_metadata)
    plan = _plan(folder, snapshot, settings, roots, stamp, options)
    manifest = _manifest(base, settings, roots, stamp)
    is_same = snapshot is not None and manifest.has_settings_of(snapshot.manifest)
    if options.dry_run or (plan.is_empty and is_same):
        if not options.dry_run:
            if has_unfinished(folder):
                from searchidx.store.writer import discard_unfinished  # seldom needed

                discard_unfinished(folder)
            note_seen(folder, plan.proven)
        generation = snapshot.generation if snapshot else 0
        problems = [*plan.problems, *_stored_problems(snapshot, plan.kept)]
        return _report(plan, problems, [], generation, started, options.dry_run)
    from searchidx.applying import apply_plan  # reading and YAML, which nothing to do needs not

    applied = apply_plan(folder, snapshot, settings, plan, manifest, options)
    note_seen(folder, plan.proven)
    problems = [*plan.problems, *applied.problems, *_stored_problems(snapshot, plan.kept)]
    report = _report(plan, problems, applied.lost, applied.generation, started, False)
    return replace(report, resumed=applied.resumed, not_on_disk=applied.not_on_disk)


def _manifest(base: Path, settings: Settings, roots: Sequence[Path], stamp: str) -> Manifest:
    """What the next generation will say of itself, but for its number, posts and time."""
    return Manifest(
        generation=0,
        stamp=stamp,
        fields=settings.fields,
        own_fields=settings.fields != DEFAULT_FIELDS,
        roots=tuple(root_name(root, base) for root in roots),
        include=settings.include,
        exclude=settings.exclude,
        ignore_metadata=settings.ignore_metadata,
        max_file_bytes=settings.max_file_bytes,
        follow_symlinks=settings.follow_symlinks,
        posts=0,
        time="",
    )


class StaleSnapshot(Exception):
    """Another process committed since the snapshot was opened; open the newest and sync again."""


def root_name(root: Path, base: Path) -> str:
    """How an index knows a root: relative to `base` when it lies below it, else absolute."""
    resolved = root.resolve()
    if resolved.is_relative_to(base):
        return resolved.relative_to(base).as_posix()
    return resolved.as_posix()


def _plan(
    folder: Path,
    snapshot: Snapshot | None,
    settings: Settings,
    roots: Sequence[Path],
    stamp: str,
    options: SyncOptions,
) -> Plan:
    base = folder.parent
    found = walk(roots, settings, base)
    reason = _rebuild_reason(snapshot, settings, stamp, options)
    if reason and found.unreadable and not options.full and snapshot is not None:
        what = f"every post has to be read again ({reason}), but this folder cannot be read"
        raise PostError(found.unreadable[0], 0, what, "allow reading it, or use --full without it")
    indexed = snapshot.catalogue() if snapshot else Catalogue.of([])
    seen = partial(read_seen, folder)
    return make_plan(base, found, indexed, settings, reason=reason, seen=seen)


def _rebuild_reason(
    snapshot: Snapshot | None, settings: Settings, stamp: str, options: SyncOptions
) -> str:
    if options.full:
        return "asked for"
    if snapshot is None or snapshot.manifest.stamp == stamp:
        return ""
    if set(snapshot.manifest.ignore_metadata) != set(settings.ignore_metadata):
        return "other metadata is ignored"
    return "the fields or the way text is analysed changed"


def _stored_problems(snapshot: Snapshot | None, kept: Sequence[str]) -> list[Problem]:
    """The problems of the posts that were not read again."""
    problems = snapshot.problems() if snapshot is not None else []
    paths = set(kept) if problems else set()
    return [problem for problem in problems if problem.path in paths]


def _report(
    plan: Plan,
    problems: Sequence[Problem],
    lost: Sequence[str],
    generation: int,
    started: float,
    is_dry_run: bool,
) -> SyncReport:
    unread = set(lost)

    def paths(files: Sequence[SourceFile]) -> tuple[str, ...]:
        found = {file.path for file in files} - unread - set(plan.renamed)
        return tuple(sorted(found))

    report = SyncReport(
        added=paths(plan.added),
        changed=paths(plan.changed),
        renamed=tuple(sorted((o, n) for n, o in plan.renamed.items() if n not in unread)),
        removed=tuple(sorted(plan.removed)),
        unchanged=len(plan.kept),
        problems=tuple(sorted(problems, key=lambda problem: (problem.path, problem.line))),
        generation=generation,
        elapsed_ms=(time.perf_counter() - started) * 1000,
        is_dry_run=is_dry_run,
        reason=plan.reason,
        passed_over=plan.passed_over,
    )
    vanished = unread & {file.path for file in plan.changed}
    vanished |= {old for new, old in plan.renamed.items() if new in unread}
    return replace(report, removed=tuple(sorted({*report.removed, *vanished})))
