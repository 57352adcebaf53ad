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
        return load(source).labelled.fingerprint == bundle.manifest["trained_on"]["fingerprint"]
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
        "call_exact_match": asdict(result.call_exact_match) if result.call_exact_match else None,
        "slot_exact_match": asdict(result.slot_exact_match) if result.slot_exact_match else None,
        "per_label": {name: {"right": right, "total": total} for name, (right, total) in result.per_label.items()},
        "unknown_labels": result.unknown_labels,
        "unknown_slots": result.unknown_slots,
    }


def show_tables(bundle: str, part: "Part", result: "Evaluation") -> None:
    """The same to read."""
    show(f"{bundle} on {part.data}, {part.split}: {len(part.examples)} examples")
    show(f"accuracy           {result.accuracy}   (95 % interval)")
    if result.call_exact_match:
        show(f"call exact match   {result.call_exact_match}   (label and every slot)")
    if result.slot_exact_match:
        show(f"slot exact match   {result.slot_exact_match}")
    for kind, unknown in (("labels", result.unknown_labels), ("slots", result.unknown_slots)):
        if unknown:
            listed = ", ".join(f"{name} ({count})" for name, count in unknown.items())
            show(f"{kind} that the bundle never learned, counted as wrong: {listed}")
    show("")
    width = max(len("label"), *(len(printable(name)) for name in result.per_label)) + 2
    show(f"{'label':<{width}}{'right':>7}{'of':>6}{'share':>8}   (hardest first)")
    for name, (right, total) in sorted(result.per_label.items(), key=lambda item: (item[1][0] / item[1][1], item[0])):
        show(f"{printable(name):<{width}}{right:>7}{total:>6}{right / total:>8.3f}")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `evaluate` takes."""
    parser.add_argument("bundle", metavar="BUNDLE", help="the folder of a bundle")
    parser.add_argument(
        "--data",
        required=True,
        help="pocket, clinc150, snips2017, or your .csv, .tsv or .jsonl file, with slots or without",
    )
    parser.add_argument(
        "--split",
        help="train, validation, test, all three as `all`, or one more of the data (default: test, and all of a file "
        "that has no column split)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")


COMMAND = Command(
    name="evaluate",
    run=evaluate,
    help="measure a bundle on data: accuracy with its 95 % interval, per label; calls and slots",
    examples="edgelab evaluate data/bundles/pocket --data pocket\n"
    "edgelab evaluate data/bundles/pocket --data pocket --split hard\n"
    "edgelab evaluate my_bundle --data my_data.csv --split all --json",
    more="""
A file has the columns text, label and, if you like, split. Its slots, if it has any, are compared where the bundle tags
some: a .csv or .tsv file has a column marked in place of text, a .jsonl file this or offsets (code points; the end is
not included):
  wake me at [6:15](time)
  {"text": "wake me at 6:15", "label": "set_alarm", "slots": [{"start": 11, "end": 15, "name": "time"}]}
`edgelab build --help` and book/your_data.md have the rules.

A call is right where the label and every slot with its value are; a label without slots is a whole call. On data
without slots the call is the label, so it has no line of its own, and is null in JSON.""",
    arguments=arguments,
)
