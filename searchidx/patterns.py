"""Regular expressions that are compiled when they are first used.

Compiling one takes a tenth of a millisecond and more, and a search in a new process uses few of
those that its modules name.
"""

from __future__ import annotations

import re
from typing import Any, cast


def late_pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """The regular expression; every method works as that of a compiled one.

    Raises: re.error at its first use, when it is none.
    """
    return cast("re.Pattern[str]", _Pattern(text, flags))


class _Pattern:
    def __init__(self, text: str, flags: int) -> None:
        self._source = (text, flags)

    def __getattr__(self, name: str) -> Any:
        """A method of the compiled pattern, which is found without this from then on."""
        found = getattr(re.compile(*self._source), name)
        setattr(self, name, found)
        return found
