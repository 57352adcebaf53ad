"""`edgelab lab --workshop`: everything that the notebooks build or load, built and verified before the room fills."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgelab.commands.doctor import INSTALL, encoder_state
from edgelab.commands.headless import CLEAR_LINE, put_scripts_on_path, say_notebook, show_cell
from edgelab.commands.output import print_table, say, show, size
from edgelab.errors import UserError

if TYPE_CHECKING:
    from edgelab.course.notebooks import NotebookProgress
    from edgelab.course.workshop import Prepared


@dataclass(frozen=True)
class Part:
    """Something that notebooks load and do not build: `prepare` fetches or builds it, `mended_by` is the command for that."""

    name: str
    prepare: Callable[[], object]
    mended_by: str


@dataclass(frozen=True)
class Missing:
    """What is not there, why, and the command that mends it."""

    what: str
    why: str
    mended_by: str


def workshop() -> int:
    """Prepare the parts, compare what was built with what was written down, run the notebooks that have not run; say that it
    is ready, or exactly what is missing."""
    from edgelab.course import workshop as kept
    from edgelab.course.editions import lay_work_copy
    from edgelab.course.notebooks import notebooks
    from edgelab.datasets.choice import settle

    begin = time.perf_counter()
    settle()
    put_scripts_on_path()
    work, _ = lay_work_copy()
    with kept.alone():
        found = _compared(kept.prepared())
        missing = [lack for part in PARTS if (lack := _prepare(part))]
        lacking = {lack.what for lack in missing}
        parts = [part.name for part in PARTS if part.name not in lacking]
        todo = [] if ENCODER in lacking else kept.pending(found, notebooks(), parts)
        for number, path in enumerate(todo, 1):
            if lack := _run(path, number, len(todo), parts):
                missing.append(lack)
        found = kept.prepared()
    took = _minutes(time.perf_counter() - begin)
    if missing:
        print_table([["missing", "mended by"], *([lack.what, lack.mended_by] for lack in missing)])
        show(*(f"{lack.what}: {lack.why}" for lack in missing), f"not ready, after {took}")
        return 1
    ran = {0: "nothing was to be done", 1: "1 notebook ran"}.get(len(todo), f"{len(todo)} notebooks ran")
    show(
        f"ready: {ran}, {len(found.notebooks)} of the course stand; {size(found.size_bytes)} built and verified; {took}"
    )
    show(f"`edgelab lab` opens {work}")
    return 0


def _compared(found: "Prepared") -> "Prepared":
    """What stands of what an earlier call left: what is damaged is deleted, and told."""
    from tqdm.auto import tqdm

    from edgelab.course import workshop as kept
    from edgelab.machine.bars import shows_bars

    if found.files:
        say(f"{len(found.files)} built files ({size(found.size_bytes)}) are compared with their SHA-256")
    with tqdm(total=found.size_bytes, unit="B", unit_scale=True, disable=not shows_bars() or not found.files) as bar:
        wrong = kept.damaged(found, bar.update)
    if not wrong:
        return found
    say(*(f"{name}: gone or damaged since: it is built anew" for name in wrong))
    return kept.discard(wrong)


def _prepare(part: Part) -> Missing | None:
    """What of it is missing after all, if something is.

    Raises:
        ModuleNotFoundError: of a module of this package, which is a fault of ours.
    """
    say(f"{part.name} ...")
    try:
        part.prepare()
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("edgelab"):
            raise
        return Missing(part.name, f"{error.name} is not installed", INSTALL)
    except UserError as error:
        return Missing(part.name, str(error), part.mended_by)
    return None


def _run(path: Path, number: int, of: int, parts: list[str]) -> Missing | None:
    """Run one notebook; what is missing where it failed."""
    from edgelab.course import workshop as kept
    from edgelab.course.notebooks import NotebookProgress

    on_terminal = sys.stderr.isatty()
    tell = show_cell if on_terminal else say_notebook

    def report(progress: "NotebookProgress") -> None:
        tell(NotebookProgress(progress.name, number, of, progress.cell, progress.cells, progress.seconds))

    done = kept.run(path, parts, report)
    say(
        f"{CLEAR_LINE if on_terminal else ''}{done.name}: {done.outcome}, {done.seconds:.0f} s, {size(done.peak_bytes)}"
    )
    return Missing(done.name, done.outcome, f"`edgelab run {done.name}` shows it again") if done.error else None


def _minutes(seconds: float) -> str:
    return f"{seconds // 60:.0f} min {seconds % 60:.0f} s" if seconds >= 60 else f"{seconds:.0f} s"


# --- the parts ----------------------------------------------------------------------------------

ENCODER = "the pretrained encoder"


def _encoder() -> None:
    """Compare its SHA-256.

    Raises:
        UserError: it is missing, or another one than was published.
    """
    if not (state := encoder_state()).startswith("verified"):
        raise UserError(state)


def _browser() -> None:
    from edgelab.machine.assets import build_assets

    build_assets(say)


def _vision() -> None:
    from edgelab.tiers.vision import RAPIDOCR

    RAPIDOCR.fetch(say)


def _generator() -> None:
    from edgelab.generation.convert import prepare

    prepare(say)


PARTS = (
    Part(ENCODER, _encoder, INSTALL),
    Part("the browser's files", _browser, "edgelab prepare browser"),
    Part("the models of pictures", _vision, "edgelab prepare vision"),
    Part("the generator", _generator, "edgelab prepare generator"),
)
