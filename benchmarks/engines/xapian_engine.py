"""Xapian: its `TermGenerator` and `QueryParser` with English stems, values for numbers and dates.

Each text is indexed with the prefix of its field and again without one, as Xapian's guide has it; a
plain word is looked for without. The bindings come from the system's package (python3-xapian).
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any

from benchmarks.corpus import Record
from benchmarks.engines import WEIGHTS
from benchmarks.engines.plain import find_changes, remember
from benchmarks.questions import Answer, Match, Order, Question

_PREFIXES = {"title": "S", "excerpt": "XE", "topics": "XT", "related": "XR"}
_PATH, _PROVIDER = "Q", "XP"
_GAP = 100
"""Positions between two values, so that no phrase stands across them."""

_DATE, _QUALITY, _FIRST_TOPIC = 0, 1, 2
"""Slots of values: a post's topics are in as many slots as it has, since a slot holds one value."""

_TOPIC_SLOTS = "topic slots"
_SYSTEM_PACKAGES = "/usr/lib/python3/dist-packages"


def _load() -> Any:
    """Xapian's bindings: this Python's, or else the system's, if those are for its version.

    Raises: ImportError.
    """
    try:
        import xapian
    except ImportError:
        spec = PathFinder.find_spec("xapian", [_SYSTEM_PACKAGES])
        if spec is None or spec.loader is None:
            raise
        xapian = sys.modules["xapian"] = module_from_spec(spec)
        try:
            spec.loader.exec_module(xapian)
        except BaseException:
            del sys.modules["xapian"]
            raise
    return xapian


xapian = _load()


class _Open:
    def __init__(self, where: Path) -> None:
        self.database = xapian.Database(_store(where))
        self.topic_slots = int(self.database.get_metadata(_TOPIC_SLOTS) or 0)
        self.parser = _parser(self.database)

    def answer(self, question: Question) -> Answer:
        flags = xapian.QueryParser.FLAG_DEFAULT | xapian.QueryParser.FLAG_WILDCARD
        enquire = xapian.Enquire(self.database)
        text = query_text(question)
        parsed = self.parser.parse_query(text, flags) if text else xapian.Query.MatchAll
        enquire.set_query(parsed)
        if question.order is Order.NEWEST:
            enquire.set_sort_by_value(_DATE, True)
        spies = self._spies(enquire) if question.facets else []
        # As many as are to be looked at for an exact number of matches: all.
        matches = enquire.get_mset(0, 10, self.database.get_doccount())
        titles = tuple(json.loads(match.document.get_data())["title"] for match in matches)
        facets = _counts(spies) if question.facets else None
        return Answer(matches.get_matches_estimated(), titles, facets)

    def _spies(self, enquire: Any) -> list[Any]:
        slots = range(_FIRST_TOPIC, _FIRST_TOPIC + self.topic_slots)
        spies = [xapian.ValueCountMatchSpy(slot) for slot in slots]
        for spy in spies:
            enquire.add_matchspy(spy)
        return spies

    def close(self) -> None:
        self.database.close()


class _Engine:
    def version(self) -> str:
        return f"Xapian {xapian.version_string()}"

    def sync(self, folder: Path, where: Path, jobs: int) -> int:
        changes = find_changes(folder, where)
        if changes.is_empty():
            return 0
        with closing(_writable(where)) as database:
            for path in changes.outdated():
                database.delete_document(_PATH + path)
            _write(database, changes.posts(jobs))
        remember(changes, where)
        return changes.count()

    def build(self, records: Iterable[Record], where: Path, jobs: int) -> int:
        with closing(_writable(where)) as database:
            return _write(database, records)

    def open(self, where: Path) -> _Open:
        return _Open(where)

    def left_out(self, question: Question) -> str:
        if question.match is Match.WILDCARD:
            return "Xapian 1.4 has no patterns but prefixes"
        if question.match is Match.FUZZY:
            return "Xapian 1.4 has no fuzzy words"
        return ""


def _writable(where: Path) -> Any:
    return xapian.WritableDatabase(_store(where), xapian.DB_CREATE_OR_OPEN)


def _store(where: Path) -> str:
    return str(where / "posts")


def _write(database: Any, posts: Iterable[Record]) -> int:
    """Add the posts and commit; how many they were."""
    generator = xapian.TermGenerator()
    generator.set_stemmer(xapian.Stem("en"))
    generator.set_stemming_strategy(xapian.TermGenerator.STEM_ALL)
    slots = int(database.get_metadata(_TOPIC_SLOTS) or 0)
    count = 0
    for post in posts:
        database.add_document(_document(generator, post))
        slots = max(slots, len(post.topics))
        count += 1
    database.set_metadata(_TOPIC_SLOTS, str(slots))
    database.commit()
    return count


def _document(generator: Any, post: Record) -> Any:
    document = xapian.Document()
    generator.set_document(document)
    generator.set_termpos(0)
    for (name, prefix), values in zip(_PREFIXES.items(), post.texts(), strict=True):
        weight = max(1, round(WEIGHTS[name]))
        for value in values:
            generator.index_text(value, 1, prefix)
            generator.increase_termpos(_GAP)
            generator.index_text(value, weight)
            generator.increase_termpos(_GAP)
    document.add_boolean_term(_PATH + post.path)
    document.add_boolean_term(_PROVIDER + post.provider)
    document.add_value(_DATE, xapian.sortable_serialise(post.date.timestamp()))
    document.add_value(_QUALITY, xapian.sortable_serialise(post.quality))
    for slot, topic in enumerate(post.topics, _FIRST_TOPIC):
        document.add_value(slot, topic)
    stored = {name: getattr(post, name) for name in (*WEIGHTS, "path", "provider")}
    document.set_data(json.dumps(stored))
    return document


def _parser(database: Any) -> Any:
    parser = xapian.QueryParser()
    parser.set_database(database)
    parser.set_stemmer(xapian.Stem("en"))
    parser.set_stemming_strategy(xapian.QueryParser.STEM_ALL)
    parser.set_default_op(xapian.Query.OP_AND)
    for name, prefix in _PREFIXES.items():
        parser.add_prefix(name, prefix)
    parser.add_boolean_prefix("path", _PATH)
    parser.add_boolean_prefix("provider", _PROVIDER)
    parser.add_rangeprocessor(xapian.NumberRangeProcessor(_DATE, "date:"))
    parser.add_rangeprocessor(xapian.NumberRangeProcessor(_QUALITY, "quality:"))
    return parser


def _counts(spies: Iterable[Any]) -> dict[str, int]:
    """The counts of all slots together: no post has a topic twice."""
    counts: Counter[str] = Counter()
    for spy in spies:
        counts.update({item.term.decode(): item.termfreq for item in spy.values()})
    return dict(counts)


def query_text(question: Question) -> str:
    """The question in the language of Xapian's parser; dates as seconds."""
    parts = [question.words_text({Match.PREFIX: "{}*"})]
    if question.excluded:
        parts.append(f"-{question.excluded}")
    if question.quality:
        parts.append("quality:{}..{}".format(*question.quality))
    if question.dates:
        start, end = question.moments()
        parts.append(f"date:{int(start.timestamp())}..{int(end.timestamp()) - 1}")
    return " ".join(filter(None, parts))


ENGINE = _Engine()
