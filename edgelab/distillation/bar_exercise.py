"""The release bar of `01_distillation`: a brief in words, as bounds; tried on candidates that the learner has not seen."""

from edgelab.course.exercises import Mistake
from edgelab.selection.rule import misses

RELEASE_BAR = {
    "min_accuracy_low": 0.88,
    "min_calls": 0.60,
    "min_ask_cloud_recall": 0.85,
    "min_worst_label_recall": 0.60,
    "max_size_mb": 3.0,
    "max_p99_ms": 20.0,
}
_GOOD = {
    "accuracy": 0.94,
    "accuracy_low": 0.92,
    "calls": 0.71,
    "slots_exact": 0.77,
    "ask_cloud_recall": 0.94,
    "ask_cloud_precision": 0.93,
    "mean_label_recall": 0.94,
    "worst_label_recall": 0.78,
    "size_mb": 1.4,
    "model_mb": 1.1,
    "p50_ms": 0.2,
    "p99_ms": 0.9,
}
# Keeps each line of the brief to the number, and is weak in all that the brief does not ask for.
_AT_THE_BAR = {
    "accuracy": 0.885,
    "accuracy_low": 0.88,
    "calls": 0.60,
    "slots_exact": 0.61,
    "ask_cloud_recall": 0.85,
    "ask_cloud_precision": 0.44,
    "mean_label_recall": 0.86,
    "worst_label_recall": 0.60,
    "size_mb": 3.0,
    "model_mb": 2.95,
    "p50_ms": 19.5,
    "p99_ms": 20.0,
}
# What the bar would do, the candidate, and whether the brief lets it ship. One flaw a candidate, each by a hair.
HELD_OUT = (
    ("holds back a model that does all that is asked", _GOOD, True),
    ("holds back a model that keeps every line of the brief to the number", _AT_THE_BAR, True),
    (
        "holds back a model that may promise 881 of 1,000 labels",
        _GOOD | {"accuracy": 0.90, "accuracy_low": 0.881},
        True,
    ),
    ("holds back a model with 601 right calls of 1,000", _GOOD | {"calls": 0.601}, True),
    ("holds back a model that keeps 149 of 1,000 cloud questions", _GOOD | {"ask_cloud_recall": 0.851}, True),
    ("holds back a model that misses 399 of 1,000 requests of a tool", _GOOD | {"worst_label_recall": 0.601}, True),
    ("holds back a bundle of 2.99 MB", _GOOD | {"size_mb": 2.99}, True),
    ("holds back a model whose slowest of 100 answers take 19.9 ms", _GOOD | {"p99_ms": 19.9}, True),
    (
        "ships a model whose accuracy may have been luck: 0.96, its interval down to 0.879",
        _GOOD | {"accuracy": 0.96, "accuracy_low": 0.879},
        False,
    ),
    (
        "ships a model with all slots right in 92 of 100 requests, and the call in 599 of 1,000",
        _GOOD | {"calls": 0.599, "slots_exact": 0.92},
        False,
    ),
    (
        "ships a model that keeps 151 of 1,000 cloud questions on the phone",
        _GOOD | {"ask_cloud_recall": 0.849, "ask_cloud_precision": 0.99},
        False,
    ),
    (
        "ships a model that misses 401 of 1,000 requests of one tool",
        _GOOD | {"worst_label_recall": 0.599, "mean_label_recall": 0.97},
        False,
    ),
    ("ships a bundle of 3.01 MB", _GOOD | {"size_mb": 3.01, "model_mb": 0.9}, False),
    ("ships a model whose slowest of 100 answers take 20.1 ms", _GOOD | {"p99_ms": 20.1, "p50_ms": 0.05}, False),
)


def judge_bar(bar: dict) -> list[str]:
    """What a bar does that the brief does not want; empty if nothing."""
    return [f"it {what}" for what, card, ships in HELD_OUT if (misses(card, bar) == []) != ships]


def _without(*names: str) -> dict:
    return {name: bound for name, bound in RELEASE_BAR.items() if name not in names}


MISTAKES = (
    Mistake(
        "accuracy alone",
        {"min_accuracy": 0.88},
        "accuracy is an average: it hides a label that collapsed, a cloud never asked, slots that are wrong.",
    ),
    Mistake(
        "the point estimate",
        _without("min_accuracy_low") | {"min_accuracy": 0.88},
        "bound accuracy_low, not accuracy: the lower end of the interval is what you may promise.",
    ),
    Mistake(
        "4 of 10 missed, as 0.4",
        RELEASE_BAR | {"min_worst_label_recall": 0.4},
        "recall is what is FOUND: who may miss 4 of 10 must find 6.",
    ),
    Mistake(
        "3 of 20 kept, as 0.15",
        RELEASE_BAR | {"min_ask_cloud_recall": 0.15},
        "recall is what is FOUND: who may keep 3 of 20 sends 17 of 20 to the cloud.",
    ),
    Mistake(
        "the brief copied line by line",
        RELEASE_BAR | {"min_ask_cloud_recall": 0.15, "min_worst_label_recall": 0.4},
        "two lines of the brief speak of what may go wrong, and the card of what goes right.",
    ),
    Mistake(
        "ask_cloud forgotten",
        _without("min_ask_cloud_recall"),
        "a question for the cloud that stays on the phone gets a wrong answer: bound ask_cloud_recall.",
    ),
    Mistake(
        "ask_cloud's precision",
        _without("min_ask_cloud_recall") | {"min_ask_cloud_precision": 0.85},
        "precision says how many of those that were SENT belong there: the brief counts those that should have been.",
    ),
    Mistake(
        "the average tool",
        _without("min_worst_label_recall") | {"min_mean_label_recall": 0.6},
        "no tool may be so bad: bound the worst one, not their mean.",
    ),
    Mistake(
        "slots for calls",
        _without("min_calls") | {"min_slots_exact": 0.6},
        "slots may be right where the label is wrong: the brief asks for the call.",
    ),
    Mistake(
        "the network for the bundle",
        _without("max_size_mb") | {"max_model_mb": 3.0},
        "a bundle is more than its network: size_mb has the tokenizer and the labels, too.",
    ),
    Mistake(
        "the usual answer",
        _without("max_p99_ms") | {"max_p50_ms": 20.0},
        "of a hundred answers one may be slower: that is the 99th percentile.",
    ),
    Mistake(
        "the time forgotten",
        _without("max_p99_ms"),
        "one sentence of the brief is about time.",
    ),
    Mistake(
        "nobody may pass",
        RELEASE_BAR | {"min_accuracy_low": 0.99},
        "a bar that nothing clears ships nothing: keep to the brief's number.",
    ),
    Mistake(
        "a little lax everywhere",
        {name: bound * (0.98 if name.startswith("min_") else 1.02) for name, bound in RELEASE_BAR.items()},
        "a bar has no leeway: each bound is the brief's own number.",
    ),
    Mistake(
        "no bar at all",
        {},
        "an empty bar lets every model ship: write one line for each sentence of the brief.",
    ),
)
