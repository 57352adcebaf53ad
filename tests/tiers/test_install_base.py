"""Device-tier coverage: hand-computed, at the edges, and against a plain count."""

import math

import pandas as pd
import pytest

from edgelab.tiers import figures
from edgelab.tiers.install_base import Needs, by_tier, checked_shares, coverage, one_by_one, verdicts, what_would_help

BASE = {"flagship": 0.25, "mid-range": 0.5, "entry": 0.25}
NEEDS = Needs(latency_ms=50, memory_mb=500, accuracy=0.9, cpu_share=0.1)


def accurate(table, value=0.95):
    return table.assign(accuracy=value)


@pytest.fixture
def three(rows):
    """Two flagships of which one is reached, a mid-range that is, an entry device on its CPU alone."""
    return accurate(
        rows(
            {"device": "f1"},
            {"device": "f2", "latency_ms": 50.01},
            {"device": "m", "tier": "mid-range", "latency_ms": 50.0, "memory_mb": 500.0, "npu": 9, "cpu": 1},
            {"device": "e", "tier": "entry", "latency_ms": 710.038, "npu": 0, "cpu": 10},
            {"device": "laptop", "tier": "laptop"},
        )
    )


def test_by_hand(three):
    assert coverage(three, NEEDS, BASE) == 0.25 / 2 + 0.5
    found = by_tier(three, NEEDS, BASE).set_index("tier")
    assert found["covered"].to_dict() == {"flagship": 0.125, "mid-range": 0.5, "entry": 0.0}
    assert found["devices"].tolist() == [2, 1, 1] and found["reached"].tolist() == [1, 1, 0]
    assert found["why"]["flagship"] == "f2: latency 50.01 > 50 ms"
    assert found["why"]["mid-range"] == ""
    assert found["why"]["entry"] == "e: latency 710 > 50 ms; 100.0% > 10.0% of the layers on the CPU"


def test_every_need_counts_and_a_need_that_is_not_asked_does_not(three):
    everywhere = Needs()
    assert coverage(three, everywhere, BASE) == 1
    assert coverage(three, Needs(latency_ms=50), BASE) == 0.125 + 0.5
    assert coverage(three, Needs(memory_mb=499), BASE) == 0.5
    assert coverage(three, Needs(cpu_share=0), BASE) == 0.25
    assert coverage(three, Needs(accuracy=0.951), BASE) == 0
    assert coverage(three, Needs(accuracy=0.95), BASE) == 1


def test_what_is_not_published_meets_nothing_that_is_asked(three):
    assert coverage(three.drop(columns="accuracy"), NEEDS, BASE) == 0
    unknown = accurate(three, float("nan"))
    assert set(verdicts(unknown, Needs(accuracy=0.0))["why"]) == {"accuracy not published"}
    assert verdicts(unknown, Needs(latency_ms=1000))["meets"].all()
    flagship = three[three["tier"] == "flagship"]
    found = by_tier(flagship, Needs(), BASE).set_index("tier")
    assert found["why"]["entry"] == "nothing published" and found["covered"].sum() == 0.25
    assert coverage(three.iloc[:0], NEEDS, BASE) == 0


def test_a_device_is_reached_by_any_of_its_rows(rows):
    two = accurate(rows({"latency_ms": 99.0}, {"runtime": "tflite"}))
    only = {"flagship": 1.0}
    assert coverage(two, NEEDS, only) == 1 and by_tier(two, NEEDS, only)["why"].tolist() == [""]
    assert coverage(two.iloc[:1], NEEDS, only) == 0


def test_half_met_by_one_row_and_half_by_another_is_not_met(rows):
    two = accurate(rows({"latency_ms": 99.0}, {"runtime": "tflite", "memory_mb": 900.0}))
    assert coverage(two, NEEDS, {"flagship": 1.0}) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"flagship": 0.5},
        {"flagship": 1.1, "entry": -0.1},
        {"flagship": math.nan},
        {"flagship": math.inf},
        {"flagship": 0.6, "mid-range": 0.6},
    ],
)
def test_an_install_base_is_shares_that_sum_to_one(three, wrong):
    with pytest.raises(ValueError, match="expected shares from 0 that sum to 1"):
        coverage(three, NEEDS, wrong)


def test_an_install_base_of_known_tiers():
    with pytest.raises(ValueError, match="expected tiers of entry, mid-range, flagship; found premium"):
        checked_shares({"premium": 1.0})
    assert checked_shares({"entry": 1, "flagship": 0}) == {"entry": 1.0, "flagship": 0.0}
    assert checked_shares({"entry": 0.1, "mid-range": 0.2, "flagship": 0.7})  # do not sum to 1 exactly


def test_a_model_of_several_components_has_no_single_latency(rows):
    with pytest.raises(ValueError, match="models of one component"):
        coverage(rows({"component": "encoder"}, {"component": "decoder"}), NEEDS, {"flagship": 1.0})


def test_rows_are_left_as_they_were(three):
    before = three.copy()
    by_tier(three, NEEDS, BASE)
    what_would_help(three, three, NEEDS)
    assert three.equals(before)


def test_coverage_of_published_rows_is_that_of_a_plain_count(table):
    model = table[table["model"] == "yolov8_det"]
    for limit in (0.5, 1.0, 2.0, 5.0, 20.0, 50.0):
        for ship in (("w8a8", "qnn_dlc"), ("w8a16", "onnx"), ("float", "tflite")):
            rows = model[(model["precision"] == ship[0]) & (model["runtime"] == ship[1])]
            expected = 0.0
            for tier, share in BASE.items():
                here = [r for r in rows.to_dict("records") if r["tier"] == tier]
                good = [r for r in here if r["latency_ms"] <= limit and r["cpu"] == 0]
                expected += share * len(good) / len(here) if here else 0
            needs = Needs(latency_ms=limit, cpu_share=0)
            assert coverage(rows, needs, BASE) == pytest.approx(expected)
            assert by_tier(rows, needs, BASE)["covered"].sum() == pytest.approx(expected)


def test_what_would_help_names_the_change(rows):
    candidates = accurate(
        rows(
            {"latency_ms": 99.0},
            {"runtime": "qnn_dlc", "latency_ms": 20.0},
            {"runtime": "tflite", "precision": "w8a8", "latency_ms": 10.0},
            {"device": "lost", "tier": "entry", "latency_ms": 710.0},
            {"device": "lost", "tier": "entry", "latency_ms": 600.0, "runtime": "tflite", "npu": 0, "cpu": 10},
            {"device": "fine", "latency_ms": 1.0},
        )
    )
    shipped = candidates[(candidates["runtime"] == "onnx") & (candidates["precision"] == "float")]
    found = what_would_help(candidates, shipped, NEEDS).set_index("device")
    assert set(found.index) == {"phone", "lost"}
    assert found["change"]["phone"] == "precision: float -> w8a8; runtime: onnx -> tflite"
    assert found["latency_ms"]["phone"] == 10 and found["still_lacks"]["phone"] == ""
    assert found["change"]["lost"] == "" and math.isnan(found["latency_ms"]["lost"])
    assert found["still_lacks"]["lost"] == "latency 710 > 50 ms"
    assert what_would_help(candidates.iloc[:0], shipped, NEEDS)["still_lacks"].tolist() == ["nothing published"] * 2


def test_the_fast_file_that_is_wrong(table):
    """DistilBERT on a phone: the fastest published file fails by its accuracy, the next by its time."""
    accuracy = figures.read("accuracy_on_device")[["model", "precision", "runtime", "accuracy"]]
    rows = pd.merge(table[table["model"] == "distil_bert_base_uncased_hf"], accuracy)
    needs = Needs(latency_ms=50, memory_mb=500, accuracy=0.55, cpu_share=0.1)
    shares = {"flagship": 1.0}
    reached = {}
    for ship, part in rows.groupby(["precision", "runtime"]):
        reached[ship] = coverage(part, needs, shares)
    assert reached == {
        ("float", "onnx"): 0.0,
        ("float", "qnn_dlc"): 1.0,
        ("float", "tflite"): 1.0,
        ("w8a16", "onnx"): 0.0,
        ("w8a16", "qnn_dlc"): 0.0,
    }


def test_each_need_alone_asks_for_nothing_else():
    needs = one_by_one(Needs(latency_ms=50, memory_mb=500, accuracy=0.5, cpu_share=0.1))
    assert list(needs) == ["latency_ms", "memory_mb", "accuracy", "cpu_share", "all at once"]
    slow = {"latency_ms": 60.0, "memory_mb": 400.0, "accuracy": 0.4, "cpu_share": 1.0}
    row = pd.DataFrame([slow])
    met = {name: bool(verdicts(row, need)["meets"].item()) for name, need in needs.items()}
    assert met == {"latency_ms": False, "memory_mb": True, "accuracy": False, "cpu_share": False, "all at once": False}
