"""Before an ONNX file ships: where would its nodes run, in how many pieces, and does it still compute the same?"""

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from edgelab.bundle.session import session_options
from edgelab.export.graph import fix_shapes, input_shape
from edgelab.export.to_onnx import UNSEEN, ExportError, Parity, check_parity

if TYPE_CHECKING:
    import pandas as pd
    from torch import nn

CPU = "CPUExecutionProvider"
# What ONNX Runtime's checker knows of phones: Android's accelerators, and Apple's by the two formats of their models.
TARGETS = ("NNAPI", "CoreML NeuralNetwork", "CoreML MLProgram")


class PreflightError(RuntimeError):
    """A file that should not ship as it is. The message holds one line of advice a fault; `report` what was found."""

    def __init__(self, faults: list[str], report: "Preflight") -> None:
        super().__init__("\n".join(faults))
        self.report = report


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
class Preflight:
    """`parity` is None where the file could not be compared at all."""

    placements: tuple[Placement, ...]
    parity: Parity | None
    tolerance: float


def preflight(
    path: Path,
    model: "nn.Module",
    vocabulary: int,
    *,
    providers: tuple[str, ...] = (CPU,),
    targets: tuple[str, ...] = (),
    tokens: int = 32,
    tolerance: float = 1e-4,
) -> Preflight:
    """Look a file over before it ships.

    Args:
        model: the torch module that it came from.
        providers: the execution providers that shall run the whole of it, here; the CPU beside another one is allowed.
        targets: those of `TARGETS` that must be able to use it as it is.
        tokens: the length at which a file with open shapes is looked at once more, with shapes fixed.

    Raises:
        PreflightError: the file computes something else than the model, a provider is absent or leaves nodes to the
            CPU, or a target cannot use it.
    """
    declared = input_shape(path)
    batch, length = (size if isinstance(size, int) else None for size in declared)
    placements: list[Placement] = []
    faults: list[str] = []
    for provider in providers:
        placements.append(assignment(path, provider, shapes_name(declared)))
        faults += _provider_faults(placements[-1], allowed=providers)
    placements += usability(path, shapes_name(declared))
    if batch is None or length is None:
        with tempfile.TemporaryDirectory() as folder:
            shape = (batch or 1, length or tokens)
            fixed = fix_shapes(path, Path(folder) / path.name, batch=shape[0], tokens=shape[1])
            placements += usability(fixed, shapes_name(shape))
    for target in targets:
        faults += _target_faults([p for p in placements if p.target == target])
    parity = None
    try:
        if batch is None or length is None:
            parity = check_parity(model, path, vocabulary, shapes=UNSEEN)
        else:
            parity = check_parity(model, path, vocabulary, shapes=((batch, length),), padding=length // 2)
        if not parity.largest_difference <= tolerance:
            faults.append(f"it differs from torch by {parity.largest_difference:.2g}: export the weights that you mean")
    except ExportError as error:
        faults.append(str(error).removeprefix(f"{path.name}: "))
    report = Preflight(tuple(placements), parity, tolerance)
    if faults:
        raise PreflightError([f"{path.name}: {fault}" for fault in faults], report)
    return report


def shapes_name(shape: tuple[int | str, ...]) -> str:
    """As in `any batch x 32`."""
    return " x ".join(f"{size}" if isinstance(size, int) else f"any {size}" for size in shape)


def partitions(providers: Sequence[str], target: str) -> int:
    """In how many pieces a target runs a graph, given the provider of each node in the order of execution: at both
    ends of each piece, data crosses to the target and back."""
    return sum(provider == target for provider, _ in groupby(providers))


# --- where nodes run ----------------------------------------------------------------------------


def assignment(path: Path, provider: str, shapes: str) -> Placement:
    """Which nodes this provider takes when asked first, the CPU second: a session's own record, before fusions."""
    import onnxruntime

    options = session_options(level="enable_basic", record_ep_graph_assignment_info="1")
    asked = [name for name in (provider, CPU) if name in onnxruntime.get_available_providers()]
    session = onnxruntime.InferenceSession(str(path), options, providers=list(dict.fromkeys(asked)))
    pieces = session.get_provider_graph_assignment_info()
    nodes = [(node.op_type, piece.ep_name) for piece in pieces for node in piece.get_nodes()]
    operators = _count([(operator, name == provider) for operator, name in nodes])
    refused = tuple(sorted(name for name, (taken, count) in operators.items() if taken < count))
    own = [len(piece.get_nodes()) for piece in pieces if piece.ep_name == provider]
    # A provider that compiles reports each piece whole, one that does not reports its nodes one by one.
    number = len(own) if max(own, default=0) > 1 else partitions([name for _, name in nodes], provider)
    return Placement(provider, shapes, operators, number, refused, 0, "no" if refused else "yes")


def usability(path: Path, shapes: str) -> list[Placement]:
    """What ONNX Runtime's mobile usability checker says of the file as it is, for each of `TARGETS`.

    It goes by lists of operators and by known sizes. What it does not look at: an operator's attributes, and speed.
    """
    from onnxruntime.tools.mobile_helpers.usability_checker import check_coreml_partitions, check_nnapi_partitions
    from onnxruntime.tools.onnx_model_utils import ModelProtoWithShapeInfo, optimize_model

    found = []
    with tempfile.TemporaryDirectory() as folder:
        simplified = Path(folder) / "model.onnx"
        # To the basic level, as the checker's command does.
        optimize_model(path, simplified, use_external_initializers=True)
        model = ModelProtoWithShapeInfo(simplified).model_with_shape_info
        for target in TARGETS:
            vendor, _, form = target.partition(" ")
            if vendor == "NNAPI":
                info = check_nnapi_partitions(model, True)
            else:
                info = check_coreml_partitions(model, True, f"coreml_supported_{form.lower()}_ops.md")
            taken = {node.output[0] for group in info.supported_groups for node in group}
            nodes = [(node.op_type, node.output[0] in taken) for node in model.graph.node]
            operators = _count(nodes)
            unsupported = tuple(sorted(name.split(":")[-1] for name in info.unsupported_ops))
            verdict = info.suitability().name.lower()
            refused = info.nodes_unsupported_due_to_dynamic_input
            found.append(Placement(target, shapes, operators, info.num_partitions, unsupported, refused, verdict))
    return found


def _count(nodes: list[tuple[str, bool]]) -> dict[str, tuple[int, int]]:
    """From each node's operator and whether it is taken: of each operator (nodes taken, nodes), the most frequent first."""
    total = Counter(operator for operator, _ in nodes)
    taken = Counter(operator for operator, is_taken in nodes if is_taken)
    return {name: (taken[name], count) for name, count in total.most_common()}


# --- faults, and what to do ---------------------------------------------------------------------


def _provider_faults(placement: Placement, allowed: tuple[str, ...]) -> list[str]:
    import onnxruntime

    name, available = placement.target, onnxruntime.get_available_providers()
    if name not in available:
        return [
            f"{name} is not in this build of ONNX Runtime, which has {', '.join(available)}: without it all nodes run "
            "on the CPU; install a build that has it"
        ]
    if placement.share < 1 and CPU not in allowed:
        left = placement.nodes - placement.taken
        return [
            f"{name} leaves {left} of {placement.nodes} nodes to the CPU ({_short(placement.unsupported)}): replace those "
            "operators or fix the shapes; if you accept it, name the CPU beside it"
        ]
    return []


def _target_faults(placements: list[Placement]) -> list[str]:
    as_is, *fixed = placements
    if as_is.verdict == "yes":
        return []
    numbers = f"takes {as_is.taken} of {as_is.nodes} nodes in {as_is.partitions} partitions"
    if fixed and fixed[0].verdict == "yes":
        return [f"{as_is.target} {numbers}: fix the shapes (edgelab.export.fix_shapes), then it takes {fixed[0].taken}"]
    return [f"{as_is.target} {numbers}: it lacks {_short((fixed or [as_is])[0].unsupported)}; run it on the CPU there"]


def _short(names: tuple[str, ...]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "") or "nothing"


# --- to read ------------------------------------------------------------------------------------


def table(report: Preflight) -> "pd.DataFrame":
    """The report to read: a line for each placement, and one for the comparison with torch."""
    import pandas as pd

    rows = [
        {
            "asked": p.target,
            "shapes": p.shapes,
            "nodes taken": f"{p.taken} of {p.nodes}",
            "share": f"{p.share:.0%}",
            "partitions": p.partitions,
            "usable": p.verdict,
            "what it lacks": _short(p.unsupported)
            + (f"; sizes unknown at {p.open_shapes} nodes" if p.open_shapes else ""),
        }
        for p in report.placements
    ]
    parity, shapes = report.parity, "-"
    if parity is not None:
        shapes = ", ".join(shapes_name(shape) for shape in parity.shapes)
    same = parity is not None and parity.largest_difference <= report.tolerance
    words = "-" if parity is None else f"largest difference {parity.largest_difference:.1g}"
    blank = {"nodes taken": "-", "share": "-", "partitions": "-"}
    rows.append(
        {
            "asked": "the same as torch",
            "shapes": shapes,
            **blank,
            "usable": "yes" if same else "no",
            "what it lacks": words,
        }
    )
    return pd.DataFrame(rows)
