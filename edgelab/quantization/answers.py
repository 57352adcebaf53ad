"""What an ONNX file answers: whole splits, and what enters a single layer."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgelab.bundle.session import cpu_session
from edgelab.models.outputs import Outputs
from edgelab.quantization.onnx_tools import weights

if TYPE_CHECKING:
    from edgelab.models.tokens import Encoded


def feeds(encoded: "Encoded") -> list[dict[str, np.ndarray]]:
    """The inputs `ids` and `mask` of each text, int64 [1, tokens]."""
    rows = [np.array([ids], dtype=np.int64) for ids in encoded.ids]
    return [{"ids": row, "mask": np.ones_like(row)} for row in rows]


def run_file(file: Path, encoded: "Encoded") -> Outputs:
    """What an ONNX file says of texts, one at a time on one thread, as it will be used."""
    session = cpu_session(file)
    intent, slots = [], []
    for feed, first in zip(feeds(encoded), encoded.first, strict=True):
        outputs = session.run(None, feed)
        intent.append(outputs[0][0])
        slots += [outputs[1][0][first]] if len(outputs) > 1 else []
    words = np.array([len(first) for first in encoded.first])
    return Outputs(np.stack(intent), np.concatenate(slots) if slots else None, words)


def activations(file: Path, layer: str, encoded: "Encoded") -> np.ndarray:
    """The numbers that enter a layer's matrix product over all texts, float32 [numbers]."""
    import onnx

    (weight,) = (w for w in weights(file) if w.layer == layer)
    model = onnx.load(str(file))
    (node,) = (n for n in model.graph.node if weight.tensor in n.input)
    model.graph.output.append(onnx.helper.make_tensor_value_info(node.input[0], onnx.TensorProto.FLOAT, None))
    session = cpu_session(model.SerializeToString())
    return np.concatenate([session.run([node.input[0]], feed)[0].ravel() for feed in feeds(encoded)])
