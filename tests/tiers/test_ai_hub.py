"""The public table: whole, verified, kept, and an excerpt where it cannot be had."""

import shutil

import pytest
import yaml

from benchmarks.pocket_card import SHARED
from edgelab.datasets.sources import DataError
from edgelab.tiers import ai_hub
from tests.shared_data import needs_shared

FEW = ("albert_base_v2_hf", "llama_v3_2_1b_instruct", "yamnet")


@pytest.fixture
def few(monkeypatch):
    """Three models instead of 167."""
    pinned = ai_hub._pinned()
    monkeypatch.setattr(ai_hub, "_pinned", lambda: {model: pinned[model] for model in FEW})


def numbers(node):
    """Every published latency, wherever it stands in the file."""
    if isinstance(node, dict):
        if "inference_time_milliseconds" in node:
            yield node["inference_time_milliseconds"], node["layer_counts"].get("cpu", 0)
        for value in node.values():
            yield from numbers(value)


def test_the_table_is_all_that_is_published(table, public):
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = []
    for path in sorted((SHARED / "ai-hub-models").rglob("models/*/perf.yaml")):
        found += numbers(yaml.load(path.read_text("utf-8"), Loader=loader))
    assert len(found) == len(table) == 7233 and public.full and "7,233 rows" in public.note
    assert sorted(found) == sorted(zip(table["latency_ms"], table["cpu"], strict=True))
    assert len(public.language_models) == 47


def test_what_follows_from_the_counts(table):
    assert (table[["npu", "gpu", "cpu"]].sum(axis=1) == table["layers"]).all()
    assert set(table[table["cpu_share"] == 1]["units"]) == {"CPU"}
    assert not table["units"].eq("").any() and not table["tier"].eq("unknown").any()
    assert not table.isna().any().any()
    assert not table.duplicated(["model", "component", "precision", "runtime", "device"]).any()


def test_the_four_figures_of_the_silent_fallback(table):
    rows = table[table["model"] == "distil_bert_base_uncased_hf"].set_index(["precision", "runtime", "device"])
    columns = ["latency_ms", "npu", "cpu", "layers"]
    s25, mid = "Samsung Galaxy S25", "Snapdragon 7 Gen 4 QRD"
    assert rows.loc[("float", "onnx", s25), columns].tolist() == [10.491, 233, 0, 233]
    assert rows.loc[("w8a16", "onnx", s25), columns].tolist() == [335.303, 404, 76, 480]
    assert rows.loc[("w8a16", "qnn_dlc", s25), columns].tolist() == [4.094, 221, 0, 221]
    assert rows.loc[("w8a16", "onnx", mid), columns].tolist() == [710.038, 0, 561, 561]


def test_onnx_ran_on_the_cpu_alone_exactly_where_the_run_names_no_vendor_library(table):
    onnx = table[table["runtime"] == "onnx"]
    assert (onnx["qairt"].eq("none") == onnx["units"].eq("CPU")).all()
    without = onnx[onnx["qairt"] == "none"]
    assert (len(without), len(onnx)) == (287, 1619)
    lower = onnx[onnx["tier"].isin(["entry", "mid-range"])]
    assert lower["qairt"].eq("none").all()
    through = table[table["tier"].isin(["entry", "mid-range"]) & table["runtime"].eq("qnn_dlc")]
    assert through["units"].eq("NPU").all() and len(through) == 184


@needs_shared
@pytest.mark.usefixtures("few")
def test_files_are_fetched_once_and_the_table_is_kept(mirror):
    serve, asked = mirror
    server = serve(SHARED)
    first = ai_hub.table()
    assert len(asked) == len(FEW) and set(first["model"]) == {"albert_base_v2_hf", "yamnet"}
    assert len(ai_hub.language_models()) == 5
    server.shutdown()
    server.server_close()
    assert ai_hub.table().equals(first) and len(asked) == len(FEW)


@needs_shared
@pytest.mark.usefixtures("few")
def test_another_file_than_the_published_one_is_refused(mirror, tmp_path):
    serve, _ = mirror
    shutil.copytree(SHARED, tmp_path / "copy", copy_function=shutil.copyfile)
    for path in (tmp_path / "copy").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    other = tmp_path / "copy" / "ai-hub-models" / "qai_hub_models" / "models" / "yamnet" / "perf.yaml"
    other.write_text(other.read_text().replace("NPU", "CPU"))
    serve(tmp_path / "copy")
    with pytest.raises(DataError, match=r"ai-hub-models: cannot get .*yamnet/perf.yaml from http.*SHA256 hash"):
        ai_hub.table()
    assert not list((tmp_path / "home").rglob("yamnet*"))


@pytest.mark.usefixtures("few")
def test_without_a_connection_the_excerpt_and_the_reason(mirror, tmp_path):
    serve, _ = mirror
    server = serve(tmp_path)
    server.shutdown()
    server.server_close()
    found = ai_hub.load()
    assert not found.full and "\n" not in found.note
    count = len(ai_hub.excerpt()[0])
    assert found.note.startswith(f"{count:,} rows of data/figures, not the full table: ai-hub-models: cannot get")
    assert "check the connection, or set EDGELAB_MIRROR" in found.note
    assert {"entry", "mid-range", "flagship"} <= set(found.rows["tier"])


def test_the_excerpt_has_the_columns_of_the_table(public):
    rows, tokens = ai_hub.excerpt()
    assert list(rows) == list(public.rows) and (rows.dtypes == public.rows.dtypes).all()
    assert list(tokens) == list(public.language_models)
    assert not rows.duplicated(["model", "component", "precision", "runtime", "device"]).any()


def test_a_device_that_nobody_knows(rows):
    found = ai_hub.with_device(rows({"device": "Phone 9"}).drop(columns=["tier", "chipset", "units"]))
    assert (found["tier"][0], found["chipset"][0]) == ("unknown", "unknown")
