"""Front matter and settings become a Post: typed field values, and everything else as meta."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from searchidx.posts.frontmatter import FrontMatter, split_post
from searchidx.posts.ignored import is_ignored
from searchidx.posts.lines import Lines
from searchidx.posts.model import FieldValue, Post, SourceFile
from searchidx.posts.plain import scrub
from searchidx.posts.plan import (
    BODY,
    MAX_META,
    PARSERS,
    TEXT_KINDS,
    NotAsPlanned,
    distinct,
    is_split,
    is_title,
    looks_into,
    plan_of,
)
from searchidx.posts.problem import ProblemLog
from searchidx.posts.titles import title_of
from searchidx.posts.values import Entry, entries_of, is_ambiguous_date, text_of, values_at
from searchidx.settings import FieldKind, FieldSpec, Settings

_EXPECTED = {
    FieldKind.NUMBER: ("a number", "write a number such as 104 or 1.5"),
    FieldKind.DATE: ("a date", "write a date such as 2020-05-20T16:44:00Z"),
    FieldKind.BOOL: ("yes or no", "write true or false"),
}


def build_post(file: SourceFile, data: bytes, settings: Settings) -> Post:
    """The post that the bytes of a file hold; whatever they are, this gives an answer.

    A field that is named `title` and has no value takes the first heading of the body, else the
    file's name. Texts that belong to no field are in `meta`, or named by a problem as lost.
    """
    return post_of(file, split_post(data, file.path), settings)


def post_of(file: SourceFile, front: FrontMatter, settings: Settings) -> Post:
    """The post of front matter that is already split."""
    lines = front.values if isinstance(front.values, Lines) else None
    plan = plan_of(lines.shape, settings) if lines else None
    if lines and plan:
        with suppress(NotAsPlanned):
            fields, meta = plan.read(lines, front.body, file.path)
            return Post(file, fields, meta, tuple(front.problems))
    return _Builder(file, front, settings).post()


class _Builder:
    """One post in the making: which values fed a field, and what went wrong."""

    def __init__(self, file: SourceFile, front: FrontMatter, settings: Settings) -> None:
        self.file = file
        self.front = front
        self.settings = settings
        self.entries = entries_of(front.metadata)
        self.used: set[int] = set()
        self.log = ProblemLog(file.path)

    def post(self) -> Post:
        fields: dict[str, FieldValue] = {}
        for spec in self.settings.fields:
            value = self.field(spec)
            if value is None and is_title(spec):
                value = (title_of(self.front.body, self.file.path),)
            if value is not None:
                fields[spec.name] = value
        meta = tuple(self.meta())
        problems = (*self.front.problems, *self.log.problems())
        return Post(self.file, fields, meta, problems)

    def field(self, spec: FieldSpec) -> FieldValue | None:
        if spec.kind not in TEXT_KINDS:
            return self.single(spec)
        texts: list[str] = []
        for source in spec.sources:
            found = [self.front.body] if source == BODY else self.texts(spec, source)
            texts += [text for text in found if text and not text.isspace()]
            if texts and not spec.many:
                return (", ".join(texts),)
        return tuple(distinct(texts)) or None

    def texts(self, spec: FieldSpec, source: str) -> Iterator[str]:
        """The texts at one source of a text or keyword field."""
        entries = values_at(self.entries, source)
        split = is_split(spec, source, entries)
        for entry in entries:
            if isinstance(entry.value, dict):
                if not looks_into(spec, source):
                    yield from self.texts_of_mapping(spec, entry)
                continue
            self.used.add(id(entry))
            text = self.written(entry).strip()
            yield from (part.strip() for part in text.split(",")) if split else (text,)

    def texts_of_mapping(self, spec: FieldSpec, entry: Entry) -> Iterator[str]:
        """Its name or title; its keys if it has neither."""
        names = [
            inner
            for key in ("name", "title")
            for inner in values_at(self.entries, f"{entry.key}.{key}")
            if inner.parent == entry.steps and not isinstance(inner.value, dict)
        ]
        what = f"{spec.name}: a mapping where a text is expected"
        if names:
            self.used.add(id(names[0]))
            self.report(entry, f"{what}, its {names[0].step} is used", "write a text")
            yield self.written(names[0]).strip()
        elif entry.value:
            self.report(entry, f"{what}, its keys are used", "write a text or a list of texts")
            yield from (str(key).strip() for key in entry.value)

    def single(self, spec: FieldSpec) -> FieldValue | None:
        """The first value that fits a number, date or bool field; the others stay for meta."""
        parse = PARSERS[spec.kind]
        for source in spec.sources:
            value: FieldValue | None = None
            for entry in self.body_entry() if source == BODY else values_at(self.entries, source):
                if value is not None:
                    what = f"{spec.name}: more than one value, only the first is used"
                    self.report(entry, what, "leave one")
                    break
                value = parse(entry.value)
                if value is None:
                    self.misfit(spec, entry)
                    continue
                self.used.add(id(entry))
                if spec.kind is FieldKind.DATE and is_ambiguous_date(entry.value):
                    what = f"{spec.name}: {entry.value!r} read with the month first"
                    self.report(entry, what, f"write it as {value:%Y-%m-%d}")
            if value is not None:
                return value
        return None

    def body_entry(self) -> list[Entry]:
        return [Entry(BODY, self.front.body, (), BODY)] if self.front.body else []

    def misfit(self, spec: FieldSpec, entry: Entry) -> None:
        if isinstance(entry.value, dict):
            shown = "a mapping"
        else:
            text = self.written(entry)
            if not text.strip():
                return
            shown = repr(text if len(text) <= 40 else text[:39] + "…")
        expected, todo = _EXPECTED[spec.kind]
        self.report(entry, f"{spec.name}: {shown} is not {expected}", todo)

    def report(self, entry: Entry, what: str, todo: str) -> None:
        """Note a problem, unless the front matter already told of this very value."""
        is_body = entry.key == BODY
        line = self.front.body_line if is_body else self.front.locate(entry.steps)[0]
        if isinstance(entry.value, str):
            told = repr(entry.value)
            if any(known.line == line and told in known.what for known in self.front.problems):
                return
        self.log.add(line, what, todo)

    def written(self, entry: Entry) -> str:
        """The text of a value as its author wrote it."""
        if isinstance(entry.value, str):
            return entry.value
        return scrub(text_of(entry.value, self.front.spelling(entry.steps)))

    def meta(self) -> list[tuple[str, str]]:
        """The values that fed no field, as (dotted key, text)."""
        pairs: list[tuple[str, str]] = []
        used, are_plain = self.used, not self.front.has_odd_integers
        ignored = self.settings.ignore_metadata
        for entry in self.entries.ordered:
            value = entry[1]
            kind = type(value)
            if kind is dict or id(entry) in used or (ignored and is_ignored(entry[0], ignored)):
                continue
            if kind is str:
                text = value
            else:
                text = text_of(value) if kind is int and are_plain else self.written(entry)
            if not text or text.isspace():
                continue
            if len(pairs) == MAX_META:
                line = self.front.locate(entry.steps)[0]
                what = f"over {MAX_META:,} values that belong to no field, the rest left out"
                self.log.add(line, what, "declare fields for them", lost_text=True)
                break
            pairs.append((entry[0], text))
        return pairs
