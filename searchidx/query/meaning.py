"""A query tree in words: what searchidx understood of a query, for people to read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, time, timedelta

from whoosh import query

from searchidx.names import ANY, ANY_WORDS, HAS, META, PATH_VALUE
from searchidx.posts.model import number_text

MANY_FIELDS = 3
STEM_LETTERS = 2
"""So many letters a word and its stem have in common."""

_PARTS = (".words", ".value")
_PLAIN = frozenset({ANY, ANY_WORDS})
_MICROSECOND = timedelta(microseconds=1)


def meaning_of(tree: query.Query) -> str:
    """The tree as a phrase such as `mask and topics: vision, where date 2020-01-01 to 2020-12-31`.

    Words stand there as they are looked for: folded and stemmed.
    """
    return _told(tree)


def leaf_meanings(tree: query.Query) -> Iterator[tuple[str, query.Query]]:
    """Everything that a tree looks for, each in words and as a query of its own."""
    for leaf in tree.leaves():
        yield _told(leaf), leaf


def _told(node: query.Query) -> str:
    match node:
        case query.Require():
            return f"{_grouped(node.a)}, where {_told(node.b)}"
        case query.AndNot():
            kept = "every post" if isinstance(node.a, query.Every) else _told(node.a)
            return f"{kept}, but not {_grouped(node.b)}"
        case query.AndMaybe():
            return f"{_told(node.a)}, better with {_grouped(node.b)}"
        case query.Not():
            return f"not {_grouped(node.query)}"
        case query.ConstantScoreQuery():
            return _told(node.child)
    for kind, tell in _LEAVES:
        if isinstance(node, kind):
            return tell(node)
    if isinstance(node, query.Or | query.DisjunctionMax):
        return _either(node)
    if isinstance(node, query.And):
        return _joined(node.children(), " and ")
    return "no post" if node == query.NullQuery else type(node).__name__


def _joined(nodes: Iterable[query.Query], glue: str) -> str:
    """The parts, each said once; those with a part of their own in parentheses."""
    told = list(dict.fromkeys(_grouped(node) for node in nodes))
    return told[0].removeprefix("(").removesuffix(")") if len(told) == 1 else glue.join(told)


def _grouped(node: query.Query) -> str:
    """The node in parentheses where it says several things."""
    told = _told(node)
    is_joined = " or " in told or " and " in told or ", " in told
    return f"({told})" if is_joined and not node.is_leaf() else told


def _either(node: query.Query) -> str:
    """Any of several; what is looked for alike in many fields is said once, without them."""
    children = list(node.children())
    if _is_path(children[0]):
        return f"path: {children[0].text}"
    if grown := _started(node):
        return _told(grown)
    if all(isinstance(child, query.Term) and child.fieldname in _PLAIN for child in children):
        stem = min((str(child.text) for child in children), key=len)
        if all(child.text.startswith(stem) for child in children):
            return stem  # a word, looked for stemmed and as it is
    bare = {_bare(child) for child in children}
    if len(children) >= MANY_FIELDS and len(bare) == 1:
        return bare.pop()
    return _joined(children, " or ")


def _started(node: query.Query) -> query.Query | None:
    """The start of a word, where it is looked for beside that very word; else None."""
    *words, last = node.children()
    start = last.child if isinstance(last, query.ConstantScoreQuery) else last
    leaves = [leaf for word in words for leaf in word.leaves()]
    if not isinstance(start, query.Prefix) or not all(isinstance(w, query.Term) for w in leaves):
        return None
    is_alike = all(start.text.startswith(leaf.text[:STEM_LETTERS]) for leaf in leaves)
    return start if is_alike else None


def _is_path(node: query.Query) -> bool:
    return isinstance(node, query.Term) and node.fieldname == PATH_VALUE


def _bare(node: query.Query) -> str:
    """What is looked for, whatever the field."""
    if isinstance(node, query.DisjunctionMax | query.Or):
        return _bare(next(iter(node.children())))
    told = _told(node)
    name = node.field()
    return told.removeprefix(_named(name, "")) if name else told


def _named(name: str, what: str) -> str:
    if name in _PLAIN or not name:
        return what
    for part in _PARTS:
        name = name.removesuffix(part)
    if name == META and "=" in what:
        key, _, what = what.partition("=")
        name = f"{name}.{key}"
    return f"{name}: {what}"


def _term(node: query.Term) -> str:
    if node.fieldname == HAS:
        return f"has {node.text}"
    if isinstance(node.text, bool):
        return _named(node.fieldname, "yes" if node.text else "no")
    told = _named(node.fieldname, str(node.text))
    return f"{told} as a whole" if node.fieldname.endswith(".value") else told


def _phrase(node: query.Phrase) -> str:
    near = f" within {node.slop} words" if node.slop > 1 else ""
    return _named(node.fieldname, f"“{' '.join(node.words)}”{near}")


def _regex(node: query.Regex) -> str:
    text = node.text.replace("\\=", "=").removesuffix(")$")
    return _named(node.fieldname, f"/{text.replace('(?:', '', 1)}/")


def _numbers(node: query.NumericRange) -> str:
    ends = (node.start, node.end)
    low, high = (number_text(float(end)) if end is not None else "" for end in ends)
    if low and high:
        return f"{node.fieldname} {low}" if low == high else f"{node.fieldname} {low} to {high}"
    if low:
        return f"{node.fieldname} {'above' if node.startexcl else 'from'} {low}"
    return f"{node.fieldname} {'below' if node.endexcl else 'up to'} {high}"


def _dates(node: query.DateRange) -> str:
    low = _instant(node.startdate)
    end = node.enddate
    high = _instant(end - _MICROSECOND if end and node.endexcl and end > datetime.min else end)
    if low and high:
        return f"{node.fieldname} {low}" if low == high else f"{node.fieldname} {low} to {high}"
    return f"{node.fieldname} from {low}" if low else f"{node.fieldname} up to {high}"


def _instant(value: datetime | None) -> str:
    """A date, with the time when it is neither the first nor the last of its day."""
    if value is None:
        return ""
    is_day = value.time() in (time.min, time.max)
    return value.date().isoformat() if is_day else value.strftime("%Y-%m-%d %H:%M")


_LEAVES: tuple[tuple[type[query.Query], Callable[..., str]], ...] = (
    (query.Every, lambda node: "every post"),
    (query.Phrase, _phrase),
    (query.FuzzyTerm, lambda node: _named(node.fieldname, f"{node.text}~{node.maxdist}")),
    (query.Prefix, lambda node: _named(node.fieldname, f"{node.text}…")),
    (query.Wildcard, lambda node: _named(node.fieldname, node.text)),
    (query.Regex, _regex),
    (query.DateRange, _dates),
    (query.NumericRange, _numbers),
    (query.Term, _term),
)
