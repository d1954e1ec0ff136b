"""`python -m searchidx` is the `searchidx` command."""

from searchidx.cli.main import run

run()
