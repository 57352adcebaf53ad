"""The release that the capstone ends with: what is measured once, and what breaks the brief."""

import numpy as np
import pytest

from edgelab.selection.release_exercise import (
    CLOUD,
    HARMED,
    LATE_MS,
    MODELS,
    PRIVATE_MOST,
    RELEASE,
    SPLITS,
    TRAFFIC,
    dollars,
    judge_release,
    on_validation,
    outcome,
    p95_on,
    private_share,
    served,
)


def release(**changes):
    return RELEASE | changes


def test_a_higher_threshold_sends_more_to_the_cloud_and_gets_more_right():
    for model in MODELS:
        for split in SPLITS:
            found = [served(model, threshold, split) for threshold in (0.0, 0.5, 0.9, 1.0)]
            sent = [each.escalated.mean() for each in found]
            assert sent == sorted(sent) and not (found[-1].stakes & found[-1].escalated).any()
            assert all((each.private <= each.escalated).all() for each in found)
        assert served(model, 1.0, "test").right.mean() > served(model, 0.0, "test").right.mean()


def test_the_dollars_are_those_of_the_brief():
    each = served("convolution int8", 0.9, "test")
    by_hand = 20 * (~each.right).mean() + 500 * each.stakes.mean() + 1000 * CLOUD * each.escalated.mean()
    by_hand += 10 * each.private.mean()
    assert each.dollars == pytest.approx(by_hand)
    assert dollars("convolution int8", 0.9, {"test": 1.0}) == pytest.approx(by_hand + 0.0004 * 0.399368)


@pytest.mark.parametrize("model", ["convolution int4", "convolution int8"])
@pytest.mark.parametrize("escalate_below", [0.84, 0.85, 0.88, 0.9])
def test_there_is_room_around_the_courses_release(model, escalate_below):
    assert judge_release(release(model=model, escalate_below=escalate_below)) == []


@pytest.mark.parametrize(
    "first_stage, good", [(0.001, False), (0.01, True), (0.05, True), (0.1, True), (0.25, False), (1, False)]
)
def test_the_first_stage_is_neither_all_nor_nothing(first_stage, good):
    assert (judge_release(release(first_stage=first_stage)) == []) == good


def test_no_threshold_will_do_for_the_six_layers():
    for model in ("six layers int4", "six layers int8"):
        assert p95_on(model, "flagship") < LATE_MS < p95_on(model, "entry")
        for step in range(21):
            assert any(
                "entry" in complaint for complaint in judge_release(release(model=model, escalate_below=step / 20))
            )


def test_what_is_cheapest_on_validation_fails():
    """Of the models that are quick enough, at the thresholds of the table."""
    pairs = [(m, t) for m in MODELS[:2] for t in (0.0, 0.5, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)]
    model, threshold = min(pairs, key=lambda pair: dollars(*pair, {"validation": 1.0}))
    assert judge_release(release(model=model, escalate_below=threshold)) != []


def test_the_brief_copied_fails_on_the_judges_traffic_alone():
    """The highest threshold whose share of private values keeps the brief on validation."""
    kept = [
        t for t in np.linspace(0, 1, 101) if private_share("convolution int8", t, {"validation": 1.0}) <= PRIVATE_MOST
    ]
    assert private_share("convolution int8", kept[-1], TRAFFIC) > PRIVATE_MOST
    assert judge_release(release(escalate_below=float(kept[-1]))) != []


def test_the_tables_say_what_is_computed():
    table = on_validation()
    assert table.index.tolist() == list(MODELS)
    assert table.loc["convolution int8", "0.8"].startswith(
        f"{dollars('convolution int8', 0.8, {'validation': 1.0}):.2f}/"
    )
    last = outcome(RELEASE).iloc[-1]
    assert last["dollars"] == pytest.approx(dollars("convolution int8", 0.85, TRAFFIC), abs=0.006)
    assert HARMED > 0 and 0 < last["private out, %"] <= 100 * PRIVATE_MOST


ODD = {
    "an entry too few": ({"model": "convolution int8"}, "expected the entries"),
    "no such model": (release(model="best"), "model: expected one of"),
    "a list for a model": (release(model=["convolution int8"]), "model: expected one of"),
    "a text": (release(escalate_below="85 %"), "escalate_below: expected a share"),
    "a truth": (release(first_stage=True), "first_stage: expected a share"),
    "NaN": (release(escalate_below=float("nan")), "escalate_below: expected a share"),
    "percent": (release(first_stage=5), "first_stage: expected a share"),
    "nobody": (release(first_stage=0.0), "first_stage: expected a share"),
    "hardly anybody": (release(first_stage=1e-9), "first_stage: expected a share"),
}


@pytest.mark.parametrize("odd, words", ODD.values(), ids=ODD)
def test_an_odd_release_is_a_complaint(odd, words):
    assert words in judge_release(odd)[0]
