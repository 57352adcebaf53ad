"""How long a build takes, stage by stage."""

from edgelab.build.search_space import Profile, Student
from edgelab.datasets.dataset import Dataset
from edgelab.distillation.teacher import TeacherPlan
from edgelab.measurement.bundles import REQUESTS

# Seconds of a token, relative to a token that the teacher trains on (measured on CLINC150, two cores).
TRAINING = {"transformer": 0.32, "convolution": 0.024, "static": 0.012}
LABELLING, ANSWERING, EXPORTING = 0.2, 0.5, 25_000


def costs(
    dataset: Dataset, data: Profile, plan: TeacherPlan, students: list[Student], lines: int, outside: int
) -> dict[str, float]:
    """What each stage costs, in tokens that the teacher trains on, with so many unlabelled lines and outside examples."""
    stages = {
        "teacher": plan.epochs * (1 + plan.exchanged) * data.texts * data.tokens,
        "teacher, deployed": 2 * EXPORTING + 2 * ANSWERING * len(dataset.validation) * data.tokens,
    }
    for student in students:
        seen = student.plan.steps * student.plan.batch_size * data.tokens
        stages[student.spec.name] = seen * TRAINING[student.spec.family] * student.spec.depth + EXPORTING
    trained = [stages[student.spec.name] for student in students]
    labelled = data.texts + max(student.plan.augmented for student in students) + lines
    stages[students[0].spec.name] += LABELLING * labelled * data.tokens
    stages["latency, side by side"] = 6 * ANSWERING * REQUESTS * data.tokens
    if lines:
        stages["without the unlabelled lines"] = sum(trained) / len(trained)  # which one it will be is not known yet
    stages["test"] = 2 * ANSWERING * len(dataset.test) * data.tokens
    if outside:
        stages["outside"] = 2 * ANSWERING * outside * data.tokens
    return stages
