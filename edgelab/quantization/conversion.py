"""A trained model converted to few bits."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgelab.bundle.answers import save_measured
from edgelab.models.outputs import Outputs
from edgelab.models.trained import Trained
from edgelab.quantization.answers import feeds, run_file
from edgelab.quantization.onnx_tools import dynamic_int8, static_int8, weight_only
from edgelab.quantization.packing import pack
from edgelab.workspace import build_once

CALIBRATION_TEXTS = 100


def _calibration(trained: Trained) -> list[dict[str, np.ndarray]]:
    from edgelab.models.tokens import encode

    return feeds(encode(trained.tokenizer(), trained.dataset.train.texts[:CALIBRATION_TEXTS]))


# From a file to a file; the model itself gives the texts that settle ranges.
RECIPES: dict[str, Callable[[Path, Path, Trained], object]] = {
    "fp32": lambda source, target, _: shutil.copyfile(source, target),
    "int8": lambda source, target, _: dynamic_int8(source, target),
    "int8 static": lambda source, target, m: static_int8(source, target, _calibration(m)),
    "int8 static 99.9 %": lambda s, t, m: static_int8(s, t, _calibration(m), percentile=99.9),
    "int4 blocks": lambda source, target, _: weight_only(source, target, bits=4),
    "int2 blocks": lambda source, target, _: weight_only(source, target, bits=2),
    "int4 packed": lambda source, target, _: pack(source, target, 4),
    "int2 packed": lambda source, target, _: pack(source, target, 2),
}


@dataclass(frozen=True)
class Converted(Trained):
    """A trained model as an ONNX file of some `precision`: its outputs are what that file answers."""

    precision: str

    @property
    def note(self) -> str:
        """As of the trained model, with the precision."""
        return super().note.replace(self.name, f"{self.name}, {self.precision}", 1)

    @property
    def file(self) -> Path:
        """The ONNX file itself."""
        return self.artifact.path / "model.onnx"

    def answer(self, texts: tuple[str, ...]) -> Outputs:
        """What the file says of texts."""
        from edgelab.models.tokens import encode

        return run_file(self.file, encode(self.tokenizer(), texts))

    def bundle(self, kept_accuracy: float | None = None) -> Path:
        """The deployable folder of this file, measured as `Trained.bundle` measures its own."""

        def build(folder: Path) -> None:
            name, data = f"{self.name} {self.precision}", self.dataset
            parts = (folder / "bundle", self.file, self.tokenizer())
            save_measured(*parts, dataset=data, model=name, kept_accuracy=kept_accuracy)

        inputs = {"model": self.artifact.path.name, "data": self.dataset.name, "kept": kept_accuracy}
        return build_once("bundle", build, inputs=inputs).path / "bundle"


def convert(trained: Trained, precision: str) -> Converted:
    """The model in one of the RECIPES, made from its exported bundle.

    Raises:
        KeyError: there is no such recipe.
    """
    if precision not in RECIPES:
        raise KeyError(precision)

    def build(folder: Path) -> None:
        shutil.copyfile(trained.artifact.path / "tokenizer.json", folder / "tokenizer.json")
        RECIPES[precision](trained.bundle() / "model.onnx", folder / "model.onnx", trained)

    inputs = {"model": trained.artifact.path.name, "precision": precision}
    artifact = build_once("converted", build, inputs=inputs)
    return Converted(trained.name, artifact, trained.spec, trained.dataset, trained.vocabulary, precision)
