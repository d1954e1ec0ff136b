"""The docs are true: their queries parse, their examples run, their settings load."""

from __future__ import annotations

import html
import re
import shutil
from pathlib import Path

import pytest

from searchidx.cli.main import main
from searchidx.query.parse import parse
from searchidx.query.vocabulary import Vocabulary
from searchidx.settings import DEFAULT_FIELDS, load_settings
from searchidx.shell.commands import COMMANDS
from searchidx.shell.live.keys import KEYS
from tests.conftest import REPOSITORY, SEEDS

DOCS = REPOSITORY / "docs"
PAGES = [REPOSITORY / "README.md", REPOSITORY / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


def documented_queries() -> list[str]:
    text = (DOCS / "query-language.md").read_text(encoding="utf-8")
    return re.findall(r"^\| `(.+?)` \|", text, re.M)


@pytest.mark.parametrize("text", documented_queries())
def test_every_query_of_the_page_parses(text: str) -> None:
    vocabulary = Vocabulary(DEFAULT_FIELDS, lambda: frozenset({"author", "og:title"}))
    assert parse(text, vocabulary).tree


@pytest.mark.parametrize(
    "page", ["README.md", "docs/library.md", "docs/engine.md", "docs/ranking.md"]
)
def test_the_python_examples_run(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(SEEDS, tmp_path / "seeds")
    monkeypatch.chdir(tmp_path)
    assert main(["index", "--quiet"]) == 0
    for name in ("whoosh-index", "burst-index"):
        (tmp_path / name).mkdir()
    names: dict[str, object] = {}
    for block in blocks(REPOSITORY / page, "python"):
        exec(compile(block, page, "exec"), names)
    assert capsys.readouterr().out


def test_the_example_of_the_settings_page_loads(tmp_path: Path) -> None:
    (example,) = blocks(DOCS / "settings.md", "toml")
    path = tmp_path / "searchidx.toml"
    path.write_text(example, encoding="utf-8")
    names = {spec.name for spec in load_settings(path).fields}
    assert {"author", "tags", "title"} <= names


def test_the_error_example_is_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = blocks(DOCS / "query-language.md", "console")
    command, _, printed = example.partition("\n")
    query = re.search(r"'(.+)'", command)
    assert query is not None
    monkeypatch.chdir(tmp_path)
    main(["index", str(SEEDS), "--quiet"])
    assert main(["query", query[1]]) == 2
    assert capsys.readouterr().err == printed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_every_default_field_is_on_the_settings_page() -> None:
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    for spec in DEFAULT_FIELDS:
        for name in (spec.name, *spec.aliases, *spec.sources):
            assert f"`{name}`" in text, name


def test_every_shell_command_is_on_its_page() -> None:
    text = (DOCS / "shell.md").read_text(encoding="utf-8")
    for command in COMMANDS:
        assert f"`:{command.name}" in text, command.name


def test_every_key_of_the_live_shell_is_on_its_page() -> None:
    text = (DOCS / "shell.md").read_text(encoding="utf-8")
    for key in KEYS:
        for label in key.label.split(", "):
            assert label.split(" ")[0] in text, label


def test_the_picture_shows_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = re.sub(r"<[^>]+>", "", (DOCS / "query.svg").read_text(encoding="utf-8"))
    shown = re.sub(r"\s+", "", html.unescape(drawn))
    command = re.search(r"\$searchidxquery'(.+?)'-n3", shown)
    assert command is not None
    shutil.copytree(SEEDS, tmp_path / "seeds")
    monkeypatch.chdir(tmp_path)
    main(["index", "--quiet"])
    capsys.readouterr()
    main(["--color", "always", "query", "topics:vision mask", "-n", "3"])
    printed = re.sub(r"\x1b\[[\d;]*m|\s+", "", capsys.readouterr().out)
    assert shown.endswith(printed)
