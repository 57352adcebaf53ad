"""The command evaluate: how good a bundle is on labelled texts."""

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from edgelab.commands.command import Command
from edgelab.commands.output import print_json, printable, say, show

if TYPE_CHECKING:
    from edgelab.bundle.evaluation import Evaluation
    from edgelab.bundle.predict import Bundle
    from edgelab.datasets.dataset import Part


def evaluate(args: argparse.Namespace) -> int:
    """Measure, and print tables or JSON."""
    from edgelab.bundle.evaluation import evaluate as run
    from edgelab.bundle.predict import Bundle
    from edgelab.datasets.loading import load_split

    bundle = Bundle.load(args.bundle)
    part = load_split(args.data, args.split)
    if args.split is None and part.split == "all" and learned_from(bundle, args.data):
        say(
            f"edgelab: {args.bundle} was trained on most of these texts: its accuracy on them says little; "
            "`--split test` measures it on those that were held out"
        )
    result = run(bundle, part.examples)
    if args.json:
        print_json(as_json(args.bundle, part, result))
    else:
        show_tables(args.bundle, part, result)
    return 0


def learned_from(bundle: "Bundle", source: str) -> bool:
    """Whether the bundle was trained on that file, divided as `build` divides it."""
    from edgelab.datasets.loading import load
    from edgelab.datasets.sources import DataError

    try:
        return load(source).fingerprint == bundle.manifest["trained_on"]["fingerprint"]
    except DataError:  # nothing can be trained on it
        return False


def as_json(bundle: str, part: "Part", result: "Evaluation") -> dict[str, object]:
    """What `--json` prints."""
    return {
        "bundle": bundle,
        "data": part.data,
        "split": part.split,
        "examples": len(part.examples),
        "accuracy": asdict(result.accuracy),
        "slot_exact_match": asdict(result.slot_exact_match) if result.slot_exact_match else None,
        "per_label": {name: {"right": right, "total": total} for name, (right, total) in result.per_label.items()},
        "unknown_labels": result.unknown_labels,
    }


def show_tables(bundle: str, part: "Part", result: "Evaluation") -> None:
    """The same to read."""
    show(f"{bundle} on {part.data}, {part.split}: {len(part.examples)} examples")
    show(f"accuracy           {result.accuracy}   (95 % interval)")
    if result.slot_exact_match:
        show(f"slot exact match   {result.slot_exact_match}")
    if result.unknown_labels:
        listed = ", ".join(f"{name} ({count})" for name, count in result.unknown_labels.items())
        show(f"labels that the bundle never learned, counted as wrong: {listed}")
    show("")
    width = max(len("label"), *(len(printable(name)) for name in result.per_label)) + 2
    show(f"{'label':<{width}}{'right':>7}{'of':>6}{'share':>8}   (hardest first)")
    for name, (right, total) in sorted(result.per_label.items(), key=lambda item: (item[1][0] / item[1][1], item[0])):
        show(f"{printable(name):<{width}}{right:>7}{total:>6}{right / total:>8.3f}")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `evaluate` takes."""
    parser.add_argument("bundle", metavar="BUNDLE", help="the folder of a bundle")
    parser.add_argument("--data", required=True, help="pocket, clinc150, snips2017, or your .csv, .tsv or .jsonl file")
    parser.add_argument(
        "--split",
        help="train, validation, test, all three as `all`, or one more of the data (default: test, and all of a file "
        "that has no column split)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")


COMMAND = Command(
    name="evaluate",
    run=evaluate,
    help="measure a bundle on data: accuracy with its 95 % interval, per label, slots",
    examples="edgelab evaluate data/bundles/pocket --data pocket\n"
    "edgelab evaluate data/bundles/pocket --data pocket --split hard\n"
    "edgelab evaluate my_bundle --data my_data.csv --split all --json",
    arguments=arguments,
)
