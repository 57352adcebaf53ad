"""A trained model's first answer in fresh processes, by runtime.

python -m edgelab.models.cold_start FOLDER SPEC TEXT    prints the label's id, computed by torch
"""

import importlib.util
import json
import sys
from dataclasses import asdict
from pathlib import Path

from edgelab.export.cold_start import program_in
from edgelab.measurement.processes import Program
from edgelab.models.spec import Spec
from edgelab.models.trained import Trained


def answer_programs(trained: Trained, text: str) -> dict[str, Program]:
    """Programs that print a model's label id for one text: with ONNX Runtime, with torch, with OpenVINO where it is
    installed; and one that does nothing, as the floor."""
    bundle, spec = trained.bundle(), json.dumps(trained.spec and asdict(trained.spec))
    programs = {
        "nothing": ("-c", "print(0)"),
        "onnxruntime": program_in("onnxruntime", bundle, text),
        "torch": ("-m", "edgelab.models.cold_start", str(trained.artifact.path), spec, text),
    }
    if importlib.util.find_spec("openvino"):
        programs["openvino"] = program_in("openvino", bundle, text)
    return programs


def _answer(folder: Path, spec: dict | None, text: str) -> None:
    import torch

    from edgelab.models.storage import load_model, load_stored_tokenizer

    shape = Spec(**spec | {"layers": tuple(spec["layers"])}) if spec else None
    ids = torch.tensor([load_stored_tokenizer(folder).encode(text).ids])
    with torch.inference_mode():
        print(int(load_model(folder, shape)(ids, torch.ones_like(ids))[0].argmax()))


if __name__ == "__main__":
    _answer(Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3])
