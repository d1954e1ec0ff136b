"""Lines of styled text: cutting, padding and joining them, by the columns that they take."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from searchidx.highlight import ELLIPSIS
from searchidx.render import Palette
from searchidx.width import columns, text_columns

Line = list[tuple[str, str]]
"""(style classes, text) pairs: prompt_toolkit's form of one line."""

Lines = tuple[Line, ...]

PAINT = Palette(
    title="\x1b<title>",
    match="\x1b<match>",
    match_end="\x1b<>",
    faint="\x1b<faint>",
    number="\x1b<number>",
    reset="\x1b<>",
)
"""A palette whose colours are names of styles. No text that was cleaned can hold them."""


def paint_of(palette: Palette) -> Palette:
    """`PAINT`, with links where a palette has them."""
    return PAINT._replace(files=palette.files)


LINK = "[link:"
"""A part of a style that starts so has the target of a link behind it, and ends in a bracket."""

_NAME = re.compile("\x1b<([a-z]*)>")
_MARK = re.compile(r"\x1b(?:<([a-z]*)>|\]8;;([^\x1b]*)\x1b\\)")


def painted(text: str, base: str = "") -> Line:
    """A text with the colours of `PAINT`, as a line; `base` is the style of what has no colour."""
    pieces = _MARK.split(text)
    line: Line = [(base, pieces[0])] if pieces[0] else []
    colour = link = ""
    for name, target, piece in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        if name is not None:
            colour = f"class:{name}" if name else ""
        else:
            link = f"{LINK}{target}]" if target else ""
        if piece:
            line.append((" ".join(filter(None, (base, colour, link))), piece))
    return line


def painted_lines(text: str) -> Lines:
    """The lines of a text; a colour does not reach over the end of its line unless it is open."""
    lines = []
    open_name = ""
    for row in text.rstrip("\n").split("\n"):
        lines.append(painted(f"\x1b<{open_name}>{row}" if open_name else row))
        names = _NAME.findall(row)
        open_name = names[-1] if names else open_name
    return tuple(lines)


def fitted(line: Sequence[tuple[str, str]], width: int, style: str = "") -> Line:
    """The line cut or filled with spaces to so many columns; what is cut ends in an ellipsis."""
    used = sum(text_columns(text) for _, text in line)
    if used <= width:
        return [*line, (style, " " * (width - used))] if used < width else list(line)
    result: Line = []
    room = width - 1
    for name, text in line:
        part, room = _cut(text, room)
        result.append((name, part))
        if len(part) < len(text):
            break
    end = (result[-1][0] if result else style, ELLIPSIS + " " * room)
    return [*result, end] if width > 0 else []


def _cut(text: str, room: int) -> tuple[str, int]:
    """As much of the text as there is room for, and the room that is left."""
    for at, char in enumerate(text):
        taken = columns(char)
        if taken > room:
            return text[:at], room
        room -= taken
    return text, room


def styled(line: Sequence[tuple[str, str]], style: str) -> Line:
    """The line with one more style on all of it; those that it has come first where they differ."""
    return [(f"{style} {name}".strip(), text) for name, text in line]


def beside(blocks: Iterable[Sequence[Line]], between: tuple[str, str]) -> list[Line]:
    """Blocks of equally many lines next to each other, with the same fragment between them."""
    rows: list[Line] = []
    for parts in zip(*blocks, strict=True):
        row: Line = []
        for part in parts:
            row += [between, *part] if row else part
        rows.append(row)
    return rows


def block(lines: Sequence[Line], width: int, height: int) -> list[Line]:
    """Exactly so many lines of exactly so many columns."""
    shown = [fitted(line, width) for line in lines[:height]]
    return [*shown, *([("", " " * width)] for _ in range(height - len(shown)))]
