"""Posts become a segment, in bulk: tokens are gathered as numbers and inverted by sorting.

What a post is in the index is said here and in schema.py: which Whoosh fields it fills, what is
stored of it, and what is kept in columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import chain
from operator import add
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from searchidx.analysis import (
    LONGEST_KEYWORD,
    LONGEST_META_VALUE,
    fold,
    fold_value,
    fold_values,
)
from searchidx.columnar.columns import ByteValues, Column, NumberValues, text_values
from searchidx.columnar.invert import Ids, Names, invert, paired
from searchidx.columnar.numbers import SIGN_BIT, date_numbers, float_numbers, number_terms
from searchidx.columnar.postings import FieldPostings
from searchidx.columnar.runs import Ragged, ragged
from searchidx.columnar.segment import FieldLengths, SegmentData, length_bytes, write_segment
from searchidx.columnar.stored import StoredValues, StoredWriter, joined
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
    any_language_of,
    is_sortable,
    names_of,
    weight_unit,
)
from searchidx.posts.model import FieldValue, Post
from searchidx.schema import build_schema
from searchidx.settings import FieldKind, FieldSpec
from searchidx.store.tokens import (
    Chunks,
    Numbering,
    Stems,
    TermColumn,
    TokenColumn,
    Tokens,
    distinct_texts,
)

if TYPE_CHECKING:
    import numpy.typing as npt

SORT_CHARACTERS = 64
LONGEST_OPAQUE = 256
"""A metadata text of more characters without a space (a signature) is found only whole."""

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://([^\s/?#]*)\S*\Z", re.I)
"""An address, which is found whole, and by the words of its host."""

BATCH = 250
BATCH_BYTES = 4 * 1024 * 1024
"""So many posts, or posts of so many bytes, are taken apart together."""

MOST_REMEMBERED_BYTES = 75 * 1024 * 1024
"""Chunks that take so much memory are not remembered from one segment to the next."""

BYTES_PER_TOKEN = 80
"""What a token of the largest field takes while its field is inverted."""


class Analyses:
    """What is known of chunks and words, kept from one segment to the next."""

    def __init__(self) -> None:
        self.words = Numbering()
        self.chunks = Chunks(self.words)
        self.stems = Stems()

    def is_full(self) -> bool:
        return self.chunks.size_bytes() > MOST_REMEMBERED_BYTES


class SegmentBuilder:
    """Gathers posts, and writes them as one segment.

    The posts wait until there are many of them, and are then taken apart field by field.
    """

    def __init__(self, specs: Sequence[FieldSpec], analyses: Analyses | None = None) -> None:
        self.analyses = analyses or Analyses()
        self._known_bytes = self.analyses.chunks.size_bytes()
        self._specs = tuple(specs)
        schema = build_schema(specs)
        self._texts = [
            _TextField(spec, self.analyses.chunks)
            for spec in specs
            if spec.kind in (FieldKind.TEXT, FieldKind.KEYWORD)
        ]
        self._numbers = [
            _NumberField(spec, schema[spec.name].column_type.default_value())
            for spec in specs
            if spec.kind in (FieldKind.NUMBER, FieldKind.DATE)
        ]
        self._bools = [(spec, TermColumn()) for spec in specs if spec.kind is FieldKind.BOOL]
        self._kept = [field.spec.name for field in self._texts]
        self._kept += [spec.name for spec, _ in self._bools]
        self._stored = StoredWriter(self._kept)
        self._taken: list[StoredValues] = []
        self._paths: list[str] = []
        self._path_words = TokenColumn(self.analyses.chunks)
        self._path_values = TermColumn()
        self._meta = _MetaField(self.analyses)
        self._has = TermColumn()
        self._files: list[tuple[int, int, int]] = []
        self._digests: list[bytes] = []
        self._waiting: list[Post] = []
        self._waiting_bytes = 0

    def __len__(self) -> int:
        return len(self._paths) + len(self._waiting)

    def size_bytes(self) -> int:
        """About how much memory the segment takes, and will take while it is written."""
        columns = [*(field.tokens for field in self._texts), self._path_words, self._meta.tokens]
        plain = sum(field.tokens.words for field in self._texts if field.spec.default)
        values = sum(len(field.values) for field in self._texts) + len(self._meta.values)
        return (
            4 * sum(map(len, columns))
            + 150 * values
            + self.analyses.chunks.size_bytes()
            - self._known_bytes
            + self._stored.size_bytes
            + BYTES_PER_TOKEN * max([*(column.words for column in columns), plain])
        )

    def add(self, post: Post) -> None:
        """Gather one post."""
        self._waiting.append(post)
        self._waiting_bytes += post.file.size_bytes
        if len(self._waiting) >= BATCH or self._waiting_bytes >= BATCH_BYTES:
            self._settle()

    def _settle(self) -> None:
        """Take apart the posts that wait."""
        posts, self._waiting, self._waiting_bytes = self._waiting, [], 0
        numbers = np.arange(len(self._paths), len(self._paths) + len(posts), dtype=np.int32)
        fields = [post.fields for post in posts]
        for field in self._texts:
            field.add(numbers, [row.get(field.spec.name, ()) for row in fields])
        for number in self._numbers:
            number.add(numbers, [row.get(number.spec.name) for row in fields])
        for spec, terms in self._bools:
            flags = [row.get(spec.name) for row in fields]
            _add_flat(terms, numbers, [_FLAGS[flag] for flag in flags])
        if any(post.meta for post in posts):
            self._meta.add(numbers, [post.meta for post in posts])
        _add_flat(self._has, numbers, [_has_names(post) for post in posts])
        paths = [post.file.path for post in posts]
        each = np.arange(len(paths))
        self._path_words.add(numbers, paths, each)
        self._path_values.add(numbers, fold_values(paths, LONGEST_KEYWORD)[0], each)
        self._paths += paths
        files = [post.file for post in posts]
        self._files += [(file.size_bytes, file.mtime_ns, file.ctime_ns) for file in files]
        self._digests += [bytes.fromhex(file.digest) for file in files]
        for post in posts:
            self._stored.add(_stored(post, self._kept))

    def finish(self) -> None:
        """Take apart what waits: no more posts are added."""
        if self._waiting:
            self._settle()

    def take(self, other: SegmentBuilder) -> None:
        """Add the posts that another builder of the same fields has gathered, behind the own; both
        are finished."""
        first_doc = len(self)
        chunk_numbers = self.analyses.chunks.numbers_of(other.analyses.chunks)
        for own, text in zip(self._texts, other._texts, strict=True):
            own.take(text, first_doc, chunk_numbers)
        for ours, number in zip(self._numbers, other._numbers, strict=True):
            ours.take(number, first_doc)
        for (_, terms), (_, others) in zip(self._bools, other._bools, strict=True):
            terms.take(others, first_doc)
        self._meta.take(other._meta, first_doc, chunk_numbers)
        self._has.take(other._has, first_doc)
        self._path_words.take(other._path_words, first_doc, chunk_numbers)
        self._path_values.take(other._path_values, first_doc)
        self._paths += other._paths
        self._files += other._files
        self._digests += other._digests
        self._taken += [other._stored.finish(), *other._taken]

    def write(self, stream: BinaryIO) -> None:
        """Write the segment file; the builder is used up."""
        self.finish()
        stored = joined([self._stored.finish(), *self._taken])
        data = SegmentData(len(self), stored, stored_columns=[PATH])
        files = np.array(self._files, dtype=np.int64).reshape(-1, 3)
        for place, name in enumerate((FILE_SIZE, FILE_MTIME, FILE_CTIME)):
            data.columns[name] = NumberValues(files[:, place])
        data.columns[FILE_DIGEST] = ByteValues(ragged(self._digests))
        data.columns[PATH] = ByteValues(_rows(self._paths))
        for number in self._numbers:
            data.columns[number.spec.name] = number.column(len(self))
        for field in self._texts:
            if is_sortable(field.spec):
                data.columns[names_of(field.spec).value] = text_values(field.sort_keys)
        write_segment(stream, data, self._fields(data))

    def _fields(self, data: SegmentData) -> Iterator[tuple[str, list[FieldPostings]]]:
        """The postings of each field; the lengths of those that have some go into `data`."""
        words = self.analyses.words
        names_of_words = words.names()
        stems, plain = self.analyses.stems, _PlainField(self._specs)
        columns: dict[str, list[TokenColumn]] = {}
        for field in self._texts:
            own, plainly = names_of(field.spec).language, any_language_of(field.spec, self._specs)
            for language in sorted({own, plainly}):
                columns.setdefault(language, []).append(field.tokens)
        met = self.analyses.chunks.words_in
        stems_in = {lang: stems.of(words, met(among), lang) for lang, among in columns.items()}
        names_of_stems = stems.names.names()
        for field in self._texts:
            tokens = field.tokens.tokens()
            names = names_of(field.spec)
            stemmed = stems_in[names.language][tokens.words]
            plain_stems = stems_in[any_language_of(field.spec, self._specs)][tokens.words]
            plain.add(field.spec, tokens, plain_stems, len(self))
            data.lengths[names.terms] = _lengths(tokens, len(self))
            postings = invert(names_of_stems, stemmed, tokens.docs, positions=tokens.positions)
            yield names.terms, [postings]
            if names.words != names.terms:
                yield names.words, [invert(names_of_words, tokens.words, tokens.docs)]
            yield names.value, [_whole(field.values)]
        if plain.has_fields:
            data.lengths[ANY] = plain.lengths()
            yield ANY, [plain.stems(names_of_stems)]
            yield ANY_WORDS, [plain.words(names_of_words)]
        tokens = self._path_words.tokens()
        data.lengths[PATH_WORDS] = _lengths(tokens, len(self))
        yield (
            PATH_WORDS,
            [invert(names_of_words, tokens.words, tokens.docs, positions=tokens.positions)],
        )
        yield PATH_VALUE, [_whole(self._path_values)]
        yield from self._meta.fields(data, len(self))
        yield HAS, [_whole(self._has)]
        for number in self._numbers:
            yield number.spec.name, [number.postings()]
        for spec, terms in self._bools:
            yield spec.name, [_whole(terms)]


def _stored(post: Post, names: Sequence[str]) -> dict[str, Any]:
    """What is stored of a post: of its fields, those of these names."""
    fields = post.fields
    stored: dict[str, Any] = {}
    for name in names:
        value = fields.get(name)
        if isinstance(value, tuple):
            if value:
                stored[name] = list(value)
        elif value is not None:
            stored[name] = bool(value)
    if post.meta:
        stored[META] = list(chain.from_iterable(post.meta))
    if post.problems:
        stored[PROBLEMS] = [[p.line, p.what, p.todo, p.lost_text] for p in post.problems]
    return stored


def _add_flat(column: TermColumn, docs: Ids, terms: Sequence[Sequence[str]]) -> None:
    """Add the terms of each document."""
    counts = np.fromiter(map(len, terms), np.int64, len(terms))
    distinct, which = distinct_texts(list(chain.from_iterable(terms)))
    column.add(np.repeat(docs, counts), distinct, which)


_FLAGS: dict[Any, tuple[str, ...]] = {None: (), False: ("f",), True: ("t",)}


class _TextField:
    """A text or keyword field: its words, its whole values, and what it is sorted by."""

    def __init__(self, spec: FieldSpec, chunks: Chunks) -> None:
        self.spec = spec
        self.tokens = TokenColumn(chunks)
        self.values = TermColumn()
        self.sort_keys: list[bytes | None] = []
        self._longest = names_of(spec).longest
        self._is_sortable = is_sortable(spec)

    def add(self, docs: Ids, values: Sequence[Any]) -> None:
        """Add the values of some documents: a tuple of texts each, which may be empty."""
        counts = np.fromiter(map(len, values), np.int64, len(values))
        texts, which = distinct_texts(list(chain.from_iterable(values)))
        owners: Ids = np.repeat(docs, counts)
        self.tokens.add(owners, texts, which)
        terms, folded = fold_values(texts, self._longest)
        if self._is_sortable:
            keys = list(map(_sort_key, folded))
            firsts = iter(which[(counts.cumsum() - counts)[counts > 0]].tolist())
            self.sort_keys += [keys[next(firsts)] if own else None for own in values]
        if "" in terms:
            has_term = np.array(list(map(bool, terms)), dtype=np.bool_)[which]
            owners, which = owners[has_term], which[has_term]
        self.values.add(owners, terms, which)

    def take(self, other: _TextField, first_doc: int, chunk_numbers: Ids) -> None:
        self.tokens.take(other.tokens, first_doc, chunk_numbers)
        self.values.take(other.values, first_doc)
        self.sort_keys += other.sort_keys


class _NumberField:
    """A number or date field, in the numbers that Whoosh makes of its values."""

    def __init__(self, spec: FieldSpec, default: int) -> None:
        self.spec = spec
        self._default = default
        self._docs: list[Ids] = []
        self._values: list[npt.NDArray[np.uint64]] = []
        """What Whoosh's column holds for the values."""

    def add(self, docs: Ids, values: Sequence[FieldValue | None]) -> None:
        has = [value is not None for value in values]
        given: list[Any] = [value for value in values if value is not None]
        self._docs.append(docs[has])
        if self.spec.kind is FieldKind.DATE:
            self._values.append(date_numbers([value.replace(tzinfo=None) for value in given]))
        else:
            self._values.append(float_numbers(np.array(given, dtype=np.float64)))

    def take(self, other: _NumberField, first_doc: int) -> None:
        self._docs += [docs + np.int32(first_doc) for docs in other._docs]
        self._values += other._values

    def column(self, documents: int) -> Column:
        values = np.full(documents, self._default, dtype="<u8")
        has = np.zeros(documents, dtype=np.bool_)
        docs = self._all_docs()
        values[docs] = self._numbers
        has[docs] = True
        return NumberValues(values, None if has.all() else has, is_complete=True)

    def postings(self) -> FieldPostings:
        distinct, terms = np.unique(self._numbers, return_inverse=True)
        if self.spec.kind is FieldKind.DATE:
            distinct = distinct ^ SIGN_BIT
        return invert(Names(number_terms(distinct)), terms, self._all_docs())

    def _all_docs(self) -> Ids:
        return np.concatenate([np.zeros(0, dtype=np.int32), *self._docs])

    @cached_property
    def _numbers(self) -> npt.NDArray[np.uint64]:
        return np.concatenate([np.zeros(0, dtype=np.uint64), *self._values])


class _MetaField:
    """The metadata that no declared field takes: words and whole values, each with its key."""

    def __init__(self, analyses: Analyses) -> None:
        self._words = analyses.words
        self.tokens = TokenColumn(analyses.chunks)
        self._prefixes = Numbering()
        self._numbers = _KeyNumbers(self._prefixes)
        self._prefix_of: list[Ids] = []
        self.values = TermColumn()

    def add(self, docs: Ids, pairs: Sequence[Sequence[tuple[str, str]]]) -> None:
        """Add the (key, text) pairs of some documents."""
        counts = np.fromiter(map(len, pairs), np.int64, len(pairs))
        distinct, which = distinct_texts(list(chain.from_iterable(pairs)))
        keys, texts = zip(*distinct, strict=True)
        key_of = np.fromiter(map(self._numbers.__getitem__, keys), np.int32, len(keys))
        order = key_of[which].argsort(kind="stable")
        which, owners = which[order], np.repeat(docs, counts)[order]
        known = list(self._prefixes)
        prefixes = [known[number] for number in key_of.tolist()]
        terms, _ = fold_values(texts, LONGEST_META_VALUE)
        self.values.add(owners, list(map(add, prefixes, terms)), which)
        searched = [_searched(t) if "://" in t or len(t) > LONGEST_OPAQUE else t for t in texts]
        if "" in searched:
            has_words = np.array(list(map(bool, searched)), dtype=np.bool_)[which]
            which, owners = which[has_words], owners[has_words]
        self.tokens.add(owners, searched, which)
        self._prefix_of.append(key_of[which])

    def take(self, other: _MetaField, first_doc: int, chunk_numbers: Ids) -> None:
        self.tokens.take(other.tokens, first_doc, chunk_numbers)
        self.values.take(other.values, first_doc)
        numbers = np.array([self._prefixes[one] for one in other._prefixes], dtype=np.int32)
        self._prefix_of += [numbers[one] for one in other._prefix_of]

    def fields(
        self, data: SegmentData, documents: int
    ) -> Iterator[tuple[str, list[FieldPostings]]]:
        if len(self.tokens):
            prefix_of = np.concatenate(self._prefix_of)
            tokens = self.tokens.tokens(prefix_of)
            data.lengths[META] = _lengths(tokens, documents)
            assert tokens.groups is not None
            names, terms = paired(
                self._prefixes.names(), self._words.names(), tokens.groups, tokens.words
            )
            yield META, [invert(names, terms, tokens.docs, positions=tokens.positions)]
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

    def stems(self, names: Names) -> FieldPostings:
        stems, docs = np.concatenate(self._stems), np.concatenate(self._docs)
        weights = np.concatenate(self._weights)
        self._stems, self._weights = [], []
        return invert(names, stems, docs, weights=weights, unit=self._unit)

    def words(self, names: Names) -> FieldPostings:
        return invert(names, np.concatenate(self._words), np.concatenate(self._docs))


def _lengths(tokens: Tokens, documents: int) -> FieldLengths:
    lengths = tokens.lengths(documents)
    return FieldLengths(length_bytes(lengths), float(len(tokens.words)))


def _whole(column: TermColumn) -> FieldPostings:
    return invert(column.names(), *column.terms())


def _rows(paths: Sequence[str]) -> Ragged:
    return ragged([path.encode("utf-8", "surrogatepass") for path in paths])


def _sort_key(folded: str) -> bytes:
    """What a text is sorted by."""
    return folded[:SORT_CHARACTERS].encode("utf-8", "replace")


def _has_names(post: Post) -> tuple[str, ...]:
    """The names under which `has:` finds a post."""
    meta_keys = tuple(dict.fromkeys([key for key, _ in post.meta])) if post.meta else ()
    return _presence(tuple(post.fields), meta_keys, bool(post.problems))


@lru_cache(maxsize=10_000)
def _presence(
    fields: tuple[str, ...], meta_keys: tuple[str, ...], has_problems: bool
) -> tuple[str, ...]:
    names = [PATH, *fields, *(f"meta.{key}" for key in meta_keys)]
    if has_problems:
        names.append(PROBLEMS)
    return tuple(fold_value(name, LONGEST_KEYWORD) for name in names)


class _KeyNumbers(dict[str, int]):
    """A metadata key -> the number of its prefix, which stands in front of its terms."""

    def __init__(self, prefixes: Numbering) -> None:
        self._prefixes = prefixes

    def __missing__(self, key: str) -> int:
        number = self[key] = self._prefixes[f"{fold(key)}="]
        return number


def _searched(text: str) -> str:
    """The part of a metadata text of which the words are found: of an address, the host; nothing
    of a long text without white space."""
    if address := _ADDRESS.match(text):
        return address[1]
    is_opaque = len(text) > LONGEST_OPAQUE and len(text.split(None, 1)) == 1
    return "" if is_opaque else text
