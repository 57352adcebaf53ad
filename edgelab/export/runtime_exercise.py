"""Cases and mistakes of the exercises on the loop over a graph, and on whether two runtimes agree: `run_graph`, `agreement`."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.export.by_hand import Node, run_graph
from edgelab.export.runtimes import agreement
from edgelab.export.small_graphs import ARITHMETIC, chain, drawn, shuffled

# --- run_graph -------------------------------------------------------------------------------------


def _graphs(rng: np.random.Generator) -> Iterator[tuple]:
    for size, shape in ((4, (3,)), (12, (2, 3)), (30, (2,))):
        nodes = drawn(rng, size)
        values = {"x": rng.normal(size=shape), "y": rng.normal(size=shape), "w": rng.normal(size=shape)}
        yield nodes, values, ARITHMETIC
        yield nodes[::-1], values, ARITHMETIC
        yield shuffled(rng, nodes), values, ARITHMETIC
    values = {"x": rng.normal(size=2), "y": rng.normal(size=2)}
    yield [], values, ARITHMETIC
    yield [Node("Sub", ("y", "x"), "d"), Node("Sub", ("d", "d"), "zero")], values, ARITHMETIC
    yield [*chain("Scale", "Shift"), Node("Add", ("c0", "absent"), "t")], values, ARITHMETIC  # nothing writes it
    yield [Node("Add", ("x", "b"), "a"), Node("Scale", ("a",), "b"), *chain("Shift")], values, ARITHMETIC  # a circle


def _in_order(nodes: Any, values: Any, operators: Any) -> dict:
    values = dict(values)
    for node in nodes:
        values[node.writes] = operators[node.operator](*[values[name] for name in node.reads], **node.settings)
    return values


def _what_can(nodes: Any, values: Any, operators: Any) -> dict:
    values, waiting = dict(values), list(nodes)
    while ready := [node for node in waiting if set(node.reads) <= set(values)]:
        values |= _in_order(ready, values, operators)
        waiting = [node for node in waiting if node.writes not in values]
    return values


def _once_through(nodes: Any, values: Any, operators: Any) -> dict:
    values = dict(values)
    for node in nodes:
        if set(node.reads) <= set(values):
            values |= _in_order([node], values, operators)
    if len([node for node in nodes if node.writes in values]) < len(nodes):
        raise ValueError("left over")
    return values


def _into_the_input(nodes: Any, values: Any, operators: Any) -> dict:
    values.update(run_graph(nodes, values, operators))
    return values


def _without(nodes: Any, **changed: Any) -> list[Node]:
    return [Node(node.operator, changed.get("reads", tuple)(node.reads), node.writes, {}) for node in nodes]


RUN = (
    Mistake(
        "in the list's order",
        _in_order,
        "the nodes may stand in any order: run a node only when all that it reads is there, and come back to the others.",
    ),
    Mistake(
        "once through the list",
        _once_through,
        "one pass is not enough: a node that had to wait needs another turn.",
    ),
    Mistake(
        "stops without a word",
        _what_can,
        "nodes are left over that can never run: raise a ValueError, or a wrong file gives a wrong answer silently.",
    ),
    Mistake(
        "settings left out",
        lambda nodes, values, operators: run_graph(_without(nodes), values, operators),
        "a node's settings go to its operator, by name: **node.settings.",
    ),
    Mistake(
        "inputs sorted",
        lambda nodes, values, operators: run_graph(
            [Node(n.operator, tuple(sorted(n.reads)), n.writes, n.settings) for n in nodes], values, operators
        ),
        "y - x is not x - y: hand the inputs over in the order of node.reads.",
    ),
    Mistake(
        "inputs reversed",
        lambda nodes, values, operators: run_graph(
            [Node(n.operator, n.reads[::-1], n.writes, n.settings) for n in nodes], values, operators
        ),
        "the inputs are read in their own order, from the first on.",
    ),
    Mistake(
        "results only",
        lambda nodes, values, operators: {
            name: value for name, value in run_graph(nodes, values, operators).items() if name not in values
        },
        "return all values by name, inputs and weights among them.",
    ),
    Mistake(
        "into the learner's input",
        _into_the_input,
        "the caller's dict must stay as it was: begin with dict(values).",
    ),
    Mistake(
        "the last value",
        lambda nodes, values, operators: list(run_graph(nodes, values, operators).values())[-1],
        "return the whole dict of values: a graph may have several outputs.",
    ),
)

# --- agreement -------------------------------------------------------------------------------------


def _logits(rng: np.random.Generator) -> Iterator[tuple]:
    for texts, labels in ((7, 3), (61, 27), (1, 4)):
        a = rng.normal(scale=2, size=(texts, labels))
        b = a - np.abs(rng.normal(scale=0.8, size=a.shape))
        yield a, b
        yield b, a  # whichever way the difference is taken, its sign is wrong once
    yield a, a.copy()
    for odd in (np.nan, np.inf, -np.inf):
        a = rng.normal(size=(4, 3))
        b = a + rng.normal(scale=0.01, size=a.shape)
        b[1, a[1].argmax()] = odd  # where argmax finds it, too
        yield a, b
        yield b, a
        yield b, b.copy()
    yield np.zeros((0, 3)), np.zeros((0, 3))


def _same(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.isfinite(a - b).all(axis=1) & (a.argmax(1) == b.argmax(1))


def _with(how: Any) -> Any:
    """The right answer but for its first number."""

    def answer(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
        largest, share = agreement(a, b)
        return (float(how(a, b)) if np.isfinite(largest) else largest), share

    return answer


AGREEMENT = (
    Mistake(
        "signs kept",
        _with(lambda a, b: (b - a).max()),
        "a difference of -5 is worse than one of 0.1: take absolute values before the maximum.",
    ),
    Mistake(
        "signs kept, the other way round",
        _with(lambda a, b: (a - b).max()),
        "where b is the larger, a - b is negative and never the maximum: take absolute values first.",
    ),
    Mistake(
        "the sign taken off too late",
        _with(lambda a, b: abs((a - b).max())),
        "the absolute value comes before the maximum, not after it.",
    ),
    Mistake(
        "mean instead of maximum",
        _with(lambda a, b: np.abs(a - b).mean()),
        "a mean hides the one logit that is far off: take the maximum.",
    ),
    Mistake(
        "NaN let through",
        lambda a, b: (float(np.abs(a - b).max()), float(np.mean(a.argmax(1) == b.argmax(1)))),
        "a logit that is no finite number: the difference is infinite, and this text's labels are not the same.",
    ),
    Mistake(
        "NaN passed over",
        lambda a, b: (float(np.nanmax(np.abs(a - b))), float(np.mean(a.argmax(1) == b.argmax(1)))),
        "leaving NaN out makes a broken runtime look like a right one: where a logit is not finite, the difference is infinite.",
    ),
    Mistake(
        "NaN in the labels let through",
        lambda a, b: (agreement(a, b)[0], float(np.mean(a.argmax(1) == b.argmax(1)))),
        "argmax takes NaN for the largest: a text with a logit that is not finite has no label, so it is not the same.",
    ),
    Mistake(
        "nothing to compare agrees",
        lambda a, b: agreement(a, b) if len(a) else (0.0, 1.0),
        "of no texts nothing can be said: raise a ValueError.",
    ),
    Mistake(
        "labels counted",
        lambda a, b: (agreement(a, b)[0], float(_same(a, b).sum())),
        "a share lies between 0 and 1: divide the count by the number of texts.",
    ),
    Mistake(
        "the labels that differ",
        lambda a, b: (agreement(a, b)[0], float(1 - _same(a, b).mean())),
        "that is the share of texts whose label differs: return the share that agrees.",
    ),
    Mistake(
        "argmax over the texts",
        lambda a, b: (agreement(a, b)[0], float(np.mean(a.argmax(0) == b.argmax(0)))),
        "each row is one text: its label is the argmax along axis 1.",
    ),
    Mistake(
        "logits compared, not labels",
        lambda a, b: (agreement(a, b)[0], float(np.mean(np.isclose(a, b)))),
        "the second number is about labels: two runtimes may differ in every logit and still agree on all labels.",
    ),
)


def register(check: Checks) -> None:
    """Add both to a notebook's registry."""
    check.function(
        run_graph,
        cases=_graphs,
        nudge="Which nodes can run now? Run those, and ask again, until none is left. And if none can run?",
        mistakes=RUN,
    )
    check.function(
        agreement,
        cases=_logits,
        nudge="Two numbers: the worst absolute difference of any logit, and how often both have the same largest logit. "
        "And if a logit is not finite?",
        mistakes=AGREEMENT,
    )
