"""ONNX Runtime's own ways to fewer bits, each from a file to a file, and a look at what became of the weights."""

import collections
import contextlib
import io
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgelab.bundle.session import cpu_session
from edgelab.quantization.grid import best_clip, fake_quantize, packed_bytes

if TYPE_CHECKING:
    from onnx import GraphProto

MATRIX_AT = {"Gather": 0, "MatMul": 1, "Gemm": 1}  # operator to the input that holds its matrix
FINE_CLIPS = np.linspace(0.3, 1.0, 15)  # shares of a channel's largest weight that `rounded` tries


# --- what is in a file --------------------------------------------------------------------------


@dataclass(frozen=True)
class Weight:
    """An fp32 matrix of an ONNX file: its `layer` as the model calls it, its `tensor` name, the `operator` that uses it,
    and the `axis` along which its output channels (an embedding's tokens) lie."""

    layer: str
    tensor: str
    operator: str
    shape: tuple[int, int]
    axis: int

    def size_bytes(self, bits: int) -> int:
        """Its bytes at so many bits a weight, scales included."""
        return packed_bytes(self.shape, self.axis, bits)


def weights(file: Path) -> list[Weight]:
    """The fp32 matrices that a file looks up or multiplies by, in order of use; of a quantized file, what stayed fp32."""
    import onnx

    return list(_weights(onnx.load(str(file)).graph))


def _weights(graph: "GraphProto") -> Iterator[Weight]:
    matrices = {i.name: i for i in graph.initializer if i.data_type == i.FLOAT and len(i.dims) == 2}
    users = collections.defaultdict(list)
    for node in graph.node:
        for name in node.input:
            users[name].append(node)
    for node in graph.node:
        name = node.input[MATRIX_AT[node.op_type]] if node.op_type in MATRIX_AT else ""
        if name not in matrices:
            continue
        # torch's exporter renames a matrix that it transposes, but not the bias added to the product.
        after = users[node.output[0]] if node.op_type == "MatMul" else [node]
        named = [n for n in (name, *(n for user in after for n in user.input)) if n.endswith((".weight", ".bias"))]
        layer = named[0].rpartition(".")[0] if named else name
        outputs_first = node.op_type == "Gather" or any(a.name == "transB" and a.i for a in node.attribute)
        yield Weight(layer, name, node.op_type, tuple(matrices[name].dims), 0 if outputs_first else 1)


def values(file: Path, weight: Weight) -> np.ndarray:
    """What a weight holds, float32 of its shape."""
    import onnx

    (tensor,) = (i for i in onnx.load(str(file)).graph.initializer if i.name == weight.tensor)
    return onnx.numpy_helper.to_array(tensor)


# --- from a file to a file ----------------------------------------------------------------------


def rounded(source: Path, target: Path, bits: dict[str, int], *, clipped: bool = False) -> None:
    """Round the weights of the named layers to the nearest on a symmetric grid for each output channel. They stay stored
    as fp32: this shows what so few bits would answer, on any number of them.

    Args:
        clipped: end each channel's grid where its squared error is least, instead of at its largest weight.

    Raises:
        ValueError: the file has no such layer.
    """
    import onnx

    model = onnx.load(str(source))
    found = {weight.layer: weight for weight in _weights(model.graph)}
    if unknown := sorted(set(bits) - set(found)):
        raise ValueError(f"{source}: expected layers among {', '.join(found)}, found {', '.join(unknown)}")
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    for layer, number in bits.items():
        tensor, axis = tensors[found[layer].tensor], found[layer].axis
        matrix = onnx.numpy_helper.to_array(tensor)
        clip = best_clip(matrix, number, FINE_CLIPS, axis) if clipped else 1.0
        near = fake_quantize(matrix, number, axis=axis, clip=clip).astype(np.float32)
        tensor.CopyFrom(onnx.numpy_helper.from_array(near, tensor.name))
    onnx.save(model, str(target))


def dynamic_int8(
    source: Path,
    target: Path,
    *,
    per_channel: bool = True,
    reduce_range: bool = True,
    operators: Sequence[str] | None = None,
) -> None:
    """int8 weights, embeddings included; activations are quantized as they come, each tensor by its own range.

    Args:
        per_channel: a scale for each output channel.
        reduce_range: keeps weights to 7 bits, so that no processor's int16 sums saturate.
        operators: which are quantized; None: all that the quantizer knows.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _quiet():
        quantize_dynamic(
            onnx.load(str(source)),
            str(target),
            op_types_to_quantize=operators and list(operators),
            weight_type=QuantType.QInt8,
            per_channel=per_channel,
            reduce_range=reduce_range,
        )


def static_int8(
    source: Path,
    target: Path,
    inputs: Iterable[dict[str, np.ndarray]],
    *,
    percentile: float | None = None,
    operators: Sequence[str] = tuple(MATRIX_AT),
    per_channel: bool = True,
) -> None:
    """int8 weights, and activations whose ranges are settled beforehand on example `inputs` (QDQ: pairs of
    QuantizeLinear and DequantizeLinear in the graph).

    Args:
        percentile: the share of each activation, in percent, that its range must hold, such as 99.9; None takes the
            least and largest seen.
        operators: which are quantized.
        per_channel: a scale for each output channel; the quantizer makes an invalid file of a convolution whose bias
            is no vector.
    """
    import onnx
    from onnxruntime.quantization import CalibrationMethod, QuantType, quantize_static

    # One input at a time: the histograms do not take a batch of different lengths.
    options = {"MatMulConstBOnly": True, "CalibStridedMinMax": 1, "CalibPercentile": percentile}
    with _quiet():
        quantize_static(
            onnx.load(str(source)),
            str(target),
            _Reader(list(inputs)),
            op_types_to_quantize=list(operators),
            per_channel=per_channel,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.Percentile if percentile else CalibrationMethod.MinMax,
            extra_options=options if percentile else options | {"CalibPercentile": 100},
        )


def weight_only(source: Path, target: Path, *, bits: int = 4, block: int = 32) -> None:
    """Weights of `bits` (2, 4 or 8) in blocks with one scale each; the runtime may compute in int8 within a block
    (accuracy level 4).

    Embeddings follow at 4 bits only: at 2 or 8 ONNX Runtime has no operator that looks them up, and they stay fp32.
    """
    import onnx
    from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer
    from onnxruntime.quantization.onnx_model import ONNXModel

    model = ONNXModel(onnx.load(str(source)))
    model.replace_gemm_with_matmul()  # the quantizer passes over a Gemm
    config = DefaultWeightOnlyQuantConfig(
        block_size=block, is_symmetric=True, accuracy_level=4, bits=bits, op_types_to_quantize=("MatMul", "Gather")
    )
    quantizer = MatMulNBitsQuantizer(model.model, algo_config=config)
    with _quiet(), np.errstate(invalid="ignore"):  # it divides 0 by 0 on the way, where all of a block is 0
        quantizer.process()
    quantizer.model.save_model_to_file(str(target))


class _Reader:
    """What `quantize_static` reads its inputs from."""

    def __init__(self, inputs: list[dict[str, np.ndarray]]) -> None:
        self.inputs, self.left = inputs, iter(inputs)

    def __len__(self) -> int:
        return len(self.inputs)

    def set_range(self, start_index: int, end_index: int) -> None:
        self.left = iter(self.inputs[start_index:end_index])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.left, None)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """ONNX Runtime's quantizers print, and advise a preparation that these files do not need."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)


# --- on this processor --------------------------------------------------------------------------


def integer_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The product of uint8 [m, k] and constant int8 [k, n] as ONNX Runtime computes it here, int32 [m, n]: exact, or
    saturated as `quantization.saturating_matmul` is."""
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["a", "b"], ["product"])],
        "product",
        [helper.make_tensor_value_info("a", TensorProto.UINT8, a.shape)],
        [helper.make_tensor_value_info("product", TensorProto.INT32, [len(a), b.shape[1]])],
        [numpy_helper.from_array(b, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return cpu_session(model.SerializeToString()).run(None, {"a": a})[0]
