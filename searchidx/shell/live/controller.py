"""Keys, text and answers come in, the state changes, and what is to be searched goes out."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from searchidx.errors import SearchIdxError
from searchidx.render import WEB_ADDRESS, clean
from searchidx.results import Hit
from searchidx.shell.commands import QUERY_HELP, run_line
from searchidx.shell.live import state as states
from searchidx.shell.live.arrangement import Pane
from searchidx.shell.live.asking import Answer, Rescue, Tally, likely_words, searched_text
from searchidx.shell.live.edits import toggled
from searchidx.shell.live.keys import EDITING_HELP, Action, keys_text
from searchidx.shell.live.lines import Line, paint_of
from searchidx.shell.live.searching import Piece, Task
from searchidx.shell.live.state import Overlay, Preview, State
from searchidx.shell.live.view import Facts, screen
from searchidx.shell.session import Asked, Reply, Session, Shell
from searchidx.shell.texts import error_text

SCROLL_LINES = 3


class Terminal(Protocol):
    """What the controller needs of the terminal it is shown on."""

    def redraw(self) -> None: ...
    def set_text(self, text: str) -> None: ...
    def remember(self, line: str) -> None: ...
    def run_program(self, command: tuple[str, ...], done: Callable[[str], None]) -> None: ...
    def run_pipe(self, piped: tuple[str, str], done: Callable[[str], None]) -> None: ...
    def browse(self, url: str, done: Callable[[str], None]) -> None: ...
    def in_background(self, work: Callable[[], Reply], done: Callable[[Reply], None]) -> None: ...
    def send(self, sequence: str) -> None: ...
    def leave(self, shell: Shell | None) -> None: ...


class Controller:
    """The live shell without its terminal. Used by one thread; `ask` gives work to another."""

    def __init__(self, session: Session, ask: Callable[[Task], None], terminal: Terminal) -> None:
        self.session = session
        self.state = State(sort=session.sort, options=_options(session))
        self._ask = ask
        self._asked: Task | None = None
        self._terminal = terminal
        self._is_running = False
        self._failure = ""
        """What is said of a search that could not be made, until one can."""
        self._adopted: dict[int, Hit] = {}
        self._orders = states.sorts(session.index.fields)
        self.palette = paint_of(session.palette)
        """In these colours a session writes while its text is shown here."""

    # -- what comes in

    def start(self, text: str) -> None:
        """Begin with a query."""
        self.update(replace(self.state, text=text))

    def type(self, text: str) -> None:
        """Another text stands in the query line."""
        self.update(states.typed(self.state, text))

    def act(self, action: Action) -> None:
        """A key was pressed."""
        self.state = replace(self.state, news="")
        _ACTIONS[action](self)

    def take(self, piece: Piece) -> None:
        """The worker has found something."""
        state = self.state
        if news := self.session.news():
            self._orders = states.sorts(self.session.index.fields)
            state = replace(state, news=news.strip())
        match piece:
            case Answer():
                state = replace(state, message=state.message.removesuffix(self._failure))
                self._failure = ""
                state = states.answered(state, piece)
            case Preview():
                state = states.previewed(state, piece)
            case Tally():
                state = states.counted(state, piece)
            case Rescue():
                state = states.rescued(state, piece)
        self.update(state)

    def fail(self, error: Exception) -> None:
        """The worker could not search."""
        known = isinstance(error, SearchIdxError | OSError)
        text = error_text(error).splitlines()[0] if known else f"{type(error).__name__}: {error}"
        self._failure = clean(text)
        self.update(replace(self.state, message=self._failure))

    def tick(self) -> None:
        """Some time went by: look whether the index has changed."""
        if self._asked:
            self._ask(self._asked)

    def update(self, state: State) -> None:
        """Show another state, and have searched what it needs."""
        if state == self.state and self._asked:
            return
        self.state = state
        task = self._task()
        if task != self._asked:
            self._asked = task
            self._ask(task)
        self._terminal.redraw()

    def _task(self) -> Task:
        places = self.state.arrangement
        counts = places.facets.is_shown or places.histogram.is_shown
        return Task(self.state.question, self.state.selected, places.preview.columns, counts=counts)

    # -- what is shown

    def screen(self, columns: int, rows: int) -> list[Line]:
        """The lines below the query on a screen of this size."""
        state = states.resized(self.state, columns, rows)
        if state != self.state:
            self.update(state)
        index = self.session.index
        facts = Facts(
            self.session.vocabulary(),
            posts=len(index),
            generation=index.generation,
            problem=self.session.problem(self.state.text),
            palette=self.palette,
        )
        return screen(self.state, facts)

    # -- commands

    def run_command(self) -> None:
        """Run the command in the query line, about the hits on the screen."""
        line = self.state.text.strip()
        self._terminal.remember(line)
        is_list = self.state.overlay is not None and self.session.printed is not self._adopted
        self._terminal.set_text(self.state.parked)
        self.run(line, about_list=is_list)

    def run(self, line: str, *, about_list: bool = False) -> None:
        """Run a command in the background.

        It is about the hits on the screen, or about those that the last command listed.
        """
        if self._is_running:
            self.update(replace(self.state, message="wait: a command is still running"))
            return
        self._is_running = True
        self.session.sort = self.state.sort
        self.session.width = max(40, self.state.columns - 3)
        found = self.state.answer
        if found and not about_list:
            words = likely_words(self.session.index)
            text = searched_text(found.question.text, self.session.vocabulary(), words)
            asked = Asked(like=found.question.like) if found.question.like else Asked(text)
            self.session.adopt(asked, found.results, found.question.text.strip())
            self._adopted = self.session.printed
        before = self.session.asked
        self._terminal.in_background(
            lambda: run_line(self.session, line),
            lambda reply: self._replied(line, reply, before),
        )

    def _replied(self, line: str, reply: Reply, before: Asked | None) -> None:
        self._is_running = False
        if reply.should_quit or reply.shell is Shell.LINES:
            self._terminal.leave(reply.shell)
            return
        state = replace(self.state, sort=self.session.sort, options=_options(self.session))
        asked = self.session.asked
        text = f"{reply.text}{reply.notes}"
        if asked and asked.like and asked != before:
            state = states.alike(state, asked.like)
        elif reply.text or reply.notes.count("\n") > 1:
            state = replace(state, overlay=Overlay(clean(line), text))
        else:
            state = replace(state, message=reply.notes.strip())
        if reply.url:
            self._browse(reply.url)
            state = replace(state, overlay=None)
        if reply.piped:
            self._terminal.run_pipe(reply.piped, self._say)
        if reply.command:
            self._terminal.run_program(reply.command, self._say)
        self.update(state)

    def _say(self, message: str) -> None:
        self.update(replace(self.state, message=message.strip()))

    def _browse(self, url: str) -> None:
        self._terminal.browse(url, self._say)

    # -- what keys do

    def move(self, hits: int) -> None:
        self.update(states.moved(self.state, hits))

    def turn(self, pages: int) -> None:
        self.update(states.turned(self.state, pages))

    def scroll(self, lines: int) -> None:
        self.update(states.scrolled(self.state, lines))

    def first(self) -> None:
        self.update(states.moved(self.state, -self.state.total))

    def click(self, column: int, row: int) -> None:
        """Choose the hit at a place of the screen, counted from below the query line."""
        self.update(states.clicked(self.state, column, row))

    def enter(self) -> None:
        """Run a command, add or remove a value, or read the post."""
        state = self.state
        if state.is_command:
            self.run_command()
        elif state.overlay:
            self.update(states.closed(state))
        elif state.chooses_facets:
            self._toggle_value()
        elif state.edits:
            self.mend(state.selected + 1)
        else:
            self._terminal.remember(state.text)
            self.update(states.read(state))

    def _toggle_value(self) -> None:
        rows = states.facet_rows(self.state.tally)
        if self.state.facet_at < len(rows):
            name, row = rows[self.state.facet_at]
            text = toggled(self.state.text, name, row.value, self.session.vocabulary())
            self._terminal.set_text(text)

    def mend(self, number: int) -> None:
        """Change a query without hits in one of the ways shown, counted from 1."""
        if number <= len(self.state.edits):
            self._terminal.set_text(self.state.edits[number - 1].query)

    def back(self) -> None:
        if self.state.is_command:
            self._terminal.set_text(self.state.parked)
        else:
            self.update(states.closed(self.state))

    def command(self) -> None:
        """Let the query stand back while a command is typed."""
        if not self.state.is_command:
            self.state = replace(self.state, parked=self.state.text)
            self._terminal.set_text(":")

    def clear(self) -> None:
        said = "" if self.state.text else "Ctrl-D leaves"
        self._terminal.set_text("")
        self.update(replace(self.state, message=said, overlay=None, parked=""))

    def leave(self) -> None:
        if not self.state.text:
            self._terminal.leave(None)

    def help(self) -> None:
        text = f"{keys_text()}\n{EDITING_HELP}\n\n{QUERY_HELP}\n"
        self.update(replace(self.state, overlay=Overlay("Help", text)))

    def facets(self) -> None:
        self.update(states.turned_to_facets(self.state))

    def pane(self, pane: Pane) -> None:
        self.update(states.toggled_pane(self.state, pane))

    def sort(self) -> None:
        self.update(states.resorted(self.state, self._orders))

    def about_hit(self, command: str) -> None:
        """Run a command about the selected hit."""
        if self.state.hit:
            self.run(f":{command.format(self.state.hit.rank)}")

    def copy(self, what: str) -> None:
        """Have the terminal put the path or address of the selected post on its clipboard."""
        hit = self.state.hit
        if hit is None:
            return
        text = hit.text("url") if what == "address" else self._full_path(hit.path)
        if what == "address" and not WEB_ADDRESS.fullmatch(text):
            self._say(f"hit {hit.rank} has no address")
            return
        encoded = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
        self._terminal.send(f"\x1b]52;c;{encoded}\x07")
        self._say(f"copied: {clean(text)}")

    def _full_path(self, path: str) -> str:
        return str(self.session.index.path.parent / path)


def _options(session: Session) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(session.options.items()))


_ACTIONS: dict[Action, Callable[[Controller], None]] = {
    Action.UP: lambda live: live.move(-1),
    Action.DOWN: lambda live: live.move(1),
    Action.PAGE_UP: lambda live: live.turn(-1),
    Action.PAGE_DOWN: lambda live: live.turn(1),
    Action.FIRST: Controller.first,
    Action.SCROLL_UP: lambda live: live.scroll(-SCROLL_LINES),
    Action.SCROLL_DOWN: lambda live: live.scroll(SCROLL_LINES),
    Action.ENTER: Controller.enter,
    Action.BACK: Controller.back,
    Action.COMMAND: Controller.command,
    Action.HELP: Controller.help,
    Action.FACETS: Controller.facets,
    Action.PREVIEW: lambda live: live.pane(Pane.PREVIEW),
    Action.HISTOGRAM: lambda live: live.pane(Pane.HISTOGRAM),
    Action.SORT: Controller.sort,
    Action.MORE: lambda live: live.about_hit("more {}"),
    Action.EXPLAIN: lambda live: live.about_hit("explain {}"),
    Action.BROWSE: lambda live: live.about_hit("open {} url"),
    Action.EDIT: lambda live: live.about_hit("open {}"),
    Action.COPY_PATH: lambda live: live.copy("path"),
    Action.COPY_URL: lambda live: live.copy("address"),
    Action.CLEAR: Controller.clear,
    Action.LEAVE: Controller.leave,
}
