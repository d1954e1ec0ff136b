"""Properties: whatever is typed is coloured, completed and answered, and never raises."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchidx.shell.commands import run_line
from searchidx.shell.completion import candidates
from searchidx.shell.lookups import Lookups
from searchidx.shell.prompt import toolbar
from searchidx.shell.session import Session
from searchidx.shell.style import command_fragments, query_fragments

PIECES = (
    *("climate", "AND", "OR", "NOT", "-", "(", ")", '"', "/", "~", "^2", "*", "?", ">=", "=", "\\"),
    *("title:", "date:", "provider:", "has:", "meta.", "nosuch:", "published:", "2020", "..", " "),
    *(":", ":open", ":sort", ":facets", ":limit", ":more", "1", "\x1b", "\u202e", "漢字", "é"),
)
LINES = st.one_of(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), st.text(max_size=20))
QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@QUICK
@given(LINES)
def test_typing_any_text(session: Session, line: str) -> None:
    lookups = Lookups(session)
    for candidate in candidates(line, lookups):
        assert 0 <= candidate.start <= len(line)
    toolbar(session, line)
    problems = session.understood(line).problems
    for found in (query_fragments(line, session.vocabulary(), problems), command_fragments(line)):
        assert "".join(part for _, part in found) == line


@QUICK
@given(LINES)
def test_running_any_text(session: Session, line: str) -> None:
    reply = run_line(session, line)
    for written in (reply.text, reply.notes, reply.news):
        assert written.endswith("\n") or not written
    assert not any(char in reply.text + reply.notes for char in "\x1b\u202e")
