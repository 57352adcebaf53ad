"""Small graphs for the exercises of `03_export`: drawn at random, or made to be an edge."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgelab.export.by_hand import Node

ARITHMETIC = {
    "Add": np.add,
    "Sub": np.subtract,
    "Max": np.maximum,
    "Scale": lambda x, factor=2.0: x * factor,
    "Shift": lambda x, by=1.0, sign=1: x + sign * by,
}
TWO = ("Add", "Sub", "Max")


def drawn(rng: np.random.Generator, size: int, *, inputs: Sequence[str] = ("x", "y")) -> list[Node]:
    """A graph of so many nodes in an order in which they can run; each writes what its number says."""
    names, nodes = list(inputs), []
    for number in range(size):
        operator = str(rng.choice(list(ARITHMETIC)))
        reads = tuple(str(name) for name in rng.choice(names[-4:], 2 if operator in TWO else 1))
        settings: dict[str, Any] = {}
        if operator == "Scale":
            settings = {"factor": float(rng.choice([-1.5, 0.5, 1.25]))}
        if operator == "Shift":
            settings = {"sign": int(rng.choice([-1, 1])), "by": float(rng.integers(1, 4))}
        nodes.append(Node(operator, reads, f"t{number}", settings))
        names.append(f"t{number}")
    return nodes


def shuffled(rng: np.random.Generator, nodes: Sequence[Node]) -> list[Node]:
    """The same nodes in another order."""
    return [nodes[place] for place in rng.permutation(len(nodes))]


def chain(*operators: str, start: str = "x", name: str = "c") -> list[Node]:
    """One node after the other, each reading the one before."""
    reads = [start, *(f"{name}{number}" for number in range(len(operators)))]
    return [Node(operator, (reads[i],), reads[i + 1]) for i, operator in enumerate(operators)]
