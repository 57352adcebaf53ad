"""Which missing operator is worth repairing first: the one that cuts the graph into most pieces."""

import functools
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

from edgelab.export.graph import fix_shapes
from edgelab.export.placement import CPU, partitions
from edgelab.export.repair import Repair, repair
from edgelab.tiers.assignment import estimated


def lacking_on(target: str, file: Path, *, tokens: int) -> tuple[list[str], list[str]]:
    """A file's operators, of each node in the order of execution, once it is fixed to one request of so many tokens; and
    those of them of which the target would leave nodes to the CPU."""
    with tempfile.TemporaryDirectory() as folder:
        nodes = estimated(fix_shapes(file, Path(folder) / "fixed.onnx", batch=1, tokens=tokens), target).nodes
    return [node.operator for node in nodes], sorted({node.operator for node in nodes if node.provider == CPU})


@functools.cache
def _folder() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="edgelab-")


def scratch(name: str) -> Path:
    """A file's place in a folder that is gone when Python ends."""
    return Path(_folder().name, name)


def repaired_for(target: str, file: Path, *, tokens: int) -> Repair:
    """`export.repair`, with a file that lasts as long as this process."""
    return repair(file, scratch(f"{target}.onnx"), target=target, tokens=tokens)


def pieces(operators: Sequence[str], lacking: Collection[str]) -> int:
    """In how many partitions an accelerator runs a graph, node after node, if it lacks these operators."""
    providers = ["CPU" if operator in lacking else "accelerator" for operator in operators]
    return partitions(providers, "accelerator")


def next_repair(operators: Sequence[str], lacking: Collection[str]) -> str | None:
    """Of the operators that an accelerator lacks, the one after whose repair the graph runs in the fewest partitions; of
    several, the one with the most nodes, then the one that comes first. None if the graph has none of them.

    Args:
        operators: of each node, in the order of execution.
        lacking: the operators that the accelerator does not have.
    """
    candidates = [operator for operator in dict.fromkeys(operators) if operator in lacking]

    def worth(operator: str) -> tuple[int, int]:
        others = [other for other in lacking if other != operator]
        return pieces(operators, others), -list(operators).count(operator)

    return min(candidates, key=worth, default=None)
