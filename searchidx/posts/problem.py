"""What could not be read of a post as it was asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about a post that could not be read as asked.

    `line` counts from 1. `lost_text` says that some text of the file cannot be found by searching.
    """

    path: str
    line: int
    what: str
    todo: str
    lost_text: bool = False

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}: {self.todo}"


class ProblemLog:
    """Collects the problems of one file, at most `LIMIT` and then one that counts the others.

    A damaged file of many lines would otherwise bury what matters in its own noise.
    """

    LIMIT = 100

    def __init__(self, path: str) -> None:
        self.path = path
        self._kept: list[Problem] = []
        self._more = 0
        self._more_lost = False

    def add(self, line: int, what: str, todo: str, *, lost_text: bool = False) -> None:
        """Note a problem once: the same words at the same line are not repeated."""
        problem = Problem(self.path, line, what, todo, lost_text)
        if self.full:
            self._more += 1
            self._more_lost |= lost_text
        elif problem not in self._kept:
            self._kept.append(problem)

    @property
    def full(self) -> bool:
        """Whether further problems will only be counted, so that their words do not matter."""
        return len(self._kept) >= self.LIMIT

    def problems(self) -> list[Problem]:
        """What was noted, in that order."""
        if not self._more:
            return list(self._kept)
        line = self._kept[-1].line
        what = f"{self._more} more problems in this file"
        last = Problem(self.path, line, what, "correct those named first", self._more_lost)
        return [*self._kept, last]
