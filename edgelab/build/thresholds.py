"""From which confidence on the chosen model may answer alone: thresholds set on validation, and what came of them on test."""

import numpy as np

from edgelab.bundle.answers import Answers
from edgelab.routing.thresholds import conformal_threshold
from edgelab.stats.intervals import Interval, accuracy_interval
from edgelab.stats.ranking import auroc

PROMISES = (0.01, 0.02, 0.05, 0.1)  # at most this share of all requests is kept and wrong, on average


def routing(decided: Answers, test: Answers, teacher: Answers, of: str, shipped: float | None, sha256: str) -> dict:
    """A row for each of `PROMISES` by conformal risk control, and one for the threshold that the bundle holds, as plain
    JSON values. What is below its threshold goes to the teacher.

    Args:
        decided: the model's answers on validation, which set the thresholds.
        test: its answers on test, `teacher` the teacher's.
        of: what is to be right, `label` or `call`.
        shipped: the confidence in the bundle's manifest, None where there is none.
        sha256: of the model's file: another model's confidences are others.
    """
    rows = []
    for promise in PROMISES:
        value = conformal_threshold(decided.confidence, ~decided.right[of], promise)
        rows.append({"promise": promise} | row(value, decided, test, teacher, of))
    if shipped is not None:
        rows.append({"promise": None} | row(shipped, decided, test, teacher, of))
    wrong = ~test.right[of]
    return {
        "of": of,
        "model_sha256": sha256,
        "auroc": auroc(test.confidence, ~wrong) if wrong.any() and not wrong.all() else None,
        "rows": rows,
    }


def row(threshold: float, decided: Answers, test: Answers, teacher: Answers, of: str) -> dict:
    """What one threshold keeps and gets wrong. Confidence is a probability: 0 keeps all, None (infinite) nothing."""
    kept = test.confidence >= threshold
    found = {
        "kept": accuracy_interval(kept),
        "kept_and_wrong": accuracy_interval(kept & ~test.right[of]),
        "wrong_among_kept": accuracy_interval(~test.right[of][kept]) if kept.any() else None,
        "right_together": accuracy_interval(np.where(kept, test.right[of], teacher.right[of])),
    }
    bound = None if threshold == np.inf else max(0.0, float(threshold))
    kept_before = float((decided.confidence >= threshold).mean())
    return {"threshold": bound, "kept_on_validation": kept_before} | {name: ends(i) for name, i in found.items()}


def ends(interval: Interval | None) -> list[float] | None:
    """Value, low and high."""
    return None if interval is None else [interval.value, interval.low, interval.high]


def advised(found: dict, promise: float = 0.05) -> float | None:
    """The threshold that the report's code uses: the bundle's own, else that of the promise; None keeps nothing."""
    by_promise = {row["promise"]: row["threshold"] for row in found["rows"]}
    return by_promise.get(None, by_promise[promise])


def code(text: str, threshold: float | None) -> list[str]:
    """Five lines that use the bundle from the folder that the build wrote: a text in, label and slots out, and whether
    that is sure enough to act on."""
    sure = "False  # no confidence is enough" if threshold is None else f"answer.confidence >= {threshold:.4f}"
    return [
        "from edgelab.bundle import Bundle",
        'bundle = Bundle.load("bundle")',
        f"answer = bundle.predict({text!r})",
        f"sure = {sure}",
        'print(answer.label, answer.slots, "act on it" if sure else "ask the cloud")',
    ]
