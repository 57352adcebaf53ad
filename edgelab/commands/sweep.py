"""The command sweep: recipes x precisions x seeds x data sets, on several processes or a scheduler's workers."""

import argparse
from pathlib import Path

from edgelab.commands.arguments import whole
from edgelab.commands.command import Command
from edgelab.commands.output import print_table, say, show

SOME_FAILED = 3  # the exit code


def sweep(args: argparse.Namespace) -> int:
    """Run the trials that are not there yet, and print the rows and where their comparison is.

    Raises:
        KeyboardInterrupt: after a line that says how to go on.
    """
    from edgelab.sweeps.cluster import see_that_it_is_installed, workers_of

    see_that_it_is_installed()
    import torch  # noqa: F401  (and what is missing before the first trial)

    from edgelab.sweeps.config import read_config
    from edgelab.sweeps.run import comparisons, write_comparisons
    from edgelab.sweeps.run import sweep as run

    config = read_config(args.config)
    try:
        swept = run(config, args.out, workers_of(args.scheduler, args.workers), say)
    except KeyboardInterrupt:
        say("edgelab: interrupted; the same command goes on from the last finished trial")
        raise
    print_table(list(cells(swept.rows)))
    written = write_comparisons(comparisons(swept.rows), args.out)
    show("", f"{args.out}: {len(swept.rows)} of {swept.trials} trials, a row each in rows/", *written)
    if swept.workers_lost:
        say(f"edgelab: workers lost on the way: {swept.workers_lost}; what they were doing was done again")
    if swept.failed:
        say(f"edgelab: trials that failed: {len(swept.failed)}; the same command tries them again")
        return SOME_FAILED
    return 0


def cells(rows: list[dict]) -> list[list[str]]:
    """The rows after their heading."""
    heading = ["data", "recipe", "precision", "seed", "labels right, %", "calls right, %", "MB"]
    found = [heading]
    for row in rows:
        calls = "-" if row["calls"] is None else f"{100 * row['calls']:.1f}"
        numbers = [f"{100 * row['accuracy']:.1f}", calls, f"{row['size_bytes'] / 1e6:.3f}"]
        found.append([row["data"], row["recipe"], row["precision"], str(row["seed"]), *numbers])
    return found


def workers(parser: argparse.ArgumentParser) -> None:
    """Where the work is done: of `sweep` and `score`."""
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="a dask scheduler's address, such as tcp://10.0.0.5:8786, whose workers do it (default: processes of this machine)",
    )
    parser.add_argument(
        "--workers",
        type=whole(1, 1024),
        default=2,
        metavar="N",
        help="processes of this machine, one thread each (default 2)",
    )


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `sweep` takes."""
    parser.add_argument("config", metavar="CONFIG", type=Path, help="a .toml, .json or .yaml file: what to run (above)")
    parser.add_argument("--out", required=True, type=Path, help="the folder to write: empty, new or an earlier sweep")
    workers(parser)


COMMAND = Command(
    name="sweep",
    run=sweep,
    help="train recipes x precisions x seeds x data sets on several processes or machines, and compare them in pairs",
    examples="edgelab sweep sweep.toml --out swept\nedgelab sweep sweep.toml --out swept --scheduler tcp://10.0.0.5:8786",
    more="""
A sweep is a file such as:
  data = ["pocket", "my_data.csv"]
  families = ["teacher", "convolution"]
  precisions = ["int8", "int4"]
  seeds = [0, 1, 2, 3, 4]

  [recipes.undistilled]
  family = "convolution"
  distilled = false
A family is transformer, convolution, static (each as edgelab build first tries it) or teacher; or a candidate by its name,
such as "convolution 64/256x2". A table [recipes.NAME] changes one: distilled, unlabelled, shape and plan, with the fields of
Spec and StudentPlan. [teacher] changes the teacher's plan; split = "test" judges there (default: validation).

Each trial is a row of OUT/rows, a Parquet file as it ends. A worker that dies loses nothing but what it was doing. Interrupted?
The same command goes on; a longer file adds to what is there. Models are kept under EDGELAB_HOME, as all commands keep them.
Each trial runs on one thread, so that the same rows come of 1 worker and of 4.

With two models or more on a data set, comparison-*.md, .tex and .pdf compare each pair over seeds and examples, corrected
for their number. Five seeds or more: fewer tell little apart.

Workers of a scheduler need this package in the same versions, one thread each, and EDGELAB_HOME, if it is to be shared, under
the same name: dask worker tcp://10.0.0.5:8786 --nthreads 1

exit codes: 0 all trials are there; 2 wrong input; 3 some failed""",
    arguments=arguments,
)
