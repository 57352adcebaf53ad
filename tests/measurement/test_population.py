"""The simulated population: published ratios come out as they went in; by hand where all devices are alike."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.device_ratios import READINGS, Pair, Published, cpu_rows, pairs, published, ratio_rows
from benchmarks.pocket_card import SHARED
from edgelab.measurement.population import (
    ASSUMED_MIX,
    CLASSES,
    REFERENCE,
    Ratios,
    RoomError,
    from_room,
    paces,
    readings,
    simulate,
)
from edgelab.workspace import data_home

LAB = np.random.default_rng(0).lognormal(0, 0.3, 500)
PUBLIC = SHARED / "ai-hub-models"


def only(kind):
    return {name: float(name == kind) for name in CLASSES}


def table(name):
    with open(data_home() / "figures" / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def percentiles(values):
    return pytest.approx(np.percentile(values, (10, 50, 90)), abs=0.0051)  # the table has two decimals


# --- the published ratios -----------------------------------------------------------------------


def test_every_reading_speaks_of_every_class():
    assert list(readings()) == list(READINGS) and sum(ASSUMED_MIX.values()) == pytest.approx(1)
    for reading, by_class in readings().items():
        assert set(by_class) == set(CLASSES), reading
        own = by_class["last year's flagship"]
        assert (own.p10, own.median, own.p90, own.same_units) == (1, 1, 1, own.pairs)
        assert all(0 <= r.same_units <= r.pairs and 0 < r.p10 <= r.median <= r.p90 for r in by_class.values())


def test_all_models_are_those_of_the_older_table():
    older = {row["device"]: row for row in table("device_speed_and_fallback.csv")}
    for kind, ratios in readings()["all models"].items():
        row = older[CLASSES[kind]]
        assert ratios.pairs == int(row["n_pairs"])
        found = [float(row[name]) for name in ("p10", "median_latency_vs_galaxy_s25", "p90")]
        assert found == pytest.approx([ratios.p10, ratios.median, ratios.p90], abs=0.0101)


def test_the_text_encoders_are_those_of_their_table():
    rows = [r for r in table("text_encoders_on_devices.csv") if (r["precision"], r["runtime"]) == ("w8a16", "onnx")]
    latency = {(r["device"], r["model"]): float(r["latency_ms"]) for r in rows}
    models = {model for _, model in latency if "bert_base_uncased_hf" in model}
    for kind, ratios in readings()["text encoders"].items():
        found = [
            latency[CLASSES[kind], m] / latency[REFERENCE, m] for m in sorted(models) if (CLASSES[kind], m) in latency
        ]
        assert ratios.pairs == len(found) and [ratios.p10, ratios.median, ratios.p90] == percentiles(found)
    units = {(r["device"], "NPU" if int(r["npu"]) else "CPU") for r in rows}
    assert (REFERENCE, "NPU") in units and (CLASSES["mid-range"], "CPU") in units  # so not like with like
    assert readings()["text encoders"]["mid-range"].same_units == readings()["text encoders"]["entry"].same_units == 0


def test_the_ratios_of_the_cpu_are_those_of_the_pairs_listed():
    for kind, device in CLASSES.items():
        if device != REFERENCE:
            listed = [r for r in table("cpu_pairs.csv") if r["device"] == device]
            found = [float(r["latency_ms"]) / float(r["galaxy_s25_ms"]) for r in listed]
            ratios = readings()["CPU on both"][kind]
            assert ratios.pairs == ratios.same_units == len(found)
            assert [ratios.p10, ratios.median, ratios.p90] == percentiles(found)
    assert {r["precision"] for r in table("cpu_pairs.csv")} > {"float"}


def test_only_two_readings_compare_like_with_like():
    alike = {
        reading: all(ratios.same_units == ratios.pairs for ratios in by_class.values())
        for reading, by_class in readings().items()
    }
    assert alike == {"all models": False, "text encoders": False, "NPU on both": True, "CPU on both": True}


def test_a_pair_has_the_same_model_precision_and_runtime():
    here = Published("m", "c", "w8a16", "onnx", CLASSES["entry"], 30.0, (0, 0, 8))
    there = replace(here, device=REFERENCE, latency_ms=10.0)
    other = [replace(there, **{name: "other"}) for name in ("model", "component", "precision", "runtime")]
    (pair,) = [p for p in pairs([*other, here, there]) if p.here.device != REFERENCE]
    assert pair == Pair(here, there) and pair.ratio == 3.0
    assert pairs([here, *other]) == [Pair(o, o) for o in other]
    assert pairs([there, replace(here, device="of no class")]) == [Pair(there, there)]


@pytest.mark.parametrize(
    ("here", "reference", "cpu", "npu"),
    [
        ((0, 0, 8), (0, 0, 8), True, False),
        ((8, 0, 0), (8, 0, 0), False, True),
        ((0, 0, 8), (8, 0, 0), False, False),
        ((0, 0, 8), (7, 0, 1), False, False),
        ((7, 0, 1), (7, 0, 1), False, False),
        ((0, 0, 0), (0, 0, 0), False, False),  # no layer counts: nobody knows
    ],
)
def test_like_with_like_means_all_layers_on_one_unit_on_both(here, reference, cpu, npu):
    first = Published("m", "c", "float", "onnx", CLASSES["entry"], 30.0, here)
    pair = Pair(first, replace(first, device=REFERENCE, layers=reference))
    assert (READINGS["CPU on both"](pair), READINGS["NPU on both"](pair)) == (cpu, npu)


@pytest.mark.skipif(not PUBLIC.is_dir(), reason=f"the public files are not at {PUBLIC}")
def test_the_tables_come_out_of_the_public_files():
    found = pairs(published(PUBLIC))
    for rows, name in ((ratio_rows(found), "ratios_to_galaxy_s25.csv"), (cpu_rows(found), "cpu_pairs.csv")):
        assert [{k: str(v) for k, v in row.items()} for row in rows] == table(name)


# --- the simulation -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ratios", [readings()["all models"][kind] for kind in CLASSES] + [readings()["CPU on both"]["entry"]]
)
def test_the_published_percentiles_come_out(ratios):
    drawn = paces(ratios, np.random.default_rng(1).standard_normal(200_000))
    assert np.percentile(drawn, [10, 50, 90]) == pytest.approx([ratios.p10, ratios.median, ratios.p90], rel=0.03)
    assert ratios.p10 * 0.999 <= drawn.min() and drawn.max() <= ratios.p90 * 1.001  # nothing is invented


def test_devices_like_the_lab_are_the_lab():
    found = simulate(LAB, only("last year's flagship"), "CPU on both", number=2000, requests=50)
    assert found.latency_ms.shape == (2000, 50) and set(found.kind) == {"last year's flagship"}
    for q in (50, 95):
        assert found.percentile(q) == pytest.approx(np.percentile(LAB, q), rel=0.02)


def test_ten_thousand_devices_by_their_shares():
    found = simulate(LAB, ASSUMED_MIX, "all models")
    assert found.latency_ms.shape == (10_000, 20)
    for kind, share in ASSUMED_MIX.items():
        assert np.mean(found.kind == kind) == pytest.approx(share, abs=0.015)
    assert np.array_equal(found.latency_ms, simulate(LAB, ASSUMED_MIX, "all models").latency_ms)
    assert not np.array_equal(found.latency_ms, simulate(LAB, ASSUMED_MIX, "all models", seed=1).latency_ms)


@pytest.mark.parametrize(("reading", "median"), [("all models", 32.6), ("CPU on both", 5.1), ("text encoders", 4.37)])
def test_a_device_keeps_its_pace(reading, median):
    """Within a device requests vary as in the lab, between devices as published."""
    found = simulate(np.full(10, 2.0), only("entry"), reading, number=500)
    assert (found.latency_ms.std(axis=1) < 1e-9).all() and np.median(found.latency_ms) == pytest.approx(median, rel=0.1)


def test_the_share_within_a_budget():
    alike = simulate(np.array([10.0]), only("last year's flagship"), "CPU on both", number=100)
    assert (alike.share_within(9.9), alike.share_within(10.0)) == (0, 1)
    mixed = simulate(np.array([10.0]), {"last year's flagship": 0.5, "entry": 0.5}, "CPU on both", number=4000)
    assert mixed.share_within(10.0) == pytest.approx(0.5, abs=0.03) and mixed.share_within(27.5) == 1


@pytest.mark.parametrize(
    ("mix", "reading", "words"),
    [
        ({"entry": 0.5}, "CPU on both", "sum to 1"),
        ({"entry": 1.5, "mid-range": -0.5}, "CPU on both", "from 0"),
        ({"tablet": 1.0}, "CPU on both", "found tablet"),
        ({"entry": 1.0}, "GPU on both", "found GPU on both"),
    ],
)
def test_what_cannot_be_simulated_is_refused(mix, reading, words):
    with pytest.raises(ValueError, match=words):
        simulate(LAB, mix, reading)


def test_ratios_are_of_pairs():
    assert readings()["CPU on both"]["mid-range"] == Ratios(3, 3, 1.5, 2.14, 2.17)


# --- a room's devices ---------------------------------------------------------------------------

HEAD = "device,kind,system,p10_ms,p50_ms,p90_ms,p99_ms\n"


@pytest.fixture
def room(tmp_path):
    """A file of a room's reports, of these lines."""

    def written(*lines: str, head: str = HEAD):
        file = tmp_path / "room.csv"
        file.write_text(head + "".join(f"{line}\n" for line in lines))
        return file

    return written


def test_a_room_of_one_device_comes_out_as_it_went_in(room):
    drawn = from_room(room("1,phone,Android,1,2,4,8"), number=4000, requests=10)
    assert set(drawn.kind) == {"phone, Android"} and drawn.latency_ms.shape == (4000, 10)
    assert np.percentile(drawn.latency_ms, (10, 50, 90, 99)) == pytest.approx((1, 2, 4, 8), rel=0.02)
    assert (drawn.latency_ms.min(), drawn.latency_ms.max()) == (1, 8)  # nothing beyond is invented
    assert np.percentile(drawn.latency_ms, 70) == pytest.approx(3, rel=0.02)  # half-way in a straight line


def test_a_file_that_a_spreadsheet_saved_is_read_too(room):
    assert set(from_room(room("1,phone,Android,1,2,4,8", head="\ufeff" + HEAD)).kind) == {"phone, Android"}


def test_devices_are_drawn_alike_each_with_its_own_latencies(room):
    file = room("1,phone,Android,1,1,1,1", "2,laptop,macOS,5,5,5,5", "3,laptop,macOS,9,9,9,9")
    drawn = from_room(file, number=9000)
    values, counts = np.unique(drawn.latency_ms[:, 0], return_counts=True)
    assert list(values) == [1, 5, 9] and counts == pytest.approx(3000, rel=0.1)
    assert (drawn.latency_ms == drawn.latency_ms[:, :1]).all()
    assert set(drawn.latency_ms[drawn.kind == "laptop, macOS"].ravel()) == {5, 9}
    assert drawn.share_within(5) == pytest.approx(2 / 3, abs=0.03)
    assert (from_room(file, number=9000).latency_ms == drawn.latency_ms).all()


def test_the_last_report_of_a_device_counts(room):
    drawn = from_room(room("1,phone,Android,7,7,7,7", "2,phone,iOS,3,3,3,3", "1,phone,Android,2,2,2,2"), number=100)
    assert set(drawn.latency_ms.ravel()) == {2, 3}


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ((), "expected a room's reports, found none"),
        (("1,phone,Android,1,2,4,8", "2,phone,Android,1,x,4,8"), "line 3: expected rising numbers"),
        (("1,phone,Android,1,2,4,nan",), "line 2: expected rising numbers"),
        (("1,phone,Android,1,2,4,inf",), "line 2: expected rising numbers"),
        (("1,phone,Android,-1,2,4,8",), "line 2: expected rising numbers"),
        (("1,phone,Android,3,2,4,8",), "line 2: expected rising numbers"),
        (("1,phone,Android,1,2",), "line 2: expected rising numbers"),
    ],
)
def test_what_is_no_room_is_refused(room, lines, says):
    with pytest.raises(RoomError, match=says):
        from_room(room(*lines))


def test_a_file_of_something_else_is_refused(room, tmp_path):
    with pytest.raises(RoomError, match="expected the column system, as `edgelab fleet report --csv` writes it"):
        from_room(room("1,phone,1,2,3,4", head="device,kind,p10_ms,p50_ms,p90_ms,p99_ms\n"))
    with pytest.raises(RoomError, match="cannot be read: No such file"):
        from_room(tmp_path / "none.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\0\0")
    with pytest.raises(RoomError, match="something else"):
        from_room(tmp_path / "bytes.csv")
