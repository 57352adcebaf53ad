"""A trained model in the formats that ship."""

from pathlib import Path

from edgelab.bundle.answers import save_measured
from edgelab.models.storage import load_model
from edgelab.models.trained import Trained
from edgelab.quantization.conversion import RECIPES
from edgelab.workspace import Artifact, build_once

# How a precision is made when it ships: one of the recipes of `quantization.conversion`.
SHIPPED = {"fp32": "fp32", "int8": "int8", "int4": "int4 packed"}


def deploy(
    trained: Trained, precisions: tuple[str, ...], teacher_accuracy: float | None = None
) -> tuple[Artifact, dict[str, Path]]:
    """A bundle of the model in each precision, for one request at a time: name to folder.

    The manifest holds the accuracy on validation and, given the teacher's, the confidence from which on the model is
    right as often as the teacher is overall. Test stays unread.
    """

    def build(folder: Path) -> None:
        from edgelab.export.to_onnx import export_onnx

        exported = folder / "export.onnx"
        export_onnx(load_model(trained.artifact.path, trained.spec), exported, trained.vocabulary, one_request=True)
        for precision in precisions:
            model = folder / f"{precision}.onnx"
            RECIPES[SHIPPED[precision]](exported, model, trained)
            save_measured(
                folder / precision,
                model,
                trained.tokenizer(),
                dataset=trained.dataset,
                model=f"{trained.name} {precision}",
                kept_accuracy=teacher_accuracy,
            )
            model.unlink()
        exported.unlink()

    inputs = {
        "model": trained.artifact.path.name,
        "name": trained.name,
        "data": trained.dataset.name,  # stands in the manifest, and is not part of the data's fingerprint
        "precisions": list(precisions),
        "teacher_accuracy": teacher_accuracy,
    }
    artifact = build_once("deployed", build, inputs=inputs)
    return artifact, {f"{trained.name} {precision}": artifact.path / precision for precision in precisions}
