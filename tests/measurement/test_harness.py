"""The harness against independent ones, in the same run: timeit, OpenVINO's benchmark_app, hyperfine.

Each pair takes turns, A B B A a round, until the interval of the median ratio is narrow enough to be judged; it must then
lie within 0.95 and 1.05. Like is timed with like: the same work, the same threads, the same statistic.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import timeit
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from edgelab.bundle.predict import Bundle
from edgelab.measurement.latency import measure_latency
from edgelab.measurement.processes import run_fresh
from edgelab.stats.intervals import Interval, percentile_interval
from edgelab.workspace import data_home

pytestmark = pytest.mark.slow
LEAST, NARROW = (
    20,
    0.04,
)  # rounds, and the width of an interval that can be judged: half of what is allowed, less a margin


def turns(ours: Callable[[], float], theirs: Callable[[], float], most: int) -> list[float]:
    """Ratios of rounds, ours over theirs, until their median's interval is `NARROW`: its place plays no part in when to
    stop. `most` rounds at most."""
    ratios: list[float] = []
    while len(ratios) < most:
        ends, first, second = [0.0, 0.0], *((0, 1) if len(ratios) % 2 else (1, 0))
        for which in (first, second, second, first):
            ends[which] += np.log((ours, theirs)[which]())
        ratios.append(float(np.exp((ends[0] - ends[1]) / 2)))
        interval = percentile_interval(ratios, 50)
        if len(ratios) >= LEAST and interval.high - interval.low < NARROW:
            break
    return ratios


def judge(name: str, ratios: list[float], capsys) -> None:
    interval: Interval = percentile_interval(ratios, 50)
    with capsys.disabled():
        print(f"\n{name}: ours / theirs {interval} in {len(ratios)} rounds, load {os.getloadavg()[0]:.1f}", end="")
    assert interval.low >= 0.95 and interval.high <= 1.05


def test_against_timeit(capsys):
    """The ready-made bundle's answer to one text, 50 times; timeit reports the total, so the means are compared."""
    ask, text = Bundle.load(data_home() / "bundles" / "pocket").predict, "wake me at half past six tomorrow"

    def ours() -> float:
        return sum(measure_latency({"a": ask}, [text] * 50, warmup=0)["a"].milliseconds)

    judge("timeit", turns(ours, lambda: 1000 * timeit.timeit(lambda: ask(text), number=50), most=400), capsys)


def test_the_judge_can_say_no(capsys):
    """A harness that is 8 % off is refused."""
    rng = np.random.default_rng(0)
    ratios = turns(lambda: 1.08 * rng.lognormal(0, 0.05), lambda: rng.lognormal(0, 0.05), most=400)
    with pytest.raises(AssertionError):
        judge("8 % off", ratios, capsys)


@pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="openvino is not installed")
def test_against_benchmark_app(tmp_path, monkeypatch, capsys):
    """One compiled network of several ms, 1 thread, f32: 21 inferences each (an odd number has one median). The app's own
    loop is called, in this process, and not its command: starting that takes seconds, in which the machine's mood changes.
    Its times are those that OpenVINO's C++ core takes."""
    monkeypatch.setitem(sys.modules, "openvino_telemetry", None)  # or it reports its use over the network
    from openvino.tools.benchmark.benchmark import Benchmark

    app = Benchmark("CPU", number_iterations=21, api_type="sync", inference_only=True)
    app.set_config(
        {"CPU": {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}}
    )
    compiled = app.core.compile_model(feed_forward(tmp_path / "model.onnx"), "CPU")
    requests, own = app.create_infer_requests(compiled), compiled.create_infer_request()
    x = np.random.default_rng(0).random((16, 1024), dtype=np.float32)
    for request in (own, *requests):
        request.infer({"x": x})
    batches, medians = SimpleNamespace(get_next_batch_size=lambda: 1), []

    def theirs() -> float:
        medians.append(app.main_loop(requests, batches, [1], 50, False)[1])
        return medians[-1]

    def ours() -> float:
        return measure_latency({"a": lambda _: own.infer()}, [""] * 21, warmup=0)["a"].percentile(50)

    ratios = turns(ours, theirs, most=400)
    assert np.median(medians) >= 3
    judge("benchmark_app", ratios, capsys)


@pytest.mark.skipif(shutil.which("hyperfine") is None, reason="hyperfine is not installed: apt-get install hyperfine")
def test_against_hyperfine(tmp_path, capsys):
    """Whole processes whose answer is the last thing that they do: ours ends its time there, hyperfine when the process
    is gone. So it holds little memory that would have to be given back."""
    program = "import os; print(sum(range(6 * 10**6)), flush=True); os._exit(0)"
    report = tmp_path / "report.json"
    command = ["hyperfine", "--shell=none", "--style=none", "--runs=2", f"--export-json={report}"]
    command.append(f"{sys.executable} -u -c '{program}'")

    def theirs() -> float:
        subprocess.run(command, check=True, capture_output=True)
        return 1000 * sum(json.loads(report.read_text())["results"][0]["times"])

    judge(
        "hyperfine",
        turns(lambda: sum(run_fresh(("-c", program)).milliseconds for _ in range(2)), theirs, most=100),
        capsys,
    )


def feed_forward(file: Path) -> Path:
    """Twelve layers of 1024 x 1024 with a ReLU each, for a batch of 16: 0.4 GFLOP."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng, nodes, weights, last = np.random.default_rng(0), [], [], "x"
    for i in range(12):
        weights.append(numpy_helper.from_array(rng.normal(0, 0.04, (1024, 1024)).astype(np.float32), f"w{i}"))
        nodes += [
            helper.make_node("MatMul", [last, f"w{i}"], [f"m{i}"]),
            helper.make_node("Relu", [f"m{i}"], [last := f"h{i}"]),
        ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [16, 1024]) for name in ("x", last)]
    graph = helper.make_graph(nodes, "feed forward", ends[:1], ends[1:], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), file)
    return file
