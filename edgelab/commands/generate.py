"""The command generate: a prompt continued by a built generator, token by token."""

import argparse
import json
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from edgelab.commands.arguments import AT_LEAST_0, text, whole
from edgelab.commands.command import Command
from edgelab.commands.output import say, show_part
from edgelab.errors import UserError

if TYPE_CHECKING:
    from edgelab.generation.model import Step

LONGEST = 100_000_000  # bytes of a prompt that are read: it may come from something that never ends


def generate(args: argparse.Namespace) -> int:
    """Write the answer as it comes, and at the end, on standard error, how fast it came; interrupted, too."""
    from edgelab.generation.model import Generator

    prompt = standard_input() if args.prompt in (None, "-") else args.prompt
    schema = read_schema(args.json_schema) if args.json_schema else None
    generator = Generator.open(model_folder(args.model), threads=args.threads)
    tokens = generator.encode(generator.chat(prompt))
    steps: list[Step] = []
    try:
        for step in generator.stream(
            tokens, max_tokens=args.max_tokens, temperature=args.temperature, seed=args.seed, schema=schema
        ):
            steps.append(step)
            show_part(step.text)
    finally:
        if steps:
            show_part("\n")
            say(summary(len(tokens), steps))
    return 0


def summary(prompt_tokens: int, steps: "list[Step]") -> str:
    """How fast the tokens came, and whether the model ended its answer."""
    first, *others = (step.milliseconds for step in steps)
    speed = f"; then {1000 / median(others):.1f} tokens/s (median of {len(others)})" if others else ""
    end = "" if steps[-1].ends else "; not ended by the model"
    return f"{prompt_tokens} tokens read, the first of {len(steps)} after {first:.0f} ms{speed}{end}"


def standard_input() -> str:
    """All of standard input as the prompt.

    Raises:
        UserError: it is a terminal, cannot be read, is no UTF-8, is empty, or too long for any model.
    """
    if sys.stdin is None or sys.stdin.isatty():
        raise UserError("nothing to answer: give a PROMPT in quotes, or pipe one in; see `edgelab generate --help`")
    try:
        read = sys.stdin.buffer.read(LONGEST + 1)
        if len(read) > LONGEST:
            raise UserError(f"standard input: expected a prompt of at most {LONGEST / 1e6:.0f} MB, found more")
        given = read.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise UserError(f"standard input: expected UTF-8, found byte 0x{error.object[error.start]:02x}") from None
    except OSError as error:
        raise UserError(f"standard input: cannot be read: {error.strerror}") from None
    if not given.strip():
        raise UserError("standard input: expected a prompt, found nothing")
    return given


def read_schema(path: Path) -> dict:
    """A JSON schema of a file.

    Raises:
        UserError: it cannot be read, or is no JSON object.
    """
    try:
        schema = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: expected a JSON schema: {error}") from None
    if not isinstance(schema, dict):
        raise UserError(f"{path}: expected a JSON schema as an object, found {json.dumps(schema)[:40]}")
    return schema


def model_folder(named: str) -> Path:
    """The folder of a generator: the one that is named, or the prepared one of that precision.

    Raises:
        UserError: of that precision none is prepared.
    """
    from edgelab.generation.convert import MISSING, PRECISIONS, prepared

    if named not in PRECISIONS or Path(named).exists():
        return Path(named)
    folder = prepared().models.get(named)
    if folder is None:
        raise UserError(f"{named}: no generator is built in this precision: {MISSING}")
    return folder


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `generate` takes."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="fp32, int8, int4 or int4-k, of what `edgelab prepare generator` built; or the folder of a built generator",
    )
    parser.add_argument(
        "prompt",
        nargs="?",
        metavar="PROMPT",
        type=text,
        help="what to answer, in quotes; `-`, or none, reads all of standard input",
    )
    parser.add_argument(
        "--max-tokens", type=whole(1, 1_000_000), default=256, metavar="N", help="how many at most (default 256)"
    )
    parser.add_argument(
        "--temperature",
        type=AT_LEAST_0,
        default=0.0,
        metavar="T",
        help="0 takes the likeliest token each time; above, one of the 50 likeliest is drawn (default 0)",
    )
    parser.add_argument("--seed", type=whole(0, 2**31 - 1), default=0, help="of these draws (default 0)")
    parser.add_argument(
        "--json-schema", type=Path, metavar="FILE", help="answer in JSON that holds to the schema in this file"
    )
    parser.add_argument("--threads", type=whole(1, 256), default=1, help="threads that compute (default 1)")


COMMAND = Command(
    name="generate",
    run=generate,
    help="answer a prompt with a small language model on this machine, token by token",
    examples='edgelab generate int4-k "Summarize in one sentence: the meeting moved from ten to three."\n'
    "edgelab generate int8 - < notes.txt\n"
    'edgelab generate int8 "wake me at half past six" --json-schema call.json --max-tokens 64',
    more="""
The answer goes to standard output as it comes; at the end standard error tells the time to the first token and the
tokens per second after it. A prompt is put as a user's message where the model has a template for conversations, else
it is continued as it stands.

With a schema every token is chosen among those that keep the answer valid. An answer that is cut at --max-tokens is
not whole JSON: bound its strings (maxLength, pattern, enum), or allow more.""",
    arguments=arguments,
)
