"""The keys of the live shell, declared once: binding them, F1 and the docs all read them."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Action(enum.Enum):
    """What a key does."""

    UP = enum.auto()
    DOWN = enum.auto()
    PAGE_UP = enum.auto()
    PAGE_DOWN = enum.auto()
    FIRST = enum.auto()
    SCROLL_UP = enum.auto()
    SCROLL_DOWN = enum.auto()
    ENTER = enum.auto()
    BACK = enum.auto()
    COMMAND = enum.auto()
    HELP = enum.auto()
    FACETS = enum.auto()
    PREVIEW = enum.auto()
    HISTOGRAM = enum.auto()
    SORT = enum.auto()
    MORE = enum.auto()
    EXPLAIN = enum.auto()
    BROWSE = enum.auto()
    EDIT = enum.auto()
    COPY_PATH = enum.auto()
    COPY_URL = enum.auto()
    CLEAR = enum.auto()
    LEAVE = enum.auto()


@dataclass(frozen=True, slots=True)
class Key:
    """An action and its keys, as prompt_toolkit names them: each a sequence with spaces.

    `label` is how people call them, `help` what they do; `short` stands in the last line of the
    screen, empty for keys that are not named there.
    """

    action: Action
    keys: tuple[str, ...]
    label: str
    help: str
    short: str = ""


KEYS = (
    Key(Action.HELP, ("f1",), "F1", "this help", "help"),
    Key(Action.FACETS, ("f2",), "F2", "choose values of the facets; again: hide them", "facets"),
    Key(Action.PREVIEW, ("f3",), "F3", "show or hide the preview", "preview"),
    Key(Action.HISTOGRAM, ("f4",), "F4", "show or hide the posts by month", "dates"),
    Key(Action.SORT, ("f5",), "F5", "another order", "sort"),
    Key(Action.MORE, ("f6",), "F6", "posts like the selected one", "alike"),
    Key(Action.EXPLAIN, ("f7",), "F7", "how the score of it came about", "explain"),
    Key(Action.BROWSE, ("f8",), "F8", "open its address in the browser", "web"),
    Key(Action.EDIT, ("f9", "c-o"), "F9, Ctrl-O", "open it in your editor", "edit"),
    Key(Action.UP, ("up",), "Up", "the hit, value or line above"),
    Key(Action.DOWN, ("down",), "Down", "the one below"),
    Key(Action.PAGE_UP, ("pageup",), "PageUp", "a screen up"),
    Key(Action.PAGE_DOWN, ("pagedown",), "PageDown", "a screen down"),
    Key(Action.FIRST, ("c-home",), "Ctrl-Home", "the first hit"),
    Key(Action.SCROLL_UP, ("s-up", "c-up"), "Shift-Up", "scroll the preview up; Ctrl-Up too"),
    Key(Action.SCROLL_DOWN, ("s-down", "c-down"), "Shift-Down", "scroll it down; Ctrl-Down too"),
    Key(Action.ENTER, ("enter",), "Enter",
        "read the post; add or remove a value; run a command"),
    Key(Action.BACK, ("escape",), "Esc", "one step back"),
    Key(Action.COMMAND, ("c-x :",), "Ctrl-X :", "a command about these hits"),
    Key(Action.COPY_PATH, ("c-x p",), "Ctrl-X p", "copy the path of the post"),
    Key(Action.COPY_URL, ("c-x u",), "Ctrl-X u", "copy its address"),
    Key(Action.CLEAR, ("c-c",), "Ctrl-C", "clear the query"),
    Key(Action.LEAVE, ("c-d",), "Ctrl-D", "leave, when the query is empty"),
)  # fmt: skip
"""In the order of the help."""

EDITING_HELP = """\
Alt-1 … -9  without hits: search one of the changed queries
Tab         completes fields, values, words, commands
Right       takes the grey rest of an earlier query
Ctrl-P, -N  earlier queries; Ctrl-R searches them
:           at the start: a command, such as :help"""


def keys_text() -> str:
    """The keys and what they do, a line each."""
    width = max(len(key.label) for key in KEYS)
    return "".join(f"{key.label.ljust(width)}  {key.help}\n" for key in KEYS)
