"""The command predict: texts answered with a bundle."""

import argparse
import sys
from collections.abc import Iterator

from edgelab.commands.arguments import text
from edgelab.commands.command import Command
from edgelab.commands.output import print_json
from edgelab.errors import UserError


def predict(args: argparse.Namespace) -> int:
    """A line of JSON for each text.

    Raises:
        UserError: there is nothing to answer.
    """
    from edgelab.bundle.predict import Bundle

    if not args.texts and (sys.stdin is None or sys.stdin.isatty()):
        raise UserError(
            "nothing to answer: give a TEXT in quotes, or `-` to read lines from standard input; "
            "see `edgelab predict --help`"
        )
    bundle = Bundle.load(args.bundle)
    for given in standard_input() if args.texts in ([], ["-"]) else args.texts:
        answer = bundle.predict(given)
        fields = ("text", "label", "slots", "confidence", "latency_ms")
        line = {name: getattr(answer, name) for name in fields} | {"cut": bool(bundle.overflow(given))}
        print_json(line, indent=None)
    return 0


def standard_input() -> Iterator[str]:
    """The lines of standard input that hold something.

    Raises:
        UserError: it cannot be read, or a line is not UTF-8.
    """
    if sys.stdin is None:
        raise UserError("standard input is closed")
    try:
        for number, line in enumerate(sys.stdin.buffer, 1):
            try:
                given = line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise UserError(
                    f"standard input, line {number}: expected UTF-8, found byte 0x{line[error.start]:02x}"
                ) from None
            if number == 1:
                given = given.removeprefix("\ufeff")
            if given.strip():
                yield given.strip()
    except OSError as error:  # it is open for writing alone, say
        raise UserError(f"standard input: cannot be read: {error.strerror}") from None


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `predict` takes."""
    parser.add_argument("bundle", metavar="BUNDLE", help="the folder of a bundle")
    parser.add_argument(
        "texts",
        nargs="*",
        metavar="TEXT",
        type=text,
        help="a text, in quotes; `-` reads one a line, skipping blank lines",
    )


COMMAND = Command(
    name="predict",
    run=predict,
    help="answer texts with a bundle, a line of JSON each",
    examples='edgelab predict data/bundles/pocket "wake me at seven tomorrow"\n'
    "edgelab predict data/bundles/pocket - < requests.txt",
    more="""
In each line: the label with its confidence (a probability), the slots, the milliseconds from text to answer, and whether
the text was cut, because it is longer than the model reads.""",
    arguments=arguments,
)
