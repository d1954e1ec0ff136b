"""A query tree in words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from searchidx.query.meaning import meaning_of
from searchidx.query.parse import parse_lenient
from searchidx.query.vocabulary import Vocabulary
from searchidx.settings import DEFAULT_FIELDS

VOCABULARY = Vocabulary(DEFAULT_FIELDS, lambda: frozenset({"author"}))
NOW = datetime(2021, 5, 18, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("", "no post"),
        ("*", "every post"),
        ("face masks", "face and mask"),
        ("running", "run"),
        ('"face mask" -visor', "“face mask”, but not visor"),
        ("mask OR visor", "mask or visor"),
        ("the mask", "mask"),
        ("topics:vision date:2020..2021", "topics: vision, where date 2020-01-01 to 2021-12-31"),
        ("(mas OR mas*)", "mas…"),
        ("(running OR running*)", "running…"),
        ("mask OR visor quality:>50", "mask or (visor, where quality above 50)"),
        ("quality:<5", "quality below 5"),
        ("quality:<=5", "quality up to 5"),
        ("quality:>=5", "quality from 5"),
        ("quality:5", "quality 5"),
        ("quality:5..9", "quality 5 to 9"),
        ("date:>=2020", "date from 2020-01-01"),
        ("date:<2020", "date up to 2019-12-31"),
        ("date:today", "date 2021-05-18"),
        ("date:-1h", "date 2021-05-18 11:30 to 2021-05-18 12:30"),
        ("recogniton~", "recogniton or recogniton~1"),
        ("title:/colou?r/", "title: /colou?r/"),
        ("meta.author:jane", "meta.author: jane"),
        ('topics:"ai ai"~3', "topics: “ai ai” within 3 words"),
        ("has:related", "has related"),
        ("missing:excerpt", "every post, but not has excerpt"),
        ("provider:=Bing", "provider: bing as a whole"),
        ("published:yes", "published: yes"),
        ("path:news", "path: news"),
        ("a (b OR c -d)", "b or (c, but not d)"),
    ],
)  # fmt: skip
def test_meanings(text: str, meaning: str) -> None:
    assert meaning_of(parse_lenient(text, VOCABULARY, NOW).tree) == meaning
