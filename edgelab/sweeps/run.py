"""`edgelab sweep`: every trial on some worker, its row kept as it comes; what stands there already is not run again."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelab.build.costs import EXPORTING, TRAINING
from edgelab.sweeps.cluster import identity, workers_lost
from edgelab.sweeps.compare import Comparison, compare
from edgelab.sweeps.config import Config, short_name
from edgelab.sweeps.engine import Task, as_they_come
from edgelab.sweeps.paper import latex_table, markdown_table
from edgelab.sweeps.parts import folder_errors, names, output, reading, whole, write_part
from edgelab.sweeps.progress import Progress
from edgelab.sweeps.trials import Trial, prepare_model, prepare_teacher, run_trial, trials_of
from edgelab.workspace import plain, write_atomic

if TYPE_CHECKING:
    import pyarrow as pa
    from distributed import Client

ROWS = "rows"  # the folder of part files, one a trial


@dataclass(frozen=True)
class Swept:
    """The rows of a sweep's trials, in their order, of all runs; how many trials this run added; of each that failed, by
    its title, why; how many workers were lost on the way."""

    rows: list[dict[str, Any]]
    trials: int
    added: int
    failed: dict[str, str]
    workers_lost: int


def sweep(config: Config, out: Path, workers: AbstractContextManager["Client"], say: Callable[[str], None]) -> Swept:
    """Run the trials that are not there yet. An interruption loses those that were running, whose models are kept as far as
    they were trained; one that fails is told, and tried again by the next run.

    Args:
        workers: of `cluster.workers_of`; begun once there is something for them to do.

    `DataError` comes where a data set cannot be used, `PartsError` where `out` cannot, `ClusterError` of the workers.
    """
    trials = trials_of(config)
    with output(out, "sweep", identity()):
        folder = out / ROWS
        with folder_errors(out):
            folder.mkdir(exist_ok=True)
        done = names(folder, "*.parquet")
        left = [trial for trial in trials if part_name(trial) not in done]
        load_rows([folder / part for part in sorted(done)])  # what is damaged is told before hours of work
        if len(left) < len(trials):
            say(f"{len(trials) - len(left)} of {len(trials)} trials are there already")
        failed: dict[str, str] = {}
        lost = 0
        if left:
            with workers as client:
                before = workers_lost(client)
                failed = _run(left, folder, client, say)
                lost = workers_lost(client) - before
        rows = load_rows([folder / part_name(trial) for trial in trials])
        return Swept(rows, len(trials), len(left) - len(failed), failed, lost)


def part_name(trial: Trial) -> str:
    """The part file of a trial's row."""
    return f"{trial.name}.parquet"


def _run(trials: list[Trial], folder: Path, client: "Client", say: Callable[[str], None]) -> dict[str, str]:
    """Run, keep each row, and say of each that failed why."""
    import pyarrow as pa

    tasks, of = tasks_of(trials), {trial.name: trial for trial in trials}
    progress, failed = Progress(len(tasks), sum(task.cost for task in tasks), say), {}
    for ended in as_they_come(client, tasks):
        trial = of.get(ended.task.name)
        if trial is None:
            progress.end(ended.task.cost, ended.task.name if ended.error is None else f"{ended.task.name}: failed")
        elif ended.error is None:
            write_part(folder / part_name(trial), pa.Table.from_pylist([ended.result], schema=schema()))
            progress.end(ended.task.cost, f"{trial.title}: {100 * ended.result['accuracy']:.1f} % of labels right")
        else:
            failed[trial.title] = " ".join(str(ended.error).split())[:300] or type(ended.error).__name__
            progress.end(ended.task.cost, f"{trial.title}: failed: {failed[trial.title]}")
    return failed


def tasks_of(trials: Iterable[Trial]) -> list[Task]:
    """Each trial's task, after those of its teacher and its model, which several share: no worker waits for another that trains
    the same. A cost is in tokens that a teacher trains on; each task has that of its start besides."""
    tasks: dict[str, Task] = {}
    for trial in trials:
        before = _named("teacher", trial, plain(trial.teacher))
        tasks.setdefault(before, Task(before, prepare_teacher, (trial,), cost=EXPORTING + trial.read))
        if trial.spec is not None and trial.plan is not None:
            shared = [plain(part) for part in (trial.teacher, trial.spec, trial.plan)]
            model = _named(trial.recipe, trial, shared, trial.distilled, trial.unlabelled)
            seen = trial.plan.steps * trial.plan.batch_size * trial.tokens
            cost = EXPORTING + seen * TRAINING[trial.spec.family] * trial.spec.depth
            tasks.setdefault(model, Task(model, prepare_model, (trial,), after=(before,), cost=cost))
            before = model
        tasks[trial.name] = Task(trial.name, run_trial, (trial,), after=(before,), cost=EXPORTING)
    return list(tasks.values())


def _named(what: str, trial: Trial, *shared: object) -> str:
    """As progress shows it, and the same for what is the same."""
    digest = hashlib.sha256(json.dumps([trial.fingerprint, shared]).encode()).hexdigest()[:6]
    return f"{short_name(trial.data)}, {what} trained, seed {trial.seed} ({digest})"


def schema() -> "pa.Schema":
    """The columns of the rows: one row a trial. `calls` are None where the data has no slots."""
    import pyarrow as pa

    texts = ("trial", "data", "recipe", "precision")
    shares = ("accuracy", "accuracy_low", "accuracy_high", "calls", "calls_low", "calls_high")
    return pa.schema(
        [
            *((name, pa.string()) for name in texts),
            ("seed", pa.int64()),
            ("split", pa.string()),
            ("examples", pa.int64()),
            *((name, pa.float64()) for name in shares),
            ("size_bytes", pa.int64()),
            ("training_s", pa.float64()),
            ("cpu", pa.string()),
            ("right_label", pa.list_(pa.bool_())),
            ("right_call", pa.list_(pa.bool_())),
        ]
    )


def load_rows(files: Iterable[Path]) -> list[dict[str, Any]]:
    """The rows of part files that stand there, in their order; a `PartsError` where one is damaged."""
    rows = []
    for file in files:
        with reading(file):
            if file.exists():
                rows.append(_row(file))
    return rows


def _row(file: Path) -> dict[str, Any]:
    """The one row of a part file.

    Raises:
        ValueError: it has more, none, or another trial's.
    """
    import pyarrow.parquet as pq

    (row,) = pq.read_table(file, schema=schema()).to_pylist()
    if row["trial"] != file.stem or len(row["right_label"]) != row["examples"]:
        raise ValueError("another trial's")
    return row


def right_by_model(rows: Sequence[dict[str, Any]], data: str, measure: str) -> dict[str, np.ndarray]:
    """Of each model, recipe and precision, what it gets right, bool [seeds, examples]: `measure` is `label` or `call`. Those of
    which a seed is missing are left out."""
    of_data = [row for row in rows if row["data"] == data]
    seeds = sorted({row["seed"] for row in of_data})
    found: dict[str, dict[int, list[bool]]] = {}
    for row in of_data:
        found.setdefault(f"{row['recipe']} {row['precision']}", {})[row["seed"]] = row[f"right_{measure}"]
    whole = {name: by_seed for name, by_seed in found.items() if len(by_seed) == len(seeds)}
    return {name: np.array([by_seed[seed] for seed in seeds]) for name, by_seed in whole.items()}


def comparisons(rows: Sequence[dict[str, Any]]) -> dict[str, tuple[str, Comparison]]:
    """Of each data set with two models or more, what is compared, calls where it has slots, else labels, and the comparison of
    every pair."""
    found = {}
    for data in dict.fromkeys(row["data"] for row in rows):
        has_calls = all(row["right_call"] is not None for row in rows if row["data"] == data)
        measure = "call" if has_calls else "label"
        right = right_by_model(rows, data, measure)
        if len(right) > 1:
            found[data] = (measure, compare(right))
    return found


def write_comparisons(found: dict[str, tuple[str, Comparison]], out: Path) -> list[str]:
    """Of each data set a table in Markdown and in LaTeX and a figure as PDF; the files' names."""
    from edgelab.sweeps.plots import differences  # matplotlib: the room loads without it

    written: list[str] = []
    for data, (measure, comparison) in found.items():
        base = f"comparison-{re.sub(r'[^a-zA-Z0-9]+', '-', data)}"
        if f"{base}.md" in written:  # of another script, or other punctuation
            base = f"{base}-{hashlib.sha256(data.encode()).hexdigest()[:6]}"
        title = f"{data}, right {measure}s"
        with folder_errors(out):
            write_atomic(out / f"{base}.md", f"## {title}\n\n{markdown_table(comparison)}")
            write_atomic(out / f"{base}.tex", latex_table(comparison, label=f"tab:{base}"))
        with whole(out / f"{base}.pdf") as file:
            # Without the time of day: the same rows, the same file.
            differences(comparison).savefig(file, format="pdf", metadata={"CreationDate": None})
        written += [f"{base}.{ending}" for ending in ("md", "tex", "pdf")]
    return written
