"""The family of `01_distillation` measured: size, time, what is right, and the card by which a release is decided."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgelab.bundle.predict import Bundle
from edgelab.datasets.dataset import Dataset
from edgelab.distillation.baselines import frozen_encoder, tfidf_svc
from edgelab.measurement.latency import measure_latency
from edgelab.models.trained import Trained
from edgelab.stats.bootstrap import paired_ratio
from edgelab.stats.intervals import Interval, accuracy_interval
from edgelab.stats.samples import LatencySamples

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Measured:
    """A model of the family: the whole bundle, its latency, what is right on test (labels and, where it makes calls, those)
    and on validation, and the retention there; the share of slots right on test where it tags them."""

    size_bytes: int
    latency: LatencySamples
    correct: np.ndarray
    decisive: np.ndarray
    retention: Interval
    calls: np.ndarray | None = None
    slots: float | None = None

    @property
    def mb(self) -> float:
        """The size in megabytes."""
        return self.size_bytes / 1e6

    @property
    def p50_ms(self) -> float:
        """The usual latency."""
        return self.latency.percentile(50)


def measure(family: Mapping[str, Trained], data: Dataset) -> dict[str, Measured]:
    """Each model exported to its bundle and, with the two classical baselines behind them, asked one request at a time, all
    interleaved in this process."""
    bundles = {name: Bundle.load(model.bundle()) for name, model in family.items()}
    baselines = {b.name: b for b in (tfidf_svc(data), frozen_encoder(data))}
    ways: dict[str, Callable[[str], object]] = {name: bundle.predict for name, bundle in bundles.items()}
    ways |= {name: baseline.predict for name, baseline in baselines.items()}
    latency = measure_latency(ways, list(data.validation.texts[:150]))
    reference, found = family["teacher"].correct("validation"), {}
    for name, model in family.items():
        right, size = model.correct("validation"), bundles[name].size_bytes
        slots = float(model.slots_correct().mean()) if has_slots(model) else None
        labels = model.correct(), right, paired_ratio(right, reference)
        found[name] = Measured(size, latency[name], *labels, calls=model.calls_correct(), slots=slots)
    for name, baseline in baselines.items():
        right = baseline.correct(data.validation)
        labels = baseline.correct(data.test), right, paired_ratio(right, reference)
        found[name] = Measured(baseline.size_bytes, latency[name], *labels)
    return found


def has_slots(model: Trained) -> bool:
    """Whether it tags slots, and its data has any."""
    return bool(model.dataset.slot_names) and model.outputs().slot_logits is not None


def family_table(measured: Mapping[str, Measured]) -> "pd.DataFrame":
    """A row a model: size and time, accuracy and calls on test, retention on validation."""
    import pandas as pd

    whole = measured["teacher"].size_bytes
    rows = {}
    for name, m in measured.items():
        rows[name] = {
            "size, MB": f"{m.mb:.2f}",
            "x smaller": f"{whole / m.size_bytes:.0f}",
            "p50, ms": f"{m.p50_ms:.2f}",
            "p99, ms": f"{m.latency.percentile(99):.1f}",
            "accuracy, test": f"{accuracy_interval(m.correct):.3f}",
            "calls, test": "-" if m.calls is None else f"{m.calls.mean():.3f}",
            "retention, validation": f"{m.retention:.3f}",
        }
    return pd.DataFrame(rows).T


def named(model: Trained, split: str = "test") -> np.ndarray:
    """The label that it gives each example of a split, by name."""
    return np.array(model.dataset.labels)[model.outputs(split).intent_logits.argmax(1)]


def cards(
    family: Mapping[str, Trained], measured: Mapping[str, Measured], recall_by_label: Callable
) -> Iterator[tuple[str, dict[str, float]]]:
    """Each model's name and its card on validation, by which a release is decided."""
    for name, model in family.items():
        gold, predicted = np.array(model.dataset.validation.labels), named(model, "validation")
        recall, accuracy = recall_by_label(predicted, gold), accuracy_interval(predicted == gold)
        slots = model.slots_correct("validation") if has_slots(model) else np.zeros(1)
        file = model.bundle() / "model.onnx"
        sent = gold[predicted == "ask_cloud"] == "ask_cloud"
        yield (
            name,
            {
                "accuracy": accuracy.value,
                "accuracy_low": accuracy.low,
                "calls": float(model.calls_correct("validation").mean()),
                "slots_exact": float(slots.mean()),
                "ask_cloud_recall": recall.get("ask_cloud", 1.0),
                "ask_cloud_precision": float(sent.mean()) if len(sent) else 1.0,
                "mean_label_recall": float(np.mean(list(recall.values()))),
                "worst_label_recall": min(recall.values()),
                "size_mb": measured[name].mb,
                "model_mb": file.stat().st_size / 1e6,
                "p50_ms": measured[name].p50_ms,
                "p99_ms": measured[name].latency.percentile(99),
            },
        )
