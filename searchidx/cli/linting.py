"""The command `lint`: what is amiss with the front matter of a folder, for people and for CI."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

from searchidx import render
from searchidx.cli.arguments import EXIT_NONE, EXIT_OK
from searchidx.cli.commands import Arguments
from searchidx.cli.locate import find_index, settings_for
from searchidx.errors import IndexError_, SearchIdxError
from searchidx.index import FIRST_ROOT, open_index
from searchidx.lint import RULES, Level, LintReport, lint
from searchidx.settings import Settings
from searchidx.version import __version__

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def run_lint(arguments: Arguments) -> int:
    """Look at the posts of some folders; 1 when something of the level or worse was found."""
    known = [rule.name for rule in RULES]
    ignore = [name for names in arguments.ignore for name in names.split(",")]
    for name in ignore:
        if name not in known:
            raise SearchIdxError(f"there is no rule {name!r}; the rules are {', '.join(known)}")
    here = Path.cwd()
    folder = find_index(arguments.index, os.environ, here)
    settings = settings_for(folder, arguments.settings, here) or _settings_of(folder)
    roots = [Path(root).resolve() for root in arguments.roots] or _roots(folder, settings)
    report = lint(roots, settings, here, ignore=ignore)
    if arguments.json:
        print(render.json_text(report_json(report)))
    elif arguments.sarif:
        print(render.json_text(report_sarif(report)))
    else:
        sys.stdout.writelines(f"{render.clean(str(finding))}\n" for finding in report.findings)
        sys.stdout.flush()
        sys.stderr.write(_summary(report))
    return EXIT_NONE if report.at_least(Level(arguments.level)) else EXIT_OK


def _settings_of(folder: Path) -> Settings:
    """The settings the index was built with, else the default ones."""
    try:
        with open_index(folder) as index:
            return index.settings
    except IndexError_:
        return Settings(base=folder.parent)


def _roots(folder: Path, settings: Settings) -> list[Path]:
    """The roots of the settings, else those of the index, else the first one there is."""
    if settings.roots:
        return [settings.base / root for root in settings.roots]
    try:
        with open_index(folder) as index:
            return [folder.parent / root for root in index.stats().roots]
    except IndexError_:
        return [Path.cwd() / FIRST_ROOT]


def _summary(report: LintReport) -> str:
    counts = Counter(finding.rule for finding in report.findings)
    parts = [f"{counts[rule.name]} {rule.name}" for rule in RULES if counts[rule.name]]
    return f"{report.posts} posts: {', '.join(parts) or 'nothing is amiss'}\n"


def report_json(report: LintReport) -> dict[str, Any]:
    """The findings as plain values."""
    return {
        "format_version": render.JSON_FORMAT_VERSION,
        "posts": report.posts,
        "findings": [
            {
                "path": finding.path,
                "line": finding.line,
                "rule": finding.rule,
                "level": finding.level.value,
                "message": finding.message,
            }
            for finding in report.findings
        ],
    }


def report_sarif(report: LintReport) -> dict[str, Any]:
    """The findings as a SARIF 2.1.0 log."""
    rules = [
        {
            "id": rule.name,
            "shortDescription": {"text": rule.about},
            "defaultConfiguration": {"level": rule.level.value},
        }
        for rule in RULES
    ]
    results = [
        {
            "ruleId": finding.rule,
            "level": finding.level.value,
            "message": {"text": finding.message},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": quote(finding.path)},
                        "region": {"startLine": finding.line},
                    }
                }
            ],
        }
        for finding in report.findings
    ]
    driver = {"name": "searchidx", "version": __version__, "rules": rules}
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
