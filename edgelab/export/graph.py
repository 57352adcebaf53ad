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
    """What the file declares for its first input: a number where the size is fixed; where it is open a name, which may be
    empty (PaddlePaddle writes -1 or `?` for a size without a name)."""
    import onnx

    dimensions = onnx.load(path, load_external_data=False).graph.input[0].type.tensor_type.shape.dim
    return tuple(d.dim_value if d.dim_value > 0 else d.dim_param.replace("?", "") for d in dimensions)


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
    """Write the same graph for texts of exactly this shape, as compilers for accelerators want it; returns `out`. A file
    that is fixed to another shape already is a `GraphError`."""
    return fix_input(path, out, (batch, tokens))


def fix_input(path: Path, out: Path, shape: tuple[int, ...]) -> Path:
    """The same for any first input, such as images [batch, channels, height, width]. What other inputs share with it by
    name is fixed with it.

    Raises:
        GraphError: the file is fixed to another shape already.
    """
    import onnx
    from onnxruntime.tools.onnx_model_utils import fix_output_shapes, make_dim_param_fixed

    model = onnx.load(path)
    dimensions = model.graph.input[0].type.tensor_type.shape.dim
    for dimension, declared, size in zip(dimensions, input_shape(path), shape, strict=True):
        if isinstance(declared, int):
            if declared != size:
                wanted = " x ".join(str(each) for each in shape)
                raise GraphError(f"{path}: expected open sizes or {wanted}, found {declared} fixed already")
        elif declared:
            make_dim_param_fixed(model.graph, declared, size)
        else:  # open, without a name that anything could share
            dimension.dim_value = size
    fix_output_shapes(model)
    onnx.save(model, out)
    return out
