"""Terminal output, with its colours, as an SVG picture.

    searchidx --color always query 'topics:vision mask' | python docs/picture.py > docs/query.svg

Reads text with ANSI colours from stdin; an argument is shown as the command above it.
"""

from __future__ import annotations

import html
import re
import sys
import unicodedata
from collections.abc import Iterator

COLUMN, LINE, MARGIN = 8.4, 19, 16
COLOURS = {"30": "#0b0f14", "31": "#ff7b72", "32": "#7ee787", "33": "#f2cc60", "34": "#79c0ff"}
COLOURS |= {"35": "#d2a8ff", "36": "#76e3ea", "37": "#c9d1d9", "90": "#8b949e"}
HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{w:.0f}" height="{h}" '
    'viewBox="0 0 {w:.0f} {h}">\n<rect width="100%" height="100%" rx="8" fill="#0d1117"/>\n'
    '<g font-family="ui-monospace,Menlo,Consolas,monospace" font-size="14" fill="#c9d1d9" '
    'xml:space="preserve">\n'
)


def pieces(line: str) -> Iterator[tuple[str, str]]:
    """The parts of a line, each with the SVG attributes of its colours."""
    style: dict[str, str] = {}
    for part in re.split(r"(\x1b\[[\d;]*m)", line):
        if not part.startswith("\x1b["):
            if part:
                yield part, "".join(f' {name}="{value}"' for name, value in style.items())
            continue
        for code in part[2:-1].split(";"):
            if code in ("", "0"):
                style = {}
            elif code == "1":
                style["font-weight"] = "bold"
            elif code == "2":
                style["fill"] = "#8b949e"
            elif code == "4":
                style["text-decoration"] = "underline"
            elif code == "39":
                style.pop("fill", None)
            elif code in COLOURS:
                style["fill"] = COLOURS[code]


def columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def picture(text: str) -> str:
    """The whole SVG."""
    lines = text.rstrip().split("\n")
    plain = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in lines]
    width = 2 * MARGIN + COLUMN * max(map(columns, plain))
    height = 2 * MARGIN + LINE * len(lines)
    rows = [HEAD.format(w=width, h=height)]
    for number, line in enumerate(lines):
        at, y = 0, MARGIN + LINE * number + 14
        for part, style in pieces(line):
            x = MARGIN + COLUMN * at
            length = COLUMN * columns(part)
            rows.append(
                f'<text x="{x:.1f}" y="{y}" textLength="{length:.1f}"{style}>'
                f"{html.escape(part)}</text>\n"
            )
            at += columns(part)
    return "".join([*rows, "</g>\n</svg>\n"])


if __name__ == "__main__":
    command = f"\x1b[2m$\x1b[0m {sys.argv[1]}\n" if len(sys.argv) > 1 else ""
    sys.stdout.write(picture(command + sys.stdin.read()))
