"""Lines on prompt_toolkit's screen: wide letters, marks, and links that are sent whole."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prompt_toolkit.application import Application
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import DummyInput
from prompt_toolkit.layout import FormattedTextControl, HSplit, Layout, Window
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.utils import get_cwidth

from searchidx.render import Palette
from searchidx.shell.live.lines import PAINT, Line, block, painted
from searchidx.shell.live.painting import Canvas, row_of
from searchidx.width import text_columns

COLUMNS, ROWS = 30, 3
SENT_LINK = re.compile(r"\x1b\]8;;([^\x1b]+)\x1b\\(.*?)\x1b\]8;;\x1b\\", re.S)
STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
LINKING = PAINT._replace(files="/posts")


def linked(path: str, text: str, palette: Palette = LINKING) -> Line:
    return painted(palette.link_to_file(path, text))


class Painted:
    """A terminal on which one screen after the other is painted."""

    def __init__(self) -> None:
        self.lines: Sequence[Line] = ()
        self.is_covered = False
        self._sent = io.StringIO()
        sink = Vt100_Output(self._sent, lambda: Size(ROWS + 1, COLUMNS), term="xterm")
        above = Window(FormattedTextControl("query"), height=1)
        canvas = Canvas(lambda: self.lines, lambda: self.is_covered)
        self._app: Application[None] = Application(
            Layout(HSplit([above, canvas])), full_screen=True, input=DummyInput(), output=sink
        )

    def show(self, lines: Sequence[Line]) -> str:
        """What is sent to the terminal to show these lines."""
        self.lines = block(lines, COLUMNS, ROWS)
        self._sent.seek(0)
        self._sent.truncate()
        self._app.renderer.render(self._app, self._app.layout)
        return self._sent.getvalue()


def test_what_stands_in_each_column() -> None:
    cells = row_of((("class:title", "a漢e\u0301"), ("", "x"))).chars
    assert [cells[at].char for at in range(5)] == ["a", "漢", "", "e\u0301", "x"]
    assert [cells[at].style for at in (0, 4)] == ["class:title", ""]


def test_a_line_that_stays_is_not_sent_again() -> None:
    terminal = Painted()
    assert "hello" in STEERING.sub("", terminal.show([[("", "hello")], [("", "one")]]))
    again = STEERING.sub("", terminal.show([[("", "hello")], [("", "two")]]))
    assert "hello" not in again
    assert "tw" in again


def test_a_link_is_sent_around_its_text() -> None:
    sent = Painted().show([[("", "1 "), *linked("a b.md", "Bread")]])
    assert [(target, STEERING.sub("", text)) for target, text in SENT_LINK.findall(sent)] == [
        ("file:///posts/a%20b.md", "Bread")
    ]


def test_under_a_menu_there_are_no_links() -> None:
    terminal = Painted()
    terminal.is_covered = True
    assert "\x1b]8" not in terminal.show([linked("a.md", "Bread")])


def test_without_a_folder_there_are_no_links() -> None:
    assert linked("a.md", "Bread", PAINT) == [("", "Bread")]


@pytest.mark.parametrize("end", ["x", "漢"], ids=["narrow", "wide"])
def test_a_link_up_to_the_edge_ends_before_it(end: str) -> None:
    text = "a" * (COLUMNS - text_columns(end)) + end
    ((_, shown),) = SENT_LINK.findall(Painted().show([linked("a.md", text)]))
    assert STEERING.sub("", shown).rstrip("\r") == text[:-1]


PIECES = st.tuples(st.sampled_from(["", "a.md", "b.md"]), st.text("ab 漢", min_size=1, max_size=12))
SCREENS = st.lists(st.lists(PIECES, max_size=3), min_size=1, max_size=ROWS)


@given(st.lists(SCREENS, min_size=1, max_size=5))
@settings(max_examples=150, deadline=None)
def test_whatever_changes_no_link_is_left_open(screens: list[list[list[tuple[str, str]]]]) -> None:
    """Each link that is opened is closed, before another or another row, with all of its text."""
    terminal = Painted()
    for screen in screens:
        lines = [
            [part for path, text in row for part in (linked(path, text) if path else [("", text)])]
            for row in screen
        ]
        sent = terminal.show(lines)
        opened = re.findall(r"\x1b\]8;;([^\x1b]*)\x1b", sent)
        assert [bool(target) for target in opened] == [True, False] * (len(opened) // 2)
        shown = ["".join(text for _, text in row) for row in terminal.lines]
        for _, text in SENT_LINK.findall(sent):
            assert "\r\n" not in text
            assert any(STEERING.sub("", text).rstrip() in row for row in shown)


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "漢字",
        "e\u0301",
        "नमस्ते",
        "한글",
        "\u1112\u1161\u11ab",
        "שלום",
        "a\u200db",
        "soft\u00ad",
    ],
)
def test_texts_take_as_many_columns_as_are_painted(text: str) -> None:
    assert sum(get_cwidth(char) for char in text) == text_columns(text)
    painted_columns = [at for at, char in row_of((("", text),)).chars.items() if char.width]
    assert max(painted_columns) < text_columns(text)
