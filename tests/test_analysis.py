"""Which terms a text gives: golden tokens, and what must hold for any text."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence

import pytest
import snowballstemmer
from hypothesis import assume, example, given
from hypothesis import strategies as st

from searchidx import analysis
from searchidx.analysis import (
    LONGEST_TERM,
    LONGEST_VALUE,
    Slot,
    _folded,
    chunk_slots,
    chunk_terms,
    fold,
    fold_value,
    fold_values,
    keeps_initials,
    needs_snowball,
    pieces_of,
    query_slots,
    slots,
    stemmer,
)
from searchidx.settings import LANGUAGES

GOLDEN = {
    "case": ("Face MASKS", "face masks"),
    "accents": ("Épuisé naïve Øre straße İstanbul", "epuise naive ore strasse istanbul"),
    "combining marks": ("cafe\u0301", "cafe"),
    "ligature and full width": ("ﬁn ＡＢＣ", "fin abc"),
    "soft hyphen": ("soft\u00adhyphen", "softhyphen"),
    "hyphen": ("covid-19 GPT-3", "covid 19 gpt 3"),
    "plus and sharp": ("C++, C# and g++.", "c++/c c#/c and g++/g"),
    "ampersand": ("R&D at AT&T; Q&A", "r&d/r/d at at&t/at/t q&a/q/a", "r&d at at&t q&a"),
    "dotted": (".NET not ASP.NET", ".net/net not asp net"),
    "acronym": ("the U.S. and A.I", "the us and ai"),
    "version": ("node.js 3.11.4", "node js 3 11 4"),
    "possessive": ("O'Reilly's women’s", "o reilly women"),
    "snake and slash": ("snake_case TCP/IP C/C++", "snake case tcp ip c c++/c"),
    "hashtag and name": ("#tag @me", "tag me"),
    "catalan": ("col·lecció", "colleccio"),
    "punctuation": ("— ... !!! (yes)", "yes"),
    "emoji": ("😀 party🎉", "😀 party 🎉"),
    "hindi": ("हिन्दी", "हिन्दी"),
    "greek and cyrillic": ("Άλφα Привет", "αλφα привет"),
    "japanese": ("勉強会", "勉強 強会 会", "勉強 強会"),
    "one kanji": ("車", "車"),
    "mixed scripts": ("GPT-3を使う", "gpt 3 を使 使う う", "gpt 3 を使 使う"),
    "korean": ("한국어", "한국 국어 어", "한국 국어"),
}


@pytest.mark.parametrize("case", GOLDEN.values(), ids=list(GOLDEN))
def test_golden_tokens(case: tuple[str, ...]) -> None:
    found = ["/".join([slot.term, *slot.also]) for slot in slots(case[0])]
    assert found == case[1].split()


@pytest.mark.parametrize("case", GOLDEN.values(), ids=list(GOLDEN))
def test_a_query_asks_for_the_terms_as_typed(case: tuple[str, ...]) -> None:
    expected = case[2] if len(case) > 2 else " ".join(w.split("/")[0] for w in case[1].split())
    assert [slot.term for slot in query_slots(case[0])] == expected.split()


def test_a_stem_is_the_same_for_forms_of_a_word() -> None:
    stem = stemmer("en")
    assert stem("recognition") == stem("recognitions")
    assert stem("gpt3") == "gpt3"
    assert stemmer("none")("masks") == "masks"


def test_a_long_value_keeps_its_start_and_stays_apart_from_others() -> None:
    one, other = fold_value("x" * 200 + "a"), fold_value("x" * 200 + "b")
    assert one != other
    assert len(one) < 60
    assert fold_value("X" * 200) == fold_value("x" * 200)
    assert fold_value("  Computer\n VISION ") == "computer vision"


def test_a_text_too_long_for_a_value_is_told_from_others_as_it_stands() -> None:
    text = "One word. " * 200
    terms, folded = fold_values([text, text.lower(), "Short"], LONGEST_VALUE)
    assert terms == [fold_value(text), fold_value(text.lower()), "short"]
    assert terms[0] != terms[1]
    assert folded[0].startswith("one word. one")


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_slots_lie_in_the_text_in_order(text: str) -> None:
    last = 0
    for slot in slots(text):
        assert 0 <= slot.start < slot.end <= len(text)
        assert slot.start >= last
        last = slot.start
        assert slot.term
        assert len(slot.term) <= LONGEST_TERM + 2


@given(st.text(alphabet=st.characters(categories=["Lu", "Ll", "Nd"]), min_size=1))
def test_case_and_accents_do_not_change_the_terms(text: str) -> None:
    assume(fold(text).isalnum())
    terms = [slot.term for slot in slots(text)]
    assert [slot.term for slot in slots(fold(text))] == terms


def test_threads_do_not_disturb_each_other_while_stemming() -> None:
    """In a process of its own, with stemmers in Python, whose objects hold the word at work."""
    script = """
import sys, threading
sys.modules["Stemmer"] = None
sys.setswitchinterval(1e-5)
from searchidx.analysis import stemmer
words = [a + b + c for a in ("run", "univers", "nation") for b in ("al", "iz", "it", "at", "er")
         for c in ("ing", "ation", "ies", "ed", "ness", "ity", "ers", "ional", "ungen", "heiten")]
import snowballstemmer
for language, name in (("en", "english"), ("de", "german")):
    shared, results = stemmer(language), {}
    def work(own):
        results[own] = [shared(word) for word in words]
    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    right = snowballstemmer.stemmer(name).stemWords(words)
    assert len(results) == 8 and all(found == right for found in results.values())
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def terms_of(some: Sequence[Slot]) -> tuple[list[str], list[tuple[int, str]]]:
    others = [(place, term) for place, slot in enumerate(some) for term in slot.also]
    return [slot.term for slot in some], others


@given(st.text("abcXYZ019.,-_/'&+#:;()\"!?sS%", max_size=10))
def test_plain_chunks_are_read_the_short_way_with_the_same_terms(chunk: str) -> None:
    assert chunk_slots(chunk) == pieces_of(chunk)
    assert chunk_terms(chunk) == terms_of(pieces_of(chunk))


@given(st.text("a1.&éßж日本ｶﾞがけ\u3099한กี\u200d\U0001f600\u3164", max_size=8))
def test_chunks_beyond_ascii_have_the_terms_of_their_slots(chunk: str) -> None:
    assert chunk_terms(chunk) == terms_of(pieces_of(chunk))


@given(st.text("abZ19.,-_/'&+# \t\n\x1f", max_size=20))
def test_the_slots_of_a_text_are_those_of_its_chunks(text: str) -> None:
    chunks = [(found[0], found.start()) for found in re.finditer(r"\S+", text)]
    assert list(slots(text)) == [
        slot._replace(start=slot.start + at, end=slot.end + at)
        for chunk, at in chunks
        for slot in chunk_slots(chunk)
    ]


@given(st.lists(st.text(alphabet="abZ1 .,\n\t\0_éß\u2003"), max_size=6), st.integers(1, 6))
def test_values_are_folded_many_at_once_as_one_by_one(some: list[str], longest: int) -> None:
    terms, folded = fold_values(some, longest)
    assert terms == [fold_value(text, longest) for text in some]
    assert folded == [fold_value(text, 1000) for text in some]


@given(st.text("abcdefghijklmnopqrstuvwxyzé", min_size=1, max_size=12))
@example("dying")
@example("skies")
@example("yes")
def test_a_stem_starts_as_its_word_where_that_is_relied_on(word: str) -> None:
    assert keeps_initials("en")
    assert not keeps_initials("nl")
    assert stemmer("en")(word)[0] == word[0]


def test_an_algorithm_of_snowball_is_the_one_that_the_package_gives() -> None:
    words = ["running", "photographs", "libraries", "generously", "häuser", "maisons"]
    for language, name in analysis._SNOWBALL.items():
        whole = snowballstemmer.stemmer(name)
        assert [stemmer(language)(word) for word in words] == whole.stemWords(words)


def test_every_language_of_the_settings_has_a_stemmer_and_english_needs_no_snowball() -> None:
    assert {name for name in LANGUAGES if not needs_snowball(name)} == {"none", "en"}
    assert all(stemmer(name)("aaa") for name in LANGUAGES)
    script = """
import sys
for name in ("snowballstemmer", "Stemmer", "searchidx.snowball"):
    sys.modules[name] = None
from searchidx.analysis import stemmer
print(stemmer("en")("photographs"), stemmer("none")("photographs"))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout.split(), done.stderr) == (["photograph", "photographs"], "")


ORDINARY = st.sampled_from("aZ9_éßØ½º.&+#'-,‘’“”–—…•€™·\u00ad\u0301\u20dd語ก한😀\ufe0f\u200d")


@given(st.text(ORDINARY | st.characters(max_codepoint=0x2FF), min_size=1, max_size=8))
@example("Müller’s")
@example("na\u00adive")
@example("a·b")
@example("C++–like")
def test_plain_chunks_have_the_pieces_that_any_chunk_has(chunk: str) -> None:
    if analysis._is_plain(chunk):
        plain = [(p.lastgroup, p.span()) for p in analysis._plain_piece().finditer(chunk)]
        assert plain == [(p.lastgroup, p.span()) for p in analysis._piece().finditer(chunk)]


@pytest.mark.parametrize(
    ("chunk", "is_plain"),
    [("naïve", True), ("“it’s”", True), ("e\u0301", False), ("a\u00adb", False), ("語", False)],
    ids=ascii,
)
def test_plain_chunks(chunk: str, is_plain: bool) -> None:
    assert analysis._is_plain(chunk) is is_plain


@given(st.text(alphabet="ab ßŁİſÅ’–éи´א日本゙ֹ́٠ﬁ\ud800😀"), st.text(alphabet="xy ", min_size=60))
def test_long_texts_are_folded_as_short_ones(odd: str, plain: str) -> None:
    text = plain[:30] + odd + plain[30:] + "Zoë" + plain
    assert fold(text) == _folded(text)
