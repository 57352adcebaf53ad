"""Every explorer's callback over its grid, and what must hold at each point of it.

A figure takes a hundred times as long as what it shows. So over the grid a stand-in takes its place that looks at the
numbers it is given, and a few points are drawn for real.
"""

import math
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from itertools import product
from pathlib import Path
from unittest.mock import MagicMock

import ipywidgets
import numpy as np
import pandas as pd

from edgelab.course import plots
from edgelab.course.explorer import explorer as real_explorer

ROOT = Path(__file__).parent.parent
ROOMS = sorted(path.parent.name for path in (ROOT / "edgelab").glob("*/widgets.py"))
NUMBER = re.compile(r"(?<![\w.])-?\d(?:[\d,]*\d)?(?:\.\d+)?")
NOT_A_NUMBER = re.compile(r"\b(?:nan|inf|infinity|None|NaT|NaN)\b")
SHAPES = ("bars", "curves", "intervals", "frontier", "histograms", "lines", "heat", "latency_histogram")


def _placed(at: tuple) -> list[float]:
    reports = import_module("tests.export.test_widgets").REPORTS
    (found,) = [p for p in reports[at[0]].placements if (p.target, p.shapes) == (at[2], at[1])]
    return [found.partitions]


def _lab(at: tuple) -> list[float]:
    p95 = import_module("tests.measurement.test_widgets").P95
    return [p95, at[2] * p95]


# Numbers that a sentence says and that stand nowhere else: what is meant by them, from the controls' values.
TOLD: dict[tuple[str, str], Callable[[tuple], list[float]]] = {
    ("course", "interval"): lambda at: [95],
    ("export", "placement"): _placed,
    ("export", "optimisation"): lambda at: [
        import_module("tests.export.test_widgets").LEVEL_LATENCY[at[0]][at[1]].percentile(50)
    ],
    ("generation", "sampling"): lambda at: [import_module("edgelab.generation.widgets").SHOWN],
    ("measurement", "power"): lambda at: [95],
    ("measurement", "population"): _lab,
    ("privacy", "error"): lambda at: [100 * import_module("edgelab.privacy.randomized").truth_probability(at[0])],
    ("privacy", "theft"): lambda at: [
        100 * import_module("edgelab.privacy.extraction").honest_refused(round(at[1]), 12.0).value
    ],
    ("routing", "promise"): lambda at: [import_module("edgelab.routing.widgets").DRAWS],
}


def explorers(room: str) -> dict[str, Callable[[], ipywidgets.VBox]]:
    """The explorers of a room, as its tests make them, and that of `00_start_here`."""
    if room == "course":
        return {"interval": import_module("edgelab.course.start_here").show_interval}
    return import_module(f"tests.{room}.test_widgets").EXPLORERS


@dataclass
class Explorer:
    """An explorer's controls and its callback; `drawn` holds what the stand-in for its figure was given last."""

    controls: list
    draw: Callable
    drawn: list = field(default_factory=list)
    told: Callable[[tuple], list[float]] = lambda at: []

    @property
    def grid(self) -> list[list]:
        return [values(control) for control in self.controls]

    @property
    def start(self) -> tuple:
        return tuple(control.value for control in self.controls)


@contextmanager
def captured(room: str, name: str, *, real: bool = False) -> Iterator[Explorer]:
    """The callback of an explorer; unless they are to be `real`, with figures that only look at what they are given."""
    widgets = import_module("edgelab.course.start_here" if room == "course" else f"edgelab.{room}.widgets")
    found: list[Explorer] = []

    def keep(controls: list, draw: Callable) -> ipywidgets.VBox:
        found.append(Explorer(controls, draw, told=TOLD.get((room, name), lambda at: [])))
        return ipywidgets.VBox(controls)

    def stand_in(*given: object, **options: object) -> MagicMock:
        found[0].drawn[:] = [given, options]
        return MagicMock()

    replaced: list[tuple[object, str, object]] = [(widgets, "explorer", keep)]
    if not real:
        replaced += [(plots, shape, stand_in) for shape in SHAPES] + [(plots, "log_axis", stand_in_axis)]
        if hasattr(widgets, "routing_plots"):
            replaced += [(widgets.routing_plots, shape, stand_in) for shape in ("routes", "cumulative")]
        if hasattr(widgets, "stacked"):
            replaced += [(widgets, "stacked", stand_in), (widgets, "front_of", lambda *g, **o: (stand_in(*g, **o), ""))]
    kept = [(owner, attribute, getattr(owner, attribute)) for owner, attribute, _ in replaced]
    try:
        for owner, attribute, value in replaced:
            setattr(owner, attribute, value)
        explorers(room)[name]()
        yield found[0]
    finally:
        for owner, attribute, value in kept:
            setattr(owner, attribute, value)
    assert widgets.explorer is real_explorer


def stand_in_axis(*_: object, **__: object) -> None:
    """For `plots.log_axis`."""


def values(control: ipywidgets.Widget) -> list:
    """All that a control can be set to, each as the control itself would hold it."""
    if isinstance(control, ipywidgets.Dropdown):
        return [value for _, value in control._options_full]
    steps = round((control.max - control.min) / control.step)
    kind = int if isinstance(control, ipywidgets.IntSlider) else float
    return [kind(min(control.min + step * control.step, control.max)) for step in range(steps + 1)]


def points(explorer: Explorer, most: int, seed: int = 0) -> list[tuple]:
    """The whole grid where it has at most so many points. Else every value of each control with the others at both ends and
    at their start, every corner, and for the rest a sample that is always the same."""
    grid, start = explorer.grid, explorer.start
    if math.prod(len(each) for each in grid) <= most:
        return list(product(*grid))
    ends = [(each[0], each[-1]) for each in grid]
    found = dict.fromkeys(product(*ends))
    for place, each in enumerate(grid):
        for others in (start, tuple(low for low, _ in ends), tuple(high for _, high in ends)):
            found |= dict.fromkeys((*others[:place], value, *others[place + 1 :]) for value in each)
    rng = np.random.default_rng(seed)
    kept = list(found)
    if len(kept) > most:  # of so fine a slider, some
        kept = [kept[i] for i in sorted(rng.choice(len(kept), most, replace=False))]
    while len(kept) < most:
        kept.append(tuple(each[rng.integers(len(each))] for each in grid))
    return kept


def faults(explorer: Explorer, at: tuple) -> list[str]:
    """What is wrong with what the callback says, shows and draws at a point; a warning of its own raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, words, table = explorer.draw(*at)
    found = []
    shown = [str(cell) for cell in table.to_numpy().ravel()]
    if not words.endswith(".") or "  " in words:
        found.append(f"no sentence: {words!r}")
    found += [f"not a number in {text!r}" for text in [words, *shown] if NOT_A_NUMBER.search(text)]
    if not len(table) or not all(shown) or table.columns.has_duplicates:
        found.append(f"a table with nothing in a cell: {table}")
    found += [f"drawn, but no number: {value}" for value in numbers_in(explorer.drawn) if not math.isfinite(value)]
    found += [f"{number} stands in {words!r} alone" for number in untold(words, table, at, explorer)]
    return found


def untold(words: str, table: pd.DataFrame, at: tuple, explorer: Explorer) -> list[str]:
    """Numbers of the sentence that are not in the table (nor counts, sums or means of its columns), nor a control's, nor
    drawn, nor what `explorer.told` adds."""
    told = {number for text in _texts(table, at) for number in NUMBER.findall(text)}
    amounts = [float(value) for value in at if not isinstance(value, str)]
    amounts += [amount for amount in numbers_in(explorer.drawn) if math.isfinite(amount)]
    amounts += [*_of_columns(table), *explorer.told(at)]
    left = [number for number in NUMBER.findall(words) if number not in told]
    return [number for number in left if not any(_same(number, amount) for amount in amounts)]


def _texts(table: pd.DataFrame, at: tuple) -> list[str]:
    return [
        *map(str, table.columns),
        *map(str, table.to_numpy().ravel()),
        *(value for value in at if isinstance(value, str)),
    ]


def _of_columns(table: pd.DataFrame) -> Iterator[float]:
    whole = 0.0
    for _, column in table.items():
        numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
        if np.isfinite(numbers).all():
            whole += numbers.sum()
            yield from (float(numbers.sum()), float(numbers.mean()), float((numbers > 0).sum()), whole)


def _same(number: str, amount: float) -> bool:
    """Whether a number, as it is written, is this amount, rounded (a mean of rounded ones may be half a unit more off)."""
    plain = number.replace(",", "")
    unit = 10.0 ** -len(plain.partition(".")[2])
    return abs(float(plain) - amount) <= 1.01 * unit if unit < 1 else abs(float(plain) - amount) <= 0.5 + 1e-9


def numbers_in(given: object) -> Iterator[float]:
    """All numbers in what a figure was given, the `Interval`s and arrays in it unfolded."""
    if isinstance(given, bool | str | bytes) or given is None:
        return
    if isinstance(given, int | float | np.number):
        yield float(given)
    elif isinstance(given, np.ndarray):
        if given.dtype != bool and np.issubdtype(given.dtype, np.number):
            yield from np.asarray(given, dtype=float).ravel().tolist()
    elif isinstance(given, pd.Series):
        yield from numbers_in(given.to_numpy())
    elif isinstance(given, dict):
        for value in given.values():
            yield from numbers_in(value)
    elif isinstance(given, Sequence):
        for value in given:
            yield from numbers_in(value)
    elif hasattr(given, "low") and hasattr(given, "high"):
        yield from (given.value, given.low, given.high)
