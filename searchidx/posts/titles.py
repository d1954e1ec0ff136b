"""The title of a post that names none: its first heading, or what its file is called."""

from __future__ import annotations

import re

_HEADING = re.compile(
    r"^ {0,3}(?:"
    r"(?P<fence>`{3,}|~{3,})"
    r"|#{1,6}[ \t]+(?P<atx>\S[^\n]*)"
    r"|(?P<setext>[^\s#>|=`~-][^\n]*)\n {0,3}(?:=+|-{2,})[ \t]*$)",
    re.MULTILINE,
)
_LEADING_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}[-_ ]+(?=.)")


def title_of(body: str, path: str) -> str:
    """The first heading of the body, else the words of the file's name."""
    return title_from_body(body) or title_from_path(path)


def title_from_body(body: str) -> str:
    """The text of the first Markdown heading outside code fences; empty if there is none."""
    position = 0
    while found := _HEADING.search(body, position):
        if fence := found["fence"]:
            closing = re.compile(rf"^ {{0,3}}{fence[0]}{{{len(fence)},}}[ \t]*$", re.MULTILINE)
            closed = closing.search(body, found.end())
            if closed is None:
                return ""
            position = closed.end()
            continue
        text = (found["atx"] or found["setext"]).strip()
        head, space, tail = text.rpartition(" ")
        text = head.rstrip() if space and tail and not tail.strip("#") else text
        if text.strip("# "):
            return str(text)
        position = found.end()
    return ""


def title_from_path(path: str) -> str:
    """`2020-05-20-face-mask_selfies.md` as `face mask selfies`; never empty for a named file."""
    name = path.rpartition("/")[2]
    stem = name.rpartition(".")[0] or name
    words = _LEADING_DATE.sub("", stem, count=1).replace("-", " ").replace("_", " ").split()
    return " ".join(words) or stem
