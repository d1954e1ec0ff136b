"""The names of the Whoosh fields behind the fields of posts.

A text field `title` is three Whoosh fields: `title` (stemmed terms with positions, scored),
`title.words` (the same words unstemmed, for prefixes, wildcards, regexes, fuzziness and spelling)
and `title.value` (each whole value as one term). A keyword field is not stemmed and needs no
`.words`. Numbers, dates and booleans are one Whoosh field each. `any` and `any.words` hold the
words of all default fields, where plain words are looked for; in `any` each counts as often as the
weight of its field says, which makes Whoosh's BM25 of it one score over all of them (BM25F).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from searchidx.analysis import LONGEST_KEYWORD, LONGEST_META_VALUE, LONGEST_VALUE, fold
from searchidx.settings import FieldKind, FieldSpec

ANY = "any"
ANY_WORDS = "any.words"
HAS = "has"
META = "meta"
META_VALUE = "meta.value"
PATH = "path"
PATH_WORDS = "path.words"
PATH_VALUE = "path.value"
PROBLEMS = "problems"
FILE_SIZE = "file.size"
FILE_MTIME = "file.mtime"
FILE_CTIME = "file.ctime"
FILE_DIGEST = "file.digest"


class Names(NamedTuple):
    """The Whoosh fields behind one text or keyword field.

    `terms` has positions and is scored, `words` is unstemmed, `value` has whole values up to
    `longest` characters. Every term of a metadata key starts with `prefix`.
    """

    terms: str
    words: str
    value: str
    language: str
    longest: int = LONGEST_KEYWORD
    prefix: str = ""


def names_of(spec: FieldSpec) -> Names:
    """The Whoosh fields of a text or keyword field."""
    if spec.kind is FieldKind.TEXT:
        words, value = f"{spec.name}.words", f"{spec.name}.value"
        return Names(spec.name, words, value, spec.language, LONGEST_VALUE)
    if spec.name == PATH:
        return Names(PATH_WORDS, PATH_WORDS, PATH_VALUE, "none")
    return Names(spec.name, spec.name, f"{spec.name}.value", "none")


def names_of_meta(key: str) -> Names:
    """The Whoosh fields of a metadata key that no declared field takes."""
    return Names(META, META, META_VALUE, "none", LONGEST_META_VALUE, f"{fold(key)}=")


PATH_FIELD = FieldSpec(PATH, FieldKind.KEYWORD, ())


def any_language(specs: Sequence[FieldSpec]) -> str:
    """The language of most plain words: that of the first default text field."""
    return next((s.language for s in specs if s.default and s.kind is FieldKind.TEXT), "none")


def any_language_of(spec: FieldSpec, specs: Sequence[FieldSpec]) -> str:
    """The language in which a field's words are stemmed in `any`: a keyword's as most words are, so
    that a plain word finds them where it finds the others."""
    return spec.language if spec.kind is FieldKind.TEXT else any_language(specs)


def weight_unit(specs: Sequence[FieldSpec]) -> float:
    """What the weights of these fields are counted in: all are whole multiples, or near it."""
    for unit in (1.0, 0.5, 0.1, 0.05):
        if all(abs(s.weight / unit - round(s.weight / unit)) < 1e-9 for s in specs):
            return unit
    return 0.01


def is_sortable(spec: FieldSpec) -> bool:
    """Whether results can be put in the order of this field."""
    if spec.kind is FieldKind.BOOL:
        return False
    return spec.kind is not FieldKind.TEXT or not (spec.many or "$body" in spec.sources)


def sort_column(spec: FieldSpec) -> str:
    """The Whoosh field whose column orders results by this field."""
    if spec.name == PATH:
        return PATH
    return names_of(spec).value if spec.kind in (FieldKind.TEXT, FieldKind.KEYWORD) else spec.name
