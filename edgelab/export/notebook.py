"""What `03_export` shows without the learner writing it: requests, counts, times and tables of what is measured."""

import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelab.bundle.session import session_options
from edgelab.export.graph import LEVELS, fix_shapes, operators, optimize
from edgelab.export.placement import TARGETS, partitions, with_shapes
from edgelab.export.runtimes import Result, RuntimeMissing, half_precision
from edgelab.export.small_runtime import Graph, RoundBits, graph_of, rounding
from edgelab.measurement.latency import measure_latency
from edgelab.stats.samples import LatencySamples

if TYPE_CHECKING:
    import pandas as pd
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

    from edgelab.export.preflight import Preflight

PHONES = ("QNNExecutionProvider", "CoreMLExecutionProvider")
COPIED_MB = 16
FRACTIONS = (10, 7)  # bits: float16's and bfloat16's
_scratch: list[tempfile.TemporaryDirectory] = []  # gone when the kernel ends


def scratch_folder() -> Path:
    """A folder for the files that are made on the way."""
    _scratch.append(tempfile.TemporaryDirectory(prefix="edgelab-"))
    return Path(_scratch[-1].name)


def requests_of(tokenizer: "Tokenizer", texts: Sequence[str]) -> list[dict[str, np.ndarray]]:
    """Each text as a model reads it: `ids` and `mask`, both [1, its tokens]."""
    ids = [np.array([encoding.ids]) for encoding in map(tokenizer.encode, texts)]
    return [{"ids": row, "mask": np.ones_like(row)} for row in ids]


def asked(session: "InferenceSession", feeds: Sequence[dict]) -> np.ndarray:
    """The intent's logits of requests that are asked one by one, [texts, labels]."""
    return np.concatenate([session.run(["intent"], _whole(feed))[0] for feed in feeds])


def _whole(feed: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """As the course's files read it, in whatever whole numbers a request was padded."""
    return {name: np.asarray(values, dtype=np.int64) for name, values in feed.items()}


def p50_table(timed: Mapping[str, LatencySamples]) -> "pd.Series":
    """The medians, in milliseconds, by name."""
    import pandas as pd

    found = {name: round(samples.percentile(50), 3) for name, samples in timed.items()}
    return pd.Series(found, name="p50, ms")


def earlier(one: LatencySamples, other: LatencySamples) -> int:
    """In how many rounds `one` was there before the other."""
    return sum(ours < theirs for ours, theirs in zip(one.milliseconds, other.milliseconds, strict=True))


# --- what a runtime makes of a graph ----------------------------------------------------------------


def rewritten(models: Mapping[str, Path]) -> dict[str, dict[str, dict[str, int]]]:
    """By model and level, the nodes of each operator after ONNX Runtime's rewriting."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "optimised.onnx"
        return {
            name: {level: operators(optimize(path, out, level)) for level in LEVELS} for name, path in models.items()
        }


def time_levels(
    models: Mapping[str, Path], tokenizers: Mapping[str, "Tokenizer"], texts: Sequence[str]
) -> dict[str, dict[str, LatencySamples]]:
    """By model and level, tokens in, logits out, the levels interleaved."""
    import onnxruntime

    timed = {}
    for name, path in models.items():
        sessions = {level: onnxruntime.InferenceSession(path, session_options(level=level)) for level in LEVELS}
        feeds = requests_of(tokenizers[name], texts)
        timed[name] = time_requests(sessions, dict.fromkeys(LEVELS, feeds))
    return timed


def time_requests(
    sessions: "Mapping[str, InferenceSession]", feeds: Mapping[str, Sequence[dict]]
) -> dict[str, LatencySamples]:
    """Each session on requests of its own, as many for all, interleaved."""

    def answering(name: str) -> Callable[[str], Any]:
        own = [_whole(feed) for feed in feeds[name]]
        return lambda number: sessions[name].run(None, own[int(number)])

    numbers = [str(number) for number in range(len(next(iter(feeds.values()))))]
    return measure_latency({name: answering(name) for name in sessions}, numbers)


def pieces_of(
    models: Mapping[str, Path],
    reports: "Mapping[str, Preflight]",
    fewest: Callable[..., int],
) -> "pd.DataFrame":
    """In how many pieces each accelerator runs each model, its sizes fixed to 1 x 32: node after node in the file's order, at
    best, and by ONNX Runtime's checker."""
    import pandas as pd

    rows = []
    for name, path in models.items():
        graph = checkers_graph(path)
        for placed in reports[name].placements[-len(TARGETS) :]:
            lacking = set(placed.unsupported)
            given = ["CPU" if node.operator in lacking else placed.target for node in graph.nodes]
            found = partitions(given, placed.target), fewest(graph.nodes, graph.known, lacking), placed.partitions
            rows.append((name, placed.target, *found))
    return pd.DataFrame(rows, columns=["model", "target", "in the file's order", "at best", "by the checker"])


def checkers_graph(path: Path, tokens: int = 32) -> Graph:
    """The graph that ONNX Runtime's checker looks at: fixed to one request of so many tokens, simplified, without weights."""
    with tempfile.TemporaryDirectory() as folder:
        return graph_of(with_shapes(fix_shapes(path, Path(folder) / "fixed.onnx", batch=1, tokens=tokens)).graph)


def absent_provider() -> str:
    """A provider for phones that this build of ONNX Runtime does not have."""
    import onnxruntime

    return next(name for name in PHONES if name not in onnxruntime.get_available_providers())


def open_on(path: Path, provider: str, **config: Any) -> "tuple[InferenceSession, list[str]]":
    """A session that was asked for one provider, and the warnings that were heard. `config` entries are `session.` keys of
    ONNX Runtime."""
    import onnxruntime

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        session = onnxruntime.InferenceSession(path, session_options(**config), [provider])
    return session, [str(warning.message) for warning in heard]


def refusal_on(path: Path, provider: str, **config: Any) -> str:
    """What the error says that such a session ends in; empty if it opens."""
    try:
        open_on(path, provider, **config)
    except Exception as error:  # ONNX Runtime's own share no base class
        return str(error)
    return ""


def faults_of(path: Path, model: Any, vocabulary: int, **demanded: Any) -> str:
    """What `preflight` has against a file, a line a fault; empty if nothing."""
    from edgelab.export.preflight import PreflightError, preflight  # with torch

    try:
        preflight(path, model, vocabulary, **demanded)
    except PreflightError as error:
        return str(error)
    return ""


# --- 16 bits ------------------------------------------------------------------------------------------


def losses(
    by_operator: Callable[..., dict], round_bits: RoundBits, graph: Graph, exact: Any, feeds: Sequence[dict]
) -> "dict[int, pd.Series]":
    """By the bits of fraction that are kept, each operator's largest loss over these requests, as `by_operator` finds it."""
    import pandas as pd

    def worst(kept: int) -> pd.Series:
        how = exact, rounding(round_bits, kept), "intent"
        return pd.DataFrame([by_operator(graph.nodes, graph.weights | feed, *how) for feed in feeds]).max()

    return {kept: worst(kept) for kept in FRACTIONS}


# --- runtimes ----------------------------------------------------------------------------------------


def runtimes_table(results: Mapping[str, Sequence[Result]]) -> "pd.DataFrame":
    """A line for each model and runtime, below the 16-bit types that OpenVINO finds this processor able to compute in."""
    import pandas as pd

    rows = []
    for name, found in results.items():
        for r in found:
            row = {"model": name, "runtime": f"{r.runtime} {r.version}", "computes in": r.note or r.precision}
            if r.latency is not None and r.speedup is not None:
                row["largest difference"] = f"{r.largest_difference:.1g}"
                row["same label"] = f"{r.same_labels:.0%}"
                row["same call"] = f"{r.same_calls:.0%}"
                row["p50, ms"] = f"{r.latency.percentile(50):.3f}"
                row["times faster"] = f"{r.speedup:.2f}"
            rows.append(row)
    try:
        print("16-bit types that OpenVINO finds here:", ", ".join(half_precision()) or "none, so it stayed with f32")
    except RuntimeMissing as missing:
        print(missing)
    return pd.DataFrame(rows).fillna("-")


def openvino_speedup(results: Sequence[Result]) -> list[float]:
    """How many times as fast as ONNX Runtime OpenVINO answered, as it comes; nothing where it is not installed."""
    return [r.speedup.value for r in results if r.runtime == "openvino" and r.speedup is not None]


# --- copies ------------------------------------------------------------------------------------------


def time_copies() -> dict[str, LatencySamples]:
    """A graph with almost no work, one `Neg` on 16 MB: the same numbers handed over in four ways."""
    import onnxruntime
    from onnx import TensorProto, helper

    size = [COPIED_MB * 256, 1024]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name in "xy")
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "negate", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), session_options())
    numbers = np.random.default_rng(0).normal(size=size).astype(np.float32)
    binding, result = session.io_binding(), np.empty_like(numbers)
    binding.bind_cpu_input("x", numbers)
    output = onnxruntime.OrtValue.ortvalue_from_numpy(result)
    binding.bind_ortvalue_output("y", output)

    def handing_over(array: np.ndarray) -> Callable[[str], Any]:
        return lambda _: session.run(None, {"x": array.astype(np.float32, copy=False)})

    subjects = {
        "as it is": handing_over(numbers),
        "transposed": handing_over(np.asfortranarray(numbers)),
        "float64": handing_over(numbers.astype(np.float64)),
        "bound": lambda _: session.run_with_iobinding(binding),
    }
    return measure_latency(subjects, [""] * 15, warmup=3)


def mapped_weights(file: Path, folder: Path, requests: Sequence[dict]) -> "pd.DataFrame":
    """A model whose weights stand in its file, beside it, and beside it and mapped: memory of two sessions in a fresh process,
    time to load, time for a request."""
    import onnx
    import pandas as pd

    from edgelab.export.cold_start import memory_of_sessions

    split = folder / "mapped.onnx"
    onnx.save(onnx.load(file), split, save_as_external_data=True, location="weights")
    kinds: dict[str, tuple[Path, dict[str, Any]]] = {
        "in the file": (file, {}),
        "beside it, prepacked": (split, {}),
        "beside it, mapped": (split, {"disable_prepacking": "1"}),
    }
    openings = {name: _opening(path, config) for name, (path, config) in kinds.items()}
    loading = measure_latency(openings, [""] * 5, warmup=1)
    running = time_requests({name: opened("") for name, opened in openings.items()}, dict.fromkeys(kinds, requests))
    rows = {}
    for name, (path, config) in kinds.items():
        first, second = memory_of_sessions(path, **config)
        rows[name] = {
            "first session, MB": f"{first / 1e6:.0f}",
            "second session, MB": f"{second / 1e6:.0f}",
            "load, p50 ms": f"{loading[name].percentile(50):.0f}",
            "request, p50 ms": f"{running[name].percentile(50):.2f}",
        }
    return pd.DataFrame(rows).T


def _opening(path: Path, config: dict[str, Any]) -> Callable[[str], Any]:
    import onnxruntime

    return lambda _: onnxruntime.InferenceSession(path, session_options(**config))


# --- a handy export ----------------------------------------------------------------------------------


def export_handy(model: Any, request: dict[str, np.ndarray], path: Path) -> Path:
    """Export with one request at hand, the sizes left open as the exporter sees fit (`Dim.AUTO`). A model that gives one
    result only gives the intent."""
    import torch

    from edgelab.export.to_onnx import write_graph

    auto = torch.export.Dim.AUTO
    example = tuple(torch.from_numpy(request[name]) for name in ("ids", "mask"))
    outputs = ["intent", "slots"][: len(model.eval()(*example))]
    write_graph(model, example, path, ["ids", "mask"], outputs, {n: {0: auto, 1: auto} for n in ("ids", "mask")})
    return path
