"""The exercises of `01_distillation`."""

from collections.abc import Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.distillation.losses import kd_loss, soft_label_loss, soften
from edgelab.distillation.recall import recall_by_label
from edgelab.selection.rule import misses, smallest_clearing

check = Checks()


# --- kd_loss ------------------------------------------------------------------------------------


def _logits(rng: np.random.Generator) -> Iterator[tuple]:
    for examples, classes in ((3, 4), (16, 27)):
        student, teacher = rng.normal(scale=3, size=(2, examples, classes))
        yield student, teacher, rng.integers(classes, size=examples), rng.uniform(1.5, 5), rng.uniform(0.1, 0.9)


def _hard(student: np.ndarray, labels: np.ndarray, temperature: float = 1.0) -> float:
    return -np.log(soften(student, temperature)[np.arange(len(labels)), labels]).mean()


check.function(
    kd_loss,
    cases=_logits,
    nudge="Two parts: alpha times the soft-label loss, and the rest times the cross-entropy with the labels.",
    mistakes=(
        Mistake(
            "no T squared",
            lambda s, t, y, T=2.0, a=0.5: a * soft_label_loss(s, t, T) / T**2 + (1 - a) * _hard(s, y),
            "the soft part shrinks by 1/T^2: multiply it by temperature ** 2, or the labels drown it as T grows.",
        ),
        Mistake(
            "alpha on the wrong part",
            lambda s, t, y, T=2.0, a=0.5: (1 - a) * soft_label_loss(s, t, T) + a * _hard(s, y),
            "alpha weighs the soft part, 1 - alpha the hard one: yours are swapped.",
        ),
        Mistake(
            "hard part softened too",
            lambda s, t, y, T=2.0, a=0.5: a * soft_label_loss(s, t, T) + (1 - a) * _hard(s, y, T),
            "the labels are compared at temperature 1: only the teacher's part is softened.",
        ),
        Mistake(
            "divergence the wrong way round",
            lambda s, t, y, T=2.0, a=0.5: a * soft_label_loss(t, s, T) + (1 - a) * _hard(s, y),
            "the divergence runs from the teacher to the student: sum p_teacher * log(p_teacher / p_student).",
        ),
        Mistake(
            "sum instead of mean",
            lambda s, t, y, T=2.0, a=0.5: kd_loss(s, t, y, T, a) * len(y),
            "it grows with the batch: take the mean over the examples, not the sum.",
        ),
    ),
)


# --- recall_by_label ----------------------------------------------------------------------------


def _labels(rng: np.random.Generator) -> Iterator[tuple]:
    names = np.array(["ask_cloud", "set_alarm", "set_timer", "send_money", "play_music"])
    for examples, labels in ((30, 3), (200, 5)):
        gold = rng.choice(names[:labels], examples)
        yield np.where(rng.random(examples) < 0.7, gold, rng.choice(names[:labels], examples)), gold


def _precision(predicted: np.ndarray, gold: np.ndarray) -> dict[str, float]:
    return {
        str(label): float(np.mean(gold[predicted == label] == label)) if (predicted == label).any() else 0.0
        for label in np.unique(gold)
    }


check.function(
    recall_by_label,
    cases=_labels,
    nudge="Of the examples that truly have a label, which share was found?",
    mistakes=(
        Mistake(
            "precision instead of recall",
            _precision,
            "that is precision: of what was *called* a label. Recall looks at the examples whose gold label it is.",
        ),
        Mistake(
            "divided by all examples",
            lambda p, g: {str(label): float(np.mean((p == label) & (g == label))) for label in np.unique(g)},
            "divide by the number of examples of that label, not by all of them.",
        ),
        Mistake(
            "accuracy for every label",
            lambda p, g: {str(label): float(np.mean(p == g)) for label in np.unique(g)},
            "every label gets the overall accuracy: select the label's own examples first.",
        ),
    ),
)


# --- smallest_clearing --------------------------------------------------------------------------


def _candidates(rng: np.random.Generator) -> Iterator[tuple]:
    for number in (4, 9):
        low = rng.uniform(0.9, 1.0, number)
        yield rng.permutation(number) * 1e5 + 2e5, low, 0.95
    yield rng.permutation(3) * 1e5 + 2e5, np.array([0.90, 0.93, 0.91]), 0.98
    yield np.array([3e5, 1e5, 2e5]), np.array([0.99, 0.90, 0.98]), 0.98


check.function(
    smallest_clearing,
    cases=_candidates,
    nudge="First drop what does not clear the bar, then take the smallest of what is left; none left gives -1.",
    mistakes=(
        Mistake(
            "the most accurate",
            lambda sizes, low, bar: int(np.argmax(low)) if (low >= bar).any() else -1,
            "that is the most accurate one: above the bar, size decides.",
        ),
        Mistake(
            "the smallest of all",
            lambda sizes, low, bar: int(np.argmin(sizes)),
            "that is the smallest of all, whether it clears the bar or not.",
        ),
        Mistake(
            "index among the survivors",
            lambda sizes, low, bar: int(np.argmin(sizes[low >= bar])) if (low >= bar).any() else -1,
            "your index counts only the candidates that clear the bar: give the place in the whole list.",
        ),
        Mistake(
            "a tie with the bar refused",
            lambda sizes, low, bar: smallest_clearing(sizes, np.where(low == bar, 0, low), bar),
            "a candidate exactly at the bar clears it: use >=.",
        ),
    ),
)


# --- release_bar --------------------------------------------------------------------------------

# The brief: Pocket's student ships in a phone's keyboard, next to a cloud that answers what it cannot.
# (card, may it ship?, the reason if it is decided wrongly)
_HELD_OUT = (
    ({"accuracy": 0.93, "accuracy_low": 0.91, "ask_cloud_recall": 0.93, "worst_label_recall": 0.80, "slots_exact": 0.72, "size_mb": 1.9}, True, ""),
    ({"accuracy": 0.92, "accuracy_low": 0.90, "ask_cloud_recall": 0.90, "worst_label_recall": 0.73, "slots_exact": 0.66, "size_mb": 0.6}, True, ""),
    ({"accuracy": 0.95, "accuracy_low": 0.93, "ask_cloud_recall": 0.96, "worst_label_recall": 0.83, "slots_exact": 0.80, "size_mb": 2.9}, True, ""),
    ({"accuracy": 0.93, "accuracy_low": 0.91, "ask_cloud_recall": 0.55, "worst_label_recall": 0.55, "slots_exact": 0.75, "size_mb": 1.2}, False, "it shipped a model that answers 45 % of the open questions with a wrong tool"),
    ({"accuracy": 0.94, "accuracy_low": 0.92, "ask_cloud_recall": 0.95, "worst_label_recall": 0.20, "slots_exact": 0.75, "size_mb": 1.2}, False, "it shipped a model that misses 80 % of one tool's requests"),
    ({"accuracy": 0.94, "accuracy_low": 0.84, "ask_cloud_recall": 0.94, "worst_label_recall": 0.79, "slots_exact": 0.75, "size_mb": 1.2}, False, "it shipped a model whose accuracy was only lucky: its interval reaches down to 0.84"),
    ({"accuracy": 0.94, "accuracy_low": 0.92, "ask_cloud_recall": 0.95, "worst_label_recall": 0.79, "slots_exact": 0.31, "size_mb": 1.2}, False, "it shipped a model that gets the alarm's time wrong two times out of three"),
    ({"accuracy": 0.96, "accuracy_low": 0.94, "ask_cloud_recall": 0.97, "worst_label_recall": 0.86, "slots_exact": 0.82, "size_mb": 22.0}, False, "it shipped a model of 22 MB into a budget of 3 MB"),
)  # fmt: skip
RELEASE_BAR = {
    "min_accuracy_low": 0.88,
    "min_ask_cloud_recall": 0.85,
    "min_worst_label_recall": 0.60,
    "min_slots_exact": 0.60,
    "max_size_mb": 3.0,
}


def _judge_bar(bar: dict) -> list[str]:
    complaints = []
    for card, may_ship, why in _HELD_OUT:
        reasons = misses(card, bar)
        if may_ship and reasons:
            complaints.append(f"it held back a good model: {'; '.join(reasons)}")
        elif not may_ship and not reasons:
            complaints.append(why)
    return complaints


def _without(*names: str) -> dict:
    return {k: v for k, v in RELEASE_BAR.items() if k not in names}


check.design(
    "release_bar",
    RELEASE_BAR,
    judge=_judge_bar,
    nudge="Read the brief once more: each of its five sentences is one line of the bar.",
    mistakes=(
        Mistake(
            "accuracy alone",
            {"min_accuracy": 0.9},
            "accuracy is an average: it hides a label that collapsed, a cloud never asked, slots that are wrong.",
        ),
        Mistake(
            "the point estimate",
            _without("min_accuracy_low") | {"min_accuracy": 0.88},
            "bound accuracy_low, not accuracy: the lower end of the interval is what you may promise.",
        ),
        Mistake(
            "nobody may pass",
            RELEASE_BAR | {"min_accuracy_low": 0.99},
            "no candidate of this size reaches that: a bar that nothing clears ships nothing. Read the cards you saw.",
        ),
        Mistake(
            "slots forgotten",
            _without("min_slots_exact"),
            "an alarm at the wrong time is a wrong answer: bound slots_exact too.",
        ),
        Mistake(
            "hard-coded: no bar at all",
            {},
            "an empty bar lets every model ship: write one line for each sentence of the brief.",
        ),
    ),
)
