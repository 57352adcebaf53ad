"""The formats of `02_quantization`: what each changes, and what it costs."""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgelab.bundle.evaluation import calls_right
from edgelab.bundle.predict import Bundle
from edgelab.models.trained import Trained
from edgelab.quantization.conversion import Converted, convert
from edgelab.quantization.damage import change
from edgelab.quantization.onnx_tools import weight_only, weights
from edgelab.stats.intervals import Interval, accuracy_interval

if TYPE_CHECKING:
    import pandas as pd

    from edgelab.datasets.dataset import Dataset
    from edgelab.stats.samples import LatencySamples

_SAID: dict[Path, "Said"] = {}
Moves = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[float, float, float]]
FORMATS = ("fp32", "int8", "int8 static", "int8 static 99.9 %", "int4 blocks", "int4 packed")


@dataclass(frozen=True)
class Said:
    """What a model says of test: the tools' `logits` [requests, labels]; whether its tool, its slots (None where the data
    has none) and its whole call are right, bool [requests]."""

    logits: np.ndarray
    right: np.ndarray
    slots: np.ndarray | None
    calls: np.ndarray


def said(model: Trained) -> Said:
    """Asked for once: to look up what is kept takes longer than to compare it."""
    key = model.artifact.path
    if key not in _SAID:
        logits = model.outputs().intent_logits
        right = logits.argmax(axis=1) == labels_of(model)
        slots = model.slots_correct() if model.dataset.slot_names else None
        _SAID[key] = Said(logits, right, slots, calls_right(right, slots))
    return _SAID[key]


def percent(interval: Interval) -> str:
    """In percent, with its interval."""
    return f"{100 * interval.value:.1f} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def in_formats(trained: Trained, precisions: Iterable[str]) -> dict[str, Converted]:
    """A model in each precision, by `name, precision`."""
    return {f"{trained.name}, {precision}": convert(trained, precision) for precision in precisions}


def labels_of(model: Trained) -> np.ndarray:
    """The right labels of its data's test, as columns of the logits, [requests]."""
    return np.array(model.dataset.label_ids(model.dataset.test))


def before_and_after(models: Mapping[str, Converted], name: str) -> tuple[np.ndarray, np.ndarray]:
    """The tools' logits on test of one of the models, and of the same model in fp32: both [requests, labels]."""
    original = models[f"{models[name].name}, fp32"]
    return said(models[name]).logits, said(original).logits


def moved(models: Mapping[str, Converted], moves: Moves) -> dict[str, tuple[float, float, float]]:
    """The shares of test that each broke, repaired and got wrong in another way, by the learner's function."""
    gold = labels_of(next(iter(models.values())))
    return {name: moves(*before_and_after(models, name), gold) for name in models}


def kept_in_int8(models: Mapping[str, Converted]) -> list[float]:
    """Which share of its fp32 accuracy each model keeps in int8."""
    right = {name: float(said(model).right.mean()) for name, model in models.items()}
    names = [name.rpartition(", ")[0] for name in models if name.endswith(", int8")]
    return [right[f"{name}, int8"] / right[f"{name}, fp32"] for name in names]


def two_seeds(student: Trained, another: Trained, moves: Moves) -> str:
    """How many tools are others with another seed, in words."""
    share = 100 * sum(moves(said(another).logits, said(student).logits, labels_of(student)))
    return f"two seeds, both in fp32: {share:.1f} % of the tools are others"


def format_table(models: Mapping[str, Converted], moved: Mapping[str, tuple[float, float, float]]) -> "pd.DataFrame":
    """Each model's accuracy and calls on test, the flips by kind as `moved` has them, and the divergence."""
    import pandas as pd

    gold, rows = labels_of(next(iter(models.values()))), {}
    for name, model in models.items():
        found = change(*before_and_after(models, name), gold)
        broken, repaired, otherwise = (100 * float(share) for share in moved[name])
        rows[name] = {
            "accuracy, %": percent(found.accuracy),
            "calls right, %": percent(accuracy_interval(said(model).calls)),
            "broken, %": f"{broken:.2f}",
            "repaired, %": f"{repaired:.2f}",
            "wrong otherwise, %": f"{otherwise:.2f}",
            "KL, nats": f"{found.kl:.4f}",
        }
    return pd.DataFrame(rows).T


def timed(models: Mapping[str, Converted], data: "Dataset") -> "tuple[dict[str, Bundle], Mapping[str, LatencySamples]]":
    """The models' bundles, and their latencies on a hundred texts, interleaved in this process."""
    from edgelab.measurement.latency import measure_latency

    bundles = {name: Bundle.load(model.bundle()) for name, model in models.items()}
    subjects: dict[str, Callable[[str], object]] = {name: bundle.predict for name, bundle in bundles.items()}
    return bundles, measure_latency(subjects, list(data.validation.texts[:100]))


def times_faster(latency: "Mapping[str, LatencySamples]") -> dict[str, Interval]:
    """How many times as fast each is as the same model in fp32."""
    from edgelab.measurement.latency import speedup

    return {name: speedup(latency[f"{name.rpartition(', ')[0]}, fp32"], taken) for name, taken in latency.items()}


def cost_table(
    bundles: Mapping[str, Bundle], latency: "Mapping[str, LatencySamples]", faster: Mapping[str, Interval]
) -> "pd.DataFrame":
    """Size and speed of each."""
    import pandas as pd

    rows = {}
    for name, bundle in bundles.items():
        rows[name] = {
            "size, MB": f"{bundle.size_bytes / 1e6:.2f}",
            "p50, ms": f"{latency[name].percentile(50):.3f}",
            "times faster": f"{faster[name]:.2f}",
        }
    return pd.DataFrame(rows).T


def packed_table(student: Trained, aware: Trained, stored_bytes: Callable[..., int]) -> "pd.DataFrame":
    """A student in fp32, and the one that was trained at 2 bits packed so, with the bytes that `stored_bytes` expects."""
    import pandas as pd

    rows, first = {}, 0
    for name, model, bits in (
        ("fp32", convert(student, "fp32"), 32),
        ("2 bits, packed", convert(aware, "int2 packed"), 2),
    ):
        axes = {weight: weight.axis if bits < 32 else None for weight in weights(student.bundle() / "model.onnx")}
        expected = [int(stored_bytes(*weight.shape, bits, axis)) for weight, axis in axes.items()]
        size = Bundle.load(model.bundle()).size_bytes
        first = first or size
        rows[name] = {
            "accuracy, %": percent(accuracy_interval(said(model).right)),
            "calls right, %": f"{100 * said(model).calls.mean():.1f}",
            "model.onnx, bytes": f"{model.file.stat().st_size:,}",
            "its matrices, expected": f"{sum(expected):,}",
            "bundle, MB": f"{size / 1e6:.2f}",
            "times smaller": f"{first / size:.1f}",
        }
    return pd.DataFrame(rows)


def bytes_by_bits(file: Path, bits: Iterable[int]) -> dict[int, tuple[int, tuple[str, ...]]]:
    """What `weight_only` makes of a file at so many bits: bytes, and the layers that stayed fp32."""
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        for number in bits:
            target = Path(scratch) / "few.onnx"
            weight_only(file, target, bits=number)
            found[number] = target.stat().st_size, tuple(weight.layer for weight in weights(target))
    return found
