"""Cases and mistakes of the exercises on 16 bits: `round_bits`, `loss_by_operator`."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.export.by_hand import Node, loss_by_operator, round_bits, run_graph
from edgelab.export.small_graphs import ARITHMETIC, drawn

# --- round_bits ------------------------------------------------------------------------------------


def _bits(rng: np.random.Generator) -> Iterator[tuple]:
    yield rng.uniform(1, 100, 3).astype(np.float32).view(np.uint32), 7  # few enough to be shown
    for shape, kept in (((40,), 7), ((6, 9), 10), ((30,), 3), ((20,), 1), ((20,), 22)):
        values = rng.normal(size=shape) * 10.0 ** rng.integers(-6, 7, shape)
        yield values.astype(np.float32).view(np.uint32), kept
    for kept in (7, 10, 1):  # exactly half-way, the even neighbour below, then above, then with a minus
        step = 2.0**-kept
        ties = np.array([1 + step / 2, 1 + 1.5 * step, -1 - 2.5 * step, -1 - 3.5 * step], dtype=np.float32)
        yield (np.float32(2.0 ** rng.integers(-3, 4)) * ties).view(np.uint32), kept
    tiny = rng.integers(1, 2**23, 12).astype(np.uint32)  # no bit of the exponent is set
    yield tiny, 7
    yield tiny | np.uint32(2**31), 10
    largest = np.finfo(np.float32).max
    yield np.array([0.0, -0.0, np.inf, -np.inf, largest, -largest], dtype=np.float32).view(np.uint32), 7


def _floats(bits: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(bits, dtype=np.uint32).view(np.float32)


def _added(bits: np.ndarray, kept: int, plus: int) -> np.ndarray:
    drop = 23 - kept
    return ((bits + np.uint32(plus)) >> drop) << drop


def _frexp(bits: np.ndarray, kept: int) -> np.ndarray:
    mantissa, exponent = np.frexp(_floats(bits))
    return (
        np.ldexp(np.round(mantissa * 2.0 ** (kept + 1)) / 2.0 ** (kept + 1), exponent)
        .astype(np.float32)
        .view(np.uint32)
    )


ROUND = (
    Mistake(
        "cut off",
        lambda bits, kept: _added(bits, kept, 0),
        "clearing the lower bits cuts towards zero: add something first, so that the sum carries when it must.",
    ),
    Mistake(
        "ties away from zero",
        lambda bits, kept: _added(bits, kept, 2 ** (22 - kept)),
        "adding half rounds every tie away from zero: add one less, and one more where the last bit that stays is 1.",
    ),
    Mistake(
        "ties towards zero",
        lambda bits, kept: _added(bits, kept, 2 ** (22 - kept) - 1),
        "adding one less than half rounds every tie towards zero: add the last bit that stays as well.",
    ),
    Mistake(
        "ties to odd",
        lambda bits, kept: (
            ((bits + (2 ** (22 - kept) - 1) + (1 - ((bits >> (23 - kept)) & 1))) >> (23 - kept)) << (23 - kept)
        ),
        "a tie goes to the neighbour whose last bit is 0, not 1.",
    ),
    Mistake(
        "always up",
        lambda bits, kept: _added(bits, kept, 2 ** (23 - kept) - 1),
        "that carries for every bit that is lost: only from half a step on it is to be rounded up.",
    ),
    Mistake(
        "always bfloat16",
        lambda bits, kept: round_bits(bits, 7),
        "how many bits of fraction stay is an argument: bfloat16's 7 are one case.",
    ),
    Mistake(
        "bits of the whole number",
        lambda bits, kept: round_bits(bits, kept - 9 if kept > 9 else 1),
        "`kept` counts bits of the fraction alone: the sign's and the exponent's 9 stay besides.",
    ),
    Mistake(
        "numbers instead of bits",
        lambda bits, kept: _floats(round_bits(bits, kept)),
        "return the bits, whole numbers as they came: the caller reads them as float32 again.",
    ),
    Mistake(
        "by frexp",
        _frexp,
        "the smallest numbers have no exponent of their own, and lose bits of their fraction: work on the bits as they are.",
    ),
    Mistake(
        "shifted and left there",
        lambda bits, kept: round_bits(bits, kept) >> (23 - kept),
        "shift back: the bits that stay keep their places, the lower ones are 0.",
    ),
)

# --- loss_by_operator ------------------------------------------------------------------------------


def _whole(values: Any) -> Any:
    return np.round(values)


def _tenths(values: Any) -> Any:
    return np.floor(np.asarray(values) * 10) / 10


def _runs(rng: np.random.Generator) -> Iterator[tuple]:
    for size, shape, rounded in ((6, (3,), _whole), (15, (2, 4), _tenths), (25, (2,), _whole), (25, (5,), _tenths)):
        nodes = drawn(rng, size)
        values = {name: rng.normal(scale=3, size=shape) for name in ("x", "y")}
        yield nodes, values, ARITHMETIC, rounded, nodes[-1].writes
    values = {"x": np.array([0.3, -7.6]), "y": np.array([0.2, 0.1])}
    two = [
        Node("Add", ("x", "y"), "a"),
        Node("Scale", ("a",), "b"),
        Node("Add", ("b", "y"), "c"),
        Node("Shift", ("c",), "d"),
    ]
    yield two, values, ARITHMETIC, _whole, "d"
    yield two, values, ARITHMETIC, _whole, "b"  # an output in the middle: what comes later cannot move it
    yield two[:1], {"x": np.array([1.0]), "y": np.array([2.0])}, ARITHMETIC, _whole, "a"  # nothing to lose


def _lost(nodes: Any, values: Any, operators: Any, rounded: Any, output: str, *, distance: Any) -> dict[str, float]:
    exact = run_graph(nodes, values, operators)[output]
    losses = {}
    for name in dict.fromkeys(node.operator for node in nodes):
        moved = run_graph(nodes, values, {**operators, name: _then(rounded, operators[name])})[output]
        losses[name] = float(distance(moved - exact))
    return losses


def _then(rounded: Any, operator: Any) -> Any:
    return lambda *inputs, **settings: rounded(operator(*inputs, **settings))


def _first(rounded: Any, operator: Any) -> Any:
    return lambda *inputs, **settings: operator(*(rounded(value) for value in inputs), **settings)


def _one_after_another(nodes: Any, values: Any, operators: Any, rounded: Any, output: str) -> dict[str, float]:
    exact, changed, losses = run_graph(nodes, values, operators)[output], dict(operators), {}
    for name in dict.fromkeys(node.operator for node in nodes):
        changed[name] = _then(rounded, operators[name])
        losses[name] = float(np.abs(run_graph(nodes, values, changed)[output] - exact).max())
    return losses


def _inputs_rounded(nodes: Any, values: Any, operators: Any, rounded: Any, output: str) -> dict[str, float]:
    exact, losses = run_graph(nodes, values, operators)[output], {}
    for name in dict.fromkeys(node.operator for node in nodes):
        moved = run_graph(nodes, values, {**operators, name: _first(rounded, operators[name])})[output]
        losses[name] = float(np.abs(moved - exact).max())
    return losses


def _everything(nodes: Any, values: Any, operators: Any, rounded: Any, output: str) -> dict[str, float]:
    exact = run_graph(nodes, values, operators)[output]
    every = {name: _then(rounded, operator) for name, operator in operators.items()}
    loss = float(np.abs(run_graph(nodes, values, every)[output] - exact).max())
    return {node.operator: loss for node in nodes}


def _locally(nodes: Any, values: Any, operators: Any, rounded: Any, output: str) -> dict[str, float]:
    found, losses = run_graph(nodes, values, operators), dict[str, float]()
    for node in nodes:
        loss = float(np.abs(rounded(found[node.writes]) - found[node.writes]).max())
        losses[node.operator] = max(losses.get(node.operator, 0.0), loss)
    return losses


LOSS = (
    Mistake(
        "all at once",
        _everything,
        "one operator at a time: the others stay as they are, else you cannot tell who loses.",
    ),
    Mistake(
        "one after another",
        _one_after_another,
        "begin each time with the exact operators: those that were rounded before must be exact again.",
    ),
    Mistake(
        "the inputs rounded",
        _inputs_rounded,
        "the operator's RESULT is rounded; what it reads comes exact.",
    ),
    Mistake(
        "where it arises",
        _locally,
        "not how far the operator's own result moves counts, but how far the graph's output does.",
    ),
    Mistake(
        "signs kept",
        lambda nodes, values, operators, rounded, output: _lost(
            nodes, values, operators, rounded, output, distance=np.max
        ),
        "an output may move down as well as up: absolute values before the maximum.",
    ),
    Mistake(
        "mean",
        lambda nodes, values, operators, rounded, output: _lost(
            nodes, values, operators, rounded, output, distance=lambda gap: np.abs(gap).mean()
        ),
        "a mean hides the one number that moved far: take the maximum.",
    ),
    Mistake(
        "the last value of all",
        lambda nodes, values, operators, rounded, output: loss_by_operator(
            nodes, values, operators, rounded, nodes[-1].writes
        ),
        "`output` names the value that counts; it need not be the last one.",
    ),
    Mistake(
        "only those that lose",
        lambda nodes, values, operators, rounded, output: {
            name: loss for name, loss in loss_by_operator(nodes, values, operators, rounded, output).items() if loss
        },
        "one entry for each operator of the graph, a loss of 0 as well.",
    ),
    Mistake(
        "every operator that there is",
        lambda nodes, values, operators, rounded, output: (
            dict.fromkeys(operators, 0.0) | loss_by_operator(nodes, values, operators, rounded, output)
        ),
        "one entry for each operator that the graph has, not for each that you have.",
    ),
)


def register(check: Checks) -> None:
    """Add both to a notebook's registry."""
    check.function(
        round_bits,
        cases=_bits,
        nudge="Clearing the lower bits cuts. What must be added before, so that the sum carries exactly when it must? Think of "
        "one bit above half, one below, and half itself.",
        mistakes=ROUND,
        rtol=0.0,
        atol=0.0,
    )
    check.function(
        loss_by_operator,
        cases=_runs,
        nudge="Run the graph once with the exact operators. Then, for each operator, with a copy in which this one is wrapped.",
        mistakes=LOSS,
    )
