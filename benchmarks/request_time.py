"""Where a request's time goes in a bundle: tokenizer, call into ONNX Runtime, operators, slots, and what lies between.

python -m benchmarks.request_time [BUNDLE]      seconds of one core; prints a table

Clocks stand around the parts of `predict` while it answers: timed by itself, over and over, each part would find all that
it needs in the processor's caches, and take less. After each request a graph that only hands its inputs back is called
with the same ids: operators are the model's call less that one. The last row but one is what no part holds: the array of
ids made, shapes and numbers checked, the answer put together, and the clocks, a tenth of a microsecond each.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np

from benchmarks.pocket_card import table
from edgelab.bundle import predict
from edgelab.bundle.predict import Bundle
from edgelab.bundle.session import cpu_session
from edgelab.machine.host import host
from edgelab.measurement.bundles import TEXTS
from edgelab.workspace import data_home

WARMUP = 200  # requests


def hands_back(names: list[str]) -> bytes:
    """An ONNX file that gives back its inputs of these names: what a call costs without a model."""
    from onnx import TensorProto, helper

    inputs, outputs = (
        [helper.make_tensor_value_info(name + end, TensorProto.INT64, ["batch", "tokens"]) for name in names]
        for end in ("", "_back")
    )
    nodes = [helper.make_node("Identity", [name], [f"{name}_back"]) for name in names]
    graph = helper.make_graph(nodes, "hands_back", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10).SerializeToString()


def clocked(spent: dict[str, int], name: str, call: Callable) -> Callable:
    """The call, its nanoseconds noted in `spent`."""

    def run(*args):
        begin = time.perf_counter_ns()
        result = call(*args)
        spent[name] = time.perf_counter_ns() - begin
        return result

    return run


def measure(bundle: Bundle, texts: list[str]) -> dict[str, np.ndarray]:
    """Microseconds of each part for each text, [texts]; those of the whole of `predict` come last. The bundle is changed."""
    spent: dict[str, int] = {}
    call = clocked(spent, "call", cpu_session(hands_back([i.name for i in bundle.session.get_inputs()])).run)
    fed: dict[str, np.ndarray] = {}

    def run(names: list[str] | None, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        fed.update(feed)
        return model(names, feed)

    model = clocked(spent, "model", bundle.session.run)
    bundle.session = SimpleNamespace(run=run)
    bundle.encode, bundle.token_ids = (clocked(spent, "tokenizer", each) for each in (bundle.encode, bundle.token_ids))
    whole, rows = clocked(spent, "predict", bundle.predict), []
    with patch.object(predict, "decode", clocked(spent, "slots", predict.decode)):
        for text in [*texts[:WARMUP], *texts]:
            whole(text)
            call(None, fed)
            rows.append(spent.copy())
    of = {name: np.array([row.get(name, 0) for row in rows[-len(texts) :]]) / 1000 for name in (*spent, "slots")}
    parts = {
        "tokenizer": of["tokenizer"],
        "call into ONNX Runtime": of["call"],
        "operators": of["model"] - of["call"],
        "slots decoded": of["slots"],
    }
    return parts | {"Python around": of["predict"] - sum(parts.values()), "predict": of["predict"]}


def figures(found: dict[str, np.ndarray]) -> str:
    """Medians over the texts: of each part, and of its share of its own request."""
    whole = found["predict"]
    rows = [[name, f"{np.median(us):.1f}", f"{100 * np.median(us / whole):.0f}"] for name, us in found.items()]
    return table(["part", "median, microseconds", "share, %"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", nargs="?", type=Path, default=data_home() / "bundles" / "pocket")
    parser.add_argument("--requests", type=int, default=2000)
    given = parser.parse_args()
    bundle = Bundle.load(given.bundle)
    print(f"{bundle.manifest['model']}, {host().cpu}, {host().cores} cores\n")
    print(figures(measure(bundle, [TEXTS[i % len(TEXTS)] for i in range(given.requests)])))


if __name__ == "__main__":
    main()
