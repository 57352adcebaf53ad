"""From data to the smallest bundle that clears the bar: what `edgelab build` does."""

from collections.abc import Callable
from pathlib import Path

from edgelab.build import report
from edgelab.build.costs import costs
from edgelab.build.deploy import deploy
from edgelab.build.folder import BuildError, check_folder, put_right, write
from edgelab.build.measured import Measured
from edgelab.build.progress import Progress
from edgelab.build.search_space import fit, profile, suitable, teacher_plan
from edgelab.bundle.answers import answers
from edgelab.bundle.predict import Bundle
from edgelab.datasets.dataset import Dataset
from edgelab.distillation.students import train_student
from edgelab.distillation.teacher import train_teacher
from edgelab.measurement.bundles import REQUESTS, time_bundles
from edgelab.selection.bar import Bar
from edgelab.selection.rule import Candidate, choose, misses
from edgelab.workspace import built_home

IN_A_ROW = 20  # requests in a row: not each right after one of a large model, which would leave the caches empty


def build(
    dataset: Dataset, out: Path, bar: Bar, *, threads: int = 1, seed: int = 0, say: Callable[[str], None]
) -> dict:
    """Train, distil, quantize, measure, choose, and write `out`. Returns the content of `report.json`.

    What was built before is loaded, so a build that was interrupted goes on where it stopped; latencies are taken
    anew. The choice is made on validation; test is read after it. Where what is built on the way cannot be kept,
    `HomeError` comes from the workspace.

    Raises:
        BuildError: the teacher is never right; also, as `check_folder` says, where `out` cannot be written to.
    """
    check_folder(out)
    put_right(out)
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
        timings = time_bundles(bundles, dataset.validation.texts, requests=REQUESTS, block=IN_A_ROW)
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

    settings = {"threads": threads, "seed": seed, "requests": REQUESTS, "block": IN_A_ROW}
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
