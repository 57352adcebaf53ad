"""Cases and mistakes of the exercises on where a graph runs: `fewest_partitions`, `pad_request`."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.export.by_hand import fewest_partitions, pad_request
from edgelab.export.placement import partitions
from edgelab.export.small_graphs import ARITHMETIC, chain, drawn, shuffled

# --- fewest_partitions -----------------------------------------------------------------------------


def _supported(rng: np.random.Generator) -> Iterator[tuple]:
    for size in (8, 20, 40):
        nodes = drawn(rng, size)
        for lacking in (1, 2, 3):
            yield nodes, ["x", "y"], set(rng.choice(list(ARITHMETIC), lacking, replace=False).tolist())
        yield shuffled(rng, nodes), ["x", "y"], {"Add", "Shift"}
        yield nodes[::-1], ["x", "y"], {"Sub", "Scale"}
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


def _once_through(nodes: Any, known: Any, lacking: Any) -> int:
    """As the right answer, but each turn goes through the list once."""
    known, waiting, pieces, on_target = set(known), list(nodes), 0, True
    while waiting:
        on_target = not on_target
        before = len(waiting)
        for node in list(waiting):
            if (node.operator not in lacking) == on_target and set(node.reads) <= known:
                known.add(node.writes)
                waiting.remove(node)
        pieces += on_target and len(waiting) < before
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
        "once through the list",
        _once_through,
        "the list may be in any order: what a node made ready may stand before it. A turn ends when nothing more can run.",
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
    """Add both to a notebook's registry."""
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
