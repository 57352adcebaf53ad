"""Before an ONNX file ships: where would its nodes run, in how many pieces, and does it still compute the same?"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgelab.bundle.session import cpu_session
from edgelab.export.graph import fix_input, input_shape
from edgelab.export.placement import CPU, Placement, assignment, usability
from edgelab.export.to_onnx import UNSEEN, ExportError, Parity, check_parity

if TYPE_CHECKING:
    import pandas as pd
    from torch import nn


class PreflightError(RuntimeError):
    """A file that should not ship as it is. The message holds one line of advice a fault; `report` what was found."""

    def __init__(self, faults: list[str], report: "Preflight") -> None:
        super().__init__("\n".join(faults))
        self.report = report


@dataclass(frozen=True)
class Preflight:
    """`parity` is None where the file could not be compared at all."""

    placements: tuple[Placement, ...]
    parity: Parity | None
    tolerance: float

    def of(self, target: str) -> list[Placement]:
        """What one target takes: of the file as it is, and, where its sizes are open, of the same with fixed ones."""
        return [placement for placement in self.placements if placement.target == target]


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

    A `PreflightError` says that the file computes something else than the model, that a provider is absent or leaves
    nodes to the CPU, or that a target cannot use it.
    """
    batch, length = (size if isinstance(size, int) else None for size in input_shape(path))
    placements, faults = _placed(path, (batch or 1, length or tokens), providers, targets)

    def compare() -> Parity:
        if batch is None or length is None:
            return check_parity(model, path, vocabulary, shapes=UNSEEN)
        return check_parity(model, path, vocabulary, shapes=((batch, length),), padding=length // 2)

    return _reported(path, placements, faults, compare, tolerance)


def preflight_file(
    path: Path,
    original: Path,
    inputs: Sequence[dict[str, np.ndarray]],
    *,
    providers: tuple[str, ...] = (CPU,),
    targets: tuple[str, ...] = (),
    tolerance: float = 1e-4,
) -> Preflight:
    """The same for any file, of images as of texts: it is compared with the `original` that it was made from.

    Args:
        inputs: what both are asked; a file with open shapes is looked at once more, fixed to those of the first one.
    """
    placements, faults = _placed(path, next(iter(inputs[0].values())).shape, providers, targets)
    return _reported(path, placements, faults, lambda: compare_files(original, path, inputs), tolerance)


def compare_files(original: Path, path: Path, inputs: Sequence[dict[str, np.ndarray]]) -> Parity:
    """Largest difference between what two files answer to the same inputs.

    Raises:
        ExportError: `path` refuses an input, or answers it in another shape.
    """
    known, session = cpu_session(original), cpu_session(path)
    largest, shapes = 0.0, tuple(dict.fromkeys(next(iter(each.values())).shape for each in inputs))
    for each in inputs:
        try:
            got = session.run(None, each)
        except Exception as error:  # ONNX Runtime's own share no base class
            raise ExportError(f"{path.name}: an input is refused ({error})") from None
        for ours, theirs in zip(got, known.run(None, each), strict=True):
            if ours.shape != theirs.shape:
                raise ExportError(f"{path.name}: an answer has the shape {ours.shape}, the original's {theirs.shape}")
            largest = float(np.maximum(largest, np.abs(ours - theirs).max()))  # not `max`: a NaN must show
    return Parity(largest, shapes, original.name)


def _placed(
    path: Path, shape: tuple[int, ...], providers: tuple[str, ...], targets: tuple[str, ...]
) -> tuple[list[Placement], list[str]]:
    """Where its nodes run here and on phones, as it is and fixed to this shape; and what is wrong with that."""
    declared, placements, faults = input_shape(path), [], []
    for provider in providers:
        placements.append(assignment(path, provider, shapes_name(declared)))
        faults += _provider_faults(placements[-1], allowed=providers)
    placements += usability(path, shapes_name(declared))
    if not all(isinstance(size, int) for size in declared):
        with tempfile.TemporaryDirectory() as folder:
            placements += usability(fix_input(path, Path(folder) / path.name, shape), shapes_name(shape))
    for target in targets:
        faults += _target_faults([p for p in placements if p.target == target])
    return placements, faults


def _reported(
    path: Path, placements: list[Placement], faults: list[str], compare: Callable[[], Parity], tolerance: float
) -> Preflight:
    parity = None
    try:
        parity = compare()
        if not parity.largest_difference <= tolerance:
            differs = f"it differs from {parity.reference} by {parity.largest_difference:.2g}"
            faults.append(f"{differs}: export the weights that you mean")
    except ExportError as error:
        faults.append(str(error).removeprefix(f"{path.name}: "))
    report = Preflight(tuple(placements), parity, tolerance)
    if faults:
        raise PreflightError([f"{path.name}: {fault}" for fault in faults], report)
    return report


def shapes_name(shape: tuple[int | str, ...]) -> str:
    """As in `any batch x 32`."""
    return " x ".join(f"{size}" if isinstance(size, int) else f"any {size}".strip() for size in shape)


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
            "asked": f"the same as {parity.reference if parity else 'the original'}",
            "shapes": shapes,
            **blank,
            "usable": "yes" if same else "no",
            "what it lacks": words,
        }
    )
    return pd.DataFrame(rows)
