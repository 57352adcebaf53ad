"""The log of 05: each run's fault can be read off its row, and nobody else's fits it."""

import numpy as np

from edgelab.measurement.by_hand import percentile_bounds
from edgelab.measurement.fault_exercise import CAUSES, EVERY_MS, LOG_FAULTS, judge_faults, log, on_schedule, runs
from edgelab.measurement.load import with_omitted


def signs(row):
    """The faults that a row shows, by rules that do not know which run it is."""
    number = {name: float(row[name]) for name in ("requests", "seconds", "mean", "p50", "p90", "p99", "max", "first")}
    found = []
    if not number["p50"] <= number["p90"] <= number["p99"] <= number["max"]:
        found.append("unsorted")
    if number["requests"] * number["mean"] > 1.05 * 1000 * number["seconds"]:
        found.append("parallel")
    if number["first"] == number["max"] and number["mean"] > number["p99"]:
        found.append("warm-up")
    if row["unit"] != row["faster than"].split(", ")[1]:
        found.append("units")
    if row["sent"] != "when answered" and 1000 * number["seconds"] > 1.02 * EVERY_MS * number["requests"]:
        found.append("polite")
    if number["p50"] == 0:
        found.append("clock")
    if percentile_bounds(np.arange(number["requests"]), 99)[1] == np.inf:
        found.append("few")
    return found or ["sound"]


def test_each_row_shows_its_fault_and_no_other():
    table = log()
    assert {letter: signs(table.loc[letter]) for letter in table.index} == {k: [v] for k, v in LOG_FAULTS.items()}
    assert sorted(LOG_FAULTS.values()) == sorted(CAUSES)


def test_the_repair_comes_near_what_a_schedule_would_have_seen():
    logged = runs()["E"].latencies_ms
    p99 = np.percentile(with_omitted(logged, EVERY_MS), 99)
    assert np.percentile(logged, 99) < 10 < 700 < p99 < np.percentile(on_schedule(), 99) < 900


def test_other_answers_are_refused():
    assert (
        judge_faults(dict.fromkeys(LOG_FAULTS, "sound"))
        and judge_faults({})
        and judge_faults(LOG_FAULTS | {"I": "few"})
    )
    assert judge_faults(LOG_FAULTS | {"A": "rust"}) == [f"A: expected one of {', '.join(CAUSES)}"]
    assert judge_faults(LOG_FAULTS | {"A": ["few"]}) and judge_faults(dict(reversed(LOG_FAULTS.items()))) == []
