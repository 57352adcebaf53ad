"""What `02_quantization` does between its exercises, with the learner's functions in it."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgelab.models.tokens import Encoded, encode
from edgelab.models.trained import Trained
from edgelab.quantization.answers import activations, run_file
from edgelab.quantization.damage import Change, answers_flipped, change
from edgelab.quantization.formats import labels_of, percent
from edgelab.quantization.grid import symmetric_scale
from edgelab.quantization.onnx_tools import dynamic_int8, integer_product, values, weights

if TYPE_CHECKING:
    import pandas as pd


Quantize = Callable[[np.ndarray, np.ndarray, int], np.ndarray]
Dequantize = Callable[..., np.ndarray]
ChannelScales = Callable[
    [np.ndarray, int, int], np.ndarray
]  # of a matrix, bits and the axis along which its channels lie


# --- integers --------------------------------------------------------------------------------------


def layer_table(file: Path) -> "pd.DataFrame":
    """The fp32 matrices of a file, and which share of all weights each holds."""
    import pandas as pd

    count = {weight.layer: weight.shape[0] * weight.shape[1] for weight in weights(file)}
    rows = {
        weight.layer: {
            "operator": weight.operator,
            "shape": " x ".join(map(str, weight.shape)),
            "weights": f"{count[weight.layer]:,}",
            "share": f"{count[weight.layer] / sum(count.values()):.0%}",
        }
        for weight in weights(file)
    }
    return pd.DataFrame(rows).T


def matrices(file: Path) -> dict[str, np.ndarray]:
    """The weights of the convolution and of the heads that read the sentence, each [inputs, outputs]."""
    found = {weight.layer: weight for weight in weights(file)}
    shown = (found[name] for name in ("convolution", "intent", "slots_from_sentence") if name in found)
    return {w.layer: values(file, w).T if w.axis == 0 else values(file, w) for w in shown}


def there_and_back(
    few: np.ndarray, quantize: Quantize, dequantize: Dequantize, scales: Callable[..., np.ndarray]
) -> "pd.DataFrame":
    """A few weights, their integers at 8 bits on a grid of their own, and what these stand for."""
    import pandas as pd

    scale = scales(few, 8)
    integers = quantize(few, scale, 8)
    rows = {"weight": few, "integer": integers, "back": dequantize(integers, scale)}
    return pd.DataFrame({name: np.ravel(column) for name, column in rows.items()}).round(5)


def runtimes_integers(file: Path, layer: str, axis: int | None) -> np.ndarray:
    """The integers of a layer in the file that ONNX Runtime's quantizer writes: one scale in all, or one for each channel."""
    import onnx

    (weight,) = (weight for weight in weights(file) if weight.layer == layer)
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "int8.onnx"
        dynamic_int8(file, target, per_channel=axis is not None, reduce_range=False)
        tensors = {tensor.name: tensor for tensor in onnx.load(target).graph.initializer}
        return np.asarray(onnx.numpy_helper.to_array(tensors[f"{weight.tensor}_quantized"]))


def errors(
    matrix: np.ndarray,
    quantize: Quantize,
    dequantize: Dequantize,
    scales: Callable[..., np.ndarray],
    block_scales: Callable[..., np.ndarray],
) -> "pd.DataFrame":
    """The rounding error in % of the weights' size, by bits and by how finely scales are given out."""
    import pandas as pd

    found = pd.DataFrame()
    for bits in (2, 3, 4, 6, 8):
        grains = {
            "one scale": scales(matrix, bits),
            "one a channel": scales(matrix, bits, axis=1),
            "one a block of 32": block_scales(matrix, bits, 32),
        }
        for name, scale in grains.items():
            near = dequantize(quantize(matrix, scale, bits), scale)
            found.loc[f"{bits} bits", name] = 100 * float(np.linalg.norm(near - matrix) / np.linalg.norm(matrix))
    return found


# --- activations, and integer products ---------------------------------------------------------------


def entering(trained: Trained, layer: str) -> np.ndarray:
    """The numbers that enter a layer over a hundred texts of validation."""
    texts = trained.dataset.validation.texts[:100]
    return activations(trained.bundle() / "model.onnx", layer, encode(trained.tokenizer(), texts))


def grids_compared(
    numbers: np.ndarray, affine_parameters: Callable[..., tuple], dequantize: Dequantize
) -> "pd.DataFrame":
    """The rounding error in % of the numbers' size on a symmetric and on an affine grid that both reach the farthest one."""
    import pandas as pd

    low, high = float(numbers.min()), float(numbers.max())
    rows = {}
    for bits in (8, 4):
        top = 2 ** (bits - 1) - 1
        even = symmetric_scale(np.asarray(low), np.asarray(high), bits)
        scale, zero_point = affine_parameters(low, high, bits)
        symmetric = np.clip(np.rint(numbers / even), -top, top) * even
        shifted = np.clip(np.rint(numbers / scale) + zero_point, 0, 2**bits - 1)
        affine = dequantize(shifted.astype(np.uint8), scale, zero_point)
        size = np.linalg.norm(numbers)
        rows[f"{bits} bits"] = {
            "symmetric": 100 * float(np.linalg.norm(symmetric - numbers) / size),
            "affine": 100 * float(np.linalg.norm(affine - numbers) / size),
        }
    return pd.DataFrame(rows).T.round(2)


def saturation_table(saturating_matmul: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> "pd.DataFrame":
    """How many of 256 products of large activations are exact, by the learner's function and on this processor, by bits."""
    import pandas as pd

    rng, rows = np.random.default_rng(0), {}
    a = rng.integers(128, 256, (8, 64)).astype(np.uint8)
    for bits, top in ((8, 127), (7, 64), (6, 31)):
        b = rng.integers(-top, top + 1, (64, 32)).astype(np.int8)
        exact = a.astype(int) @ b.astype(int)
        saturated = np.asarray(saturating_matmul(a, b))
        rows[f"{bits} bits"] = {
            "exact, by your function": f"{np.mean(saturated == exact):.0%}",
            "exact, here": f"{np.mean(integer_product(a, b) == exact):.0%}",
            "here as by your function": f"{np.mean(integer_product(a, b) == saturated):.0%}",
        }
    return pd.DataFrame(rows).T


def reduced_range(trained: Trained) -> "pd.DataFrame":
    """A student in int8 with weights of 7 and of 8 bits, on this processor, against fp32 on test."""
    import pandas as pd

    file, encoded, gold = trained.bundle() / "model.onnx", test_of(trained), labels_of(trained)
    before, rows = run_file(file, encoded), {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, reduce_range in (("7-bit weights", True), ("8-bit weights", False)):
            dynamic_int8(file, Path(scratch) / "int8.onnx", reduce_range=reduce_range)
            after = run_file(Path(scratch) / "int8.onnx", encoded)
            found = change(after.intent_logits, before.intent_logits, gold)
            rows[name] = {"flips, %": percent(found.flips), "KL, nats": f"{found.kl:.5f}"}
    return pd.DataFrame(rows).T


def test_of(trained: Trained) -> Encoded:
    """Test as the model reads it."""
    return encode(trained.tokenizer(), trained.dataset.test.texts)


# --- the cliff -------------------------------------------------------------------------------------


def cliff(
    trained: Trained, quantize: Quantize, dequantize: Dequantize, **ways: ChannelScales
) -> dict[str, dict[int, tuple[Change, float]]]:
    """A student with all matrices rounded to 8 down to 2 bits, by each way of choosing scales: what changes on test, and the
    share of answers whose tool or slots are others."""
    import onnx

    file, encoded, gold = trained.bundle() / "model.onnx", test_of(trained), labels_of(trained)
    before = run_file(file, encoded)
    found: dict[str, dict[int, tuple[Change, float]]] = {name: {} for name in ways}
    with tempfile.TemporaryDirectory() as scratch:
        for name, scales in ways.items():
            for bits in range(8, 1, -1):
                model = onnx.load(file)
                tensors = {tensor.name: tensor for tensor in model.graph.initializer}
                for weight in weights(file):
                    matrix = onnx.numpy_helper.to_array(tensors[weight.tensor])
                    scale = scales(matrix, bits, weight.axis)
                    near = dequantize(quantize(matrix, scale, bits), scale).astype(np.float32)
                    tensors[weight.tensor].CopyFrom(onnx.numpy_helper.from_array(near, weight.tensor))
                onnx.save(model, Path(scratch) / "rounded.onnx")
                after = run_file(Path(scratch) / "rounded.onnx", encoded)
                moved = change(after.intent_logits, before.intent_logits, gold)
                found[name][bits] = moved, float(answers_flipped(after, before).mean())
    return found
