"""One ONNX file in a fresh process: its first answer in each runtime, and the memory of each further session.

python -m edgelab.export.cold_start answer onnxruntime|openvino MODEL TOKENIZER TEXT    prints the label's id
python -m edgelab.export.cold_start memory MODEL NUMBER SETTINGS                        prints bytes, one a session
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from edgelab.bundle.manifest import read_manifest, tokenizer_name
from edgelab.measurement.processes import Program, run_fresh

MODULE = ("-m", "edgelab.export.cold_start")


def program_in(runtime: str, folder: Path, text: str) -> Program:
    """The program that answers one text with a bundle's file in `onnxruntime` or `openvino`: it prints the label's id."""
    tokenizer = folder / tokenizer_name(read_manifest(folder))
    return (*MODULE, "answer", runtime, str(folder / "model.onnx"), str(tokenizer), text)


def memory_of_sessions(path: Path, *, number: int = 2, **config: str) -> list[int]:
    """How many bytes a fresh process grows by with each session it opens on this file and runs once.

    Pages that several mappings share count once, in parts (Linux's PSS); where the system does not tell, they count
    in full. `config` entries are `session.` keys of ONNX Runtime.
    """
    program = (*MODULE, "memory", str(path), str(number), json.dumps(config))
    return [int(value) for value in run_fresh(program).line.split()]


def _answer(runtime: str, model: str, tokenizer: str, text: str) -> None:
    import numpy as np

    from edgelab.bundle.opening import open_tokenizer

    ids = np.array([open_tokenizer(Path(tokenizer)).encode(text).ids])
    if runtime == "openvino":
        from edgelab.export.runtimes import OpenVinoSession

        session = OpenVinoSession(Path(model))
    else:
        import onnxruntime

        session = onnxruntime.InferenceSession(model)
    print(session.run(None, {"ids": ids, "mask": np.ones_like(ids)})[0].argmax())


def _memory(model: str, number: str, settings: str) -> None:
    import gc

    import numpy as np
    import onnxruntime
    import psutil

    from edgelab.bundle.session import session_options

    def used() -> int:
        gc.collect()
        memory = psutil.Process().memory_full_info()
        return getattr(memory, "pss", memory.rss)

    ids, seen, sessions = np.ones((1, 8), dtype=np.int64), [used()], []
    for _ in range(int(number)):
        session = onnxruntime.InferenceSession(model, session_options(**json.loads(settings)))
        session.run(None, {"ids": ids, "mask": ids})
        sessions.append(session)
        seen.append(used())
    print(*(after - before for before, after in zip(seen, seen[1:], strict=False)))


COMMANDS: dict[str, Callable[..., None]] = {"answer": _answer, "memory": _memory}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
