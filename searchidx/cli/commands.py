"""The commands: each takes the parsed arguments and gives back an exit code.

Results go to stdout, everything else to stderr.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from searchidx import render
from searchidx.cli.arguments import EXIT_ERROR, EXIT_NONE, EXIT_OK
from searchidx.cli.locate import find_index, settings_for, settings_path
from searchidx.cli.terminal import (
    AUTOMATIC,
    NEVER,
    ProgressBar,
    linking,
    page,
    palette_for,
    stream_width,
)
from searchidx.cli.times import Times
from searchidx.errors import IndexCorrupt, IndexVersionMismatch, QueryError, SearchIdxError
from searchidx.index import Index, open_index
from searchidx.reading import SearchOptions
from searchidx.results import Results
from searchidx.settings import Settings

if TYPE_CHECKING:
    from searchidx.answers import Explanation, NoHits
    from searchidx.counts import CrossCounts
    from searchidx.posts.problem import Problem
    from searchidx.render import Palette
    from searchidx.results import Hit
    from searchidx.shell.preferences import Preferences
    from searchidx.stats import Stats
    from searchidx.sync import CheckReport, SyncReport

MOST_PROBLEMS = 20
MOST_VALUES = 20
FLAGS_OF_OUTPUT = {
    "--explain": ("text", "json", "jsonl"),
    "--facet": ("text", "json"),
    "--cross": ("text", "json"),
    "-0": ("paths",),
}
Arguments = argparse.Namespace


def index(arguments: Arguments) -> int:
    """Bring the index into agreement with the files."""
    bar = ProgressBar(sys.stderr, not arguments.quiet)
    with index_to_write(arguments) as target:
        try:
            report = target.sync(
                arguments.roots,
                full=arguments.full,
                dry_run=arguments.dry_run,
                wait_s=arguments.wait,
                jobs=arguments.jobs,
                progress=bar,
            )
        finally:
            bar.clear()
    if arguments.json:
        print(render.json_text(report_json(report)))
    else:
        _print_problems(report.problems)
        if not arguments.quiet:
            print(report_text(report))
    tell_of_disk(report, target.path)
    return EXIT_ERROR if report.lost_text or report.not_on_disk else EXIT_OK


def tell_of_disk(report: SyncReport, folder: Path) -> None:
    """Say so when a commit may not outlive a power cut."""
    if report.not_on_disk:
        what = f"the new posts are found, but not safely on the disk: {report.not_on_disk}"
        todo = "check the disk, then rebuild the index with: searchidx index --full"
        print(f"searchidx: {render.clean(str(folder))}: {what}; {todo}", file=sys.stderr)


def query(arguments: Arguments) -> int:
    """Print the posts that match."""
    output = _output_of(arguments)
    text = " ".join(arguments.text)
    if text == "-":
        text = sys.stdin.read().strip()
    times: Times = arguments.times
    with index_to_search(arguments) as source:
        times.mark("opening")
        if output == "format":
            line_of(arguments, source)
        text = _with_saved(text, source)
        if arguments.explain_time:
            source.parse(text, lenient=True)
            times.mark("parsing")
        options = _search_options(arguments, output)
        try:
            results = source.search(text, **options)
        except QueryError as error:
            raise with_suggestions(error, source) from error
        no_hits = source.no_hits(text, **options) if not results.total_all else None
        cross = _cross_of(source, text, arguments.cross) if arguments.cross else None
        explanations = (
            [source.explain(text, hit.path, **options) for hit in results.hits]
            if arguments.explain
            else []
        )
        times.mark("evaluating")
        if arguments.explain_time:
            _ = [dict(hit.fields) for hit in results.hits]
            times.mark("fetching")
        print_results(results, source, arguments, explanations, no_hits, cross)
    if arguments.explain_time:
        sys.stdout.flush()
        times.mark("printing")
        sys.stderr.write(times.text())
    return EXIT_OK if results.total else EXIT_NONE


def _search_options(arguments: Arguments, output: str) -> SearchOptions:
    """How to search; of how to match and score, what is not given is as the settings say."""
    options: SearchOptions = {
        "limit": 0 if output == "count" else arguments.limit,
        "offset": arguments.offset,
        "sort": arguments.sort,
        "fields": tuple(arguments.field),
        "since": arguments.since,
        "until": arguments.until,
        "facets": tuple(name for names in arguments.facet for name in names.split(",")),
        "facet_limit": 0 if output == "json" else MOST_VALUES,
    }
    if arguments.match:
        options["match"] = arguments.match
    if arguments.expand is not None:
        options["expand"] = arguments.expand
    if arguments.recency is not None:
        options["recency"] = arguments.recency
    if arguments.prior is not None:
        options["prior"] = arguments.prior
    if arguments.synonyms is not None:
        options["synonyms"] = arguments.synonyms
    return options


def print_results(
    results: Results,
    source: Index,
    arguments: Arguments,
    explanations: Sequence[Explanation | None] = (),
    no_hits: NoHits | None = None,
    cross: CrossCounts | None = None,
) -> None:
    """Print results in the form that the arguments ask for, and a summary to stderr."""
    output = _output_of(arguments)
    if output == "text":
        _print_hits(results, explanations, cross, (source, arguments))
    elif output == "count":
        print(results.total)
    elif output == "json":
        print(render.json_text(_document(results, explanations, no_hits, cross)))
    elif output == "jsonl":
        for row in render.results_json(results, explanations)["hits"]:
            print(render.json_text(row))
    elif output == "format":
        line = line_of(arguments, source)
        sys.stdout.writelines(f"{line(hit)}\n" for hit in results)
    else:
        _print_paths([hit.path for hit in results], source.path.parent, arguments.null)
    if output not in ("json", "jsonl"):
        sys.stderr.write(_summary(results, no_hits))


def line_of(arguments: Arguments, source: Index) -> Callable[[Hit], str]:
    """What --format prints of a hit. Raises: SearchIdxError for a template that cannot be filled.

    To be called before anything is searched.
    """
    return render.template(arguments.format or "", [spec.name for spec in source.fields])


def _document(
    results: Results,
    explanations: Sequence[Explanation | None],
    no_hits: NoHits | None,
    cross: CrossCounts | None,
) -> dict[str, Any]:
    document = render.results_json(results, explanations, no_hits)
    if cross:
        from searchidx.charts import cross_json

        document["cross"] = cross_json(cross)
    return document


def _output_of(arguments: Arguments) -> str:
    """Which of the outputs is asked for.

    Raises: SearchIdxError when a flag is given that has no place in it.
    """
    chosen = {"json": arguments.json, "jsonl": arguments.jsonl, "paths": arguments.paths}
    chosen |= {"count": getattr(arguments, "count", False), "format": arguments.format is not None}
    output = next((name for name, is_chosen in chosen.items() if is_chosen), "text")
    names = {"--explain": "explain", "--facet": "facet", "--cross": "cross", "-0": "null"}
    given = {flag: getattr(arguments, name, False) for flag, name in names.items()}
    for flag, is_given in given.items():
        if is_given and output not in FLAGS_OF_OUTPUT[flag]:
            places = " or ".join(f"--{name}" for name in FLAGS_OF_OUTPUT[flag] if name != "text")
            where = "without --paths" if output == "text" else f"in --{output}"
            raise SearchIdxError(f"{flag} has no place {where}; use it with {places}")
    return output


def shell(arguments: Arguments) -> int:
    """Search interactively."""
    from searchidx.shell.running import run_shell
    from searchidx.shell.session import Shell

    first = Shell.LINES if arguments.plain else Shell.LIVE
    with index_to_search(arguments) as source:
        preferences = _preferences(source)
        environment = _pager_environment(preferences)
        return run_shell(
            source,
            _palette(arguments, source, preferences),
            lambda text: page(text, environment, wanted=True),
            first=first,
            preferences=preferences,
        )


def _palette(arguments: Arguments, source: Index, preferences: Preferences | None) -> Palette:
    """The colours, and on a terminal the links, for stdout."""
    is_terminal = sys.stdout.isatty()
    palette = palette_for(arguments.color, os.environ, is_terminal)
    wanted = preferences.links if preferences else AUTOMATIC
    return linking(palette, source.path.parent, os.environ, wanted if is_terminal else NEVER)


def _preferences(source: Index) -> Preferences | None:
    """What a settings file says about the terminal; None when there is no such file."""
    path = settings_path(source.path, Path.cwd())
    if path is None:
        return None
    from searchidx.shell.preferences import load_preferences

    return load_preferences(path)


def _pager_environment(preferences: Preferences | None) -> dict[str, str]:
    """The environment, with the pager of the settings where SEARCHIDX_PAGER names none."""
    pager = preferences.pager if preferences else ""
    return {**({"SEARCHIDX_PAGER": pager} if pager else {}), **os.environ}


def stats(arguments: Arguments) -> int:
    """Print what the index holds."""
    with index_to_read(arguments) as source:
        found = source.stats()
    print(render.json_text(stats_json(found)) if arguments.json else stats_text(found))
    return EXIT_OK


def fields(arguments: Arguments) -> int:
    """Print the fields and metadata keys."""
    with index_to_read(arguments) as source:
        found = source.stats()
    if arguments.json:
        keys = dict(found.meta_keys)
        print(render.json_text({"fields": stats_json(found)["fields"], "meta": keys}))
        return EXIT_OK
    sys.stdout.write(render.fields_text(found))
    return EXIT_OK


def terms(arguments: Arguments) -> int:
    """Print the words or values of a field."""
    with index_to_read(arguments) as source:
        rows = list(source.terms(arguments.field, arguments.prefix))
    if arguments.json:
        print(render.json_text([{"term": term, "posts": count} for term, count in rows]))
    else:
        for term, count in rows:
            print(f"{count}\t{render.clean(term)}")
    return EXIT_OK if rows else EXIT_NONE


def check(arguments: Arguments) -> int:
    """Say whether the index is whole and agrees with the files."""
    with index_to_read(arguments) as source:
        report = source.check()
    if arguments.json:
        document = {
            "format_version": render.JSON_FORMAT_VERSION,
            "faults": list(report.faults),
            "sync": report_json(report.sync) if report.sync else None,
        }
        print(render.json_text(document))
    else:
        print(_check_text(report))
    if report.faults:
        return EXIT_ERROR
    return EXIT_OK if report.is_current else EXIT_NONE


def completion(arguments: Arguments) -> int:
    """Print a completion script."""
    from searchidx.cli.arguments import build_parser
    from searchidx.cli.completion import completion_script

    print(completion_script(build_parser(), arguments.shell))
    return EXIT_OK


# -- finding and opening


def index_to_read(arguments: Arguments) -> Index:
    return open_index(find_index(arguments.index, os.environ, Path.cwd()))


def index_to_search(arguments: Arguments) -> Index:
    """The index to read, with what searchidx.toml says of searching."""
    folder, settings = _index_and_settings(arguments, None)
    index = open_index(folder)
    if settings is not None:
        index.settings = replace(index.settings, search=settings.search)
    return index


def index_to_write(arguments: Arguments) -> Index:
    """The index to sync; one that cannot be read is opened empty when it is to be rebuilt."""
    folder, settings = _index_and_settings(arguments, arguments.settings)
    try:
        return open_index(folder, settings=settings, create=True)
    except (IndexCorrupt, IndexVersionMismatch):
        if not arguments.full:
            raise
        return open_index(folder, settings=settings, create=True, discard=True)


def _index_and_settings(arguments: Arguments, flag: str | None) -> tuple[Path, Settings | None]:
    """The folder of the index, and the settings for it."""
    here = Path.cwd()
    folder = find_index(arguments.index, os.environ, here)
    return folder, settings_for(folder, flag, here)


# -- texts and JSON


def report_text(report: SyncReport) -> str:
    """A sync in two or three lines."""
    would = "would be " if report.is_dry_run else ""
    counts = ", ".join(
        f"{name} {len(paths)}"
        for name, paths in (
            ("added", report.added),
            ("changed", report.changed),
            ("renamed", report.renamed),
            ("removed", report.removed),
        )
    )
    lines = [f"{would}{counts}, unchanged {report.unchanged}, problems {len(report.problems)}"]
    if report.reason:
        lines.insert(0, f"every post {would or 'was '}read again: {report.reason}")
    if report.resumed:
        lines.append(f"{report.resumed} of them had been read before the last run was stopped")
    if report.is_dry_run:
        for name in ("added", "changed", "removed"):
            lines += [f"  {name}: {render.clean(path)}" for path in getattr(report, name)]
        lines += [f"  renamed: {render.clean(a)} -> {render.clean(b)}" for a, b in report.renamed]
    speed = f", {report.posts_per_second:.0f} posts/s" if report.read and not would else ""
    others = f", {report.passed_over} other files passed over" if report.passed_over else ""
    lines.append(f"{report.posts} posts{others} in {report.elapsed_ms / 1000:.2f} s{speed}")
    return "\n".join(lines)


def report_json(report: SyncReport) -> dict[str, Any]:
    """A sync as plain values."""
    return {
        "format_version": render.JSON_FORMAT_VERSION,
        "dry_run": report.is_dry_run,
        "reason": report.reason,
        "added": list(report.added),
        "changed": list(report.changed),
        "renamed": [{"from": old, "to": new} for old, new in report.renamed],
        "removed": list(report.removed),
        "unchanged": report.unchanged,
        "passed_over": report.passed_over,
        "resumed": report.resumed,
        "not_on_disk": report.not_on_disk,
        "posts": report.posts,
        "generation": report.generation,
        "problems": [
            {
                "path": problem.path,
                "line": problem.line,
                "what": problem.what,
                "todo": problem.todo,
                "lost_text": problem.lost_text,
            }
            for problem in report.problems
        ],
        "elapsed_ms": round(report.elapsed_ms, 3),
        "posts_per_second": round(report.posts_per_second, 1),
    }


def stats_json(found: Stats) -> dict[str, Any]:
    """What the index holds as plain values."""
    return {
        "format_version": render.JSON_FORMAT_VERSION,
        "path": str(found.path),
        "generation": found.generation,
        "committed": found.committed,
        "posts": found.posts,
        "segments": found.segments,
        "deleted": found.deleted,
        "size_bytes": found.size_bytes,
        "roots": list(found.roots),
        "problem_posts": found.problem_posts,
        "fields": [
            {
                "name": row.spec.name,
                "kind": row.spec.kind.value,
                "posts": row.posts,
                "aliases": list(row.spec.aliases),
                "default": row.spec.default,
                "weight": row.spec.weight,
            }
            for row in found.fields
        ],
    }


def stats_text(found: Stats) -> str:
    """What the index holds, a line a fact."""
    rows = [
        ("index", str(found.path)),
        ("posts", f"{found.posts}"),
        ("with problems", f"{found.problem_posts}"),
        ("from", ", ".join(found.roots)),
        ("size", f"{found.size_bytes / 1024:.0f} KiB in {found.segments} segments"),
        ("deleted", f"{found.deleted} posts wait for a merge"),
        ("generation", f"{found.generation}, committed {found.committed}"),
    ]
    return "\n".join(f"{name:14}{render.clean(value)}" for name, value in rows)


def _check_text(report: CheckReport) -> str:
    lines = [f"damaged: {fault}" for fault in report.faults] or ["the index is whole"]
    if report.is_current:
        lines.append("it agrees with the files")
    else:
        lines += ["it does not agree with the files; bring it up to date with: searchidx index"]
        lines += [report_text(report.sync)] if report.sync else []
    return "\n".join(lines)


def _print_hits(
    results: Results,
    explanations: Sequence[Explanation | None],
    cross: CrossCounts | None,
    place: tuple[Index, Arguments],
) -> None:
    source, arguments = place
    preferences = _preferences(source) if sys.stdout.isatty() else None
    palette = _palette(arguments, source, preferences)
    width = stream_width(sys.stdout)
    parts = []
    for hit, explanation in zip_longest(results.hits, explanations):
        one = replace(results, hits=(hit,))
        parts.append(render.render_text(one, palette, width))
        if explanation:
            parts.append(render.explanation_text(explanation, "    ") + "\n")
        parts.append("\n")
    if results.facets or cross:
        parts += _counts_text(results, cross, palette)
    text = "".join(parts)
    page(text, _pager_environment(preferences), not arguments.no_pager)


def _counts_text(results: Results, cross: CrossCounts | None, palette: Palette) -> Iterator[str]:
    from searchidx.charts import bars_text, cross_text

    for name, rows in results.facets.items():
        yield f"{palette.title}{render.clean(name)}{palette.reset}\n"
        columns = stream_width(sys.stdout) if sys.stdout.isatty() else 0
        yield bars_text(rows[:MOST_VALUES], palette, columns) + "\n"
    if cross:
        yield cross_text(cross, palette) + "\n"


def _print_paths(paths: list[str], base: Path, null: bool) -> None:
    """Paths as they are reached from here, a line each; with `null` as the bytes they are."""
    here = Path.cwd()
    if base != here:
        paths = [path if path.startswith("/") else os.path.relpath(base / path) for path in paths]
    if not null:
        sys.stdout.writelines(f"{render.clean(path)}\n" for path in paths)
        return
    from searchidx.posts.scan import unescaped

    sys.stdout.flush()
    data = b"".join(os.fsencode(unescaped(path)) + b"\0" for path in paths)
    sys.stdout.buffer.write(data)


def _with_saved(text: str, source: Index) -> str:
    """The query with the saved ones that it names."""
    if "@" not in text:
        return text
    from searchidx.saved import expanded, load_saved, saved_path

    return expanded(text, load_saved(saved_path(source)))


def _cross_of(source: Index, text: str, names: str) -> CrossCounts:
    rows, comma, columns = names.partition(",")
    if not comma:
        raise SearchIdxError("--cross takes two fields, such as provider,year")
    return source.cross(rows, columns, text)


def with_suggestions(error: QueryError, source: Index) -> QueryError:
    """The error, its hint followed by near queries that have hits."""
    near = render.suggestions_text(source.suggest(error.text)).rstrip("\n")
    hint = "\n".join(filter(None, (error.hint, near)))
    return QueryError(error.text, error.position, error.reason, hint, error.end)


def _summary(results: Results, no_hits: NoHits | None) -> str:
    first, last = results.offset + 1, results.offset + len(results.hits)
    is_part = results.hits and len(results.hits) < results.total
    shown = f", {first} to {last} shown" if is_part else ""
    line = f"{render.matches_text(results)}{shown} ({results.elapsed_ms:.0f} ms)\n"
    line += render.added_text(results)
    return line + (render.no_hits_text(no_hits) if no_hits else "")


def _print_problems(problems: tuple[Problem, ...]) -> None:
    for problem in problems[:MOST_PROBLEMS]:
        print(render.clean(str(problem)), file=sys.stderr)
    if len(problems) > MOST_PROBLEMS:
        left = len(problems) - MOST_PROBLEMS
        print(f"… and {left} problems more: searchidx index --json lists all", file=sys.stderr)
