"""An ONNX Runtime session on the CPU, without its messages."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnxruntime import InferenceSession, SessionOptions


def session_options(*, level: str = "enable_all", threads: int = 1, **config: str) -> "SessionOptions":
    """ONNX Runtime's `SessionOptions`, without its messages. `config` entries are its `session.` keys."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, f"ORT_{level.upper()}")
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    for name, value in config.items():
        options.add_session_config_entry(f"session.{name}", value)
    return options


def cpu_session(model: Path | bytes, *, threads: int = 1) -> "InferenceSession":
    """An ONNX Runtime session on the CPU for a file, or for a model as bytes."""
    import onnxruntime

    return onnxruntime.InferenceSession(model, session_options(threads=threads), providers=["CPUExecutionProvider"])


def takes_mask(session: "InferenceSession") -> bool:
    """Whether a session's file tells padding by a `mask`; one made for a single request has `ids` alone."""
    return any(declared.name == "mask" for declared in session.get_inputs())
