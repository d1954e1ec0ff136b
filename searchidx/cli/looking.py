"""The commands that look at posts one by one: why, similar."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from searchidx import render
from searchidx.cli.arguments import EXIT_NONE, EXIT_OK
from searchidx.cli.commands import Arguments, index_to_read, index_to_search, line_of, print_results
from searchidx.cli.terminal import palette_for


def why(arguments: Arguments) -> int:
    """Say why a post matches a query, or why not."""
    with index_to_search(arguments) as source:
        found = source.why(arguments.text, source.locate(arguments.path, Path.cwd()))
    if arguments.json:
        print(render.json_text(render.why_json(found)))
    else:
        palette = palette_for(arguments.color, os.environ, sys.stdout.isatty())
        sys.stdout.write(render.why_text(found, palette))
    return EXIT_OK if found.rank else EXIT_NONE


def similar(arguments: Arguments) -> int:
    """Print the posts most like one."""
    with index_to_read(arguments) as source:
        line_of(arguments, source)
        path = source.locate(arguments.path, Path.cwd())
        results = source.similar(path, limit=arguments.limit)
        print_results(results, source, arguments)
    return EXIT_OK if results.total else EXIT_NONE
