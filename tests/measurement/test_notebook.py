"""What 05 does between its exercises."""

import numpy as np
import pytest

from edgelab.measurement import notebook
from edgelab.measurement.by_hand import fair_ratio, found_share, percentile_bounds, time_round, told_apart
from edgelab.measurement.plan_exercise import pilot
from edgelab.stats.samples import LatencySamples


def test_the_claims_on_intervals_and_rounds_hold():
    assert 465 <= notebook.coverage(percentile_bounds) <= 500
    assert notebook.alarms_one_after_the_other(percentile_bounds) > 0.3
    assert notebook.alarms_in_rounds(time_round, told_apart) <= 0.085
    taken = {"a": LatencySamples("a", tuple(np.random.default_rng(0).lognormal(size=400)))}
    assert notebook.agreeing(taken, percentile_bounds) == 3
    assert notebook.agreeing(taken, lambda values, q: (0.0, np.inf)) == 0


def test_rounds_are_timed_on_the_texts_in_blocks_and_either_begins():
    asked = []

    def timed(a, b, texts, clock):
        a(texts[0]), b(texts[0])
        asked.append((asked_of[-2:], len(texts), clock() > 0))
        return 2.0 if asked_of[-1] == "b" else 0.5

    asked_of = []
    ratios = notebook.ratios_of(
        timed, lambda _: asked_of.append("a"), lambda _: asked_of.append("b"), ["x", "y", "z"], 30, warmup=2
    )
    assert ratios.tolist() == [2.0] * 30 and asked_of[:4] == ["a", "b", "a", "b"]
    assert {tuple(order) for order, _, _ in asked} == {("a", "b"), ("b", "a")}
    assert {(texts, ticks) for _, texts, ticks in asked} == {(5, True)}


def test_rounds_are_planned_by_what_is_found():
    assert 85 <= notebook.rounds_for(found_share, pilot(), 0.05) <= 110
    assert notebook.rounds_for(found_share, pilot(), 0.5) == 20
    assert notebook.rounds_for(found_share, pilot(), -0.05) > 80
    with pytest.raises(ValueError, match="too little for this machine"):
        notebook.rounds_for(lambda *_: 0.0, pilot(), 0.05)


def test_the_published_headline_has_no_pair_of_like_with_like():
    table = notebook.published(fair_ratio).set_index(["device", "runtime"])
    assert table.loc[("mid-range", "onnx"), "times an S25, all pairs"] == "24.2"
    assert table.loc[("mid-range", "onnx"), "like with like"] == "no such pair"
    assert [table.loc[("mid-range", runtime), "like with like"] for runtime in ("qnn_dlc", "tflite")] == ["2.3", "2.2"]
    counted = notebook.same_units()
    assert counted["CPU on both"] == (30, 30) and counted["all models"] == (2034, 1842)


def test_a_calm_lab_and_a_stall():
    values = np.array([1.0, 1.1, 0.9, 1.0, 1.0, 3.0, 3.5, 9.0])
    assert notebook.calm(values).tolist() == [1.0, 1.1, 0.9, 1.0, 1.0, 3.0]
    answer = notebook.stalling(str.upper, at=1, milliseconds=30)
    begin = notebook.clock_ms()
    assert [answer("a"), answer("b"), answer("c")] == ["A", "B", "C"]
    assert notebook.clock_ms() - begin >= 30
    assert notebook.requests(("a", "b"), 5) == ["a", "b", "a", "b", "a"]
