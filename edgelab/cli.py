"""The `edgelab` command. Each subcommand imports what it needs, so that `predict` never loads a training library."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from edgelab import __version__
from edgelab.commands import bundles as models
from edgelab.commands import cloud, course
from edgelab.commands.doctor import INSTALL


def main(argv: list[str] | None = None) -> int:
    """Run one subcommand. Returns the exit code: 2 where the input was wrong, told in one line."""
    args = build_parser().parse_args(argv)
    try:
        return args.command(args)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("edgelab"):
            raise
        return refuse(f"this needs {error.name}, which is not installed: run {INSTALL}")
    except refusals() as error:
        return refuse(str(error))


def refuse(message: str) -> int:
    print(f"edgelab: {' '.join(message.split())}", file=sys.stderr)
    return 2


def refusals() -> tuple[type[Exception], ...]:
    """What the library raises for wrong input. Looked up only once something was raised."""
    from edgelab.bundle.manifest import BundleError
    from edgelab.cloud.client import CloudError
    from edgelab.cloud.network import NetworkError
    from edgelab.course.notebooks import CourseError
    from edgelab.datasets.sources import DataError
    from edgelab.workspace import HomeError

    # These import torch: if one of them raised, it is loaded.
    heavy = (("edgelab.models.weights", "WeightsError"), ("edgelab.build.folder", "BuildError"))
    raised = tuple(getattr(sys.modules[module], name) for module, name in heavy if module in sys.modules)
    return (BundleError, CloudError, CourseError, DataError, HomeError, NetworkError, *raised)


class Parser(argparse.ArgumentParser):
    """Wrong arguments are one line, as all wrong input is."""

    def error(self, message: str):
        sys.exit(refuse(f"{message}; see `{self.prog} --help`"))


def number(kind: type, description: str, fits: Callable[[float], bool]) -> Callable[[str], float]:
    """For `type=`: a number of that kind that fits."""

    def parse(text: str):
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not fits(value):
            raise argparse.ArgumentTypeError(f"expected {description}, found {text!r}")
        return value

    return parse


def whole_text(text: str) -> str:
    """For `type=`: Python hands over bytes that are not UTF-8 as halves of characters, which no tokenizer takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(f"expected UTF-8, found {text!r}") from None
    return text


def build_parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="edgelab",
        description="Models small enough for the device: the course's notebooks, and what they build, as a tool.",
        epilog="start here:\n  edgelab doctor\n  edgelab lab",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"edgelab {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, command, help: str, examples: str, more: str = "", parent=subparsers) -> Parser:
        sub = parent.add_parser(
            name,
            help=help,
            description=f"{help[0].upper()}{help[1:]}.\n{more}".replace("%%", "%"),
            epilog="example:\n" + "\n".join(f"  {line}" for line in examples.splitlines()),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(command=command, parser=sub)
        return sub

    add("doctor", course.doctor, "say what this machine can do, and what is missing", "edgelab doctor")

    lab_parser = add("lab", course.lab, "open JupyterLab on your own copy of the notebooks", "edgelab lab --port 8890")
    lab_parser.add_argument("--port", type=int, default=8888, help="the port to serve on (default 8888)")
    lab_parser.add_argument("--no-browser", action="store_true", help="print the address, open nothing")

    run_parser = add(
        "run",
        course.run,
        "run notebooks headless, in order, and table their seconds and peak memory",
        "edgelab run                       every notebook of the course\n"
        "edgelab run 01_distillation       one of them\n"
        "edgelab run work/my_notes.ipynb   a file of yours",
    )
    run_parser.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="a name or a file (default: all)")

    build_parser = add(
        "build",
        models.build,
        "make the smallest bundle that keeps the quality you ask for, from your own labelled texts",
        "edgelab build --data my_data.csv --out out\n"
        "edgelab build --data clinc150 --out out --retention 0.99 --max-mb 0.5\n"
        'edgelab predict out/bundle "what is my balance"',
        """
A teacher is trained on your data. Small students learn from it, each is written in several precisions, and all are
measured side by side here: accuracy, size, latency. Chosen is, on validation, the smallest whose retention (accuracy
over the teacher's) reaches --retention at the lower end of its 95 %% interval. Test is read once, after that.

A file has the columns text, label and, if you like, split (train, validation, test), with every label in train.
Without split, the rows of each label are divided 80/10/10, repeats of a text kept together; a label with fewer than 3
texts of its own is all in train. In OUT you find bundle/ (what ships), report.html to read, report.json to compute with,
samples.json with every latency. Interrupted? The same command goes on from the last finished stage. Takes minutes to
tens of minutes.

exit codes: 0 built; 2 wrong input; 3 nothing clears the bar (the report is written and names the nearest)""",
    )
    build_parser.add_argument(
        "--data",
        required=True,
        help="your .csv, .tsv or .jsonl file with the columns text, label and, if you like, split (its rules: above); "
        "or pocket, clinc150, snips2017",
    )
    build_parser.add_argument(
        "--out", required=True, type=Path, help="the folder to write: empty, new or an earlier build"
    )
    positive = number(float, "a number above 0", lambda x: 0 < x < float("inf"))
    build_parser.add_argument(
        "--retention",
        type=number(float, "a share above 0, at most 1", lambda x: 0 < x <= 1),
        default=0.98,
        metavar="SHARE",
        help="the share of the teacher's accuracy to keep (default 0.98)",
    )
    build_parser.add_argument(
        "--max-mb", type=positive, metavar="MB", help="how large the whole bundle may be, in MB (10^6 bytes)"
    )
    build_parser.add_argument(
        "--max-p95-ms", type=positive, metavar="MS", help="how long 95 %% of requests may take at most, in ms"
    )
    whole = number(int, "a whole number, at least 1", lambda x: x >= 1)
    build_parser.add_argument(
        "--threads", type=whole, default=1, help="threads of a request when it is timed (default 1)"
    )
    seed = number(int, f"a whole number from 0 to {2**63 - 1}", lambda x: 0 <= x < 2**63)  # as torch and NumPy take it
    build_parser.add_argument("--seed", type=seed, default=0, help="another seed gives other models (default 0)")
    build_parser.add_argument("--json", action="store_true", help="print report.json instead of a table")

    predict_parser = add(
        "predict",
        models.predict,
        "answer texts with a bundle, a line of JSON each",
        'edgelab predict data/bundles/pocket "wake me at seven tomorrow"\n'
        "edgelab predict data/bundles/pocket - < requests.txt",
    )
    predict_parser.add_argument("bundle", metavar="BUNDLE", help="the folder of a bundle")
    predict_parser.add_argument(
        "texts",
        nargs="*",
        metavar="TEXT",
        type=whole_text,
        help="a text, in quotes; `-` reads one a line, skipping blank lines",
    )

    evaluate_parser = add(
        "evaluate",
        models.evaluate,
        "measure a bundle on data: accuracy with its 95 %% interval, per label, slots",
        "edgelab evaluate data/bundles/pocket --data pocket\n"
        "edgelab evaluate data/bundles/pocket --data pocket --split hard\n"
        "edgelab evaluate my_bundle --data my_data.csv --split all --json",
    )
    evaluate_parser.add_argument("bundle", metavar="BUNDLE", help="the folder of a bundle")
    evaluate_parser.add_argument(
        "--data", required=True, help="pocket, clinc150, snips2017, or your .csv, .tsv or .jsonl file"
    )
    evaluate_parser.add_argument(
        "--split", default="test", help="train, validation, test (default), all three as `all`, or one more of the data"
    )
    evaluate_parser.add_argument("--json", action="store_true", help="print JSON instead of tables")

    bench_parser = add(
        "bench",
        models.bench,
        "time bundles side by side in one process: percentiles with their 95 %% intervals, and is it faster than the first?",
        "edgelab bench out/bundle data/bundles/pocket\n"
        "edgelab bench yesterday/bundle today/bundle --data my_data.csv --requests 5000\n"
        "edgelab bench yesterday/bundle today/bundle --starts 10 --json",
        """
The bundles take turns, a few requests each, so that a slow moment of the machine falls on all of them; each turn gives
a ratio to the first bundle. The verdict is `faster` or `slower` where the 95 %% interval of the median ratio leaves 1
behind, else `not told apart`: then more requests may tell. Try one bundle twice to see how restless the machine is.""",
    )
    bench_parser.add_argument("bundles", nargs="+", metavar="BUNDLE", help="the folder of a bundle")
    bench_parser.add_argument("--data", help="whose test texts to ask, as for evaluate (default: a list of requests)")
    bench_parser.add_argument(
        "--requests",
        type=number(int, "a whole number, at least 10", lambda x: x >= 10),
        default=1000,
        metavar="N",
        help="requests to each bundle (default 1000); half the difference needs four times as many",
    )
    bench_parser.add_argument(
        "--starts",
        type=number(int, "a whole number, at least 0", lambda x: x >= 0),
        default=0,
        metavar="N",
        help="also start each bundle in N fresh processes: time to the first answer, peak memory (default 0)",
    )
    bench_parser.add_argument("--json", action="store_true", help="print JSON, with every sample, instead of a table")

    cloud_parser = add(
        "cloud",
        cloud.cloud,
        "serve a bundle as a stand-in cloud: the OpenAI chat-completions API on this machine, behind a made-up network",
        "edgelab cloud data/bundles/pocket\n"
        "edgelab cloud data/bundles/pocket --round-trip-ms 200 --loss 0.05 --outage 30 60",
        """
Any client of that API can ask it: it prints the address and a key of this run as the environment variables that the
`openai` package reads. A request that is a tool call gets the bundle's label and slots; an open question (the label
ask_cloud) gets an emulated answer that says so. GET /network shows the network's parameters and counts what arrived,
was lost, was carried out. A request with an Idempotency-Key header is carried out once, however often it is tried.""",
    )
    cloud_parser.add_argument("bundle", metavar="BUNDLE", help="the folder of a bundle")
    cloud_parser.add_argument(
        "--port",
        type=number(int, "a port from 0 (any free one) to 65535", lambda x: 0 <= x <= 65535),
        default=8899,
        help="the port to serve on, on this machine only (default 8899; 0: any free one)",
    )
    at_least_0 = number(float, "a number, at least 0", lambda x: 0 <= x < float("inf"))
    share = number(float, "a share from 0 to 1", lambda x: 0 <= x <= 1)
    cloud_parser.add_argument(
        "--round-trip-ms", type=at_least_0, default=80.0, metavar="MS", help="the median round trip (default 80)"
    )
    cloud_parser.add_argument(
        "--jitter",
        type=number(float, "a number from 0 to 3", lambda x: 0 <= x <= 3),
        default=0.3,
        help="how unequal round trips are: the standard deviation of their logarithm (default 0.3; 0: all the same)",
    )
    cloud_parser.add_argument(
        "--loss",
        type=share,
        default=0.0,
        metavar="SHARE",
        help="the share of tries whose connection breaks (default 0)",
    )
    cloud_parser.add_argument(
        "--outage",
        type=at_least_0,
        nargs=2,
        metavar=("FROM", "TO"),
        help="seconds after the first request between which every connection breaks (default: never)",
    )
    cloud_parser.add_argument(
        "--answer-rate",
        type=share,
        default=0.95,
        metavar="SHARE",
        help="the share of emulated answers that count as right (default 0.95)",
    )
    cloud_parser.add_argument("--seed", type=seed, default=0, help="(default 0)")

    cache = subparsers.add_parser("cache", help="what was built on this machine: list it, clear it")
    actions = cache.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add("list", course.cache_list, "list what was built, oldest first", "edgelab cache list", parent=actions)
    add("clear", course.cache_clear, "delete what was built; downloads stay", "edgelab cache clear", parent=actions)
    return parser
