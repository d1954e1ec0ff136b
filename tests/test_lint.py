"""What is amiss with front matter: each rule by an example, then the command."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from searchidx.cli.main import main
from searchidx.lint import RULES, Level, lint
from searchidx.settings import Settings
from tests.conftest import write_posts

NOW = datetime(2021, 1, 1, tzinfo=UTC)
GOOD = "---\ntitle: Good {n}\nexcerpt: E\ntopics: [AI, Robots]\nquality: 5\n---\n"


def linted(folder: Path, posts: dict[str, str], *ignore: str) -> list[str]:
    good = {f"good{n}.md": GOOD.format(n=n) for n in range(5)}
    write_posts(folder, good | posts)
    report = lint([folder], Settings(base=folder), folder, ignore=ignore, now=NOW)
    assert report.posts == 5 + len(posts)
    return [str(finding) for finding in report.findings]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("---\ntitle: A\nexcerpt: E\n---\n", []),
        ("---\ntitle: A\n---\n", ["a.md:1: note: no excerpt [missing-excerpt]"]),
        (
            "---\ntitle: A\nexcerpt: E\ntopics:\n  - x1\n  - A.I.\n---\n",
            ["a.md:6: warning: topics: 'A.I.' is 'AI' in 5 posts [near-duplicate]"],
        ),
        (
            "---\nexcerpt: E\ntopics: [robot]\ntitle: A\n---\n",
            ["a.md:3: warning: topics: 'robot' is 'Robots' in 5 posts [near-duplicate]"],
        ),
        (
            "---\ntitle: A\nexcerpt: E\ndate: 2021-06-01\n---\n",
            ["a.md:4: warning: date: 2021-06-01 is to come [future-date]"],
        ),
        (
            "---\ntitle: A\nexcerpt: E\nrelated:\n  - title: Good 1\n  - title: Nosuch\n---\n",
            ["a.md:6: note: no post is called 'Nosuch' [unknown-related]"],
        ),
        (
            "---\ntitle: A\nexcerpt: E\nquality: [7]\n---\n",
            ["a.md:4: warning: quality: a list, and a number in 5 of 6 posts [type-drift]"],
        ),
    ],
    ids=["good", "excerpt", "spelling", "plural", "future", "related", "type"],
)
def test_rules(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert linted(tmp_path, {"a.md": text}) == expected


def test_what_indexing_would_say_is_said(tmp_path: Path) -> None:
    (found,) = linted(tmp_path, {"a.md": "---\ntitle: A\nexcerpt: E\nx: [1\n---\n"}, "type-drift")
    assert found.startswith("a.md:")
    assert found.endswith(("[front-matter]", "[unreadable]"))


def test_rules_can_be_left_out(tmp_path: Path) -> None:
    assert linted(tmp_path, {"a.md": "---\ntitle: A\n---\n"}, "missing-excerpt") == []


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    posts = {"a b.md": "---\ntitle: A\n---\n", "b.md": "---\ntitle: B\ndate: 2999-01-01\n---\n"}
    write_posts(tmp_path / "posts", posts)
    return tmp_path


def test_exit_codes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "posts"]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines()[1] == "posts/b.md:1: note: no excerpt [missing-excerpt]"
    assert err == "2 posts: 1 future-date, 2 missing-excerpt\n"
    assert main(["lint", "posts", "--ignore", "future-date"]) == 0
    assert main(["lint", "posts", "--ignore", "future-date", "--level", "note"]) == 1
    assert main(["lint", "posts", "--level", "error"]) == 0
    assert main(["lint", "posts", "--ignore", "nosuch"]) == 2
    assert "there is no rule 'nosuch'" in capsys.readouterr().err
    assert main(["lint", "nosuch"]) == 2


def test_json_and_sarif_say_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["lint", "posts", "--json"])
    plain = json.loads(capsys.readouterr().out)
    main(["lint", "posts", "--sarif"])
    log = json.loads(capsys.readouterr().out)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [r.name for r in RULES]
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert [place["artifactLocation"]["uri"] for place in places] == [
        "posts/a%20b.md", "posts/b.md", "posts/b.md",
    ]  # fmt: skip
    assert [result["message"]["text"] for result in run["results"]] == [
        finding["message"] for finding in plain["findings"]
    ]
    assert {finding["level"] for finding in plain["findings"]} <= {level.value for level in Level}
