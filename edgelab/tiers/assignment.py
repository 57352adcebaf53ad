"""Who runs which node: what ONNX Runtime does when it is asked for a provider that is not there or does not take all, and
how that becomes an error instead of a slow app."""

import contextlib
import io
import json
import tempfile
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelab.bundle.session import session_options
from edgelab.errors import UserError
from edgelab.export.placement import CPU, Assigned, estimate, recorded, recording_options, with_shapes

if TYPE_CHECKING:
    import pandas as pd
    from onnxruntime import InferenceSession, SessionOptions


class FallbackError(UserError):
    """More nodes on the CPU than was allowed. The message is one line: what was asked, what was got, how many nodes."""


@dataclass(frozen=True)
class Opened:
    """What became of a session: the providers `asked` for, those it `got` (none where it was `refused`, with ONNX
    Runtime's reason), and all that was `said` on the way, in warnings and in print."""

    asked: tuple[str, ...]
    got: tuple[str, ...]
    said: tuple[str, ...]
    refused: str


def open_as_asked(file: Path, providers: tuple[str, ...], *, strict: bool = False, again: bool = True) -> Opened:
    """Open a session as an app would, and see what happens.

    Args:
        strict: with ONNX Runtime's own `session.disable_cpu_ep_fallback`.
        again: as by default, its Python package tries the CPU where the providers fail.
    """
    options = session_options(disable_cpu_ep_fallback="1" if strict else "0")
    printed = io.StringIO()
    with warnings.catch_warnings(record=True) as warned, contextlib.redirect_stdout(printed):
        warnings.simplefilter("always")
        try:
            got, refused = tuple(_open(file, providers, options, again=again).get_providers()), ""
        except Exception as error:  # ONNX Runtime's own share no base class
            got, refused = (), " ".join(str(error).split())
    lines = [line.strip() for line in printed.getvalue().splitlines() if line.strip("* \n") not in ("", "EP Error")]
    return Opened(providers, got, (*(str(warning.message) for warning in warned), *lines), refused)


def _open(
    file: Path, providers: tuple[str, ...], options: "SessionOptions", *, again: bool = True
) -> "InferenceSession":
    import onnxruntime

    return onnxruntime.InferenceSession(str(file), options, providers=list(providers), enable_fallback=int(again))


@dataclass(frozen=True)
class Assignment:
    """Each node's provider, in the order of the record, and in how many pieces each provider runs (`partitions`).

    `estimated`: by the lists and conditions of a phone's accelerator, which is not here; else it is a session's own
    record, before fusions.
    """

    file: str
    asked: tuple[str, ...]
    got: tuple[str, ...]
    nodes: tuple[Assigned, ...]
    partitions: dict[str, int]
    estimated: bool = False

    def count(self, provider: str) -> int:
        """How many nodes it runs."""
        return sum(node.provider == provider for node in self.nodes)

    @property
    def cpu_share(self) -> float:
        """The share of the nodes that the CPU runs."""
        return self.count(CPU) / len(self.nodes)

    def table(self) -> "pd.DataFrame":
        """How many nodes of each operator each provider runs, the most frequent operators first."""
        import pandas as pd

        counts = Counter((node.operator, node.provider) for node in self.nodes)
        operators = [name for name, _ in Counter(node.operator for node in self.nodes).most_common()]
        names = list(dict.fromkeys((*self.asked, CPU)))
        return pd.DataFrame([[counts[operator, name] for name in names] for operator in operators], operators, names)


def assignment(file: Path, providers: tuple[str, ...]) -> Assignment:
    """Who runs which node of a file in this build of ONNX Runtime, by a session's own record. Nothing is said on the way:
    a provider that is not there is not among `got`."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        session = _open(file, providers, recording_options())
    nodes, partitions = recorded(session)
    return Assignment(file.name, providers, tuple(session.get_providers()), nodes, partitions)


def estimated(file: Path, target: str) -> Assignment:
    """Who would run which node on a phone, for a `target` of `export.placement.TARGETS`: the lists and conditions that
    `export.repair` goes by, told as an assignment. No phone was asked."""
    model = with_shapes(file)
    placement, left = estimate(model, target, "", conditions=True)
    on_cpu = {node.output for node in left}
    nodes = [Assigned(n.name, n.op_type, CPU if n.output[0] in on_cpu else target) for n in model.graph.node]
    got = tuple(dict.fromkeys(node.provider for node in nodes))
    return Assignment(file.name, (target, CPU), got, tuple(nodes), {target: placement.partitions}, estimated=True)


def require(assignment: Assignment, *, cpu_at_most: float = 0.0) -> Assignment:
    """The same assignment, if at most this share of its nodes is on the CPU.

    Raises:
        FallbackError: more are.
    """
    share, nodes = assignment.cpu_share, len(assignment.nodes)
    if share <= cpu_at_most:
        return assignment
    wanted = next((name for name in assignment.asked if name != CPU), CPU)
    got = " and ".join(assignment.got)
    operators = Counter(node.operator for node in assignment.nodes if node.provider == CPU).most_common()
    named = ", ".join(f"{name} {count}" for name, count in operators[:4])
    named += f" and {len(operators) - 4} more" if len(operators) > 4 else ""
    raise FallbackError(
        f"{assignment.file}: asked for {wanted}, got {got}{' by estimate' if assignment.estimated else ''}: "
        f"{assignment.count(CPU)} of {nodes} nodes on the CPU, {share:.0%} where at most {cpu_at_most:.0%} may be ({named})"
    )


def executed(file: Path, providers: tuple[str, ...], feed: dict[str, np.ndarray]) -> dict[tuple[str, str], int]:
    """What one run really executed, by ONNX Runtime's profile, after all fusions: (operator, provider) to how many."""
    kernels = [event["args"] for event in profiled(file, providers, [feed])]
    return dict(Counter((kernel["op_name"], kernel["provider"]) for kernel in kernels).most_common())


def profiled(file: Path, providers: tuple[str, ...], feeds: Sequence[dict[str, np.ndarray]]) -> list[dict[str, Any]]:
    """What ONNX Runtime's profiler notes of each node that it runs for these inputs: `dur` in microseconds, and in `args`
    the operator and the provider. It adds to each node's time."""
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = session_options()
        options.enable_profiling, options.profile_file_prefix = True, str(Path(folder) / "profile")
        session = onnxruntime.InferenceSession(str(file), options, providers=list(providers))
        for feed in feeds:
            session.run(None, feed)
        events = json.loads(Path(session.end_profiling()).read_text("utf-8"))
    return [event for event in events if event["cat"] == "Node" and event["name"].endswith("_kernel_time")]
