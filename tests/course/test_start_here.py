"""The explorers of the first notebook: an interval over its grid, and Pocket answering live."""

import copy
import re
from itertools import pairwise, product

import numpy as np
import pytest

from edgelab.bundle.evaluation import evaluate
from edgelab.bundle.predict import Bundle
from edgelab.course.start_here import (
    compute_call,
    compute_interval,
    latencies,
    published_devices,
    route,
    routes_beside,
    shares_right,
    show_interval,
    show_pocket,
)
from edgelab.datasets.dataset import Split
from edgelab.stats.intervals import accuracy_interval
from edgelab.stats.samples import LatencySamples
from tests.explorers import assert_controls, assert_moves, assert_shows, cells, controls_of, parts


@pytest.fixture(scope="module")
def bundle(tiny_bundle):
    return Bundle.load(tiny_bundle)


EXPLORERS = {
    "interval": show_interval,
}


@pytest.mark.parametrize("name", EXPLORERS)
def test_an_explorer_has_few_bounded_controls_and_each_moves_all_it_shows(name):
    assert_controls(EXPLORERS[name]())
    assert_moves(EXPLORERS[name]())


def test_the_interval_narrows_with_examples_over_its_grid():
    for accuracy in np.arange(0.5, 1.005, 0.05):
        widths = []
        for examples in (50, 100, 900, 2500, 5000):
            table = compute_interval(accuracy, examples)
            interval = accuracy_interval(np.arange(examples) < round(accuracy * examples))
            row = table.iloc[0].tolist()
            assert row[:4] == [examples, f"{interval.value:.3f}", f"{interval.low:.3f}", f"{interval.high:.3f}"]
            widths.append(float(row[4]))
        assert all(a > b for a, b in pairwise(widths))
    assert compute_interval(0.5, 100)["half-width, points"][0] == "9.6"  # 100 z / (2 sqrt(n + z^2))


def test_the_interval_explorer_shows_what_is_computed():
    box = show_interval()
    accuracy, examples = controls_of(box)
    for share, number in product((0.5, 0.92, 1.0), (50, 900, 5000)):
        accuracy.value, examples.value = share, number
        words, _, table = parts(box)
        expected = compute_interval(share, number)
        assert_shows(table, expected)
        assert f"{number} examples" in words and expected["from"][0] in words and expected["to"][0] in words


def test_a_call_lists_the_label_its_slots_and_the_runners_up(bundle):
    table = compute_call(bundle, "wake me at seven")
    assert table["tool"][0] == "set_alarm" and sorted(table["tool"]) == sorted(bundle.labels)
    assert table["slots"].tolist() == ["time = seven", "", ""]
    probabilities = table["probability"].astype(float)
    assert probabilities.is_monotonic_decreasing and probabilities.sum() == pytest.approx(1, abs=0.002)
    assert probabilities[0] == pytest.approx(bundle.predict("wake me at seven").confidence, abs=0.0006)
    assert re.fullmatch(r"\d+\.\d\d ms", table["answered in"][0])
    assert compute_call(bundle, "why is rome so famous", best=1)["slots"].tolist() == ["-"]


def with_thresholds(bundle, **thresholds):
    changed = copy.copy(bundle)
    changed.manifest = bundle.manifest | {"thresholds": thresholds}
    return changed


def test_below_the_bundles_threshold_the_cloud_would_be_asked(bundle):
    tool, question = (bundle.predict(text) for text in ("wake me at seven", "why is rome so famous"))
    assert bundle.manifest["thresholds"] == {} and route(bundle, tool) == "on this device"
    assert route(with_thresholds(bundle, confidence=tool.confidence), tool) == "on this device"
    above = with_thresholds(bundle, confidence=np.nextafter(tool.confidence, 2))
    assert route(above, tool) == "not sure: would ask the cloud"
    assert route(above, question) == route(bundle, question) == "ask the cloud"
    assert compute_call(above, "wake me at seven")["route"].tolist() == ["not sure: would ask the cloud", "", ""]
    box = show_pocket(above, "wake me at seven")
    assert box.children[1].value == "<b>set_alarm</b>, not sure: would ask the cloud"


@pytest.mark.parametrize(
    "text, label, on_device",
    [
        ("what is the capital of france", "ask_cloud", False),
        ("how tall is everest", "ask_cloud", False),
        ("is it going to rain", "check_weather", True),
        ("set an alarm for seven", "set_alarm", True),
    ],
)
def test_the_shipped_bundle_routes_the_plainest_requests(pocket, text, label, on_device):
    table = compute_call(pocket, text)
    assert (table["route"][0] == "on this device") is on_device
    assert table["tool"][0] == label or not on_device


def test_pocket_answers_at_every_key(bundle):
    box = show_pocket(bundle, "wake me at seven")
    text, answer, table = box.children
    assert text.continuous_update and text.description
    assert answer.value == "<b>set_alarm</b>, on this device"
    text.value = "why is rome so famous"
    assert answer.value == "<b>ask_cloud</b>, ask the cloud" and cells(table.value)[0][0] == "ask_cloud"
    text.value = "  "
    assert (answer.value, table.value) == ("Type a request.", "")
    text.value = "play <b>queen</b>"
    assert "<b>queen" not in table.value
    assert [row[:2] for row in cells(table.value)] == compute_call(bundle, text.value)[
        ["tool", "probability"]
    ].values.tolist()


def test_the_published_devices_are_those_of_the_file():
    table = published_devices()
    assert table["time, relative"]["Samsung Galaxy S25"] == 1 and table["time, relative"].is_monotonic_increasing
    assert table["falls back, ONNX"].max() == 1


def test_the_learners_border_stands_beside_the_bundles(bundle):
    table = routes_beside(bundle, {"wake me at seven": "cloud", "why is rome so famous": "ask first"})
    assert table.loc["wake me at seven"].tolist() == ["cloud", "on this device", "set_alarm"]
    assert table.loc["why is rome so famous"].tolist() == ["ask first", "ask the cloud", "ask_cloud"]


def test_shares_and_latencies_come_with_their_words(bundle):
    texts = ("wake me at seven",) * 3 + ("why is rome so famous",)
    result = evaluate(bundle, Split(texts, ("set_alarm",) * 4, ((),) * 4))
    _, words, table = shares_right(result, dozen=2)
    assert table["share right"].tolist() == [
        "1.000",
        "0.750",
        "0.000",
    ]  # no call: each has a slot that was not asked for
    assert "labels, the first 2 requests 1.00" in words and "calls, all 4 requests 0.00" in words
    samples = LatencySamples("bundle", tuple(float(ms) for ms in range(1, 102)))
    _, words, table = latencies(samples)
    assert table.index.tolist() == ["p10", "p50", "p90", "p99"] and table["ms"]["p50"] == "51.000"
    assert words.startswith("Histogram of 101 latencies, in ms: p10 11.000")
