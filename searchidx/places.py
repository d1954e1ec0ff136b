"""Where files of a user lie, apart from indexes and posts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def state_folder(environment: Mapping[str, str], home: Path) -> Path:
    """$XDG_STATE_HOME when that is an absolute path, else ~/.local/state."""
    state = Path(environment.get("XDG_STATE_HOME", ""))
    return state if state.is_absolute() else home / ".local" / "state"
