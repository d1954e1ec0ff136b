"""Posts become a segment, in bulk: tokens are gathered as numbers and inverted by sorting.

What a post is in the index is said here and in schema.py: which Whoosh fields it fills, what is
stored of it, and what is kept in columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, BinaryIO

import numpy as np

from searchidx.analysis import LONGEST_KEYWORD, LONGEST_META_VALUE, fold, fold_value
from searchidx.columnar.columns import ByteValues, Column, NumberValues, text_values
from searchidx.columnar.invert import invert
from searchidx.columnar.postings import FieldPostings
from searchidx.columnar.segment import FieldLengths, SegmentData, length_bytes, write_segment
from searchidx.columnar.stored import StoredWriter
from searchidx.posts.model import FieldValue, Post
from searchidx.schema import (
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
    build_schema,
    is_sortable,
    names_of,
    weight_unit,
)
from searchidx.settings import FieldKind, FieldSpec
from searchidx.store.tokens import Chunks, Numbering, Stems, TermColumn, TokenColumn, Tokens

SORT_CHARACTERS = 64
LONGEST_OPAQUE = 256
"""A metadata text of more characters without a space (a signature) is found only whole."""

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://([^\s/?#]*)\S*\Z", re.I)
"""An address, which is found whole, and by the words of its host."""

MOST_CHUNKS = 1_000_000
"""Chunks that are remembered from one segment to the next."""

BYTES_PER_TOKEN = 80
"""What a token of the largest field takes while its field is inverted."""


class Analyses:
    """What is known of chunks and words, kept from one segment to the next."""

    def __init__(self) -> None:
        self.words = Numbering()
        self.chunks = Chunks(self.words)
        self.meta_words = Numbering()
        self.meta_chunks: dict[str, Chunks] = {}
        self.stems = Stems()

    def meta(self, prefix: str) -> Chunks:
        """The chunks of the texts of a metadata key; its prefix is in front of their words."""
        chunks = self.meta_chunks.get(prefix)
        if chunks is None:
            chunks = self.meta_chunks[prefix] = Chunks(self.meta_words, prefix)
        return chunks

    def is_full(self) -> bool:
        return len(self.chunks) + len(self.meta_words) > MOST_CHUNKS


class SegmentBuilder:
    """Gathers posts, and writes them as one segment."""

    def __init__(self, specs: Sequence[FieldSpec], analyses: Analyses | None = None) -> None:
        self.analyses = analyses or Analyses()
        self._specs = tuple(specs)
        self._schema = build_schema(specs)
        self._stored = StoredWriter()
        self._texts = [
            _TextField(spec, self.analyses.chunks)
            for spec in specs
            if spec.kind in (FieldKind.TEXT, FieldKind.KEYWORD)
        ]
        self._numbers = [
            _NumberField(spec, self._schema[spec.name])
            for spec in specs
            if spec.kind in (FieldKind.NUMBER, FieldKind.DATE)
        ]
        self._bools = [(spec, TermColumn()) for spec in specs if spec.kind is FieldKind.BOOL]
        self._paths: list[bytes] = []
        self._path_words = TokenColumn(Chunks(self.analyses.words))
        self._path_values = TermColumn()
        self._meta = _MetaField(self.analyses)
        self._has = TermColumn()
        self._files: list[tuple[int, int, int]] = []
        self._digests: list[bytes] = []

    def __len__(self) -> int:
        return len(self._paths)

    def size_bytes(self) -> int:
        """About how much memory the segment takes, and will take while it is written."""
        columns = [field.tokens for field in self._texts]
        tokens = [len(column) for column in columns] + [len(self._path_words), len(self._meta)]
        plain = sum(len(field.tokens) for field in self._texts if field.spec.default)
        values = sum(len(field.values) for field in self._texts) + len(self._meta.values)
        return (
            4 * sum(tokens)
            + 150 * values
            + self._stored.size_bytes
            + BYTES_PER_TOKEN * max([*tokens, plain])
        )

    def add(self, post: Post) -> None:
        """Gather one post."""
        doc = len(self._paths)
        fields = post.fields
        stored: dict[str, Any] = {}
        for field in self._texts:
            texts = fields.get(field.spec.name)
            if texts:
                assert isinstance(texts, tuple)
                stored[field.spec.name] = list(texts)
                field.add(doc, texts)
        for number in self._numbers:
            value = fields.get(number.spec.name)
            if value is not None:
                number.add(doc, value)
        for spec, terms in self._bools:
            flag = fields.get(spec.name)
            if flag is not None:
                terms.add(doc, ["t" if flag else "f"])
                stored[spec.name] = bool(flag)
        if post.meta:
            self._meta.add(doc, post.meta)
            stored[META] = [text for pair in post.meta for text in pair]
        if post.problems:
            rows = [[p.line, p.what, p.todo, p.lost_text] for p in post.problems]
            stored[PROBLEMS] = rows
        meta_keys = tuple(dict.fromkeys(key for key, _ in post.meta))
        self._has.add(doc, _presence(tuple(fields), meta_keys, bool(post.problems)))
        path = post.file.path
        self._path_words.add_once(doc, path)
        self._path_values.add(doc, (fold_value(path, LONGEST_KEYWORD),))
        self._paths.append(path.encode("utf-8", "surrogatepass"))
        file = post.file
        self._files.append((file.size_bytes, file.mtime_ns, file.ctime_ns))
        self._digests.append(bytes.fromhex(file.digest))
        self._stored.add(stored)

    def write(self, stream: BinaryIO) -> None:
        """Write the segment file; the builder is used up."""
        data = SegmentData(len(self), self._stored.finish(), stored_columns=[PATH])
        files = np.array(self._files, dtype=np.int64).reshape(-1, 3)
        for place, name in enumerate((FILE_SIZE, FILE_MTIME, FILE_CTIME)):
            data.columns[name] = NumberValues(files[:, place])
        data.columns[FILE_DIGEST] = ByteValues(self._digests)
        data.columns[PATH] = ByteValues(self._paths)
        for number in self._numbers:
            data.columns[number.spec.name] = number.column(len(self))
        for field in self._texts:
            if is_sortable(field.spec):
                column = text_values(_filled(field.sort_keys, len(self)))
                data.columns[names_of(field.spec).value] = column
        write_segment(stream, data, self._fields(data))

    def _fields(self, data: SegmentData) -> Iterator[tuple[str, list[FieldPostings]]]:
        """The postings of each field; the lengths of those that have some go into `data`."""
        words = self.analyses.words
        encoded = words.encoded()
        stems, plain = self.analyses.stems, _PlainField(self._specs)
        languages = {names_of(field.spec).language for field in self._texts}
        stems_in = {language: stems.of(words, language) for language in sorted(languages)}
        encoded_stems = stems.names.encoded()
        for field in self._texts:
            tokens = field.tokens.tokens()
            names = names_of(field.spec)
            stemmed = stems_in[names.language][tokens.words]
            plain.add(field.spec, tokens, stemmed, len(self))
            data.lengths[names.terms] = _lengths(tokens, len(self))
            postings = invert(encoded_stems, stemmed, tokens.docs, positions=tokens.positions)
            yield names.terms, [postings]
            if names.words != names.terms:
                yield names.words, [invert(encoded, tokens.words, tokens.docs)]
            yield names.value, [_whole(field.values)]
        if plain.has_fields:
            data.lengths[ANY] = plain.lengths()
            yield ANY, [plain.stems(encoded_stems)]
            yield ANY_WORDS, [plain.words(encoded)]
        tokens = self._path_words.tokens()
        data.lengths[PATH_WORDS] = _lengths(tokens, len(self))
        yield (
            PATH_WORDS,
            [invert(encoded, tokens.words, tokens.docs, positions=tokens.positions)],
        )
        yield PATH_VALUE, [_whole(self._path_values)]
        yield from self._meta.fields(data, len(self))
        yield HAS, [_whole(self._has)]
        for number in self._numbers:
            yield number.spec.name, [number.postings()]
        for spec, terms in self._bools:
            yield spec.name, [_whole(terms)]


class _TextField:
    """A text or keyword field: its words, its whole values, and what it is sorted by."""

    def __init__(self, spec: FieldSpec, chunks: Chunks) -> None:
        self.spec = spec
        self.tokens = TokenColumn(chunks)
        self.values = TermColumn()
        self.sort_keys: dict[int, bytes] = {}
        self._longest = names_of(spec).longest
        self._is_sortable = is_sortable(spec)

    def add(self, doc: int, texts: Sequence[str]) -> None:
        self.tokens.add(doc, texts)
        values = [fold_value(text, self._longest) for text in texts]
        self.values.add(doc, filter(None, values))
        if self._is_sortable:
            self.sort_keys[doc] = sort_key(texts[0]).encode("utf-8", "replace")


class _NumberField:
    """A number or date field."""

    def __init__(self, spec: FieldSpec, kind: Any) -> None:
        self.spec = spec
        self._kind = kind
        self._docs: list[int] = []
        self._values: list[int] = []

    def add(self, doc: int, value: FieldValue) -> None:
        native = value.replace(tzinfo=None) if isinstance(value, datetime) else float(value) + 0.0  # type: ignore[arg-type]
        self._docs.append(doc)
        self._values.append(self._kind.to_column_value(native))

    def column(self, documents: int) -> Column:
        kind = self._kind.column_type
        dtype = np.dtype(kind._typecode).newbyteorder("<")
        values = np.full(documents, kind.default_value(), dtype=dtype)
        values[self._docs] = self._values
        has = np.zeros(documents, dtype=np.bool_)
        has[self._docs] = True
        return NumberValues(values, None if has.all() else has, is_complete=True)

    def postings(self) -> FieldPostings:
        dtype = np.dtype(self._kind.column_type._typecode)
        distinct, terms = np.unique(np.array(self._values, dtype=dtype), return_inverse=True)
        from_column, to_bytes = self._kind.from_column_value, self._kind.to_bytes
        names = [to_bytes(from_column(value)) for value in distinct.tolist()]
        return invert(names, terms, np.array(self._docs, dtype=np.int64))


class _MetaField:
    """The metadata that no declared field takes: words and whole values, each with its key."""

    def __init__(self, analyses: Analyses) -> None:
        self._analyses = analyses
        self._columns: dict[str, TokenColumn] = {}
        self.values = TermColumn()

    def __len__(self) -> int:
        return sum(map(len, self._columns.values()))

    def add(self, doc: int, pairs: Sequence[tuple[str, str]]) -> None:
        by_key: dict[str, list[str]] = {}
        values = []
        for key, text in pairs:
            prefix = _key_prefix(key)
            values.append(prefix + fold_value(text, LONGEST_META_VALUE))
            if words := _searched(text):
                by_key.setdefault(prefix, []).append(words)
        self.values.add(doc, values)
        for prefix, texts in by_key.items():
            column = self._columns.get(prefix)
            if column is None:
                column = self._columns[prefix] = TokenColumn(self._analyses.meta(prefix))
            column.add(doc, texts)

    def fields(
        self, data: SegmentData, documents: int
    ) -> Iterator[tuple[str, list[FieldPostings]]]:
        parts = [column.tokens() for column in self._columns.values()]
        if parts:
            tokens = Tokens(
                np.concatenate([part.words for part in parts]),
                np.concatenate([part.docs for part in parts]),
                np.concatenate([part.positions for part in parts]),
            )
            names = self._analyses.meta_words.encoded()
            data.lengths[META] = _lengths(tokens, documents)
            yield META, [invert(names, tokens.words, tokens.docs, positions=tokens.positions)]
        yield META_VALUE, [_whole(self.values)]


class _PlainField:
    """All fields in which plain words are looked for, as one: BM25F on weighted counts."""

    def __init__(self, specs: Sequence[FieldSpec]) -> None:
        self._specs = [spec for spec in specs if spec.default]
        self.has_fields = bool(self._specs)
        self._unit = weight_unit(self._specs)
        self._words: list[Any] = []
        self._stems: list[Any] = []
        self._docs: list[Any] = []
        self._weights: list[Any] = []
        self._lengths: Any = 0.0

    def add(self, spec: FieldSpec, tokens: Tokens, stems: Any, documents: int) -> None:
        if not spec.default:
            return
        self._words.append(tokens.words)
        self._stems.append(stems)
        self._docs.append(tokens.docs)
        weight = max(1, round(spec.weight / self._unit))
        self._weights.append(np.full(len(stems), weight, dtype=np.uint16))
        self._lengths = self._lengths + tokens.lengths(documents) * spec.weight

    def lengths(self) -> FieldLengths:
        rounded = np.maximum(np.rint(self._lengths), self._lengths > 0).astype(np.int64)
        total = sum(int(weights.sum(dtype=np.int64)) for weights in self._weights)
        return FieldLengths(length_bytes(rounded), total * self._unit)

    def stems(self, names: Sequence[bytes]) -> FieldPostings:
        stems, docs = np.concatenate(self._stems), np.concatenate(self._docs)
        weights = np.concatenate(self._weights)
        self._stems, self._weights = [], []
        return invert(names, stems, docs, weights=weights, unit=self._unit)

    def words(self, names: Sequence[bytes]) -> FieldPostings:
        return invert(names, np.concatenate(self._words), np.concatenate(self._docs))


def _lengths(tokens: Tokens, documents: int) -> FieldLengths:
    lengths = tokens.lengths(documents)
    return FieldLengths(length_bytes(lengths), float(len(tokens.words)))


def _whole(column: TermColumn) -> FieldPostings:
    return invert(column.names.encoded(), *column.terms())


def _filled(values: dict[int, bytes], documents: int) -> list[bytes | None]:
    return [values.get(number) for number in range(documents)]


def sort_key(text: str) -> str:
    """What a text is sorted by."""
    return " ".join(fold(text).split())[:SORT_CHARACTERS]


@lru_cache(maxsize=10_000)
def _presence(
    fields: tuple[str, ...], meta_keys: tuple[str, ...], has_problems: bool
) -> tuple[str, ...]:
    """The names under which `has:` finds a post."""
    names = [PATH, *fields, *(f"meta.{key}" for key in meta_keys)]
    if has_problems:
        names.append(PROBLEMS)
    return tuple(fold_value(name, LONGEST_KEYWORD) for name in names)


@lru_cache(maxsize=10_000)
def _key_prefix(key: str) -> str:
    """What stands in front of every term of a metadata key."""
    return f"{fold(key)}="


def _searched(text: str) -> str:
    """The part of a metadata text of which the words are found: of an address, the host; nothing
    of a long text without white space."""
    address = _ADDRESS.match(text)
    if address:
        return address[1]
    is_opaque = len(text) > LONGEST_OPAQUE and len(text.split(None, 1)) == 1
    return "" if is_opaque else text
