"""The live shell on a terminal: prompt_toolkit around a controller."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prompt_toolkit.application import Application, run_in_terminal
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import ThreadedCompleter
from prompt_toolkit.filters import (
    Condition,
    completion_is_selected,
    has_completions,
    is_searching,
    vi_navigation_mode,
)
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout import (
    BufferControl,
    Float,
    FloatContainer,
    HSplit,
    Layout,
    Window,
)
from prompt_toolkit.layout.menus import CompletionsMenu
from prompt_toolkit.layout.processors import AppendAutoSuggestion, BeforeInput
from prompt_toolkit.mouse_events import MouseEvent, MouseEventType
from prompt_toolkit.output import Output
from prompt_toolkit.widgets import SearchToolbar

from searchidx.shell.editing import (
    QueryCompleter,
    QueryLexer,
    add_menu_keys,
    depth_of,
    ghost_of,
    history_of,
    mode_of,
    style_of,
)
from searchidx.shell.live.controller import Controller
from searchidx.shell.live.keys import KEYS, Action
from searchidx.shell.live.lines import Line
from searchidx.shell.live.painting import Canvas
from searchidx.shell.live.searching import Piece, Searching, Task
from searchidx.shell.live.state import can_close
from searchidx.shell.live.worker import LatestWorker
from searchidx.shell.programs import run_pipe, run_program, wait_for_enter
from searchidx.shell.session import Reply, Session, Shell

if TYPE_CHECKING:
    from prompt_toolkit.key_binding.key_bindings import NotImplementedOrNone

PROMPT = "› "
QUERY_ROWS = 1
LOOK_EVERY_S = 2.0
ESCAPE_WAIT_S = 0.05
MENU_ROWS = 10
NEVER = 1_000_000_000
PAINTING_WAIT_S = 0.1
"""So long at most the worker waits until what it has found is on the screen, before it goes on."""

SWITCH_S = 0.001
"""After so long the worker lets the thread of the terminal run, when that has something to do."""


def run_live(
    session: Session, terminal: tuple[Input, Output] | None = None, text: str = ""
) -> Shell | None:
    """Search until Ctrl-D or `:quit`; the shell to go on in, None to leave."""
    return LiveApp(session, terminal).run(text)


@dataclass(frozen=True, slots=True)
class _Query:
    """The query line: its buffer, and the control that shows it."""

    buffer: Buffer
    control: BufferControl
    search: SearchToolbar


class LiveApp:
    """A full-screen application. It is the terminal of its controller."""

    def __init__(self, session: Session, terminal: tuple[Input, Output] | None = None) -> None:
        self._session = session
        self._query = _query_line(session)
        source, sink = terminal or (None, None)
        self._worker: LatestWorker[Task, Piece] = LatestWorker(
            Searching(session).work, self._deliver, self._failed
        )
        self.controller = Controller(session, self._worker.ask, self)
        self.app: Application[Shell | None] = Application(
            layout=self._layout(),
            key_bindings=self._bindings(),
            style=style_of(session),
            color_depth=depth_of(session),
            editing_mode=mode_of(session),
            mouse_support=session.preferences.mouse,
            full_screen=True,
            input=source,
            output=sink,
        )
        self.app.ttimeoutlen = ESCAPE_WAIT_S
        self._painted = threading.Event()
        self._typed_times = 0
        self.app.after_render += lambda app: self._painted.set()
        self._query.buffer.on_text_changed += self._typed

    def run(self, text: str) -> Shell | None:
        """Show it until it is left. The session keeps its order and its palette."""
        palette, self._session.palette = self._session.palette, self.controller.palette
        self._worker.start()
        try:
            self.set_text(text)
            self.controller.start(text)
            with _collecting_when_idle(), _switching_soon():
                return self.app.run(pre_run=self._begin)
        except EOFError:  # the input ended
            return None
        finally:
            self._worker.close()
            self._session.palette = palette
            self._session.sort = self.controller.state.sort

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Whether everything that was asked is searched, at the latest after so long."""
        return self._worker.wait_until_idle(timeout_s)

    def _begin(self) -> None:
        self.app.create_background_task(self._look_now_and_then())

    async def _look_now_and_then(self) -> None:
        """Have the worker see whether the index has changed, and use the pauses in typing."""
        while True:
            typed = self._typed_times
            await asyncio.sleep(LOOK_EVERY_S)
            self.controller.tick()
            if typed == self._typed_times:
                gc.collect()
                gc.freeze()

    # -- from the worker's thread

    def _deliver(self, piece: Piece) -> None:
        """Show a piece, and wait until it is painted: what comes next would slow that down."""
        self._painted.clear()
        self._later(lambda: self._take(piece))
        self._painted.wait(PAINTING_WAIT_S)

    def _take(self, piece: Piece) -> None:
        self.controller.take(piece)
        if not self.app.invalidated:
            self._painted.set()

    def _failed(self, error: Exception) -> None:
        self._later(lambda: self.controller.fail(error))

    def _later(self, call: Callable[[], None]) -> None:
        """Call it in the thread of the terminal, if that still runs."""
        loop = self.app.loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(call)

    # -- what the controller needs of its terminal

    def redraw(self) -> None:
        self.app.invalidate()

    def set_text(self, text: str) -> None:
        self._query.buffer.text = text
        self._query.buffer.cursor_position = len(text)

    def remember(self, line: str) -> None:
        if line.strip():
            self._query.buffer.history.append_string(line)

    def run_program(self, command: tuple[str, ...], done: Callable[[str], None]) -> None:
        async def run() -> None:
            done(await run_in_terminal(lambda: run_program(command)))

        self.app.create_background_task(run())

    def run_pipe(self, piped: tuple[str, str], done: Callable[[str], None]) -> None:
        def run_and_wait() -> str:
            said = run_pipe(piped)
            wait_for_enter()
            return said

        async def run() -> None:
            done(await run_in_terminal(run_and_wait))

        self.app.create_background_task(run())

    def browse(self, url: str, done: Callable[[str], None]) -> None:
        async def run() -> None:
            found = await asyncio.to_thread(webbrowser.open, url)
            done(url if found else f"no browser was found to show {url}")

        self.app.create_background_task(run())

    def in_background(self, work: Callable[[], Reply], done: Callable[[Reply], None]) -> None:
        async def run() -> None:
            done(await asyncio.to_thread(work))

        self.app.create_background_task(run())

    def send(self, sequence: str) -> None:
        self.app.output.write_raw(sequence)
        self.app.output.flush()

    def leave(self, shell: Shell | None) -> None:
        if not self.app.is_done:
            self.app.exit(result=shell)

    # -- layout and keys

    def _typed(self, buffer: Buffer) -> None:
        self._typed_times += 1
        if "\n" in buffer.text:  # several lines were pasted
            self.set_text(buffer.text.replace("\n", " "))
        else:
            self.controller.type(buffer.text)

    def _layout(self) -> Layout:
        query = Window(self._query.control, height=QUERY_ROWS)
        uses_mouse = self._session.preferences.mouse
        body = Canvas(self._lines, has_completions, self._on_mouse if uses_mouse else None)
        menu = Float(CompletionsMenu(max_height=MENU_ROWS), xcursor=True, ycursor=True)
        content = FloatContainer(HSplit([query, body, self._query.search]), [menu])
        return Layout(content, focused_element=query)

    def _lines(self) -> list[Line]:
        size = self.app.output.get_size()
        return self.controller.screen(size.columns, size.rows)

    def _on_mouse(self, event: MouseEvent) -> NotImplementedOrNone:
        """The wheel moves, a click chooses a hit."""
        match event.event_type:
            case MouseEventType.SCROLL_UP:
                self.controller.act(Action.UP)
            case MouseEventType.SCROLL_DOWN:
                self.controller.act(Action.DOWN)
            case MouseEventType.MOUSE_UP:
                self.controller.click(event.position.x, event.position.y - QUERY_ROWS)
            case _:
                return NotImplemented
        return None

    def _bindings(self) -> KeyBindings:
        bindings = KeyBindings()
        in_query = ~is_searching
        free = in_query & ~has_completions
        filters = {
            Action.ENTER: free | (in_query & ~completion_is_selected),
            Action.BACK: free & Condition(self._can_go_back),
            Action.UP: free,
            Action.DOWN: free,
            Action.LEAVE: in_query & Condition(lambda: not self._query.buffer.text),
        }
        for key in KEYS:
            for keys in key.keys:
                bindings.add(
                    *keys.split(), filter=filters.get(key.action, in_query),
                    eager=key.action is Action.BACK,
                )(self._handler(key.action))  # fmt: skip
        may_command = Condition(self._may_command) | vi_navigation_mode
        bindings.add(":", filter=in_query & may_command)(self._handler(Action.COMMAND))
        has_edits = Condition(lambda: bool(self.controller.state.edits))
        for number in range(1, 10):
            bindings.add("escape", str(number), filter=in_query & has_edits)(self._mender(number))
        _add_completion_keys(bindings)
        return bindings

    def _mender(self, number: int) -> Callable[[KeyPressEvent], None]:
        return lambda event: self.controller.mend(number)

    def _may_command(self) -> bool:
        """Whether a colon begins a command: in front of the query, and behind what one brought."""
        is_in_front = self._query.buffer.cursor_position == 0
        return is_in_front or self.controller.state.overlay is not None

    def _can_go_back(self) -> bool:
        state = self.controller.state
        return state.is_command or can_close(state)

    def _handler(self, action: Action) -> Callable[[KeyPressEvent], None]:
        return lambda event: self.controller.act(action)


@contextmanager
def _collecting_when_idle() -> Iterator[None]:
    """All of memory is looked through for garbage in the pauses of typing only.

    With a large index that takes longer than searching it. What is young is collected as always.
    """
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(usual[0], usual[1], NEVER)
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*usual)


@contextmanager
def _switching_soon() -> Iterator[None]:
    """The thread that paints is not kept waiting by the one that searches."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _query_line(session: Session) -> _Query:
    search = SearchToolbar()
    buffer = Buffer(
        completer=ThreadedCompleter(QueryCompleter(session)),
        auto_suggest=ghost_of(session),
        history=history_of(session),
        multiline=False,
    )
    control = BufferControl(
        buffer,
        lexer=QueryLexer(session),
        input_processors=[BeforeInput(PROMPT, "class:prompt"), AppendAutoSuggestion()],
        search_buffer_control=search.control,
        preview_search=True,
    )
    return _Query(buffer, control, search)


def _add_completion_keys(bindings: KeyBindings) -> None:
    """The keys that complete."""
    add_menu_keys(bindings)

    @bindings.add("tab", filter=~is_searching)
    def _complete(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state:
            buffer.complete_next()
        else:
            buffer.start_completion(insert_common_part=True)

    @bindings.add("s-tab", filter=has_completions)
    def _previous(event: KeyPressEvent) -> None:
        event.current_buffer.complete_previous()
