"""Cases and mistakes of the exercises on what a runtime makes of a graph: `fusable`, `partitions`, `fewest_partitions`,
`pad_request`."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.export.by_hand import Node, fewest_partitions, fusable, pad_request
from edgelab.export.placement import partitions
from edgelab.export.small_graphs import ARITHMETIC, chain, drawn

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

# --- partitions ------------------------------------------------------------------------------------


def _placements(rng: np.random.Generator) -> Iterator[tuple]:
    for nodes, names in ((6, ["NNAPI", "CPU"]), (25, ["NNAPI", "CPU", "GPU"]), (9, ["CPU", "GPU"])):
        for target in ("NNAPI", "GPU"):
            yield rng.choice(names, nodes).tolist(), target
    yield ["NPU"] * int(rng.integers(2, 9)) + ["CPU"], "NPU"
    yield ["CPU", "NPU", "CPU", "NPU", "NPU"], "NPU"
    yield rng.choice(["NPU", "NPU 2", "old NPU"], 12).tolist(), "NPU"  # names that contain each other
    yield ["NPU", "old NPU", "NPU"], "NPU"
    yield ["CPU"] * int(rng.integers(2, 5)), "NPU"
    yield ["NPU"], "NPU"
    yield [], "NPU"


def _begin(providers: Any, is_target: Any) -> int:
    flags = [False, *(is_target(provider) for provider in providers)]
    return sum(b and not a for a, b in zip(flags, flags[1:], strict=False))


PARTITIONS = (
    Mistake(
        "nodes counted",
        lambda providers, target: sum(p == target for p in providers),
        "that counts the target's nodes: neighbours on the same target make one partition.",
    ),
    Mistake(
        "changes counted",
        lambda providers, target: sum(a != b for a, b in zip(providers, providers[1:], strict=False)),
        "a change may also lead away from the target, or between two others: count the stretches of the target only.",
    ),
    Mistake(
        "the first stretch forgotten",
        lambda providers, target: sum(b == target != a for a, b in zip(providers, providers[1:], strict=False)),
        "a stretch that begins with the very first node counts too.",
    ),
    Mistake(
        "the last stretch forgotten",
        lambda providers, target: sum(a == target != b for a, b in zip(providers, providers[1:], strict=False)),
        "a stretch that ends with the very last node counts too.",
    ),
    Mistake(
        "all stretches",
        lambda providers, target: _begin(providers, lambda p: p == target) + _begin(providers, lambda p: p != target),
        "the stretches of the other providers are not partitions of the target.",
    ),
    Mistake(
        "part of a name",
        lambda providers, target: _begin(providers, lambda p: target in p),
        "`in` finds the name inside a longer one, too: compare whole names with ==.",
    ),
    Mistake(
        "one target for all",
        lambda providers, target: _begin(providers, lambda p: p == "NNAPI"),
        "the target is an argument: it is not always NNAPI.",
    ),
    Mistake(
        "not the CPU",
        lambda providers, target: _begin(providers, lambda p: p != "CPU"),
        "there are other providers than the target and the CPU.",
    ),
    Mistake(
        "the first node asked for",
        lambda providers, target: (
            int(providers[0] == target)
            + _begin(providers[1:], lambda p: p == target)
            - int(len(providers) > 1 and providers[0] == providers[1] == target)
        ),
        "a graph may have no node at all: then there is no partition, and no first node to ask for.",
    ),
)

# --- fewest_partitions -----------------------------------------------------------------------------


def _supported(rng: np.random.Generator) -> Iterator[tuple]:
    for size in (8, 20, 40):
        nodes = drawn(rng, size)
        for lacking in (1, 2, 3):
            yield nodes, ["x", "y"], set(rng.choice(list(ARITHMETIC), lacking, replace=False).tolist())
    yield [], ["x"], {"Gelu"}
    yield chain("Add", "Mul"), ["x"], set()
    yield chain("Gelu", "Gelu"), ["x"], {"Gelu"}
    yield chain("Add", "Gelu", "Mul"), ["x"], {"Gelu"}
    one, other = chain("Gelu", "Add", name="a"), chain("Add", "Gelu", name="b")
    crossed = [other[0], one[0], one[1], other[1]]
    yield crossed, ["x"], {"Gelu"}  # in the order of the list two pieces, by what depends on what one
    yield [*chain("Add", "Gelu", name="a"), *chain("Gelu", "Add", "Mul", name="b")], ["x"], {"Gelu"}


def _by_turns(
    nodes: Any, known: Any, lacking: Any, *, first: bool = False, exhaust: bool = True, count: bool = True
) -> int:
    """As the right answer, with its decisions open: who begins, whether a side runs all that it can, whose turns count."""
    known, waiting, pieces, on_target = set(known), list(nodes), 0, not first
    while waiting:
        on_target = not on_target
        ran = False
        while ready := [n for n in waiting if (n.operator not in lacking) == on_target and set(n.reads) <= known]:
            ran = True
            known |= {n.writes for n in ready}
            waiting = [n for n in waiting if n.writes not in known]
            if not exhaust:
                break
        pieces += ran and on_target == count
    return pieces


FEWEST = (
    Mistake(
        "in the list's order",
        lambda nodes, known, lacking: partitions(["CPU" if n.operator in lacking else "it" for n in nodes], "it"),
        "nodes that do not depend on each other may change places: ask what CAN run, not what comes next.",
    ),
    Mistake(
        "nodes counted",
        lambda nodes, known, lacking: sum(n.operator not in lacking for n in nodes),
        "those are nodes: all that the accelerator can run in one go is one piece.",
    ),
    Mistake(
        "the accelerator begins",
        lambda nodes, known, lacking: _by_turns(nodes, known, lacking, first=True),
        "let the CPU have the first turn: what it has run may let the accelerator's first piece be longer.",
    ),
    Mistake(
        "one wave a turn",
        lambda nodes, known, lacking: _by_turns(nodes, known, lacking, exhaust=False),
        "what ran may make others ready: a side goes on until nothing of its own can run.",
    ),
    Mistake(
        "the CPU's pieces",
        lambda nodes, known, lacking: _by_turns(nodes, known, lacking, count=False),
        "those are the CPU's turns: count the accelerator's.",
    ),
    Mistake(
        "all pieces",
        lambda nodes, known, lacking: _by_turns(nodes, known, lacking) + _by_turns(nodes, known, lacking, count=False),
        "only the accelerator's turns are partitions of it.",
    ),
    Mistake(
        "lacking taken for having",
        lambda nodes, known, lacking: fewest_partitions(nodes, known, {n.operator for n in nodes} - set(lacking)),
        "`lacking` holds the operators that the accelerator does NOT have.",
    ),
    Mistake(
        "one piece at least",
        lambda nodes, known, lacking: max(1, fewest_partitions(nodes, known, lacking)),
        "where it has no operator of the graph, or there is none, it runs nothing: 0.",
    ),
)

# --- pad_request -----------------------------------------------------------------------------------


def _requests(rng: np.random.Generator) -> Iterator[tuple]:
    for texts, length, tokens in ((1, 5, 8), (3, 7, 12), (1, 6, 6), (2, 9, 8), (1, 1, 4)):
        ids = rng.integers(5, 900, (texts, length))
        yield {"ids": ids, "mask": np.ones_like(ids)}, tokens
    yield {"ids": rng.integers(5, 900, (1, 3))}, 5  # a file without a mask
    ids = rng.integers(5, 900, (2, 4))
    yield {"ids": ids, "mask": np.array([[1, 1, 1, 1], [1, 1, 0, 0]]), "kinds": np.zeros_like(ids)}, 7


def _padded(widths: Any, value: Any = lambda name: 0) -> Any:
    def answer(request: dict, tokens: int) -> dict:
        free = tokens - request["ids"].shape[1]
        return {n: np.pad(array, widths(free), constant_values=value(n)) for n, array in request.items()}

    return answer


PAD = (
    Mistake(
        "cut to fit",
        lambda request, tokens: pad_request({n: array[:, :tokens] for n, array in request.items()}, tokens),
        "half a request gets an answer that nobody will recognise as wrong: raise a ValueError when it is too long.",
    ),
    Mistake(
        "left as long as it is",
        lambda request, tokens: pad_request(request, max(tokens, request["ids"].shape[1])),
        "the file takes exactly this many tokens: a longer request is a ValueError.",
    ),
    Mistake(
        "in front",
        _padded(lambda free: ((0, 0), (free, 0))),
        "the request stays where it is, at the beginning: the zeros come after it.",
    ),
    Mistake(
        "at both ends",
        _padded(lambda free: ((0, 0), (free, free))),
        "fill up at the end alone, until there are `tokens` of them.",
    ),
    Mistake(
        "the texts filled up, too",
        _padded(lambda free: ((0, free), (0, free))),
        "the first dimension holds the texts: their number stays.",
    ),
    Mistake(
        "ones in the mask",
        _padded(lambda free: ((0, 0), (0, free)), lambda name: int(name == "mask")),
        "the mask says which tokens are real: padding is not, so its mask is 0.",
    ),
    Mistake(
        "ids alone",
        lambda request, tokens: {"ids": pad_request(request, tokens)["ids"]},
        "every array of the request is filled up, the mask as well.",
    ),
    Mistake(
        "so many more",
        _padded(lambda free: ((0, 0), (0, free + 1))),
        "how many are missing? The request has some of them already.",
    ),
)


def register(check: Checks) -> None:
    """Add all four to a notebook's registry."""
    check.function(
        fusable,
        cases=_pairs,
        nudge="How often is each value needed, by nodes and as an output? Only what is needed once can disappear.",
        mistakes=FUSABLE,
    )
    check.function(
        partitions,
        cases=_placements,
        nudge="A partition is a stretch of neighbouring nodes on the target: how many such stretches begin?",
        mistakes=PARTITIONS,
    )
    check.function(
        fewest_partitions,
        cases=_supported,
        nudge="As in run_graph: which nodes can run now? CPU and accelerator take turns; each runs all that it can. Who begins?",
        mistakes=FEWEST,
    )
    check.function(
        pad_request,
        cases=_requests,
        nudge="How many tokens are missing? np.pad takes the widths before and after, for each dimension. And if it has too many?",
        mistakes=PAD,
    )
