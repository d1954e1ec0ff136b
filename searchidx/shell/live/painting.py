"""Lines of styled text, put on prompt_toolkit's screen; a line that stays the same costs little."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from prompt_toolkit.layout import Container, Dimension
from prompt_toolkit.layout.mouse_handlers import MouseHandlers
from prompt_toolkit.layout.screen import Char, Screen, WritePosition
from prompt_toolkit.mouse_events import MouseEvent

from searchidx.shell.live.lines import Line

if TYPE_CHECKING:
    from prompt_toolkit.key_binding.key_bindings import NotImplementedOrNone

LINES_KEPT, CELLS_KEPT = 500, 20_000

Draw = Callable[[], Sequence[Line]]
Handler = Callable[[MouseEvent], "NotImplementedOrNone"]


class Canvas(Container):
    """All that is left of the screen, filled with lines.

    `draw` gives them, each as wide as the screen; `on_mouse`, if the mouse is used, gets what it
    does there.
    """

    def __init__(self, draw: Draw, on_mouse: Handler | None = None) -> None:
        self._draw = draw
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
        lines = self._draw()[: write_position.height]
        for row, line in enumerate(lines, write_position.ypos):
            screen.data_buffer[row].update(cells_of(tuple(line)))
            if handler := self._on_mouse:
                mouse_handlers.mouse_handlers[row] = _everywhere(handler)

    def get_children(self) -> list[Container]:
        """None: the lines are all there is."""
        return []


def _everywhere(handler: Handler) -> defaultdict[int, Handler]:
    return defaultdict(lambda: handler)


@lru_cache(maxsize=LINES_KEPT)
def cells_of(line: tuple[tuple[str, str], ...]) -> Mapping[int, Char]:
    """Column -> the character that stands there; one that is wide takes the next column as well.

    A mark that combines is part of the character before it.
    """
    cells: dict[int, Char] = {}
    column = 0
    for style, text in line:
        for char in text:
            cell = _cell(char, style)
            if cell.width:
                cells[column] = cell
                column += cell.width
                if cell.width > 1:
                    cells[column - 1] = _cell("", style)
            elif before := _last(cells, column):
                cells[before[0]] = _cell(before[1].char + char, before[1].style)
    return cells


@lru_cache(maxsize=CELLS_KEPT)
def _cell(char: str, style: str) -> Char:
    return Char(char, style)


def _last(cells: Mapping[int, Char], column: int) -> tuple[int, Char] | None:
    """The last character in front of a column, and where it starts."""
    for at in (column - 1, column - 2):
        if at in cells and cells[at].char:
            return at, cells[at]
    return None
