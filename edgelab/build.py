"""From data to the smallest bundle that clears the bar: what `edgelab build` does."""

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edgelab import report, report_page
from edgelab.bench import REQUESTS, Timing, time_bundles
from edgelab.bundle import Bundle, strangers
from edgelab.candidates import Profile, Student, fit, profile, suitable, teacher_plan
from edgelab.dataset import Dataset
from edgelab.deployment import Answers, answers, deploy
from edgelab.distillation import TeacherPlan, train_student, train_teacher
from edgelab.measurement import Interval
from edgelab.progress import Progress
from edgelab.selection import Candidate, choose, misses
from edgelab.workspace import built_home, folder_bytes, write_atomic

BLOCK = 20  # requests in a row: not each right after one of a large model, which would leave the caches empty
OUTPUT = ("bundle", "report.json", "report.html", "samples.json")


class BuildError(ValueError):
    """A build that cannot be; the message says what was found and what was expected."""


@dataclass(frozen=True)
class Bar:
    """What a model must clear: the lower end of its retention on validation; its bundle's size; its 95th percentile
    of latency, text in, label out."""

    retention: float = 0.98
    max_mb: float | None = None
    max_p95_ms: float | None = None

    @property
    def limits(self) -> dict[str, float]:
        """As `selection.misses` reads them, on a model's card."""
        given = {
            "min_lower end of retention": self.retention,
            "max_size in MB": self.max_mb,
            "max_p95 in ms": self.max_p95_ms,
        }
        return {name: bound for name, bound in given.items() if bound is not None}


@dataclass(frozen=True)
class Measured:
    """A model in the form that ships and what was measured of it; `answers` and `retention` are on validation."""

    name: str
    folder: Path
    answers: Answers
    retention: Interval
    timing: Timing

    @property
    def size_bytes(self) -> int:
        return folder_bytes(self.folder)

    @property
    def card(self) -> dict[str, float]:
        return {
            "lower end of retention": self.retention.low,
            "size in MB": self.size_bytes / 1e6,
            "p95 in ms": self.timing.with_tokenizer.percentile(95),
        }


def build(
    dataset: Dataset, out: Path, bar: Bar, *, threads: int = 1, seed: int = 0, say: Callable[[str], None]
) -> dict:
    """Train, distil, quantize, measure, choose, and write `out`. Returns the content of `report.json`.

    What was built before is loaded, so a build that was interrupted goes on where it stopped; latencies are taken
    anew. The choice is made on validation; test is read after it.

    Raises:
        BuildError: `out` cannot be written to, or the teacher is never right.
        HomeError: what is built on the way cannot be kept.
    """
    check_folder(out)
    built_home()
    data = profile(dataset)
    students = [fit(student, data) for student in suitable(dataset)]
    plan = teacher_plan(data)
    progress = Progress(costs(dataset, data, plan, students), say)

    with progress.stage("teacher") as tell:
        teacher = train_teacher(dataset, plan, seed=seed)
        tell(teacher.artifact)
    with progress.stage("teacher, deployed") as tell:
        artifact, folders = deploy(teacher, ("fp32", "int8"))
        tell(artifact)
    reference = next(iter(folders))
    expected = answers(folders[reference], dataset, "validation")
    if not expected.correct.any():
        raise BuildError(f"{dataset.name}: the teacher is right on no validation example; look at the labels")
    for student in students:
        with progress.stage(student.spec.name) as tell:
            trained = train_student(student.spec, (teacher,), student.plan, seed=seed)
            tell(trained.artifact)
            artifact, deployed = deploy(trained, student.precisions, expected.accuracy.value)
            tell(artifact)
            folders |= deployed
    with progress.stage("latency, side by side"):
        bundles = {name: Bundle.load(folder, threads=threads) for name, folder in folders.items()}
        timings = time_bundles(bundles, dataset.validation.texts, requests=REQUESTS, block=BLOCK)
    measured = []
    for name, folder in folders.items():
        given = expected if name == reference else answers(folder, dataset, "validation")
        measured.append(Measured(name, folder, given, given.retention(expected), timings[name]))
    teachers, candidates = measured[:2], measured[2:]
    chosen, nearest = release(candidates, bar)
    with progress.stage("test"):
        test = {model.name: answers(model.folder, dataset, "test") for model in measured}
    if not test[reference].correct.any():
        raise BuildError(f"{dataset.name}: the teacher is right on no test example; look at the labels")

    settings = {"threads": threads, "seed": seed, "requests": REQUESTS, "block": BLOCK}
    content = report.content(dataset, data, bar, settings, teachers, candidates, test)
    content |= {"chosen": chosen and chosen.name, "nearest": None if chosen else nearest.name}
    write(out, chosen, content, timings)
    return content


def release(candidates: list[Measured], bar: Bar) -> tuple[Measured | None, Measured]:
    """The smallest candidate that clears the bar, None where none does; and the one that comes nearest to it."""
    by_name = {model.name: model for model in candidates}
    clearing = [m for m in candidates if not misses(m.card, bar.limits)]
    found = choose([Candidate(m.name, m.size_bytes, m.retention) for m in clearing], bar.retention)

    def shortfall(model: Measured) -> float:
        """The worst ratio of what was asked for to what was found, above 1 where it is missed."""
        card, ratios = model.card, []
        for name, bound in bar.limits.items():
            side, _, metric = name.partition("_")
            ratios.append(bound / max(card[metric], 1e-9) if side == "min" else card[metric] / bound)
        return max(ratios)

    chosen = by_name[found.name] if found else None
    return chosen, chosen or min(candidates, key=shortfall)


# --- the folder ---------------------------------------------------------------------------------


def check_folder(out: Path) -> None:
    """Raises BuildError where a build could not be written, or would overwrite what is not one."""
    try:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.lstat(out)  # a name that is too long, say
        existing = next(place for place in (out, *out.absolute().parents) if os.path.lexists(place))
        if not existing.is_dir():
            raise BuildError(f"{existing}: expected a folder to write to, found a {_kind(existing)}")
        if not os.access(existing, os.W_OK | os.X_OK):
            raise BuildError(f"{existing}: not allowed to write there")
        foreign = next(_foreign(out), None) if out.exists() else None
    except OSError as error:
        raise BuildError(f"{out}: cannot be written to: {error.strerror}") from None
    if foreign:
        raise BuildError(f"{out}: expected an empty folder or an earlier build, found {foreign}; choose another one")


def _kind(place: Path) -> str:
    return "file" if place.exists() else "link to nothing"


def _foreign(out: Path) -> Iterator[str]:
    """What stands in a folder and is not of a build; hidden files are nobody's."""
    for entry in sorted(out.iterdir()):
        if entry.name[0] == ".":
            continue
        if entry.name not in OUTPUT or entry.is_symlink() or entry.is_dir() != (entry.name == "bundle"):
            yield entry.name
        elif entry.is_dir():
            yield from (f"bundle/{name}" for name in strangers(entry))


def write(out: Path, chosen: Measured | None, content: dict, timings: dict[str, Timing]) -> None:
    """Each part whole or not at all, and made before an earlier one goes; `report.json` comes last, so where it stands
    the folder is complete."""
    samples = {
        name: {
            "latency_ms": timing.with_tokenizer.milliseconds,
            "latency_without_tokenizer_ms": timing.without_tokenizer.milliseconds,
        }
        for name, timing in timings.items()
    }
    files = {
        "samples.json": json.dumps(samples, allow_nan=False),
        "report.html": report_page.page(content),
        "report.json": json.dumps(content, indent=1, allow_nan=False),
    }
    out.mkdir(parents=True, exist_ok=True)
    for name in files:
        (out / name).unlink(missing_ok=True)
    scratch = out / f".bundle-{os.getpid()}"
    try:
        if chosen:
            shutil.copytree(chosen.folder, scratch)
        shutil.rmtree(out / "bundle", ignore_errors=True)
        if chosen:
            os.replace(scratch, out / "bundle")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    for name, text in files.items():
        write_atomic(out / name, text)


# --- how long it takes --------------------------------------------------------------------------

# Seconds of a token, relative to a token that the teacher trains on (measured on CLINC150, two cores).
TRAINING = {"transformer": 0.32, "convolution": 0.024, "static": 0.012}
LABELLING, ANSWERING, EXPORTING = 0.2, 0.5, 25_000


def costs(dataset: Dataset, data: Profile, plan: TeacherPlan, students: list[Student]) -> dict[str, float]:
    """What each stage costs, in tokens that the teacher trains on."""
    stages = {
        "teacher": plan.epochs * data.texts * data.tokens,
        "teacher, deployed": 2 * EXPORTING + 2 * ANSWERING * len(dataset.validation) * data.tokens,
    }
    for student in students:
        seen = student.plan.steps * student.plan.batch_size * data.tokens
        stages[student.spec.name] = seen * TRAINING[student.spec.family] * student.spec.depth + EXPORTING
    labelled = data.texts + max(student.plan.augmented for student in students)
    stages[students[0].spec.name] += LABELLING * labelled * data.tokens
    stages["latency, side by side"] = 6 * ANSWERING * REQUESTS * data.tokens
    stages["test"] = 2 * ANSWERING * len(dataset.test) * data.tokens
    return stages
