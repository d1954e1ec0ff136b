"""The table [shell] of searchidx.toml: keys, colours and other matters of taste."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from searchidx.errors import SettingsError
from searchidx.settings import line_of_keys
from searchidx.shell.colours import COLOURS, LIGHT


class Keys(enum.StrEnum):
    """How the query line is edited."""

    EMACS = "emacs"
    VI = "vi"


class Theme(enum.StrEnum):
    """Which colours fit the background of the terminal."""

    DARK = "dark"
    LIGHT = "light"


class Links(enum.StrEnum):
    """When paths and addresses are links in a terminal; AUTO where it is known to have them."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


CHOICES: Mapping[str, type[enum.StrEnum]] = {"keys": Keys, "theme": Theme, "links": Links}


@dataclass(frozen=True, slots=True)
class Preferences:
    """How the shell behaves. `colours` are styles by the names of `colours.COLOURS`.

    `ghost_text` shows the rest of an earlier query in grey; `mouse` has the live shell take clicks
    and the wheel, which keeps the terminal from marking text with them. `pager` is a command, empty
    for the one of the environment.
    """

    keys: Keys = Keys.EMACS
    theme: Theme = Theme.DARK
    colours: Mapping[str, str] = field(default_factory=dict)
    ghost_text: bool = True
    mouse: bool = False
    pager: str = ""
    links: Links = Links.AUTO

    def styles(self) -> dict[str, str]:
        """The colours of the theme, with those of the settings in their places."""
        themed = COLOURS if self.theme is Theme.DARK else COLOURS | LIGHT
        return {**themed, **self.colours}


def load_preferences(path: Path | None) -> Preferences:
    """The table [shell] of a settings file; the defaults when there is none.

    Raises: SettingsError for a name or a value that cannot be used.
    """
    if path is None:
        return Preferences()
    import tomllib

    try:
        text = path.read_text(encoding="utf-8-sig")
        table = tomllib.loads(text).get("shell", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(path, 1, "", f"cannot be read ({error})") from error
    if not isinstance(table, dict):
        raise SettingsError(path, 1, "shell", "expected a table: [shell]")
    place = _Place(path, line_of_keys(text))
    return Preferences(**{key: _value(place, key, value) for key, value in table.items()})


@dataclass(frozen=True, slots=True)
class _Place:
    """A settings file, and the lines of its keys."""

    path: Path
    lines: Mapping[str, int]

    def refused(self, key: str, reason: str) -> SettingsError:
        """An error about a key of [shell]; the line is that of the key, else of the table."""
        name = f"shell.{key}"
        line = self.lines.get(name) or self.lines.get("shell", 1)
        return SettingsError(self.path, line, name, reason)


def _value(place: _Place, key: str, value: Any) -> Any:
    known = [item.name for item in fields(Preferences)]
    match key:
        case "keys" | "theme" | "links":
            choices = CHOICES[key]
            if value in list(choices):
                return choices(value)
            raise place.refused(key, f"expected one of {', '.join(choices)}, found {value!r}")
        case "colours":
            return _colours(place, value)
        case "ghost_text" | "mouse" if isinstance(value, bool):
            return value
        case "ghost_text" | "mouse":
            raise place.refused(key, f"expected true or false, found {value!r}")
        case "pager" if isinstance(value, str):
            return value
        case "pager":
            raise place.refused(key, f"expected a command, found {value!r}")
    from difflib import get_close_matches

    near = get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
    raise place.refused(key, f"no such setting; {hint}")


def _colours(place: _Place, table: Any) -> dict[str, str]:
    if not isinstance(table, dict):
        raise place.refused("colours", "expected a table: [shell.colours]")
    from prompt_toolkit.styles import Style

    for name, text in table.items():
        if name not in COLOURS:
            known = ", ".join(COLOURS)
            raise place.refused(f"colours.{name}", f"no such part; the parts are {known}")
        try:
            Style.from_dict({name: text})
        except (ValueError, AttributeError, TypeError) as error:
            reason = f"{text!r} is no style ({error}); write one such as 'bold ansired'"
            raise place.refused(f"colours.{name}", reason) from error
    return dict(table)
