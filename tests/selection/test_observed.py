"""A bundle's row of evidence, against answers known by hand."""

import pytest

from edgelab.bundle.predict import Bundle
from edgelab.datasets.dataset import Split
from edgelab.datasets.slots import Span
from edgelab.selection.observed import asked_of, observe, sureness
from tests.small_bundles import LABELS, small_bundle

TEXTS = ("play queen", "wake seven", "why why", "play queen")
GOLD = ("play_music", "set_alarm", "set_alarm", "ask_cloud")
SPANS = ((Span(5, 10, "artist"),), (), (Span(0, 3, "person"),), ())


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return Bundle.load(small_bundle(tmp_path_factory.mktemp("observed")))


def test_labels_and_calls_are_those_of_the_bundle(bundle):
    row = observe("votes", bundle, Split(TEXTS, GOLD, SPANS), latency_ms={"here": (1.0, 2.0)}, coverage=0.5)
    assert row.right_label.tolist() == [True, True, False, False]
    assert row.right_call.tolist() == [True, False, False, False]  # the second has a slot too many
    assert row.size_bytes == bundle.size_bytes and row.latency_ms == {"here": (1.0, 2.0)} and row.coverage == 0.5
    assert row.high_stakes_wrong is None and row.ships  # none of its labels is of high stakes


def test_a_private_value_leaves_with_what_is_handed_over_and_with_nothing_else(bundle):
    split = Split(TEXTS, GOLD, SPANS)
    assert observe("votes", bundle, split).private_sent.tolist() == [False, False, True, False]  # it answers ask_cloud
    everything = observe("votes", bundle, Split(TEXTS[:2], GOLD[:2], (SPANS[2], ())), escalate_below=1.01)
    assert everything.private_sent.tolist() == [True, False]
    nothing = observe("votes", bundle, Split(TEXTS[:2], GOLD[:2], (SPANS[2], ())), escalate_below=0.5)
    assert nothing.private_sent.tolist() == [False, False]


def test_a_wrong_call_of_high_stakes_counts_and_a_right_one_does_not(tmp_path):
    labels = ["ask_cloud", "send_money", "set_alarm"]
    made = small_bundle(tmp_path, labels=labels, label_slots={"send_money": ["artist"], "set_alarm": ["time"]})
    gold = ("send_money", "set_alarm", "set_alarm", "set_alarm")
    row = observe("votes", Bundle.load(made), Split(TEXTS, gold, SPANS))
    assert row.high_stakes_wrong.tolist() == [False, False, False, True]


def test_without_slots_there_are_no_calls_and_no_private_values(bundle):
    row = observe("votes", bundle, Split(TEXTS, GOLD, None))
    assert row.right_call is None and row.private_sent is None and row.right_label.sum() == 2


def test_how_sure_is_the_largest_probability(bundle):
    sure = sureness(bundle.predict_many(["play queen", "seven"]))
    assert sure.shape == (2,) and 1 / len(LABELS) < sure[1] < sure[0] <= 1


def test_the_form_is_asked_as_far_as_the_data_go(bundle):
    form = {"min_calls": 0.75, "max_high_stakes": 0.03, "max_private": 0.1, "max_mb": 3.0}
    with_slots = observe("votes", bundle, Split(TEXTS, GOLD, SPANS))
    assert asked_of(form, [with_slots]).asked == {"min_calls": 0.75, "max_private": 0.1, "max_mb": 3.0}
    without = observe("votes", bundle, Split(TEXTS, GOLD, None))
    assert asked_of(form, [without]).asked == {"min_accuracy": 0.75, "max_mb": 3.0}
    assert form["min_calls"] == 0.75  # the learner's own form stays as it is
