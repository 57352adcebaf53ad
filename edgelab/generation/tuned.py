"""The generator tuned on Pocket's calls: made once by `edgelab prepare tuned`, kept, found again."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from edgelab.datasets.loading import load
from edgelab.generation.convert import build_model, prepared
from edgelab.generation.errors import GeneratorError
from edgelab.generation.files import fingerprint
from edgelab.generation.tuning import TuningPlan, tune
from edgelab.workspace import build_once, find_built, versions

PRECISION = "int8"
KIND = "generator-tuned"
PLAN = TuningPlan()
MISSING = "run `edgelab prepare tuned`: it takes ten minutes or more on two cores, once"


def tuned_generator(precision: str = PRECISION, plan: TuningPlan = PLAN) -> Path | None:
    """The folder that `Generator.open` takes; None where nothing was tuned yet. It does not tune; where only the built
    file is missing, it is built in half a minute."""
    checkpoint = prepared().checkpoint
    if checkpoint is None:
        return None
    build, inputs = _artifact(checkpoint, plan)
    found = find_built(KIND, build, inputs=inputs)
    return build_model(found.path, precision) if found else None


def prepare_tuned(say: Callable[[str], None], precision: str = PRECISION, plan: TuningPlan = PLAN) -> Path:
    """The same, tuned and built where that is still to be done. Interrupted, it begins anew.

    Raises:
        GeneratorError: the generator itself is not prepared.
    """
    checkpoint = prepared().checkpoint
    if checkpoint is None:
        raise GeneratorError("found no generator to tune: run `edgelab prepare generator` first")
    build, inputs = _artifact(checkpoint, plan)
    if find_built(KIND, build, inputs=inputs) is None:
        say("the generator is tuned on calls: ten minutes or more on two cores, once")
    return build_model(build_once(KIND, build, inputs=inputs).path, precision)


def _artifact(checkpoint: Path, plan: TuningPlan) -> tuple[Callable[[Path], None], dict]:
    data = load("pocket")

    def build(folder: Path) -> None:
        tune(checkpoint, data.train, folder, plan)

    inputs = {"checkpoint": fingerprint(checkpoint), "plan": asdict(plan), "data": data.fingerprint}
    return build, inputs | {"peft": versions(("peft",))}
