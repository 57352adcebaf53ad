"""The command score: logs of any size answered with a bundle, into part files."""

import argparse
from pathlib import Path

from edgelab.commands.arguments import AT_LEAST_0
from edgelab.commands.command import Command
from edgelab.commands.output import print_json, say, show
from edgelab.commands.sweep import workers

PRICE = 0.05  # assumed, not measured: of an hour of one core, in dollars


def score(args: argparse.Namespace) -> int:
    """Score what is not scored yet, and print how many, how fast, and what a billion would cost.

    Raises:
        KeyboardInterrupt: after a line that says how to go on.
    """
    from edgelab.sweeps.cluster import see_that_it_is_installed, workers_of

    see_that_it_is_installed()
    from edgelab.sweeps.score_run import on_paper, summary
    from edgelab.sweeps.score_run import score as run

    try:
        cluster = workers_of(args.scheduler, args.workers)
        scored = run(Path(args.bundle), args.logs, args.out, cluster, say, scheduler=args.scheduler)
    except KeyboardInterrupt:
        say("edgelab: interrupted; the same command goes on from the last finished piece")
        raise
    found = summary(scored)
    rate = found["rows_per_core_second"]
    billion = on_paper(rate, core_hour_price=args.core_hour_price) if isinstance(rate, float) else None
    for name, reason in scored.files_aside.items():
        say(f"edgelab: {name}: set aside: {reason}")
    if scored.workers_lost:
        say(f"edgelab: workers lost on the way: {scored.workers_lost}; what they were doing was done again")
    if args.json:
        print_json(found | {"a_billion_requests": billion})
        return 0
    show(f"{args.out}: {scored.total.rows:,} rows scored, {scored.total.aside:,} set aside with the reason")
    if billion is not None:
        now = scored.now
        show(
            f"this run: {now.rows:,} rows in {scored.wall_s:.1f} s on {scored.workers} workers; {rate:,.0f} rows a second of one core; "
            f"{now.asked:,} asked, the others repeat a text of their piece",
            f"a billion such requests, on paper: {billion['core_hours']:,.0f} hours of a core, "
            f"{billion['price']:,.2f} dollars at {args.core_hour_price:g} an hour (assumed: --core-hour-price)",
        )
    return 0


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `score` takes."""
    parser.add_argument("bundle", metavar="BUNDLE", help="the folder of a bundle")
    parser.add_argument(
        "logs",
        metavar="IN",
        type=Path,
        help="a .parquet or .jsonl file with a column text, or a folder of them and its folders",
    )
    parser.add_argument("--out", required=True, type=Path, help="the folder to write: empty, new or begun earlier")
    workers(parser)
    parser.add_argument(
        "--core-hour-price",
        type=AT_LEAST_0,
        default=PRICE,
        metavar="DOLLARS",
        help=f"of an hour of one core, to reckon with (default {PRICE}: an assumption)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


COMMAND = Command(
    name="score",
    run=score,
    help="answer logs of any size with a bundle, on several processes or machines: Parquet or JSONL in, part files out",
    examples="edgelab score out/bundle logs --out scored\n"
    "edgelab score out/bundle logs.jsonl --out scored --workers 4\n"
    "edgelab score out/bundle /shared/logs --out /shared/scored --scheduler tcp://10.0.0.5:8786",
    more="""
Files are divided into pieces of some seconds' work; each piece becomes OUT/part-*.parquet, whole or not at all, with a row for
each of its rows: source and row (in JSONL the byte at which its line begins), label, confidence, slots as JSON. The text is not
copied. What cannot be read stands in OUT/aside-*.parquet with the reason, and is counted: lines that are not UTF-8 or not JSON,
rows without a text, files that are cut off.

Interrupted, or a worker killed? The same command goes on, and nothing is scored twice. So it does when files have come: they are
added. Another bundle needs another folder.

Workers of a scheduler need this package in the same versions, one thread each, and see BUNDLE, IN and OUT under the same
names: dask worker tcp://10.0.0.5:8786 --nthreads 1

exit codes: 0 every row is scored or set aside; 2 wrong input, or no row that can be read""",
    arguments=arguments,
)
