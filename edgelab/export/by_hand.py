"""What `03_export` writes by hand, small and on arrays: a runtime in NumPy, what can be fused, how many pieces an accelerator
runs a graph in, what 16 bits lose. The notebook sets each beside ONNX Runtime's own answer."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Operators = Mapping[str, Callable[..., Any]]


@dataclass(frozen=True)
class Node:
    """One operator of a graph: the names of the values that it reads, of the one that it writes, and its settings."""

    operator: str
    reads: tuple[str, ...]
    writes: str
    settings: dict[str, Any] = field(default_factory=dict)


# --- a runtime -------------------------------------------------------------------------------------


def slice_values(
    values: np.ndarray, starts: np.ndarray, ends: np.ndarray, axes: np.ndarray, steps: np.ndarray
) -> np.ndarray:
    """ONNX's Slice: along each of `axes` what lies from its start to before its end, in its steps; all of the other axes."""
    index = [slice(None)] * values.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        index[axis] = slice(start, end, step)
    return values[tuple(index)]


def run_graph(nodes: Sequence[Node], values: Mapping[str, Any], operators: Operators) -> dict[str, Any]:
    """Every value of a graph by its name, in whatever order its nodes stand: a node runs once all that it reads is there.

    Args:
        values: the inputs and the weights.
        operators: by its name, what computes a node's result from what it reads, and its settings by name.

    Raises:
        ValueError: some nodes can never run.
    """
    values, waiting = dict(values), list(nodes)
    while waiting:
        ready = [node for node in waiting if set(node.reads) <= set(values)]
        if not ready:
            raise ValueError(f"{len(waiting)} nodes wait for what nothing writes")
        for node in ready:
            inputs = [values[name] for name in node.reads]
            values[node.writes] = operators[node.operator](*inputs, **node.settings)
        waiting = [node for node in waiting if node.writes not in values]
    return values


# --- what a runtime makes of it ---------------------------------------------------------------------


def fusable(nodes: Sequence[Node], outputs: Collection[str], first: str, second: str) -> int:
    """How many nodes of the operator `second` can take in one of `first`: they read its result, and nobody else needs that,
    no other node and none of the graph's `outputs`."""
    needed = Counter(outputs)
    for node in nodes:
        needed.update(node.reads)
    made = {node.writes for node in nodes if node.operator == first and needed[node.writes] == 1}
    return sum(node.operator == second and any(name in made for name in node.reads) for node in nodes)


def fewest_partitions(nodes: Sequence[Node], known: Collection[str], lacking: Collection[str]) -> int:
    """In how few pieces an accelerator can run a graph that leaves the operators `lacking` to the CPU, nodes that do not
    depend on each other in any order: each side runs all that it can before the other has its turn.

    Args:
        known: the names of inputs and weights.
    """
    known, waiting, pieces, on_target = set(known), list(nodes), 0, False
    while waiting:
        mine = [node for node in waiting if (node.operator not in lacking) == on_target]
        ready = [node for node in mine if set(node.reads) <= known]
        if not ready:
            on_target = not on_target
            pieces += on_target
        known |= {node.writes for node in ready}
        waiting = [node for node in waiting if node.writes not in known]
    return pieces


def pad_request(request: Mapping[str, np.ndarray], tokens: int) -> dict[str, np.ndarray]:
    """A request's arrays [texts, its tokens], filled up with zeros to this number of tokens.

    Raises:
        ValueError: it has more.
    """
    free = tokens - request["ids"].shape[1]
    if free < 0:
        raise ValueError(f"expected at most {tokens} tokens, {-free} fewer")
    return {name: np.pad(array, ((0, 0), (0, free))) for name, array in request.items()}


def battery(lengths: np.ndarray, tokens: int) -> float:
    """What a request costs on average, in units of one token on the accelerator, if the file there is fixed to `tokens`: one
    that fits is padded to it; a longer one runs on the CPU, unpadded, at three units a token."""
    fits = lengths <= tokens
    costs = np.where(fits, tokens, 3 * lengths)
    return float(np.mean(costs))


# --- 16 bits ---------------------------------------------------------------------------------------


def round_bits(bits: np.ndarray, kept: int) -> np.ndarray:
    """The bits (uint32) of float32 values, rounded to the nearest number whose fraction has `kept` bits (1 to 22), ties to the
    one whose last bit is 0."""
    drop = 23 - kept
    half = 2 ** (drop - 1)
    last = (bits >> drop) & 1
    return ((bits + (half - 1) + last) >> drop) << drop


def loss_by_operator(
    nodes: Sequence[Node],
    values: Mapping[str, Any],
    operators: Operators,
    rounded: Callable[[np.ndarray], np.ndarray],
    output: str,
) -> dict[str, float]:
    """By operator, how far the graph's `output` moves at most when the results of this operator alone are `rounded`."""
    exact = run_graph(nodes, values, operators)[output]
    losses = {}
    for name in {node.operator for node in nodes}:
        changed = dict(operators)
        changed[name] = lambda *inputs, **settings: rounded(operators[name](*inputs, **settings))  # noqa: B023 - called in this turn
        moved = run_graph(nodes, values, changed)[output]
        losses[name] = float(np.abs(moved - exact).max())
    return losses
