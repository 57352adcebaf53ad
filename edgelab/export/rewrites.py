"""Small rewritings of an ONNX graph of fixed shapes, each from a model to a new one: the same results by other operators.

What each is for stands in `export.repair`. None reads or writes a file, and none changes the model that it is given. A
rewriting that finds nothing to do returns an equal model.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelab.export.conditions import Values, values
from edgelab.export.graph import GraphError

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

INSTEAD_OF_INFINITY = 1e4  # what hides a padded token: e to its negative is 0, and 16 bits can hold it


class Parts:
    """Nodes that stand in for one, and the constants that they need; all are named after its output."""

    def __init__(self, model: "ModelProto", known: Values, node: "NodeProto") -> None:
        self.known, self.node, self.output = known, node, node.output[0]
        self.nodes: list[NodeProto] = []
        self.tensors: list[TensorProto] = []
        self._model = model

    def constant(self, value: np.ndarray) -> str:
        """A new constant; returns its name."""
        from onnx import numpy_helper

        name = f"{self.output}/constant{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(value, name))
        return name

    def number(self, value: float) -> str:
        """A new constant of one number, shape [1]: not every accelerator takes one without a dimension."""
        return self.constant(np.array([value], dtype=np.float32))

    def add(self, operator: str, *inputs: str, last: bool = False, **attributes: Any) -> str:
        """A new node; returns its output, which is the replaced one's if it is the `last`."""
        from onnx import helper

        output = self.output if last else f"{self.output}/part{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], name=f"node_{output}", **attributes))
        return output

    def reshape(self, value: str, shape: tuple[int, ...], *, last: bool = False) -> str:
        """A new node that reads `value` in another shape."""
        return self.add("Reshape", value, self.constant(np.array(shape, dtype=np.int64)), last=last)

    def shape(self, value: str) -> tuple[int, ...]:
        """The sizes of a value.

        Raises:
            GraphError: one is open.
        """
        found = self.known.shapes.get(value, ())
        if not found:
            raise GraphError(f"{self.output}: expected fixed sizes, found open ones: fix the shapes first")
        return found

    def read(self, name: str) -> np.ndarray:
        """What a constant holds."""
        from onnx import numpy_helper

        (tensor,) = (tensor for tensor in self._model.graph.initializer if tensor.name == name)
        return numpy_helper.to_array(tensor)

    def attribute(self, name: str, default: Any) -> Any:
        """An attribute of the replaced node."""
        from onnx import helper

        return next((helper.get_attribute_value(a) for a in self.node.attribute if a.name == name), default)


def inferred(model: "ModelProto") -> "ModelProto":
    """The model with types and shapes of all its values, without the weights: only constants of a few numbers keep theirs,
    since shapes may hang on them."""
    import onnx

    light = onnx.ModelProto(ir_version=model.ir_version, opset_import=model.opset_import)
    graph = light.graph
    graph.node.extend(model.graph.node)
    graph.input.extend(model.graph.input)
    graph.output.extend(model.graph.output)
    for tensor in model.graph.initializer:
        if math.prod(tensor.dims) <= 64:
            graph.initializer.append(tensor)
        else:
            graph.initializer.append(onnx.TensorProto(name=tensor.name, dims=tensor.dims, data_type=tensor.data_type))
    return onnx.shape_inference.infer_shapes(light)


def replaced(model: "ModelProto", operators: tuple[str, ...], build: Callable[[Parts], bool]) -> "ModelProto":
    """A new model in which each node of these operators gave way to what `build` added; where it returns False, the node
    stays. What nobody reads any more is dropped."""
    import onnx

    known, new = values(inferred(model)), onnx.ModelProto()
    new.CopyFrom(model)
    nodes: list[NodeProto] = []
    for node in new.graph.node:
        parts = Parts(model, known, node)
        if node.op_type in operators and build(parts):
            nodes += parts.nodes
            new.graph.initializer.extend(parts.tensors)
        else:
            nodes.append(node)
    _keep(new, nodes)
    return new


def _keep(model: "ModelProto", nodes: "list[NodeProto]") -> None:
    """Give the model those of these nodes, and of its constants, that its outputs need."""
    needed, kept = {output.name for output in model.graph.output}, []
    for node in reversed(nodes):
        if needed & {*node.output}:
            needed |= {*node.input}
            kept.append(node)
    constants = [tensor for tensor in model.graph.initializer if tensor.name in needed]
    for field, values_ in (("node", kept[::-1]), ("initializer", constants), ("value_info", [])):
        model.graph.ClearField(field)
        getattr(model.graph, field).extend(values_)


# --- operators by other operators ---------------------------------------------------------------


def pad_by_concat(model: "ModelProto") -> "ModelProto":
    """Zeros at both ends of one dimension, joined to it instead of padded around it."""

    def build(parts: Parts) -> bool:
        value, pads, *more = parts.node.input
        sizes, widths = parts.shape(value), parts.read(pads)
        axes = [axis for axis in range(len(sizes)) if widths[axis] or widths[axis + len(sizes)]]
        if any(more) or len(axes) != 1 or parts.attribute("mode", b"constant") != b"constant":
            return False
        pieces = [value]
        for width, place in ((widths[axes[0]], 0), (widths[axes[0] + len(sizes)], 2)):
            if width > 0:
                zeros = np.zeros([width if axis == axes[0] else size for axis, size in enumerate(sizes)], np.float32)
                pieces.insert(place, parts.constant(zeros))
        parts.add("Concat", *pieces, last=True, axis=axes[0])
        return True

    return replaced(model, ("Pad",), build)


def gelu_by_tanh(model: "ModelProto") -> "ModelProto":
    """GELU by its usual approximation, x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))): off by up to 0.0005."""

    def build(parts: Parts) -> bool:
        (x,), slope = parts.node.input, math.sqrt(2 / math.pi)
        square = parts.add("Mul", x, x)
        factor = parts.add("Add", parts.add("Mul", square, parts.number(0.044715 * slope)), parts.number(slope))
        gate = parts.add("Add", parts.add("Tanh", parts.add("Mul", x, factor)), parts.number(1))
        parts.add("Mul", parts.add("Mul", x, gate), parts.number(0.5), last=True)
        return True

    return replaced(model, ("Gelu",), build)


def layer_norm_by_products(model: "ModelProto") -> "ModelProto":
    """LayerNormalization over the last dimension: both means are products with a column of 1 / width."""

    def build(parts: Parts) -> bool:
        x, scale, *bias = parts.node.input
        sizes = parts.shape(x)
        if parts.attribute("axis", -1) not in (-1, len(sizes) - 1):
            return False
        rows = parts.reshape(x, (math.prod(sizes[:-1]), sizes[-1]))  # products of two dimensions: no target has others
        column = parts.constant(np.full((sizes[-1], 1), 1 / sizes[-1], dtype=np.float32))
        centred = parts.add("Sub", rows, parts.add("MatMul", rows, column))
        variance = parts.add("MatMul", parts.add("Mul", centred, centred), column)
        epsilon = parts.number(parts.attribute("epsilon", 1e-5))
        deviation = parts.add("Sqrt", parts.add("Add", variance, epsilon))
        scaled = parts.add("Mul", parts.add("Div", centred, deviation), scale)
        parts.reshape(parts.add("Add", scaled, bias[0]) if bias else scaled, sizes, last=True)
        return True

    return replaced(model, ("LayerNormalization",), build)


def reduction_by_pool(model: "ModelProto") -> "ModelProto":
    """A sum or maximum over one dimension as the pooling of a picture of that height: a sum is the mean, times the size."""

    def build(parts: Parts) -> bool:
        value, *axes = parts.node.input
        sizes, result = parts.shape(value), parts.shape(parts.output)
        over = [int(axis) % len(sizes) for axis in parts.read(axes[0])] if axes else []
        if len(over) != 1:
            return False
        others = [axis for axis in range(len(sizes)) if axis != over[0]]
        if over[0] != len(sizes) - 1:
            value = parts.add("Transpose", value, perm=[*others, over[0]])
        height = sizes[over[0]]
        picture = parts.reshape(value, (1, math.prod(sizes[axis] for axis in others), height, 1))
        if parts.node.op_type == "ReduceMax":
            pooled = parts.add("GlobalMaxPool", picture)
        else:
            pooled = parts.add("Mul", parts.add("GlobalAveragePool", picture), parts.number(height))
        parts.reshape(pooled, result, last=True)
        return True

    return replaced(model, ("ReduceSum", "ReduceMax"), build)


def unsqueeze_by_reshape(model: "ModelProto") -> "ModelProto":
    """A dimension of size 1 by writing the whole shape down."""

    def build(parts: Parts) -> bool:
        parts.reshape(parts.node.input[0], parts.shape(parts.output), last=True)
        return True

    return replaced(model, ("Unsqueeze",), build)


def products_in_two_dimensions(model: "ModelProto") -> "ModelProto":
    """A product with a constant matrix: all dimensions but the last become one before it, and come back after it."""

    def build(parts: Parts) -> bool:
        value, matrix = parts.node.input
        sizes = parts.shape(value)
        if matrix not in parts.known.constant or len(parts.shape(matrix)) != 2 or len(sizes) == 2:
            return False
        flat = parts.reshape(value, (math.prod(sizes[:-1]), sizes[-1]))
        parts.reshape(parts.add("MatMul", flat, matrix), parts.shape(parts.output), last=True)
        return True

    return replaced(model, ("MatMul",), build)


# --- whole numbers kept out ---------------------------------------------------------------------


def mask_in_float(model: "ModelProto") -> "ModelProto":
    """The input `mask` as float32, as it is used: no node need cast it. What hides padded tokens from attention becomes
    (mask - 1) times a large number, in place of a choice between 0 and the lowest number by a grid of true and false.

    It holds for a grid that says of each token only whether it is padding: a comparison of answers must follow.
    """
    from onnx import TensorProto

    if "mask" not in {value.name for value in model.graph.input}:
        return model
    changed = _with_input(replaced(model, ("Where",), _hide_by_sum), "mask", TensorProto.FLOAT)
    known, nodes, alias = values(inferred(changed)), [], dict[str, str]()
    for node in changed.graph.node:
        node.input[:] = [alias.get(name, name) for name in node.input]
        becomes = [a.i for a in node.attribute if a.name == "to"]
        if (
            node.op_type == "Cast"
            and becomes == [TensorProto.FLOAT]
            and known.types[node.input[0]] == TensorProto.FLOAT
        ):
            alias[node.output[0]] = node.input[0]
        else:
            nodes.append(node)
    _keep(changed, nodes)
    return changed


def _hide_by_sum(parts: Parts) -> bool:
    from onnx import TensorProto

    _, zero, low = parts.node.input
    if not {zero, low} <= parts.known.constant:
        return False
    if parts.read(zero).any() or not (parts.read(low) <= -INSTEAD_OF_INFINITY).all():
        return False
    row = parts.add("Cast", "mask", to=TensorProto.FLOAT)
    below = parts.add("Sub", parts.reshape(row, (1, 1, 1, parts.shape("mask")[-1])), parts.number(1))
    parts.add("Mul", below, parts.number(INSTEAD_OF_INFINITY), last=True)
    return True


def ids_as_int32(model: "ModelProto") -> "ModelProto":
    """The input `ids` as int32: accelerators have no whole numbers of 64 bits."""
    from onnx import TensorProto

    return _with_input(model, "ids", TensorProto.INT32)


def _with_input(model: "ModelProto", name: str, kind: int) -> "ModelProto":
    import onnx

    new = onnx.ModelProto()
    new.CopyFrom(model)
    for value in new.graph.input:
        if value.name == name:
            value.type.tensor_type.elem_type = kind
    new.graph.ClearField("value_info")
    return new
