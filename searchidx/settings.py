"""Settings: which folders are read, and how metadata becomes fields.

The defaults fit the sample post with no settings file. `load_settings` reads a `searchidx.toml`;
whatever it leaves out keeps its default.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from searchidx.errors import SettingsError
from searchidx.patterns import late_pattern

SETTINGS_FILE = "searchidx.toml"
LEAST_WEIGHT, GREATEST_WEIGHT = 0.01, 100
LANGUAGES = (
    "none", "da", "de", "en", "es", "fi", "fr", "hu", "it", "nl", "no", "pt", "ro", "ru", "sv",
)  # fmt: skip
RESERVED_NAMES = frozenset({"any", "path", "meta", "has", "missing", "problems", "self"})

_Choice = TypeVar("_Choice", bound=enum.StrEnum)
_FIELD_NAME = late_pattern(r"[a-z][a-z0-9_-]*")
_SOURCE = late_pattern(r"[^.\[\]\s]+(\[\])?(\.[^.\[\]\s]+(\[\])?)*")


class FieldKind(enum.StrEnum):
    """What the values of a field are, and so how they are indexed and queried."""

    TEXT = "text"
    KEYWORD = "keyword"
    NUMBER = "number"
    DATE = "date"
    BOOL = "bool"


class Match(enum.StrEnum):
    """How many of the words of a query a post must hold.

    ALL of them; ANY; or BEST: posts with all of them come first, those with some behind them.
    """

    ALL = "all"
    BEST = "best"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One searchable field.

    `sources` are dotted paths into the metadata (`provider.name`, `related[].title`); `$body` is
    the text below the front matter. A field that holds many values takes those of every source,
    any other the first source that has one. `default` says whether words typed without a field
    name are looked for here; `weight` multiplies what such a word adds to the score.
    `interchangeable` values all name the same thing (a provider and its domain): the first is the
    one that is shown and counted, the others only find it.
    """

    name: str
    kind: FieldKind
    sources: tuple[str, ...]
    many: bool = False
    weight: float = 1.0
    default: bool = False
    aliases: tuple[str, ...] = ()
    language: str = "en"
    interchangeable: bool = False


_TEXT, _KEYWORD, _NUMBER = FieldKind.TEXT, FieldKind.KEYWORD, FieldKind.NUMBER

DEFAULT_FIELDS = (
    FieldSpec("title", _TEXT, ("title",), weight=3.0, default=True),
    FieldSpec("excerpt", _TEXT, ("excerpt",), default=True, aliases=("summary",)),
    FieldSpec(
        "topics", _TEXT, ("topics",), many=True, weight=2.0, default=True, aliases=("topic",)
    ),
    FieldSpec("related", _TEXT, ("related[].title",), many=True, weight=0.7, default=True),
    FieldSpec("body", _TEXT, ("$body",), default=True),
    FieldSpec(
        "provider",
        _KEYWORD,
        ("provider.name", "provider.domain", "provider"),
        many=True,
        weight=0.5,
        default=True,
        interchangeable=True,
    ),
    FieldSpec("category", _KEYWORD, ("category",), many=True),
    FieldSpec("type", _KEYWORD, ("type",), many=True),
    FieldSpec("date", FieldKind.DATE, ("publishedDateTime", "date")),
    FieldSpec("quality", _NUMBER, ("quality",)),
    FieldSpec("heat", _NUMBER, ("heat",)),
    FieldSpec("published", FieldKind.BOOL, ("published",)),
    FieldSpec("url", _KEYWORD, ("webUrl", "originalUrl")),
)


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """How queries are answered that do not say it themselves; the index is the same whatever it
    says.

    `expand` adds words from the best posts to the query. `recency` is the age, such as `30d`, at
    which a post gets half of what a new one gets for being new. `prior` names a number field: the
    higher, the better. `synonyms` is a file of words that mean the same.
    """

    match: Match = Match.BEST
    expand: bool = False
    recency: str = ""
    prior: str = ""
    synonyms: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides what is indexed and how.

    `include` and `exclude` are shell patterns (`*` also crosses `/`), matched against a file's
    name and against its path below the root. `ignore_metadata` are such patterns of dotted metadata
    keys: what they name, or what is below, is left out unless a field takes it. Relative `roots`
    and `index` count from `base`; without `roots`, an index keeps those of its last sync.
    """

    base: Path
    roots: tuple[str, ...] = ()
    index: str = "index"
    include: tuple[str, ...] = ("*.md", "*.markdown", "*.txt")
    exclude: tuple[str, ...] = ()
    ignore_metadata: tuple[str, ...] = ()
    max_file_bytes: int = 16 * 1024 * 1024
    follow_symlinks: bool = False
    fields: tuple[FieldSpec, ...] = DEFAULT_FIELDS
    search: SearchSettings = SearchSettings()
    source: Path | None = None

    @property
    def index_path(self) -> Path:
        return self.base / self.index


def find_field(specs: Iterable[FieldSpec], name: str) -> FieldSpec | None:
    """The field of that name or alias, in any case; None if there is none."""
    wanted = name.lower()
    for spec in specs:
        if wanted == spec.name or wanted in spec.aliases:
            return spec
    return None


def fields_to_json(specs: tuple[FieldSpec, ...]) -> list[dict[str, Any]]:
    """The fields as plain values; `fields_from_json` gives them back."""
    return [asdict(spec) for spec in specs]


def fields_from_json(rows: list[dict[str, Any]]) -> tuple[FieldSpec, ...]:
    """The fields that `fields_to_json` wrote.

    Raises: KeyError, TypeError or ValueError when the rows are not of that shape.
    """
    specs = []
    for row in rows:
        lists = {key: tuple(row[key]) for key in ("sources", "aliases")}
        specs.append(FieldSpec(**{**row, **lists, "kind": FieldKind(row["kind"])}))
    return tuple(specs)


def find_settings(start: Path) -> Path | None:
    """The nearest `searchidx.toml` in `start` or a folder above it; None if there is none."""
    for folder in (start, *start.parents):
        candidate = folder / SETTINGS_FILE
        if candidate.is_file():
            return candidate
    return None


def load_settings(path: Path) -> Settings:
    """The settings in a TOML file.

    Raises: SettingsError with file, line and key when the file cannot be read, is not TOML, has a
    key that does not exist, a value of the wrong type or a pattern that is no pattern.
    """
    import tomllib

    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(path, 1, "", f"cannot be read ({error})") from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else max(1, text.count("\n"))
        raise SettingsError(path, line, "", f"not TOML: {error}") from error
    return _Reader(path, text).settings(table)


class _Reader:
    """Turns one parsed file into Settings, naming the line of whatever it refuses."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.lines = line_of_keys(text)

    def refuse(self, key: str, reason: str) -> SettingsError:
        probe = key
        while probe and probe not in self.lines:
            probe = probe.rpartition(".")[0]
        return SettingsError(self.path, self.lines.get(probe, 1), key, reason)

    def settings(self, table: Mapping[str, Any]) -> Settings:
        known = {item.name: item.default for item in fields(Settings)}
        allowed = [name for name in known if name not in ("base", "fields", "search", "source")]
        values: dict[str, Any] = {"base": self.path.resolve().parent, "source": self.path}
        language = "en"
        for key, value in table.items():
            if key in ("fields", "search", "shell"):  # what [shell] says is read by the shell
                continue
            if key == "language":
                language = self.language(key, value)
            elif key in allowed:
                values[key] = self.typed(key, value, known[key])
            else:
                raise self.unknown(key, key, [*allowed, "fields", "search", "language", "shell"])
        for key in ("include", "exclude"):
            for pattern in values.get(key, ()):
                self.check_glob(key, pattern)
        for pattern in values.get("ignore_metadata", ()):
            self.check_key_pattern("ignore_metadata", pattern)
        if values.get("roots") == ():
            raise self.refuse(
                "roots", "names no folder; leave it out to keep those of the last time"
            )
        if values.get("max_file_bytes", 1) < 1:
            raise self.refuse("max_file_bytes", "must be at least 1")
        values["search"] = self.search(table.get("search", {}))
        return Settings(**values, fields=self.fields(table.get("fields", {}), language))

    def search(self, table: Any) -> SearchSettings:
        if not isinstance(table, dict):
            raise self.refuse("search", "expected a table: [search]")
        known = {item.name: item.default for item in fields(SearchSettings)}
        values: dict[str, Any] = {}
        for key, value in table.items():
            where = f"search.{key}"
            if key == "match":
                values[key] = self.one_of(where, value, Match)
            elif key in known:
                values[key] = self.typed(where, value, known[key])
            else:
                raise self.unknown(where, key, list(known))
        if file := values.get("synonyms"):
            values["synonyms"] = str(self.path.resolve().parent / file)
        return SearchSettings(**values)

    def fields(self, table: Any, language: str) -> tuple[FieldSpec, ...]:
        if not isinstance(table, dict):
            raise self.refuse("fields", "expected tables such as [fields.author]")
        specs = {spec.name: replace(spec, language=language) for spec in DEFAULT_FIELDS}
        for name, row in table.items():
            specs[name] = self.field(name, row, specs.get(name), language)
        owners: dict[str, str] = {name: name for name in specs}
        for spec in specs.values():
            for alias in spec.aliases:
                owner = owners.setdefault(alias, spec.name)
                if owner != spec.name or alias in RESERVED_NAMES:
                    key = f"fields.{spec.name}.aliases"
                    raise self.refuse(key, f"the name {alias!r} already means the field {owner!r}")
        return tuple(specs.values())

    def field(self, name: str, row: Any, old: FieldSpec | None, language: str) -> FieldSpec:
        key = f"fields.{name}"
        if not _FIELD_NAME.fullmatch(name):
            raise self.refuse(key, "a field name is lower-case letters, digits, '_' and '-'")
        if name in RESERVED_NAMES:
            raise self.refuse(key, f"{name!r} is built in and cannot be declared")
        if not isinstance(row, dict):
            raise self.refuse(key, f"expected a table, found {_type_name(row)}")
        base = old or FieldSpec(name, _TEXT, (name,), language=language)
        values: dict[str, Any] = {}
        allowed = [item.name for item in fields(FieldSpec) if item.name not in ("name", "sources")]
        allowed.append("from")
        for option, value in row.items():
            where = f"{key}.{option}"
            if option == "from":
                values["sources"] = self.sources(where, value)
            elif option == "kind":
                values["kind"] = self.one_of(where, value, FieldKind)
            elif option == "language":
                values["language"] = self.language(where, value)
            elif option in allowed:
                values[option] = self.typed(where, value, getattr(base, option))
            else:
                raise self.unknown(where, option, allowed)
        spec = replace(base, **values)
        if not LEAST_WEIGHT <= spec.weight <= GREATEST_WEIGHT:
            expected = f"must be a number from {LEAST_WEIGHT} to {GREATEST_WEIGHT}"
            raise self.refuse(f"{key}.weight", expected)
        if spec.default and spec.kind not in (FieldKind.TEXT, FieldKind.KEYWORD):
            raise self.refuse(f"{key}.default", f"a {spec.kind} holds no words to look for")
        if old is None and "default" not in values:
            spec = replace(spec, default=spec.kind is FieldKind.TEXT)
        return replace(spec, aliases=tuple(alias.lower() for alias in spec.aliases))

    def typed(self, key: str, value: Any, like: Any) -> Any:
        if isinstance(like, tuple):
            if isinstance(value, list) and all(isinstance(item, str) and item for item in value):
                return tuple(value)
            raise self.refuse(key, f"expected a list of strings, found {_type_name(value)}")
        if isinstance(like, float) and type(value) in (int, float):
            return float(value)
        if type(value) is not type(like):
            raise self.refuse(key, f"expected {_type_name(like)}, found {_type_name(value)}")
        return value

    def sources(self, key: str, value: Any) -> tuple[str, ...]:
        paths: tuple[str, ...] = self.typed(key, [value] if isinstance(value, str) else value, ())
        for path in paths:
            if path != "$body" and not _SOURCE.fullmatch(path):
                raise self.refuse(
                    key, f"{path!r} is no path such as 'author.name' or 'items[].title'"
                )
        if not paths:
            raise self.refuse(key, "names no source")
        return paths

    def one_of(self, key: str, value: Any, choices: type[_Choice]) -> _Choice:
        try:
            return choices(value)
        except ValueError:
            raise self.refuse(
                key, f"expected one of {', '.join(choices)}, found {value!r}"
            ) from None

    def language(self, key: str, value: Any) -> str:
        if value not in LANGUAGES:
            raise self.refuse(key, f"expected one of {', '.join(LANGUAGES)}, found {value!r}")
        return str(value)

    def check_glob(self, key: str, pattern: str) -> None:
        if pattern.startswith(("/", "../")) or re.search(r"\[[^]]*$", pattern):
            raise self.refuse(key, f"{pattern!r} is no pattern below a root (such as 'drafts/*')")
        from fnmatch import translate

        re.compile(translate(pattern))

    def check_key_pattern(self, key: str, pattern: str) -> None:
        if re.search(r"\[[^]]*$", pattern.replace("[]", "")) or not pattern.strip(" .[]"):
            raise self.refuse(key, f"{pattern!r} names no metadata (such as 'images' or '*url')")

    def unknown(self, key: str, name: str, allowed: list[str]) -> SettingsError:
        from difflib import get_close_matches

        near = get_close_matches(name, allowed, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(allowed))}"
        return self.refuse(key, f"no such setting; {hint}")


def _type_name(value: Any) -> str:
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}
    return names.get(type(value), "a list" if isinstance(value, list | tuple) else "a table")


def line_of_keys(text: str) -> dict[str, int]:
    """Dotted key -> its line, counted from 1. Keys inside inline tables are not found."""
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", line):
            table = ".".join(_key_parts(header[1]))
            lines.setdefault(table, number)
        elif pair := re.match(
            r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*[\w"'-]+)*)\s*=""", line
        ):
            parts = list(_key_parts(pair[1]))
            lines.setdefault(".".join([table, *parts] if table else parts), number)
    return lines


def _key_parts(dotted: str) -> Iterator[str]:
    for part in dotted.split("."):
        yield part.strip().strip("\"'")
