"""Micro-benchmarks of the machine: the constants from which a generator's times are predicted, taken without one."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelab.generation.physics import BITS_STORED, Rates
from edgelab.measurement.latency import measure_latency
from edgelab.tiers.memory_wall import weight_bytes

if TYPE_CHECKING:
    from onnx import ModelProto

WIDE, NARROW = 1536, 576  # of a product: the ratio of a feed-forward part
WEIGHTS = 128 * 2**20  # enough of them that no precision fits a cache of its core
PROMPT = 64
COPIED = 2**29  # bytes moved by one copy
BLOCK = 32


def copier() -> Callable[[str], object]:
    """What copies so much that `COPIED` bytes are moved: each is read and written."""
    source = np.ones(COPIED // 16)
    target = np.zeros_like(source)
    return lambda _: np.copyto(target, source)


def products(precision: str, pairs: int) -> "ModelProto":
    """An ONNX model of `pairs` pairs of products, NARROW -> WIDE -> NARROW, each with weights of its own, made as
    onnxruntime-genai's builder makes them: `MatMul` in fp32, else `MatMulNBits` in blocks of 32."""
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    nodes, weights, last = [], [], "x"
    for number in range(2 * pairs):
        rows, columns = (NARROW, WIDE) if number % 2 == 0 else (WIDE, NARROW)
        out = f"y{number}"
        if precision == "fp32":
            matrix = rng.standard_normal((rows, columns), dtype=np.float32) / np.float32(rows**0.5)
            weights.append(numpy_helper.from_array(matrix, f"w{number}"))
            nodes.append(helper.make_node("MatMul", [last, f"w{number}"], [out]))
        else:
            bits = int(precision.removeprefix("int"))
            packed = rng.integers(0, 256, (columns, rows // BLOCK, BLOCK * bits // 8), dtype=np.uint8)
            scales = np.full((columns, rows // BLOCK), 2.0 ** (2 - bits) / rows**0.5, dtype=np.float32)
            weights += [numpy_helper.from_array(packed, f"w{number}"), numpy_helper.from_array(scales, f"s{number}")]
            options: dict[str, Any] = {"K": rows, "N": columns, "bits": bits, "block_size": BLOCK, "accuracy_level": 4}
            names = [last, f"w{number}", f"s{number}"]
            nodes.append(helper.make_node("MatMulNBits", names, [out], domain="com.microsoft", **options))
        last = out
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", NARROW]) for name in ("x", last)]
    graph = helper.make_graph(nodes, "products", ends[:1], ends[1:], weights)
    versions = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=versions, ir_version=10)


class Products:
    """The same opened in onnxruntime. `weights` are how many there are, rounded up to a pair."""

    def __init__(self, precision: str, *, weights: int = WEIGHTS, threads: int = 1) -> None:
        import onnxruntime as ort

        pairs = max(1, round(weights / (2 * WIDE * NARROW)))
        self.precision, self.weights = precision, pairs * 2 * WIDE * NARROW
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        made = products(precision, pairs).SerializeToString()
        self._session = ort.InferenceSession(made, options, providers=["CPUExecutionProvider"])
        self._inputs = {n: np.ones((n, NARROW), dtype=np.float32) for n in (1, PROMPT)}

    def runner(self, tokens: int) -> Callable[[str], object]:
        """What multiplies with one token, or with `PROMPT`, each time that it is called."""
        return lambda _: self._session.run(None, {"x": self._inputs[tokens]})

    def rates(self, one_s: float, many_s: float, cache: float) -> Rates:
        """What follows from the seconds of one token's run, of `PROMPT` tokens' run, and the cache's bytes a second."""
        stored = weight_bytes(self.weights, BITS_STORED[self.precision])
        return Rates(stored / one_s, 2 * self.weights * PROMPT / many_s, cache)


def measure_rates(
    precisions: Sequence[str] = ("fp32", "int8", "int4"), *, weights: int = WEIGHTS, repeats: int = 7, threads: int = 1
) -> dict[str, Rates]:
    """The machine's rates at each precision, measured interleaved: medians. The cache's is that of a copy."""
    opened = {precision: Products(precision, weights=weights, threads=threads) for precision in precisions}
    subjects: dict[str, Callable[[str], object]] = {"copy": copier()}
    for precision, product in opened.items():
        for tokens in (1, PROMPT):
            subjects[f"{precision} {tokens}"] = product.runner(tokens)
    taken = measure_latency(subjects, [""] * repeats, warmup=1)
    seconds = {name: samples.percentile(50) / 1000 for name, samples in taken.items()}
    cache = COPIED / seconds["copy"]
    return {p: opened[p].rates(seconds[f"{p} 1"], seconds[f"{p} {PROMPT}"], cache) for p in precisions}
