"""Settings files: what they change, and how they are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from searchidx.errors import SettingsError
from searchidx.settings import (
    DEFAULT_FIELDS,
    FieldKind,
    fields_from_json,
    fields_to_json,
    find_field,
    find_settings,
    load_settings,
)


def written(folder: Path, text: str) -> Path:
    path = folder / "searchidx.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_empty_file_keeps_every_default(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, ""))
    assert settings.fields == DEFAULT_FIELDS
    assert settings.roots == ()
    assert settings.index_path == tmp_path / "index"


def test_fields_are_declared_and_changed(tmp_path: Path) -> None:
    settings = load_settings(
        written(
            tmp_path,
            """
            roots = ["posts", "notes"]
            language = "fr"
            max_file_bytes = 1000
            ignore_metadata = ["images", "related[].url", "*[Uu]rl"]

            [fields.author]
            from = ["author.name", "author"]
            kind = "keyword"
            aliases = ["By"]
            many = true

            [fields.title]
            weight = 5

            [fields.summary_de]
            language = "de"
            """,
        )
    )
    assert settings.ignore_metadata == ("images", "related[].url", "*[Uu]rl")
    author = find_field(settings.fields, "BY")
    assert author is not None
    assert (author.name, author.kind, author.sources) == (
        "author", FieldKind.KEYWORD, ("author.name", "author"),
    )  # fmt: skip
    assert not author.default
    title = find_field(settings.fields, "title")
    assert title is not None
    assert (title.weight, title.language, title.sources) == (5.0, "fr", ("title",))
    german = find_field(settings.fields, "summary_de")
    assert german is not None
    assert (german.kind, german.language, german.sources, german.default) == (
        FieldKind.TEXT, "de", ("summary_de",), True,
    )  # fmt: skip


REFUSED = {
    "unknown key": ('\nrots = ["a"]', 2, "rots", "did you mean 'roots'?"),
    "unknown key unlike any": ("zzz = 1", 1, "zzz", "known: "),
    "wrong type": ('roots = "a"', 1, "roots", "expected a list of strings, found a string"),
    "number for bool": ("follow_symlinks = 1", 1, "follow_symlinks", "expected true or false"),
    "bool for number": ("max_file_bytes = true", 1, "max_file_bytes", "expected a whole number"),
    "zero size": ("max_file_bytes = 0", 1, "max_file_bytes", "at least 1"),
    "bad glob": ('include = ["*.md"]\nexclude = ["[a"]', 2, "exclude", "no pattern"),
    "half a class": ('ignore_metadata = ["a[b"]', 1, "ignore_metadata", "names no metadata"),
    "no metadata": ('ignore_metadata = ["a", "[]"]', 1, "ignore_metadata", "names no metadata"),
    "absolute glob": ('exclude = ["/etc/*"]', 1, "exclude", "no pattern"),
    "bad kind": ('[fields.x]\nkind = "tag"', 2, "fields.x.kind", "text, keyword, number"),
    "bad language": ('language = "xx"', 1, "language", "expected one of"),
    "bad source": ('[fields.x]\nfrom = "a..b"', 2, "fields.x.from", "no path"),
    "no source": ("[fields.x]\nfrom = []", 2, "fields.x.from", "no source"),
    "unknown option": ("[fields.x]\nweigth = 2", 2, "fields.x.weigth", "'weight'"),
    "weight": ("[fields.x]\nweight = 0", 2, "fields.x.weight", "from 0.01"),
    "no roots": ("roots = []", 1, "roots", "no folder"),
    "weight that is no number": ("[fields.x]\nweight = nan", 2, "fields.x.weight", "from 0.01"),
    "plain numbers": (
        '[fields.x]\nkind = "number"\ndefault = true', 3, "fields.x.default", "holds no words",
    ),
    "field name": ("[fields.Upper]", 1, "fields.Upper", "lower-case"),
    "built in name": ("[fields.problems]", 1, "fields.problems", "built in"),
    "built in": ("[fields.path]", 1, "fields.path", "built in"),
    "field is no table": ("fields.x = 1", 1, "fields.x", "expected a table"),
    "fields is no table": ("fields = 1", 1, "fields", "tables"),
    "alias of two": ('[fields.x]\naliases = ["title"]', 2, "fields.x.aliases", "'title'"),
    "inline table": ('fields = { x = { kind = "no" } }', 1, "fields.x.kind", "expected one of"),
    "not TOML": ("\na = = 1", 2, "", "not TOML"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line", "key", "reason"), REFUSED.values(), ids=list(REFUSED))
def test_a_bad_file_is_refused_with_file_line_and_key(
    tmp_path: Path, text: str, line: int, key: str, reason: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SettingsError) as raised:
        load_settings(path)
    error = raised.value
    assert (error.path, error.line, error.key) == (path, line, key)
    assert reason in error.reason
    assert str(error).startswith(f"{path}:{line}: ")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path / "none.toml")


def test_the_nearest_file_upward_is_found(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_settings(below) is None or not find_settings(below).is_relative_to(tmp_path)  # type: ignore[union-attr]
    path = written(tmp_path, "")
    assert find_settings(below) == path


def test_fields_survive_the_way_through_json() -> None:
    assert fields_from_json(fields_to_json(DEFAULT_FIELDS)) == DEFAULT_FIELDS
