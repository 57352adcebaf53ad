"""The fault to find: pairs of published rows, and rules judged on models that they were not found on."""

import pytest

from edgelab.tiers.ai_hub import excerpt
from edgelab.tiers.fault_exercise import (
    HIDDEN,
    SLOWER,
    confusion,
    held_out,
    judge_rule,
    judged,
    quantized_pairs,
    suspect,
)
from edgelab.tiers.figures import read


def test_a_pair_is_the_8_bit_row_with_its_ratio():
    rows, _ = excerpt()
    pairs = quantized_pairs(rows)
    assert not (pairs["precision"] == "float").any() and pairs["ratio"].notna().all()
    row = pairs.query("model == 'distil_bert_base_uncased_hf' and device == 'Samsung Galaxy S25' and runtime == 'onnx'")
    assert row["ratio"].item() == pytest.approx(335.303 / 10.491) and row["cpu"].item() == 76


def test_held_out_are_no_text_encoders_and_enough():
    assert not set(held_out()["model"]) & set(read("text_encoders_on_devices")["model"])
    slower = held_out()["ratio"] > SLOWER
    assert slower.sum() >= 20 and (~slower).sum() >= 200


def test_a_rule_sees_no_time():
    seen = []
    judged(lambda row: seen.append(row) or True, held_out()[:3])
    assert len(seen) == 3 and not set(HIDDEN) & set(seen[0]) and {"npu", "cpu", "runtime", "memory_mb"} <= set(seen[0])


@pytest.mark.parametrize(
    "rule",
    [
        suspect,
        lambda row: row["npu"] < row["layers"],
        lambda row: row["units"] != "NPU",
        lambda row: row["cpu_share"] > 0.005,
        lambda row: row["cpu"] and "here",  # what counts as true
    ],
)
def test_other_words_for_the_same_are_right(rule):
    assert judge_rule(rule) == []


def test_the_counts_are_whole():
    for rule in (suspect, lambda row: True, lambda row: False):
        counts = confusion(rule)
        assert counts.shape == (2, 2) and counts.to_numpy().sum() == len(held_out())
