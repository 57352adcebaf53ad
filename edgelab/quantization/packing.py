"""Packed weights: few bits on disk, whole-number products when run.

Each weight matrix is stored as 2- or 4-bit integers, several to a byte, with one scale per output column, and each
embedding table with one scale per row. A table of 256 entries, one for each byte, unpacks them. ONNX Runtime unpacks
a weight matrix once, while it loads the file, and multiplies in int8; a small embedding table is unpacked at load too, of
a large one only the rows that a request looks up. So the file is as small as its bits say, and as fast as int8.

Products cannot saturate in int16, as U8S8 does on processors without VNNI: 2 x 255 x 7 is far below 32,767.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

import numpy as np

from edgelab.quantization.grid import row_grid
from edgelab.quantization.onnx_tools import MATRIX_AT

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

# An embedding table up to this size in float32 is unpacked at load: it costs this much memory and saves five operators
# at each request, half the time of a small network.
UNPACKED_BYTES = 4_000_000


def pack_bits(integers: np.ndarray, bits: int) -> np.ndarray:
    """Signed integers [rows, columns] of `bits` each, `8 // bits` to a byte: uint8 [rows, ceil(columns * bits / 8)]."""
    per_byte = 8 // bits
    rows, columns = integers.shape
    codes = np.zeros((rows, -(-columns // per_byte) * per_byte), dtype=np.uint8)
    codes[:, :columns] = integers.astype(np.int16) + 2 ** (bits - 1)
    shifts = np.arange(per_byte, dtype=np.uint8) * bits
    return np.bitwise_or.reduce(codes.reshape(rows, -1, per_byte) << shifts, axis=2)


def unpack_table(bits: int) -> np.ndarray:
    """What each byte stands for: int8 [256, 8 // bits]."""
    shifts = np.arange(8 // bits) * bits
    codes = (np.arange(256)[:, None] >> shifts) & (2**bits - 1)
    return (codes - 2 ** (bits - 1)).astype(np.int8)


def pack(source: Path, target: Path, bits: int = 4) -> Path:
    """Write the model of `source` with packed embedding tables and weight matrices to `target`.

    Biases, normalisations and whatever is not a 2-D constant of a Gather, MatMul or Gemm stay as they are.

    Raises:
        ValueError: bits other than 2 or 4, or nothing in the file to pack.
    """
    import onnx
    from onnx import numpy_helper

    if bits not in (2, 4):
        raise ValueError(f"expected 2 or 4 bits, found {bits}")
    model = onnx.load(str(source))
    constants = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    graph = _Packer(bits)
    for node in model.graph.node:
        graph.add(node, constants)
    if not graph.packed:
        raise ValueError(f"{source}: expected embeddings or weight matrices to pack, found none")
    used = {name for node in graph.nodes for name in node.input} | {o.name for o in model.graph.output}
    kept = [i for i in model.graph.initializer if i.name in used]
    del model.graph.node[:], model.graph.initializer[:], model.graph.value_info[:]
    model.graph.node.extend(graph.nodes)
    model.graph.initializer.extend([*kept, *graph.initializers.values()])
    onnx.checker.check_model(model)
    onnx.save(model, str(target))
    return target


class _Packer:
    """The nodes and constants of the packed graph, in the order of the original."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.nodes: list[NodeProto] = []
        self.initializers: dict[str, TensorProto] = {}
        self.packed: list[str] = []

    def add(self, node: "NodeProto", constants: Mapping[str, np.ndarray]) -> None:
        weights = constants.get(node.input[MATRIX_AT[node.op_type]]) if node.op_type in MATRIX_AT else None
        if node.op_type == "Gather" and _is_matrix(weights) and self._fills_bytes(weights.shape[1]):
            self._embedding(node, weights)
        elif node.op_type == "MatMul" and _is_matrix(weights):
            self._product(node, weights, bias=None)
        elif node.op_type == "Gemm" and _is_matrix(weights) and _is_plain(node):
            transposed = any(a.name == "transB" and a.i for a in node.attribute)
            bias = node.input[2] if len(node.input) > 2 else None
            self._product(node, weights.T if transposed else weights, bias)
        else:
            self.nodes.append(node)

    def _embedding(self, node: "NodeProto", table: np.ndarray) -> None:
        """Look up each byte of a row, then scale: of the whole table at load, or of the rows asked for."""
        (rows, ids), name = node.input[:2], node.output[0]
        integers, scale = row_grid(table, self.bits)
        packed = self._constant(f"{rows}.packed", pack_bits(integers, self.bits))
        if table.nbytes <= UNPACKED_BYTES:
            scales = self._half(f"{rows}.scale", scale)
            unpacked = self._unpacked(packed, scales, (-1, table.shape[1]), f"{rows}.unpacked")
            self._node("Gather", [unpacked, ids], name)
        else:
            scales = self._constant(f"{rows}.scale", scale)
            bytes_ = self._node("Gather", [packed, ids], f"{name}.bytes")
            asked = self._node("Gather", [scales, ids], f"{name}.scales")
            self._unpacked(bytes_, asked, (0, 0, table.shape[1]), name)
        self.packed.append(rows)

    def _unpacked(self, bytes_: str, scales: str, shape: tuple[int, ...], name: str) -> str:
        """Packed rows as floats of this shape, times their scales."""
        unpack = self._as_float(self._constant("unpack.int8", unpack_table(self.bits)), "unpack.float")
        index = self._node("Cast", [bytes_], f"{name}.index", to=6)
        values = self._node("Gather", [unpack, index], f"{name}.values")
        wanted = self._constant(f"{name}.shape", np.array(shape, dtype=np.int64))
        flat = self._node("Reshape", [values, wanted], f"{name}.flat")
        return self._node("Mul", [flat, scales], name)

    def _product(self, node: "NodeProto", weights: np.ndarray, bias: str | None) -> None:
        """Quantize the activations as they come, multiply whole numbers, scale back."""
        name, out = node.input[1], node.output[0]
        integers, scale = row_grid(weights.T, self.bits)  # a scale for each output column
        inputs, outputs = weights.shape
        packed = self._constant(f"{name}.packed", pack_bits(integers, self.bits))
        unpack = self._constant("unpack.int8", unpack_table(self.bits))
        shape = self._constant(f"{name}.shape", np.array([outputs, -1], dtype=np.int64))
        # All of this depends on constants alone, so ONNX Runtime does it once, at load.
        index = self._node("Cast", [packed], f"{out}.index", to=6)
        values = self._node("Gather", [unpack, index], f"{out}.values")
        rows = self._node("Reshape", [values, shape], f"{out}.rows")
        if inputs % (8 // self.bits):
            bounds = {"start": 0, "end": inputs, "axis": 1}  # the last byte was filled up
            limits = [self._constant(f"{name}.{k}", np.array([v], dtype=np.int64)) for k, v in bounds.items()]
            rows = self._node("Slice", [rows, *limits], f"{out}.cut")
        matrix = self._node("Transpose", [rows], f"{out}.matrix", perm=[1, 0])
        quantized, step, zero = f"{out}.u8", f"{out}.step", f"{out}.zero"
        self._node("DynamicQuantizeLinear", [node.input[0]], [quantized, step, zero])
        product = self._node("MatMulInteger", [quantized, matrix, zero], f"{out}.product")
        real = self._node("Cast", [product], f"{out}.real", to=1)
        scales = self._node("Mul", [step, self._constant(f"{name}.scale", scale[:, 0])], f"{out}.scales")
        if bias is None:
            self._node("Mul", [real, scales], out)
        else:
            self._node("Add", [self._node("Mul", [real, scales], f"{out}.scaled"), bias], out)
        self.packed.append(name)

    def _fills_bytes(self, columns: int) -> bool:
        """Whether rows of so many columns end with a byte, and are longer than one."""
        per_byte = 8 // self.bits
        return columns % per_byte == 0 and columns > per_byte

    def _half(self, name: str, values: np.ndarray) -> str:
        """A constant in half the bytes, of which ONNX Runtime makes floats at load; whole where one is too small or too
        large. Off by at most 1 in 2,048, where a weight's own step is 1 in 7."""
        sizes, known = np.abs(values[values != 0]), np.finfo(np.float16)
        if not ((known.tiny <= sizes) & (sizes <= known.max)).all():
            return self._constant(name, values)
        return self._as_float(self._constant(f"{name}.half", values.astype(np.float16)), name)

    def _as_float(self, constant: str, name: str) -> str:
        if name not in {node.output[0] for node in self.nodes}:
            self._node("Cast", [constant], name, to=1)
        return name

    def _constant(self, name: str, values: np.ndarray) -> str:
        from onnx import numpy_helper

        self.initializers[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def _node(self, kind: str, inputs: list[str], output: str | list[str], **attributes: int | Sequence[int]) -> str:
        from onnx import helper

        outputs = [output] if isinstance(output, str) else output
        node = helper.make_node(kind, inputs, outputs)  # no name of its own: it would be written out once more
        node.attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())
        self.nodes.append(node)
        return outputs[0]


def _is_matrix(weights: np.ndarray | None) -> TypeGuard[np.ndarray]:
    return weights is not None and weights.ndim == 2 and weights.dtype == np.float32


def _is_plain(gemm: "NodeProto") -> bool:
    attributes = {a.name: a for a in gemm.attribute}
    scaled = any(name in attributes and attributes[name].f != 1.0 for name in ("alpha", "beta"))
    return not scaled and not ("transA" in attributes and attributes["transA"].i)
