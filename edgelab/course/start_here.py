"""What `00_start_here` shows: published figures, Pocket live, shares and latencies; and its explorers."""

import html
from collections.abc import Mapping

import ipywidgets
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from edgelab.bundle.evaluation import Evaluation
from edgelab.bundle.predict import Bundle, Prediction
from edgelab.course import plots
from edgelab.course.explorer import explorer, slider, spaced
from edgelab.course.results import in_words, interval_table
from edgelab.stats.intervals import accuracy_interval
from edgelab.stats.samples import LatencySamples
from edgelab.stats.softmax import softmax
from edgelab.workspace import data_home


def published_devices() -> pd.DataFrame:
    """A chip maker's own figures for its devices (`data/figures`): time relative to one phone, and how often models fall
    back to the processor, under a portable runtime and under its own."""
    headings = {
        "device": "device",
        "median_latency_vs_galaxy_s25": "time, relative",
        "share_any_cpu_layer_onnx": "falls back, ONNX",
        "share_any_cpu_layer_qnn_dlc": "falls back, maker's own",
    }
    table = pd.read_csv(data_home() / "figures" / "device_speed_and_fallback.csv")
    return table[list(headings)].rename(columns=headings).set_index("device")


def routes_beside(bundle: Bundle, where: Mapping[str, str]) -> pd.DataFrame:
    """Where the learner would have each request answered, beside the label that the bundle gives it and where that leads."""
    calls = {request: bundle.predict(request) for request in where}
    return pd.DataFrame(
        {
            "you": dict(where),
            "Pocket": {request: route(bundle, call) for request, call in calls.items()},
            "its label": {request: call.label for request, call in calls.items()},
        }
    )


def shares_right(result: Evaluation, dozen: int = 12) -> tuple[Figure, str, pd.DataFrame]:
    """The shares of right labels and calls with their intervals, and of the first dozen labels: figure, words, table."""
    examples = len(result.correct)
    rows = {
        f"labels, the first {dozen} requests": accuracy_interval(result.correct[:dozen]),
        f"labels, all {examples} requests": accuracy_interval(result.correct),
    }
    if result.calls is not None:
        rows[f"calls, all {examples} requests"] = accuracy_interval(result.calls)
    words = f"Share right: {in_words(rows, '.2f')}. The first interval is by far the widest."
    figure = plots.intervals(rows, "share right of the shipped bundle, 95 % interval")
    return figure, words, interval_table(rows, "share right")


def latencies(samples: LatencySamples) -> tuple[Figure, str, pd.DataFrame]:
    """All latencies of one model, and their percentiles with intervals: figure, words, table."""
    rows = {f"p{q}": samples.interval(q) for q in (10, 50, 90, 99)}
    words = f"Histogram of {len(samples.milliseconds)} latencies, in ms: {in_words(rows)}."
    return plots.latency_histogram(samples), words, interval_table(rows, "ms")


def route(bundle: Bundle, prediction: Prediction) -> str:
    """Where the request would be answered: in the cloud if the label says so, or the bundle has a threshold and the
    label's probability lies below it; else on the device."""
    if prediction.label == "ask_cloud":
        return "ask the cloud"
    if prediction.confidence < bundle.manifest["thresholds"].get("confidence", 0.0):
        return "not sure: would ask the cloud"
    return "on this device"


def compute_call(bundle: Bundle, text: str, best: int = 3) -> pd.DataFrame:
    """The tool call for one request: the label, its slots, how sure, where and how long; then the runners-up."""
    prediction = bundle.predict(text)
    probabilities = softmax(prediction.intent_logits)
    order = np.argsort(-probabilities)[:best]
    slots = "; ".join(f"{name} = {', '.join(values)}" for name, values in prediction.slots.items()) or "-"
    return pd.DataFrame(
        {
            "tool": [bundle.labels[i] for i in order],
            "probability": [f"{probabilities[i]:.3f}" for i in order],
            "slots": [slots] + [""] * (len(order) - 1),
            "route": [route(bundle, prediction)] + [""] * (len(order) - 1),
            "answered in": [f"{prediction.latency_ms:.2f} ms"] + [""] * (len(order) - 1),
        }
    )


def show_pocket(bundle: Bundle, text: str = "wake me at quarter past six tomorrow") -> ipywidgets.VBox:
    """Type a request, see the tool call, and where it would be answered, at every key."""
    box = ipywidgets.Text(
        value=text, description="Say", continuous_update=True, layout={"width": "min(100% - 4px, 640px)"}
    )
    answer, table = ipywidgets.HTML(), ipywidgets.HTML()

    def update(_: object = None) -> None:
        request = box.value.strip()
        if not request:
            answer.value, table.value = "Type a request.", ""
            return
        calls = compute_call(bundle, request)
        answer.value = f"<b>{html.escape(calls['tool'][0])}</b>, {calls['route'][0]}"
        table.value = spaced(calls)

    box.observe(update, names="value")
    update()
    return ipywidgets.VBox([box, answer, table])


def compute_interval(accuracy: float, examples: int) -> pd.DataFrame:
    """The 95 % interval of an accuracy measured on that many examples, and its half-width in points."""
    right = round(accuracy * examples)
    interval = accuracy_interval(np.arange(examples) < right)
    return pd.DataFrame(
        {
            "examples": [examples],
            "accuracy": [f"{interval.value:.3f}"],
            "from": [f"{interval.low:.3f}"],
            "to": [f"{interval.high:.3f}"],
            "half-width, points": [f"{50 * (interval.high - interval.low):.1f}"],
        }
    )


def show_interval() -> ipywidgets.VBox:
    """How the interval shrinks with the number of examples."""
    accuracy = slider("accuracy", 0.92, 0.5, 1.0, 0.01)
    examples = ipywidgets.IntSlider(
        value=900,
        min=50,
        max=5000,
        step=50,
        description="examples",
        style={"description_width": "initial"},
        layout={"width": "min(100% - 4px, 560px)"},
    )

    def draw(share: float, number: int) -> tuple[Figure, str, pd.DataFrame]:
        table = compute_interval(share, number)
        sizes = [50, 200, number, 5000] if number not in (50, 200, 5000) else [50, 200, 5000]
        rows = {f"{n} examples": accuracy_interval(np.arange(n) < round(share * n)) for n in sorted(sizes)}
        words = f"With {number} examples the 95 % interval runs from {table['from'][0]} to {table['to'][0]}."
        return plots.intervals(rows, "accuracy"), words, table

    return explorer([accuracy, examples], draw)
