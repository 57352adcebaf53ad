"""The command build: from labelled texts to the smallest bundle that clears the bar."""

import argparse
from dataclasses import replace
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
    from edgelab.datasets.lines import load_lines
    from edgelab.datasets.loading import load, load_split

    data = load(args.data)  # what is wrong with a file is told before the slow imports
    if args.unlabelled is not None:
        data = replace(data, unlabelled=load_lines(args.unlabelled))
    outside = load_split(args.outside, "all") if args.outside is not None else None
    import torch  # noqa: F401  (and what is missing before the first stage)

    from edgelab.build.page import cells, further, verdict
    from edgelab.build.pipeline import build as run
    from edgelab.selection.bar import Bar

    bar = Bar(args.retention, args.max_mb, args.max_p95_ms, args.retention_of)
    try:
        report = run(data, args.out, bar, outside=outside, threads=args.threads, seed=args.seed, key=args.sign, say=say)
    except KeyboardInterrupt:
        say("edgelab: interrupted; the same command goes on from the last finished stage")
        raise
    if args.json:
        print_json(report)
    else:
        first = 8 if report["dataset"]["slots"] else 7  # up to the accuracy, and the calls; the rest is on the page
        print_table([row[:first] for row in cells(report)])
        show(
            "",
            verdict(report),
            *further(report),
            f"{args.out}: {', '.join(sorted(f.name for f in args.out.iterdir()))}",
        )
    if report["chosen"] is None:
        say(f"edgelab: {verdict(report)}")
        return NOTHING_CLEARS
    return 0


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `build` takes."""
    parser.add_argument(
        "--data",
        required=True,
        help="your .csv, .tsv or .jsonl file with the columns text (or marked, with slots), label and, if you like, split "
        "(its rules: above); or pocket, clinc150, snips2017",
    )
    parser.add_argument(
        "--unlabelled",
        metavar="FILE",
        help="texts without labels, such as your logs: a .txt file with one a line, or a .csv, .tsv or .jsonl file with a "
        "column text. The teacher labels them, and students learn from that (pocket brings its own)",
    )
    parser.add_argument(
        "--outside",
        metavar="FILE",
        help="labelled texts of another origin, as for --data: read last, for the report alone, never to train or choose",
    )
    parser.add_argument("--out", required=True, type=Path, help="the folder to write: empty, new or an earlier build")
    parser.add_argument(
        "--retention",
        type=SHARE_TO_KEEP,
        default=0.98,
        metavar="SHARE",
        help="the share to keep of what the teacher gets right (default 0.98)",
    )
    parser.add_argument(
        "--retention-of",
        choices=("call", "label"),
        help="what is to be right: each call, label and slots, or each label (default: call where the data has slots)",
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
    parser.add_argument(
        "--sign",
        type=Path,
        metavar="KEY",
        help="sign the bundle with the private key in this file (`edgelab keys` makes one)",
    )
    parser.add_argument("--json", action="store_true", help="print report.json instead of a table")


COMMAND = Command(
    name="build",
    run=build,
    help="make the smallest bundle that keeps the quality you ask for, from your own labelled texts",
    examples="edgelab build --data my_data.csv --out out\n"
    "edgelab build --data my_data.csv --unlabelled logs.txt --outside others.csv --out out\n"
    "edgelab build --data clinc150 --out out --retention 0.99 --max-mb 0.5\n"
    'edgelab predict out/bundle "what is my balance"',
    more="""
A teacher is trained on your data. Small students learn from it, each is written in several precisions, and all are
measured side by side here: accuracy, size, latency. Chosen is, on validation, the smallest whose retention (the share it
gets right over the teacher's) reaches --retention at the lower end of its 95 % interval. Test is read once, after that.
Where the data has slots, calls decide: a call is right where its label and every slot are. Without slots a call is its
label: there is no column for calls then, and in report.json they are null.

A file has the columns text, label and, if you like, split (train, validation, test), with every label in train.
Without split, the rows of each label are divided 80/10/10, repeats of a text kept together; a label with fewer than 3
texts of its own is all in train.

Slots, the arguments of a call, are trained where the file has them. A .csv or .tsv file has a column marked in place of
text, a .jsonl file this or offsets (code points; the end is not included):
  wake me at [6:15](time)
  {"text": "wake me at 6:15", "label": "set_alarm", "slots": [{"start": 11, "end": 15, "name": "time"}]}
A bracket of the text itself is written \\[ or \\]. A slot holds whole words. book/your_data.md has all rules.

In OUT you find bundle/ (what ships), README.md (its model card), report.html to read (with texts that it gets wrong),
report.json to compute with, samples.json with every latency.
Interrupted? The same command goes on from the last finished stage. Takes minutes to tens of minutes.

Lines of --unlabelled that repeat a text of validation, test or --outside are left out. The chosen recipe is trained once
more without such lines, so that the report can say what they brought.

exit codes: 0 built; 2 wrong input; 3 nothing clears the bar (the report is written and names the nearest)""",
    arguments=arguments,
)
