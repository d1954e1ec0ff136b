"""A block of front matter that does not parse is cut into pieces that may parse alone.

Pure text work: what a piece means is for `frontmatter.py` to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_KEY_LINE = re.compile(r"(?![#\s]|-\s|-$)([^\n]*?):(?=[ \t]|$)(.*)")
_TIGHT_KEY_LINE = re.compile(r"([A-Za-z_][\w.-]{0,63}):([^\s/:].*)")
_ITEM = re.compile(r"[ \t]*-[ \t]+(\S.*)")
_PLAIN_KEY = re.compile(r"""[^\s:"'{}\[\],&*#?|<>=!%@`][^:"'{}\[\],#|<>=]{0,63}""")
_TOML_HEADER = re.compile(r"\s*\[{1,2}[^\[\]\n]+\]{1,2}\s*(#.*)?$")
_TOML_KEY = re.compile(r"""\s*(?:[\w-]+|"[^"\n]*"|'[^'\n]*')(?:\s*\.\s*[\w"'-]+)*\s*=""")
_CONFLICT = "<<<<<<<"
_CLOSERS = ("]", "}")


@dataclass(frozen=True, slots=True)
class Chunk:
    """One piece of a block.

    `line` is how many lines of the block stand above it. `key` is empty when the piece does not
    begin with one. `stray` is where, within `text`, lines begin that belong to no key; it is the
    length of `text` when there are none. `value` is the text after the key if the piece is that
    one line and reads as a key and a value; else empty.
    """

    line: int
    text: str
    key: str
    stray: int
    value: str

    @property
    def blank(self) -> bool:
        """Whether there is nothing but empty lines and comments."""
        return _says_nothing(self.text)

    def items(self) -> list[tuple[int, str]]:
        """The items of a key with a list of one line each, as (lines above it in `text`, item).

        Empty if the piece is anything else.
        """
        first, *rest = self.text.split("\n")
        found: list[tuple[int, str]] = []
        if not self.key or not first.rstrip().endswith(":"):
            return found
        for number, line in enumerate(rest, 1):
            if item := _ITEM.fullmatch(line.rstrip()):
                found.append((number, item[1]))
            elif not _says_nothing(line):
                return []
        return found

    def without_stray(self) -> Chunk:
        return replace(self, text=self.text[: self.stray], value="")


def yaml_chunks(block: str) -> Iterator[Chunk]:
    """The pieces of a YAML block: a key at the left edge and all below it, one after the other."""
    edge = _left_edge(block)

    def begins(line: str) -> bool:
        return line.startswith(edge) and _key_line(line[len(edge) :].rstrip()) is not None

    for line, text in _pieces(block, begins):
        yield _yaml_chunk(line, text, edge)


def toml_chunks(block: str) -> Iterator[Chunk]:
    """The pieces of a TOML block: each key above the first table, then each table."""
    in_table = False

    def begins(line: str) -> bool:
        nonlocal in_table
        if _TOML_HEADER.match(line):
            in_table = True
            return True
        return not in_table and _TOML_KEY.match(line) is not None

    for line, text in _pieces(block, begins):
        key = text.lstrip().partition("\n")[0].partition("=")[0].strip(" \t[]\"'")
        yield Chunk(line, text, key, len(text), "")


def is_likely_metadata(block: str, chunks: Sequence[Chunk]) -> bool:
    """Whether a block that is not YAML is broken metadata, and not prose between two rules."""
    if not chunks:
        return False
    if chunks[0].key or chunks[0].text.startswith(_CONFLICT):
        return True
    keys = sum(_PLAIN_KEY.fullmatch(chunk.key) is not None for chunk in chunks)
    return keys >= 2 and "\n\n" not in block.strip()


def _pieces(block: str, begins: Callable[[str], bool]) -> Iterator[tuple[int, str]]:
    """The block cut before each line that begins a piece, as (lines above, text)."""
    above = 0
    lines: list[str] = []
    for line in _LINE.findall(block):
        if begins(line) and lines:
            yield above, "".join(lines)
            above += len(lines)
            lines = []
        lines.append(line)
    if lines:
        yield above, "".join(lines)


def _key_line(line: str) -> re.Match[str] | None:
    """A line that begins a key: `key: value`, and `key:value`, which YAML takes for a text."""
    return _KEY_LINE.match(line) or _TIGHT_KEY_LINE.fullmatch(line)


def _yaml_chunk(line: int, text: str, edge: str) -> Chunk:
    first, *rest = _LINE.findall(text)
    found = _key_line(first.strip() if line == 0 else first[len(edge) :].rstrip())
    key = str(found[1]).rstrip() if found else ""
    value = ""
    if found and _PLAIN_KEY.fullmatch(key) and all(map(_says_nothing, rest)):
        value = found[2].strip()
    stray = len(first)
    for below in rest:
        if below.startswith(edge) and _is_stray(below[len(edge) :]):
            return Chunk(line, text, key, stray, value)
        stray += len(below)
    return Chunk(line, text, key, len(text), value)


def _left_edge(block: str) -> str:
    """The least white space before any line that is neither empty nor a comment."""
    edges = [
        line[: len(line) - len(line.lstrip(" \t"))]
        for line in _LINE.findall(block)
        if not _says_nothing(line)
    ]
    return min(edges, key=len, default="")


def _is_stray(body: str) -> bool:
    """Whether a line at the left edge belongs to no key: no list item, comment or closing mark."""
    inner = body.strip()
    if not inner or body[0] in " \t#" or inner.startswith(_CLOSERS):
        return False
    return not (body.startswith("- ") or inner == "-")


def _says_nothing(text: str) -> bool:
    return all(not line.strip() or line.lstrip()[0] == "#" for line in text.split("\n"))
