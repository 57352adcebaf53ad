"""The `edgelab` command: a table of commands. Each imports what it needs when it runs, so that `predict` never loads a
training library."""

import argparse
import sys
from typing import NoReturn

from edgelab import __version__
from edgelab.commands import (
    bench,
    build,
    cache,
    cloud,
    doctor,
    editions,
    evaluate,
    fleet,
    generate,
    lab,
    predict,
    prepare,
    progress,
    run,
    score,
    sign,
    sweep,
)
from edgelab.commands.command import Command
from edgelab.commands.output import abandon_output, open_streams, refuse, show
from edgelab.commands.signals import Terminated, heeding_termination
from edgelab.errors import NO_WRITING, UserError, disk_is_full

COMMANDS = (
    doctor.COMMAND,
    lab.COMMAND,
    progress.COMMAND,
    editions.COMMAND,
    run.COMMAND,
    build.COMMAND,
    predict.COMMAND,
    evaluate.COMMAND,
    bench.COMMAND,
    sweep.COMMAND,
    score.COMMAND,
    generate.COMMAND,
    cloud.COMMAND,
    fleet.SERVE,
    fleet.REPORT,
    sign.KEYS,
    sign.SIGN,
    sign.VERIFY,
)
GROUPS = {
    "prepare": (
        "what the course needs besides Python: the browser's files, a generator and its texts, models of pictures",
        (prepare.BROWSER, prepare.GENERATOR, prepare.TEXTS, prepare.TUNED, prepare.VISION),
    ),
    "cache": ("what was built on this machine: list it, clear it", (cache.LIST, cache.CLEAR)),
}


def main(argv: list[str] | None = None) -> int:
    """Run one command. Returns the exit code: 2 where the input was wrong or the machine lacks something, told in one
    line; 130 where it was interrupted, 143 where it was terminated.

    Raises:
        ModuleNotFoundError: of a module of this package, which is a fault of ours.
        OSError: of a kind that tells of a fault of ours.
    """
    try:
        open_streams()
        with heeding_termination():
            code = _run(argv)
            show()  # what argparse wrote goes out here, too, or its refusal is told
        return code
    except KeyboardInterrupt as stop:
        return 143 if isinstance(stop, Terminated) else 130
    except BrokenPipeError:  # the reader of our output went away
        abandon_output()
        return 1
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("edgelab"):
            raise
        return refuse(f"this needs {error.name}, which is not installed: run {doctor.INSTALL}")
    except UserError as error:
        _abandon_what_cannot_be_written()
        return refuse(str(error))
    except MemoryError:
        return refuse("there is not enough memory for this input")
    except OSError as error:
        if error.errno not in NO_WRITING and not disk_is_full(error):
            raise
        return refuse(f"{error.filename or 'the disk'}: cannot be written to: {error.strerror or error}")


def _run(argv: list[str] | None) -> int:
    try:
        args = build_parser().parse_args(_joined(sys.argv[1:] if argv is None else argv))
    except SystemExit as told:  # help, the version, or wrong arguments: argparse has said it
        return int(told.code or 0)
    return args.run(args)


def _joined(words: list[str]) -> list[str]:
    """`fleet report` stands beside `fleet BUNDLE`: a command of two words, which argparse gets as one."""
    first_two = " ".join(words[:2])
    return [first_two, *words[2:]] if first_two in {command.name for command in COMMANDS} else words


def _abandon_what_cannot_be_written() -> None:
    if sys.stdout is not None:
        try:
            sys.stdout.flush()
        except OSError:
            abandon_output()


class Parser(argparse.ArgumentParser):
    """Wrong arguments are one line, as all wrong input is."""

    def error(self, message: str) -> NoReturn:
        """Say it and end."""
        sys.exit(refuse(f"{message}; see `{self.prog} --help`"))


def build_parser() -> Parser:
    """The parser of every command."""
    parser = Parser(
        prog="edgelab",
        description="Models small enough for the device: the course's notebooks, and what they build, as a tool.",
        epilog="start here:\n  edgelab doctor\n  edgelab lab",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"edgelab {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        _add(subparsers, command)
    for name, (help, members) in GROUPS.items():
        actions = subparsers.add_parser(name, help=help).add_subparsers(
            title="commands", metavar="COMMAND", required=True
        )
        for command in members:
            _add(actions, command)
    return parser


def _add(subparsers: argparse._SubParsersAction, command: Command) -> None:
    sub = subparsers.add_parser(
        command.name,
        help=command.help.replace("%", "%%"),
        description=f"{command.help[0].upper()}{command.help[1:]}.\n{command.more}",
        epilog="example:\n" + "\n".join(f"  {line}" for line in command.examples.splitlines()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.arguments(sub)
    sub.set_defaults(run=command.run, parser=sub)
