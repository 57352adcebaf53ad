"""What is wrong, of answers that are known."""

from dataclasses import replace

import numpy as np
import pytest

from edgelab.build.mistakes import EXAMPLES, against_teacher, by_slot, confusions, mistakes
from edgelab.bundle.answers import Answers
from edgelab.bundle.predict import Prediction
from edgelab.datasets.dataset import Split
from edgelab.datasets.slots import exact_match, parse_marked, slot_values
from edgelab.stats.intervals import accuracy_interval


def prediction(marked: str, label: str, sure: float = 0.9) -> Prediction:
    text, spans = parse_marked(marked)
    logits = np.log(np.array([sure, 1 - sure]))
    return Prediction(text, label, slot_values(text, spans), 0.1, spans, logits)


ROWS = (  # due, said by the model, how surely, said by the teacher
    ("wake me at [six](time)", "alarm", "wake me at [six](time)", "alarm", 0.9, "wake me at [six](time)", "alarm"),
    ("wake me at [ten](time)", "alarm", "wake me at ten", "alarm", 0.8, "wake me at [ten](time)", "alarm"),
    ("play [abba](artist)", "music", "play [abba](time)", "music", 0.7, "play abba", "alarm"),
    ("play [queen](artist)", "music", "play [queen](artist)", "alarm", 0.95, "play [queen](artist)", "alarm"),
    ("stop", "alarm", "stop", "music", 0.6, "stop", "alarm"),
    ("go", "music", "go", "music", 0.99, "go", "alarm"),
)
TEXTS = [parse_marked(row[0]) for row in ROWS]
SPLIT = Split(tuple(t for t, _ in TEXTS), tuple(row[1] for row in ROWS), tuple(s for _, s in TEXTS))
SAID = [prediction(*row[2:5]) for row in ROWS]
TEACHER = [prediction(*row[5:7]) for row in ROWS]


def outcome(said: list[Prediction]) -> Answers:
    correct = np.array([p.label == label for p, label in zip(said, SPLIT.labels, strict=True)])
    slots = [exact_match(p.text, p.spans, gold) for p, gold in zip(said, SPLIT.spans, strict=True)]
    return Answers(correct, np.array([p.confidence for p in said]), None, correct & np.array(slots))


def found(of: str) -> dict:
    given, teacher = outcome(SAID), outcome(TEACHER)
    asked = {i: TEACHER[i] for i in np.flatnonzero(~given.right[of]).tolist()}  # the teacher is asked of no others
    return mistakes(SPLIT, SAID, asked, given, teacher, of)


def test_labels_that_lose_most_come_first():
    labels = found("call")["labels"]
    assert [(r["label"], r["examples"], r["right"], r["calls_right"]) for r in labels] == [
        ("alarm", 3, 2, 1),
        ("music", 3, 2, 1),
    ]
    whole = accuracy_interval(np.array([True, True, False]))
    assert labels[0]["share"] == [whole.value, whole.low, whole.high]


def test_confusions_are_counted_in_their_direction():
    assert found("label")["confusions"] == [
        {"due": "alarm", "said": "music", "count": 1},
        {"due": "music", "said": "alarm", "count": 1},
    ]
    assert confusions("aabb", "bbba")[0] == {"due": "a", "said": "b", "count": 2}


def test_slots_missed_and_made_up():
    assert {r["slot"]: (r["due"], r["right"], r["not_due"]) for r in found("call")["slots"]} == {
        "time": (2, 1, 1),
        "artist": (2, 1, 0),
    }
    assert by_slot(replace(SPLIT, spans=None), SAID) == []


def test_shown_are_first_those_that_the_teacher_gets_then_the_surest():
    shown = found("call")["shown"]
    assert [s["text"] for s in shown] == ["wake me at ten", "stop", "play queen", "play abba"]
    first = shown[0]
    assert first["due"] == {"label": "alarm", "slots": {"time": ["ten"]}}
    assert first["said"] == {"label": "alarm", "slots": {}, "confidence": pytest.approx(0.8)}
    assert first["teacher"] == {"label": "alarm", "slots": {"time": ["ten"]}}
    assert [s["text"] for s in found("label")["shown"]] == ["stop", "play queen"]


def test_at_most_ten_are_shown():
    many = Split(SPLIT.texts * 5, SPLIT.labels * 5)
    wrong = Answers(np.zeros(30, bool), np.arange(30) / 30, None)
    shown = mistakes(many, SAID * 5, dict(enumerate(TEACHER * 5)), wrong, wrong, "label")["shown"]
    assert len(shown) == EXAMPLES and shown[0]["text"] == "go" and shown[0]["due"]["slots"] == {}


@pytest.mark.parametrize(
    ("of", "counts"),
    [("call", (1, 2, 1, 1, 1)), ("label", (2, 1, 2, 1, 0))],
)
def test_against_the_teacher_every_example_is_counted_once(of, counts):
    a = found(of)["against_teacher"]
    names = ("both_right", "only_teacher", "only_model", "both_wrong_alike", "both_wrong_otherwise")
    assert tuple(a[name] for name in names) == counts and sum(counts) == len(SPLIT)
    value, low, high = a["difference"]
    assert value == pytest.approx((counts[2] - counts[1]) / 6) and low <= value <= high


def test_two_wrong_labels_with_other_slots_are_alike_only_where_labels_alone_count():
    said, teacher = prediction("play [abba](artist)", "alarm"), prediction("play abba", "alarm")
    never = np.zeros(1, bool)
    alike = {
        of: against_teacher([said], {0: teacher}, never, never, of)["both_wrong_alike"] for of in ("label", "call")
    }
    assert alike == {"label": 1, "call": 0}
