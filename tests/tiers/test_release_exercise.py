"""The release plan: what becomes of each feature, and what breaks the brief."""

import pytest

from edgelab.tiers.ai_hub import excerpt
from edgelab.tiers.release_exercise import (
    FLAGSHIP,
    HELD_OUT,
    PROMISED_MS,
    RELEASE_PLAN,
    TUNING,
    judge_plan,
    judge_release,
    outcome,
    released,
    seen,
    totals,
)

ROWS, _ = excerpt()


def changed(tier, **changes):
    return RELEASE_PLAN | {tier: RELEASE_PLAN[tier] | changes}


def test_features_seen_and_held_out_are_others_and_published_everywhere():
    assert not set(TUNING) & set(HELD_OUT)
    table = released(RELEASE_PLAN, ROWS, TUNING + HELD_OUT)
    assert table.groupby("tier")["device"].nunique().to_dict() == {"entry": 1, "flagship": 3, "mid-range": 1}
    assert len(table) == 5 * 12 and set(table["where"]) == {"device", "cloud"}


def test_it_decides_by_the_flagship_and_is_judged_on_the_device():
    table = released(RELEASE_PLAN, ROWS, HELD_OUT).set_index(["device", "model"])
    entry = table.loc[("Dragonwing Q-6690 MTP", "yolov7")]
    row = ROWS.query("model == 'yolov7' and precision == 'w8a8' and runtime == 'qnn_dlc'").set_index("device")
    assert row["latency_ms"][FLAGSHIP] <= RELEASE_PLAN["entry"]["within_ms"] and entry["where"] == "device"
    assert entry["latency_ms"] == row["latency_ms"]["Dragonwing Q-6690 MTP"] <= PROMISED_MS and entry["kept"]
    cloud = table.loc[("Dragonwing Q-6690 MTP", "bgnet")]
    assert cloud["where"] == "cloud" and cloud["latency_ms"] != cloud["latency_ms"]


def test_what_holds_on_the_held_out_features_alone_is_not_enough():
    plan = changed("entry", within_ms=2.2)
    assert judge_release(RELEASE_PLAN) == judge_plan(plan) == []
    (complaint,) = judge_release(plan)
    assert complaint.startswith("of the six that you see: entry")
    assert judge_release({}) == judge_plan({})


def test_what_is_not_published_does_not_ship():
    float_below = changed("entry", precision="float", within_ms=1e9)
    table = released(float_below, ROWS, HELD_OUT)
    assert set(table[table["tier"] == "entry"]["where"]) == {"cloud"}


def test_totals_are_weighed_by_the_base():
    nothing = {tier: build | {"within_ms": 0} for tier, build in RELEASE_PLAN.items()}
    assert totals(outcome(nothing, released(nothing, ROWS, HELD_OUT))) == (pytest.approx(1), 0, 0)
    local = changed("flagship", within_ms=1e9)
    found = outcome(local, released(local, ROWS, HELD_OUT))
    assert found.set_index("tier")["local"]["flagship"] == 100 and totals(found)[2] == 2


@pytest.mark.parametrize("within_ms", [2.3, 4, 6.2, 6.8])
def test_there_is_room_around_the_courses_plan(within_ms):
    """By the worst factor seen, by a guess between, and up to the feature that misses the promise."""
    assert judge_plan(changed("mid-range", within_ms=within_ms)) == []
    assert judge_plan(changed("mid-range", within_ms=within_ms), TUNING) == []
    assert judge_plan(changed("entry", within_ms=0.9)) == judge_plan(changed("entry", within_ms=3.5)) == []


def test_the_promise_copied_holds_where_it_was_tuned_and_fails_elsewhere():
    copied = changed("mid-range", within_ms=PROMISED_MS)
    assert judge_plan(copied, TUNING) == [] and "mid-range: 17% of what ships" in judge_plan(copied)[0]


ODD = {
    "nothing of a tier": ({"flagship": RELEASE_PLAN["flagship"]}, "mid-range: the plan says nothing of it"),
    "a text": (RELEASE_PLAN | {"entry": "w8a8"}, "entry: expected precision, runtime and within_ms"),
    "a list": (RELEASE_PLAN | {"entry": ["w8a8"]}, "entry: expected precision"),
    "a key too many": (changed("entry", cloud=True), "entry: expected precision"),
    "no such precision": (changed("entry", precision="w2"), "entry: precision is one of float"),
    "a list for a precision": (changed("entry", precision=["w8a8"]), "entry: precision is one of"),
    "no such runtime": (changed("entry", runtime=None), "runtime one of onnx"),
    "no number": (changed("entry", within_ms="20 ms"), "entry: within_ms is a number"),
    "a truth": (changed("entry", within_ms=True), "entry: within_ms is a number"),
    "NaN": (changed("entry", within_ms=float("nan")), "go to the cloud"),
}


@pytest.mark.parametrize("plan, words", ODD.values(), ids=ODD)
def test_an_odd_plan_is_a_complaint(plan, words):
    assert words in judge_plan(plan)[0]


def test_what_is_seen_is_a_number_for_each_phone():
    times = seen(ROWS, "qnn_dlc")
    assert times.shape == (6, 6) and times.notna().all(axis=None)
    assert list(times["w8a8"].columns) == ["S25", "mid-range", "entry"]
