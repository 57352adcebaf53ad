"""A family measured, and what the notebook shows of it."""

import numpy as np
import pytest

from edgelab.bundle.predict import Bundle
from edgelab.distillation import notebook
from edgelab.distillation.family import cards, family_table, measure, named
from edgelab.distillation.losses import doubt, soften
from edgelab.distillation.plots import of_family, of_parts, rows_of
from edgelab.distillation.recall import recall_by_label
from edgelab.stats.intervals import accuracy_interval

pytestmark = pytest.mark.usefixtures("at_home")


@pytest.fixture(scope="module")
def family(tiny_teacher, tiny_student):
    return {"teacher": tiny_teacher, "small": tiny_student}


@pytest.fixture(scope="module")
def measured(family, tiny, tiny_home):
    with tiny_home():
        return measure(family, tiny)


def test_a_family_is_measured_with_its_baselines_behind_it(family, measured, tiny):
    assert list(measured) == ["teacher", "small", "TF-IDF + LinearSVC", "frozen MiniLM + LogReg"]
    for name, model in family.items():
        m = measured[name]
        assert m.size_bytes == Bundle.load(model.bundle()).size_bytes == 1e6 * m.mb
        assert np.array_equal(m.correct, model.correct()) and np.array_equal(m.calls, model.calls_correct())
        assert np.array_equal(m.decisive, model.correct("validation")) and m.slots == model.slots_correct().mean()
        assert len(m.latency.milliseconds) == len(tiny.validation) and m.p50_ms == m.latency.percentile(50)
    assert measured["teacher"].retention.value == 1
    assert measured["TF-IDF + LinearSVC"].calls is None and measured["TF-IDF + LinearSVC"].slots is None


def test_its_table_its_figure_and_its_rows(measured):
    table = family_table(measured)
    assert table["x smaller"].tolist()[0] == "1" and float(table["x smaller"]["small"]) > 20
    assert table["calls, test"].tolist()[2:] == ["-", "-"]
    assert table["accuracy, test"]["small"] == f"{accuracy_interval(measured['small'].correct):.3f}"
    _, alt = of_family(measured, 0.9, "small")
    assert all(name in alt for name in measured)
    rows = rows_of(measured, "tiny")
    assert [row.model for row in rows] == ["teacher", "small"] and {row.data for row in rows} == {"tiny"}
    assert rows[1].call_exact_match == measured["small"].calls.mean()


def test_a_card_says_what_a_release_is_decided_by(family, measured, tiny):
    for name, card in cards(family, measured, recall_by_label):
        model, gold = family[name], np.array(tiny.validation.labels)
        predicted = named(model, "validation")
        assert np.array_equal(predicted == gold, model.correct("validation"))
        assert card["accuracy"] == np.mean(predicted == gold) and card["accuracy_low"] < card["accuracy"]
        assert card["calls"] <= card["slots_exact"] and card["calls"] == model.calls_correct("validation").mean()
        shares = [np.mean(predicted[gold == label] == label) for label in tiny.labels]
        assert card["worst_label_recall"] == min(shares)
        assert card["mean_label_recall"] == pytest.approx(np.mean(shares))
        assert card["ask_cloud_recall"] == shares[tiny.labels.index("ask_cloud")]
        sent = gold[predicted == "ask_cloud"]
        assert card["ask_cloud_precision"] == (np.mean(sent == "ask_cloud") if len(sent) else 1.0)
        assert card["model_mb"] < card["size_mb"] and card["p50_ms"] <= card["p99_ms"]


def test_what_is_kept_part_by_part(family, tiny):
    teacher, student = family.values()
    parts = notebook.kept(teacher, student)
    assert list(parts) == ["label", "all slots", "call", "label, ask_cloud only", "label, hard set"]
    table = notebook.kept_table(parts)
    assert table["examples"].tolist() == [9, 9, 9, 3, 9]
    assert table["student"]["call"] == round(student.calls_correct().mean(), 3)
    _, alt = of_parts(parts)
    assert "teacher: label" in alt and "student: label" in alt
    assert notebook.lost(np.array([True, True, False]), np.array([True, False, True])).tolist() == [0, 1, -1]
    lost = notebook.lost_by_label({"a": 1.0, "b": 0.5}, {"a": 0.9, "b": 0.1})
    assert lost.index.tolist() == ["b", "a"] and lost["lost"].tolist() == [0.4, 0.1]


def test_what_more_sentences_add_is_paired_by_example(family):
    teacher, student = family.values()
    gains = notebook.added([teacher, student], [student, student])
    assert list(gains) == ["validation", "test"]  # plain lines are Pocket's
    right = teacher.correct().mean() - student.correct().mean()
    assert gains["test"].value == pytest.approx(100 * right / 2)
    (words,) = notebook.other_peoples_words(teacher, [teacher], [student])
    assert words.startswith("not at hand: tiny: expected Pocket's labels")


def test_a_teacher_is_shown_with_its_doubts(family, tiny):
    teacher, lines = family["teacher"], ("mrs brown is away", "what a morning")
    asked = notebook.asked(teacher, lines)
    assert [len(texts) for texts, _ in asked.values()] == [36, 2] and list(notebook.asked(teacher, ())) == list(asked)[
        :1
    ]
    known, other = (doubt(logits).mean() for _, logits in asked.values())
    assert known < other
    answer = teacher.outputs().intent_logits[0]
    likely = notebook.likely(soften(answer, 1.0), tiny.labels, best=2)
    assert likely.startswith(f"{tiny.labels[answer.argmax()]} ") and likely.count(",") == 1
    untuned, tuned = notebook.untuned_and_tuned(teacher).values()
    assert tuned.value == teacher.correct().mean() and untuned.low <= untuned.value
