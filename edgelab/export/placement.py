"""Where an ONNX file's nodes would run: which of them a provider takes here, which a phone's accelerator would."""

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from edgelab.bundle.session import session_options
from edgelab.export.conditions import ML_PROGRAM, NEURAL_NETWORK, NNAPI, refusal, values

if TYPE_CHECKING:
    from onnx import ModelProto
    from onnxruntime import InferenceSession, SessionOptions

CPU = "CPUExecutionProvider"
# What ONNX Runtime's checker knows of phones: Android's accelerators, and Apple's by the two formats of their models.
TARGETS = (NNAPI, NEURAL_NETWORK, ML_PROGRAM)
REFUSED = "refused"  # the domain that stands in for a node's own where a condition is not met: no list has it


@dataclass(frozen=True)
class Placement:
    """How much of a file one target takes.

    `operators` maps an operator to (nodes taken, nodes); `unsupported` names those that the target does not have at
    all, `open_shapes` counts nodes refused because a size is not known. `verdict`: `yes`, `maybe` or `no`.
    """

    target: str
    shapes: str
    operators: dict[str, tuple[int, int]]
    partitions: int
    unsupported: tuple[str, ...]
    open_shapes: int
    verdict: str

    @property
    def taken(self) -> int:
        """How many nodes the target takes."""
        return sum(taken for taken, _ in self.operators.values())

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return sum(nodes for _, nodes in self.operators.values())

    @property
    def share(self) -> float:
        """The share of the nodes that it takes."""
        return self.taken / self.nodes


@dataclass(frozen=True)
class Left:
    """A node that a target leaves to the CPU, and why. Its `output` names it: not every node has a name of its own."""

    output: str
    operator: str
    why: str


def partitions(providers: Sequence[str], target: str) -> int:
    """In how many pieces a target runs a graph, given the provider of each node in the order of execution: at both
    ends of each piece, data crosses to the target and back."""
    stretches = [provider for provider, _ in groupby(providers)]
    return stretches.count(target)


# --- here, and by estimate on a phone --------------------------------------------------------------


def assignment(path: Path, provider: str, shapes: str) -> Placement:
    """Which nodes this provider takes when asked first, the CPU second: a session's own record, before fusions."""
    import onnxruntime

    asked = [name for name in (provider, CPU) if name in onnxruntime.get_available_providers()]
    options = recording_options()
    session = onnxruntime.InferenceSession(str(path), options, providers=list(dict.fromkeys(asked)))
    nodes, pieces = recorded(session)
    operators = _count([(node.operator, node.provider == provider) for node in nodes])
    refused = tuple(sorted(name for name, (taken, count) in operators.items() if taken < count))
    return Placement(provider, shapes, operators, pieces.get(provider, 0), refused, 0, "no" if refused else "yes")


@dataclass(frozen=True)
class Assigned:
    """A node, and the provider that runs it."""

    name: str
    operator: str
    provider: str


def recording_options() -> "SessionOptions":
    """Of a session that notes who runs which node."""
    return session_options(level="enable_basic", record_ep_graph_assignment_info="1")


def recorded(session: "InferenceSession") -> tuple[tuple[Assigned, ...], dict[str, int]]:
    """What a session opened with `recording_options` noted: each node's provider, and in how many pieces each provider runs."""
    pieces = session.get_provider_graph_assignment_info()
    nodes = [Assigned(n.name, n.op_type, piece.ep_name) for piece in pieces for n in piece.get_nodes()]
    number = {}
    for provider in dict.fromkeys(node.provider for node in nodes):
        own = [len(piece.get_nodes()) for piece in pieces if piece.ep_name == provider]
        # A provider that compiles reports each piece whole, one that does not reports its nodes one by one.
        number[provider] = len(own) if max(own) > 1 else partitions([node.provider for node in nodes], provider)
    return tuple(nodes), number


def usability(path: Path, shapes: str, *, conditions: bool = False) -> list[Placement]:
    """What ONNX Runtime's mobile usability checker says of the file as it is, for each of `TARGETS`.

    It goes by lists of operators and by known sizes. What it does not look at: an operator's attributes and types, and
    speed. With `conditions` those of `export.conditions` are looked at as well, so fewer nodes are taken.
    """
    model = with_shapes(path)
    return [estimate(model, target, shapes, conditions=conditions)[0] for target in TARGETS]


def with_shapes(path: Path) -> "ModelProto":
    """The graph that the checker looks at: optimised to the basic level, as its command does, all known sizes noted.
    Without the weights."""
    from onnxruntime.tools.onnx_model_utils import ModelProtoWithShapeInfo, optimize_model

    with tempfile.TemporaryDirectory() as folder:
        simplified = Path(folder) / "model.onnx"
        optimize_model(path, simplified, use_external_initializers=True)
        return ModelProtoWithShapeInfo(simplified).model_with_shape_info


def estimate(model: "ModelProto", target: str, shapes: str, *, conditions: bool) -> tuple[Placement, tuple[Left, ...]]:
    """What one target takes of a model for which shapes have been inferred, and which nodes it leaves to the CPU."""
    from onnxruntime.tools.mobile_helpers.usability_checker import check_coreml_partitions, check_nnapi_partitions

    known = values(model)
    why = {n.output[0]: refusal(n, target, known) if conditions else "" for n in model.graph.node}
    own = {node.output[0]: node.domain for node in model.graph.node}
    for node in model.graph.node:
        node.domain = REFUSED if why[node.output[0]] else node.domain
    vendor, _, form = target.partition(" ")
    if vendor == "NNAPI":
        info = check_nnapi_partitions(model, True)
    else:
        info = check_coreml_partitions(model, True, f"coreml_supported_{form.lower()}_ops.md")
    taken = {node.output[0] for group in info.supported_groups for node in group}
    for node in model.graph.node:
        node.domain = own[node.output[0]]
    unsupported = {name.split(":")[-1] for name in info.unsupported_ops if not name.startswith(REFUSED)}
    lacks = tuple(sorted(unsupported | {node.op_type for node in model.graph.node if why[node.output[0]]}))
    left = []
    for node in model.graph.node:
        if node.output[0] not in taken:
            listed = "it is not among its operators" if node.op_type in unsupported else why[node.output[0]]
            left.append(Left(node.output[0], node.op_type, listed or "a size is not known"))
    operators = _count([(node.op_type, node.output[0] in taken) for node in model.graph.node])
    verdict, refused = info.suitability().name.lower(), info.nodes_unsupported_due_to_dynamic_input
    return Placement(target, shapes, operators, info.num_partitions, lacks, refused, verdict), tuple(left)


def _count(nodes: list[tuple[str, bool]]) -> dict[str, tuple[int, int]]:
    """From each node's operator and whether it is taken: of each operator (nodes taken, nodes), the most frequent first."""
    total = Counter(operator for operator, _ in nodes)
    taken = Counter(operator for operator, is_taken in nodes if is_taken)
    return {name: (taken[name], count) for name, count in total.most_common()}
