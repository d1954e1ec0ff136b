"""Which index, which settings and which roots a command line means."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from searchidx.settings import Settings, find_settings, load_settings
from searchidx.store.folder import newest_generation

DEFAULT_INDEX = "index"


def find_index(flag: str | None, environment: Mapping[str, str], here: Path) -> Path:
    """The index folder: the flag, else SEARCHIDX_INDEX, else the nearest one from `here` upward.

    In each folder the one that its searchidx.toml names comes before `index/`. When none is found,
    `index/` in `here`. Raises: SettingsError.
    """
    if flag or (flag := environment.get("SEARCHIDX_INDEX")):
        return (here / flag).resolve()
    for folder in (here, *here.parents):
        if (folder / "searchidx.toml").is_file():
            return load_settings(folder / "searchidx.toml").index_path.resolve()
        if newest_generation(folder / DEFAULT_INDEX):
            return folder / DEFAULT_INDEX
    return here / DEFAULT_INDEX


def settings_path(index: Path, here: Path) -> Path | None:
    """The nearest searchidx.toml from the index upward, else from `here` upward; None for none."""
    return find_settings(index.parent) or find_settings(here)


def settings_for(index: Path, flag: str | None, here: Path) -> Settings | None:
    """The settings to build `index` with; None to keep those it was built with, or the defaults.

    The flag, else those of `settings_path`. Raises: SettingsError.
    """
    path = here / flag if flag else settings_path(index, here)
    return load_settings(path) if path else None
