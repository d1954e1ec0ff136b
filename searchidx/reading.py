"""Reading one generation: searching, counting, explaining and looking around.

A Reading works on one Snapshot, so that whatever it answers is of one generation.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from whoosh import query

from searchidx.analysis import fold
from searchidx.columnar.prior import Prior, Recency
from searchidx.errors import QueryError
from searchidx.names import PROBLEMS, is_sortable, names_of
from searchidx.query.clauses import Refusal, date_query, has_query
from searchidx.query.lex import quoted
from searchidx.query.matches import Matching
from searchidx.query.parse import parse, parse_lenient
from searchidx.query.values import plain_term
from searchidx.query.vocabulary import ParsedQuery, Vocabulary, field_of
from searchidx.results import Hit, Kept, LazyFields, LazyMeta, Matched, Results
from searchidx.settings import FieldKind, FieldSpec, Match, SearchSettings
from searchidx.store.answer import Asked, answer
from searchidx.store.ordering import SortKey
from searchidx.store.snapshot import Snapshot

if TYPE_CHECKING:
    from searchidx.answers import Explanation, NoHits, Suggestion, Why
    from searchidx.counts import CrossCounts, FacetCount
    from searchidx.posts.problem import Problem
    from searchidx.stats import Stats
    from searchidx.store.feedback import AddedWord

RELEVANCE = "relevance"
MOST_SUGGESTIONS = 3


class SearchOptions(TypedDict, total=False):
    """How to search, apart from the query; the keyword arguments of `Index.search`.

    `sort` is `relevance` or fields such as `date` or `-quality,date`; empty means relevance, and
    newest first for a query that only filters. `fields` are looked in for plain words instead of
    the default ones. `since` and `until` bound the date, both included. `facets` names fields to
    count, of a field of texts at most `facet_limit` values, the most frequent (0: all). `lenient`
    leaves out what cannot be honoured instead of raising. `match` says how many of the words a post
    must hold: `best` (all of them first, then some), `all` or `any`. `expand` looks for words of
    the best posts too; `recency`, an age such as `30d`, lifts new posts, and `prior`, a number
    field, those with a high number; `synonyms` is a file of words that mean the same.
    """

    limit: int
    offset: int
    sort: str
    fields: tuple[str, ...]
    since: str
    until: str
    facets: tuple[str, ...]
    facet_limit: int
    lenient: bool
    match: Match | str
    expand: bool
    recency: str
    prior: str
    synonyms: str


class Reading:
    """The answers of one generation. The caller keeps the snapshot open."""

    def __init__(self, snapshot: Snapshot, defaults: SearchSettings) -> None:
        self.snapshot = snapshot
        self.defaults = defaults
        self.fields = snapshot.manifest.fields

    def search(self, text: str | query.Query, options: SearchOptions) -> Results:
        """See `Index.search`."""
        started = time.perf_counter()
        parsed = self._parsed(text, options)
        since, until = str(options.get("since", "")), str(options.get("until", ""))
        keys = self._sort_keys(options.get("sort", ""), parsed.is_ranked)
        offset, limit = options.get("offset", 0), options.get("limit", 10)
        if limit < 0 or offset < 0:
            raise QueryError(str(min(limit, offset)), 0, "limit and offset count from 0", "")
        match = self._match(options.get("match", self.defaults.match))
        asked, added = self._asked(parsed, options, match)
        if since or until:
            asked = self._bounded(asked, since, until)
        found = answer(self.snapshot, asked, match, keys, offset + limit)
        facets = self._facets(found.tree, options.get("facets", ()), options.get("facet_limit", 0))
        return Results(
            query=parsed.text,
            total=found.total,
            hits=self._hits(found.posts[offset:], offset, parsed),
            offset=offset,
            facets=facets,
            problems=parsed.problems,
            sort=",".join(map(str, keys)) or RELEVANCE,
            elapsed_ms=(time.perf_counter() - started) * 1000,
            total_all=found.total_all,
            added=tuple([word.word for word in added if word.is_new]),
        )

    def similar(self, path: str, limit: int) -> Results:
        """See `Index.similar`."""
        from searchidx.query.similar import similar_query

        started = time.perf_counter()
        snapshot = self.snapshot
        number = self._number(path)
        stored = snapshot.stored(number)
        texts = {name: value for name, value in stored.fields.items() if isinstance(value, tuple)}
        words = similar_query(
            texts, self.fields, snapshot.document_frequency, snapshot.post_count()
        )
        total, near = snapshot.best(words, limit + 1)
        page = [(other, score, Matched.ALL) for other, score in near if other != number][:limit]
        return Results(
            query=f"similar to {stored.path}",
            total=max(0, total - 1),
            hits=self._hits(page, 0, ParsedQuery("", words, True)),
            elapsed_ms=(time.perf_counter() - started) * 1000,
        )

    def explain(
        self, text: str | query.Query, path: str, options: SearchOptions
    ) -> Explanation | None:
        """See `Index.explain`."""
        parsed = self._parsed(text, options)
        number, how = self._number(path), self._match(options.get("match", self.defaults.match))
        asked, _ = self._asked(parsed, options, how)
        trees = {
            Match.ALL: [asked.strict],
            Match.BEST: [asked.strict, asked.loose],
            Match.ANY: [asked.loose or asked.strict],
        }
        told = (self.snapshot.explain(tree, number) for tree in trees[how] if tree is not None)
        return next(filter(None, told), None)

    def why(self, text: str, path: str) -> Why:
        """See `Index.why`."""
        from searchidx.why import why

        parse_clause = partial(self._parsed, options={})
        found = answer(
            self.snapshot,
            Asked.of(parse_clause(text)),
            self._match(self.defaults.match),
            (),
            self.snapshot.post_count(),
        )
        number = self._number(path)
        return why(self.snapshot, self.vocabulary(), parse_clause, found, (text, number))

    def facets(self, name: str, text: str | query.Query, limit: int) -> tuple[FacetCount, ...]:
        """See `Index.facets`."""
        if limit < 0:
            raise QueryError(str(limit), 0, "limit counts from 0", "")
        return self._facets(self._counted(text), (name,), limit)[name][:limit]

    def cross(
        self, rows: str, columns: str, text: str | query.Query, most: tuple[int, int]
    ) -> CrossCounts:
        """See `Index.cross`."""
        from searchidx.faceting import cross_counts, facet_of

        pair = facet_of(rows, self.fields), facet_of(columns, self.fields)
        return cross_counts(self.snapshot, pair, self._counted(text), most)

    def _counted(self, text: str | query.Query) -> query.Query:
        """What matches the posts in which values are counted: those with all words, if any."""
        asked = Asked.of(self._parsed(text, {}))
        return answer(self.snapshot, asked, self._match(self.defaults.match), (), 0).tree

    def suggest(
        self, text: str, limit: int, options: SearchOptions | None = None
    ) -> tuple[Suggestion, ...]:
        """See `Index.suggest`."""
        from searchidx.suggest import suggest

        counted = self._counter(options or {})
        return suggest(self.snapshot, self.vocabulary(), text, counted, limit)

    def no_hits(self, text: str, options: SearchOptions) -> NoHits:
        """See `Index.no_hits`."""
        from searchidx.rescue import rescue

        suggestions = self.suggest(text, MOST_SUGGESTIONS, options)
        return rescue(text, suggestions, self._counter(options))

    def _counter(self, options: SearchOptions) -> Callable[[str], int]:
        """How many posts match all of a query, searched with the same options."""
        since, until = str(options.get("since", "")), str(options.get("until", ""))

        def count(text: str) -> int:
            try:
                asked = Asked.of(self._parsed(text, options))
                return self.snapshot.count(self._bounded(asked, since, until).strict)
            except QueryError:
                return 0

        return count

    def post(self, path: str) -> Hit:
        """See `Index.post`."""
        nothing = ParsedQuery("", query.NullQuery, False)
        (hit,) = self._hits([(self._number(path), 0.0, Matched.ALL)], 0, nothing)
        return hit

    def locate(self, text: str, base: Path, here: Path) -> str:
        """See `Index.locate`."""
        whole = (here / text).resolve()
        relative = whole.relative_to(base).as_posix() if whole.is_relative_to(base) else ""
        for path in (text, relative, whole.as_posix()):
            if path and self.snapshot.number_of(path) is not None:
                return path
        found = self.search(f"path:{quoted(text)}", SearchOptions(limit=3, sort="path"))
        ending = [hit.path for hit in found.hits if f"/{hit.path}".endswith(f"/{text}")]
        if found.total == 1 or len(ending) == 1:
            return (ending or [hit.path for hit in found.hits])[0]
        if not found.total:
            hint = "see the paths with: searchidx query -l '*'"
            raise QueryError(text, 0, f"no post {text!r} is in the index", hint, len(text))
        some = ", ".join(hit.path for hit in found.hits)
        raise QueryError(text, 0, f"{found.total} posts have such a path", f"as {some}", len(text))

    def vocabulary(self, plain: tuple[str, ...] = ()) -> Vocabulary:
        """See `Index.vocabulary`; `plain` names the fields in which plain words are looked for."""
        snapshot = self.snapshot
        known = snapshot.vocabularies.get(plain)
        if known is None:
            names = tuple(self._text_field(name).name for name in plain)
            known = Vocabulary(self.fields, snapshot.find_meta_keys, names)
            snapshot.vocabularies[plain] = known
        return known

    def terms(self, name: str, prefix: str) -> Iterator[tuple[str, int]]:
        """See `Index.terms`."""
        spec = self._text_field(name)
        names = names_of(spec)
        field = names.words if spec.kind is FieldKind.TEXT else names.value
        return self.snapshot.terms(field, fold(prefix))

    def stats(self, path: Path) -> Stats:
        """See `Index.stats`."""
        from searchidx.stats import FieldStats, Stats

        snapshot = self.snapshot
        counts = snapshot.presence()
        return Stats(
            path=path,
            generation=snapshot.generation,
            posts=snapshot.post_count(),
            segments=snapshot.segment_count(),
            deleted=snapshot.deleted_count(),
            size_bytes=snapshot.size_bytes,
            committed=snapshot.manifest.time,
            roots=snapshot.manifest.roots,
            fields=tuple(FieldStats(spec, counts.get(spec.name, 0)) for spec in self.fields),
            meta_keys=snapshot.meta_keys,
            problem_posts=snapshot.count(has_query(PROBLEMS)),
        )

    def problems(self) -> tuple[Problem, ...]:
        """See `Index.problems`."""
        return tuple(self.snapshot.problems())

    # -- parts of the above

    def _hits(
        self, page: Sequence[tuple[int, float, Matched]], offset: int, parsed: ParsedQuery
    ) -> tuple[Hit, ...]:
        """The hits of a page; what is not in the head of a post is read when it is asked for."""
        if not page:
            return ()
        matching = {
            Matched.ALL: Matching(parsed.tree, self.fields),
            Matched.SOME: Matching(parsed.loose or parsed.tree, self.fields),
        }
        heads = self.snapshot.heads([number for number, _, _ in page])
        hits = []
        for rank, (post, head) in enumerate(zip(page, heads, strict=True), offset + 1):
            number, score, matched = post
            fields = LazyFields(head.texts, head.places, self._kept, number)
            meta, how = LazyMeta(fields), matching[matched]
            hits.append(Hit(rank, score, head.path, fields, meta, how, matched))
        return tuple(hits)

    def _match(self, name: Match | str) -> Match:
        try:
            return Match(name)
        except ValueError:
            hint = f"use {', '.join(Match)}"
            raise QueryError(str(name), 0, f"no way of matching is {name!r}", hint) from None

    def _kept(self, number: int) -> Kept:
        stored = self.snapshot.stored(number)
        return stored.fields, stored.meta

    def _parsed(self, text: str | query.Query, options: SearchOptions) -> ParsedQuery:
        if isinstance(text, query.Query):
            return ParsedQuery(repr(text), text, True)
        plain = tuple(options.get("fields", ()))
        file = options.get("synonyms", self.defaults.synonyms)
        synonyms = None
        if file:
            from searchidx.query.synonyms import read_synonyms

            synonyms = read_synonyms(Path(file))
        understood = parse_lenient if options.get("lenient", False) else parse
        return understood(text, self.vocabulary(plain), None, synonyms)

    def _asked(
        self, parsed: ParsedQuery, options: SearchOptions, match: Match
    ) -> tuple[Asked, list[AddedWord]]:
        """What a query asks for, with what its words do not say; and the words added to it."""
        added: list[AddedWord] = []
        priors = self._priors(options) if parsed.is_ranked else []
        asked = Asked.of(parsed).weighed(priors)
        if options.get("expand", self.defaults.expand) and parsed.asked.terms:
            from searchidx.store.feedback import BEST_POSTS, added_words

            posts = answer(self.snapshot, asked, match, (), BEST_POSTS).posts
            vocabulary = self.vocabulary(tuple(options.get("fields", ())))
            added = added_words(self.snapshot, vocabulary, parsed.asked.terms, posts)
        if added:
            nodes = [plain_term(word.word, vocabulary, word.weight) for word in added]
            asked = Asked.of(parsed.widened(nodes)).weighed(priors)
        return asked, added

    def _priors(self, options: SearchOptions) -> list[Prior]:
        """What is asked to count besides the words."""
        found: list[Prior] = []
        if recency := options.get("recency", self.defaults.recency):
            found.append(self._recency(recency))
        if name := options.get("prior", self.defaults.prior):
            spec = self._field(name)
            if spec.kind is not FieldKind.NUMBER:
                hint = "name a number field"
                raise QueryError(name, 0, f"{spec.name} is a {spec.kind}", hint, len(name))
            found.append(self.snapshot.standing(spec.name))
        return found

    def _recency(self, text: str) -> Recency:
        from searchidx.query.dates import age

        spec = self._date_field(text)
        try:
            half_life = age(text)
        except ValueError as error:
            hint = "write an age such as 30d; also h, w, m and y"
            raise QueryError(text, 0, str(error), hint, len(text)) from error
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        return self.snapshot.recency(spec.name, now, half_life)

    def _bounded(self, asked: Asked, since: str, until: str) -> Asked:
        bounds = [
            self._date_bound(compare, text)
            for compare, text in ((">=", since), ("<=", until))
            if text
        ]
        for bound in bounds:
            asked = asked.narrowed(partial(_required, bound))
        return asked

    def _date_bound(self, compare: str, text: str) -> query.Query:
        spec = self._date_field(text)
        try:
            return date_query(spec, compare, text, datetime.now(UTC))
        except Refusal as refusal:
            raise QueryError(text, 0, refusal.reason, refusal.hint, len(text)) from refusal

    def _date_field(self, text: str) -> FieldSpec:
        spec = next((spec for spec in self.fields if spec.kind is FieldKind.DATE), None)
        if spec is None:
            raise QueryError(text, 0, "this index has no date field", "declare one in the settings")
        return spec

    def _sort_keys(self, sort: str, is_ranked: bool) -> list[SortKey]:
        if sort == RELEVANCE or (not sort and is_ranked):
            return []
        if not sort:
            dated = [spec for spec in self.fields if spec.kind is FieldKind.DATE]
            return [SortKey(dated[0], descending=True)] if dated else []
        keys = []
        for part in sort.split(","):
            name = part.strip()
            spec = self._field(name.strip("-+"))
            if not is_sortable(spec):
                reason = f"{spec.name} has many values or none to order by"
                raise QueryError(sort, sort.find(name), reason, self._sort_hint())
            keys.append(SortKey(spec, name.startswith("-")))
        return keys

    def _sort_hint(self) -> str:
        names = [spec.name for spec in self.fields if is_sortable(spec)]
        return f"sort by {RELEVANCE} or one of {', '.join(names)}, with - in front for descending"

    def _facets(
        self, tree: query.Query, names: Sequence[str], most: int
    ) -> dict[str, tuple[FacetCount, ...]]:
        """The values of some fields in what matches, each most frequent first."""
        if not names:
            return {}
        from searchidx.faceting import by_count, facet_counts, facet_of

        wanted = {name: facet_of(name, self.fields) for name in names}
        found = self.snapshot.found(tree)
        return {
            name: by_count(facet_counts(self.snapshot, facet, found, most))
            for name, facet in wanted.items()
        }

    def _text_field(self, name: str) -> FieldSpec:
        spec = self._field(name)
        if spec.kind not in (FieldKind.TEXT, FieldKind.KEYWORD):
            hint = "name a text or keyword field"
            raise QueryError(name, 0, f"{spec.name} is a {spec.kind} and has no words", hint)
        return spec

    def _field(self, name: str) -> FieldSpec:
        return field_of(name, self.fields)

    def _number(self, path: str) -> int:
        number = self.snapshot.number_of(path)
        if number is None:
            hint = "see the paths with: searchidx query -l '*'"
            raise QueryError(path, 0, f"no post {path!r} is in the index", hint, len(path))
        return number


def _required(filter_: query.Query, tree: query.Query) -> query.Query:
    return query.Require(tree, filter_)
