"""Programs that a shell runs for the user: an editor, a command that reads the hits."""

from __future__ import annotations

import signal
import subprocess

from searchidx.render import clean
from searchidx.shell.texts import error_text


def run_program(command: tuple[str, ...]) -> str:
    """Run an editor until it ends; a line about it when it did not do well, else nothing."""
    try:
        code = subprocess.run(command, check=False).returncode
    except OSError as error:
        return error_text(error)
    return f"{clean(command[0])} ended with exit code {code}\n" if code else ""


def run_pipe(piped: tuple[str, str]) -> str:
    """Run a command of the system's shell on a text; a line about it when it did not do well."""
    command, text = piped
    try:
        code = subprocess.run(command, shell=True, input=text, text=True, check=False).returncode
    except (OSError, UnicodeError) as error:
        return f"{clean(str(error))}\n"
    return f"the command ended with exit code {code}\n" if code else ""


def wait_for_enter() -> None:
    """Let what a program wrote be read until Enter or Ctrl-C. For the main thread."""
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        input("[Enter goes back]")
    except (EOFError, KeyboardInterrupt):
        pass
    finally:
        signal.signal(signal.SIGINT, usual)
