"""Regular expressions that are compiled late, and the cleaning that mostly needs none."""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys

import pytest

import searchidx
from searchidx.patterns import _Pattern, late_pattern
from searchidx.render import _UNSAFE, clean


def test_it_works_as_a_compiled_one() -> None:
    late, now = late_pattern(r"(?P<a>x)\d*", re.I), re.compile(r"(?P<a>x)\d*", re.I)
    for text in ("X12 x", "nothing", ""):
        assert late.findall(text) == now.findall(text)
        assert late.sub("-", text) == now.sub("-", text)
        assert [m.span() for m in late.finditer(text)] == [m.span() for m in now.finditer(text)]
        assert bool(late.match(text, 1)) == bool(now.match(text, 1))
    assert (late.pattern, late.flags) == (now.pattern, now.flags)


def test_it_is_compiled_at_its_first_use() -> None:
    late = late_pattern("(")
    with pytest.raises(re.error):
        late.match("a")


def test_every_one_can_be_compiled() -> None:
    seen = 0
    for info in pkgutil.walk_packages(searchidx.__path__, "searchidx."):
        if info.name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(info.name)).values():
            if type(value) is _Pattern:
                assert value.match
                seen += 1
    assert seen


def test_what_is_printable_is_safe() -> None:
    for code in range(sys.maxunicode + 1):
        char = chr(code)
        assert (clean(char) == char) is (_UNSAFE.search(char) is None), hex(code)
