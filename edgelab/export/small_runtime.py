"""A small ONNX graph for a runtime in NumPy: its nodes, its weights, and the operators that take a line."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelab.export.by_hand import Node, Operators
from edgelab.export.graph import GraphError

if TYPE_CHECKING:
    from onnx import GraphProto


RoundBits = Callable[[np.ndarray, int], Any]


@dataclass(frozen=True)
class Graph:
    """A file's nodes in its order, the weights by name, and the names of its inputs and outputs: lists, as in the cases of
    the exercises, since what passes there may count on a list's methods."""

    nodes: list[Node]
    weights: dict[str, np.ndarray]
    inputs: list[str]
    outputs: list[str]

    @property
    def known(self) -> list[str]:
        """The names of all that is there before the first node runs."""
        return [*self.weights, *self.inputs]


def read_graph(path: Path) -> Graph:
    """The graph of an ONNX file whose nodes write one value each; a `GraphError` if one writes several."""
    import onnx

    return graph_of(onnx.load(path).graph)


def graph_of(graph: "GraphProto") -> Graph:
    """The same of a graph that has been read.

    Raises:
        GraphError: a node writes several values.
    """
    from onnx import helper, numpy_helper

    nodes = []
    for node in graph.node:
        if len(node.output) != 1:
            raise GraphError(f"{node.op_type}: expected one result, found {len(node.output)}")
        settings = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        nodes.append(Node(node.op_type, tuple(node.input), node.output[0], settings))
    stored = [
        tensor for tensor in graph.initializer if not tensor.external_data
    ]  # a checker's graph leaves weights outside
    weights = {
        tensor.name: numpy_helper.to_array(tensor) if tensor in stored else np.empty(0) for tensor in graph.initializer
    }
    inputs = [value.name for value in graph.input if value.name not in weights]
    return Graph(nodes, weights, inputs, [value.name for value in graph.output])


def _cast(x: np.ndarray, to: int) -> np.ndarray:
    from onnx import helper

    return x.astype(helper.tensor_dtype_to_np_dtype(to))


def _gelu(x: np.ndarray, approximate: bytes = b"none") -> np.ndarray:
    erf = np.vectorize(math.erf, otypes=[np.float32])
    return x * (1 + erf(x / math.sqrt(2))) / 2


def gemm(
    a: np.ndarray,
    b: np.ndarray,
    c: Any = 0.0,
    alpha: float = 1.0,
    beta: float = 1.0,
    transA: int = 0,  # noqa: N803 - the names are ONNX's
    transB: int = 0,  # noqa: N803
) -> np.ndarray:
    """ONNX's Gemm: alpha times the product of `a` and `b`, each transposed first where its flag is 1, plus beta times `c`."""
    a = a.T if transA else a
    b = b.T if transB else b
    return alpha * (a @ b) + beta * c


def _over(how: Callable) -> Callable:
    return lambda x, axes, keepdims=1, **_: how(x, tuple(axes), keepdims=bool(keepdims))


# Each only as far as the course's convolution needs it; Slice is the learner's.
OPERATORS: Operators = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
    "MatMul": np.matmul,
    "Gemm": gemm,
    "Gather": lambda table, ids, axis=0: np.take(table, ids, axis),
    "Concat": lambda *parts, axis: np.concatenate(parts, axis),
    "Unsqueeze": lambda x, axes: np.expand_dims(x, tuple(axes)),
    "Pad": lambda x, widths, mode=b"constant": np.pad(x, widths.reshape(2, -1).T),
    "Cast": _cast,
    "Gelu": _gelu,
    "ReduceSum": _over(np.sum),
    "ReduceMax": _over(np.max),
}


def rounding(round_bits: RoundBits, kept: int) -> Callable[[Any], Any]:
    """Rounds float values to so many bits of fraction, as float32; whole numbers stay as they are."""

    def rounded(values: Any) -> Any:
        if np.asarray(values).dtype.kind != "f":
            return values
        bits = np.asarray(values, dtype=np.float32).view(np.uint32)
        return np.asarray(round_bits(bits, kept)).astype(np.uint32).view(np.float32)

    return rounded


def rounding_all(operators: Operators, round_bits: RoundBits, kept: int) -> Operators:
    """The operators, the result of each rounded so."""
    rounded = rounding(round_bits, kept)

    def then(operator: Callable) -> Callable:
        return lambda *inputs, **settings: rounded(operator(*inputs, **settings))

    return {name: then(operator) for name, operator in operators.items()}
