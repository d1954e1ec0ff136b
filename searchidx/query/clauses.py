"""One clause of a query, `field:value` or a plain word, becomes `whoosh.query` nodes.

Whoosh scores every node; here a clause that only narrows the result (a range, a keyword, a date) is
marked as a filter, so that the parser can keep it out of the score. Patterns score a constant, the
weight of their field.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import permutations
from typing import TypeVar

from whoosh import query

from searchidx.analysis import LONGEST_KEYWORD, fold, fold_value, query_slots, stemmer
from searchidx.names import HAS, PATH_VALUE, Names
from searchidx.patterns import late_pattern
from searchidx.settings import FieldKind, FieldSpec

YES = frozenset({"yes", "true", "on", "1", "y"})
NO = frozenset({"no", "false", "off", "0", "n"})

_NUMBER = late_pattern(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.I)
LONGEST_REGEX = 200
MOST_REPEATS = 4
MOST_NEAR_WORDS = 5
_REPEAT = late_pattern(r"[*+]|\{\d*,\}")
_NESTED_REPEAT = late_pattern(r"\((?:[^()]*[*+}|][^()]*|.*\(.*)\)[*+{]")
_GLOB_PART = late_pattern(r"\\(.)|([*?])|([^*?\\]+|\\)", re.S)
_GLOB_BREAK = late_pattern(r"[^\w*?&+#.\[\]]+|_|(?<=.)\.")


class Refusal(Exception):
    """Why a clause cannot be honoured, and what to write instead; the parser adds the position."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


def any_of(queries: Iterable[query.Query]) -> query.Query:
    """A node that matches what any of the nodes matches (at least one must be given)."""
    found = list(queries)
    return found[0] if len(found) == 1 else query.Or(found)


def all_of(queries: Iterable[query.Query]) -> query.Query:
    """A node that matches what all of the nodes match (at least one must be given)."""
    found = list(queries)
    return found[0] if len(found) == 1 else query.And(found)


def constant(node: query.Query, score: float = 1.0) -> query.Query:
    """The node with the same score for every document it matches."""
    if isinstance(node, query.ConstantScoreQuery):
        node = node.child
    return query.ConstantScoreQuery(node, score)


def text_query(names: Names, text: str, weight: float, slop: int = 0) -> query.Query:
    """Posts whose field holds the words of `text` one after the other.

    With a `slop`: in any order, neighbours at most `slop` positions apart.
    Raises: Refusal when the text has no letter or digit, or is near and has too many words.
    """
    found = query_slots(text)
    if not found:
        raise Refusal(f"{text!r} has no letter or digit to look for", "leave it out")
    stem = stemmer(names.language)
    terms = [names.prefix + stem(slot.term) for slot in found]
    if len(terms) > 1 and slop:
        return _near(names.terms, terms, weight, slop)
    if len(terms) > 1:
        return query.Phrase(names.terms, terms, boost=weight)
    if found[0].tail:
        return constant(query.Prefix(names.words, terms[0]), weight)
    return query.Term(names.terms, terms[0], boost=weight)


def _near(field: str, terms: list[str], weight: float, slop: int) -> query.Query:
    """The terms in any of their orders, each at most `slop` positions behind the one before."""
    if len(terms) > MOST_NEAR_WORDS:
        hint = f"use at most {MOST_NEAR_WORDS}, or AND"
        raise Refusal(f"{len(terms)} words near each other are too many", hint)
    orders = sorted(set(permutations(terms)))
    phrases = [query.Phrase(field, list(order), slop=slop, boost=weight) for order in orders]
    return phrases[0] if len(phrases) == 1 else query.DisjunctionMax(phrases)


def fuzzy_query(names: Names, text: str, weight: float, edits: int) -> query.Query:
    """Posts whose field holds the words of `text`, each changed in up to `edits` letters.

    An exact word scores as usual, a changed one scores the weight of the field.
    Raises: Refusal when the text has no letter or digit.
    """
    found = query_slots(text)
    if not found:
        raise Refusal(f"{text!r} has no letter or digit to look for", "leave it out")
    stem = stemmer(names.language)
    parts = []
    for slot in found:
        exact = query.Term(names.terms, names.prefix + stem(slot.term), boost=weight)
        near = query.FuzzyTerm(
            names.words, names.prefix + slot.term, maxdist=edits, prefixlength=len(names.prefix)
        )
        parts.append(query.Or([exact, constant(near, weight)]))
    return all_of(parts)


def pattern_query(names: Names, glob: str, weight: float, whole: bool) -> query.Query:
    """Posts whose field holds a word that fits the pattern (`*` any letters, `?` one).

    `glob` is as typed, with escapes. A pattern that spans words (`covid-1*`) asks for each of its
    parts in the same field; with `whole`, it asks for a whole value that fits, and a pattern of one
    word for either.
    """
    parts = [_glob_node(names.words, names.prefix, part) for part in _glob_words(glob)]
    choices = [all_of(parts)] if parts and not (whole and len(parts) > 1) else []
    if whole:
        choices.append(_glob_node(names.value, names.prefix, glob))
    if whole and names.value == PATH_VALUE:
        choices.append(_glob_node(names.value, "", f"*/{glob}"))
    if not choices:
        raise Refusal(f"{glob!r} has no letter or digit to look for", "leave it out")
    return constant(any_of(choices), weight)


def regex_query(names: Names, pattern: str, weight: float, whole: bool) -> query.Query:
    """Posts whose field holds a word (with `whole`, or a whole value) that is all of the pattern.

    Raises: Refusal when it is no regular expression.
    """
    start = "(?:.*/)?" if names.value == PATH_VALUE else re.escape(names.prefix)
    full = f"{start}(?:{_fold_regex(pattern)})$"
    if reason := _why_no_regex(pattern, full):
        raise Refusal(f"/{pattern}/ {reason}", "write a simpler one, such as /colou?r/")
    fields = [names.words, names.value] if whole and names.value != names.words else [names.words]
    return constant(any_of(query.Regex(field, full) for field in fields), weight)


def _why_no_regex(pattern: str, full: str) -> str:
    """What is wrong with a regular expression; empty when it can be used.

    A repeated group that itself repeats (`(a+)+`) can take for ever on a single word.
    """
    if len(pattern) > LONGEST_REGEX:
        return f"is longer than {LONGEST_REGEX} characters"
    if _NESTED_REPEAT.search(re.sub(r"\\.|\[[^]]*\]", "x", pattern)):
        return "repeats a group that repeats itself, which may never end"
    if len(_REPEAT.findall(re.sub(r"\\.|\[[^]]*\]", "x", pattern))) > MOST_REPEATS:
        return f"has more than {MOST_REPEATS} of * and +, which may take for ever"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)
            re.compile(full)
    except (re.error, OverflowError, RecursionError, FutureWarning) as error:
        return f"is no regular expression ({error})"
    return ""


def value_query(names: Names, text: str) -> query.Query:
    """Posts of which the field has exactly this value, but for case, accents and spaces."""
    value = fold_value(text, names.longest)
    if not value:
        raise Refusal("nothing to compare with", 'write the value, such as ="Computer Vision"')
    return constant(query.Term(names.value, names.prefix + value))


def path_query(names: Names, text: str) -> query.Query:
    """Posts whose path ends in, holds the folder, or holds the words of `text`."""
    value = fold_value(text, names.longest)
    folder = value.rstrip("/") + "/"
    choices = [
        query.Term(names.value, value),
        query.Wildcard(names.value, f"*/{_escaped(value)}"),
        query.Prefix(names.value, folder),
        query.Wildcard(names.value, f"*/{_escaped(folder)}*"),
    ]
    if "/" not in text:
        choices.append(text_query(names, text, 1.0))
    return constant(query.Or(choices))


def has_query(name: str) -> query.Query:
    """Posts in which the field (or `meta.KEY`) has a value."""
    return constant(query.Term(HAS, fold_value(name, LONGEST_KEYWORD)))


def number_query(spec: FieldSpec, compare: str, text: str) -> query.Query:
    """Posts whose number is as asked: `50`, `>50`, `50..100`, `..100`; both ends included.

    Raises: Refusal when the text is no number.
    """

    def ends(part: str, is_bound: bool) -> tuple[float, float]:
        if not _NUMBER.fullmatch(part) or not math.isfinite(float(part)):
            raise Refusal(
                f"{spec.name} is a number and {part!r} is not",
                f"write {spec.name}:50, {spec.name}:>50 or {spec.name}:50..100",
            )
        return float(part) + 0.0, float(part) + 0.0  # -0 is 0

    low, high = _bounds(spec.name, compare, text, ends)
    if low is not None and high is not None and low > high:
        raise _reversed(spec.name, text)
    return constant(
        query.NumericRange(spec.name, low, high, startexcl=compare == ">", endexcl=compare == "<")
    )


def date_query(spec: FieldSpec, compare: str, text: str, now: datetime) -> query.Query:
    """Posts whose date is in a period: `2020-05`, `>=2020`, `2020-05..2020-07`, `last month`.

    Raises: Refusal when the text is no date.
    """
    from searchidx.query import dates

    def ends(part: str, is_bound: bool) -> tuple[datetime, datetime]:
        try:
            period = (dates.parse_bound if is_bound else dates.parse_period)(part, now)
        except ValueError as error:
            reason = str(error) if repr(part) in str(error) else f"{part!r}: {error}"
            raise Refusal(f"{spec.name} is a date; {reason}", dates.HINT) from error
        return period.start.replace(tzinfo=None), period.end.replace(tzinfo=None)

    low, high = _bounds(spec.name, compare, text, ends)
    if low is not None and high is not None and low >= high:
        raise _reversed(spec.name, text)
    return constant(query.DateRange(spec.name, low, high, endexcl=True))


def bool_query(spec: FieldSpec, text: str) -> query.Query:
    """Posts in which the field is yes, or is no.

    Raises: Refusal when the text is neither.
    """
    word = text.strip().lower()
    if word not in YES | NO:
        hint = f"write {spec.name}:yes or {spec.name}:no"
        raise Refusal(f"{spec.name} is yes or no, and {text!r} is neither", hint)
    return constant(query.Term(spec.name, word in YES))


def steps_query(spec: FieldSpec, value: str, step: float) -> query.Query:
    """Posts whose number is from `value` up to a step more, or that value alone without a step;
    of a yes/no field those that are `value`."""
    if spec.kind is FieldKind.BOOL:
        return bool_query(spec, value)
    low = float(value)
    return constant(query.NumericRange(spec.name, low, low + step, endexcl=step > 0))


def required(tree: query.Query, condition: query.Query) -> query.Query:
    """What matches both; the condition does not change the score."""
    return query.Require(tree, condition)


def boosted(node: query.Query, factor: float) -> query.Query:
    """The tree with every score multiplied by `factor`."""
    if factor == 1.0:
        return node
    if isinstance(node, query.ConstantScoreQuery):
        return query.ConstantScoreQuery(node.child, node.score * factor)
    if type(node) is query.Term:
        return query.Term(node.fieldname, node.text, boost=node.boost * factor)
    if node.is_leaf():
        return node.with_boost(node.boost * factor)
    return node.apply(lambda part: boosted(part, factor))


_Value = TypeVar("_Value", float, datetime)


def _bounds(
    name: str, compare: str, text: str, ends: Callable[[str, bool], tuple[_Value, _Value]]
) -> tuple[_Value | None, _Value | None]:
    """The lowest and the highest value asked for.

    `ends` gives both for one part of the text, and is told whether that part bounds a range.
    """
    if compare in ("", "=") and ".." in text:
        first, _, last = text.partition("..")
        if not first and not last:
            raise Refusal(f"{name}:.. has no ends", f"write {name}:* for every post that has one")
        return ends(first, True)[0] if first else None, ends(last, True)[1] if last else None
    start, end = ends(text, compare not in ("", "="))
    bounds: dict[str, tuple[_Value | None, _Value | None]] = {
        ">": (end, None),
        ">=": (start, None),
        "<": (None, start),
        "<=": (None, end),
    }
    return bounds.get(compare, (start, end))


def _reversed(name: str, text: str) -> Refusal:
    first, _, last = text.partition("..")
    return Refusal(f"{name}:{text} ends before it starts", f"write {name}:{last}..{first}")


def is_one_word(glob: str) -> bool:
    """Whether a pattern is about a single word."""
    return len(_glob_words(glob.rstrip("?"))) == 1


def _glob_words(glob: str) -> list[str]:
    """The parts of a pattern that are about one word each, without those that hold no letter."""
    parts = _GLOB_BREAK.split(glob)
    return [part for part in parts if re.search(r"\w", part) or set(part) == {"*"} == set(glob)]


def _glob_node(field: str, prefix: str, glob: str) -> query.Query:
    literal = True
    text = []
    for escaped, wild, plain in _GLOB_PART.findall(glob):
        if wild:
            literal = False
            text.append(wild)
        else:
            folded = fold(plain or escaped)
            text.append(_escaped(folded))
    whole = "".join(text)
    if literal:
        return query.Term(field, prefix + re.sub(r"\[([*?\[])\]", r"\1", whole))
    body = whole.rstrip("*")
    if not re.search(r"[*?\[]", body):
        return query.Prefix(field, prefix + body)
    return query.Wildcard(field, _escaped(prefix) + whole)


def _escaped(text: str) -> str:
    """The text as a glob that fits it alone."""
    return re.sub(r"([*?\[])", r"[\1]", text)


def _fold_regex(pattern: str) -> str:
    """The pattern with its letters folded as terms are, but for those behind a backslash."""
    return re.sub(
        r"\\.|[^\\]+", lambda part: part[0] if part[0][0] == "\\" else fold(part[0]), pattern
    )
