"""Cases and mistakes of the exercises on fallbacks: `require` and `next_repair`."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.export.placement import CPU, Assigned
from edgelab.tiers.assignment import Assignment, FallbackError, require
from edgelab.tiers.worth import next_repair, pieces

# --- require ---------------------------------------------------------------------------------------


_PHONE = "CoreMLExecutionProvider"
_OTHER = "XnnpackExecutionProvider"


def _record(
    rng: np.random.Generator, nodes: int, on_cpu: int, *, got: tuple[str, ...] = (_PHONE, CPU), other: int = 0
) -> Assignment:
    """A session's record of so many nodes, some of them on the CPU, and on a third provider."""
    providers = rng.permutation([CPU] * on_cpu + [_OTHER] * other + [_PHONE] * (nodes - on_cpu - other)).tolist()
    operators = rng.choice(["MatMul", "Add", "Gather"], nodes).tolist()
    names = [Assigned(f"node {i}", *pair) for i, pair in enumerate(zip(operators, providers, strict=True))]
    return Assignment("model.onnx", (_PHONE, *([_OTHER] if other else []), CPU), got, tuple(names), {_PHONE: 1})


def _records(rng: np.random.Generator) -> Iterator[dict]:
    nodes = int(rng.integers(20, 30))
    yield {"assignment": _record(rng, nodes, 0), "cpu_at_most": 0.0}
    yield {"assignment": _record(rng, nodes, 1), "cpu_at_most": 0.0}
    yield {"assignment": _record(rng, nodes, nodes, got=(CPU,)), "cpu_at_most": 0.0}  # the provider is absent
    yield {"assignment": _record(rng, nodes, 0, got=(CPU, _PHONE)), "cpu_at_most": 0.1}
    yield {"assignment": _record(rng, 20, 5), "cpu_at_most": 0.25}  # just as much as may be
    yield {"assignment": _record(rng, 20, 6), "cpu_at_most": 0.25}
    yield {"assignment": _record(rng, 200, 6), "cpu_at_most": 0.25}
    yield {"assignment": _record(rng, 8, 8, got=(CPU,)), "cpu_at_most": 1.0}  # the CPU was wanted
    yield {"assignment": _record(rng, 8, 1), "cpu_at_most": 1.0}
    yield {"assignment": _record(rng, 400, 1), "cpu_at_most": 0.0}  # rounded, that is none
    yield {"assignment": _record(rng, 20, 1, got=(_PHONE, _OTHER, CPU), other=9), "cpu_at_most": 0.1}
    yield {"assignment": _record(rng, nodes, 1)}  # as the first line says: none


def _refusing(refused: Callable[[Assignment, float], bool]) -> Callable[..., Assignment]:
    def answer(assignment: Assignment, cpu_at_most: float = 0.0) -> Assignment:
        if refused(assignment, cpu_at_most):
            raise FallbackError("too much on the CPU")
        return assignment

    return answer


def _on_cpu(assignment: Assignment) -> int:
    return sum(node.provider == CPU for node in assignment.nodes)


def _reported(assignment: Assignment, cpu_at_most: float = 0.0) -> bool:
    return bool(assignment.cpu_share <= cpu_at_most)


def _nothing_returned(assignment: Assignment, cpu_at_most: float = 0.0) -> None:
    require(assignment, cpu_at_most=cpu_at_most)


def _must_be_said(assignment: Assignment, *, cpu_at_most: float) -> Assignment:
    return require(assignment, cpu_at_most=cpu_at_most)


# --- next_repair -----------------------------------------------------------------------------------


def _graphs(rng: np.random.Generator) -> Iterator[tuple]:
    for nodes in (6, 15, 40):
        operators = rng.choice(["MatMul", "Add", "Gelu", "LayerNorm", "Pad"], nodes).tolist()
        yield operators, ["Gelu", "LayerNorm", "Pad", "Erf"]
    yield (
        ["Pad", "Pad", "Pad", "MatMul", "Gelu", "MatMul", "Gelu", "MatMul"][int(rng.integers(0, 2)) :],
        ["Pad", "Gelu"],
    )
    yield ["MatMul", "Pad", "Add", "Gelu", "MatMul"], ["Gelu", "Pad"]  # a tie: the first
    yield ["MatMul", "Pad", "MatMul", "Gelu", "Gelu", "MatMul"], ["Gelu", "Pad"]  # a tie: the one with most nodes
    yield ["Gelu", "MatMul", "Pad", "Pad", "MatMul", "LayerNorm"], ["LayerNorm", "Gelu"]
    between = ["Pad", "Gelu", "Gelu", "Pad"]  # a tie: whose first node comes first, not whose last one does
    yield ["MatMul", *(name for each in between for name in (each, "MatMul"))], ["Gelu", "Pad"]
    yield ["MatMul", "Add"] * int(rng.integers(1, 4)), ["Gelu"]
    yield [], ["Gelu"]


def _best(operators: list[str], worth: Callable[[str], Any]) -> str | None:
    """The best by another measure; `worth` is the smaller the better."""
    return min(dict.fromkeys(operators), key=worth, default=None)


def _of_lacking(worth: Callable[[list[str], list[str], str], Any]) -> Callable[[list[str], list[str]], str | None]:
    return lambda operators, lacking: _best(
        [operator for operator in operators if operator in lacking],
        lambda operator: worth(operators, lacking, operator),
    )


def _without(lacking: list[str], operator: str) -> list[str]:
    return [other for other in lacking if other != operator]


def register(check: Checks) -> None:
    """Add the exercises to a notebook's registry."""
    check.function(
        require,
        cases=_records,
        nudge="What share of assignment.nodes has the CPU as its provider? Above cpu_at_most, raise; else return the assignment.",
        mistakes=(
            Mistake(
                "nothing is ever refused",
                _refusing(lambda assignment, most: False),
                "a fallback that is only noticed is still silent: raise FallbackError where too many nodes are on the CPU.",
            ),
            Mistake(
                "the providers asked for",
                _refusing(lambda assignment, most: _PHONE not in assignment.got),
                "a provider that is there need not take all: count the nodes that it left to the CPU.",
            ),
            Mistake(
                "no CPU at all",
                _refusing(lambda assignment, most: _on_cpu(assignment) > 0),
                "a share of cpu_at_most is allowed: refuse only what lies above it.",
            ),
            Mistake(
                "as much is too much",
                _refusing(lambda assignment, most: assignment.cpu_share >= most),
                "at most means that just as much will do: refuse what is above cpu_at_most.",
            ),
            Mistake(
                "nodes for a share",
                _refusing(lambda assignment, most: _on_cpu(assignment) > most),
                "cpu_at_most is a share from 0 to 1: divide the CPU's nodes by all nodes.",
            ),
            Mistake(
                "the accelerator's share",
                _refusing(lambda assignment, most: 1 - assignment.cpu_share > most),
                "that is the share of the accelerator: the CPU's is what must be small.",
            ),
            Mistake(
                "told, not raised",
                _reported,
                "raise an error where it is too much, and return the assignment itself where it is not.",
            ),
            Mistake(
                "whatever is not the first provider's",
                _refusing(lambda a, most: sum(node.provider != a.asked[0] for node in a.nodes) > most * len(a.nodes)),
                "a second accelerator is no fallback: count the nodes whose provider is the CPU's.",
            ),
            Mistake(
                "rounded",
                _refusing(lambda assignment, most: round(assignment.cpu_share, 2) > most),
                "one node of 400 is more than none: compare the share as it is, not rounded.",
            ),
            Mistake(
                "cpu_at_most must be said",
                _must_be_said,
                "leave the first line as it is: without cpu_at_most it is 0.0.",
            ),
            Mistake(
                "nothing returned",
                _nothing_returned,
                "what is fine comes back, so that the call can stand around another: return the assignment.",
            ),
        ),
    )
    check.function(
        next_repair,
        cases=_graphs,
        nudge="For each lacking operator that the graph has: how many partitions are there if only the others are missing?",
        mistakes=(
            Mistake(
                "the most frequent",
                _of_lacking(lambda operators, lacking, operator: -operators.count(operator)),
                "many nodes in one stretch cut the graph once: count the partitions that are left, not the nodes.",
            ),
            Mistake(
                "any operator",
                lambda operators, lacking: _best(
                    operators, lambda operator: pieces(operators, _without(lacking, operator))
                ),
                "an operator that the accelerator has needs no repair: choose among the lacking ones.",
            ),
            Mistake(
                "only this one lacking",
                _of_lacking(
                    lambda operators, lacking, operator: (pieces(operators, [operator]), -operators.count(operator))
                ),
                "that is the graph in which only this operator is missing: after its repair the others still are.",
            ),
            Mistake(
                "the most partitions",
                _of_lacking(lambda operators, lacking, operator: -pieces(operators, _without(lacking, operator))),
                "fewer partitions are better: each one means handing data over and back.",
            ),
            Mistake(
                "the last of several",
                lambda operators, lacking: next_repair(operators[::-1], lacking),
                "where several leave as few partitions and have as many nodes, the one that comes first in the graph counts.",
            ),
            Mistake(
                "whose last node comes first",
                _of_lacking(
                    lambda operators, lacking, operator: (
                        pieces(operators, _without(lacking, operator)),
                        -operators.count(operator),
                        -operators[::-1].index(operator),
                    )
                ),
                "of several still: whose FIRST node comes earliest, operators.index(operator).",
            ),
            Mistake(
                "no second question",
                _of_lacking(lambda operators, lacking, operator: pieces(operators, _without(lacking, operator))),
                "where several leave as few partitions, the one with the most nodes comes first.",
            ),
            Mistake(
                "one that is not there",
                lambda operators, lacking: min(
                    lacking,
                    key=lambda operator: (pieces(operators, _without(lacking, operator)), -operators.count(operator)),
                ),
                "an operator that the graph does not have needs no repair; if it has none of them, the answer is None.",
            ),
        ),
    )
