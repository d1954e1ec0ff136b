"""A Post becomes the keyword arguments of Whoosh's `add_document`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from searchidx.analysis import fold
from searchidx.posts.model import FieldValue, Post
from searchidx.schema import (
    FILE_CTIME,
    FILE_DIGEST,
    FILE_MTIME,
    FILE_SIZE,
    HAS,
    KEY_SEPARATOR,
    META,
    META_VALUE,
    PATH,
    PATH_VALUE,
    PATH_WORDS,
    PROBLEMS,
    VALUE_SEPARATOR,
    is_sortable,
    names_of,
)
from searchidx.settings import FieldKind, FieldSpec

SORT_CHARACTERS = 200
LONGEST_OPAQUE = 256
"""A text of more characters without a space (a signature, a long address) is found only whole."""

_SEPARATORS = str.maketrans({VALUE_SEPARATOR: " ", KEY_SEPARATOR: " "})


def document_of(post: Post, specs: Sequence[FieldSpec]) -> dict[str, Any]:
    """What Whoosh is to index, store and keep in columns for this post."""
    document: dict[str, Any] = {}
    for spec in specs:
        value = post.fields.get(spec.name)
        if value is not None and value != ():
            document.update(_field(spec, value))
    document |= _path(post.file.path)
    document |= _meta(post.meta)
    document[HAS] = VALUE_SEPARATOR.join(_presence(post))
    if post.problems:
        document[PROBLEMS] = [(p.line, p.what, p.todo, p.lost_text) for p in post.problems]
    document[FILE_SIZE] = post.file.size_bytes
    document[FILE_MTIME] = post.file.mtime_ns
    document[FILE_CTIME] = post.file.ctime_ns
    document[FILE_DIGEST] = post.file.digest.encode()
    return document


def _field(spec: FieldSpec, value: FieldValue) -> dict[str, Any]:
    if isinstance(value, tuple):
        return _texts(spec, value)
    if isinstance(value, datetime):
        return {spec.name: value.replace(tzinfo=None)}
    return {spec.name: bool(value) if spec.kind is FieldKind.BOOL else float(value)}


def _texts(spec: FieldSpec, texts: tuple[str, ...]) -> dict[str, Any]:
    names = names_of(spec)
    joined = _joined(texts)
    document: dict[str, Any] = {names.terms: joined, names.words: joined, names.value: joined}
    document[f"_stored_{spec.name}"] = list(texts)
    if is_sortable(spec):
        document[f"_stored_{names.value}"] = _sort_key(texts[0])
    return document


def _sort_key(text: str) -> str:
    return " ".join(fold(text).split())[:SORT_CHARACTERS]


def _path(path: str) -> dict[str, Any]:
    """The path is found whole, by its words, and by each of its ends that starts at a folder."""
    parts = path.strip("/").split("/")
    ends = ["/".join(parts[first:]) for first in range(len(parts))]
    if path.startswith("/"):
        ends.insert(0, path)
    return {PATH: path, PATH_WORDS: path, PATH_VALUE: _joined(ends)}


def _meta(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    if not pairs:
        return {}
    clean = [(key.translate(_SEPARATORS), text.translate(_SEPARATORS)) for key, text in pairs]
    whole = [f"{key}{KEY_SEPARATOR}{text}" for key, text in clean]
    worded = [pair for pair, (_, text) in zip(whole, clean, strict=True) if not _is_opaque(text)]
    document: dict[str, Any] = {META_VALUE: VALUE_SEPARATOR.join(whole)}
    document[META] = VALUE_SEPARATOR.join(worded)
    document[f"_stored_{META}"] = [list(pair) for pair in pairs]
    return document


def _presence(post: Post) -> Iterator[str]:
    yield PATH
    yield from post.fields
    yield from dict.fromkeys(f"meta.{key.translate(_SEPARATORS)}" for key, _ in post.meta)
    if post.problems:
        yield PROBLEMS


def _is_opaque(text: str) -> bool:
    return len(text) > LONGEST_OPAQUE and len(text.split(None, 1)) == 1


def _joined(texts: Sequence[str]) -> str:
    return VALUE_SEPARATOR.join(text.translate(_SEPARATORS) for text in texts)
