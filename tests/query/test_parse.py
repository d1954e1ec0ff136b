"""Queries to trees: what is understood, what is refused and how; any text is one of both."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whoosh import query

from searchidx.errors import QueryError
from searchidx.query.parse import parse, parse_lenient
from searchidx.query.vocabulary import Vocabulary
from searchidx.settings import DEFAULT_FIELDS

NOW = datetime(2020, 5, 20, tzinfo=UTC)
EVERYWHERE = Vocabulary(DEFAULT_FIELDS, lambda: frozenset({"author", "ampweburl"}))
IN_TITLE = Vocabulary(
    DEFAULT_FIELDS,
    lambda: frozenset({"author", "ampweburl", "og:title", "@id", 'my "key'}),
    ("title",),
)


def shown(node: query.Query) -> str:
    """A tree in few words: `+` required, `?` optional, `-` excluded, `#` a filter, `=` constant."""
    match node:
        case query.And():
            return "(" + " & ".join(map(shown, node.children())) + ")"
        case query.Or():
            return "(" + " | ".join(map(shown, node.children())) + ")"
        case query.AndNot():
            return f"{shown(node.a)} - {shown(node.b)}"
        case query.AndMaybe():
            return f"{shown(node.a)} ? {shown(node.b)}"
        case query.Require():
            return f"{shown(node.a)} # {shown(node.b)}"
        case query.ConstantScoreQuery():
            return "=" + shown(node.child)
        case query.Phrase():
            near = f"~{node.slop}" if node.slop > 1 else ""
            return f"{node.fieldname}:{'_'.join(node.words)}{near}"
        case query.DisjunctionMax():
            return f"max({', '.join(map(shown, node.children()))})"
        case query.NumericRange():
            dates = isinstance(node, query.DateRange)
            bounds = (node.startdate, node.enddate) if dates else (node.start, node.end)
            ends = [str(end.date() if dates and end else end) for end in bounds]
            left, right = "(" if node.startexcl else "[", ")" if node.endexcl else "]"
            return f"{node.fieldname}:{left}{ends[0]},{ends[1]}{right}"
        case query.Every():
            return "*"
        case query.FuzzyTerm():
            return f"{node.fieldname}:{node.text}~{node.maxdist}"
        case query.Prefix():
            return f"{node.fieldname}:{node.text}*"
        case query.Regex():
            return f"{node.fieldname}:/{node.text}/"
        case query.Term() | query.Wildcard():
            return f"{node.fieldname}:{node.text}"
    return repr(node)


TREES = {
    "words": ("face masks", "(title:face & title:mask)"),
    "accents and case": ("ÉTÉ", "title:ete"),
    "or binds looser": ("x OR y z", "(title:x | (title:y & title:z))"),
    "stop words are left out": ("the mask", "title:mask"),
    "stop words alone": ("the", "title:the"),
    "stop words alone together": ("to be", "(title:to & title:be)"),
    "stop words with AND": ("the AND mask", "(title:the & title:mask)"),
    "phrase": ('"face masks"', "title:face_mask"),
    "phrase with stop word": ('"the mask"', "title:the_mask"),
    "near": ('"face masks"~5', "max(title:face_mask~5, title:mask_face~5)"),
    "compound": ("covid-19", "=title:covid_19 ? (title:covid | title:19)"),
    "specials": ("C++ R&D .NET", "(title:c++ & title:r&d & title:.net)"),
    "unspaced": ("勉強会", "=title:勉強_強会 ? (title:勉強 | title:強会)"),
    "one letter of unspaced": ("車", "=title.words:車*"),
    "exclude": ("mask -face", "title:mask - title:face"),
    "only exclude": ("-face", "* - title:face"),
    "exclude twice": ("NOT -face", "title:face"),
    "prefix": ("mas*", "=title.words:mas*"),
    "wildcard": ("w?rd*", "=title.words:w?rd*"),
    "wildcard folds": ("CAFÉ*", "=title.words:cafe*"),
    "question mark at the end": ("masks?", "title:mask"),
    "escaped star": (r"mask\*", "title:mask"),
    "pattern over words": ("covid-1*", "=(title.words:covid & title.words:1*)"),
    "regex": ("/colou?r/", "=title.words:/(?:colou?r)$/"),
    "regex folds letters only": (r"/\S+É/", r"=title.words:/(?:\S+e)$/"),
    "fuzzy": ("mask~", "(title:mask | =title.words:mask~1)"),
    "fuzzy two": ("mask~2", "(title:mask | =title.words:mask~2)"),
    "filter": ("mask quality:>5", "title:mask # =quality:(5.0,None]"),
    "number": ("quality:5", "=quality:[5.0,5.0]"),
    "number range": ("quality:-5..10", "=quality:[-5.0,10.0]"),
    "open range": ("quality:..10", "=quality:[None,10.0]"),
    "date month": ("date:2020-05", "=date:[2020-05-01,2020-06-01)"),
    "date range": ("date:2020-05..2020-06", "=date:[2020-05-01,2020-07-01)"),
    "date above": ("date:>2020-05", "=date:[2020-06-01,None)"),
    "date ago": ("date:-30d", "=date:[2020-04-20,2020-05-20)"),
    "older than": ("date:<-30d", "=date:[None,2020-04-20)"),
    "newer than": ("date:>=-30d", "=date:[2020-04-20,None)"),
    "between ago": ("date:-60d..-30d", "=date:[2020-03-21,2020-04-20)"),
    "near, next to each other": ('"a b"~1', "max(title:a_b, title:b_a)"),
    "near the same word": ('"mask masks"~3', "title:mask_mask~3"),
    "date words": ('date:"last month"', "=date:[2020-04-01,2020-05-01)"),
    "date up to": ("date:<=2020", "=date:[None,2021-01-01)"),
    "bool": ("published:yes", "=published:True"),
    "alias": ("topic:ai", "topics:ai"),
    "field in any case": ("TITLE:x", "title:x"),
    "field and space": ("title: mask", "title:mask"),
    "colon in text": ("update: mask", "(title:updat & title:mask)"),
    "group in field": ("topics:(a OR b)", "(topics:a | topics:b)"),
    "whole value": ('topics:="Computer  Vision"', "=topics.value:computer vision"),
    "keyword": ("provider:Bing", "=provider:bing"),
    "keyword prefix": ("provider:bi*", "=(provider:bi* | provider.value:bi*)"),
    "path folder": ("path:news/2020*", "=(path.value:news/2020* | path.value:*/news/2020*)"),
    "path": (
        "path:news/",
        "=(path.value:news/ | path.value:*/news/ | path.value:news/* | path.value:*/news/*)",
    ),
    "has": ("has:related", "=has:related"),
    "has alias": ("has:topic", "=has:topics"),
    "missing": ("missing:excerpt", "* - =has:excerpt"),
    "field star": ("excerpt:*", "=has:excerpt"),
    "meta": ("meta.author:Jane", "=meta:author=jane"),
    "meta phrase": ('meta.Author:"Jane Doe"', "=meta:author=jane_author=doe"),
    "meta prefix": ("meta.author:j*", "=(meta:author=j* | meta.value:author=j*)"),
    "meta with odd signs": ('meta."og:title":x meta.@id:y', "(=meta:og:title=x & =meta:@id=y)"),
    "meta with a space": (r'meta."my \"key":x', '=meta:my "key=x'),
    "all": ("*", "*"),
    "dash between words": ("face - mask", "(title:face & title:mask)"),
}


@pytest.mark.parametrize(("text", "tree"), TREES.values(), ids=list(TREES))
def test_trees(text: str, tree: str) -> None:
    assert shown(parse(text, IN_TITLE, NOW).tree) == tree


def test_a_boost_reaches_every_leaf() -> None:
    boosted = parse('(mask OR "a b" OR x*)^2', IN_TITLE).tree
    assert [getattr(n, "boost", None) or n.score for n in boosted.children()][:2] == [6.0, 6.0]
    assert list(boosted.children())[2].score == 6.0


def test_plain_words_are_looked_for_in_the_default_fields_as_one() -> None:
    assert parse("mask", EVERYWHERE).tree == query.Term("any", "mask")
    assert parse("masks", EVERYWHERE).tree == query.Term("any", "mask")


def test_a_phrase_is_looked_for_in_each_default_field_with_its_weight() -> None:
    tree = parse('"face mask"', EVERYWHERE).tree
    leaves = {leaf.fieldname: leaf.boost for leaf in tree.children()}
    assert leaves == {
        "title": 3.0, "excerpt": 1.0, "topics": 2.0, "related": 0.7, "body": 1.0, "provider": 0.5,
    }  # fmt: skip


def test_other_fields_than_the_default_ones_are_looked_in_one_by_one() -> None:
    vocabulary = Vocabulary(DEFAULT_FIELDS, plain=("title", "excerpt"))
    tree = parse("mask", vocabulary).tree
    assert {leaf.fieldname: leaf.boost for leaf in tree.children()} == {"title": 3, "excerpt": 1}


def test_a_pattern_of_one_letter_is_no_stop_word() -> None:
    assert isinstance(parse("a* mask", EVERYWHERE).tree, query.And)


@pytest.mark.parametrize(
    ("text", "is_ranked"),
    [("mask", True), ("the", True), ("*", False), ("quality:5", False), ("-mask", False),
     ("quality:5 OR mask", True), ("provider:bing date:2020", False), ("topics:ai", True)],
)  # fmt: skip
def test_only_what_is_looked_for_ranks(text: str, is_ranked: bool) -> None:
    assert parse(text, EVERYWHERE, NOW).is_ranked is is_ranked


REFUSED = {
    "empty": ("", "^", "the query is empty", "*"),
    "white space": ("  ", "^", "the query is empty", "*"),
    "unknown field": ("provder:x", "^^^^^^^^", "there is no field 'provder'", "provider:"),
    "unknown meta key": ("meta.autor:x", "^^^^^^^^^^^", "no post has", "meta.author:"),
    "bad date": ("date:soon", "     ^^^^", "date is a date; 'soon' is no date", "2020-05"),
    "impossible date": ("date:2020-02-31", "     ^^^^^^^^^^", "day is out of range", "2020-05"),
    "bad number": ("quality:abc", "        ^^^", "'abc' is not", "quality:>50"),
    "infinite number": ("quality:1e999", "        ^^^^^", "is not", "quality:>50"),
    "bad bool": ("published:maybe", "          ^^^^^", "yes or no", "published:yes"),
    "unclosed quote": ('x "a b', "  ^^^^", "never closed", '"'),
    "unclosed parenthesis": ("x (a b", "  ^", "never closed", ")"),
    "unopened parenthesis": ("a) b", " ^", "never opened", "remove"),
    "empty group": ("a ()", "  ^^", "nothing stands in this group", "remove"),
    "lone AND": ("a AND", "  ^^^", "AND stands alone", "quote it"),
    "lone OR at the start": ("OR a", "^^", "OR stands alone", "quote it"),
    "lone NOT": ("a NOT", "  ^^^", "NOT stands alone", "quote it"),
    "two operators": ("a AND OR b", "  ^^^", "AND stands alone", "quote it"),
    "field with nothing": ("title:", "^^^^^^", "nothing stands behind title:", "title:*"),
    "compare with nothing": ("quality:>", "        ^", "nothing stands behind >", "number"),
    "reversed range": ("quality:5..1", "        ^^^^", "ends before it starts", "quality:1..5"),
    "range with no ends": ("quality:..", "        ^^", "no ends", "quality:*"),
    "compare text": ("title:>5", "       ^", "title is text", "title:5"),
    "compare meta": ("meta.author:>5", "             ^", "is text", "searchidx.toml"),
    "too fuzzy": ("word~7", "^^^^^^", "more than 2 edits", '"two words"~7'),
    "too far": ('"a b"~100', "^^^^^^^^^", "more than 99 words apart", "AND"),
    "field in front of a field": ("title: topics:x", "^^^^^^", "nothing stands behind", "title:*"),
    "fields without end": ("title: " * 600 + "x", "^^^^^^", "nothing stands behind", "title:*"),
    "field in front of a minus": ("title: -x", "^^^^^^", "nothing stands behind", "title:*"),
    "zero boost": ("a^0", " ^^", "boost of 0", "above 0"),
    "fuzzy group": ("(a b)~2", "     ^^", "a group cannot be fuzzy", "each word"),
    "fuzzy number": ("quality:5~", "        ^^", "is a number", "range"),
    "minus in a field": ("title:-x", "      ^^", "starts with -", "-title:x"),
    "nothing to look for": ("!!!", "^^^", "no letter or digit", "*"),
    "empty phrase": ('""', "^^", "no letter or digit", "leave it out"),
    "bad regex": ("/[/", "^^^", "no regular expression", "simpler"),
    "endless regex": ("/(a+)+b/", "^^^^^^^^", "may never end", "simpler"),
    "slow regex": ("/a*b*c*d*e*/", "^^^^^^^^^^^^", "more than 4", "simpler"),
    "huge regex": ("/a{99999999999}/", "^" * 16, "no regular expression", "simpler"),
    "long regex": (f"/{'a' * 300}/", "^" * 302, "longer than 200", "simpler"),
    "doubtful regex": ("/[[a]/", "^^^^^^", "no regular expression", "simpler"),
    "regex with flags": ("/(?i)a/", "^^^^^^^", "no regular expression", "simpler"),
    "reversed dates": ("date:2020..2019", "     ^^^^^^^^^^", "ends before it starts", "2019..2020"),
    "many near words": ('"a b c d e f"~5', "^" * 15, "too many", "at most 5"),
    "has what": ("has:foo", "    ^^^", "there is no field 'foo'", "searchidx fields"),
    "empty value": ('topics:=""', "        ^^", "nothing to compare with", "="),
    "too deep": ("(" * 60, " " * 50 + "^", "too many parentheses", "50"),
}


@pytest.mark.parametrize(("text", "carets", "reason", "hint"), REFUSED.values(), ids=list(REFUSED))
def test_what_cannot_be_honoured_is_refused(text: str, carets: str, reason: str, hint: str) -> None:
    with pytest.raises(QueryError) as raised:
        parse(text, EVERYWHERE, NOW)
    error = raised.value
    assert error.text == text
    assert error.diagram().split("\n")[1] == carets
    assert reason in error.reason
    assert hint in error.hint


LENIENT = {
    "unknown field": ("provder:mask", "title:mask"),
    "unclosed quote": ('"face mask', "title:face_mask"),
    "unclosed parenthesis": ("(face mask", "(title:face & title:mask)"),
    "bad number": ("mask quality:abc", "title:mask"),
    "lone operator": ("mask AND", "title:mask"),
    "several": ("AND mask) quality:x face", "(title:mask & title:face)"),
}


@pytest.mark.parametrize(("text", "tree"), LENIENT.values(), ids=list(LENIENT))
def test_the_lenient_reading_keeps_the_rest_and_tells(text: str, tree: str) -> None:
    parsed = parse_lenient(text, IN_TITLE, NOW)
    assert shown(parsed.tree) == tree
    assert parsed.problems


PIECES = ["mask", "the", '"', '"a b"', "(", ")", "AND", "OR", "NOT", "-", "title:", "quality:", ">"]
PIECES += ["..", "5", "date:", "2020", "~", "^2", "*", "?", "/a/", "/", ":", "=", "\\", "has:", " "]


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)))
def test_any_text_parses_or_is_refused(text: str) -> None:
    lenient = parse_lenient(text, EVERYWHERE, NOW)
    assert isinstance(lenient.tree, query.Query)
    if not lenient.problems:
        assert parse(text, EVERYWHERE, NOW).tree == lenient.tree
        return
    with pytest.raises(QueryError) as raised:
        parse(text, EVERYWHERE, NOW)
    error = raised.value
    assert 0 <= error.position <= len(text)
    assert error.end > error.position
    assert error.reason
    assert error.hint


LANGUAGES = Vocabulary(
    tuple(
        replace(spec, language=language, default=True)
        for spec, language in zip(DEFAULT_FIELDS, ("de", "en", "none"), strict=False)
    )
)


@given(
    st.sampled_from([EVERYWHERE, IN_TITLE, LANGUAGES, Vocabulary(())]),
    st.lists(
        st.one_of(
            st.sampled_from(["the", "and", "or", "masks", "running", "2020", "häuser", "x" * 70]),
            st.text("aensy0", min_size=1),
        ),
        min_size=1,
        max_size=12,
    ),
)
def test_words_alone_mean_what_the_grammar_makes_of_them(
    vocabulary: Vocabulary, words: list[str]
) -> None:
    alone, by_grammar = " ".join(words), "  ".join(words) + " "
    parsed = parse_lenient(alone, vocabulary, NOW)
    other = parse_lenient(by_grammar, vocabulary, NOW)
    assert repr(parsed._replace(text="", problems=())) == repr(other._replace(text="", problems=()))
    assert [p.reason for p in parsed.problems] == [p.reason for p in other.problems]
