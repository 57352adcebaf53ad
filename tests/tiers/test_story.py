"""What the notebook tells of the full table."""

from edgelab.tiers.alike import CHOSEN, compare, like_with_like

S25, MID, ENTRY = "Samsung Galaxy S25", "Snapdragon 7 Gen 4 QRD", "Dragonwing Q-6690 MTP"


def between(table, a, b):
    pairs = like_with_like(table, "device", base=a)
    return pairs[pairs["device_b"] == b].groupby("units")["ratio"].median()


def test_devices_differ_on_the_npu_far_more_than_on_the_cpu(table):
    step = between(table, MID, ENTRY)
    assert step["NPU"] > 6 and step["CPU"] < 1.2
    whole = between(table, S25, ENTRY)
    assert whole["NPU"] > 14 and whole["CPU"] < 2.6


def test_the_careless_ratio_errs_to_either_side(table):
    middle, entry = compare(table, "device", S25, MID), compare(table, "device", S25, ENTRY)
    assert middle.careless > 1.2 * middle.careful and entry.careless < 0.7 * entry.careful


def test_the_mid_range_chip_is_slow_where_the_run_had_no_npu_provider(table):
    """The same model and precision on one chip: ONNX Runtime without the vendor's library against QNN."""
    medians = {}
    for device in (S25, MID, ENTRY):
        pairs = like_with_like(table[table["device"] == device], "runtime", base="qnn_dlc", factors=CHOSEN)
        medians[device] = pairs[pairs["runtime_b"] == "onnx"]["ratio"].median()
    assert medians[MID] > 20 and medians[ENTRY] > 4 and medians[S25] < 1.3


def test_an_entry_device_wholly_on_its_npu_beats_a_flagship_that_falls_back(table):
    rows = table[(table["model"] == "convnext_tiny") & (table["precision"] == "w8a16")].set_index(["device", "runtime"])
    flagship, entry = rows.loc[(S25, "onnx")], rows.loc[(ENTRY, "qnn_dlc")]
    assert (flagship["latency_ms"], flagship["cpu"], flagship["layers"]) == (76.665, 72, 489)
    assert (entry["latency_ms"], entry["units"]) == (23.577, "NPU")
