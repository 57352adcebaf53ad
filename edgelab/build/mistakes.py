"""What the chosen model gets wrong on test: by label, by slot, which for which, ten examples, and against the teacher."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from edgelab.build.thresholds import ends
from edgelab.bundle.answers import Answers
from edgelab.bundle.predict import Prediction
from edgelab.datasets.dataset import Split
from edgelab.datasets.slots import exact_match, slot_values
from edgelab.stats.bootstrap import paired_difference
from edgelab.stats.intervals import accuracy_interval

EXAMPLES = 10


def mistakes(
    split: Split,
    said: Sequence[Prediction],
    teacher_said: Mapping[int, Prediction],
    given: Answers,
    teacher: Answers,
    of: str,
) -> dict:
    """Plain JSON values.

    Args:
        said: what the model makes of each example.
        teacher_said: what the teacher makes of those that the model gets wrong, by their place.
        given: the same outcomes as arrays, `teacher` the teacher's.
        of: what is to be right, `label` or `call`.
    """
    wrong = np.flatnonzero(~given.right[of])
    return {
        "of": of,
        "examples": len(split),
        "wrong": len(wrong),
        "labels": by_label(split.labels, given),
        "confusions": confusions(split.labels, [p.label for p in said]),
        "slots": by_slot(split, said),
        "shown": [shown(split, int(i), said[i], teacher_said[int(i)]) for i in order(wrong, given, teacher, of)],
        "against_teacher": against_teacher(said, teacher_said, given.right[of], teacher.right[of], of),
    }


def by_label(labels: Sequence[str], given: Answers) -> list[dict]:
    """Of each label: its examples, how many get it, with the interval of the share, and how many calls are right; where
    most are lost first."""
    gold, rows = np.array(labels), []
    for label in sorted(set(labels)):
        of_label = gold == label
        right = given.correct[of_label]
        calls = None if given.calls is None else int(given.calls[of_label].sum())
        share = ends(accuracy_interval(right))
        rows.append(
            {"label": label, "examples": len(right), "right": int(right.sum()), "share": share, "calls_right": calls}
        )
    return sorted(rows, key=lambda row: row["right"] - row["examples"])


def confusions(labels: Sequence[str], said: Sequence[str]) -> list[dict]:
    """Which label was said for which, and how often; the most frequent first."""
    pairs = Counter((due, found) for due, found in zip(labels, said, strict=True) if due != found)
    ordered = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    return [{"due": due, "said": found, "count": count} for (due, found), count in ordered]


def by_slot(split: Split, said: Sequence[Prediction]) -> list[dict]:
    """Of each slot: how many texts are due one, in how many all of that name are found exactly, and how many have one that
    is not due; empty where the data has none."""
    due, right, extra = Counter[str](), Counter[str](), Counter[str]()
    for text, gold, prediction in zip(split.texts, split.spans or (), said, strict=False):
        names = {span.name for span in gold}
        for name in names:
            found, wanted = ([s for s in spans if s.name == name] for spans in (prediction.spans, gold))
            due[name] += 1
            right[name] += exact_match(text, tuple(found), tuple(wanted))
        extra.update({span.name for span in prediction.spans} - names)
    rows = [{"slot": n, "due": due[n], "right": right[n], "not_due": extra[n]} for n in sorted({*due, *extra})]
    return sorted(rows, key=lambda row: row["right"] - row["due"] - row["not_due"])


def order(wrong: np.ndarray, given: Answers, teacher: Answers, of: str) -> list[int]:
    """Which mistakes to show: those that the teacher does not make first, the surest first."""
    ranked = sorted(wrong, key=lambda i: (not teacher.right[of][i], -given.confidence[i]))
    return [int(i) for i in ranked[:EXAMPLES]]


def shown(split: Split, i: int, said: Prediction, teacher: Prediction) -> dict:
    """One example: its text, what was due, what the model and the teacher make of it."""
    due = {"label": split.labels[i]}
    slots = slot_values(split.texts[i], split.spans[i]) if split.spans else {}
    return {
        "text": split.texts[i],
        "due": due | {"slots": slots},
        "said": {"label": said.label, "slots": said.slots, "confidence": said.confidence},
        "teacher": {"label": teacher.label, "slots": teacher.slots},
    }


def against_teacher(
    said: Sequence[Prediction],
    teacher_said: Mapping[int, Prediction],
    right: np.ndarray,
    teacher_right: np.ndarray,
    of: str,
) -> dict:
    """How often the two differ: each alone right, both wrong alike or otherwise; the paired difference of what is right."""

    def alike(i: int) -> bool:
        mine, theirs = said[i], teacher_said[i]
        same = of == "label" or exact_match(mine.text, mine.spans, theirs.spans)
        return mine.label == theirs.label and same

    neither = np.flatnonzero(~right & ~teacher_right)
    same = sum(alike(int(i)) for i in neither)
    return {
        "both_right": int((right & teacher_right).sum()),
        "only_teacher": int((~right & teacher_right).sum()),
        "only_model": int((right & ~teacher_right).sum()),
        "both_wrong_alike": same,
        "both_wrong_otherwise": len(neither) - same,
        "difference": ends(paired_difference(right, teacher_right)),
    }
