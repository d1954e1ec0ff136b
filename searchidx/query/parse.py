"""Tokens become a `whoosh.query` tree, or a QueryError with the position and a hint.

    query   = all { OR all }
    all     = clause { [AND] clause }
    clause  = ( NOT | - ) clause | [field :] value { ~ | ^ }
    value   = word | "phrase" | /regex/ | ( query )

In a tree, what is looked for is scored; filters (ranges, keywords, dates, yes/no) are required
beside it and do not change the score. Words that every text has (stop words), typed plainly beside
others, add to the score and are not required.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from whoosh import query

from searchidx.analysis import LONGEST_TERM
from searchidx.errors import QueryError
from searchidx.query import clauses
from searchidx.query.clauses import Refusal
from searchidx.query.lex import PLAIN_WORDS, Token, TokenKind, lex
from searchidx.query.prose import SENTENCE, as_prose, is_prose
from searchidx.query.values import (
    Clause,
    Modifiers,
    Role,
    Target,
    TargetKind,
    Value,
    clause_of,
    is_punctuation,
    word_of,
)
from searchidx.query.vocabulary import ParsedQuery, Vocabulary
from searchidx.query.words import Conjunction

if TYPE_CHECKING:
    from searchidx.query.synonyms import Synonyms

DEEPEST_NESTING = 50
_OPERATORS = (TokenKind.AND, TokenKind.OR)
_VALUES = (
    TokenKind.WORD, TokenKind.PHRASE, TokenKind.REGEX, TokenKind.OPEN, TokenKind.COMPARE,
)  # fmt: skip


def parse(
    text: str,
    vocabulary: Vocabulary,
    now: datetime | None = None,
    synonyms: Synonyms | None = None,
) -> ParsedQuery:
    """The query, all of it. `now` (aware) is what `today` counts from; `synonyms` are looked for in
    the place of words typed plainly.

    Raises: QueryError for the first part that cannot be honoured.
    """
    parsed = parse_lenient(text, vocabulary, now, synonyms)
    if parsed.problems:
        raise parsed.problems[0]
    return parsed


def parse_lenient(
    text: str,
    vocabulary: Vocabulary,
    now: datetime | None = None,
    synonyms: Synonyms | None = None,
) -> ParsedQuery:
    """The best reading of a query: what cannot be honoured is left out and told in `problems`.

    A query with nothing left matches no post.
    """
    clause = _words_alone(text, vocabulary)
    problems: tuple[QueryError, ...] = ()
    if clause is None:
        parser = _Parser(text, vocabulary, now or datetime.now(UTC))
        clause = parser.whole()
        problems = tuple(sorted(parser.problems, key=lambda problem: problem.position))
    if clause is None:
        return ParsedQuery(text, query.NullQuery, False, problems)
    is_ranked = clause.role is Role.LOOKED_FOR
    tree, asked = _standing(clause), clause.parts
    if asked is None or not asked.words:
        return ParsedQuery(text, tree, is_ranked, problems)
    if synonyms is not None:
        asked = synonyms.applied(asked, vocabulary)
        tree = asked.strict()
    title = asked.title(text, vocabulary.title)
    runs = asked.runs(vocabulary.telling_fields)
    return ParsedQuery(text, tree, is_ranked, problems, asked.loose(), title, runs, asked)


def _words_alone(text: str, vocabulary: Vocabulary) -> Clause | None:
    """A query of nothing but words, as most are: there is no grammar to it. None for any other."""
    if not PLAIN_WORDS.fullmatch(text) or not vocabulary.plain_fields:
        return None
    words = tuple([word_of(term[:LONGEST_TERM], vocabulary) for term in text.split()])
    if len(words) == 1:
        return Clause(words[0].node, Role.LOOKED_FOR, Conjunction(words))
    asked = Conjunction(words)
    return Clause(asked.strict(), Role.LOOKED_FOR, asked)


class _Parser:
    def __init__(self, text: str, vocabulary: Vocabulary, now: datetime) -> None:
        self.text = text
        self.vocabulary = vocabulary
        self.now = now
        self.tokens = list(lex(text))
        if len(self.tokens) >= SENTENCE and is_prose(self.tokens, vocabulary):
            self.tokens = list(as_prose(self.tokens))
        self.kinds = [*(token.kind for token in self.tokens), None]
        self.next = 0
        self.depth = 0
        self.is_too_deep = False
        self.problems: list[QueryError] = []

    # -- tokens and problems

    def peek_kind(self) -> TokenKind | None:
        """The kind of the next token; None at the end."""
        return self.kinds[self.next]

    def take(self) -> Token:
        self.next += 1
        return self.tokens[self.next - 1]

    def refuse(self, start: int, end: int, reason: str, hint: str) -> None:
        self.problems.append(QueryError(self.text, start, reason, hint, end))

    def refuse_token(self, token: Token, reason: str, hint: str) -> None:
        self.refuse(token.start, token.end, reason, hint)

    # -- grammar

    def whole(self) -> Clause | None:
        if not self.tokens:
            self.refuse(0, 1, "the query is empty", "write * for every post")
            return None
        found = [self.either(Target())]
        while self.peek_kind() is TokenKind.CLOSE:
            self.refuse_token(self.take(), "this parenthesis was never opened", "remove it")
            if self.peek_kind() is not None:
                found.append(self.either(Target()))
        whole = _joined([clause for clause in found if clause])
        if whole is None and not self.problems:
            hint = "write a word, or * for every post"
            self.refuse(0, len(self.text), "there is no letter or digit to look for", hint)
        return whole

    def either(self, target: Target) -> Clause | None:
        choices = [self.all(target)]
        while self.peek_kind() is TokenKind.OR:
            operator = self.take()
            if self.at_end():
                self.lone(operator)
            else:
                choices.append(self.all(target))
        found = [clause for clause in choices if clause]
        if len(found) <= 1:
            return found[0] if found else None
        filters = all(clause.role in (Role.FILTER, Role.EXCLUDED) for clause in found)
        role = Role.FILTER if filters else Role.LOOKED_FOR
        return Clause(query.Or([_standing(clause) for clause in found]), role)

    def all(self, target: Target) -> Clause | None:
        found: list[Clause] = []
        strict = False
        if self.peek_kind() in _OPERATORS:
            self.lone(self.take())
        while not self.at_end() and self.peek_kind() is not TokenKind.OR:
            if self.peek_kind() is TokenKind.AND:
                operator = self.take()
                if self.at_end() or self.peek_kind() in _OPERATORS:
                    self.lone(operator)
                    continue
                strict = True
                found[-1:] = [_required(clause) for clause in found[-1:]]
            clause = self.clause(target)
            if clause:
                found.append(_required(clause) if strict else clause)
            strict = False
        return _joined(found)

    def at_end(self) -> bool:
        return self.peek_kind() in (None, TokenKind.CLOSE)

    def lone(self, operator: Token) -> None:
        self.refuse_token(
            operator,
            f"{operator.value} stands alone",
            f'put a word on both sides of it, or quote it to look for it: "{operator.value}"',
        )

    def clause(self, target: Target) -> Clause | None:
        excluded = False
        while self.peek_kind() in (TokenKind.NOT, TokenKind.MINUS):
            operator = self.take()
            if self.at_end() or self.peek_kind() in _OPERATORS:
                self.lone(operator)
                return None
            excluded = not excluded
        clause = self.value_of(target)
        if clause is None or not excluded:
            return clause
        if clause.role is Role.EXCLUDED:
            return Clause(clause.node, Role.FILTER)
        return Clause(clause.node, Role.EXCLUDED)

    def value_of(self, target: Target) -> Clause | None:
        token = self.take()
        match token.kind:
            case TokenKind.FIELD:
                return self.field(token, target)
            case TokenKind.OPEN:
                return self.group(token, target)
            case TokenKind.CLOSE:
                return None
            case TokenKind.COMPARE:
                return self.compared(token, target)
            case _:
                return self.leaf(token, target, "")

    def field(self, token: Token, outer: Target) -> Clause | None:
        target = self.target(token.value)
        if target is None and token.spaced:
            return self.leaf(token._replace(kind=TokenKind.WORD), outer, "")
        if target is None:
            self.refuse_token(token, f"there is no field {token.value!r}", self.field_hint(token))
            target = outer
        elif target.kind is TargetKind.META and not self.vocabulary.has_meta_key(target.key):
            near = self.vocabulary.near_name(token.value)
            hint = f"did you mean {near}:?" if near else "see: searchidx fields"
            self.refuse_token(token, f"no post has the metadata key {target.key!r}", hint)
        if self.peek_kind() not in _VALUES:
            hint = f"write {token.value}:WORD, or {token.value}:* for every post that has one"
            self.refuse_token(token, f"nothing stands behind {token.value}:", hint)
            return None
        return self.value_of(target)

    def target(self, name: str) -> Target | None:
        """What a name before a colon means; None if nothing."""
        lower = name.lower()
        if lower in ("has", "missing"):
            return Target(TargetKind(lower))
        if lower.startswith("meta."):
            return Target(TargetKind.META, key=name[5:])
        spec = self.vocabulary.field(name)
        return Target(TargetKind.FIELD, spec) if spec else None

    def field_hint(self, token: Token) -> str:
        near = self.vocabulary.near_name(token.value)
        known = ", ".join(spec.name for spec in self.vocabulary.fields)
        hint = f"did you mean {near}:?" if near else f"the fields are {known}, path, meta.KEY"
        return f'{hint}; to look for the text itself, quote it: "{token.value}:…"'

    def group(self, opening: Token, target: Target) -> Clause | None:
        self.depth += 1
        if self.depth > DEEPEST_NESTING:
            self.next = len(self.tokens)
            self.problems.clear()
            self.is_too_deep = True
            hint = f"use at most {DEEPEST_NESTING}"
            self.refuse_token(opening, "too many parentheses inside each other", hint)
            return None
        inner = self.either(target)
        self.depth -= 1
        if self.peek_kind() is TokenKind.CLOSE:
            closing = self.take()
            is_call = opening.start > 0 and not self.text[opening.start - 1].isspace()
            if inner is None and not self.problems and not is_call:
                hint = "write words inside it, or remove it"
                self.refuse(opening.start, closing.end, "nothing stands in this group", hint)
        elif not self.is_too_deep:
            self.refuse_token(opening, "this parenthesis is never closed", "close it with )")
        modifiers = self.modifiers()
        if modifiers.fuzz is not None:
            hint = "put ~ behind each word"
            self.refuse_token(modifiers.tokens[0], "a group cannot be fuzzy", hint)
        if inner is None:
            return None
        if modifiers.boost == 1.0:
            return inner
        return Clause(clauses.boosted(inner.node, modifiers.boost), inner.role)

    def compared(self, compare: Token, target: Target) -> Clause | None:
        if self.peek_kind() in (TokenKind.WORD, TokenKind.PHRASE):
            return self.leaf(self.take(), target, compare.value)
        hint = "write a word, a number, a date or a quoted text behind it"
        self.refuse_token(compare, f"nothing stands behind {compare.value}", hint)
        return None

    def modifiers(self) -> Modifiers:
        found = Modifiers()
        while self.peek_kind() in (TokenKind.FUZZ, TokenKind.BOOST):
            token = self.take()
            found.tokens.append(token)
            if token.kind is TokenKind.FUZZ:
                found.fuzz = int(token.value[:6] or 1)
            elif (boost := float(token.value[:12])) > 0:
                found.boost = boost
            else:
                self.refuse_token(token, "a boost of 0", "use a boost above 0, or - to exclude")
        return found

    def leaf(self, token: Token, target: Target, compare: str) -> Clause | None:
        if not token.closed:
            self.refuse_token(token, "this quote is never closed", 'close it with "')
        value = Value(token, compare, self.modifiers())
        is_word = target.kind is TargetKind.PLAIN and token.kind is TokenKind.WORD
        if is_word and is_punctuation(token.value):
            return None
        try:
            clause = clause_of(value, target, self.vocabulary, self.now)
        except Refusal as refusal:
            end = value.modifiers.tokens[-1].end if value.modifiers.tokens else token.end
            self.refuse(token.start, end, refusal.reason, refusal.hint)
            return None
        if clause.parts:
            return clause
        return Clause(clauses.boosted(clause.node, value.modifiers.boost), clause.role)


def _required(clause: Clause) -> Clause:
    """The clause as an operator asks for it: all of its words are needed."""
    if clause.parts is None:
        return clause
    words = tuple(word.required() for word in clause.parts.words)
    return clause._replace(parts=clause.parts._replace(words=words))


def _standing(clause: Clause) -> query.Query:
    """The clause as a query of its own."""
    if clause.role is Role.EXCLUDED:
        return query.AndNot(query.Every(), clause.node)
    return clause.node


def _joined(found: Sequence[Clause]) -> Clause | None:
    """One clause that asks for all of them."""
    if len(found) <= 1:
        return found[0] if found else None
    asked = Conjunction()
    for clause in found:
        asked = asked.joined(clause.parts or _alone(clause))
    role = Role.LOOKED_FOR if asked.is_scored() else Role.FILTER
    return Clause(asked.strict(), role, asked)


def _alone(clause: Clause) -> Conjunction:
    """A clause as the only thing that is asked for."""
    match clause.role:
        case Role.LOOKED_FOR:
            return Conjunction(looked_for=(clause.node,))
        case Role.FILTER:
            return Conjunction(filters=(clause.node,))
        case Role.EXCLUDED:
            return Conjunction(excluded=(clause.node,))
