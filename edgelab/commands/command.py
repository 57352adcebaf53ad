"""What a command is: its name, what its help teaches, its arguments and the function that runs."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass


def no_arguments(parser: argparse.ArgumentParser) -> None:
    """For a command that takes none."""


@dataclass(frozen=True)
class Command:
    """`help` is the line in the list of commands, `more` what its own help says besides; `run` returns the exit code."""

    name: str
    run: Callable[[argparse.Namespace], int]
    help: str
    examples: str
    more: str = ""
    arguments: Callable[[argparse.ArgumentParser], None] = no_arguments
