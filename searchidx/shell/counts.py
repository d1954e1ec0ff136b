"""The commands that count values: facets, histograms, one field against another."""

from __future__ import annotations

import math
from dataclasses import replace

from searchidx import render
from searchidx.charts import bars_text, cross_json, cross_text
from searchidx.counts import FacetCount
from searchidx.shell.session import Misused, Reply, Session, one

MOST_VALUES = 20
MOST_BARS = 60


def facets(session: Session, words: list[str]) -> Reply:
    name = one(words)
    rows = session.index.facets(name, session.expanded(session.query or "*"), limit=MOST_VALUES + 1)
    shown = rows[:MOST_VALUES]
    text = bars_text(shown, session.palette, session.width if session.draws else 0)
    more = "" if len(rows) <= MOST_VALUES else f"the {MOST_VALUES} most frequent values; "
    reply = session.answer(text, [{"value": row.value, "count": row.count} for row in shown])
    return replace(reply, notes=f"{more if rows else 'no values; '}{name} of {_whose(session)}\n")


def hist(session: Session, words: list[str]) -> Reply:
    name = words[0] if words else "month"
    rows = session.index.facets(
        name, session.expanded(session.query or "*"), limit=len(session.index) + 1
    )
    rows = tuple(sorted(rows, key=_by_value))
    shown = rows[-MOST_BARS:]
    text = bars_text(shown, session.palette, session.width)
    more = "" if len(rows) <= MOST_BARS else f"the last {MOST_BARS} of {len(rows)}; "
    reply = session.answer(text, [{"value": row.value, "count": row.count} for row in shown])
    return replace(reply, notes=f"{more if rows else 'no values; '}{name} of {_whose(session)}\n")


def _by_value(row: FacetCount) -> tuple[float, str]:
    """Numbers in their order, then texts in theirs."""
    try:
        return float(row.value), ""
    except ValueError:
        return math.inf, row.value


def cross(session: Session, words: list[str]) -> Reply:
    if len(words) != 2:
        raise Misused
    found = session.index.cross(words[0], words[1], session.expanded(session.query or "*"))
    reply = session.answer(cross_text(found, session.palette), cross_json(found))
    said = f"{words[0]} against {words[1]}, of {_whose(session)}\n"
    return replace(reply, notes=said if found.table else f"no values; {said}")


def _whose(session: Session) -> str:
    return f"the posts that match {render.clean(session.query)}" if session.query else "all posts"
