"""Cases and mistakes of the exercise on what can be fused: `fusable`."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.export.by_hand import Node, fusable
from edgelab.export.small_graphs import chain, drawn

# --- fusable ---------------------------------------------------------------------------------------


def _pairs(rng: np.random.Generator) -> Iterator[tuple]:
    for size in (9, 25, 40):
        nodes = drawn(rng, size)
        outputs = [nodes[-1].writes, nodes[int(rng.integers(size))].writes]
        yield nodes, outputs, "Shift", "Scale"
        yield nodes, outputs, "Add", "Add"
    pair = chain("Add", "Gelu")
    yield pair, ["c1"], "Add", "Gelu"
    yield pair, ["c1", "c0"], "Add", "Gelu"  # an output between the two
    yield pair, ["c0", "c1"], "Add", "Gelu"  # and the first of them
    yield [*pair, Node("Mul", ("c0", "x"), "m")], ["c1", "m"], "Add", "Gelu"  # a second reader
    yield [*chain("Add", "Cast", "Gelu")], ["c2"], "Add", "Gelu"  # not next to each other
    between = [Node("Add", ("x", "b"), "a"), Node("Mul", ("x", "x"), "m"), Node("Gelu", ("a",), "g")]
    yield between, ["g", "m"], "Add", "Gelu"  # neighbours in the graph, not in the list
    yield (
        [Node("Add", ("x", "b"), "a"), Node("Gelu", ("x",), "g")],
        ["g", "a"],
        "Add",
        "Gelu",
    )  # in the list, not in the graph
    two = [Node("Mul", ("x", "v"), "p"), Node("Mul", ("x", "w"), "q"), Node("Add", ("p", "q"), "s")]
    yield two, ["s"], "Mul", "Add"  # one node that could take in either
    yield [Node("Mul", ("x", "v"), "p"), Node("Add", ("p", "p"), "s")], ["s"], "Mul", "Add"  # read twice
    yield [], [], "Add", "Gelu"


def _reads_of(nodes: Any, *, outputs: Any = ()) -> Counter:
    found = Counter(outputs)
    for node in nodes:
        found.update(node.reads)
    return found


def _counted(
    nodes: Any, outputs: Any, first: str, second: str, *, each: bool, least: int = 1, reads: slice = slice(None)
) -> int:
    needed = _reads_of(nodes, outputs=outputs)
    made = {node.writes for node in nodes if node.operator == first and needed[node.writes] <= least}
    hits = [sum(name in made for name in node.reads[reads]) for node in nodes if node.operator == second]
    return sum(hits) if each else sum(hit > 0 for hit in hits)


FUSABLE = (
    Mistake(
        "neighbours in the list",
        lambda nodes, outputs, first, second: sum(
            a.operator == first and b.operator == second for a, b in zip(nodes, nodes[1:], strict=False)
        ),
        "the list's order says nothing: the second must READ what the first writes.",
    ),
    Mistake(
        "other readers passed over",
        lambda nodes, outputs, first, second: _counted(nodes, outputs, first, second, each=False, least=10**6),
        "once fused, the result between the two exists nowhere: does another node read it, too, or is it an output?",
    ),
    Mistake(
        "outputs passed over",
        lambda nodes, outputs, first, second: fusable(nodes, [], first, second),
        "an output of the graph is needed outside: it cannot be fused away.",
    ),
    Mistake(
        "pairs counted",
        lambda nodes, outputs, first, second: _counted(nodes, outputs, first, second, each=True),
        "a node can take in one other: count the nodes of the second operator, not the pairs.",
    ),
    Mistake(
        "the first input alone",
        lambda nodes, outputs, first, second: _counted(nodes, outputs, first, second, each=False, reads=slice(1)),
        "the result may be any of the second's inputs, not only its first.",
    ),
    Mistake(
        "as many as there can be",
        lambda nodes, outputs, first, second: min(
            sum(n.operator == first for n in nodes), sum(n.operator == second for n in nodes)
        ),
        "how many there are of each says nothing of who reads whom.",
    ),
    Mistake(
        "all of the second",
        lambda nodes, outputs, first, second: sum(n.operator == second for n in nodes),
        "only those count that read the first operator's result.",
    ),
    Mistake(
        "first and second exchanged",
        lambda nodes, outputs, first, second: fusable(nodes, outputs, second, first),
        "the data goes from the first operator to the second.",
    ),
)


def register(check: Checks) -> None:
    """Add it to a notebook's registry."""
    check.function(
        fusable,
        cases=_pairs,
        nudge="How often is each value needed, by nodes and as an output? Only what is needed once can disappear.",
        mistakes=FUSABLE,
    )
