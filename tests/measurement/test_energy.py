"""Energy: read from a counter as Linux lays it out, over its end too; where there is none, a model that says so."""

import pytest

from edgelab.measurement.energy import ASSUMED_WATTS_PER_CORE, counters, energy_of


@pytest.fixture
def powercap(tmp_path):
    """Two packages, and a part of one that must not count twice."""
    for folder, name in (("intel-rapl:0", "package-0"), ("intel-rapl:1", "package-1"), ("intel-rapl:0:0", "core")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "name").write_text(name + "\n")
        (tmp_path / folder / "max_energy_range_uj").write_text("9999999\n")
        (tmp_path / folder / "energy_uj").write_text("5000000\n")
    return tmp_path


def write(powercap, **values):
    for name, value in values.items():
        (powercap / f"intel-rapl:{name[1:]}" / "energy_uj").write_text(f"{value}\n")


def test_a_reading_is_the_sum_of_the_packages(powercap):
    ticks = iter([10.0, 12.0])
    energy = energy_of(lambda: write(powercap, p0=8_000_000, p1=5_500_000), root=powercap, clock=lambda: next(ticks))
    assert energy.joules == pytest.approx(3.5) and energy.seconds == 2 and energy.watts == pytest.approx(1.75)
    assert energy.measured and energy.how.startswith("measured: RAPL")


def test_a_counter_that_starts_over(powercap):
    """From 5,000,000 to 9,999,999, one more to 0, and on to 1,000,000: 6 J."""
    energy = energy_of(lambda: write(powercap, p0=1_000_000), root=powercap)
    assert energy.joules == pytest.approx(6.0)


def test_without_counters_it_is_a_model_and_says_so(tmp_path):
    cpu = iter([1.0, 3.0])
    energy = energy_of(lambda: None, root=tmp_path / "none", cpu_clock=lambda: next(cpu))
    assert energy.joules == 2 * ASSUMED_WATTS_PER_CORE and not energy.measured
    assert energy.how.startswith("MODEL, not measured") and "5 W assumed" in energy.how and "none here" in energy.how
    cpu = iter([1.0, 3.0])
    assert energy_of(lambda: None, root=tmp_path, watts_per_core=2, cpu_clock=lambda: next(cpu)).joules == 4


def test_a_counter_that_may_not_be_read_is_no_reading(powercap):
    """As root alone may read it, everywhere but here: so it is taken away instead."""
    (powercap / "intel-rapl:1" / "energy_uj").unlink()
    found, why = counters(powercap)
    assert found == [] and "may not be read" in why
    assert not energy_of(lambda: None, root=powercap).measured


def test_work_that_fails_fails(powercap):
    with pytest.raises(ZeroDivisionError):
        energy_of(lambda: 1 / 0, root=powercap)
