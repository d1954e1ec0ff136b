"""A damaged index gives the answers it gave before, or says which file is damaged; nothing else.

Each trial damages one file of an index of several segments and asks everything of it again.
`SEARCHIDX_TRIALS` says how many trials there are; their seeds are the numbers from 0 on.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from whoosh.filedb.filestore import RamStorage
from whoosh.index import TOC, open_dir

import searchidx
from searchidx.errors import IndexCorrupt, IndexMissing, IndexVersionMismatch
from searchidx.results import Results
from searchidx.schema import build_schema
from tests.conftest import MakeIndex, write_posts

TRIALS = int(os.environ.get("SEARCHIDX_TRIALS", "300"))
AT_ONCE = 50
SECONDS = 20

WORDS = ["alpha", "beta", "gamma", "delta", "omega", "kappa"]
WORDS += ["library", "chess", "mask", "river", "stone", "paper"]
ONE = "posts/1/5.md"
KINDS = ["flip", "flip", "flip", "cut", "extend", "zero", "swap", "delete"]
NAMES_A_PART = ("the array ", "is missing", "is not the file", "the manifest says")


def post(number: int, edition: str) -> str:
    chance = random.Random(f"{number} {edition}")
    lines = [f"title: {' '.join(chance.choices(WORDS, k=3)).title()} {number}"]
    lines += [f"topics: [{', '.join(chance.sample(WORDS, 2))}]"]
    lines += [f"provider: {{name: {chance.choice(WORDS)}, domain: {chance.choice(WORDS)}.org}}"]
    if number % 3:
        day = f"{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        lines += [f"date: 202{chance.randint(0, 5)}-{day}", f"quality: {chance.randint(0, 99)}"]
        lines += [f"published: {chance.choice(['true', 'false'])}", f"heat: {chance.random():.3f}"]
    lines += [
        f"mood: {chance.choice(['calm', 'Lively', 'odd one'])}",
        f"category: {WORDS[number % 12]}",
    ]
    if number % 11 == 5:
        lines += ["type: [unclosed"]
    body = " ".join(chance.choices(WORDS, k=chance.randint(5, 80)))
    return "---\n" + "\n".join(lines) + f"\n---\n{body}.\n"


def numbered(numbers: range, edition: str) -> dict[str, str]:
    return {f"{number % 4}/{number}.md": post(number, edition) for number in numbers}


def build(base: Path, edition: str) -> list[Path]:
    """An index of three segments with deletions; the folder as it was at each of its commits."""
    root, kept = base / "posts", []
    with searchidx.open(base / "index", create=True) as index:
        for numbers in (range(60), range(60, 72), range(72, 75)):
            write_posts(root, numbered(numbers, edition))
            if numbers.start == 72:
                for gone in (3, 4, 17, 61):
                    (root / f"{gone % 4}/{gone}.md").unlink()
            index.sync([root])
            kept.append(base / f"kept{len(kept)}")
            shutil.copytree(base / "index", kept[-1], ignore=shutil.ignore_patterns("*LOCK*"))
        stats = index.stats()
        assert (stats.segments, stats.deleted, stats.problem_posts > 0) == (3, 4, True)
    return kept


def shown(results: Results) -> Any:
    hits = [(h.rank, h.score, h.path, dict(h.fields), tuple(h.meta)) for h in results]
    marked = [h.marked("title") for h in results]
    return results.total, hits, marked, dict(results.facets), results.sort


Ask = Callable[[searchidx.Index, Path], Any]


def search(text: str, **options: Any) -> Ask:
    return lambda index, root: shown(index.search(text, **{"limit": 20, **options}))


QUESTIONS: dict[str, Ask] = {
    "everything": search("*", limit=200),
    "word": search("alpha"),
    "all, not": search("alpha beta -gamma"),
    "any": search("library OR chess OR mask", facets=("topics", "published", "date", "quality")),
    "phrase": search('"river stone"'),
    "near": search('"paper alpha"~4'),
    "prefix": search("gam*"),
    "pattern": search("title:?e*a"),
    "fuzzy": search("librery~"),
    "regex": search("body:/[km]a.*/"),
    "ranges": search("quality:20..70 date:2021..2024", sort="-quality"),
    "by date": search("river", sort="-date,title", facets=("provider", "heat")),
    "by title": search("published:yes", sort="title", facets=("category",)),
    "meta": search('meta.mood:"odd one" OR has:problems', facets=("topics",)),
    "similar": lambda index, root: shown(index.similar(ONE)),
    "explain": lambda index, root: index.explain("alpha OR river* OR meta.mood:calm", ONE),
    "terms": lambda index, root: [*index.terms("body", "a"), *index.terms("provider")],
    "stats": lambda index, root: (replace(index.stats(), size_bytes=0), index.problems()),
    "suggest": lambda index, root: index.suggest("librery chess"),
    "files": lambda index, root: replace(index.sync([root], dry_run=True), elapsed_ms=0),
}


@contextmanager
def no_longer_than(seconds: int) -> Iterator[None]:
    def stop(*arguments: object) -> None:
        raise AssertionError(f"not done in {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@dataclass(frozen=True)
class Case:
    """An index, what it answers, and files of other generations and of another such index."""

    root: Path
    folder: Path
    pristine: Path
    answers: dict[str, Any]
    others: list[Path]

    def restore(self) -> None:
        shutil.rmtree(self.folder)
        shutil.copytree(self.pristine, self.folder)

    def damage(self, chance: random.Random) -> tuple[Path, str]:
        """Damage one file; the file, and how."""
        by_size = {(file.suffix, file.stat().st_size): file for file in self.folder.glob("*_*.*")}
        files = [by_size[key] for key in sorted(by_size)]  # the names of segments are random
        weights = [1 if file.suffix == ".toc" else 4 for file in files]
        (file,) = chance.choices(files, weights)
        kind, before = chance.choice(KINDS), file.read_bytes()
        after = before
        while after == before:
            after = self._damaged(before, kind, file, chance)
        file.unlink()
        if kind != "delete":
            file.write_bytes(after)
        return file, kind

    def _damaged(self, data: bytes, kind: str, file: Path, chance: random.Random) -> bytes:
        changed = bytearray(data)
        start = chance.randrange(len(data))
        match kind:
            case "flip":
                for _ in range(chance.randint(1, 8)):
                    changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            case "cut":
                del changed[start:]
            case "extend":
                changed += chance.choice([bytes(40), b" ", chance.randbytes(99), data[-32:]])
            case "zero":
                size = min(chance.choice([1, 8, 64, 4096]), len(data) - start)
                changed[start : start + size] = bytes(size)
            case "swap":
                pool = [f for f in self.others if f.suffix == file.suffix]
                return chance.choice(pool).read_bytes()
            case "delete":
                changed.clear()
        return bytes(changed)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    base = tmp_path_factory.mktemp("damage")
    kept, foreign = build(base / "own", "first"), build(base / "other", "second")
    folder, root = base / "own/index", base / "own/posts"
    with searchidx.open(folder) as index:
        answers = {name: ask(index, root) for name, ask in QUESTIONS.items()}
        assert index.check([root]).faults == ()
    assert all(answer[0] for name, answer in answers.items() if isinstance(answer, tuple)), answers
    others = [file for one in (*kept, *foreign) for file in sorted(one.iterdir(), key=_size)]
    return Case(root, folder, kept[-1], answers, others)


def _size(file: Path) -> int:
    return file.stat().st_size


def is_unchanged(case: Case, file: Path) -> bool:
    """Whether a manifest says what it said, however it is laid out now."""
    try:
        found = json.loads(file.read_bytes())
    except ValueError:
        return False
    return bool(found == json.loads((case.pristine / file.name).read_bytes()))


def assert_told(error: Exception, file: Path) -> None:
    if isinstance(error, IndexMissing):
        assert file.suffix == ".toc"
        assert not file.exists()
    elif isinstance(error, IndexCorrupt):
        if error.file != file.name:  # the whole manifest of another index
            assert file.suffix == ".json"
            assert not (file.parent / error.file).exists()
        assert str(file.parent / error.file) in str(error)
        if file.suffix == ".cols":
            assert any(part in error.what for part in NAMES_A_PART), error.what
    else:
        assert isinstance(error, IndexVersionMismatch)


TOLD = (IndexCorrupt, IndexMissing, IndexVersionMismatch)


@pytest.mark.parametrize("first", range(0, TRIALS, AT_ONCE))
def test_damage_of_any_kind_is_told_or_does_not_matter(case: Case, first: int) -> None:
    for seed in range(first, min(first + AT_ONCE, TRIALS)):
        case.restore()
        chance = random.Random(seed)
        file, kind = case.damage(chance)
        about = f"seed {seed}: {kind} of {file.name}"
        with no_longer_than(SECONDS):
            try:
                index = searchidx.open(case.folder)
            except TOLD as error:
                assert_told(error, file)
                assert kind == "delete" or file.suffix != ".toc", about
                continue
            with index:
                for name in chance.sample(sorted(QUESTIONS), len(QUESTIONS)):
                    try:
                        answer = QUESTIONS[name](index, case.root)
                    except TOLD as error:
                        assert_told(error, file)
                        assert file.suffix == ".cols", about
                    else:
                        assert answer == case.answers[name], f"{about}: {name}"
                report = index.check([case.root])
                is_told = any(file.name in fault for fault in report.faults)
                assert is_told or is_unchanged(case, file), about


def test_every_byte_of_a_segment_is_checked(case: Case) -> None:
    case.restore()
    chance = random.Random(7)
    file = max(case.folder.glob("*.cols"), key=lambda path: path.stat().st_size)
    whole = file.read_bytes()
    places = sorted(chance.sample(range(len(whole)), min(len(whole), TRIALS)))
    for place in [*places, len(whole) - 1]:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chance.randrange(8)
        file.write_bytes(damaged)
        try:
            with searchidx.open(case.folder) as index:
                faults = index.check([case.root]).faults
        except (IndexCorrupt, IndexVersionMismatch):
            continue
        assert any(file.name in fault for fault in faults), place


def test_a_segment_of_as_many_other_posts_is_not_taken_for_the_right_one(case: Case) -> None:
    case.restore()
    for file in case.folder.glob("*.cols"):
        case.restore()
        sizes = {f"{s['name']}.cols": s["documents"] for s in segments_of(case.folder)}
        twin = next(
            folder / f"{s['name']}.cols"
            for folder in {other.parent for other in case.others}
            for s in segments_of(folder)
            if s["documents"] == sizes[file.name] and f"{s['name']}.cols" not in sizes
        )
        file.unlink()
        shutil.copyfile(twin, file)
        with pytest.raises(IndexCorrupt, match="is not the file that the manifest names") as raised:
            searchidx.open(case.folder)
        assert raised.value.file == file.name


def segments_of(folder: Path) -> list[dict[str, Any]]:
    manifest = max(folder.glob("_MAIN_*.json"))
    found: list[dict[str, Any]] = json.loads(manifest.read_bytes())["segments"]
    return found


def test_the_manifest_of_another_generation_is_not_taken_for_the_right_one(
    case: Case,
) -> None:
    case.restore()
    newest = max(case.folder.glob("_MAIN_*.json"))
    older = next(file for file in case.others if file.name == "_MAIN_2.json")
    shutil.copyfile(older, newest)
    with pytest.raises(IndexCorrupt, match="is that of generation 2"):
        searchidx.open(case.folder)


def leave_a_note(path: str) -> None:
    Path(path).write_text("code was run")


class Evil:
    """Unpickling it runs code."""

    def __init__(self, note: Path) -> None:
        self._note = note

    def __reduce__(self) -> tuple[Any, ...]:
        return leave_a_note, (str(self._note),)


def test_reading_an_index_runs_no_code_that_somebody_put_into_it(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.restore()
    note = tmp_path / "note"
    table = max(case.folder.glob("*.toc"))
    storage = RamStorage()
    TOC(build_schema(()), [Evil(note)], 3).write(storage, "MAIN")
    table.write_bytes(b"".join(map(bytes, storage.files.values())))
    with pytest.raises(AttributeError):
        open_dir(str(case.folder)).reader()
    assert note.exists(), "Whoosh runs it"
    note.unlink()

    def refuse(*arguments: Any, **options: Any) -> None:
        raise AssertionError("something is unpickled")

    for name in ("load", "loads", "Unpickler", "_load", "_loads", "_Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    with searchidx.open(case.folder) as index:
        for name, ask in QUESTIONS.items():
            assert ask(index, case.root) == case.answers[name]
        (fault,) = index.check([case.root]).faults
        assert table.name in fault
        later = case.root / "later.md"
        later.write_text("# Later")
        index.sync([case.root])
        later.unlink()
        assert index.search("later").total == 1
    assert not note.exists()


def test_a_generation_that_others_have_replaced_is_no_damage(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    writer = make_index({"a.md": "# One"})
    with searchidx.open(tmp_path / "index") as reader:
        write_posts(tmp_path / "posts", {"b.md": "# Two"})
        writer.sync([tmp_path / "posts"])
        report = reader.check([tmp_path / "posts"])
        assert (report.faults, report.is_current) == ((), True)
        next((tmp_path / "index").glob("*.toc")).unlink()
        with pytest.raises(IndexMissing):
            reader.check([tmp_path / "posts"])
