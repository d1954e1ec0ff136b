"""Lines of styled text, put on prompt_toolkit's screen; a line that stays the same costs little."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING
from zlib import crc32

from prompt_toolkit.layout import Container, Dimension
from prompt_toolkit.layout.mouse_handlers import MouseHandlers
from prompt_toolkit.layout.screen import Char, Screen, WritePosition
from prompt_toolkit.mouse_events import MouseEvent

from searchidx.shell.live.lines import LINK, Line

if TYPE_CHECKING:
    from prompt_toolkit.key_binding.key_bindings import NotImplementedOrNone

LINES_KEPT, CELLS_KEPT = 500, 20_000
NO_LINK = "\x1b]8;;\x1b\\"
SENT = "bg:default"
"""With this style a space at the end of a line is sent to the terminal."""

Draw = Callable[[], Sequence[Line]]
Handler = Callable[[MouseEvent], "NotImplementedOrNone"]


class Canvas(Container):
    """All that is left of the screen, filled with lines.

    `draw` gives them, each as wide as the screen; `on_mouse`, if the mouse is used, gets what it
    does there. `has_cover` says that something may lie over them, such as a menu; the lines have no
    links then.
    """

    def __init__(
        self, draw: Draw, has_cover: Callable[[], bool], on_mouse: Handler | None = None
    ) -> None:
        self._draw = draw
        self._has_cover = has_cover
        self._on_mouse = on_mouse

    def reset(self) -> None:
        """Nothing is kept from one time to the next."""

    def preferred_width(self, max_available_width: int) -> Dimension:
        """As much as there is."""
        return Dimension()

    def preferred_height(self, width: int, max_available_height: int) -> Dimension:
        """As much as there is."""
        return Dimension()

    def write_to_screen(
        self,
        screen: Screen,
        mouse_handlers: MouseHandlers,
        write_position: WritePosition,
        parent_style: str,
        erase_bg: bool,
        z_index: int | None,
    ) -> None:
        """Put the lines where they belong."""
        bottom = write_position.ypos + write_position.height
        screen.height = max(screen.height, bottom)
        is_covered = self._has_cover()
        lines = self._draw()[: write_position.height]
        for row, line in enumerate(lines, write_position.ypos):
            cells = row_of(tuple(line))
            screen.data_buffer[row].update(cells.chars)
            if not is_covered:
                screen.zero_width_escapes[row].update(cells.escapes)
            if handler := self._on_mouse:
                mouse_handlers.mouse_handlers[row] = _everywhere(handler)

    def get_children(self) -> list[Container]:
        """None: the lines are all there is."""
        return []


def _everywhere(handler: Handler) -> defaultdict[int, Handler]:
    return defaultdict(lambda: handler)


@dataclass(frozen=True, slots=True)
class Row:
    """What stands in each column, and the sequences that are sent before it is."""

    chars: dict[int, Char] = field(default_factory=dict)
    escapes: dict[int, str] = field(default_factory=dict)


@lru_cache(maxsize=LINES_KEPT)
def row_of(line: tuple[tuple[str, str], ...]) -> Row:
    """A line, character by character. One that is wide takes the next column as well; a mark that
    combines is part of the character before it."""
    chars: dict[int, Char] = {}
    column = last = 0
    for style, text in line:
        for char in text:
            cell = _cell(char, style)
            if cell.width:
                chars[column] = cell
                last = column
                column += cell.width
                if cell.width > 1:
                    chars[column - 1] = _cell("", style)
            elif chars:
                before = chars[last]
                chars[last] = _cell(before.char + char, before.style)
    return _linked(chars)


def _linked(chars: dict[int, Char]) -> Row:
    """The row with a sequence where a link starts, and one behind it.

    Of a row, only what changed is sent to the terminal. So that links are sent whole or not at all,
    the styles of all their characters, and of those behind them, tell what links the row has.
    """
    links = list(_links(chars))
    if not links:
        return Row(chars)
    told = [(target, start, end, _text(chars, start, end + 1)) for target, start, end in links]
    name = f"[links:{crc32(repr(told).encode('utf-8', 'replace')):x}]"
    escapes: dict[int, str] = {}
    for target, start, end in links:
        escapes[start] = f"{escapes.get(start, '')}\x1b]8;;{target}\x1b\\"
        escapes[end] = NO_LINK
        for column in range(start, end):
            chars[column] = _cell(chars[column].char, f"{chars[column].style} {name}")
        behind = chars[end]
        chars[end] = _cell(behind.char, f"{SENT} {behind.style} {name}")
    return Row(chars, escapes)


def _text(chars: Mapping[int, Char], start: int, stop: int) -> str:
    return "".join(chars[column].char for column in range(start, stop))


def _links(chars: Mapping[int, Char]) -> Iterator[tuple[str, int, int]]:
    """The target of each link, its first column, and the one behind it, which is on the row."""
    target, start = "", 0
    columns = [column for column in sorted(chars) if chars[column].char]
    for column in columns:
        here = _target_of(chars[column].style)
        is_last = column == columns[-1]
        if here != target or is_last:
            if target and column > start:
                yield target, start, column
            target, start = here, column


def _target_of(style: str) -> str:
    _, found, behind = style.partition(LINK)
    return behind.partition("]")[0] if found else ""


@lru_cache(maxsize=CELLS_KEPT)
def _cell(char: str, style: str) -> Char:
    return Char(char, style)
