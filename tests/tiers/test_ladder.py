"""Down the price ladder: by hand, and what the full table says."""

import math

import pytest

from edgelab.tiers.ai_hub import excerpt
from edgelab.tiers.figures import TIERS
from edgelab.tiers.ladder import first_tier, price_ladder, reach


@pytest.fixture
def phones(rows):
    return rows(
        {"latency_ms": 2.0, "device": "f1"},
        {"latency_ms": 1.0, "device": "f2", "runtime": "tflite"},
        {"precision": "w8a8", "latency_ms": 0.5},
        {"precision": "w8a8", "tier": "mid-range", "device": "m", "latency_ms": 5.0},
        {
            "precision": "w8a8",
            "tier": "mid-range",
            "device": "m",
            "latency_ms": 3.0,
            "npu": 9,
            "cpu": 1,
            "runtime": "x",
        },
        {"precision": "w8a8", "tier": "entry", "device": "e", "latency_ms": 9.0},
        {"precision": "w8a8", "tier": "laptop", "device": "l", "latency_ms": 0.1},
    )


def test_by_hand(phones):
    ladder = price_ladder(phones, 5).set_index(["precision", "tier"])
    assert list(ladder.index) == [(p, tier) for p in ("float", "w8a8") for tier in TIERS]
    assert ladder.loc[("float", "flagship")].tolist() == [2, 2, 1.0, "tflite", "f2", True]
    published, accelerated, best, _, _, meets = ladder.loc[("float", "entry")]
    assert (published, accelerated, meets) == (0, 0, False) and math.isnan(best)
    assert ladder.loc[("w8a8", "mid-range")].tolist() == [2, 1, 5.0, "onnx", "m", True]
    assert ladder.loc[("w8a8", "entry")].tolist() == [1, 1, 9.0, "onnx", "e", False]


def test_the_first_tier(phones):
    assert first_tier(price_ladder(phones, 5)) == "mid-range"
    assert first_tier(price_ladder(phones, 5), "float") == "flagship"
    assert first_tier(price_ladder(phones, 9)) == "entry"
    assert first_tier(price_ladder(phones, 4.99)) == "flagship"
    assert first_tier(price_ladder(phones, 4.99, cpu_share=0.1)) == "mid-range"
    assert first_tier(price_ladder(phones, 0.4)) is None
    assert first_tier(price_ladder(phones.iloc[:0], 5)) is None


def test_only_rows_of_one_model(rows):
    for other in ({"model": "n"}, {"component": "N"}):
        with pytest.raises(ValueError, match="rows of one model and component"):
            price_ladder(rows({}, other), 5)


def test_below_the_flagships_only_quantized_models_are_published(table, public):
    published = reach(table)
    assert published.loc["float"].tolist() == [0, 0, 143]
    assert published.loc["w8a8"].tolist() == [62, 63, 63]
    assert reach(public.language_models)[["entry", "mid-range"]].to_numpy().sum() == 0


def test_a_detector_down_the_ladder(table):
    detector = table[table["model"] == "yolov8_det"]
    ladder = price_ladder(detector, 5)
    assert [first_tier(ladder, p) for p in ("float", "w8a16", "w8a8")] == ["flagship", "mid-range", "mid-range"]
    assert first_tier(price_ladder(detector, 10)) == "entry"
    best = ladder.set_index(["precision", "tier"])["best"]
    assert (best["w8a8", "entry"], best["w8a16", "entry"]) == (8.417, 20.961)


def test_what_integer_activations_change_for_a_language_model(public):
    """Twenty tokens a second of 3 B: with 4-bit weights and float activations on no phone, with integer ones on both."""
    rows = public.language_models[public.language_models["model"] == "llama_v3_2_3b_instruct"]
    ladder = price_ladder(rows, 1000 / 20, measure="per_token_ms", cpu_share=None)
    assert first_tier(ladder, "w4") is None and first_tier(ladder, "w4a16") == "flagship"
    phones = rows[(rows["tier"] == "flagship") & (rows["tokens_per_s"] >= 20)]
    assert sorted(phones["device"]) == ["Snapdragon 8 Elite Gen 5 QRD", "Snapdragon 8 Elite QRD"]


def test_the_task_of_the_ladder_has_answers():
    """The notebook shows a model that reaches the entry tier in w8a8 alone, and asks for one that does in w8a16 alone."""
    table, _ = excerpt()
    met = {}
    for model in ("yolov8_det", "efficientnet_b0"):
        ladder = price_ladder(table[table["model"] == model], 10)
        met[model] = ladder[ladder["meets"] & (ladder["tier"] == "entry")]["precision"].tolist()
    assert met == {"yolov8_det": ["w8a8"], "efficientnet_b0": ["w8a16"]}
