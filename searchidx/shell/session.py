"""A search session: what one line leaves for the next, and the pages of hits, without a terminal.

It keeps the query, the page, the order, and the hits that were printed, so that `:open 3` means the
hit with a 3 in front.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Unpack

from searchidx import render
from searchidx.answers import Edit, NoHits
from searchidx.errors import IndexMissing, QueryError, SearchIdxError
from searchidx.index import Index
from searchidx.query.parse import parse_lenient
from searchidx.query.vocabulary import ParsedQuery, Vocabulary
from searchidx.reading import SearchOptions
from searchidx.render import WIDEST_TEXT, Palette
from searchidx.results import ANOTHER_SPELLING, Hit, Results
from searchidx.saved import expanded, load_saved, saved_path
from searchidx.shell import texts
from searchidx.shell.preferences import Preferences

DEFAULT_LIMIT = 10
AUTOMATIC = "auto"
"""How the usual order is called."""


class Mode(enum.Enum):
    """The form of what a session prints."""

    TEXT = "text"
    JSON = "JSON"


class Shell(enum.Enum):
    """The two shells of a terminal."""

    LIVE = "live"
    LINES = "line by line"


@dataclass(frozen=True, slots=True)
class Reply:
    """What one line brought: `text` is for stdout, `notes` for stderr; both end in a newline.

    `news` goes to stderr before them: that the index has changed. `is_long` says that `text` is to
    be read through a pager. `command` is a program to run in the terminal, `url` an address to show
    in a browser; empty means none. `shell` is the one to go on in, when it is another. `piped` is
    a command of the system's shell, and the text that it reads.
    """

    text: str = ""
    notes: str = ""
    news: str = ""
    failed: bool = False
    should_quit: bool = False
    is_long: bool = False
    command: tuple[str, ...] = ()
    url: str = ""
    shell: Shell | None = None
    piped: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the printed hits answer: a query, or, when `like` is set, posts like the one there."""

    query: str = ""
    like: str = ""


class Misused(Exception):
    """A command was not written as it is to be; `commands` says how."""


def one(words: Sequence[str]) -> str:
    """The first word behind a command. Raises: Misused when there is none."""
    if not words:
        raise Misused
    return words[0]


class Session:
    """The state of a shell, and what a line does to it. The index stays the caller's to close.

    One thread uses it, and moves the index to another generation. Others that read the index hold
    `reading` meanwhile.
    """

    def __init__(
        self,
        index: Index,
        palette: Palette,
        environment: Mapping[str, str],
        preferences: Preferences | None = None,
    ) -> None:
        self.index = index
        self.preferences = preferences or Preferences()
        self.palette = palette
        self.environment = environment
        self.width = WIDEST_TEXT
        self.draws = False
        """Whether counts have bars beside them, as on a terminal."""
        self.limit = DEFAULT_LIMIT
        self.sort = ""
        self.options: SearchOptions = {}
        self.mode = Mode.TEXT
        self.asked: Asked | None = None
        self.query = ""
        self.typed = ""
        self.results: Results | None = None
        self.printed: dict[int, Hit] = {}
        self.edits: tuple[Edit, ...] = ()
        """Changes of the last query that bring hits."""
        self.reading = threading.Lock()
        self._told_generation = index.generation
        self._vocabulary: tuple[int, Vocabulary] | None = None
        self._parsed: tuple[int, ParsedQuery] | None = None

    # -- the generation

    def refresh(self, wait_s: float = 0.0) -> None:
        """Show the newest generation, unless another thread goes on reading for `wait_s`.

        Raises: IndexMissing, IndexCorrupt, IndexVersionMismatch, OSError.
        """
        if not self.reading.acquire(timeout=wait_s):
            return
        try:
            self.index.refresh()
        finally:
            self.reading.release()

    def news(self) -> str:
        """A line that says that another process has committed; empty when none has."""
        if self.index.generation == self._told_generation:
            return ""
        self._told_generation = self.index.generation
        posts = texts.count_of(len(self.index), "post")
        return f"the index changed: generation {self._told_generation}, {posts}\n"

    def vocabulary(self) -> Vocabulary:
        """What a query may name, read once a generation."""
        generation = self.index.generation
        if self._vocabulary is None or self._vocabulary[0] != generation:
            try:
                self._vocabulary = (generation, self.index.vocabulary())
            except IndexMissing:
                return Vocabulary(self.index.fields)
        return self._vocabulary[1]

    def understood(self, text: str) -> ParsedQuery:
        """The best reading of a query that is still being typed, without touching the index."""
        generation = self.index.generation
        if self._parsed is None or (self._parsed[0], self._parsed[1].text) != (generation, text):
            self._parsed = (generation, parse_lenient(text, self.vocabulary()))
        return self._parsed[1]

    def problem(self, typed: str) -> str:
        """What is wrong with the query typed, and what to write instead; empty when nothing is."""
        if not typed.strip() or typed.lstrip().startswith(":") or typed.strip() == "?":
            return ""
        problems = self.understood(typed).problems
        return "; ".join(filter(None, (problems[0].reason, problems[0].hint))) if problems else ""

    # -- pages of hits

    def ask(self, asked: Asked) -> Reply:
        """The first page of what is asked. Raises: QueryError, and then everything is as before."""
        return self._page(asked, 0, {})

    def mend(self, error: QueryError) -> str:
        """Near queries that can be honoured and have hits, as text; `:fix` runs them."""
        near = self.index.suggest(error.text)
        self.edits = tuple(Edit(row.query, row.total, ANOTHER_SPELLING) for row in near)
        return render.no_hits_text(NoHits((), "", self.edits), numbered=True)

    def ask_again(self) -> Reply:
        """The first page of what was asked last, as the order and the limit now are."""
        return self.ask(self.asked) if self.asked else Reply()

    def turn(self, pages: int) -> Reply:
        """So many pages on, or back. Raises: SearchIdxError when there is none."""
        if self.asked is None or self.results is None:
            raise SearchIdxError("nothing was asked yet; type a query")
        offset = self.results.offset + pages * self.limit
        if pages > 0 and self.results.offset + len(self.results) >= self.results.total:
            raise SearchIdxError(f"no more: {render.matches_text(self.results)}")
        if pages < 0 and self.results.offset == 0:
            raise SearchIdxError("this is the first page")
        return self._page(self.asked, max(0, offset), self.printed)

    def _page(self, asked: Asked, offset: int, printed: Mapping[int, Hit]) -> Reply:
        """Fetch a page; from now on `printed` and its hits are those that a number means."""
        results = self._fetch(asked, offset)
        self.asked, self.results = asked, results
        self.query = self.typed = asked.query or self.query
        self.printed = {**printed, **{hit.rank: hit for hit in results.hits}}
        wanting = not results.total_all and not asked.like
        no_hits = self.no_hits(asked.query) if wanting else None
        self.edits = no_hits.edits if no_hits else ()
        if self.mode is Mode.JSON:
            document = render.results_json(results, (), no_hits)
            return Reply(text=render.json_text(document) + "\n")
        shown = render.render_text(results, self.palette, self.width)
        notes = texts.summary_text(results, no_hits)
        return Reply(text=shown + "\n" if shown else "", notes=notes)

    def _fetch(self, asked: Asked, offset: int) -> Results:
        if asked.like:
            results = self.index.similar(asked.like, limit=offset + self.limit)
            return replace(results, hits=results.hits[offset:], offset=offset)
        return self.search(asked.query, limit=self.limit, offset=offset, sort=self.sort)

    def search(self, text: str, **options: Unpack[SearchOptions]) -> Results:
        """The results of a query, as the session is set. Raises: QueryError, SettingsError."""
        whole: SearchOptions = {**self.options, **options}
        return self.index.search(self.expanded(text), **whole)

    def no_hits(self, text: str) -> NoHits | None:
        """What can be done about a query without hits. Raises: QueryError, SettingsError."""
        return self.index.no_hits(self.expanded(text), **self.options)

    def option(self, name: Literal["match", "expand", "recency", "prior", "synonyms"]) -> Any:
        """How the session is set, or what the settings say."""
        return self.options.get(name, getattr(self.index.settings.search, name))

    def expanded(self, text: str) -> str:
        """The query with the saved searches that it names. Raises: QueryError, SettingsError."""
        return expanded(text, self.saved()) if "@" in text else text

    def saved(self) -> dict[str, str]:
        """The saved searches. Raises: SettingsError."""
        return load_saved(saved_path(self.index))

    def everything(self) -> Results:
        """All that was asked last, not just a page. Raises: SearchIdxError."""
        if self.asked is None:
            raise SearchIdxError("nothing was asked yet; type a query")
        if self.asked.like:
            return self.index.similar(self.asked.like, limit=len(self.index))
        return self.search(self.asked.query, limit=len(self.index), sort=self.sort, lenient=True)

    def show(self, hits: Iterable[Hit]) -> None:
        """From now on a number means one of these hits."""
        self.printed = {hit.rank: hit for hit in hits}

    def adopt(self, asked: Asked, results: Results, typed: str) -> None:
        """Have commands mean these hits, which were shown and not printed.

        `typed` is the query as it was typed, where what was asked is made of it.
        """
        self.asked, self.results = asked, results
        self.query = asked.query or self.query
        self.typed = typed or self.query
        self.printed = {hit.rank: hit for hit in results.hits}

    # -- what commands need

    def hit(self, text: str) -> Hit:
        """The printed hit with this number in front. Raises: SearchIdxError when there is none."""
        if not self.printed:
            raise SearchIdxError("no hits were printed yet; type a query")
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
        if number not in self.printed:
            first, last = min(self.printed), max(self.printed)
            raise SearchIdxError(f"no hit {text!r} was printed; those from {first} to {last} were")
        return self.printed[number]

    def path_of(self, text: str) -> str:
        """The path of the post that a path, or the end of one, means. Raises: QueryError."""
        return self.index.locate(text)

    def check_sort(self, sort: str) -> None:
        """Raises: QueryError when results cannot be put in this order."""
        self.index.search("", sort=sort, limit=0, lenient=True)

    def answer(self, text: str, document: object) -> Reply:
        """The text, or in JSON mode the document that says the same."""
        if self.mode is Mode.JSON:
            return Reply(text=render.json_text(document) + "\n")
        return Reply(text=text)
