"""What stands on the command line, read and checked: for `type=` of an argument."""

import argparse
from collections.abc import Callable
from math import inf


def number(kind: type, description: str, fits: Callable[[float], bool]) -> Callable[[str], float]:
    """A number of that kind that fits."""

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not fits(value):
            raise argparse.ArgumentTypeError(f"expected {description}, found {text[:40]!r}")
        return value

    return parse


def whole(first: int, last: int) -> Callable[[str], float]:
    """A whole number from one to another."""
    return number(int, f"a whole number from {first} to {last}", lambda x: first <= x <= last)


POSITIVE = number(float, "a number above 0", lambda x: 0 < x < inf)
AT_LEAST_0 = number(float, "a number, at least 0", lambda x: 0 <= x < inf)
SHARE = number(float, "a share from 0 to 1", lambda x: 0 <= x <= 1)
SHARE_TO_KEEP = number(float, "a share above 0, at most 1", lambda x: 0 < x <= 1)
SEED = whole(0, 2**63 - 1)  # as torch and NumPy take it
PORT = number(int, "a port from 0 (any free one) to 65535", lambda x: 0 <= x <= 65535)


def text(given: str) -> str:
    """A text to answer.

    Raises:
        ArgumentTypeError: it is empty, or was not UTF-8: Python hands such bytes over as halves of characters, which no
            tokenizer takes.
    """
    try:
        given.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(f"expected UTF-8, found {given!r}") from None
    if not given.strip():
        raise argparse.ArgumentTypeError(f"expected a text, found {given!r}")
    return given
