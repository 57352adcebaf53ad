"""Which nodes of a quantized graph can compute in whole numbers, and which stay float between them."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

QUANTIZE, DEQUANTIZE = "QuantizeLinear", "DequantizeLinear"


@dataclass(frozen=True)
class Node:
    """A node: its operator, the names of the values that it reads, and of the one that it makes."""

    operator: str
    inputs: tuple[str, ...]
    output: str


def nodes(file: Path) -> list[Node]:
    """A file's nodes, in the order of execution."""
    import onnx

    graph = onnx.load(file, load_external_data=False).graph
    return [Node(node.op_type, tuple(filter(None, node.input)), node.output[0]) for node in graph.node]


def in_integers(nodes: Sequence[Node]) -> list[str]:
    """The outputs of the nodes, in order, that a runtime may compute in whole numbers: DequantizeLinear makes all that
    they read, and QuantizeLinear alone reads what they make."""
    made_by = {node.output: node.operator for node in nodes}
    read_by = defaultdict(set)
    for node in nodes:
        for name in node.inputs:
            read_by[name].add(node.operator)
    whole = []
    for node in nodes:
        sources = {made_by.get(name) for name in node.inputs}
        if sources == {DEQUANTIZE} and read_by[node.output] == {QUANTIZE}:
            whole.append(node.output)
    return whole


def arithmetic(nodes: Sequence[Node], whole: Sequence[str]) -> "pd.DataFrame":
    """How many nodes of each operator may compute in whole numbers (their outputs are in `whole`), and how many stay float;
    the pairs themselves left out."""
    import pandas as pd

    rows = [(n.operator, n.output in set(whole)) for n in nodes if n.operator not in (QUANTIZE, DEQUANTIZE)]
    integer, total = Counter(operator for operator, is_whole in rows if is_whole), Counter(o for o, _ in rows)
    table = {
        operator: {"whole numbers": integer[operator], "float": n - integer[operator]} for operator, n in total.items()
    }
    return pd.DataFrame(table, ["whole numbers", "float"], dtype=int).T.sort_values("float", ascending=False)
