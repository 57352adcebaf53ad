"""From weights to models that run here: GGUF -> a checkpoint as transformers has it -> onnxruntime-genai's builder.

Each step is an artifact of its own, so that an interrupted preparation goes on from the last finished one; and each runs
in a process of its own, whose memory, several times the model's, goes back to the system with its end.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgelab.errors import disk_is_full
from edgelab.generation import from_gguf
from edgelab.generation.errors import GeneratorError
from edgelab.generation.files import fingerprint
from edgelab.generation.source import Source, fetch, find
from edgelab.machine.bars import shows_bars
from edgelab.workspace import Artifact, build_once, find_built, versions

BLOCK = 32  # weights that share a scale
# The builder's options. Those of 0.18 have no prefix `int4_` any more, and it ignores names that it does not know.
PRECISIONS = {
    "fp32": ("-p", "fp32"),
    "int8": ("-p", "int8", "--extra_options", "accuracy_level=4", f"block_size={BLOCK}"),
    "int4": ("-p", "int4", "--extra_options", "accuracy_level=4", f"block_size={BLOCK}"),
    "int4-k": ("-p", "int4", "--extra_options", "accuracy_level=4", f"block_size={BLOCK}", "algo_config=k_quant_last"),
}
MISSING = "run `edgelab prepare generator`: it takes a few minutes, once"
CHECKPOINT = "generator-checkpoint"


@dataclass(frozen=True)
class Prepared:
    """What stands of a generator on this machine.

    Attributes:
        name: of the model.
        provenance: whose weights these are.
        checkpoint: the folder as transformers has it, weights in float32 or as its makers saved them; None where it is
            not made yet.
        models: precision -> the folder that `Generator.open` takes; those that are built.
    """

    name: str
    provenance: str
    checkpoint: Path | None
    models: dict[str, Path]

    @property
    def missing(self) -> tuple[str, ...]:
        """The precisions that are not built."""
        return tuple(precision for precision in PRECISIONS if precision not in self.models)


def prepared() -> Prepared:
    """What stands of the chosen generator. It neither downloads nor builds: see `MISSING` for what does.

    What EDGELAB_GENERATOR names wrongly is a `GeneratorError`.
    """
    source = find()
    return Prepared("", "", None, {}) if source is None else _standing(source)


def _standing(source: Source) -> Prepared:
    checkpoint = _checkpoint(source)
    found = {precision: checkpoint and _built(checkpoint, precision) for precision in PRECISIONS}
    models = {precision: artifact.path for precision, artifact in found.items() if artifact}
    return Prepared(source.name, source.provenance, checkpoint, models)


def prepare(say: Callable[[str], None]) -> Prepared:
    """The chosen generator at each precision: what is missing is downloaded and built; `say` is told each step before.

    What cannot be had or built is a `GeneratorError`.
    """
    standing = prepared()
    if standing.models and not standing.missing:
        return standing
    say("a few minutes, once; interrupted, it goes on from the last finished step")
    source = fetch(say)
    checkpoint = _checkpoint(source)
    if checkpoint is None:
        say(f"{source.place.name} is read into a checkpoint")
        build, inputs = _checkpoint_plan(source)
        checkpoint = build_once(CHECKPOINT, build, inputs=inputs).path
    for number, precision in enumerate(PRECISIONS, 1):
        if _built(checkpoint, precision) is None:
            say(f"{number} of {len(PRECISIONS)}: built in {precision}")
            build_model(checkpoint, precision)
    return _standing(source)


def build_model(checkpoint: Path, precision: str) -> Path:
    """The folder that `Generator.open` takes, of any checkpoint as transformers has it: built once. Where the builder
    does not take it, a `GeneratorError` has its own reason.

    Raises:
        ValueError: no such precision.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision: expected one of {', '.join(PRECISIONS)}, found {precision!r}")
    kind, build, inputs = _model_plan(checkpoint, precision)
    return build_once(kind, build, inputs=inputs).path


def _checkpoint(source: Source) -> Path | None:
    """A source that is a folder is a checkpoint; the one made of a GGUF file may be missing."""
    if source.place.is_dir():
        return source.place
    build, inputs = _checkpoint_plan(source)
    found = find_built(CHECKPOINT, build, inputs=inputs)
    return found.path if found else None


def _checkpoint_plan(source: Source) -> tuple[Callable[[Path], None], dict]:
    def build(folder: Path) -> None:
        _check_gguf(source.place)
        _run((from_gguf.__name__, str(source.place), str(folder)), f"{source.place}: cannot be converted")

    return build, {"source": source.identity, "gguf": versions(("gguf",))}


def _check_gguf(file: Path) -> None:
    """Better told before a minute of imports.

    Raises:
        GeneratorError: it does not begin as GGUF does.
    """
    with file.open("rb") as stream:
        begin = stream.read(4)
    if begin != b"GGUF":
        raise GeneratorError(f"{file}: expected a GGUF file, which begins with b'GGUF', found {begin!r}")


def _built(checkpoint: Path, precision: str) -> Artifact | None:
    kind, build, inputs = _model_plan(checkpoint, precision)
    return find_built(kind, build, inputs=inputs)


def _model_plan(checkpoint: Path, precision: str) -> tuple[str, Callable[[Path], None], dict]:
    options = PRECISIONS[precision]

    def build(folder: Path) -> None:
        with tempfile.TemporaryDirectory() as cache:
            command = ("onnxruntime_genai.models.builder", "-i", str(checkpoint), "-o", str(folder), "-e", "cpu")
            _run((*command, "-c", cache, *options), f"{checkpoint}: cannot be built in {precision}")

    inputs = {"checkpoint": fingerprint(checkpoint), "options": options, "builder": versions(("onnxruntime-genai",))}
    return f"generator-{precision}", build, inputs


def _run(module: tuple[str, ...], failure: str) -> None:
    """Run a module in a process of its own, offline: all that it needs is here. On a terminal the seconds are shown.

    Raises:
        GeneratorError: it failed; its last line of complaint is told.
        OSError: the disk is full.
    """
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error", "TQDM_DISABLE": "1"}
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as told:
        process = subprocess.Popen([sys.executable, "-m", *module], stdout=told, stderr=told, env=offline)
        try:
            _wait(process)
        finally:  # interrupted: nothing goes on writing into a folder that is deleted
            process.kill()
            process.wait()
        told.seek(0)
        lines = [line.strip() for line in told if line.strip()]
    if process.returncode:
        reason = (lines or ["it said nothing"])[-1][:300]
        if process.returncode < 0:  # by a signal: the last line is of something that went well
            reason = f"its process was killed by signal {-process.returncode}; is there enough memory?"
        if disk_is_full(RuntimeError(reason)):
            raise OSError(reason)
        raise GeneratorError(f"{failure}: {reason}")


def _wait(process: subprocess.Popen) -> None:
    from tqdm.auto import tqdm

    with tqdm(bar_format="{desc}{elapsed}", leave=False, disable=not shows_bars()) as bar:
        while process.poll() is None:
            time.sleep(0.2)
            bar.update()
