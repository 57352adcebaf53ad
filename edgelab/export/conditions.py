"""What an accelerator's provider asks of a node beyond its operator: ONNX Runtime's checker lists it, and does not look.

The conditions are those that ONNX Runtime prints beside its lists of operators (`tools/mobile_helpers/*.md`), and those
that the providers' sources check before they take a node (`core/providers/nnapi/nnapi_builtin/builders/impl` and
`core/providers/coreml/builders/impl`, `*_op_builder.cc`). Only what the course's models meet is here; a device may
refuse more, and no phone was asked.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

NNAPI, NEURAL_NETWORK, ML_PROGRAM = "NNAPI", "CoreML NeuralNetwork", "CoreML MLProgram"
FLOAT, INT32 = 1, 6  # element types of onnx.TensorProto
# Of these the ML Program's builder reads other types, too; all others want a float32 tensor first.
ANY_TYPE = {NNAPI: (), NEURAL_NETWORK: ("Cast",), ML_PROGRAM: ("Cast", "And", "Where", "GatherND")}


@dataclass(frozen=True)
class Values:
    """What is known of a graph's values: element type and shape (empty where a size is open) by name, and which of them
    are constants or computed by a node."""

    types: dict[str, int]
    shapes: dict[str, tuple[int, ...]]
    constant: frozenset[str]
    computed: frozenset[str]


def values(model: "ModelProto") -> Values:
    """The values of a model's graph, for which shapes have been inferred."""
    graph = model.graph
    types = {tensor.name: tensor.data_type for tensor in graph.initializer}
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.input, *graph.output, *graph.value_info):
        tensor = value.type.tensor_type
        types[value.name] = tensor.elem_type
        sizes = tuple(d.dim_value for d in tensor.shape.dim)
        shapes[value.name] = sizes if all(d.HasField("dim_value") for d in tensor.shape.dim) else ()
    constant = frozenset(tensor.name for tensor in graph.initializer)
    computed = frozenset(name for node in graph.node for name in node.output)
    return Values(types, shapes, constant, computed)


def refusal(node: "NodeProto", target: str, known: Values) -> str:
    """Why the target's provider refuses this node although its operator is listed; empty where nothing here says so."""
    first, operator = node.input[0], node.op_type
    if operator not in ANY_TYPE[target] and known.types.get(first) != FLOAT:
        return "its first input is no float32"
    if operator == "Cast" and first not in known.computed:
        return "it casts an input of the graph"  # CoreML: a Cast must follow another node
    if operator == "Gather" and target == NNAPI and node.input[1] not in known.constant:
        return "" if known.types.get(node.input[1]) == INT32 else "its indices are no int32"
    if operator == "Gemm" and not {*node.input[1:]} <= known.constant:
        return "its matrix or bias is computed"
    if operator == "MatMul":
        return _product(node, target, known)
    if operator == "Pad" and target == NEURAL_NETWORK and len(node.input) < 3:
        return "it names no value to pad with"
    return ""


def _product(node: "NodeProto", target: str, known: Values) -> str:
    left, right = (known.shapes.get(name, ()) for name in node.input)
    flat = len(left) == len(right) == 2 and node.input[1] in known.constant
    if target == NEURAL_NETWORK and not flat:
        return "it is no product of two dimensions with a constant matrix"
    if target == NNAPI and not flat and not (len(left) == len(right) > 2 and left[:-2] == right[:-2]):
        return "its two sides have not the same dimensions"
    return ""
