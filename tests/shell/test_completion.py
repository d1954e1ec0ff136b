"""Completion as a table: the text before the cursor, and what is offered first."""

from __future__ import annotations

import pytest

from searchidx.query.dates import NAMED_PERIODS
from searchidx.query.lex import quoted
from searchidx.shell.commands import COMMANDS, run_line
from searchidx.shell.completion import candidates
from searchidx.shell.lookups import Lookups
from searchidx.shell.session import Session


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", [], id="empty"),
        pytest.param("mask ", [], id="behind a space"),
        pytest.param("dat", ["date:"], id="field"),
        pytest.param("DAT", ["date:"], id="field in capitals"),
        pytest.param("-prov", ["provider:"], id="field behind minus"),
        pytest.param("(mask OR prov", ["provider:"], id="field in a group"),
        pytest.param("summ", ["summary:"], id="alias"),
        pytest.param("top", ["topics:"], id="name before alias"),
        pytest.param("mis", ["missing:"], id="missing"),
        pytest.param("meta.m", ["meta.mood:"], id="metadata key"),
        pytest.param("cli", ["climate"], id="word"),
        pytest.param("cl", ["climate"], id="word of two letters"),
        pytest.param("c", ["category:"], id="one letter brings no words"),
        pytest.param("climate", [], id="the word itself is not offered"),
        pytest.param('"the cli', ["climate"], id="word in an open phrase"),
        pytest.param('"the climate"', [], id="closed phrase"),
        pytest.param("mask~", [], id="modifier"),
        pytest.param("title:hot", ["hottest"], id="word of a field"),
        pytest.param("body:cli", ["climate"], id="word of the body"),
        pytest.param("topics:", ["Climate", "Energy"], id="shared values of a text field"),
        pytest.param("topics:(oceans OR en", ["Energy", "energy"], id="values in a group"),
        pytest.param("provider:Tide", ["Tideline"], id="value"),
        pytest.param("provider:gre", ['"Green Ledger"'], id="quoted value"),
        pytest.param('provider:"gre', ['"Green Ledger"'], id="open quote"),
        pytest.param("provider:led", ['"Green Ledger"'], id="a later word of a value"),
        pytest.param("type:=", ["article", "blog"], id="behind ="),
        pytest.param("published:", ["yes", "no"], id="yes and no"),
        pytest.param("published:n", ["no"], id="no"),
        pytest.param("oceans topics:", ["Climate", "Oceans"], id="values under the rest"),
        pytest.param("oceans -topics:cl", ["Climate"], id="excluded values under the rest"),
        pytest.param("nosuch topics:", ["Climate", "Energy"], id="rest without hits"),
        pytest.param("oceans date:20", ["2020"], id="years under the rest"),
        pytest.param("mask A", ["AND "], id="AND"),
        pytest.param("mask O", ["OR "], id="OR"),
        pytest.param("A", [], id="no operator at the start"),
        pytest.param("N", ["NOT "], id="NOT at the start"),
        pytest.param("mask a", [], id="operators are in capitals"),
        pytest.param("mask @wa", ["@warm"], id="saved search"),
        pytest.param("quality:", [], id="numbers"),
        pytest.param("date:t", ["today", "tomorrow", '"this week"'], id="named dates"),
        pytest.param(
            "date:last", ['"last week"', '"last month"', '"last year"'], id="quoted dates"
        ),
        pytest.param("date:20", ["2021", "2020"], id="years"),
        pytest.param("date:>=2020", ["2020-05", "2020-04"], id="months of a year"),
        pytest.param("has:q", ["quality"], id="has"),
        pytest.param("missing:meta", ["meta.mood"], id="missing metadata"),
        pytest.param("nosuch:x", [], id="unknown field"),
        pytest.param(":fa", ["facets "], id="command"),
        pytest.param(":f", ["fix ", "facets ", "fields"], id="commands"),
        pytest.param(":facets pro", ["provider"], id="field of facets"),
        pytest.param(":sort -da", ["date"], id="sort descending"),
        pytest.param(":sort -date,qu", ["quality"], id="second sort key"),
        pytest.param(":sort rel", ["relevance"], id="relevance"),
        pytest.param(":sort top", [], id="not sortable"),
        pytest.param(":help exp", ["explain"], id="help"),
        pytest.param(":show ", ["1", "2"], id="printed hits"),
        pytest.param(":open 1 ", ["url"], id="url"),
        pytest.param(":next x", [], id="no argument"),
        pytest.param(":zzz x", [], id="unknown command"),
    ],
)
def test_what_is_offered(session: Session, text: str, expected: list[str]) -> None:
    run_line(session, "climate")
    run_line(session, ":save warm")
    found = [candidate.text for candidate in candidates(text, Lookups(session))]
    assert found[: len(expected)] == expected
    assert bool(found) == bool(expected)


@pytest.mark.parametrize(
    ("text", "completed"),
    [
        ("a AND dat", "a AND date:"),
        ('provider:"gre', 'provider:"Green Ledger"'),
        ("type:=bl", "type:=blog"),
        ('x "the cli', 'x "the climate'),
        (":sort -da", ":sort -date"),
        ("  :fac", "  :facets "),
        ("topics:(oce", "topics:(oceans"),
    ],
)
def test_a_candidate_replaces_what_was_typed(session: Session, text: str, completed: str) -> None:
    first = candidates(text, Lookups(session))[0]
    assert text[: first.start] + first.text == completed


def test_counts_are_those_under_the_rest_of_the_query(session: Session) -> None:
    found = candidates("climate type:", Lookups(session))
    assert [(one.display, one.meta) for one in found] == [("article", "2 posts")]
    found = candidates("date:2021 topics:=", Lookups(session))
    assert (found[0].display, found[0].meta) == ("Climate", "1 post")


def test_values_come_with_their_posts_most_frequent_first(session: Session) -> None:
    found = candidates("provider:", Lookups(session))
    assert [(one.display, one.meta) for one in found] == [
        ("Tideline", "2 posts"),
        ("Green Ledger", "1 post"),
    ]


def test_every_command_is_offered(session: Session) -> None:
    offered = [candidate.display for candidate in candidates(":", Lookups(session))]
    assert offered == [f":{command.name}" for command in COMMANDS]


@pytest.mark.parametrize(
    "value",
    ["plain", "two words", 'a "quote"', "back\\slash", "-minus", "a*b", "x:y", "(", "ö-1.2"],
)
def test_a_quoted_value_is_read_back_as_it_was(session: Session, value: str) -> None:
    from searchidx.query.lex import TokenKind, lex, unescape

    field, token = lex(f"provider:{quoted(value)}")
    assert field.kind is TokenKind.FIELD
    assert unescape(token.value) == value


def test_named_periods_are_all_offered(session: Session) -> None:
    offered = [candidate.display for candidate in candidates("date:", Lookups(session))]
    assert offered == [*NAMED_PERIODS, "2021", "2020"]
