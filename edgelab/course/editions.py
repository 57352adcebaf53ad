"""The learner's copies in `work/`, and which of them the course has a newer edition of.

An update of the course changes `notebooks/` and never `work/`. Which edition a copy was laid from is recorded beside it; a
newer one is laid beside the copy when the learner asks for it, under a name of its own.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from edgelab.course.kept import KeptError, made, reading
from edgelab.course.notebooks import CourseError, course_folder, notebooks, read_notebook
from edgelab.course.session import HIDDEN
from edgelab.declarations import Stored
from edgelab.workspace import write_atomic

DECLARED = (
    Stored(
        what="the learner's copies of the notebooks",
        where="{checkout}/work/*",
        how_long="until deleted by hand",
        about="user",
        part="course",
    ),
    Stored(
        what="of which edition of the course each copy is",
        where="{checkout}/work/.edgelab/editions.*",
        how_long="until deleted by hand",
        about="nobody",
        part="course",
    ),
)


@dataclass(frozen=True)
class Laid:
    """The edition that a copy was laid from, and when."""

    edition: str
    laid_at: str


@dataclass(frozen=True)
class Newer:
    """A copy that is not of the course's present edition: `certain` where that is on record, else its text differs."""

    copy: Path
    source: Path
    certain: bool
    changed_cells: int


def edition(notebook: Path) -> str:
    """A digest of what its cells say, whatever their outputs; a `CourseError` where it is no notebook."""
    return hashlib.sha256(json.dumps(_cells(notebook)).encode()).hexdigest()


@contextlib.contextmanager
def _nothing_in_the_way() -> Iterator[None]:
    """A file where a folder belongs, or the other way round, is told.

    Raises:
        CourseError: there is one.
    """
    try:
        yield
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise CourseError(f"{error.filename2 or error.filename}: in the way of your copies: move it away") from None


@_nothing_in_the_way()
def lay_work_copy() -> tuple[Path, list[Path]]:
    """The learner's folder `work/` and the notebooks copied into it now: those it did not hold yet. What stands
    there is never touched, so that an update never meets the learner's edits."""
    work = course_folder() / "work"
    work.mkdir(exist_ok=True)
    new = [(source, work / source.name) for source in notebooks() if not (work / source.name).exists()]
    for source, copy in new:
        write_atomic(copy, source.read_text("utf-8"))  # a full disk leaves no half of one
    if new:
        _record(work, dict(new))
    return work, [copy for _, copy in new]


def newer_editions() -> list[Newer]:
    """The learner's copies that the course has a newer edition of, unless that lies beside them already."""
    work = course_folder() / "work"
    kept, found = _records(work), []
    for source in notebooks():
        present, beside = edition(source), sorted(work.glob(f"{source.stem}*.ipynb"))
        if (copy := work / source.name) not in beside or any(_is_of(kept, other, present) for other in beside):
            continue
        try:
            changed = _changed(copy, source)
        except CourseError:  # the learner's file, of which nothing can be said
            continue
        if copy.name in kept or changed:
            found.append(Newer(copy, source, copy.name in kept, changed))
    return found


def newer_in_words() -> list[str]:
    """What `edgelab lab` says of them; nothing where there are none."""
    lines = []
    for newer in newer_editions():
        cells = f"{newer.changed_cells} cell{'s' * (newer.changed_cells != 1)}"
        if newer.certain:
            lines.append(
                f"{newer.copy.stem}: the course has a newer edition; of its own text {cells} differ from yours"
            )
        else:
            lines.append(
                f"{newer.copy.stem}: {cells} of the course's own text are not in yours, and there is no record of the edition "
                "that yours was laid from: it may be older, or you changed them"
            )
    if lines:
        lines.append("your copy stays as it is; `edgelab editions --lay-beside NOTEBOOK` lays the course's beside it")
    return lines


@_nothing_in_the_way()
def lay_beside(name: str) -> Path:
    """Lay the course's edition of a notebook into `work/`, under a name that nothing has there.

    Raises:
        CourseError: no notebook is called so; its present edition lies there already.
    """
    source = next((path for path in notebooks() if name in (path.stem, path.stem[:2], path.name)), None)
    if source is None:
        raise CourseError(f"{name}: expected one of {', '.join(path.stem for path in notebooks())}")
    work = source.parents[1] / "work"
    kept, present = _records(work), edition(source)
    for copy in sorted(work.glob(f"{source.stem}*.ipynb")):
        if _is_of(kept, copy, present):
            raise CourseError(f"{copy}: this is the course's present edition already")
    work.mkdir(exist_ok=True)
    number = 1
    while (copy := work / f"{source.stem}.new-edition{f'-{number}' if number > 1 else ''}.ipynb").exists():
        number += 1
    write_atomic(copy, source.read_text("utf-8"))
    _record(work, {source: copy})
    return copy


# --- what is on record --------------------------------------------------------------------------


def _is_of(kept: Mapping[str, Laid], copy: Path, present: str) -> bool:
    """Whether a copy is of that edition: by the record or, without one, word for word."""
    if copy.name in kept:
        return kept[copy.name].edition == present or _same(copy, present)
    return _same(copy, present)


def _same(copy: Path, present: str) -> bool:
    try:
        return edition(copy) == present
    except CourseError:
        return False


def _changed(copy: Path, source: Path) -> int:
    """How many of the course's cells, but for the exercises, are not in the copy as they are."""
    own = {(kind, text) for kind, text, _ in _cells(copy)}
    return sum("exercise" not in tags and (kind, text) not in own for kind, text, tags in _cells(source))


def _cells(notebook: Path) -> list[tuple[str, str, list[str]]]:
    found = []
    for cell in read_notebook(notebook).cells:
        tags = cell.metadata.get("tags", [])
        found.append((cell.cell_type, cell.source, sorted(map(str, tags)) if isinstance(tags, list) else []))
    return found


def _file(work: Path) -> Path:
    return work / HIDDEN / "editions.json"


def _records(work: Path) -> dict[str, Laid]:
    """By the name of a copy; nothing where the record is missing or damaged: then texts are compared."""
    try:
        with reading(_file(work)):
            found = json.loads(_file(work).read_text("utf-8")) if _file(work).exists() else {}
            return {name: made(Laid, values) for name, values in found.items()}
    except KeptError:
        return {}


def _record(work: Path, copies: Mapping[Path, Path]) -> None:
    from filelock import FileLock

    _file(work).parent.mkdir(exist_ok=True)
    now = datetime.now().strftime("%Y-%m-%d %H:%M")
    with FileLock(_file(work).with_suffix(".lock")):
        kept = _records(work) | {copy.name: Laid(edition(source), now) for source, copy in copies.items()}
        write_atomic(_file(work), json.dumps({name: asdict(laid) for name, laid in kept.items()}, indent=1))
