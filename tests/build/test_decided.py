"""How sure a choice is, of answers that are known."""

import json

import numpy as np
import pytest

from edgelab.build.decided import decided
from edgelab.build.measured import Measured
from edgelab.bundle.answers import Answers
from edgelab.measurement.bundles import Timing
from edgelab.selection.bar import Bar
from edgelab.stats.samples import LatencySamples

N = 400


@pytest.fixture
def field(tmp_path):
    """A teacher and three candidates: of labels each gets nearly all, of calls the small one too few."""
    rng = np.random.default_rng(0)

    def model(name: str, size: int, calls_wrong: int) -> Measured:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "model.onnx").write_bytes(bytes(size))
        correct, calls = np.ones(N, bool), np.ones(N, bool)
        calls[rng.permutation(N)[:calls_wrong]] = False
        given = Answers(correct, np.ones(N), None, calls)
        samples = LatencySamples(name, tuple(rng.lognormal(sigma=0.1, size=500)))
        whole = Answers(np.ones(N, bool), np.ones(N), None, np.ones(N, bool))
        return Measured(name, folder, given, given.retention(whole), Timing(samples, samples))

    rows = [("teacher", 9000, 0), ("large", 3000, 0), ("middle", 2000, 5), ("small", 1000, 100)]
    return [model(*row) for row in rows]


def test_the_smallest_first_with_what_each_misses_and_how_sure_that_is(field):
    teacher, *candidates = field
    found = decided(candidates, teacher, Bar(0.95, retention_of="call"), candidates[1])
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    small, middle, large = found["models"]
    assert [m["name"] for m in found["models"]] == ["small", "middle", "large"] and found["examples"] == N
    assert small["misses"] and small["truly_clears"] == 0 and not middle["misses"]
    assert found["probability"] == middle["truly_clears"] > 0.975  # as its interval's lower end clears
    assert middle["smallest"] + large["smallest"] + found["none"] == pytest.approx(1)
    assert middle["smallest"] == middle["truly_clears"]  # the smaller one never does
    assert any(text.startswith("small wins if min_retention 0.95 -> 0.") for text in found["changes"])


def test_where_labels_decide_calls_do_not(field):
    teacher, *candidates = field
    found = decided(candidates, teacher, Bar(0.95, retention_of="label"), candidates[2])
    assert found["probability"] == found["models"][0]["truly_clears"] > 0.99


def test_limits_of_size_and_time_count_and_nothing_chosen_has_no_probability(field):
    teacher, *candidates = field
    bar = Bar(0.95, max_mb=0.0015, max_p95_ms=5, retention_of="call")
    found = decided(candidates, teacher, bar, None)
    assert found["probability"] is None and found["none"] == 1
    assert [m["truly_clears"] for m in found["models"]] == [0, 0, 0]
    late = decided(candidates, teacher, Bar(0.95, max_p95_ms=1.0, retention_of="call"), None)
    assert late["none"] == 1


def test_what_would_change_is_left_out_where_the_form_would_choose_otherwise(field):
    """A p95 within the limit whose upper end is not."""
    teacher, *candidates = field
    limit = max(model.card["p95 in ms"] for model in candidates) + 1e-6
    chosen = candidates[1]
    assert limit < chosen.timing.with_tokenizer.interval(95).high
    found = decided(candidates, teacher, Bar(0.95, max_p95_ms=limit, retention_of="call"), chosen)
    assert found["changes"] is None and 0 < found["probability"] < 0.9
