"""Two models that read no text but pictures of it, by the same tools: which way up is a line, and what does it say?

They are PaddleOCR's (Apache-2.0), in ONNX, from the package rapidocr: `edgelab prepare vision` fetches them.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgelab.bundle.session import cpu_session
from edgelab.datasets.packages import Package
from edgelab.export.placement import CPU
from edgelab.measurement.latency import measure_latency, speedup
from edgelab.stats.intervals import accuracy_interval
from edgelab.tiers.assignment import profiled
from edgelab.tiers.lines import WIDTH, Line, as_input
from edgelab.tiers.worth import scratch

if TYPE_CHECKING:
    import pandas as pd
    from onnx import TensorProto
    from onnxruntime import InferenceSession

RAPIDOCR = Package(
    "rapidocr",
    "3.10.0",
    "2fc34e26cd0f48514804a94f8832283039c7334076bff60768b1fed9ad068050",
    {
        "rapidocr/models/ch_ppocr_mobile_v2.0_cls_mobile.onnx": (
            "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c"
        ),
        "rapidocr/models/PP-OCRv6_rec_small.onnx": "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
    },
    kept_in="vision",
    megabytes=27,
)
MODELS = ("turned", "read")
MISSING = "the two models are not here: run `edgelab prepare vision` (27 MB, once) and this section again"
IMAGE = "x"  # what both files call their input
BLANK = 0  # the recognizer's class for "nothing new here"


def files(model: str) -> dict[str, Path]:
    """The file, as `fp32`, of the classifier of orientation (`turned`) or of the recognizer (`read`); none where they have
    not been fetched, and then it says how to."""
    if not RAPIDOCR.is_there():
        print(MISSING)
        return {}
    return {"fp32": dict(zip(MODELS, RAPIDOCR.kept(), strict=True))[model]}


def add(
    files: dict[str, Path], name: str, make: Callable[..., object], *inputs: object, of: str = "fp32", **options: object
) -> None:
    """One more file, made of that called `of` by `make(source, target, *inputs, **options)`; none where that is missing. It
    lasts as long as this process."""
    if of in files:
        target = scratch(f"{files['fp32'].stem} {name}.onnx")
        make(files[of], target, *inputs, **options)
        files[name] = target


def inputs(lines: Sequence[Line]) -> list[dict[str, np.ndarray]]:
    """What the classifier is asked of lines."""
    return [{IMAGE: as_input(line.image)} for line in lines]


def judged(files: dict[str, Path], lines: Sequence[Line]) -> "pd.DataFrame":
    """Files of the classifier side by side: KB, the share of lines of which each says rightly whether they are turned, the
    median time on one thread, interleaved, and how many times the first one's, with 95 % intervals."""
    return _side_by_side(
        files, lines, WIDTH, lambda session: lambda said: bool(said[0].argmax()), lambda line: line.turned
    )


def judged_reading(files: dict[str, Path], lines: Sequence[Line]) -> "pd.DataFrame":
    """The same of the recognizer: a line is right if each of its characters is."""
    return _side_by_side(files, lines, None, decoder, lambda line: line.text)


def _side_by_side(
    files: dict[str, Path],
    lines: Sequence[Line],
    width: int | None,
    decoded: Callable[["InferenceSession"], Callable[[np.ndarray], bool | str]],
    wanted: Callable[[Line], bool | str],
) -> "pd.DataFrame":
    import pandas as pd

    asked = [{IMAGE: as_input(line.image, width)} for line in lines]
    sessions = {name: cpu_session(file) for name, file in files.items()}
    said: dict[str, dict[str, np.ndarray]] = {name: {} for name in files}

    def subject(name: str) -> Callable[[str], None]:
        def ask(number: str) -> None:  # a line's number stands for a text
            said[name][number] = sessions[name].run(None, asked[int(number)])[0]

        return ask

    numbers = [str(number) for number in range(len(lines))]
    times = measure_latency({name: subject(name) for name in files}, numbers)
    rows = {}
    for name, file in files.items():
        decode = decoded(sessions[name])
        right = np.array([decode(said[name][n]) == wanted(line) for n, line in zip(numbers, lines, strict=True)])
        rows[name] = {
            "KB": round(file.stat().st_size / 1e3),
            "lines right": int(right.sum()),
            "share": f"{accuracy_interval(right):.2f}",
            "p50 ms": round(times[name].percentile(50), 1),
            "times the first": f"{speedup(times[name], times[next(iter(files))], block=min(10, len(lines))):.2f}",
        }
    return pd.DataFrame(rows).T


def decoder(session: "InferenceSession") -> Callable[[np.ndarray], str]:
    """How a recognizer's answer [1, places, characters] is read: the likeliest character at each place, repeats and blanks
    left out (CTC, Graves and others 2006)."""
    characters = ("", *session.get_modelmeta().custom_metadata_map["character"].splitlines(), " ")

    def decode(said: np.ndarray) -> str:
        best = said[0].argmax(axis=1)
        new = np.concatenate([[True], best[1:] != best[:-1]]) & (best != BLANK)
        return "".join(characters[place] for place in best[new])

    return decode


def held(files: dict[str, Path]) -> "pd.DataFrame":
    """What is in each file: KB of tensors by element type, those in `Constant` nodes apart, and how many nodes of a kind."""
    import onnx
    import pandas as pd

    columns = {}
    for name, file in files.items():
        graph = onnx.load(file).graph
        weights: Counter[str] = Counter()
        for tensor in graph.initializer:
            weights[f"KB {_type(tensor)}"] += _bytes(tensor)
        for node in graph.node:
            if node.op_type == "Constant":
                weights[f"KB {_type(node.attribute[0].t)}, as nodes"] += _bytes(node.attribute[0].t)
        kinds = Counter(node.op_type for node in graph.node)
        known = {kind: kinds[kind] for kind in KINDS}
        other = len(graph.node) - sum(known.values())
        columns[name] = {key: round(size / 1e3) for key, size in weights.items()} | known | {"other nodes": other}
    return pd.DataFrame(columns).fillna(0).astype(int)


KINDS = (
    "Constant",
    "Conv",
    "ConvInteger",
    "DynamicQuantizeLinear",
    "QuantizeLinear",
    "DequantizeLinear",
    "BatchNormalization",
)


def _type(tensor: "TensorProto") -> str:
    import onnx

    return str(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type))


def _bytes(tensor: "TensorProto") -> int:
    import onnx

    return onnx.numpy_helper.to_array(tensor).nbytes


def time_by_operator(files: dict[str, Path], lines: Sequence[Line]) -> "pd.DataFrame":
    """Where the classifier's time goes: ms a line by operator, as ONNX Runtime runs them (after its own rewriting, with its
    own names), the dearest first. Its profiler adds to each node: the sums exceed the time without it."""
    import pandas as pd

    columns = {}
    for name, file in files.items():
        spent: Counter[str] = Counter()
        for event in profiled(file, (CPU,), inputs(lines)):
            spent[event["args"]["op_name"]] += event["dur"]
        columns[name] = {operator: time / 1e3 / len(lines) for operator, time in spent.items()}
    table = pd.DataFrame(columns, dtype=float).fillna(0)
    return table.loc[table.max(axis=1).sort_values(ascending=False).index]
