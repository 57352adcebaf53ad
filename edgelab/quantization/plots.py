"""The figures of `02_quantization`, each with its words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from edgelab.bundle.predict import Bundle
from edgelab.course import plots, scoreboard
from edgelab.course.results import in_words
from edgelab.course.scoreboard import Row
from edgelab.models.trained import Trained
from edgelab.quantization.conversion import Converted
from edgelab.quantization.damage import Change, Sensitivity, change
from edgelab.quantization.formats import before_and_after, labels_of, percent, said
from edgelab.stats.intervals import Interval, accuracy_interval

if TYPE_CHECKING:
    import pandas as pd

    from edgelab.stats.samples import LatencySamples


def grains(errors: "pd.DataFrame") -> tuple[Figure, str]:
    """Rounding errors, one group a number of bits, one bar a way to give out scales."""
    drawn = plots.bars(list(errors.index), errors.to_dict("list"), "error, % of the weights' size")
    told = [f"{name}: {in_words(errors[name], '.1f')}" for name in errors]
    return drawn, "Rounding error of the layer, %. " + ". ".join(told)


def flipped(models: Mapping[str, Converted]) -> tuple[Figure, str]:
    """The share of requests that get another tool in each format, with its interval."""
    gold = labels_of(next(iter(models.values())))
    shares = {
        name: change(*before_and_after(models, name), gold).flips for name in models if not name.endswith(", fp32")
    }
    drawn = plots.intervals(shares, "share of requests that get another tool, 95 % interval")
    return drawn, f"Flips: {in_words(shares)}."


def accuracies(
    steps: Mapping[str, Mapping[int, tuple[Change, float]]], aware: Mapping[int, Trained], full: float
) -> tuple[Figure, str, "pd.DataFrame"]:
    """Accuracy over bits, a line for each way, and one for the students trained for it; with a table of the flips."""
    import pandas as pd

    lines: dict[str, dict[float, Interval]] = {
        name: {bits: moved.accuracy for bits, (moved, _) in way.items()} for name, way in steps.items()
    }
    lines["trained for it"] = {bits: accuracy_interval(model.correct()) for bits, model in aware.items()}
    told = [f"{name}, by bits: {in_words(series)}" for name, series in lines.items()]
    columns = {}
    for name, series in lines.items():
        columns[f"{name}: accuracy"] = {bits: f"{accuracy:.3f}" for bits, accuracy in series.items()}
    for name, way in steps.items():
        columns[f"{name}: flips, %"] = {bits: percent(moved.flips) for bits, (moved, _) in way.items()}
        columns[f"{name}: tool or slots other, %"] = {bits: f"{100 * other:.1f}" for bits, (_, other) in way.items()}
    drawn = plots.lines(lines, "bits a weight", "accuracy, test", reference=full)
    table = pd.DataFrame(columns).rename_axis("bits").fillna("-")
    return drawn, f"Accuracy in fp32 {full:.3f}. " + ". ".join(told), table


def patience(found: Sensitivity) -> tuple[Figure, str, "pd.DataFrame"]:
    """The share of answers that each layer changes when it alone is rounded, by bits."""
    import pandas as pd

    columns = [f"{bits} bits" for bits in found.bits]
    table = pd.DataFrame(100 * found.flips, index=found.layers, columns=columns)
    drawn = plots.heat(found.layers, columns, table.to_numpy(), "requests answered differently, %", form=".1f")
    told = [f"At {bits}: {in_words(table[bits], '.1f')}" for bits in ("4 bits", "2 bits")]
    return drawn, "Answers that one layer changes, %. " + ". ".join(told), table.round(1)


def scored(
    models: Mapping[str, Converted], bundles: Mapping[str, Bundle], latency: "Mapping[str, LatencySamples]", data: str
) -> list[Row]:
    """The scoreboard's rows of the models in their formats, under the name of the data."""
    return [
        scoreboard.measured(
            "02_quantization",
            model.name,
            said(model).right,
            latency[name],
            data=data,
            size_bytes=bundles[name].size_bytes,
            precision=model.precision,
            call_exact_match=float(said(model).calls.mean()),
            slot_exact_match=None if slots is None else float(slots.mean()),
        )
        for name, model in models.items()
        for slots in (said(model).slots,)
    ]
