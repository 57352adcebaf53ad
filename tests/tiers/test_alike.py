"""Only like with like: against a search over all pairs, hand-made traps, and the published medians."""

import itertools
import math
import statistics

import pytest

from edgelab.tiers import figures
from edgelab.tiers.alike import CHOSEN, FACTORS, compare, differences, like_with_like

S25 = "Samsung Galaxy S25"


def brute_force(rows, varying, factors, base=None):
    """Every two rows that differ in one factor alone, one by one."""
    records, found = rows.to_dict("records"), []
    for a, b in itertools.permutations(range(len(records)), 2):
        x, y = records[a], records[b]
        side = x[varying] == base if base else a < b
        if side and [factor for factor in factors if x[factor] != y[factor]] == [varying]:
            found.append((x["latency_ms"], y["latency_ms"]))
    return sorted(found)


@pytest.mark.parametrize("factors", [FACTORS, CHOSEN])
@pytest.mark.parametrize("varying", ["device", "runtime", "precision"])
def test_pairs_are_those_of_a_search_over_all(table, varying, factors):
    part = table[table["model"].isin(["yamnet", "distil_bert_base_uncased_hf", "whisper_small_quantized", "vit"])]
    base = {"device": S25, "runtime": "qnn_dlc", "precision": "float"}[varying]
    for side in (None, base):
        found = like_with_like(part, varying, base=side, factors=factors)
        pairs = list(zip(found["latency_ms_a"], found["latency_ms_b"], strict=True))
        assert sorted(pairs) == brute_force(part, varying, factors, side) and len(pairs) > 10
        assert found["ratio"].tolist() == pytest.approx([b / a for a, b in pairs])


def test_a_pair_in_which_two_things_vary_is_none(rows):
    two = rows({}, {"device": "other", "precision": "w8a8"})
    assert all(like_with_like(two, factor).empty for factor in FACTORS)
    fallback = rows({}, {"device": "other", "npu": 0, "cpu": 10})
    assert like_with_like(fallback, "device").empty
    assert len(like_with_like(fallback, "device", factors=CHOSEN)) == 1


def test_nothing_published_isolates_where_the_layers_ran(table):
    assert like_with_like(table, "units").empty and like_with_like(table, "qairt").empty
    assert like_with_like(table[table["runtime"].isin(["onnx", "qnn_dlc"])], "runtime").empty


def test_none_where_there_is_nothing(rows):
    assert like_with_like(rows(), "device").empty
    assert like_with_like(rows({}), "device").empty
    assert like_with_like(rows({}, {"device": "other"}), "device", base="third").empty


def test_the_base_stands_on_side_a(rows):
    three = rows(
        {"device": "x", "latency_ms": 4.0}, {"device": "y", "latency_ms": 6.0}, {"device": "z", "latency_ms": 1.0}
    )
    found = like_with_like(three, "device", base="y")
    assert set(found["device_a"]) == {"y"} and found.set_index("device_b")["ratio"].to_dict() == {
        "x": 4 / 6,
        "z": 1 / 6,
    }
    assert len(like_with_like(three, "device")) == 3


def test_rows_are_left_as_they_were(rows):
    two = rows({}, {"device": "other"})
    before = two.copy()
    like_with_like(two, "device")
    compare(two, "device", "phone", "other")
    assert two.equals(before)


def test_an_unknown_factor(table):
    with pytest.raises(ValueError, match="expected a factor of model, .*found 'colour'"):
        like_with_like(table, "colour")


def test_what_each_pair_of_the_silent_fallback_varies(table):
    rows = table[table["model"] == "distil_bert_base_uncased_hf"].set_index(
        ["precision", "runtime", "device"], drop=False
    )
    small = rows.loc[("w8a16", "onnx", S25)]
    assert differences(rows.loc[("float", "onnx", S25)], small) == {
        "precision": ("float", "w8a16"),
        "units": ("NPU", "NPU+CPU"),
    }
    assert differences(small, rows.loc[("w8a16", "qnn_dlc", S25)]) == {
        "runtime": ("onnx", "qnn_dlc"),
        "units": ("NPU+CPU", "NPU"),
        "qairt": ("2.37.1", "2.42.0"),
    }
    assert differences(small, rows.loc[("w8a16", "onnx", "Snapdragon 7 Gen 4 QRD")]) == {
        "device": (S25, "Snapdragon 7 Gen 4 QRD"),
        "units": ("NPU+CPU", "CPU"),
        "qairt": ("2.37.1", "none"),
    }
    assert differences(small, small) == {}


def test_the_careless_ratio_and_the_careful_one_by_hand(rows):
    some = rows(
        {"model": "a", "latency_ms": 1.0},
        {"model": "b", "latency_ms": 2.0},
        {"model": "c", "latency_ms": 90.0},
        {"model": "a", "device": "other", "latency_ms": 2.0},
        {"model": "b", "device": "other", "latency_ms": 60.0, "npu": 0, "cpu": 10},
        {"model": "d", "device": "third", "latency_ms": 9.0},
    )
    found = compare(some, "device", "phone", "other")
    assert found.careless == 31 / 2  # the median of 2 and 60 over that of 1, 2 and 90
    assert (found.joined, found.pairs_joined) == (16, 2)  # of 2 and 30
    assert (found.careful, found.low, found.high, found.pairs_careful) == (2, 2, 2, 1)
    none = compare(some, "device", "phone", "third")
    assert math.isnan(none.careful) and (none.pairs_joined, none.pairs_careful) == (0, 0)


def test_smaller_weights_look_slower_until_like_stands_with_like(table):
    found = compare(table, "precision", "float", "w8a16")
    assert found.careless > 1 and found.careful < 0.8


def test_medians_by_device_are_the_published_ones(table):
    published = figures.read("device_speed_and_fallback")
    for row in published.to_dict("records"):
        if row["device"] != S25:
            found = compare(table, "device", S25, row["device"])
            assert found.pairs_joined == row["n_pairs"]
            assert found.joined == pytest.approx(row["median_latency_vs_galaxy_s25"], abs=0.0051)


def test_pairs_on_the_npu_alone_are_those_of_the_fleet(table):
    both = like_with_like(table, "device", base=S25)
    for row in figures.read("ratios_to_galaxy_s25").to_dict("records"):
        if row["reading"] == "NPU on both" and row["device"] != S25:
            ratios = both[(both["device_b"] == row["device"]) & (both["units"] == "NPU")]["ratio"]
            assert len(ratios) == row["pairs"]
            assert statistics.median(ratios) == pytest.approx(row["median"], abs=0.0051)
