"""Where the chosen model's file would run, and how far its answers lie from the network that was trained."""

import tempfile
from dataclasses import asdict
from pathlib import Path

from edgelab.export.graph import fix_input, input_shape
from edgelab.export.placement import CPU, Placement, assignment, usability
from edgelab.models.trained import Trained

TOKENS = 32  # the length to which the open one is fixed, as compilers for accelerators want it


def preflight(file: Path, trained: Trained) -> dict:
    """Plain JSON values. The trained network has float32 weights; of a file with fewer bits the difference is their price."""
    from edgelab.export.preflight import shapes_name  # torch: the room loads without it
    from edgelab.export.to_onnx import UNSEEN, check_parity

    declared = input_shape(file)
    one_request = tuple(shape for shape in UNSEEN if shape[0] == 1)
    parity = check_parity(trained.model(), file, trained.vocabulary, shapes=one_request)
    placements = [assignment(file, CPU, shapes_name(declared)), *usability(file, shapes_name(declared))]
    fixed = (1, TOKENS)
    with tempfile.TemporaryDirectory() as folder:
        placements += usability(fix_input(file, Path(folder) / "fixed.onnx", fixed), shapes_name(fixed))
    return {
        "largest_difference": parity.largest_difference,
        "shapes": [list(shape) for shape in parity.shapes],
        "placements": [placed(placement) for placement in placements],
    }


def placed(placement: Placement) -> dict:
    """A target, and how much of the file it takes."""
    kept = ("target", "shapes", "partitions", "open_shapes", "verdict")
    values = {name: value for name, value in asdict(placement).items() if name in kept}
    counts = {"taken": placement.taken, "nodes": placement.nodes}
    return values | counts | {"lacks": list(placement.unsupported)}
