"""`edgelab build` on public data, several seeds: what it reaches, held against the course's floors.

python -m benchmarks.build                              CLINC150, three seeds, a quarter of an hour each
python -m benchmarks.build --data snips2017 --seeds 1   data that no choice was made on

Prints the table and writes it into README.md.

Each seed trains a teacher and students of its own; ratios are taken within a seed, side by side, and their median is
shown. Accuracy and retention are on test, read once, after each build chose on validation.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np

from benchmarks.pocket_card import public_data, put, table
from edgelab import datasets
from edgelab.build.page import measure
from edgelab.build.pipeline import build
from edgelab.machine.host import host
from edgelab.selection.bar import Bar
from edgelab.workspace import write_atomic

README = Path(__file__).parent / "README.md"
FLOORS = ((0.98, 150, 45), (0.99, 100, 40))  # retention, times smaller, times faster


def run(name: str, seeds: int) -> tuple[list[dict], list[float]]:
    """The report of each seed's build, and how many seconds it took from nothing, in a home of its own."""
    reports, seconds = [], []
    with public_data():
        data = datasets.load(name)
    for seed in range(seeds):
        with tempfile.TemporaryDirectory(prefix="edgelab-") as folder, patch.dict(os.environ, EDGELAB_HOME=folder):
            start = time.perf_counter()
            out = Path(folder) / "out"
            reports.append(build(data, out, Bar(), seed=seed, say=lambda line: print(line, flush=True)))
            seconds.append(time.perf_counter() - start)
    return reports, seconds


def medians(reports: list[dict]) -> dict[str, dict[str, float]]:
    """For each model the median over the reports of what it gets right on test, its retention there and at the lower end
    on validation, of what decided, and its ratios to the fp32 teacher; the smallest model first."""
    found = {}
    kept = measure(reports[0]).retention
    for name in [m["name"] for m in (reports[0]["teacher"], reports[0]["teacher_int8"], *reports[0]["candidates"])]:
        entries = [
            next(m for m in (r["teacher"], r["teacher_int8"], *r["candidates"]) if m["name"] == name) for r in reports
        ]
        columns = {key: [e[key] for e in entries] for key in ("accuracy", "size_ratio", "speed_ratio")}
        columns["retention"] = [e[kept] for e in entries]
        columns["validation_low"] = [e["validation"][f"{kept}_ci"][0] for e in entries]
        columns["calls"] = [e["call_exact_match"] or 0 for e in entries]
        columns["slots"] = [e["slot_exact_match"] or 0 for e in entries]
        columns["size_mb"] = [e["size_bytes"] / 1e6 for e in entries]
        columns["p50_ms"] = [e["latency_ms"]["p50"] for e in entries]
        found[name] = {key: float(np.median(values)) for key, values in columns.items()}
    return dict(sorted(found.items(), key=lambda item: -item[1]["size_ratio"]))


def best(models: dict[str, dict[str, float]], retention: float) -> str | None:
    """The smallest model that kept this share of what the teacher gets right on test, in the median of the seeds: read
    off the frontier, where a build chooses on validation."""
    return next((name for name, m in models.items() if m["retention"] >= retention), None)


def figures(reports: list[dict], seconds: list[float]) -> str:
    models = medians(reports)
    has_slots = reports[0]["dataset"]["slots"] > 0
    rows = [
        [
            name,
            f"{100 * m['accuracy']:.1f}",
            *([f"{100 * m['calls']:.1f}", f"{100 * m['slots']:.1f}"] if has_slots else []),
            f"{100 * m['retention']:.1f}",
            f"{100 * m['validation_low']:.1f}",
            f"{m['size_mb']:.3f}",
            f"{m['size_ratio']:.0f}",
            f"{m['p50_ms']:.3f}",
            f"{m['speed_ratio']:.1f}",
        ]
        for name, m in models.items()
    ]
    columns = ["model", "accuracy, test, %", *(["calls exact, test, %", "slots exact, test, %"] if has_slots else [])]
    columns += [f"retention of {reports[0]['bar']['retention_of']}s, test, %", "lower end on validation, %", "size, MB"]
    columns += ["times smaller", "p50, ms", "times faster"]
    lines = []
    for retention, smaller, faster in FLOORS:
        name = best(models, retention)
        reached = "no model" if name is None else f"{name}: {models[name]['size_ratio']:.0f} times smaller, "
        reached += "" if name is None else f"{models[name]['speed_ratio']:.0f} times faster"
        lines.append(f"- at {retention:.0%} retention (floor {smaller} and {faster} times): {reached}")
    chosen = ", ".join(r["chosen"] or f"none (nearest: {r['nearest']})" for r in reports)
    took = f"; minutes from nothing: {', '.join(f'{s / 60:.1f}' for s in seconds)}" if seconds else ""
    return "\n".join(
        [
            f"{host().cpu}, {host().cores} cores, seeds: {len(reports)}, medians{took}.",
            "",
            table(columns, rows),
            "",
            *lines,
            f"- chosen at the default bar of 98 %, seed by seed: {chosen}",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=("clinc150", "snips2017"), default="clinc150")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    printed = figures(*run(given.data, given.seeds))
    print(printed)
    write_atomic(README, put(README.read_text("utf-8"), f"build-{given.data}", printed))


if __name__ == "__main__":
    main()
