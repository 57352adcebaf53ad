"""Cases and mistakes of the exercise on quantized graphs: `in_integers`."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.tiers.integers import DEQUANTIZE, QUANTIZE, Node, in_integers

# What a node may read, and who reads what it makes: enough of each that no half of the rule gives the whole.
_READS = (("whole",), ("whole", "whole"), ("float",), ("whole", "float"), ("float", "whole"), ("whole", "constant"), ())
_READERS = ((QUANTIZE,), (QUANTIZE,), (QUANTIZE, QUANTIZE), (QUANTIZE, "Mul"), ("Mul", QUANTIZE), ("Mul",), ())


def _graphs(rng: np.random.Generator) -> Iterator[tuple[list[Node]]]:
    pairs = [(reads, readers) for reads in _READS for readers in _READERS]
    for number in (3, 8, 20):
        yield ([node for i in range(number) for node in _around(str(i), *pairs[rng.integers(len(pairs))], rng)],)
    yield ([node for i, pair in enumerate(pairs) for node in _around(str(i), *pair, rng)],)


def _around(name: str, reads: Sequence[str], readers: Sequence[str], rng: np.random.Generator) -> list[Node]:
    """A node, what makes that which it reads, and what reads that which it makes."""
    makers = {"whole": DEQUANTIZE, "float": "Mul"}
    inputs = tuple(f"{kind} {name}{place}" for place, kind in enumerate(reads))
    before = [
        Node(makers[kind], (f"before {each}",), each)
        for kind, each in zip(reads, inputs, strict=True)
        if kind in makers
    ]
    node = Node(str(rng.choice(["Conv", "Add", "Gemm"])), inputs, f"out {name}")
    reads_it = {QUANTIZE: (node.output, "scale"), "Mul": ("half", node.output)}  # as its first input, or its second
    after = [Node(operator, reads_it[operator], f"after {name}{place}") for place, operator in enumerate(readers)]
    return [*before, node, *after]


def _by(rule: Callable[[list[str | None], list[str]], bool]) -> Callable[[Sequence[Node]], list[str]]:
    """The outputs of nodes by a rule about who made what they read, and who reads what they make."""

    def answer(nodes: Sequence[Node]) -> list[str]:
        made_by = {node.output: node.operator for node in nodes}
        found = []
        for node in nodes:
            readers = [reader.operator for reader in nodes if node.output in reader.inputs]
            if rule([made_by.get(name) for name in node.inputs], readers):
                found.append(node.output)
        return found

    return answer


def _first_input(nodes: Sequence[Node]) -> list[str]:
    return in_integers([Node(node.operator, node.inputs[:1], node.output) for node in nodes])


def _all(found: Sequence[str | None], wanted: str) -> bool:
    return bool(found) and all(each == wanted for each in found)


def register(check: Checks) -> None:
    """Add it."""
    check.function(
        in_integers,
        cases=_graphs,
        nudge="Two questions of each node: which operators make what it reads, and which operators read what it makes?",
        mistakes=(
            Mistake(
                "only what is read",
                _by(lambda makers, readers: _all(makers, DEQUANTIZE)),
                "what such a node makes must be wanted in 8 bits, too: who reads it?",
            ),
            Mistake(
                "only who reads",
                _by(lambda makers, readers: _all(readers, QUANTIZE)),
                "what such a node reads must have been in 8 bits, too: who makes it?",
            ),
            Mistake(
                "one input will do",
                _by(lambda makers, readers: DEQUANTIZE in makers and _all(readers, QUANTIZE)),
                "one float input makes the sum a float one: all that a node reads must come from DequantizeLinear.",
            ),
            Mistake(
                "one reader will do",
                _by(lambda makers, readers: _all(makers, DEQUANTIZE) and QUANTIZE in readers),
                "another reader wants the float value, so it must be computed: QuantizeLinear alone may read it.",
            ),
            Mistake(
                "constants do not count",
                _by(lambda makers, readers: _all([m for m in makers if m], DEQUANTIZE) and _all(readers, QUANTIZE)),
                "a value that no node makes is a float constant here: it does not come from DequantizeLinear.",
            ),
            Mistake(
                "nothing read, nothing wrong",
                _by(lambda makers, readers: all(m == DEQUANTIZE for m in makers) and _all(readers, QUANTIZE)),
                "all() of nothing is True: a node that reads nothing got nothing from DequantizeLinear.",
            ),
            Mistake(
                "unread, so fine",
                _by(lambda makers, readers: _all(makers, DEQUANTIZE) and all(r == QUANTIZE for r in readers)),
                "all() of nothing is True: what nobody reads is an output of the graph, and that one is float.",
            ),
            Mistake(
                "the first input alone",
                _first_input,
                "look through all inputs of a node: a value may be read in the second place, too.",
            ),
            Mistake(
                "operators for outputs",
                lambda nodes: [n.operator for n in nodes if n.output in in_integers(nodes)],
                "return the names of what these nodes make: node.output.",
            ),
        ),
    )
