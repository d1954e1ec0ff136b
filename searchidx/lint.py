"""What is amiss with the front matter of a folder of posts, file by file and across them."""

from __future__ import annotations

import enum
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from searchidx.analysis import fold
from searchidx.posts.frontmatter import FrontMatter, split_post
from searchidx.posts.model import Post, SourceFile
from searchidx.posts.post import post_of
from searchidx.posts.problem import Problem
from searchidx.posts.scan import read_file, walk
from searchidx.posts.values import Entries, entries_of, values_at
from searchidx.settings import FieldKind, FieldSpec, Settings

MOST_SHOWN = 60
LEAST_POSTS_FOR_A_TYPE = 5
SHARE_OF_A_TYPE = 0.8
SHORTEST_PLURAL = 5

Steps = tuple[str | int, ...]


class Level(enum.StrEnum):
    """How bad a finding is, in SARIF's words."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of finding."""

    name: str
    level: Level
    about: str


UNREADABLE = Rule("unreadable", Level.ERROR, "text of a post that cannot be read, and is lost")
FRONT_MATTER = Rule("front-matter", Level.WARNING, "front matter that cannot be read as asked")
TYPE_DRIFT = Rule("type-drift", Level.WARNING, "a key with another kind of value than elsewhere")
NEAR_DUPLICATE = Rule(
    "near-duplicate", Level.WARNING, "a value that others write otherwise, such as A.I. and AI"
)
FUTURE_DATE = Rule("future-date", Level.WARNING, "a date that has not come yet")
MISSING_EXCERPT = Rule("missing-excerpt", Level.NOTE, "a post without an excerpt")
UNKNOWN_RELATED = Rule("unknown-related", Level.NOTE, "a related title that no post has")
RULES = (
    UNREADABLE, FRONT_MATTER, TYPE_DRIFT, NEAR_DUPLICATE, FUTURE_DATE, MISSING_EXCERPT,
    UNKNOWN_RELATED,
)  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something amiss; `line` counts from 1."""

    path: str
    line: int
    rule: str
    message: str
    level: Level = Level.WARNING

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.level}: {self.message} [{self.rule}]"


@dataclass(frozen=True, slots=True)
class LintReport:
    """What was found in so many posts, in the order of paths and lines."""

    posts: int
    findings: tuple[Finding, ...]

    def at_least(self, level: Level) -> tuple[Finding, ...]:
        """The findings of that level or worse."""
        order = list(Level)
        return tuple(f for f in self.findings if order.index(f.level) >= order.index(level))


@dataclass(frozen=True, slots=True)
class _Spot:
    """A finding whose line is not known yet: the way to its value in the metadata."""

    path: str
    steps: Steps
    rule: Rule
    message: str


@dataclass(slots=True)
class _Folder:
    """What the posts of a folder have in common: kept of each is only what is compared."""

    kinds: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    keys: list[tuple[str, str, str]] = field(default_factory=list)
    spellings: dict[tuple[str, str], Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    values: list[tuple[str, Steps, str, str]] = field(default_factory=list)
    titles: set[str] = field(default_factory=set)
    related: list[tuple[str, Steps, str]] = field(default_factory=list)


def lint(
    roots: Sequence[Path],
    settings: Settings,
    base: Path,
    *,
    ignore: Sequence[str] = (),
    now: datetime | None = None,
) -> LintReport:
    """Look at every post below the roots; paths are relative to `base` where they lie below it.

    `ignore` names rules that are not looked for; `now` (aware) is what dates are held against.
    Raises: PostError when no root exists.
    """
    found = walk(roots, settings, base)
    linter = _Linter(settings, base, now or datetime.now(UTC))
    linter.problems(found.problems)
    for file in found.files.files():
        linter.look(file)
    spots = [*linter.spots, *_across(linter.folder)]
    findings = [*linter.findings, *linter.located(spots)]
    kept = sorted(finding for finding in set(findings) if finding.rule not in ignore)
    return LintReport(len(found.files.paths), tuple(kept))


class _Linter:
    """Goes through the files once, then once more through those whose lines are wanted."""

    def __init__(self, settings: Settings, base: Path, now: datetime) -> None:
        self.settings = settings
        self.base = base
        self.now = now
        self.folder = _Folder()
        self.findings: list[Finding] = []
        self.spots: list[_Spot] = []
        self._files: dict[str, SourceFile] = {}
        self._compared = [spec for spec in settings.fields if _is_compared(spec)]

    def problems(self, problems: Sequence[Problem]) -> None:
        for problem in problems:
            rule = UNREADABLE if problem.lost_text else FRONT_MATTER
            message = f"{problem.what}: {problem.todo}"
            self.findings.append(
                Finding(problem.path, problem.line, rule.name, message, rule.level)
            )

    def look(self, file: SourceFile) -> None:
        """Note what is amiss with one file, and what is to be compared with others."""
        read = read_file(self.base, file, self.settings)
        if isinstance(read, Problem):
            self.problems([read])
            return
        front = split_post(read[1], file.path)
        post = post_of(file, front, self.settings)
        self._files[file.path] = file
        self.problems(post.problems)
        entries = entries_of(front.metadata)
        self._alone(post, entries)
        self._compare(post, front, entries)

    def _alone(self, post: Post, entries: Entries) -> None:
        path = post.file.path
        for spec in self.settings.fields:
            value = post.fields.get(spec.name)
            if spec.name == "excerpt" and not value:
                self._spot(path, (), MISSING_EXCERPT, "no excerpt")
            if isinstance(value, datetime) and value > self.now:
                given = [entry for source in spec.sources for entry in values_at(entries, source)]
                steps = given[0].steps if given else ()
                self._spot(path, steps, FUTURE_DATE, f"{spec.name}: {value:%Y-%m-%d} is to come")

    def _compare(self, post: Post, front: FrontMatter, entries: Entries) -> None:
        folder, path = self.folder, post.file.path
        for key, value in front.metadata.items():
            kind = _kind_of(value)
            if kind:
                folder.kinds[key][kind] += 1
                folder.keys.append((path, key, kind))
        for spec in self._compared:
            seen = set()
            for source in spec.sources[:1]:
                for entry in values_at(entries, source):
                    text = entry.value.strip() if isinstance(entry.value, str) else ""
                    if text and text not in seen:
                        seen.add(text)
                        folder.spellings[(spec.name, _alike(text))][text] += 1
                        folder.values.append((path, entry.steps, spec.name, text))
        folder.titles.update(fold(title) for title in _texts(post, "title"))
        related = next((spec for spec in self.settings.fields if spec.name == "related"), None)
        for entry in values_at(entries, related.sources[0]) if related else ():
            if isinstance(entry.value, str) and entry.value.strip():
                folder.related.append((path, entry.steps, entry.value.strip()))

    def _spot(self, path: str, steps: Steps, rule: Rule, message: str) -> None:
        self.spots.append(_Spot(path, steps, rule, message))

    def located(self, spots: Sequence[_Spot]) -> Iterator[Finding]:
        """The findings with their lines: each file is read once more."""
        by_path: dict[str, list[_Spot]] = defaultdict(list)
        for spot in spots:
            by_path[spot.path].append(spot)
        for path, own in by_path.items():
            read = read_file(self.base, self._files[path], self.settings)
            front = None if isinstance(read, Problem) else split_post(read[1], path)
            for spot in own:
                line = front.locate(spot.steps)[0] if front and spot.steps else 1
                yield Finding(path, line, spot.rule.name, spot.message, spot.rule.level)


def _across(folder: _Folder) -> Iterator[_Spot]:
    """What is amiss when posts are held against each other."""
    yield from _drifting(folder)
    yield from _near_duplicates(folder)
    for path, steps, title in folder.related:
        if fold(title) not in folder.titles:
            yield _Spot(path, steps, UNKNOWN_RELATED, f"no post is called {_shown(title)}")


def _drifting(folder: _Folder) -> Iterator[_Spot]:
    for path, key, kind in folder.keys:
        counts = folder.kinds[key]
        usual, most = counts.most_common(1)[0]
        whole = counts.total()
        is_clear = whole >= LEAST_POSTS_FOR_A_TYPE and most >= SHARE_OF_A_TYPE * whole
        if kind != usual and is_clear:
            message = f"{key}: {kind}, and {usual} in {most} of {whole} posts"
            yield _Spot(path, (key,), TYPE_DRIFT, message)


def _near_duplicates(folder: _Folder) -> Iterator[_Spot]:
    """Values written otherwise than most posts write them, plurals of the same word among them."""
    for path, steps, name, text in folder.values:
        alike = _alike(text)
        counts = Counter[str]()
        for other in _same_word(alike):
            counts.update(folder.spellings.get((name, other), {}))
        usual, most = min(counts.items(), key=lambda item: (-item[1], item[0]))
        if usual != text:
            message = f"{name}: {_shown(text)} is {_shown(usual)} in {most} posts"
            yield _Spot(path, steps, NEAR_DUPLICATE, message)


def _same_word(alike: str) -> Iterator[str]:
    """The letters of a value, and those of its plural or singular where it is long enough."""
    yield alike
    if len(alike) >= SHORTEST_PLURAL:
        yield f"{alike}s"
    if len(alike) > SHORTEST_PLURAL and alike.endswith("s"):
        yield alike[:-1]


def _alike(text: str) -> str:
    """The letters and digits of a value, folded: what near duplicates have in common."""
    kept = "".join(char for char in fold(text) if unicodedata.category(char)[0] in "LN")
    return kept or text


def _kind_of(value: Any) -> str:
    """What a value is, in words; empty for none."""
    match value:
        case None:
            return ""
        case bool():
            return "yes or no"
        case int() | float():
            return "a number"
        case date():
            return "a date"
        case str():
            return "a text" if value.strip() else ""
        case dict():
            return "a mapping"
        case list():
            return "a list"
    return ""


def _is_compared(spec: FieldSpec) -> bool:
    """Whether the values of a field are names that several posts share."""
    if spec.kind is FieldKind.KEYWORD:
        return spec.name != "url"
    return spec.kind is FieldKind.TEXT and spec.many and spec.name != "related"


def _texts(post: Post, name: str) -> tuple[str, ...]:
    value = post.fields.get(name)
    return value if isinstance(value, tuple) else ()


def _shown(text: str) -> str:
    return repr(text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 1] + "…")
