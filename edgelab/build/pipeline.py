"""From data to the smallest bundle that clears the bar: what `edgelab build` does."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from edgelab.build import report
from edgelab.build.conditions import about_signature, see_that_it_is_known, see_that_it_is_right, settled
from edgelab.build.costs import costs
from edgelab.build.decided import decided
from edgelab.build.deploy import deploy
from edgelab.build.examined import examined
from edgelab.build.folder import check_folder, put_right, write
from edgelab.build.measured import Measured
from edgelab.build.progress import Progress
from edgelab.build.search_space import Student, fit, profile, suitable, teacher_plan
from edgelab.build.unlabelled import select
from edgelab.bundle.answers import Answers, answers
from edgelab.bundle.predict import Bundle
from edgelab.datasets.dataset import Dataset, Part, Split
from edgelab.distillation.students import train_student
from edgelab.distillation.teacher import TeacherPlan, train_teacher
from edgelab.measurement.bundles import REQUESTS, time_bundles
from edgelab.models.trained import Trained
from edgelab.selection.bar import Bar
from edgelab.selection.rule import Candidate, choose, misses
from edgelab.workspace import Artifact, built_home

IN_A_ROW = 20  # requests in a row: not each right after one of a large model, which would leave the caches empty


def build(
    dataset: Dataset,
    out: Path,
    bar: Bar,
    *,
    outside: Part | None = None,
    threads: int = 1,
    seed: int = 0,
    key: Path | None = None,
    say: Callable[[str], None],
) -> dict:
    """Train, distil, quantize, measure, choose, and write `out`. Returns the content of `report.json`.

    What was built before is loaded, so a build that was interrupted goes on where it stopped; latencies are taken
    anew. The choice is made on validation; test is read after it, and so is `outside`, which decides nothing. The bundle is
    signed with the private key in the file `key`, if one is given. Where what is built on the way cannot be kept, `HomeError` comes from the workspace; `BuildError`, of `conditions`, `unlabelled`
    and `folder`, where the data or the teacher do not allow the choice, or `out` cannot be written to.
    """
    bar = settled(bar, dataset)
    see_that_it_is_known(outside, dataset)
    check_folder(out)
    put_right(out)
    signature = key and about_signature(key, out)
    built_home()
    data, lines = profile(dataset), select(dataset, [outside.examples] if outside else [])
    dataset = dataset.labelled
    elsewhere = with_test(dataset, outside.examples) if outside else None
    students = [fit(student, data) for student in suitable(dataset)]
    plan = teacher_plan(data)
    asked = len(outside.examples) if outside else 0
    progress = Progress(costs(dataset, data, plan, students, len(lines.used), asked), say)

    made = make(dataset, plan, students, lines.used, bar, seed, progress)
    with progress.stage("latency, side by side"):
        bundles = {name: Bundle.load(folder, threads=threads) for name, folder in made.folders.items()}
        timings = time_bundles(bundles, dataset.validation.texts, requests=REQUESTS, block=IN_A_ROW)
    measured = []
    for name, folder in made.folders.items():
        given = made.expected if name == made.reference else answers(folder, dataset, "validation")
        measured.append(Measured(name, folder, given, given.retention(made.expected), timings[name]))
    chosen, nearest = release(measured[2:], bar)
    twin = without_lines(nearest, made, seed, progress) if lines.used else None
    with progress.stage("test"):
        test = {model.name: answers(model.folder, dataset, "test") for model in measured}
        see_that_it_is_right(test[made.reference], bar, dataset, "test")
        closer = examined(nearest, made.trained[nearest.name], measured[0], dataset, test, bar.measure)
    beyond: dict[str, Answers] = {}
    if elsewhere:
        with progress.stage("outside"):
            beyond = {model.name: answers(model.folder, elsewhere, "test") for model in measured}

    settings = {"threads": threads, "seed": seed, "requests": REQUESTS, "block": IN_A_ROW}
    content = report.content(dataset, data, bar, settings, measured[:2], measured[2:], test, beyond)
    content |= closer | {"outside": outside and report.about_outside(outside, dataset), "unlabelled": None}
    if twin:
        compared = {"validation": (nearest.answers, answers(twin, dataset, "validation"), made.expected)}
        if elsewhere:
            compared["outside"] = (beyond[nearest.name], answers(twin, elsewhere, "test"), beyond[made.reference])
        share = made.recipes[nearest.name].plan.unlabelled_share
        content["unlabelled"] = report.about_lines(lines, share, nearest.name, compared)
    content |= {"chosen": chosen and chosen.name, "nearest": None if chosen else nearest.name}
    content |= {"signature": signature if chosen else None}
    content |= {"decision": decided(measured[2:], measured[0], bar, chosen)}
    write(out, chosen, content, timings, key)
    return content


def with_test(dataset: Dataset, examples: Split) -> Dataset:
    """The data with other examples for its test; without slots, if it has none itself."""
    return replace(dataset, test=examples if dataset.slot_names else replace(examples, spans=None))


@dataclass(frozen=True)
class Made:
    """What was trained: the teacher, and what it makes of validation; the folder of each bundle by its name, the fp32
    teacher's first; of each student's the recipe and the network that it was made from."""

    teacher: Trained
    expected: Answers
    folders: dict[str, Path]
    recipes: dict[str, Student]
    trained: dict[str, Trained]

    @property
    def reference(self) -> str:
        """The name of the bundle that all are held against."""
        return next(iter(self.folders))


def make(
    dataset: Dataset,
    plan: TeacherPlan,
    students: list[Student],
    unlabelled: tuple[str, ...],
    bar: Bar,
    seed: int,
    progress: Progress,
) -> Made:
    """Train the teacher and all students, and write each in the formats that ship."""
    with progress.stage("teacher") as tell:
        teacher = train_teacher(dataset, plan, seed=seed)
        tell(teacher.artifact)
    with progress.stage("teacher, deployed") as tell:
        artifact, folders = deploy(teacher, ("fp32", "int8"))
        tell(artifact)
    expected = answers(next(iter(folders.values())), dataset, "validation")
    see_that_it_is_right(expected, bar, dataset, "validation")
    made = Made(teacher, expected, folders, {}, {})
    for student in students:
        with progress.stage(student.spec.name) as tell:
            trained, deployed = taught(student, student.precisions, unlabelled, made, seed, tell)
        recipes = made.recipes | dict.fromkeys(deployed, student)
        networks = made.trained | dict.fromkeys(deployed, trained)
        made = replace(made, folders=made.folders | deployed, recipes=recipes, trained=networks)
    return made


def taught(
    student: Student,
    precisions: tuple[str, ...],
    unlabelled: tuple[str, ...],
    made: Made,
    seed: int,
    tell: Callable[[Artifact], None],
) -> tuple[Trained, dict[str, Path]]:
    """A student of the teacher that was made, and the folder of each of its bundles by its name."""
    trained = train_student(student.spec, (made.teacher,), student.plan, unlabelled=unlabelled, seed=seed)
    tell(trained.artifact)
    artifact, folders = deploy(trained, precisions, made.expected.accuracy.value)
    tell(artifact)
    return trained, folders


def without_lines(model: Measured, made: Made, seed: int, progress: Progress) -> Path:
    """A model's twin: the same recipe, trained as long without the unlabelled lines; the folder of its bundle."""
    with progress.stage("without the unlabelled lines") as tell:
        _, folders = taught(made.recipes[model.name], (model.folder.name,), (), made, seed, tell)
    return folders[model.name]


def release(candidates: list[Measured], bar: Bar) -> tuple[Measured | None, Measured]:
    """The smallest candidate that clears the bar, None where none does; and the one that comes nearest to it."""
    by_name = {model.name: model for model in candidates}
    clearing = [m for m in candidates if not misses(m.card, bar.limits)]
    found = choose([Candidate(m.name, m.size_bytes, m.retention[bar.measure]) for m in clearing], bar.retention)

    def shortfall(model: Measured) -> float:
        """The worst ratio of what was asked for to what was found, above 1 where it is missed."""
        card, ratios = model.card, []
        for name, bound in bar.limits.items():
            side, _, metric = name.partition("_")
            ratios.append(bound / max(card[metric], 1e-9) if side == "min" else card[metric] / bound)
        return max(ratios)

    chosen = by_name[found.name] if found else None
    return chosen, chosen or min(candidates, key=shortfall)
