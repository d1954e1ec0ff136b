"""Results as files: Markdown, JSON or CSV."""

from __future__ import annotations

import csv
import io
from datetime import datetime

from searchidx import render
from searchidx.errors import SearchIdxError
from searchidx.posts.model import value_text
from searchidx.results import Hit, Results

FORMATS = (".md", ".json", ".csv")
CSV_COLUMNS = ("rank", "score", "path", "title", "date", "provider", "topics", "url")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def exported(results: Results, suffix: str) -> str:
    """The results as the text of a file that ends in `.md`, `.json` or `.csv`.

    Raises: SearchIdxError for another ending.
    """
    if suffix == ".json":
        return render.json_text(render.results_json(results)) + "\n"
    if suffix == ".md":
        return _markdown(results)
    if suffix == ".csv":
        return _csv(results)
    raise SearchIdxError(f"a file ends in {', '.join(FORMATS)}, not in {suffix!r}")


def _markdown(results: Results) -> str:
    lines = [f"# {render.clean(results.query)}", "", f"{render.matches_text(results)}.", ""]
    for hit in results.hits:
        title = render.clean(hit.text("title") or hit.path).replace("[", "\\[").replace("]", "\\]")
        target = hit.text("url") or hit.path
        about = " · ".join(filter(None, (_date(hit), hit.text("provider"))))
        lines.append(f"{hit.rank}. [{title}](<{_target(target)}>){f' — {about}' if about else ''}")
        if excerpt := hit.text("excerpt"):
            lines.append(f"   {render.clean(excerpt)}")
    return "\n".join(lines) + "\n"


def _target(text: str) -> str:
    """An address or path as Markdown takes it between angle brackets."""
    return render.clean(text).replace("<", "%3C").replace(">", "%3E")


def _csv(results: Results) -> str:
    """A row a hit; no cell can be taken for a formula."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for hit in results.hits:
        texts = ["; ".join(hit.texts(name)) for name in ("provider", "topics", "url")]
        cells = [hit.path, hit.text("title"), _date(hit), *texts]
        writer.writerow([hit.rank, f"{hit.score:.4f}", *(_cell(render.clean(c)) for c in cells)])
    return file.getvalue()


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _date(hit: Hit) -> str:
    date = hit.fields.get("date")
    return value_text(date)[:10] if isinstance(date, datetime) else ""
