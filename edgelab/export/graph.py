"""An ONNX file as a graph: its operators, the same graph optimised, the same graph with fixed shapes."""

from collections import Counter
from pathlib import Path

from edgelab.bundle.session import session_options

LEVELS = ("disable_all", "enable_basic", "enable_all")


class GraphError(ValueError):
    """A file that is not the ONNX graph that was expected."""


def operators(path: Path) -> dict[str, int]:
    """How many nodes of each operator the file's main graph has, the most frequent first."""
    import onnx

    return dict(Counter(node.op_type for node in onnx.load(path, load_external_data=False).graph.node).most_common())


def input_shape(path: Path) -> tuple[int | str, ...]:
    """What the file declares for its first input, `ids`: a number where the size is fixed, a name where it is open."""
    import onnx

    dimensions = onnx.load(path, load_external_data=False).graph.input[0].type.tensor_type.shape.dim
    return tuple(d.dim_value if d.HasField("dim_value") else d.dim_param for d in dimensions)


def optimize(path: Path, out: Path, level: str = "enable_all") -> Path:
    """Write the graph as ONNX Runtime's CPU provider would run it after its rewriting at this level; returns `out`.

    Beyond `enable_basic` the result holds ONNX Runtime's own operators and belongs to this kind of CPU: do not ship it.
    """
    import onnxruntime

    options = session_options(level=level)
    options.optimized_model_filepath = str(out)
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return out


def fix_shapes(path: Path, out: Path, *, batch: int, tokens: int) -> Path:
    """Write the same graph for inputs of exactly this shape, as compilers for accelerators want it; returns `out`.

    Raises:
        GraphError: the file is fixed to another shape already.
    """
    import onnx
    from onnxruntime.tools.onnx_model_utils import fix_output_shapes, make_dim_param_fixed

    model = onnx.load(path)
    for declared, size in zip(input_shape(path), (batch, tokens), strict=True):
        if isinstance(declared, str):
            make_dim_param_fixed(model.graph, declared, size)
        elif declared != size:
            raise GraphError(f"{path}: expected open sizes or {batch} x {tokens}, found {declared} fixed already")
    fix_output_shapes(model)
    onnx.save(model, out)
    return out
