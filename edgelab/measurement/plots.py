"""The figures of `05_measurement`: each function shows one and gives its table."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgelab.course import plots
from edgelab.course.results import in_words
from edgelab.measurement.comparison import power, spread
from edgelab.measurement.notebook import Bounds, FoundShare, ToldApart, draw
from edgelab.measurement.population import Population
from edgelab.measurement.sustained import Sustained
from edgelab.stats.intervals import Interval
from edgelab.stats.samples import LatencySamples

if TYPE_CHECKING:
    import pandas as pd

LEVELS = (50, 90, 99)
COUNTS, EFFECTS = (20, 40, 100, 200, 400), (0.02, 0.05, 0.10)
WINDOW_S = 0.1


def distribution(latency: Mapping[str, LatencySamples]) -> "pd.DataFrame":
    """How the student's latencies are spread; and what the mean of each model hides."""
    import pandas as pd

    student = latency["student"]
    alt = f"Latencies of the student: p50 {student.percentile(50):.3f} ms, p99 {student.percentile(99):.3f} ms."
    plots.show_figure(plots.latency_histogram(student), alt)
    rows = {}
    for name, samples in latency.items():
        values = np.sort(samples.milliseconds)
        slowest = values[-max(1, len(values) // 100) :].sum() / values.sum()
        rows[name] = {
            "mean, ms": f"{values.mean():.3f}",
            "p50, ms": f"{samples.percentile(50):.3f}",
            "p99, ms": f"{samples.percentile(99):.3f}",
            "the slowest 1 % take, % of the time": f"{100 * slowest:.1f}",
        }
    return pd.DataFrame(rows).T


def medians(ways: Mapping[str, Mapping[str, LatencySamples]]) -> "pd.DataFrame":
    """The p50 of each model by the way in which it was measured."""
    import pandas as pd

    rows = {way: {f"{n}, p50 ms": f"{s.percentile(50):.3f}" for n, s in found.items()} for way, found in ways.items()}
    return pd.DataFrame(rows).T


def started(starts: Mapping[str, LatencySamples], bounds: Bounds) -> "pd.DataFrame":
    """The median of each program's first answers with the interval that `bounds` gives."""
    import pandas as pd

    rows = {}
    for name, samples in starts.items():
        interval = Interval(samples.percentile(50), *bounds(np.array(samples.milliseconds), 50))
        rows[name] = f"{interval:.0f}"
    return pd.DataFrame({"from nothing to the first answer, p50 ms": rows})


def bounded(milliseconds: Mapping[str, np.ndarray], bounds: Bounds) -> "pd.DataFrame":
    """Each percentile of each model with the interval that `bounds` gives."""
    import pandas as pd

    rows = {}
    for name, values in milliseconds.items():
        found = {q: (np.percentile(values, q), *bounds(values, q)) for q in LEVELS}
        rows[name] = {f"p{q}, ms": f"{v:.3f} [{low:.3f}, {high:.3f}]" for q, (v, low, high) in found.items()}
    return pd.DataFrame(rows).T


def three_p90(
    milliseconds: Mapping[str, np.ndarray], bounds: Bounds, estimate: Callable[[np.ndarray], float]
) -> "pd.DataFrame":
    """The p90 of each model, reported in three ways, and what each way promises."""
    import pandas as pd

    rows = {}
    for name, values in milliseconds.items():
        rows[f"{name}, ms"] = {
            "the sample's own p90": f"{np.percentile(values, 90):.3f}",
            "interval, upper end": f"{bounds(values, 90)[1]:.3f}",
            "MLPerf, early stopping": f"{estimate(values):.3f}",
        }
    rows["what it promises"] = {
        "the sample's own p90": "right on average, low half of the time",
        "interval, upper end": "too low in at most 2.5 % of runs",
        "MLPerf, early stopping": "too low in less than 1 % of runs",
    }
    return pd.DataFrame(rows)


def raced(found: Mapping[str, Sequence[float]], bounds: Bounds, told_apart: ToldApart) -> "pd.DataFrame":
    """The median of each race's ratios with its interval, and the verdict."""
    import pandas as pd

    ratios = {name: np.asarray(values) for name, values in found.items()}
    shown = {name: Interval(float(np.median(values)), *bounds(values, 50)) for name, values in ratios.items()}
    figure = plots.intervals(shown, "time relative to the student", reference=1)
    plots.show_figure(figure, f"Ratios: {in_words(shown)}.")
    rows = {n: {"ratio": f"{i:.3f}", "verdict": told_apart(ratios[n])} for n, i in shown.items()}
    return pd.DataFrame(rows).T


def found(pilot: np.ndarray, found_share: FoundShare) -> "pd.DataFrame":
    """How often true differences are found by the number of rounds: simulated, and by the formula."""
    import pandas as pd

    scatter = spread(pilot)
    series: dict[str, tuple[Sequence[float], Sequence[float]]] = {}
    table: dict[str, dict[str, str]] = {f"{n} rounds": {} for n in COUNTS}
    for effect in EFFECTS:
        shares = [100 * found_share(pilot, effect, draw(pilot, n)) for n in COUNTS]
        series[f"{effect:.0%} slower"] = COUNTS, shares
        for n, share in zip(COUNTS, shares, strict=True):
            told = f"{share:.0f} (formula: {100 * power(scatter, effect, n):.0f})"
            table[f"{n} rounds"][f"{effect:.0%} slower: found, %"] = told
    figure = plots.curves(series, "rounds (log scale)", "found, % of runs", reference=95, log="x")
    figure.axes[0].set_xticks(COUNTS)
    words = [f"{name}: {y[0]:.0f} to {y[-1]:.0f} %" for name, (_, y) in series.items()]
    plots.show_figure(figure, f"found with {COUNTS[0]} to {COUNTS[-1]} rounds: {'; '.join(words)}")
    return pd.DataFrame(table).T


def percentiles(series: Mapping[str, np.ndarray], form: str = ".1f") -> "pd.DataFrame":
    """p50, p90 and p99 of several series, as bars and as a table."""
    import pandas as pd

    values: dict[str, Sequence[float]] = {}
    for name, found in series.items():
        values[name] = [float(np.percentile(found, q)) for q in LEVELS]
    names = [f"p{q}" for q in LEVELS]
    words = "; ".join(f"{name}: p50 {v[0]:{form}} ms, p99 {v[-1]:{form}} ms" for name, v in values.items())
    plots.show_figure(plots.bars(names, values, "ms"), words)
    return pd.DataFrame(values, [f"{n}, ms" for n in names]).T.map(lambda value: f"{value:{form}}")


def sustained(runs: Mapping[str, Sustained]) -> "pd.DataFrame":
    """The medians of each run's windows over time; and its first third beside its last."""
    import pandas as pd

    verdicts = {name: run.verdict(WINDOW_S) for name, run in runs.items()}
    windows: dict[str, tuple[Sequence[float], Sequence[float]]] = {}
    for name, run in runs.items():
        middles, medians = run.windows(WINDOW_S)
        windows[name] = middles.tolist(), medians.tolist()
    figure = plots.curves(windows, "seconds under load", "median of a tenth of a second, ms")
    plots.show_figure(figure, "; ".join(f"{name}: {said}" for name, said in verdicts.items()))
    rows = {}
    for name, run in runs.items():
        first, last = (f"{third:.3f}" for third in run.thirds(WINDOW_S))
        rows[name] = {"first third, ms": first, "last third, ms": last, "verdict": verdicts[name]}
    return pd.DataFrame(rows).T


def fleets(simulated: Mapping[str, Population], lab_ms: np.ndarray) -> "pd.DataFrame":
    """Which share of all requests is within which latency, by reading; and how many devices keep three times the lab's."""
    import pandas as pd

    levels, lab = np.arange(1, 100), float(np.percentile(lab_ms, 95))
    lines: dict[str, tuple[Sequence[float], Sequence[float]]] = {}
    lines["lab"] = np.percentile(lab_ms, levels).tolist(), levels.tolist()
    rows, times = {}, {}
    for reading, fleet in simulated.items():
        lines[reading] = np.percentile(fleet.latency_ms, levels).tolist(), levels.tolist()
        times[reading] = fleet.percentile(95) / lab
        rows[reading] = {
            "p95 of the fleet, ms": f"{fleet.percentile(95):.3f}",
            "times the lab's": f"{times[reading]:.1f}",
            "devices whose own p95 is within three times the lab's, %": f"{100 * fleet.share_within(3 * lab):.0f}",
        }
    figure = plots.curves(lines, "latency, ms (log scale)", "requests within it, %", reference=95, log="x")
    plots.show_figure(figure, f"Fleets, p95 over the lab's: {in_words(times, '.1f')}.")
    return pd.DataFrame(rows).T
