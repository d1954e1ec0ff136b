"""One block of front matter while it is being read: its lines, its problems, what is left over."""

from __future__ import annotations

from collections.abc import Callable

from searchidx.posts.plain import MAX_NODES, Steps
from searchidx.posts.problem import ProblemLog

Place = tuple[int, str | None]
"""The line of a value in its file, from 1, and its text as written (None if not at hand)."""

Places = Callable[[Steps], Place]

MAX_BLOCK_CHARS = 256 * 1024


class Unreadable(ValueError):
    """A text is not what its kind of front matter asks for.

    `position` is where in that text, in characters; None if that is not known.
    """

    def __init__(self, reason: str, position: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


class Block:
    """The state of reading one block.

    `first_line` is the line of the file, from 1, where the text between the fences begins.
    `values_left` is how many values may still be made of it. `leftovers` are texts of it that are
    no metadata and go to the end of the body. `has_odd_integers` says that some whole number may be
    written otherwise than Python prints it (`010`, `12:30`).
    """

    def __init__(self, log: ProblemLog, first_line: int = 1) -> None:
        self.log = log
        self.first_line = first_line
        self.values_left = MAX_NODES
        self.has_odd_integers = False
        self.leftovers: list[str] = []

    def line_at(self, text: str, position: int | None) -> int:
        """The line of a character of `text`, the text between the fences."""
        return self.first_line + text.count("\n", 0, position or 0)

    def refuse(self, reason: str, line: int | None = None, todo: str = "correct it") -> None:
        """Note that all of the block is taken for text."""
        what = f"front matter {reason}, so all of it is read as body"
        self.log.add(line or self.first_line, what, todo)

    def leave(self, text: str, line: int, reason: str, todo: str) -> None:
        """Keep for the body what is no metadata."""
        self.log.add(line, f"{reason}, read as body", todo)
        self.leftovers.append(text.strip("\n"))

    def repeated(self, key: str, line: int, last_line: int, *, same: bool) -> None:
        """Note that a key stands twice and only its last value counts."""
        what = f"the key {key!r} stands again at line {last_line}, whose value is used"
        self.log.add(line, what, "remove one of the two", lost_text=not same)
