"""How fields are laid out in Whoosh: the schema and its analysers. Their names are in names.py.

Used of Whoosh, and present in all three distributions of it: `fields`, `analysis.Analyzer` and
`Token`, `columns`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from whoosh import columns, fields
from whoosh.analysis import Analyzer, Token

from searchidx.analysis import (
    ANALYSIS_VERSION,
    LONGEST_KEYWORD,
    LONGEST_META_VALUE,
    LONGEST_VALUE,
    VALUE_GAP,
    fold,
    fold_value,
    needs_snowball,
    slots,
    stemmer,
)
from searchidx.names import (
    ANY,
    ANY_WORDS,
    FILE_CTIME,
    FILE_DIGEST,
    FILE_MTIME,
    FILE_SIZE,
    HAS,
    META,
    META_VALUE,
    PATH,
    PATH_VALUE,
    PATH_WORDS,
    PROBLEMS,
    any_language,
    is_sortable,
    names_of,
)
from searchidx.settings import FieldKind, FieldSpec, fields_to_json

VALUE_SEPARATOR = "\x1e"
KEY_SEPARATOR = "\x1f"


class WordAnalyzer(Analyzer):  # type: ignore[misc]
    """Words with positions; values are separated by VALUE_SEPARATOR. Stemmed but for `none`."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WordAnalyzer) and other.language == self.language

    def __hash__(self) -> int:
        return hash(self.language)

    def __call__(self, value: str, mode: str = "", **options: Any) -> Iterator[Token]:
        return _tokens(value, self.language, "", mode, options.get("start_pos", 0))


class MetaAnalyzer(Analyzer):  # type: ignore[misc]
    """Words of `key KEY_SEPARATOR text` pairs, each word with its key in front: `key=word`."""

    def __call__(self, value: str, mode: str = "", **options: Any) -> Iterator[Token]:
        position = options.get("start_pos", 0)
        for pair in value.split(VALUE_SEPARATOR):
            key, _, text = pair.partition(KEY_SEPARATOR)
            for token in _tokens(text, "none", f"{fold(key)}=", mode, position):
                yield token
                position = token.pos + 1
            position += VALUE_GAP


class ValueAnalyzer(Analyzer):  # type: ignore[misc]
    """Each value, folded, as one term; `key KEY_SEPARATOR text` gives `key=text`."""

    def __init__(self, longest: int = LONGEST_VALUE) -> None:
        self.longest = longest

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ValueAnalyzer) and other.longest == self.longest

    def __hash__(self) -> int:
        return hash(self.longest)

    def __call__(self, value: str, **options: Any) -> Iterator[Token]:
        token = Token(positions=True, chars=True)
        start = 0
        for position, item in enumerate(value.split(VALUE_SEPARATOR)):
            key, separator, text = item.rpartition(KEY_SEPARATOR)
            value = fold_value(text, self.longest)
            token.text = f"{fold(key)}={value}" if separator else value
            token.original = item
            token.pos, token.startchar, token.endchar = position, start, start + len(item)
            token.boost, token.stopped = 1.0, False
            start += len(item) + 1
            if token.text:
                yield token


def _tokens(value: str, language: str, prefix: str, mode: str, position: int) -> Iterator[Token]:
    """Whoosh reuses one Token object; so do we. A query gets the terms as typed only."""
    stem = stemmer(language)
    token = Token(positions=True, chars=True)
    token.boost, token.stopped = 1.0, False
    start = 0
    for text in value.split(VALUE_SEPARATOR):
        for slot in slots(text):
            token.pos = position
            token.startchar, token.endchar = start + slot.start, start + slot.end
            for term in (slot.term,) if mode == "query" else (slot.term, *slot.also):
                token.original = term
                token.text = prefix + stem(term)
                yield token
            position += 1
        position += VALUE_GAP
        start += len(text) + 1


def build_schema(specs: Sequence[FieldSpec]) -> fields.Schema:
    """The Whoosh schema for these fields and the built-in ones."""
    schema = fields.Schema()
    for spec in specs:
        for name, kind in _field_types(spec):
            schema.add(name, kind)
    schema.add(ANY, fields.TEXT(analyzer=WordAnalyzer(any_language(specs)), phrase=False))
    schema.add(ANY_WORDS, fields.ID(analyzer=WordAnalyzer("none")))
    schema.add(PATH, fields.COLUMN(columns.VarBytesColumn()))
    schema.add(PATH_WORDS, fields.TEXT(analyzer=WordAnalyzer("none"), phrase=True))
    schema.add(PATH_VALUE, fields.ID(analyzer=ValueAnalyzer(LONGEST_KEYWORD)))
    schema.add(META, fields.TEXT(analyzer=MetaAnalyzer(), phrase=True, stored=True))
    schema.add(META_VALUE, fields.ID(analyzer=ValueAnalyzer(LONGEST_META_VALUE)))
    schema.add(HAS, fields.ID(analyzer=ValueAnalyzer(LONGEST_KEYWORD)))
    schema.add(PROBLEMS, fields.STORED())
    schema.add(FILE_SIZE, fields.COLUMN(columns.NumericColumn("q")))
    schema.add(FILE_MTIME, fields.COLUMN(columns.NumericColumn("q")))
    schema.add(FILE_CTIME, fields.COLUMN(columns.NumericColumn("q")))
    schema.add(FILE_DIGEST, fields.COLUMN(columns.VarBytesColumn()))
    return schema


def _field_types(spec: FieldSpec) -> Iterator[tuple[str, fields.FieldType]]:
    match spec.kind:
        case FieldKind.TEXT | FieldKind.KEYWORD:
            names = names_of(spec)
            analyzer = WordAnalyzer(names.language)
            yield names.terms, fields.TEXT(analyzer=analyzer, phrase=True, stored=True)
            values = ValueAnalyzer(names.longest)
            yield names.value, fields.ID(analyzer=values, sortable=is_sortable(spec))
            if names.words != names.terms:
                yield names.words, fields.ID(analyzer=WordAnalyzer("none"))
        case FieldKind.NUMBER:
            yield spec.name, fields.NUMERIC(float, shift_step=0, sortable=True)
        case FieldKind.DATE:
            kind = fields.DATETIME(sortable=True)
            kind.shift_step = 0
            yield spec.name, kind
        case FieldKind.BOOL:
            yield spec.name, fields.BOOLEAN(stored=True)


def _snowball_version() -> str:
    """Which stemmers are at work: snowballstemmer hands over to PyStemmer where that is there."""
    from importlib.metadata import PackageNotFoundError, version

    versions = []
    for name in ("snowballstemmer", "PyStemmer"):
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(versions)


def settings_stamp(specs: Sequence[FieldSpec], ignored: Sequence[str] = ()) -> str:
    """What an index depends on, as a short text: other fields, other metadata that is ignored or
    another analysis, other stamp."""
    snowball = any(spec.kind is FieldKind.TEXT and needs_snowball(spec.language) for spec in specs)
    parts = [ANALYSIS_VERSION, _snowball_version() if snowball else ""]
    from hashlib import blake2b

    patterns = sorted({pattern.lower() for pattern in ignored})
    described = json.dumps([parts, fields_to_json(tuple(specs)), *patterns], sort_keys=True)
    return blake2b(described.encode(), digest_size=8).hexdigest()
