"""What a sync has to do: the files below the roots against those that are indexed.

Size and times decide for nearly all files. Those of doubtful content are read: files with the size
that is indexed but other times, and new files that may be old ones under another name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from searchidx.posts.model import Catalogue, SourceFile
from searchidx.posts.problem import Problem
from searchidx.posts.scan import Found, compare, not_allowed, read_file, too_large
from searchidx.settings import Settings


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be done. `renamed` maps new paths to old ones; `kept` are the paths of indexed
    posts that need no reading, `proven` those files among them that were read, and hold what is
    indexed though their times are others. `reason` says why every post is read again; empty when
    it is not."""

    added: list[SourceFile]
    changed: list[SourceFile]
    renamed: dict[str, str]
    removed: list[str]
    kept: list[str]
    proven: list[SourceFile]
    problems: list[Problem]
    reason: str
    passed_over: int

    @property
    def to_read(self) -> list[SourceFile]:
        return sorted([*self.added, *self.changed], key=lambda file: file.path)

    @property
    def to_delete(self) -> list[str]:
        changed = [file.path for file in self.changed]
        return sorted([*self.removed, *changed, *self.renamed.values()])

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.changed or self.removed or self.renamed or self.reason)


def make_plan(
    base: Path,
    found: Found,
    indexed: Catalogue,
    settings: Settings,
    *,
    reason: str = "",
    seen: Callable[[], Catalogue] = lambda: Catalogue.of([]),
) -> Plan:
    """What brings the index into agreement with the files found.

    With a `reason`, every file is to be read again. `seen` gives the files that were read and found
    to hold what is indexed, at their times then; it is called when there are files in doubt.
    """
    planner = _Planner(base, found, indexed, settings)
    return planner.rebuild(reason) if reason else planner.update(seen)


class _Planner:
    """One plan in the making. `refused` are the paths of files that may not be read or are too
    large: they are problems, and what is indexed of them stays."""

    def __init__(self, base: Path, found: Found, indexed: Catalogue, settings: Settings) -> None:
        self.base = base
        self.found = found
        self.indexed = indexed
        self.settings = settings
        self.problems = list(found.problems)
        self.refused: set[str] = set()

    def rebuild(self, reason: str) -> Plan:
        """Every file is read again; what is not there is removed."""
        files = self.allowed(self.small_enough().files())
        known, here = set(self.indexed.paths), {file.path for file in files}
        return Plan(
            added=[file for file in files if file.path not in known],
            changed=[file for file in files if file.path in known],
            renamed={},
            removed=sorted(known - here),
            kept=[],
            proven=[],
            problems=self.problems,
            reason=reason,
            passed_over=self.found.passed_over,
        )

    def update(self, seen: Callable[[], Catalogue]) -> Plan:
        """Only what is new, changed or moved is read."""
        comparison = compare(self.small_enough(), self.indexed)
        added, resized = self.allowed(comparison.new), self.allowed(comparison.resized)
        rewritten, proven = self.settled(comparison.suspect, seen)
        gone, unseen = self.gone(comparison.gone)
        refused = sorted(self.refused.intersection(self.indexed.paths)) if self.refused else []
        renamed = self.renamed(added, gone)
        old_names = set(renamed.values())
        return Plan(
            added=added,
            changed=resized + rewritten,
            renamed=renamed,
            removed=[file.path for file in gone if file.path not in old_names],
            kept=[*comparison.same, *(file.path for file in proven), *refused, *unseen],
            proven=proven,
            problems=self.problems,
            reason="",
            passed_over=self.found.passed_over,
        )

    def small_enough(self) -> Catalogue:
        """The files found, without those that are larger than the settings allow."""
        files = self.found.files
        if max(files.sizes, default=0) <= self.settings.max_file_bytes:
            return files
        check = partial(too_large, settings=self.settings)
        return Catalogue.of(self.accepted(files.files(), check))

    def allowed(self, files: Sequence[SourceFile]) -> list[SourceFile]:
        """The files that may be read."""
        guarded = self.found.guarded
        if not guarded:
            return list(files)
        doubtful = [file for file in files if file.path in guarded]
        self.accepted(doubtful, partial(not_allowed, self.base))
        return [file for file in files if file.path not in self.refused]

    def accepted(
        self, files: Sequence[SourceFile], check: Callable[[SourceFile], Problem | None]
    ) -> list[SourceFile]:
        """The files that a check finds nothing wrong with; the others are refused."""
        good = []
        for file in files:
            if problem := check(file):
                self.problems.append(problem)
                self.refused.add(file.path)
            else:
                good.append(file)
        return good

    def settled(
        self, suspect: Sequence[tuple[SourceFile, str]], seen: Callable[[], Catalogue]
    ) -> tuple[list[SourceFile], list[SourceFile]]:
        """Of files in doubt, each with the digest that is indexed: those that hold something else,
        and those that hold the same."""
        digests = {file.path: digest for file, digest in suspect}
        known = set(seen().files()) if suspect else set()
        rewritten, proven = [], []
        for file in self.allowed([file for file, _ in suspect]):
            digest = digests[file.path]
            if file.mtime_ns and file._replace(digest=digest) in known:
                proven.append(file._replace(digest=digest))
                continue
            outcome = read_file(self.base, file, self.settings)
            if not isinstance(outcome, Problem) and outcome[0].digest == digest:
                proven.append(outcome[0])
            else:
                rewritten.append(file)
        return rewritten, proven

    def gone(self, files: Sequence[SourceFile]) -> tuple[list[SourceFile], list[str]]:
        """Of indexed files that were not found: those that are gone, and the paths of those that
        may be there unseen, in a folder that cannot be read."""
        absent = [file for file in files if file.path not in self.refused]
        folders = [str(self.base / folder) for folder in self.found.unreadable]
        unseen = [file.path for file in absent if folders and self.is_below(file.path, folders)]
        hidden = set(unseen)
        return [file for file in absent if file.path not in hidden], unseen

    def is_below(self, path: str, folders: Sequence[str]) -> bool:
        whole = os.path.join(self.base, path)
        return any(whole == folder or whole.startswith(f"{folder}{os.sep}") for folder in folders)

    def renamed(self, new: Sequence[SourceFile], gone: Sequence[SourceFile]) -> dict[str, str]:
        """New path -> old path, for new files that hold exactly what a removed one held."""
        old_by_content: dict[tuple[int, str], list[str]] = {}
        for file in gone:
            old_by_content.setdefault((file.size_bytes, file.digest), []).append(file.path)
        sizes = {size_bytes for size_bytes, _ in old_by_content}
        renamed = {}
        for file in new:
            if file.size_bytes not in sizes:
                continue
            outcome = read_file(self.base, file, self.settings)
            if isinstance(outcome, Problem):
                continue
            if paths := old_by_content.get((outcome[0].size_bytes, outcome[0].digest)):
                renamed[file.path] = paths.pop(0)
        return renamed
