"""Terminal output, with its colours, as an SVG picture.

    searchidx --color always query 'topics:vision mask' | python docs/picture.py > docs/query.svg
    tmux capture-pane -p -e | python docs/picture.py > docs/live.svg

Reads text with ANSI colours from stdin; an argument is shown as the command above it.
"""

from __future__ import annotations

import html
import re
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

COLUMN, LINE, MARGIN = 8.4, 19, 16
PAPER, INK, FAINT, SHADE = "#0d1117", "#c9d1d9", "#8b949e", "#30363d"
COLOURS = {"30": "#0b0f14", "31": "#ff7b72", "32": "#7ee787", "33": "#f2cc60", "34": "#79c0ff"}
COLOURS |= {"97": "#ffffff", "35": "#d2a8ff", "36": "#76e3ea", "37": "#c9d1d9", "90": "#8b949e"}
HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{w:.0f}" height="{h}" '
    'viewBox="0 0 {w:.0f} {h}">\n<rect width="100%" height="100%" rx="8" fill="#0d1117"/>\n'
    '<g font-family="ui-monospace,Menlo,Consolas,monospace" font-size="14" fill="#c9d1d9" '
    'xml:space="preserve">\n'
)


@dataclass
class Style:
    """How the text behind an escape sequence looks."""

    colour: str = ""
    ground: str = ""
    is_bold: bool = False
    is_underlined: bool = False
    is_reversed: bool = False

    def change(self, code: str) -> None:
        """Take in one number of a sequence such as `1;36`."""
        on = {"1": "is_bold", "4": "is_underlined", "7": "is_reversed"}
        off = {"22": "is_bold", "24": "is_underlined", "27": "is_reversed"}
        if code in ("", "0"):
            self.__init__()  # type: ignore[misc]
        elif code in on or code in off:
            setattr(self, on.get(code) or off[code], code in on)
        elif code == "2" or code in COLOURS:
            self.colour = COLOURS.get(code, FAINT)
        elif code in ("39", "49"):
            setattr(self, "colour" if code == "39" else "ground", "")
        elif str(int(code) - 10) in COLOURS:
            self.ground = COLOURS[str(int(code) - 10)] if code != "100" else SHADE

    def attributes(self) -> str:
        """Those of an SVG text."""
        colour = (self.ground or PAPER) if self.is_reversed else self.colour
        found = f' fill="{colour}"' if colour else ""
        found += ' font-weight="bold"' if self.is_bold else ""
        return found + (' text-decoration="underline"' if self.is_underlined else "")

    def behind(self) -> str:
        """The colour behind the text; empty for that of the picture."""
        return (self.colour or INK) if self.is_reversed else self.ground


def pieces(line: str, style: Style) -> Iterator[tuple[str, str, str]]:
    """The parts of a line, each with the attributes of its text and the colour behind it."""
    for part in re.split(r"(\x1b\[[\d;]*m)", line):
        if not part.startswith("\x1b["):
            if part:
                yield part, style.attributes(), style.behind()
            continue
        for code in part[2:-1].split(";"):
            style.change(code)


def columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def picture(text: str) -> str:
    """The whole SVG."""
    lines = text.rstrip().split("\n")
    plain = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in lines]
    width = 2 * MARGIN + COLUMN * max(map(columns, plain))
    height = 2 * MARGIN + LINE * len(lines)
    style = Style()
    rows = [HEAD.format(w=width, h=height)]
    for number, line in enumerate(lines):
        at, y = 0, MARGIN + LINE * number + 14
        for part, attributes, ground in pieces(line, style):
            x = MARGIN + COLUMN * at
            length = COLUMN * columns(part)
            if ground:
                rows.append(
                    f'<rect x="{x:.1f}" y="{y - 14}" width="{length:.1f}" height="{LINE}" '
                    f'fill="{ground}"/>\n'
                )
            rows.append(
                f'<text x="{x:.1f}" y="{y}" textLength="{length:.1f}"{attributes}>'
                f"{html.escape(part)}</text>\n"
            )
            at += columns(part)
    return "".join([*rows, "</g>\n</svg>\n"])


if __name__ == "__main__":
    command = f"\x1b[2m$\x1b[0m {sys.argv[1]}\n" if len(sys.argv) > 1 else ""
    sys.stdout.write(picture(command + sys.stdin.read()))
