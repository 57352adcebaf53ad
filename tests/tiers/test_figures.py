"""The published figures that come along: each has a source, and says what was published."""

import pytest

from benchmarks.pocket_card import SHARED
from benchmarks.public_excerpt import FOLLOWS, MODELS
from edgelab.errors import UserError
from edgelab.tiers import figures
from edgelab.workspace import data_home
from tests.shared_data import needs_shared

REFERENCE = SHARED.parent / "reference"
PUBLISHED = sorted(set(figures.names()) - {"stolen_copies"})  # that one was measured here, which the card says


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_row_names_its_source(name):
    table = figures.read(name)
    assert len(table) and list(table)[-1] == "source"
    where = "https://" if name in {"duties", "quoted"} else "https://github.com/quic/ai-hub-models"
    assert table["source"].str.contains(where, regex=False).all()
    assert not table["source"].str.contains("{", regex=False).any()


@pytest.mark.parametrize("name", figures.names())
def test_every_table_can_be_read(name):
    assert figures.read(name)["source"].str.len().min() > 10


def test_the_card_has_a_row_for_each_table():
    card = (data_home() / "figures" / "README.md").read_text("utf-8")
    missing = [name for name in PUBLISHED if f"| `{name}.csv` |" not in card]
    assert missing == [] and all(f"`{name}.csv`" in card for name in figures.names())


def test_an_unknown_table_is_told_with_those_there_are():
    with pytest.raises(UserError, match="slm_on_devices.*found 'slm'"):
        figures.read("slm")


@pytest.mark.parametrize(
    ("chipset", "form_factor", "expected"),
    [
        ("qualcomm-snapdragon-8-elite-gen5", "Phone", "flagship"),
        ("qualcomm-snapdragon-888", "Phone", "flagship"),
        ("qualcomm-snapdragon-7gen4", "Phone", "mid-range"),
        ("qualcomm-snapdragon-678", "Phone", "entry"),
        ("qualcomm-qcm6690", "IoT", "entry"),
        ("qualcomm-snapdragon-x-elite", "Compute", "laptop"),
        ("qualcomm-sa8295p", "Auto", "car"),
        ("qualcomm-qcs8450-proxy", "XR", "headset"),
        ("qualcomm-qcs6490", "IoT", "board"),
    ],
)
def test_a_tier_follows_from_the_series_of_the_chip(chipset, form_factor, expected):
    assert figures.tier(chipset, form_factor) == expected


def test_the_tiers_are_those_of_the_fleet_of_05():
    from edgelab.measurement.population import CLASSES

    tiers = figures.read("devices").set_index("device")["tier"]
    assert {kind.split()[-1]: tiers[device] for kind, device in CLASSES.items()} == {
        "flagship": "flagship",
        "mid-range": "mid-range",
        "entry": "entry",
    }


@needs_shared
def test_the_rows_that_come_along_are_those_of_the_full_table(table):
    keys = ["model", "component", "precision", "runtime", "device"]
    published = table.drop(columns=FOLLOWS).set_index(keys)
    for name, models in MODELS.items():
        found = figures.read(name).drop(columns="source").set_index(keys)
        assert set(found.index.get_level_values("model")) == set(models)
        assert found.equals(published.loc[found.index]) and not found.index.duplicated().any()


@needs_shared
def test_text_encoders_are_those_of_the_reference():
    import pandas as pd

    found, theirs = figures.read("text_encoders_on_devices"), pd.read_csv(REFERENCE / "text_encoders_on_devices.csv")
    keys = ["model", "precision", "device", "runtime"]
    both = found.merge(theirs, on=keys, suffixes=("", "_theirs"))
    assert len(both) == len(found) == len(theirs)
    assert (both["latency_ms"] - both["latency_ms_theirs"]).abs().max() <= 0.0051
    for unit in ("npu", "gpu", "cpu"):
        assert (both[unit] == both[f"layers_{unit}"]).all()


@needs_shared
def test_decode_speeds_are_those_of_the_full_table(public):
    ours = figures.read("slm_on_devices")
    both = ours.merge(public.language_models, on=["model", "precision", "device", "runtime"], suffixes=("", "_full"))
    assert len(both) == len(ours)
    assert (both["tokens_per_s"] - both["tokens_per_s_full"]).abs().max() <= 0.0051
    assert (both["ttft_min_ms"] - both["first_token_ms"]).abs().max() <= 0.0051
    assert (both["context_tokens"] == both["context_tokens_full"]).all()


@needs_shared
def test_accuracies_stand_beside_published_latencies(table):
    keys = ["model", "precision", "runtime", "device"]
    accuracy = figures.read("accuracy_on_device")
    assert len(accuracy.merge(table, on=keys)) == len(accuracy)
