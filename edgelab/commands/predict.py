"""The command predict: texts answered with a bundle."""

import argparse
import sys
from collections.abc import Iterator
from io import BufferedReader
from typing import cast

from edgelab.commands.arguments import text
from edgelab.commands.command import Command
from edgelab.commands.output import print_json
from edgelab.errors import UserError

LINES, CHUNK = 128, 65536  # lines answered together at most, bytes read at once
LONGEST = 1_000_000  # bytes of a line: a model reads the first hundred words or so, and a stream may never end one


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
    for given in standard_input() if args.texts in ([], ["-"]) else ([each] for each in args.texts):
        for answer in bundle.predict_many(given) if len(given) > 1 else [bundle.predict(given[0])]:
            fields = ("text", "label", "slots", "confidence", "latency_ms")
            line = {name: getattr(answer, name) for name in fields} | {"cut": bool(bundle.overflow(answer.text))}
            print_json(line, indent=None)
    return 0


def standard_input() -> Iterator[list[str]]:
    """The lines of standard input that hold something: those that are there, at most `LINES` at once.

    Raises:
        UserError: it cannot be read, or a line is too long or not UTF-8; what stands before that is given first.
    """
    number = 0
    for lines in _lines():
        given: list[str] = []
        for line in lines:
            number += 1
            try:
                spoken = _spoken(line, number)
            except UserError:
                if given:
                    yield given
                raise
            if spoken:
                given.append(spoken)
        if given:
            yield given


def _spoken(line: bytes, number: int) -> str:
    """What a line says, trimmed.

    Raises:
        UserError: it is too long, or not UTF-8.
    """
    if len(line) > LONGEST:
        raise UserError(
            f"standard input, line {number}: expected a text a line, found more than {LONGEST:,} bytes in one"
        )
    try:
        return line.decode("utf-8").removeprefix("\ufeff" if number == 1 else "").strip()
    except UnicodeDecodeError as error:
        raise UserError(
            f"standard input, line {number}: expected UTF-8, found byte 0x{line[error.start]:02x}"
        ) from None


def _lines() -> Iterator[list[bytes]]:
    """The lines of standard input as they come. Nothing waits for more than a line: a person, or a program that keeps
    the pipe open, gets the answer at once; of a file, many lines are there. A line that is too long ends it.

    Raises:
        UserError: it cannot be read.
    """
    if sys.stdin is None:
        raise UserError("standard input is closed")
    stream, begun = cast(BufferedReader, sys.stdin.buffer), [b""]
    try:
        while there := stream.read1(CHUNK):
            *whole, rest = there.split(b"\n")
            if whole:
                whole[0] = b"".join([*begun, whole[0]])
                begun = []
            yield from (whole[i : i + LINES] for i in range(0, len(whole), LINES))
            begun.append(rest)
            if sum(map(len, begun)) > LONGEST:
                break
    except OSError as error:  # it is open for writing alone, say
        raise UserError(f"standard input: cannot be read: {error.strerror}") from None
    yield [b"".join(begun)]


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
the text was cut, because it is longer than the model reads. Lines of standard input that are there together are answered
together where the model can do that: the milliseconds are those that each waited.""",
    arguments=arguments,
)
