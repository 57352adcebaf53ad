"""What `02_quantization` does between its exercises, with the learner's functions in it."""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgelab.bundle.predict import Bundle
from edgelab.models.tokens import Encoded, encode
from edgelab.models.trained import Trained
from edgelab.quantization.answers import activations, run_file
from edgelab.quantization.arithmetic import INT16
from edgelab.quantization.conversion import Converted, convert
from edgelab.quantization.damage import Change, answers_flipped, change
from edgelab.quantization.grid import symmetric_scale
from edgelab.quantization.onnx_tools import dynamic_int8, integer_product, weight_only, weights
from edgelab.stats.intervals import Interval, accuracy_interval

if TYPE_CHECKING:
    import pandas as pd

    from edgelab.datasets.dataset import Dataset
    from edgelab.measurement.latency import LatencySamples

Quantize = Callable[[np.ndarray, np.ndarray, int], np.ndarray]
Dequantize = Callable[..., np.ndarray]
Scales = Callable[[np.ndarray, int], np.ndarray]  # of a matrix and bits
ChannelScales = Callable[[np.ndarray, int, int], np.ndarray]  # and of the axis along which its channels lie
FORMATS = ("fp32", "int8", "int8 static", "int8 static 99.9 %", "int4 blocks", "int4 packed")


def percent(interval: Interval) -> str:
    """In percent, with its interval."""
    return f"{100 * interval.value:.1f} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


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


def there_and_back(few: np.ndarray, scale: float, quantize: Quantize, dequantize: Dequantize) -> "pd.DataFrame":
    """A few weights, their integers at 8 bits and what these stand for."""
    import pandas as pd

    integers = np.asarray(quantize(few, np.asarray(scale), 8))
    rows = {"weight": few, "integer": integers, "back": dequantize(integers, scale)}
    return pd.DataFrame(rows).round(5)


def runtimes_integers(file: Path, layer: str, axis: int | None) -> np.ndarray:
    """The integers of a layer in the file that ONNX Runtime's quantizer writes: one scale in all, or one for each channel."""
    import onnx

    (weight,) = (weight for weight in weights(file) if weight.layer == layer)
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "int8.onnx"
        dynamic_int8(file, target, per_channel=axis is not None, reduce_range=False)
        tensors = {tensor.name: tensor for tensor in onnx.load(target).graph.initializer}
        return np.asarray(onnx.numpy_helper.to_array(tensors[f"{weight.tensor}_quantized"]))


def grain_errors(
    matrix: np.ndarray, grains: Mapping[str, Scales], quantize: Quantize, dequantize: Dequantize
) -> "pd.DataFrame":
    """The rounding error in % of the weights' size, by bits and by how finely scales are given out."""
    import pandas as pd

    errors = pd.DataFrame()
    for name, scales in grains.items():
        for bits in (2, 3, 4, 6, 8):
            scale = scales(matrix, bits)
            near = dequantize(quantize(matrix, scale, bits), scale)
            errors.loc[f"{bits} bits", name] = 100 * float(np.linalg.norm(near - matrix) / np.linalg.norm(matrix))
    return errors


# --- formats ---------------------------------------------------------------------------------------


def in_formats(trained: Trained, precisions: Iterable[str]) -> dict[str, Converted]:
    """A model in each precision, by `name, precision`."""
    return {f"{trained.name}, {precision}": convert(trained, precision) for precision in precisions}


def before_and_after(models: Mapping[str, Converted], name: str) -> tuple[np.ndarray, np.ndarray]:
    """The tools' logits on test of one of the models, and of the same model in fp32: both [requests, labels]."""
    original = models[f"{models[name].name}, fp32"]
    return models[name].outputs().intent_logits, original.outputs().intent_logits


def format_table(models: Mapping[str, Converted], moved: Mapping[str, tuple[float, float, float]]) -> "pd.DataFrame":
    """Each model's accuracy and calls on test, the flips by kind as `moved` has them, and the divergence."""
    import pandas as pd

    gold, rows = labels_of(next(iter(models.values()))), {}
    for name, model in models.items():
        found = change(*before_and_after(models, name), gold)
        broken, repaired, otherwise = (100 * float(share) for share in moved[name])
        rows[name] = {
            "accuracy, %": percent(found.accuracy),
            "calls right, %": percent(accuracy_interval(model.calls_correct())),
            "broken, %": f"{broken:.2f}",
            "repaired, %": f"{repaired:.2f}",
            "wrong otherwise, %": f"{otherwise:.2f}",
            "KL, nats": f"{found.kl:.4f}",
        }
    return pd.DataFrame(rows).T


def labels_of(model: Trained) -> np.ndarray:
    """The right labels of its data's test, as columns of the logits, [requests]."""
    return np.array(model.dataset.label_ids(model.dataset.test))


def timed(models: Mapping[str, Converted], data: "Dataset") -> "tuple[dict[str, Bundle], Mapping[str, LatencySamples]]":
    """The models' bundles, and their latencies on a hundred texts, interleaved in this process."""
    from edgelab.measurement.latency import measure_latency

    bundles = {name: Bundle.load(model.bundle()) for name, model in models.items()}
    subjects = {name: bundle.predict for name, bundle in bundles.items()}
    return bundles, measure_latency(subjects, list(data.validation.texts[:100]))


def cost_table(bundles: Mapping[str, Bundle], latency: "Mapping[str, LatencySamples]") -> "pd.DataFrame":
    """Size and speed of each, the latter also against the same model in fp32."""
    import pandas as pd

    from edgelab.measurement.latency import speedup

    rows = {}
    for name, bundle in bundles.items():
        faster = speedup(latency[f"{name.rpartition(', ')[0]}, fp32"], latency[name])
        rows[name] = {
            "size, MB": f"{bundle.size_bytes / 1e6:.2f}",
            "p50, ms": f"{latency[name].percentile(50):.3f}",
            "times faster": f"{faster:.2f}",
        }
    return pd.DataFrame(rows).T


# --- activations, and integer products ---------------------------------------------------------------


def entering(trained: Trained, layer: str) -> np.ndarray:
    """The numbers that enter a layer over a hundred texts of validation."""
    texts = trained.dataset.validation.texts[:100]
    return activations(trained.bundle() / "model.onnx", layer, encode(trained.tokenizer(), texts))


def grids_compared(
    values: np.ndarray, affine_parameters: Callable[..., tuple], dequantize: Dequantize
) -> "pd.DataFrame":
    """The rounding error in % of the values' size on a symmetric and on an affine grid that both reach the farthest value."""
    import pandas as pd

    low, high = float(values.min()), float(values.max())
    rows = {}
    for bits in (8, 4):
        top = 2 ** (bits - 1) - 1
        even = symmetric_scale(np.asarray(low), np.asarray(high), bits)
        scale, zero_point = affine_parameters(low, high, bits)
        symmetric = np.clip(np.rint(values / even), -top, top) * even
        shifted = np.clip(np.rint(values / scale) + zero_point, 0, 2**bits - 1)
        affine = dequantize(shifted.astype(np.uint8), scale, zero_point)
        size = np.linalg.norm(values)
        rows[f"{bits} bits"] = {
            "symmetric": 100 * float(np.linalg.norm(symmetric - values) / size),
            "affine": 100 * float(np.linalg.norm(affine - values) / size),
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
            "exact where it saturates": f"{np.mean(saturated == exact):.0%}",
            "exact here": f"{np.mean(integer_product(a, b) == exact):.0%}",
            "here as where it saturates": f"{np.mean(integer_product(a, b) == saturated):.0%}",
        }
    return pd.DataFrame(rows).T


def largest_pair(top: int) -> tuple[int, int]:
    """The largest sum of two products of a uint8 and a weight up to `top`, and the largest that 16 bits hold."""
    return 2 * 255 * top, int(INT16.max)


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


# --- files -----------------------------------------------------------------------------------------


def bytes_by_bits(file: Path, bits: Iterable[int]) -> dict[int, tuple[int, tuple[str, ...]]]:
    """What `weight_only` makes of a file at so many bits: bytes, and the layers that stayed fp32."""
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        for number in bits:
            target = Path(scratch) / "few.onnx"
            weight_only(file, target, bits=number)
            found[number] = target.stat().st_size, tuple(weight.layer for weight in weights(target))
    return found


# --- the cliff -------------------------------------------------------------------------------------


def cliff(
    trained: Trained, ways: Mapping[str, ChannelScales], quantize: Quantize, dequantize: Dequantize
) -> dict[str, dict[int, tuple[Change, float]]]:
    """A student with all matrices rounded to 8 down to 2 bits, by each way of choosing scales: what changes on test, and the
    share of answers whose tool or slots are others."""
    import onnx

    file, encoded, gold = trained.bundle() / "model.onnx", test_of(trained), labels_of(trained)
    before, found = run_file(file, encoded), {name: {} for name in ways}
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
