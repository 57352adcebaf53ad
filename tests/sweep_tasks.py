"""Tasks for workers of tests: they import this file by its name. What each does is told by its argument, or by files."""

import os
import signal
from pathlib import Path

from edgelab.sweeps.scoring import score_piece
from edgelab.sweeps.trials import Trial

FOLDER = "EDGELAB_TEST_TASKS"  # where a test looks for what happened
DEADLY, FAILING = 3, 5  # the seeds of trials that kill their worker once, and that fail while a file says so


def die_once(folder: Path, name: str) -> None:
    """Kill this process, unless it has been done before."""
    mark = folder / f"died-{name}"
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def double(number: int, folder: str, deadly: bool = False) -> int:
    if deadly:
        die_once(Path(folder), str(number))
    with (Path(folder) / f"ran-{number}").open("a") as file:
        file.write("x")
    return 2 * number


def fail(number: int) -> int:
    raise ValueError(f"{number} is wrong")


def killing_score_piece(piece, source, bundle, sha256, out):
    """`score_piece`, whose second piece kills its worker in the middle: half a part is written."""
    if piece.number == 1 and not (Path(out) / ".died-1").exists():
        (Path(out) / f".part-{piece.name}.parquet-half.scratch").write_text("half")
        (Path(out) / ".died-1").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return score_piece(piece, source, bundle, sha256, out)


def nothing(trial: Trial) -> None:
    """In place of a training."""


def tiny_trial(trial: Trial) -> dict:
    """In place of a trial: a row of a moment. The data file's folder says what goes wrong."""
    folder = Path(trial.data).parent
    if trial.seed == DEADLY and trial.precision == "int4":
        die_once(folder, trial.name)
    if trial.seed == FAILING and (folder / "fails").exists():
        raise ValueError("the loss is\nnot finite")
    with (folder / f"ran-{trial.name}").open("a") as file:
        file.write("x")
    right = [(trial.seed + i) % 3 != len(trial.recipe) % 2 for i in range(9)]
    shares = {f"{of}{end}": sum(right) / 9 for of in ("accuracy", "calls") for end in ("", "_low", "_high")}
    row = {"trial": trial.name, "data": Path(trial.data).stem, "recipe": trial.recipe, "precision": trial.precision}
    row |= {
        "seed": trial.seed,
        "split": trial.split,
        "examples": 9,
        "size_bytes": 1000,
        "training_s": 1.0,
        "cpu": "none",
    }
    return row | shares | {"right_label": right, "right_call": right}
