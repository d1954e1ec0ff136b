"""A live shell that is driven by keys through prompt_toolkit's pipe input."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable

from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from searchidx.shell.live.app import LiveApp
from searchidx.shell.live.state import State
from searchidx.shell.session import Session, Shell

ENTER, ESCAPE, CTRL_C, CTRL_D, CTRL_O = "\r", "\x1b", "\x03", "\x04", "\x0f"
UP, DOWN, HOME = "\x1b[A", "\x1b[B", "\x1b[H"
F1, F2, F3, F5, F6, F7, F8 = (
    "\x1bOP", "\x1bOQ", "\x1bOR", "\x1b[15~", "\x1b[17~", "\x1b[18~", "\x1b[19~",
)  # fmt: skip
PATIENCE_S = 20.0


class Driven:
    """A live shell in one thread, its keys sent from another."""

    def __init__(self, session: Session, columns: int = 140, rows: int = 40) -> None:
        self.session = session
        self.size = Size(rows, columns)
        self.screen = io.StringIO()
        self.last_keys = CTRL_C + CTRL_D
        self._painted = threading.Condition()
        self._state = State()

    def run(self, script: Callable[[Driven], None]) -> Shell | None:
        """Run the shell while the script sends keys; what the shell was left for."""
        failures: list[BaseException] = []

        def follow() -> None:
            try:
                self.until(is_whole)
                script(self)
            except BaseException as error:
                failures.append(error)
                self.keys.send_text(ESCAPE)
            finally:
                self.keys.send_text(self.last_keys)

        with create_pipe_input() as self.keys:
            sink = Vt100_Output(self.screen, lambda: self.size, term="xterm")
            self.live = LiveApp(self.session, (self.keys, sink))
            self.live.app.after_render += self._note
            thread = threading.Thread(target=follow, daemon=True)
            thread.start()
            left_for = self.live.run("")
            thread.join(PATIENCE_S)
        if failures:
            raise failures[0]
        return left_for

    def _note(self, _: object) -> None:
        with self._painted:
            self._state = self.live.controller.state
            self._painted.notify_all()

    def until(self, is_so: Callable[[State], bool]) -> State:
        """The first painted state that is so."""
        with self._painted:
            assert self._painted.wait_for(lambda: is_so(self._state), PATIENCE_S), self._state
            return self._state

    def type(self, text: str) -> State:
        """Send keys, and wait until everything about the query is painted."""
        self.keys.send_text(text)
        return self.until(lambda state: state.text.endswith(text) and is_whole(state))

    def press(self, keys: str, is_so: Callable[[State], bool]) -> State:
        self.keys.send_text(keys)
        return self.until(is_so)


def is_whole(state: State) -> bool:
    places = state.arrangement
    wants_preview = places.preview.is_shown and state.hit is not None
    has_preview = state.preview and state.hit and state.preview.path == state.hit.path
    has_counts = state.is_counted or not (places.facets.is_shown or places.histogram.is_shown)
    return bool(state.is_current and has_counts and (has_preview or not wants_preview))
