"""Cases and mistakes of what `01_distillation` chooses by: `retention_low`, `smallest_clearing`, `recall_by_label`."""

from collections.abc import Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.distillation.probability_exercise import EXACT
from edgelab.distillation.recall import recall_by_label
from edgelab.distillation.retention import retention_low
from edgelab.selection.rule import smallest_clearing

# --- retention_low ---------------------------------------------------------------------------------


def _judged(rng: np.random.Generator) -> Iterator[tuple]:
    for examples, draws, student, teacher in ((40, 200, 0.8, 0.95), (90, 300, 0.9, 0.85), (25, 60, 0.5, 0.8)):
        drawn = rng.integers(examples, size=(draws, examples))
        yield rng.random(examples) < student, rng.random(examples) < teacher, drawn
    right = rng.random(60) < 0.9
    yield right & (rng.random(60) < 0.9), right, rng.integers(60, size=(120, 60))  # never right alone
    yield rng.random(30) < 0.7, np.ones(30, dtype=bool), rng.integers(30, size=(100, 30))
    yield np.zeros(20, dtype=bool), np.ones(20, dtype=bool), rng.integers(20, size=(50, 20))
    yield right, right, rng.integers(60, size=(50, 60))  # the teacher itself
    yield rng.random(30) < 0.7, np.ones(30, dtype=bool), rng.integers(30, size=(1, 30))


def _ratios(student: np.ndarray, teacher: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    return student[drawn].mean(1) / teacher[drawn].mean(1)


def _spread(student: np.ndarray, teacher: np.ndarray, drawn: np.ndarray) -> float:
    ratios = _ratios(student, teacher, drawn)
    return float(ratios.mean() - 1.96 * ratios.std())


RETENTION = (
    Mistake(
        "the teacher not drawn",
        lambda s, t, drawn: float(np.percentile(s[drawn].mean(1) / t.mean(), 2.5)),
        "paired: the teacher is judged by the SAME drawn examples, not always by all of them.",
    ),
    Mistake(
        "a ratio of two lower ends",
        lambda s, t, drawn: float(np.percentile(s[drawn].mean(1), 2.5) / np.percentile(t[drawn].mean(1), 2.5)),
        "paired: one ratio for each draw, and of those the lower end.",
    ),
    Mistake(
        "5 % below",
        lambda s, t, drawn: float(np.percentile(_ratios(s, t, drawn), 5)),
        "95 % lie between the 2.5th and the 97.5th percentile: yours leaves 5 % below.",
    ),
    Mistake(
        "the upper end",
        lambda s, t, drawn: float(np.percentile(_ratios(s, t, drawn), 97.5)),
        "that is the upper end.",
    ),
    Mistake(
        "the lowest draw",
        lambda s, t, drawn: float(_ratios(s, t, drawn).min()),
        "the lowest draw of all gets lower the more one draws: take the 2.5th percentile.",
    ),
    Mistake(
        "0.025 for 2.5",
        lambda s, t, drawn: float(np.percentile(_ratios(s, t, drawn), 0.025)),
        "np.percentile counts in percent: 2.5, not 0.025.",
    ),
    Mistake(
        "the middle",
        lambda s, t, drawn: float(_ratios(s, t, drawn).mean()),
        "that is the middle of the draws, not the lower end of their interval.",
    ),
    Mistake(
        "no draws",
        lambda s, t, drawn: float(s.mean() / t.mean()),
        "that is the retention itself: its interval comes from the draws.",
    ),
    Mistake(
        "a difference",
        lambda s, t, drawn: float(np.percentile(s[drawn].mean(1) - t[drawn].mean(1), 2.5)),
        "retention is a ratio: the student's accuracy OVER the teacher's.",
    ),
    Mistake(
        "where both are right",
        lambda s, t, drawn: float(np.percentile((s & t)[drawn].mean(1) / t[drawn].mean(1), 2.5)),
        "what the student gets right alone counts for it, too: accuracy over accuracy.",
    ),
    Mistake(
        "a normal distribution",
        _spread,
        "that takes the draws for normally distributed: count them, by np.percentile.",
    ),
)

# --- smallest_clearing -----------------------------------------------------------------------------


def _candidates(rng: np.random.Generator) -> Iterator[tuple]:
    for number in (4, 9):
        low = rng.uniform(0.85, 1.0, number)
        yield rng.permutation(number) * 1e5 + 2e5, low, float(np.median(low)) + 0.001
    sizes, bar = rng.permutation(6) * 1e6 + rng.integers(100_000), round(rng.uniform(0.9, 0.98), 2)
    near = np.array([-1e-3, -1e-4, -1e-6, -1e-12, 0.0, 1e-6])  # just below, at it and just above, in any order
    yield sizes, bar + rng.permutation(near), bar
    yield sizes * 1000, bar + rng.permutation(near), bar  # large files
    falling = np.sort(sizes)[::-1]
    yield falling, bar + near[::-1], bar  # the smallest lie just below
    yield falling, np.full(6, bar), bar  # all of them at it
    yield rng.permutation(3) * 1e5 + 2e5, np.array([0.90, 0.93, 0.91]), 0.98  # none
    yield np.array([3e5, 1e5, 2e5]), np.array([0.99, 0.90, 0.98]), 0.98
    yield np.array([5e12]), np.array([0.97]), 0.95
    yield np.array([4e5]), np.array([0.94]), 0.95
    yield np.array([]), np.array([]), 0.95


def _smallest(sizes: np.ndarray, clears: np.ndarray) -> int:
    return smallest_clearing(sizes, clears.astype(float), 1.0)


def _by_sentinel(sizes: np.ndarray, low: np.ndarray, bar: float) -> int:
    best, place = 1e7, -1
    for i in range(len(sizes)):
        if low[i] >= bar and sizes[i] < best:
            best, place = sizes[i], i
    return place


SMALLEST = (
    Mistake(
        "the most accurate",
        lambda sizes, low, bar: int(np.argmax(low)) if (low >= bar).any() else -1,
        "that is the most accurate one: above the bar, size decides.",
    ),
    Mistake(
        "the smallest of all",
        lambda sizes, low, bar: int(np.argmin(sizes)) if len(sizes) else -1,
        "that is the smallest of all, whether it clears the bar or not.",
    ),
    Mistake(
        "index among the survivors",
        lambda sizes, low, bar: int(np.argmin(sizes[low >= bar])) if (low >= bar).any() else -1,
        "your index counts only the candidates that clear the bar: give the place in the whole list.",
    ),
    Mistake(
        "a tie with the bar refused",
        lambda sizes, low, bar: _smallest(sizes, low > bar),
        "a candidate exactly at the bar clears it: use >=.",
    ),
    Mistake(
        "a bar of its own",
        lambda sizes, low, bar: smallest_clearing(sizes, low, 0.95),
        "0.95 is one bar: use the one that is handed over.",
    ),
    Mistake(
        "rounded",
        lambda sizes, low, bar: _smallest(sizes, np.round(low, 2) >= bar),
        "a bar that is rounded up to is no bar: compare the numbers as they are.",
    ),
    Mistake(
        "nearly",
        lambda sizes, low, bar: smallest_clearing(sizes, low, bar - 1e-3),
        "a thousandth below the bar is below the bar.",
    ),
    Mistake(
        "a tolerance",
        lambda sizes, low, bar: _smallest(sizes, (low > bar) | np.isclose(low, bar)),
        "a tolerance is a lower bar: low >= bar, without any.",
    ),
    Mistake(
        "a largest size of its own",
        _by_sentinel,
        "a model may be larger than any number that you start from: start from infinity, or from the survivors.",
    ),
    Mistake(
        "the first that clears",
        lambda sizes, low, bar: int(np.argmax(low >= bar)) if (low >= bar).any() else -1,
        "the candidates stand in no order: of those that clear, take the smallest.",
    ),
    Mistake(
        "the first where none clears",
        lambda sizes, low, bar: max(0, smallest_clearing(sizes, low, bar)),
        "where none clears, the answer is -1: 0 is the first model.",
    ),
    Mistake(
        "its size",
        lambda sizes, low, bar: float(min(sizes[low >= bar], default=-1)),
        "that is its size: return its place.",
    ),
)

# --- recall_by_label -------------------------------------------------------------------------------


def _labels(rng: np.random.Generator) -> Iterator[tuple]:
    names = np.array(["ask_cloud", "set_alarm", "set_timer", "send_money", "play_music"])
    for examples, labels in ((30, 3), (200, 5)):
        gold = rng.choice(names[:labels], examples)
        yield np.where(rng.random(examples) < 0.7, gold, rng.choice(names[:labels], examples)), gold
    gold = rng.permutation(np.repeat(names[:4], [3, 8, 5, 9]))
    yield np.where(gold == names[1], rng.choice(names[2:4], 25), gold), gold  # one was never predicted
    yield np.where(rng.random(25) < 0.5, names[4], gold), gold  # one was predicted that never is gold
    first, second = gold == names[0], gold == names[1]
    yield np.where(first, names[1], np.where(second, names[0], gold)), gold  # two stand for each other
    yield np.full(25, names[0]), gold  # one for all
    yield rng.choice(names, 3), names[[1, 1, 1]]
    yield names[[2]], names[[2]]
    yield np.array([], dtype=str), np.array([], dtype=str)


def _share(predicted: np.ndarray, gold: np.ndarray, label: str) -> float:
    return float(np.mean(predicted[gold == label] == label)) if (gold == label).any() else 0.0


def _precision(predicted: np.ndarray, gold: np.ndarray) -> dict[str, float]:
    return {
        str(label): float(np.mean(gold[predicted == label] == label)) if (predicted == label).any() else 0.0
        for label in np.unique(gold)
    }


def _f1(predicted: np.ndarray, gold: np.ndarray) -> dict[str, float]:
    precision, recall = _precision(predicted, gold), recall_by_label(predicted, gold)
    return {k: 2 * precision[k] * r / (precision[k] + r) if r else 0.0 for k, r in recall.items()}


RECALL = (
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
    Mistake(
        "never predicted, left out",
        lambda p, g: {str(label): _share(p, g, label) for label in np.unique(g[np.isin(g, p)])},
        "a label that was never predicted is missing: its recall is 0, and just that must be seen.",
    ),
    Mistake(
        "never found, left out",
        lambda p, g: {str(label): _share(p, g, label) for label in np.unique(g[p == g])},
        "a label of which nothing was found is missing: its recall is 0.",
    ),
    Mistake(
        "labels outside gold",
        lambda p, g: {str(label): _share(p, g, label) for label in np.unique(np.concatenate([p, g]))},
        "a label without examples has no recall, not one of 0: go through the labels in gold.",
    ),
    Mistake(
        "counts",
        lambda p, g: {str(label): int(np.sum((p == label) & (g == label))) for label in np.unique(g)},
        "that is how many were found: divide by the number of examples of that label.",
    ),
    Mistake(
        "the share that was missed",
        lambda p, g: {label: 1 - share for label, share in recall_by_label(p, g).items()},
        "that is the share that was missed.",
    ),
    Mistake("f1", _f1, "that is the F1 score: precision does not come into recall."),
    Mistake(
        "one number",
        lambda p, g: float(np.mean(list(recall_by_label(p, g).values()))) if len(g) else 0.0,
        "an average hides the label that collapsed: return a dict, one number for each label.",
    ),
)


def register(check: Checks) -> None:
    """Add the three to a notebook's registry, in its order."""
    check.function(
        retention_low,
        cases=_judged,
        nudge="One ratio for each draw, of both models' accuracies on its examples. Which percentile is the lower end?",
        mistakes=RETENTION,
        **EXACT,
    )
    check.function(
        smallest_clearing,
        cases=_candidates,
        nudge="First drop what does not clear the bar, then take the smallest of what is left; none left gives -1.",
        mistakes=SMALLEST,
    )
    check.function(
        recall_by_label,
        cases=_labels,
        nudge="Of the examples that truly have a label, which share was found? None found is a share as well.",
        mistakes=RECALL,
        **EXACT,
    )
