"""Completion scripts for bash, zsh and fish, written from the parser."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Command:
    name: str
    help: str
    flags: tuple[tuple[str, str], ...]
    choices: tuple[str, ...]


def completion_script(parser: argparse.ArgumentParser, shell: str) -> str:
    """The script for `bash`, `zsh` or `fish`: source it, or put it where the shell looks."""
    commands = list(_commands(parser))
    writer = {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]
    return "\n".join(writer(commands))


def _commands(parser: argparse.ArgumentParser) -> Iterator[_Command]:
    for action in parser._actions:
        if not isinstance(action, argparse._SubParsersAction):
            continue
        helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
        for name, command in action.choices.items():
            flags = tuple(
                (flag, item.help or "") for item in command._actions for flag in item.option_strings
            )
            choices = tuple(
                str(choice)
                for item in command._actions
                if not item.option_strings and item.choices
                for choice in item.choices
            )
            yield _Command(name, helps.get(name, ""), flags, choices)


def _bash(commands: list[_Command]) -> Iterator[str]:
    yield "_searchidx() {"
    yield '    local word="${COMP_WORDS[COMP_CWORD]}" command="" item'
    yield '    for item in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do'
    known = "|".join(command.name for command in commands)
    yield f'        case "$item" in {known}) command=$item; break;; esac'
    yield "    done"
    yield '    case "$command" in'
    for command in commands:
        words = " ".join([*(flag for flag, _ in command.flags), *command.choices])
        yield f'        {command.name}) COMPREPLY=($(compgen -W "{words}" -- "$word"));;'
    words = " ".join([*(command.name for command in commands), "--index --color --help --version"])
    yield f'        *) COMPREPLY=($(compgen -W "{words}" -- "$word"));;'
    yield "    esac"
    yield "}"
    yield "complete -o default -F _searchidx searchidx"


def _zsh(commands: list[_Command]) -> Iterator[str]:
    yield "#compdef searchidx"
    yield "_searchidx() {"
    yield "    local -a commands flags"
    yield "    commands=("
    for command in commands:
        yield f"        {_quoted(f'{command.name}:{command.help}')}"
    yield "    )"
    yield "    if (( CURRENT == 2 )); then _describe command commands; return; fi"
    yield '    case "$words[2]" in'
    for command in commands:
        rows = [f"{flag}:{text}" for flag, text in command.flags]
        rows += list(command.choices)
        yield f"        {command.name}) flags=({' '.join(_quoted(row) for row in rows)});;"
    yield "    esac"
    yield "    _describe -o option flags || _files"
    yield "}"
    yield "compdef _searchidx searchidx"


def _fish(commands: list[_Command]) -> Iterator[str]:
    first = "__fish_use_subcommand"
    for command in commands:
        yield f"complete -c searchidx -n {first} -f -a {command.name} -d {_quoted(command.help)}"
        condition = f"'__fish_seen_subcommand_from {command.name}'"
        for flag, text in command.flags:
            option = f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}"
            yield f"complete -c searchidx -n {condition} {option} -d {_quoted(text)}"
        for choice in command.choices:
            yield f"complete -c searchidx -n {condition} -f -a {choice}"


def _quoted(text: str) -> str:
    return "'" + text.replace("%%", "%").replace("'", "'\\''") + "'"
