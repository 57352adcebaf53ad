"""What starting costs: programs run in fresh processes, since the running one has everything loaded already."""

import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from edgelab.measurement import LatencySamples
from edgelab.memory import PeakMemory


@dataclass(frozen=True)
class Fresh:
    """The first line that a program printed, and how long after the start of its process it came."""

    line: str
    milliseconds: float


def run_fresh(program: str) -> Fresh:
    """Run a Python program in a process of its own until it ends.

    Raises:
        RuntimeError: it failed; the message is its last line of complaint.
    """
    start = time.perf_counter_ns()
    process = _start(program)
    line = process.stdout.readline()
    milliseconds = (time.perf_counter_ns() - start) / 1e6
    _end(process)
    return Fresh(line.strip(), milliseconds)


def peak_of(program: str, *, every_s: float = 0.01) -> PeakMemory:
    """Run a program as above and watch its memory, a hundred times a second: the peak of `peak_bytes` (RSS) and, on Linux,
    of `peak_pss_bytes` (PSS). Watching slows it down, so nothing is timed here. Raises as above."""
    process = _start(program)
    with PeakMemory(lambda: process.pid, every_s, shared=True) as memory:
        _end(process)
    return memory


def _start(program: str) -> subprocess.Popen:
    command = [sys.executable, "-u", "-c", program]  # unbuffered: the line comes when it is printed, not at the end
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _end(process: subprocess.Popen) -> None:
    _, complaint = process.communicate()
    if process.returncode:
        raise RuntimeError(complaint.strip().splitlines()[-1] if complaint.strip() else "a fresh process died silently")


def first_answers(programs: dict[str, str], *, rounds: int = 3) -> dict[str, LatencySamples]:
    """Time from the start of a process to its first line, each program once a round, in an order drawn anew.

    The files come from the disk's cache wherever they have been used before: a first start after installing is slower.
    """
    draw, order = random.Random(0), list(programs)
    taken: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(rounds):
        draw.shuffle(order)
        for name in order:
            taken[name].append(run_fresh(programs[name]).milliseconds)
    return {name: LatencySamples(name, tuple(values)) for name, values in taken.items()}


def answer_programs(trained, text: str) -> dict[str, str]:
    """Programs that print a `trained.Trained` model's label id for one text: with ONNX Runtime, with torch, with
    OpenVINO where it is installed; and one that does nothing, as the floor."""
    import importlib.util

    file, weights = str(trained.bundle() / "model.onnx"), str(trained.artifact.path / "model.safetensors")
    tokens = f"""
import numpy as np
from tokenizers import Tokenizer
ids = np.array([Tokenizer.from_file({str(trained.bundle() / "tokenizer.json")!r}).encode({text!r}).ids])
"""
    torch = f"""
import torch
from safetensors.torch import load_file
from edgelab.encoder import Spec
from edgelab.models import empty_model
weights = load_file({weights!r})
model = empty_model({trained.spec!r}, weights)
model.load_state_dict(weights)
with torch.inference_mode():
    print(int(model.eval()(torch.tensor(ids), torch.ones(ids.shape, dtype=torch.long))[0].argmax()))
"""
    run = "print(session.run(None, {'ids': ids, 'mask': np.ones_like(ids)})[0].argmax())"
    onnxruntime = f"import onnxruntime\nsession = onnxruntime.InferenceSession({file!r})\n{run}"
    openvino = f"from edgelab.runtimes import OpenVinoSession\nsession = OpenVinoSession({file!r})\n{run}"
    programs = {"nothing": "print(0)", "onnxruntime": tokens + onnxruntime, "torch": tokens + torch}
    return programs | ({"openvino": tokens + openvino} if importlib.util.find_spec("openvino") else {})


def memory_of_sessions(path: Path, *, number: int = 2, **config: str) -> list[int]:
    """How many bytes a fresh process grows by with each session it opens on this file and runs once.

    Pages that several mappings share count once, in parts (Linux's PSS); where the system does not tell, they count
    in full. `config` entries are `session.` keys of ONNX Runtime.
    """
    program = f"""
import gc, numpy as np, onnxruntime, psutil
from edgelab.graph import session_options

def used():
    gc.collect()
    memory = psutil.Process().memory_full_info()
    return getattr(memory, "pss", memory.rss)

ids, seen, sessions = np.ones((1, 8), dtype=np.int64), [used()], []
for _ in range({number}):
    session = onnxruntime.InferenceSession({str(path)!r}, session_options(**{config!r}))
    session.run(None, {{"ids": ids, "mask": ids}})
    sessions.append(session)
    seen.append(used())
print(*(after - before for before, after in zip(seen, seen[1:])))
"""
    return [int(value) for value in run_fresh(program).line.split()]
