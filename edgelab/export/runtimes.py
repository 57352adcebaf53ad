"""The same ONNX file in other runtimes: do they agree, in what precision do they compute, how long do they take?"""

import copy
import importlib.metadata
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from edgelab.bundle.predict import Bundle
from edgelab.measurement.latency import measure_latency, speedup
from edgelab.stats.intervals import Interval
from edgelab.stats.samples import LatencySamples

RUNTIMES = ("onnxruntime", "openvino", "openvino, f32 forced")


class RuntimeMissing(RuntimeError):
    """The runtime's package is not installed."""


@dataclass(frozen=True)
class Result:
    """A bundle in one runtime, beside ONNX Runtime. `precision` is what the compiled model says it computes in,
    `largest_difference` that of any logit, `same_labels` the share of texts that get the same label, `same_calls` of
    those that get the same slots, too; `speedup` ONNX Runtime's p50 over this one's. A runtime that is missing has a
    `note` that says why, and nothing else."""

    runtime: str
    version: str = "-"
    precision: str = "-"
    largest_difference: float | None = None
    same_labels: float | None = None
    same_calls: float | None = None
    latency: LatencySamples | None = None
    speedup: Interval | None = None
    note: str = ""


def open_runtimes(bundle: Bundle) -> tuple[dict[str, Bundle], dict[str, str]]:
    """The bundle in every runtime of `RUNTIMES` that is installed, and why the others are not there."""
    opened, missing = {"onnxruntime": bundle}, {}
    for name in RUNTIMES[1:]:
        try:
            opened[name] = in_openvino(bundle, precision="f32" if "f32" in name else None)
        except RuntimeMissing as error:
            missing[name] = str(error)
    return opened, missing


def compare_runtimes(bundle: Bundle, texts: Sequence[str]) -> list[Result]:
    """A bundle in every runtime of `RUNTIMES`, on the same texts, timed one request at a time in one process."""
    opened, missing = open_runtimes(bundle)
    latency = measure_latency({name: b.predict for name, b in opened.items()}, list(texts))
    reference = [bundle.predict(text) for text in texts]
    results = []
    for name, other in opened.items():
        answers = [other.predict(text) for text in texts]
        pairs = list(zip(answers, reference, strict=True))
        same_calls = float(np.mean([(a.label, a.slots) == (r.label, r.slots) for a, r in pairs]))
        logits = [np.stack([p.intent_logits for p in given]) for given in (answers, reference)]
        largest, same = agreement(*logits)
        for slots, expected in ((a.slot_logits, r.slot_logits) for a, r in pairs):
            if slots is not None:
                largest = float(np.maximum(largest, np.abs(slots - expected).max()))
        precision = getattr(other.session, "precision", "as in the file")
        faster = speedup(latency["onnxruntime"], latency[name])
        version = importlib.metadata.version(name.partition(",")[0])
        results.append(Result(name, version, precision, largest, same, same_calls, latency[name], faster))
    return results + [Result(name, note=note) for name, note in missing.items()]


def agreement(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Of two runtimes' logits [texts, labels]: the largest absolute difference, the share of texts with the same label. Where
    a logit is not finite, the difference is infinite and the label is not the same. No text at all is a `ValueError`."""
    finite = np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1)
    same = finite & (a.argmax(axis=1) == b.argmax(axis=1))
    largest = np.abs(a - b).max() if finite.all() else np.inf
    return float(largest), float(same.mean())


def in_openvino(bundle: Bundle, *, precision: str | None = None, threads: int = 1) -> Bundle:
    """The same bundle, its model compiled by OpenVINO. Raises RuntimeMissing where that is not installed."""
    other = copy.copy(bundle)
    other.session = OpenVinoSession(bundle.folder / "model.onnx", precision=precision, threads=threads)
    return other


class OpenVinoSession:
    """An ONNX file compiled by OpenVINO for the CPU, run as an `onnxruntime.InferenceSession` is.

    `precision` is the type that the compiled model computes in, as it reports it. Unless it is forced (`"f32"`),
    OpenVINO takes bfloat16 or float16 where the processor has instructions for it.

    Raises:
        RuntimeMissing: OpenVINO is not installed.
    """

    def __init__(self, path: Path, *, precision: str | None = None, threads: int = 1) -> None:
        core = _openvino().Core()
        hints = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads}
        if precision:
            hints["INFERENCE_PRECISION_HINT"] = precision
        self._model = core.compile_model(core.read_model(path), "CPU", hints)
        self._request = self._model.create_infer_request()
        self.precision: str = self._model.get_property("INFERENCE_PRECISION_HINT").get_type_name()

    def run(self, names: list[str] | None, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        """The outputs of these names, all of them for None."""
        results = self._request.infer(feeds, share_inputs=True)
        return [results[name] for name in names or range(len(self._model.outputs))]

    def kernels(self) -> dict[str, int]:
        """The compiled model's kernels by the name that OpenVINO gives their kind, as `jit_avx2_f32`: how many."""
        found = [node.get_rt_info() for node in self._model.get_runtime_model().get_ops()]
        return dict(
            Counter(info["primitiveType"].astype(str) for info in found if "primitiveType" in info).most_common()
        )


def half_precision() -> tuple[str, ...]:
    """The 16-bit types that OpenVINO finds this processor able to compute in. Raises RuntimeMissing."""
    found = _openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return tuple(name for name in ("BF16", "FP16") if name in found)


def _openvino() -> ModuleType:
    # Importing OpenVINO reports to its makers over the network. Without this package it keeps its own silent stub.
    if "openvino_telemetry" not in sys.modules:
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # None: how Python marks what not to import
    try:
        import openvino
    except ImportError:
        raise RuntimeMissing("not installed: `pip install openvino` adds it") from None
    return openvino
