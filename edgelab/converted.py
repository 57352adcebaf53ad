"""What an ONNX file answers: whole splits, single layers' activations, each layer's sensitivity; and a trained model
converted to few bits."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgelab import precision
from edgelab.graph import cpu_session
from edgelab.packing import pack
from edgelab.quantization import answers_flipped, divergence
from edgelab.trained import BUNDLING, Trained
from edgelab.workspace import build_once

MODULES = tuple(f"edgelab.{m}" for m in ("converted", "precision", "quantization", "packing", "trained", "export"))
CALIBRATION_TEXTS = 100


def feeds(encoded) -> list[dict[str, np.ndarray]]:
    """The inputs `ids` and `mask` of each text of an `encoder.Encoded`, int64 [1, tokens]."""
    rows = [np.array([ids], dtype=np.int64) for ids in encoded.ids]
    return [{"ids": row, "mask": np.ones_like(row)} for row in rows]


def run_file(file: Path, encoded):
    """The `training.Outputs` of an ONNX file, one text at a time on one thread, as it will be used."""
    from edgelab.training import Outputs

    session = cpu_session(file)
    intent, slots = [], []
    for feed, first in zip(feeds(encoded), encoded.first, strict=True):
        outputs = session.run(None, feed)
        intent.append(outputs[0][0])
        slots += [outputs[1][0][first]] if len(outputs) > 1 else []
    words = np.array([len(first) for first in encoded.first])
    return Outputs(np.stack(intent), np.concatenate(slots) if slots else None, words)


def activations(file: Path, layer: str, encoded) -> np.ndarray:
    """The numbers that enter a layer's matrix product over all texts, float32 [numbers]."""
    import onnx

    (weight,) = (w for w in precision.weights(file) if w.layer == layer)
    model = onnx.load(str(file))
    (node,) = (n for n in model.graph.node if weight.tensor in n.input)
    model.graph.output.append(onnx.helper.make_tensor_value_info(node.input[0], onnx.TensorProto.FLOAT, None))
    session = cpu_session(model.SerializeToString())
    return np.concatenate([session.run([node.input[0]], feed)[0].ravel() for feed in feeds(encoded)])


@dataclass(frozen=True)
class Sensitivity:
    """What rounding one layer alone to so many bits changes: `divergence` in nats and `flips`, the share of requests
    whose intent or slots are others, both [layers, bits]."""

    layers: tuple[str, ...]
    bits: tuple[int, ...]
    divergence: np.ndarray
    flips: np.ndarray


def sensitivity(file: Path, encoded, bits: tuple[int, ...] = tuple(range(8, 1, -1))) -> Sensitivity:
    """Round each layer of an fp32 file in turn, clipped where it helps, and compare what it answers."""
    original, layers = run_file(file, encoded), tuple(weight.layer for weight in precision.weights(file))
    kl, flips = np.empty((2, len(layers), len(bits)))
    with tempfile.TemporaryDirectory() as scratch:
        near = Path(scratch) / "rounded.onnx"
        for cell in np.ndindex(kl.shape):
            precision.rounded(file, near, {layers[cell[0]]: bits[cell[1]]}, clipped=True)
            outputs = run_file(near, encoded)
            kl[cell], flips[cell] = divergence(outputs, original), answers_flipped(outputs, original).mean()
    return Sensitivity(layers, bits, kl, flips)


# --- a trained model, converted -----------------------------------------------------------------


def _calibration(trained: Trained) -> list[dict[str, np.ndarray]]:
    from edgelab.encoder import encode

    return feeds(encode(trained.tokenizer(), trained.dataset.train.texts[:CALIBRATION_TEXTS]))


RECIPES = {
    "fp32": lambda source, target, _: shutil.copyfile(source, target),
    "int8": lambda source, target, _: precision.dynamic_int8(source, target),
    "int8 static": lambda source, target, m: precision.static_int8(source, target, _calibration(m)),
    "int8 static 99.9 %": lambda s, t, m: precision.static_int8(s, t, _calibration(m), percentile=99.9),
    "int4 blocks": lambda source, target, _: precision.weight_only(source, target, bits=4),
    "int2 blocks": lambda source, target, _: precision.weight_only(source, target, bits=2),
    "int4 packed": lambda source, target, _: pack(source, target, 4),
    "int2 packed": lambda source, target, _: pack(source, target, 2),
}


@dataclass(frozen=True)
class Converted(Trained):
    """A trained model as an ONNX file of some `precision`: its outputs are what that file answers."""

    precision: str

    @property
    def note(self) -> str:
        return super().note.replace(self.name, f"{self.name}, {self.precision}", 1)

    @property
    def file(self) -> Path:
        return self.artifact.path / "model.onnx"

    def answer(self, texts: tuple[str, ...]):
        """The `training.Outputs` of the file on texts."""
        from edgelab.encoder import encode

        return run_file(self.file, encode(self.tokenizer(), texts))

    def bundle(self) -> Path:
        """The deployable folder of this file."""

        def build(folder: Path) -> None:
            from edgelab.bundle import save

            about = {"dataset": self.dataset, "model": f"{self.name} {self.precision}", "metrics": self.metrics()}
            save(folder / "bundle", self.file, self.tokenizer(), **about)

        inputs = {"model": self.artifact.path.name, "data": self.dataset.name}
        return build_once("bundle", build, inputs=inputs, modules=BUNDLING).path / "bundle"


def convert(trained: Trained, precision: str) -> Converted:
    """The model in one of the RECIPES, made from its exported bundle.

    Raises:
        KeyError: there is no such recipe.
    """
    recipe = RECIPES[precision]

    def build(folder: Path) -> None:
        bundle = trained.bundle()
        shutil.copyfile(bundle / "tokenizer.json", folder / "tokenizer.json")
        recipe(bundle / "model.onnx", folder / "model.onnx", trained)

    inputs = {"model": trained.artifact.path.name, "precision": precision}
    artifact = build_once("converted", build, inputs=inputs, modules=MODULES)
    return Converted(trained.name, artifact, trained.spec, trained.dataset, trained.vocabulary, precision)
