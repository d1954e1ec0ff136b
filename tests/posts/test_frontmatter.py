"""Bytes become metadata and a body."""

# ruff: noqa: E501

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from searchidx.posts.frontmatter import FrontMatter, split_post
from searchidx.posts.problem import ProblemLog


def split(data: str | bytes) -> FrontMatter:
    return split_post(data.encode() if isinstance(data, str) else data, "p.md")


def told(front: FrontMatter) -> list[tuple[int, str, bool]]:
    return [(problem.line, problem.what, problem.lost_text) for problem in front.problems]


PLAIN = "---\ntitle: Tëst\n---\nbody\n"

QUIET: list[tuple[str, bytes, dict[str, Any], str, int]] = [
    ("plain", PLAIN.encode(), {"title": "Tëst"}, "body", 4),
    ("bom", b"\xef\xbb\xbf" + PLAIN.encode(), {"title": "Tëst"}, "body", 4),
    ("utf-16", PLAIN.encode("utf-16"), {"title": "Tëst"}, "body", 4),
    ("utf-32", PLAIN.encode("utf-32"), {"title": "Tëst"}, "body", 4),
    ("crlf", PLAIN.replace("\n", "\r\n").encode(), {"title": "Tëst"}, "body", 4),
    ("lone cr", PLAIN.replace("\n", "\r").encode(), {"title": "Tëst"}, "body", 4),
    ("blank lines", b"\n\n---\na: b\n---\n\n\n  code\n", {"a": "b"}, "  code", 8),
    ("dots close", b"---\na: b\n...\nbody", {"a": "b"}, "body", 4),
    ("empty block", b"---\n---\nbody", {}, "body", 3),
    ("only comment", b"---\n# no\n---\nbody", {}, "body", 4),
    ("nothing", b"", {}, "", 1),
    ("no block", b"body\n---\n", {}, "body\n---", 1),
    ("key names", b"---\ncontent: 1\nhandler: 2\nself: 3\n---", {"content": 1, "handler": 2, "self": 3}, "", 5),
    ("keys as written", b"---\non: a\n2020: b\n~: {1.10: c}\n---", {"on": "a", "2020": "b", "~": {"1.10": "c"}}, "", 5),
    ("merge key", b"---\na: &a {k: 1, l: 2}\nb: {<<: *a, l: 3}\n---", {"a": {"k": 1, "l": 2}, "b": {"l": 3, "k": 1}}, "", 4),
    ("last line end", b"---\na: |\n  b\n---\n", {"a": "b\n"}, "", 5),
    ("toml", b'+++\na = "b"\n[c]\nd = 1\n+++\nbody', {"a": "b", "c": {"d": 1}}, "body", 6),
    ("json lines", b'{\n"a": {"b": [1]}\n}\nbody', {"a": {"b": [1]}}, "body", 4),
    ("json one line", b'{"a": "\\ud800"} body', {"a": "\ufffd"}, " body", 1),
    ("liquid is no json", b"{% include x %}", {}, "{% include x %}", 1),
    ("long number", b"---\na: " + b"1" * 65 + b"\n---", {"a": "1" * 65}, "", 3),
]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "metadata", "body", "line"), [case[1:] for case in QUIET], ids=[c[0] for c in QUIET]
)
def test_read_without_problem(data: bytes, metadata: object, body: str, line: int) -> None:
    front = split(data)
    assert told(front) == []
    assert (front.metadata, front.body, front.body_line) == (metadata, body, line)


ALL_BODY = "so all of it is read as body"

NOISY: list[tuple[str, bytes, dict[str, Any], str, list[tuple[int, str, bool]]]] = [
    ("unclosed", b"---\na: b\nbody", {}, "---\na: b\nbody", [(1, f"front matter is never closed, {ALL_BODY}", False)]),
    ("almost closed", b"---\na: b\n--- # H\nbody", {"a": "b"}, " # H\nbody", [(3, "front matter is not closed as it should be", False)]),
    ("text", b"---\nprose\n---\nx", {}, "---\nprose\n---\nx", [(2, f"front matter is text, not keys with values, {ALL_BODY}", False)]),
    ("list", b"---\n- a\n---\nx", {}, "---\n- a\n---\nx", [(2, f"front matter is a list, not keys with values, {ALL_BODY}", False)]),
    ("repeated key", b"---\na: 1\nb: 2\na: 3\n---", {"a": 3, "b": 2}, "", [(2, "the key 'a' stands again at line 4, whose value is used", True)]),
    ("repeated below", b"---\na: {b: 1, b: 1}\n---", {"a": {"b": 1}}, "", [(2, "the key 'b' stands again at line 2, whose value is used", False)]),
    ("tag", b'---\na: !!python/object/apply:os.system ["id"]\nb: 1\n---', {"a": '!!python/object/apply:os.system ["id"]', "b": 1}, "", [(2, "unknown tag !!python/object/apply:os.system, read as the text it is", False)]),
    ("bad tag value", b"---\na: !!int x\n---", {"a": "!!int x"}, "", [(2, "'x' is no int (invalid literal for int() with base 10: 'x'), read as the text it is", False)]),
    ("item", b"---\na:\n- @x\n- y: 1\n---", {"a": ["@x", {"y": 1}]}, "", [(3, "a: found character that cannot start any token, read item by item", False)]),
    ("no space", b"---\ntitle:x\nb: 1\n---", {"title": "x", "b": 1}, "", [(2, "title: no space after the colon", False)]),
    ("conflict", b"---\na: 1\n<<<<<<< HEAD\n---\nx", {"a": 1}, "x\n\n<<<<<<< HEAD", [(3, "no key with a value, nor part of one, read as body", False)]),
    ("piece", b"---\na: b\n- c\nd: 1\n---\nx", {"d": 1}, "x\n\na: b\n- c", [(3, "a: did not find expected key, read as body", False)]),
    ("control", b"---\na: x\x07\nb: 1\n---", {"a": "x\x07", "b": 1}, "", [(2, "a: control characters are not allowed, read as plain text", False)]),
    ("cycle", b"---\na: &a [*a]\n---", {"a": [None]}, "", [(2, "an alias stands inside what it repeats, read as empty", False)]),
    ("nul", b"---\na: b\n---\nx\0y", {"a": "b"}, "x y", [(4, "holds NUL bytes, read as spaces", False)]),
    ("cp1252", b"---\na: caf\xe9\n---", {"a": "café"}, "", [(2, "not UTF-8 (byte 0xE9), read as Windows-1252", False)]),
    ("bad byte", b"---\na: \xc3\xa9\n---\n\xff", {"a": "é"}, "\ufffd", [(4, "not UTF-8 (byte 0xFF), such bytes were replaced by U+FFFD", True)]),
    ("toml piece", b'+++\na = 1\nb = \n[c]\nd = 1\n+++\nx', {"a": 1, "c": {"d": 1}}, "x\n\nb = ", [(3, "b: not TOML (Invalid value (at line 1, column 5)), read as body", False)]),
    ("json", b'{"a": 1,\n"b" 2}', {}, '{"a": 1,\n"b" 2}', [(2, f"front matter is not JSON (Expecting ':' delimiter), {ALL_BODY}", False)]),
    ("json repeated", b'{"a": 1,\n"a": 2}', {"a": 2}, "", [(1, "the key 'a' stands again at line 2, whose value is used", True)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "metadata", "body", "problems"), [c[1:] for c in NOISY], ids=[c[0] for c in NOISY]
)
def test_read_with_problem(
    data: bytes, metadata: object, body: str, problems: list[tuple[int, str, bool]]
) -> None:
    front = split(data)
    assert (front.metadata, front.body) == (metadata, body)
    assert told(front) == problems


LAUGHS = "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'ha'}]\n" for n in range(12)
)

ATTACKS = [
    ("dashes", "- " * 30_000, "nests deeper than 200 levels"),
    ("brackets", "[" * 60_000, "nests deeper than 200 levels"),
    ("colons", ": " * 30_000, "not YAML"),
    ("questions", "? " * 30_000, "nests deeper than 200 levels"),
    ("below a break", "a: 1\x85\x85b:\x85" + "- " * 30_000, "nests deeper than 200 levels"),
    ("columns", "".join(" " * n + "k:\n" for n in range(300)), "nests deeper than 200 levels"),
    ("behind an error", "a: b: c\nd: " + "[" * 9_000, "nests deeper than 200 levels"),
    ("laughs", LAUGHS, "over 100,000 values"),
    ("long laughs", f"a: &a {'x' * 9000}\nb: [{'*a, ' * 9000}]", "over 100,000 values"),
    ("large", "a: 1\n" * 60_000, "is over 256 KiB"),
    ("all repeated", "a: 1\n" * 50_000, "49899 more problems"),
    ("sexagesimal", "a: 1" + ":1" * 50_000, ""),
    ("spaces", "a" + " " * 200_000 + "\nb: c: d", "not YAML"),
]


@pytest.mark.parametrize(
    ("block", "what"), [case[1:] for case in ATTACKS], ids=[case[0] for case in ATTACKS]
)
def test_attack_is_a_problem(block: str, what: str) -> None:
    front = split(f"---\n{block}\n---\nbody")
    assert any(what in problem.what for problem in front.problems) == bool(what)
    assert front.body.endswith("body")


def test_deep_json_is_a_problem() -> None:
    front = split('{"a": ' + "[" * 100_000)
    assert "not JSON" in front.problems[0].what
    front = split('{"a": ' + "[" * 300 + "]" * 300 + "}")
    assert "200 levels" in front.problems[0].what


def test_real_nesting_is_not_refused() -> None:
    block = "".join(" " * 2 * n + f"k{n}:\n" for n in range(90))
    assert split(f"---\n{block}\n---\n").problems == []
    assert split(f"---\na: [{'[], ' * 500}]\n---\n").problems == []


WRITTEN = """
---
title: no
related:
  - title: 1.10
    at: 2020-05-20T10:00:00Z
  - title: "two"
ms.date: 05/06/2020
---
"""

PLACES = [
    ("title", (3, "no")),
    ("related", (5, None)),
    ("related[].title", (5, "1.10")),
    ("related[0].at", (6, "2020-05-20T10:00:00Z")),
    ("related[1].title", (7, "two")),
    ("related[9].title", (5, None)),
    ("ms.date", (8, "05/06/2020")),
    ("absent", (3, None)),
]


@pytest.mark.parametrize(("path", "place"), PLACES, ids=[path for path, _ in PLACES])
def test_locate(path: str, place: tuple[int, str | None]) -> None:
    assert split(WRITTEN).locate(path) == place


@pytest.mark.parametrize(
    ("text", "path", "place"),
    [
        ("---\na: b: c\nd: no\n---", "a", (2, None)),
        ("---\na: b: c\nd: no\n---", "d", (3, "no")),
        ("+++\na = 1\nb = 0x1F # hex\n+++", "b", (3, "0x1F")),
        ('{"a": 1,\n"b": 1.10}', "b", (2, "1.10")),
        ("body", "a", (1, None)),
        ("---\nb: 1\na: &a [*a]\n---", "a.b", (3, None)),
    ],
    ids=["salvaged text", "salvaged piece", "toml", "json", "none", "cycle"],
)
def test_locate_in_other_kinds(text: str, path: str, place: tuple[int, str | None]) -> None:
    assert split(text).locate(path) == place


def test_problems_beyond_the_limit_are_counted() -> None:
    log = ProblemLog("p.md")
    for line in range(1, 151):
        log.add(line, "bad", "mend it", lost_text=line == 150)
    problems = log.problems()
    assert len(problems) == 101
    assert problems[-1].what == "50 more problems in this file"
    assert problems[-1].lost_text


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    for opening in (b"", b"---\n", b"+++\n", b'{"'):
        front = split(opening + data)
        front.body.encode()
        assert all(isinstance(key, str) for key in front.metadata)


YAML_BITS = st.sampled_from(
    [
        "a",
        "b",
        ":",
        " ",
        "\n",
        "- ",
        "[",
        "]",
        "{",
        "}",
        "'",
        '"',
        "#",
        "&a ",
        "*a",
        "!!int ",
        "|\n",
    ]
    + [
        "1",
        "no",
        "2020-01-01",
        "<<",
        "? ",
        "key: ",
        "\n  ",
        "\n- ",
        ",",
        "\x85",
        "é",
        "%",
        "\t",
        "0x",
    ]
)


@given(st.lists(YAML_BITS, max_size=30).map("".join))
def test_any_yaml_gives_what_pyyaml_gives(block: str) -> None:
    front = split(f"---\n{block}\n---\n")
    try:
        value = yaml.load(block, Loader=yaml.CSafeLoader)
    except Exception:
        if "!!" not in block and "<<" not in block:  # keys are texts here, whatever their tag
            assert front.problems
        return
    if isinstance(value, dict) and not front.problems and has_text_keys(value):
        assert front.metadata == value


def has_text_keys(value: object) -> bool:
    if isinstance(value, list):
        return all(map(has_text_keys, value))
    if isinstance(value, dict):
        return all(type(key) is str and has_text_keys(item) for key, item in value.items())
    return True
