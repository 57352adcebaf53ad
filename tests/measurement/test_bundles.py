"""Timing bundles: how many requests each gets, of which texts, and how the figures read as JSON."""

import json

import pytest

from edgelab.bundle.predict import Bundle
from edgelab.measurement.bundles import TEXTS, percentiles, start_bundles, time_bundles
from edgelab.stats.samples import LatencySamples


class Recorder:
    """Stands for a bundle: notes what it is asked."""

    def __init__(self):
        self.texts, self.ids = [], []
        self.token_ids = lambda text: [ord(c) for c in text]
        self.predict, self.run = self.texts.append, self.ids.append


@pytest.mark.parametrize("requests", [3, 7, 50])
def test_every_bundle_gets_the_same_requests_with_and_without_its_tokenizer(requests):
    bundles = {"a": Recorder(), "b": Recorder()}
    timed = time_bundles(bundles, tuple("vwxyz"), requests=requests)
    for name, bundle in bundles.items():
        assert (
            len(timed[name].with_tokenizer.milliseconds) == len(timed[name].without_tokenizer.milliseconds) == requests
        )
        assert bundle.texts == bundles["a"].texts and len(bundle.texts) == requests + min(20, requests)  # warm-up
        assert [[ord(text)] for text in bundle.texts] == bundle.ids
        kept = bundle.texts[-requests:]
        assert max(map(kept.count, kept)) == -(-requests // 5)  # no text more often than it must be


def test_a_request_without_its_tokenizer_is_shorter(tiny_bundle):
    timed = time_bundles({"tiny": Bundle.load(tiny_bundle)}, TEXTS, requests=200)["tiny"]
    assert 0 < timed.without_tokenizer.percentile(50) < timed.with_tokenizer.percentile(50)


def test_blocks_go_to_one_bundle_at_a_time():
    asked = []

    class Noted(Recorder):
        def __init__(self, name):
            super().__init__()
            self.predict, self.run = (lambda text: asked.append(name)), (lambda ids: asked.append(name + " ids"))

    time_bundles({"a": Noted("a"), "b": Noted("b")}, tuple("vwxyz"), requests=15, block=5)
    runs = [asked[i : i + 5] for i in range(0, len(asked), 5)]
    assert all(len(set(run)) == 1 for run in runs) and {run[0] for run in runs[-4:]} == {"a", "b", "a ids", "b ids"}


def test_a_bundle_in_fresh_processes(tiny_bundle):
    started = start_bundles({"a": tiny_bundle, "b": tiny_bundle}, "wake me at seven", rounds=2)
    for start in started.values():
        assert len(start.first_answer.milliseconds) == 2 and start.first_answer.percentile(0) > 10
        assert start.peak_rss_bytes > 20e6
        assert start.peak_pss_bytes is None or 10e6 < start.peak_pss_bytes <= start.peak_rss_bytes


def test_percentiles_are_plain_json():
    few = percentiles(LatencySamples("x", (1.0, 2.0, 3.0)))
    assert few["p50"] == {"value": 2.0, "low": 0.0, "high": None} and list(few) == ["p10", "p50", "p90", "p99"]
    many = percentiles(LatencySamples("x", tuple(float(i) for i in range(1, 1001))))
    assert json.loads(json.dumps(many, allow_nan=False)) == many
    assert all(p["low"] <= p["value"] <= p["high"] for p in many.values())


def test_the_built_in_texts_are_short_and_long():
    lengths = sorted(len(text.split()) for text in TEXTS)
    assert lengths[0] == 1 and lengths[-1] > 20 and len(set(TEXTS)) == len(TEXTS)
