"""The memory wall: by hand, and the published figures beside it."""

import pytest

from edgelab.tiers import figures
from edgelab.tiers.memory_wall import (
    ABOVE,
    UNKNOWN,
    attainable,
    decode_intensity,
    decode_tokens_per_second,
    kv_bytes,
    note,
    published_wall,
    roofline_points,
    weight_bytes,
)


def test_by_hand():
    """8 billion weights of 4 bits are 4 GB; 80 GB/s read them 20 times a second."""
    assert weight_bytes(8e9, 4) == 4e9 and weight_bytes(8e9, 16) == 16e9
    assert decode_tokens_per_second(4e9, 80e9) == 20
    assert decode_tokens_per_second(4e9, 80e9, kv_bytes=1e9) == 16
    assert decode_tokens_per_second(weight_bytes(1e9, 8), 80e9) == 2 * decode_tokens_per_second(
        weight_bytes(1e9, 16), 80e9
    )


def test_keys_and_values_by_hand():
    """Two (key, value) x 32 layers x 8 heads x 128 values x 2 bytes are 131,072 bytes a token."""
    assert kv_bytes(1, 32, 8, 128) == 131_072
    assert kv_bytes(4096, 32, 8, 128) == 536_870_912 and kv_bytes(4096, 32, 8, 128, 1) == 268_435_456
    assert kv_bytes(0, 32, 8, 128) == 0


@pytest.mark.parametrize("wrong", [(0, 1e9), (1e9, 0), (-1, 1e9), (1e9, 1e9, -1), (float("nan"), 1e9)])
def test_without_bytes_or_bandwidth_there_is_no_speed(wrong):
    with pytest.raises(ValueError, match="expected bytes and a bandwidth above 0"):
        decode_tokens_per_second(*wrong)


def test_the_roofline_bends_where_compute_is_as_slow_as_memory():
    peak, bandwidth = 10e12, 100e9
    assert attainable(4, peak, bandwidth) == 400e9
    assert attainable(100, peak, bandwidth) == attainable(1000, peak, bandwidth) == peak
    assert attainable(0, peak, bandwidth) == 0


def test_decoding_does_four_operations_a_byte_of_4_bit_weights():
    assert decode_intensity(4) == 4 and decode_intensity(16) == 1 and decode_intensity(4, 128) == 512


def test_speed_and_roofline_are_one_law():
    """Tokens a second times two operations a parameter is what the roofline gives at decode's intensity."""
    parameters, bandwidth = 3.21e9, 84.8e9
    speed = decode_tokens_per_second(weight_bytes(parameters, 4), bandwidth)
    assert 2 * parameters * speed == pytest.approx(attainable(decode_intensity(4), 1e15, bandwidth))


def test_the_published_figures_beside_their_wall():
    wall = published_wall()
    assert len(wall) == 32
    row = wall[(wall["model"] == "llama_v3_1_8b_instruct") & (wall["device"] == "Snapdragon 8 Elite QRD")].iloc[0]
    assert row["wall_tokens_per_s"] == pytest.approx(84.8 / 4.015) and row["share_of_wall"] == pytest.approx(
        0.6179, abs=1e-4
    )
    known = wall[wall["bandwidth_gb_s"].notna()]
    assert (
        len(known) == 23
        and known["share_of_wall"].max() == pytest.approx(0.7129, abs=1e-4)
        and (known["note"] == "").all()
    )
    unknown = wall[wall["bandwidth_gb_s"].isna()]
    assert (
        set(unknown["device"]) == {"SA8295P ADP", "Snapdragon 8 Elite Gen 5 QRD"} and (unknown["note"] == UNKNOWN).all()
    )
    assert (known["implied_gb_s"] <= known["bandwidth_gb_s"]).all()


def test_a_figure_above_its_wall_says_why_that_can_be():
    assert note(1.0) == "" and note(1.01) == ABOVE and note(float("nan")) == UNKNOWN
    assert "guessed ahead" in ABOVE and "another bandwidth" in ABOVE


def test_prefill_works_and_decode_waits():
    points = roofline_points()
    both = points.pivot_table(
        index=["model", "precision", "device"], columns="phase", values="gigaoperations_per_s", aggfunc="first"
    )
    compared = both.dropna()
    assert len(both) == 32 and len(compared) == 29  # three publish the time of a whole context only
    assert (compared["prefill"] > 20 * compared["decode"]).all()
    row = compared.loc[("llama_v3_1_8b_instruct", "w4a16", "Snapdragon 8 Elite QRD")]
    assert row["decode"] == pytest.approx(2 * 8.03 * 13.05) and row["prefill"] == pytest.approx(
        2 * 8.03 * 128 / 0.15452
    )
    memory = points[points["phase"] == "decode"].dropna(subset="bandwidth_gb_s")
    assert (memory["gigaoperations_per_s"] <= memory["operations_per_byte"] * memory["bandwidth_gb_s"]).all()


def test_shapes_are_of_models_in_the_table():
    shapes = figures.read("slm_shapes")
    assert set(shapes["model"]) <= set(figures.read("slm_on_devices")["model"])
    eight = shapes.set_index("model").loc["llama_v3_8b_instruct"]
    assert kv_bytes(1, eight["layers"], eight["kv_heads"], eight["head_dim"]) == 131_072
