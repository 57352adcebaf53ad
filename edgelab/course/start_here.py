"""The explorers of `00_start_here`: Pocket live, and how wide an interval is."""

import html

import ipywidgets
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from edgelab.bundle.predict import Bundle, Prediction
from edgelab.course import plots
from edgelab.course.explorer import explorer, slider, spaced
from edgelab.stats.intervals import accuracy_interval
from edgelab.stats.softmax import softmax


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
    box = ipywidgets.Text(value=text, description="Say", continuous_update=True, layout={"width": "min(100%, 640px)"})
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
        layout={"width": "min(100%, 560px)"},
    )

    def draw(share: float, number: int) -> tuple[Figure, str, pd.DataFrame]:
        table = compute_interval(share, number)
        sizes = [50, 200, number, 5000] if number not in (50, 200, 5000) else [50, 200, 5000]
        rows = {f"{n} examples": accuracy_interval(np.arange(n) < round(share * n)) for n in sorted(sizes)}
        words = f"With {number} examples the 95 % interval runs from {table['from'][0]} to {table['to'][0]}."
        return plots.intervals(rows, "accuracy"), words, table

    return explorer([accuracy, examples], draw)
