"""The table [shell] of the settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from prompt_toolkit.enums import EditingMode

from searchidx.errors import SettingsError
from searchidx.index import Index
from searchidx.render import COLOURED, PLAIN
from searchidx.settings import load_settings
from searchidx.shell.editing import ghost_of, mode_of, style_of
from searchidx.shell.preferences import Keys, Links, Preferences, Theme, load_preferences
from searchidx.shell.session import Session


def loaded(folder: Path, text: str) -> Preferences:
    path = folder / "searchidx.toml"
    path.write_text(text, encoding="utf-8")
    load_settings(path)
    return load_preferences(path)


def test_the_defaults(tmp_path: Path) -> None:
    assert load_preferences(None) == loaded(tmp_path, "[fields]\n") == Preferences()


def test_what_can_be_set(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        '[shell]\nkeys = "vi"\ntheme = "light"\nghost_text = false\nmouse = true\npager = "most"\n'
        'links = "never"\n'
        '[shell.colours]\nmatch = "bold #ff0000"\n',
    )
    assert (found.keys, found.theme, found.ghost_text, found.mouse, found.pager, found.links) == (
        Keys.VI, Theme.LIGHT, False, True, "most", Links.NEVER,
    )  # fmt: skip
    assert found.styles()["match"] == "bold #ff0000"
    assert found.styles()["number"] == "ansiblue"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('keys = "ed"', "shell.keys: expected one of emacs, vi, found 'ed'"),
        ('links = "no"', "shell.links: expected one of auto, always, never, found 'no'"),
        ("mouse = 1", "shell.mouse: expected true or false, found 1"),
        ("pager = 1", "shell.pager: expected a command, found 1"),
        ('kyes = "vi"', "shell.kyes: no such setting; did you mean 'keys'?"),
        ("colours = 1", "shell.colours: expected a table"),
        ('colours.mtch = "bold"', "shell.colours.mtch: no such part; the parts are prompt, "),
        ('colours.match = "bolt"', "shell.colours.match: 'bolt' is no style"),
    ],
)
def test_what_cannot(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, f"[shell]\n{line}\n")
    assert message in str(caught.value)
    assert caught.value.line == 2


def test_the_shell_follows(index: Index) -> None:
    session = Session(index, COLOURED, {}, Preferences(keys=Keys.VI, ghost_text=False))
    assert mode_of(session) is EditingMode.VI
    assert ghost_of(session) is None
    plain = Session(index, PLAIN, {}, Preferences(colours={"match": "ansired"}))
    assert mode_of(plain) is EditingMode.EMACS
    assert ghost_of(plain) is not None
    assert not any("red" in str(rule) for rule in style_of(plain).style_rules)
