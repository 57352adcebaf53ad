"""The optional section of 05, on the shipped bundle."""

from edgelab.bundle.predict import Bundle
from edgelab.measurement import asides
from edgelab.measurement.bundles import TEXTS
from edgelab.workspace import data_home

POCKET = data_home() / "bundles" / "pocket"


def test_threads_and_workers_in_every_pair():
    table = asides.threads(POCKET, TEXTS[:8])
    assert table[["threads", "workers"]].to_numpy().tolist() == [[t, w] for t in (1, 2) for w in (1, 2, 4)]
    assert (table["requests a second"].astype(float) > 0).all()


def test_two_apps_take_twice_the_memory_of_one():
    table = asides.memory({"student": POCKET}, TEXTS[0])
    seen = {name: float(value) for name, value in table["peak RSS, MB"].items()}
    assert list(seen) == ["nothing", "student", "student, two apps"]
    assert seen["nothing"] < seen["student"] < seen["student, two apps"] < 2.5 * seen["student"]


def test_energy_says_how_it_was_found():
    table = asides.energy({"student": Bundle.load(POCKET).predict}, TEXTS)
    assert float(table.data.loc["student", "mJ a request"]) >= 0 and table.caption
