"""The command build: from labelled texts to the smallest bundle that clears the bar."""

import argparse
from pathlib import Path

from edgelab.commands.arguments import POSITIVE, SEED, SHARE_TO_KEEP, whole
from edgelab.commands.command import Command
from edgelab.commands.output import print_json, print_table, say, show

NOTHING_CLEARS = 3  # the exit code


def build(args: argparse.Namespace) -> int:
    """Build, and print what was found: a table, or `report.json`.

    Raises:
        KeyboardInterrupt: after a line that says how to go on.
    """
    from edgelab.datasets.loading import load

    data = load(args.data)  # what is wrong with it is told before the slow imports
    import torch  # noqa: F401  (and what is missing before the first stage)

    from edgelab.build.page import cells, verdict
    from edgelab.build.pipeline import build as run
    from edgelab.selection.bar import Bar

    bar = Bar(args.retention, args.max_mb, args.max_p95_ms)
    try:
        report = run(data, args.out, bar, threads=args.threads, seed=args.seed, say=say)
    except KeyboardInterrupt:
        say("edgelab: interrupted; the same command goes on from the last finished stage")
        raise
    if args.json:
        print_json(report)
    else:
        print_table([row[:7] for row in cells(report)])  # the rest is on the page
        show("", verdict(report), f"{args.out}: {', '.join(sorted(f.name for f in args.out.iterdir()))}")
    if report["chosen"] is None:
        say(f"edgelab: {verdict(report)}")
        return NOTHING_CLEARS
    return 0


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `build` takes."""
    parser.add_argument(
        "--data",
        required=True,
        help="your .csv, .tsv or .jsonl file with the columns text, label and, if you like, split (its rules: above); "
        "or pocket, clinc150, snips2017",
    )
    parser.add_argument("--out", required=True, type=Path, help="the folder to write: empty, new or an earlier build")
    parser.add_argument(
        "--retention",
        type=SHARE_TO_KEEP,
        default=0.98,
        metavar="SHARE",
        help="the share of the teacher's accuracy to keep (default 0.98)",
    )
    parser.add_argument(
        "--max-mb", type=POSITIVE, metavar="MB", help="how large the whole bundle may be, in MB (10^6 bytes)"
    )
    parser.add_argument(
        "--max-p95-ms", type=POSITIVE, metavar="MS", help="how long 95 %% of requests may take at most, in ms"
    )
    parser.add_argument(
        "--threads", type=whole(1, 256), default=1, help="threads of a request when it is timed (default 1)"
    )
    parser.add_argument("--seed", type=SEED, default=0, help="another seed gives other models (default 0)")
    parser.add_argument("--json", action="store_true", help="print report.json instead of a table")


COMMAND = Command(
    name="build",
    run=build,
    help="make the smallest bundle that keeps the quality you ask for, from your own labelled texts",
    examples="edgelab build --data my_data.csv --out out\n"
    "edgelab build --data clinc150 --out out --retention 0.99 --max-mb 0.5\n"
    'edgelab predict out/bundle "what is my balance"',
    more="""
A teacher is trained on your data. Small students learn from it, each is written in several precisions, and all are
measured side by side here: accuracy, size, latency. Chosen is, on validation, the smallest whose retention (accuracy
over the teacher's) reaches --retention at the lower end of its 95 % interval. Test is read once, after that.

A file has the columns text, label and, if you like, split (train, validation, test), with every label in train.
Without split, the rows of each label are divided 80/10/10, repeats of a text kept together; a label with fewer than 3
texts of its own is all in train. In OUT you find bundle/ (what ships), report.html to read, report.json to compute with,
samples.json with every latency. Interrupted? The same command goes on from the last finished stage. Takes minutes to
tens of minutes.

exit codes: 0 built; 2 wrong input; 3 nothing clears the bar (the report is written and names the nearest)""",
    arguments=arguments,
)
