"""Where the lines that were typed are kept, readable by their owner alone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from searchidx.places import state_folder


def history_path(environment: Mapping[str, str], home: Path) -> Path:
    """The file below $XDG_STATE_HOME when that is an absolute path, else below ~/.local/state."""
    return state_folder(environment, home) / "searchidx" / "history"


def make_private(path: Path) -> None:
    """Have the file there, with its folders, and with mode 0600 whatever it had before.

    Raises: OSError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        if hasattr(os, "fchmod"):
            os.fchmod(handle, 0o600)
    finally:
        os.close(handle)
