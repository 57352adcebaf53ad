"""`05_measurement`: latency, comparisons, load, starts, energy, a population of devices."""

from edgelab.measurement.bundles import answer_program, time_bundles
from edgelab.measurement.comparison import Comparison, compare, power, race, rounds_needed, slowed, spread
from edgelab.measurement.energy import energy_of
from edgelab.measurement.latency import measure_latency, speedup
from edgelab.measurement.load import (
    closed_load,
    concurrent_load,
    open_latencies,
    open_load,
    poisson_arrivals,
    with_omitted,
)
from edgelab.measurement.population import from_room, simulate
from edgelab.measurement.processes import first_answers, peak_of
from edgelab.measurement.sustained import limited, sustain

__all__ = [
    "Comparison",
    "answer_program",
    "closed_load",
    "compare",
    "concurrent_load",
    "energy_of",
    "first_answers",
    "from_room",
    "limited",
    "measure_latency",
    "open_latencies",
    "open_load",
    "peak_of",
    "poisson_arrivals",
    "power",
    "race",
    "rounds_needed",
    "simulate",
    "slowed",
    "speedup",
    "spread",
    "sustain",
    "time_bundles",
    "with_omitted",
]
