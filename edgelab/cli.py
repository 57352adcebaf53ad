"""The `edgelab` command. Each subcommand imports what it needs, so that `predict` never loads a training library."""

import argparse
import json
import os
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from edgelab import __version__
from edgelab.doctor import INSTALL, size


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
    from edgelab.bundle import BundleError
    from edgelab.course import CourseError
    from edgelab.dataset import DataError

    encoder = sys.modules.get("edgelab.encoder")  # it imports torch: if it raised, it is loaded
    return (BundleError, CourseError, DataError) + ((encoder.WeightsError,) if encoder else ())


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="edgelab",
        description="Models small enough for the device: the course's notebooks, and what they build, as a tool.",
        epilog="start here:\n  edgelab doctor\n  edgelab lab",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"edgelab {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, command, help: str, examples: str, parent=subparsers) -> argparse.ArgumentParser:
        sub = parent.add_parser(
            name,
            help=help,
            description=help[0].upper() + help[1:].replace("%%", "%") + ".",
            epilog="example:\n" + "\n".join(f"  {line}" for line in examples.splitlines()),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(command=command, parser=sub)
        return sub

    add("doctor", doctor, "say what this machine can do, and what is missing", "edgelab doctor")

    lab_parser = add("lab", lab, "open JupyterLab on your own copy of the notebooks", "edgelab lab --port 8890")
    lab_parser.add_argument("--port", type=int, default=8888, help="the port to serve on (default 8888)")
    lab_parser.add_argument("--no-browser", action="store_true", help="print the address, open nothing")

    run_parser = add(
        "run",
        run,
        "run notebooks headless, in order, and table their seconds and peak memory",
        "edgelab run                       every notebook of the course\n"
        "edgelab run 01_distillation       one of them\n"
        "edgelab run work/my_notes.ipynb   a file of yours",
    )
    run_parser.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="a name or a file (default: all)")

    predict_parser = add(
        "predict",
        predict,
        "answer texts with a bundle, a line of JSON each",
        'edgelab predict data/bundles/pocket "wake me at seven tomorrow"\n'
        "edgelab predict data/bundles/pocket - < requests.txt",
    )
    predict_parser.add_argument("bundle", metavar="BUNDLE", help="the folder of a bundle")
    predict_parser.add_argument(
        "texts", nargs="*", metavar="TEXT", help="a text, in quotes; `-` reads one a line, skipping blank lines"
    )

    evaluate_parser = add(
        "evaluate",
        evaluate,
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

    cache = subparsers.add_parser("cache", help="what was built on this machine: list it, clear it")
    actions = cache.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add("list", cache_list, "list what was built, oldest first", "edgelab cache list", actions)
    add("clear", cache_clear, "delete what was built; downloads stay", "edgelab cache clear", actions)
    return parser


# --- lab, run -----------------------------------------------------------------------------------


def lab(args: argparse.Namespace) -> int:
    from jupyterlab.labapp import LabApp

    from edgelab.course import lay_work_copy

    work, new = lay_work_copy()
    if new:
        print(f"laid in {work}: {', '.join(path.name for path in new)}", flush=True)
    put_scripts_on_path()
    first = "/00_start_here.ipynb" if (work / "00_start_here.ipynb").exists() else ""
    options = {
        "ServerApp.root_dir": work,
        "ServerApp.port": args.port,
        "ServerApp.open_browser": not args.no_browser,
        "ServerApp.allow_root": True,  # containers
        "LabApp.default_url": f"/lab/tree{first}",
        # No news, no update check, no catalogue of extensions: nothing asks the network.
        "LabApp.app_settings_dir": Path(__file__).parent / "jupyter",
        "LabApp.extension_manager": "readonly",
    }
    LabApp.launch_instance([f"--{name}={value}" for name, value in options.items()])
    return 0


def put_scripts_on_path() -> None:
    """So that `!edgelab …` in a notebook is this environment's, activated or not."""
    os.environ["PATH"] = sysconfig.get_path("scripts") + os.pathsep + os.environ.get("PATH", "")


def run(args: argparse.Namespace) -> int:
    from edgelab.course import notebooks, run_notebooks

    put_scripts_on_path()
    paths = [find_notebook(name) for name in args.notebooks] if args.notebooks else notebooks()
    interactive = sys.stderr.isatty()
    shown = None

    def show(progress):
        nonlocal shown
        line = f"[{progress.notebook}/{progress.notebooks}] {progress.name}"
        if interactive:
            print(
                f"\r\033[K{line}  cell {progress.cell}/{progress.cells}  {progress.seconds:.0f} s",
                end="",
                file=sys.stderr,
            )
        elif line != shown:
            print(f"{line}, {progress.cells} cells", file=sys.stderr, flush=True)
        shown = line

    runs = run_notebooks(paths, show)
    if interactive:
        print("\r\033[K", end="", file=sys.stderr)
    width = max((len(r.name) for r in runs), default=0) + 2
    print(f"{'notebook':<{width}}{'seconds':>8}{'peak memory':>13}")
    for r in runs:
        outcome = "ok" if r.error is None else f"cell {r.failed_cell}: {r.error.splitlines()[0]}"
        print(f"{r.name:<{width}}{r.seconds:>8.1f}{size(r.peak_bytes):>13}  {outcome}")
    failed = sum(r.error is not None for r in runs)
    print(f"{'total':<{width}}{sum(r.seconds for r in runs):>8.1f}{'':>13}  {len(runs) - failed} ok, {failed} failed")
    return 1 if failed else 0


def find_notebook(name: str) -> Path:
    """A file of the learner's, or the course's notebook of that name."""
    from edgelab.course import CourseError, notebooks

    if Path(name).is_file():
        return Path(name)
    known = {path.stem: path for path in notebooks()}
    if name not in known:
        raise CourseError(f"{name}: expected a notebook file or one of {', '.join(known) or 'the course (none here)'}")
    return known[name]


# --- predict, evaluate --------------------------------------------------------------------------


def predict(args: argparse.Namespace) -> int:
    from edgelab.bundle import Bundle

    if not args.texts and sys.stdin.isatty():
        args.parser.error("nothing to answer: give a TEXT in quotes, or `-` to read lines from standard input")
    bundle = Bundle.load(args.bundle)
    sys.stdout.reconfigure(encoding="utf-8")
    for text in standard_input() if args.texts in ([], ["-"]) else args.texts:
        answer = bundle.predict(text)
        fields = ("text", "label", "slots", "confidence", "latency_ms")
        print(json.dumps({name: getattr(answer, name) for name in fields}, ensure_ascii=False), flush=True)
    return 0


def standard_input() -> Iterator[str]:
    from edgelab.dataset import DataError

    for number, line in enumerate(sys.stdin.buffer, 1):
        try:
            text = line.decode("utf-8").strip()
        except UnicodeDecodeError as error:
            raise DataError(
                f"standard input, line {number}: expected UTF-8, found byte 0x{line[error.start]:02x}"
            ) from None
        if text:
            yield text


def evaluate(args: argparse.Namespace) -> int:
    from edgelab import bundle, dataset

    model = bundle.Bundle.load(args.bundle)
    data = dataset.load(args.data)
    split = choose_split(data, args.split)
    result = bundle.evaluate(model, split)
    if args.json:
        report = {
            "bundle": str(args.bundle),
            "data": data.name,
            "split": args.split,
            "examples": len(split),
            "accuracy": asdict(result.accuracy),
            "slot_exact_match": asdict(result.slot_exact_match) if result.slot_exact_match else None,
            "per_label": {name: {"right": right, "total": total} for name, (right, total) in result.per_label.items()},
            "unknown_labels": result.unknown_labels,
        }
        print(json.dumps(report, indent=1))
        return 0
    print(f"{args.bundle} on {data.name}, {args.split}: {len(split)} examples")
    print(f"accuracy           {result.accuracy}   (95 % interval)")
    if result.slot_exact_match:
        print(f"slot exact match   {result.slot_exact_match}")
    if result.unknown_labels:
        listed = ", ".join(f"{name} ({count})" for name, count in result.unknown_labels.items())
        print(f"labels that the bundle never learned, counted as wrong: {listed}")
    width = max(len("label"), *map(len, result.per_label)) + 2
    print(f"\n{'label':<{width}}{'right':>7}{'of':>6}{'share':>8}   (hardest first)")
    for name, (right, total) in sorted(result.per_label.items(), key=lambda item: (item[1][0] / item[1][1], item[0])):
        print(f"{name:<{width}}{right:>7}{total:>6}{right / total:>8.3f}")
    return 0


def choose_split(data, name: str):
    """The split of that name; `all` is train, validation and test together."""
    from edgelab.dataset import SPLITS, DataError, Split

    splits = {split: getattr(data, split) for split in SPLITS} | data.extra
    if name == "all":
        parts = [splits[split] for split in SPLITS]
        spans = None if parts[0].spans is None else sum((part.spans for part in parts), ())
        return Split(sum((part.texts for part in parts), ()), sum((part.labels for part in parts), ()), spans)
    if name not in splits:
        raise DataError(f"{data.name} has no split {name!r}; it has {', '.join(splits)}, and all")
    return splits[name]


# --- doctor, cache ------------------------------------------------------------------------------


def doctor(args: argparse.Namespace) -> int:
    from edgelab.doctor import report

    print("\n".join(report()))
    return 0


def cache_list(args: argparse.Namespace) -> int:
    from edgelab import workspace

    found = list(workspace.artifacts())
    print(f"{workspace.home()}: {len(found)} built")
    for artifact in found:
        taken = size(workspace.folder_bytes(artifact.path))
        print(f"  {artifact.built_at}  {artifact.seconds:>6.0f} s  {taken:>9}  {artifact.path.name}")
    return 0


def cache_clear(args: argparse.Namespace) -> int:
    from edgelab import workspace

    print(f"deleted what was built in {workspace.home()}: {size(workspace.clear())} freed; downloads stay")
    return 0
