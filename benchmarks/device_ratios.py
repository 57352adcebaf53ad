"""How much slower a model is on another device: the tables `ratios_to_galaxy_s25.csv` and `cpu_pairs.csv` of `data/figures`.

python -m benchmarks.device_ratios ai-hub-models     the folder of github.com/quic/ai-hub-models, at 52c080d

Nothing is measured here. A pair is the same model, precision and runtime on a device and on a Galaxy S25; its ratio is the
device's latency over the S25's. Which pairs are taken, by where their layers ran, is the reading.
"""

import argparse
import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from edgelab.measurement.population import CLASSES, REFERENCE
from edgelab.workspace import data_home, write_atomic

UNITS = ("npu", "gpu", "cpu")
TEXT_ENCODERS = ("bert_base_uncased_hf", "distil_bert_base_uncased_hf")


@dataclass(frozen=True)
class Published:
    """One measurement: how long the model took, and how many of its layers ran on each of `UNITS`."""

    model: str
    component: str
    precision: str
    runtime: str
    device: str
    latency_ms: float
    layers: tuple[int, int, int]

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.model, self.component, self.precision, self.runtime

    @property
    def units(self) -> tuple[str, ...]:
        """The units that ran layers."""
        return tuple(unit for unit, layers in zip(UNITS, self.layers, strict=True) if layers)


@dataclass(frozen=True)
class Pair:
    here: Published
    reference: Published

    @property
    def ratio(self) -> float:
        return self.here.latency_ms / self.reference.latency_ms


READINGS = {
    "all models": lambda pair: True,
    "text encoders": lambda pair: (
        pair.here.model in TEXT_ENCODERS and (pair.here.precision, pair.here.runtime) == ("w8a16", "onnx")
    ),
    "NPU on both": lambda pair: pair.here.units == pair.reference.units == ("npu",),
    "CPU on both": lambda pair: pair.here.units == pair.reference.units == ("cpu",),
}


def published(folder: Path) -> Iterable[Published]:
    """All measurements in the `perf.yaml` of each model that name a latency."""
    for path in sorted(folder.glob("qai_hub_models/models/*/perf.yaml")):
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        for precision, by_component in (content.get("precisions") or {}).items():
            for component, found in (by_component.get("components") or {}).items():
                for device, by_runtime in (found.get("performance_metrics") or {}).items():
                    for runtime, entry in by_runtime.items():
                        latency = entry.get("inference_time_milliseconds") if isinstance(entry, dict) else None
                        if latency:
                            counts = entry.get("layer_counts") or {}
                            layers = tuple(counts.get(unit, 0) for unit in UNITS)
                            name = path.parent.name
                            yield Published(name, component, precision, runtime, device, float(latency), layers)


def pairs(measurements: Iterable[Published]) -> list[Pair]:
    """Each measurement on a device of `CLASSES` with the reference device's, where there is one."""
    found = [m for m in measurements if m.device in CLASSES.values()]
    reference = {m.key: m for m in found if m.device == REFERENCE}
    return [Pair(m, reference[m.key]) for m in found if m.key in reference]


def ratio_rows(found: list[Pair]) -> list[dict]:
    """A row for each reading and device."""
    rows = []
    for reading, takes in READINGS.items():
        for device in CLASSES.values():
            taken = [pair for pair in found if pair.here.device == device and takes(pair)]
            p10, median, p90 = np.percentile([pair.ratio for pair in taken], (10, 50, 90))
            alike = sum(pair.here.units == pair.reference.units for pair in taken)
            row = {"reading": reading, "device": device, "pairs": len(taken), "same_units": alike}
            rows.append(row | {"p10": f"{p10:.2f}", "median": f"{median:.2f}", "p90": f"{p90:.2f}"})
    return rows


def cpu_rows(found: list[Pair]) -> list[dict]:
    """The pairs of the reading `CPU on both`, one by one."""
    taken = [p for p in found if p.here.device != REFERENCE and READINGS["CPU on both"](p)]
    columns = ("model", "component", "precision", "runtime", "device", "latency_ms")
    return [
        {name: getattr(pair.here, name) for name in columns} | {"galaxy_s25_ms": pair.reference.latency_ms}
        for pair in sorted(taken, key=lambda pair: (pair.here.key, pair.here.device))
    ]


def write(rows: list[dict], path: Path) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomic(path, text.getvalue())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    found = pairs(published(folder))
    if not found:
        parser.error(f"{folder}: expected qai_hub_models/models/*/perf.yaml with devices of CLASSES, found none")
    write(ratio_rows(found), data_home() / "figures" / "ratios_to_galaxy_s25.csv")
    write(cpu_rows(found), data_home() / "figures" / "cpu_pairs.csv")


if __name__ == "__main__":
    main()
