"""The colours of a line, as (class, text) pairs."""

from __future__ import annotations

import pytest

from searchidx.shell.session import Session
from searchidx.shell.style import command_fragments, query_fragments


def styled(session: Session, text: str) -> list[tuple[str, str]]:
    problems = session.understood(text).problems
    found = query_fragments(text, session.vocabulary(), problems)
    return [(name.replace("class:", ""), part.strip()) for name, part in found if part.strip()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mask", [("", "mask")]),
        ("title:mask", [("field", "title:"), ("value", "mask")]),
        ("quality:>50", [("field", "quality:"), ("operator", ">"), ("value", "50")]),
        ('a AND "b c"', [("", "a"), ("operator", "AND"), ("phrase", '"b c"')]),
        ("-/x.y/", [("operator", "-"), ("regex", "/x.y/")]),
        ("mask~2^3", [("", "mask"), ("modifier", "~2^3")]),
        ("nosuch:mask", [("field problem", "nosuch:"), ("value", "mask")]),
        ("(a", [("operator problem", "("), ("", "a")]),
        ("date:zzz", [("field", "date:"), ("value problem", "zzz")]),
        ("note: x", [("", "note: x")]),
        ("a OR", [("", "a"), ("operator problem", "OR")]),
        ("title:", [("field problem", "title:")]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_query_in_colours(session: Session, text: str, expected: list[tuple[str, str]]) -> None:
    assert styled(session, text) == expected


@pytest.mark.parametrize("text", ['(((("', "a\\", "^~", "   ", "\x1b[31m", '"' * 9, "x:" * 30])
def test_the_pieces_are_the_whole_text(session: Session, text: str) -> None:
    found = query_fragments(text, session.vocabulary(), session.understood(text).problems)
    assert "".join(part for _, part in found) == text


@pytest.mark.parametrize(
    ("text", "style"),
    [
        (":open 3", "class:command"),
        ("  :op", "class:command"),
        (":s", "class:command class:problem"),
        (":opne 3", "class:command class:problem"),
        (":", "class:command"),
    ],
)
def test_a_command_in_colours(text: str, style: str) -> None:
    found = command_fragments(text)
    assert "".join(part for _, part in found) == text
    assert found[1][0] == style
