"""Where the time of a one-shot went."""

from __future__ import annotations

import time


class Times:
    """The parts of a run, each from the mark before it to its own.

    What the interpreter took before any of our code ran is told by the processor time used so far.
    """

    def __init__(self) -> None:
        self._parts = [("interpreter", time.process_time())]
        self._last = time.perf_counter()

    def mark(self, part: str) -> None:
        """The part that ends here."""
        now = time.perf_counter()
        self._parts.append((part, now - self._last))
        self._last = now

    def text(self) -> str:
        """A line for every part, in milliseconds, and one for all of them."""
        whole = sum(seconds for _, seconds in self._parts)
        rows = [*self._parts, ("in all", whole)]
        return "".join(f"{part:12} {seconds * 1000:8.1f} ms\n" for part, seconds in rows)
