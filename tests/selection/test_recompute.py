"""The decision from its file alone, by a script that shares no line with the package."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgelab.selection.decision import decide
from edgelab.selection.evidence import save
from edgelab.selection.form import Requirements
from edgelab.selection.simulated import World, scoreboard
from tests.selection import recompute_decision
from tests.selection.boards import board

SCRIPT = Path(recompute_decision.__file__)


def test_the_script_knows_nothing_of_the_package():
    assert "edgelab" not in SCRIPT.read_text("utf-8")


def test_it_is_a_script(tmp_path):
    save(board(), Requirements(min_calls=0.94), tmp_path / "board.json")
    command = [sys.executable, "-I", str(SCRIPT), str(tmp_path / "board.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert json.loads(done.stdout)["chosen"] == "middle" == decide(board(), Requirements(min_calls=0.94)).chosen


@pytest.mark.parametrize(
    "requirements",
    [
        Requirements(min_calls=0.9, max_high_stakes=0.03),
        Requirements(min_retention=0.93),
        Requirements(min_accuracy=0.92, max_p95_ms=2.1, max_mb=2.0),
        Requirements(max_p95_ms=2.0),
    ],
    ids=["calls and stakes", "retention", "accuracy, p95, size", "p95"],
)
def test_the_same_decision_and_the_same_probability(requirements, tmp_path):
    generator, chosen = np.random.default_rng(3), set()
    world = World(models=3, timed=300)
    for i in range(12):
        rows = scoreboard(world, generator).rows
        if i % 3 == 0 and requirements.min_retention is None:  # retention would be of labels then
            rows[2] = replace(rows[2], right_call=None, latency_ms={})
        save(rows, requirements, tmp_path / "board.json")
        found, here = recompute_decision.decision(tmp_path / "board.json"), decide(rows, requirements, draws=20_000)
        assert found["chosen"] == here.chosen
        for name, probability in here.clears.items():
            # Two estimates of 20,000 draws each: four standard errors of their difference.
            allowed = 4 * np.sqrt(2 * max(probability * (1 - probability), 1e-4) / 20_000)
            assert found["clears"][name] == pytest.approx(probability, abs=allowed)
        chosen.add(here.chosen)
    assert len(chosen) > 1  # not always the same answer
