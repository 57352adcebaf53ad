"""What the course keeps in the home between notebooks, as JSON: read back whole, or refused in a line, never half believed."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin

from edgelab.bundle.manifest import is_text
from edgelab.errors import UserError

Kept = TypeVar("Kept")
DIGITS = 2**1000  # below it Python makes a float of a whole number


class KeptError(UserError):
    """A file of the home that the course did not write so; the message says which and what to do."""


@contextlib.contextmanager
def reading(file: Path) -> Iterator[None]:
    """What goes wrong inside is told of that file.

    Raises:
        KeptError: it cannot be read, or holds something else.
    """
    try:
        yield
    except OSError as error:
        raise KeptError(f"{file}: cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        raise KeptError(
            f"{file}: expected what the course has kept, found something else: damaged; move it away to begin anew"
        ) from None


def made(kind: type[Kept], values: Mapping[str, Any]) -> Kept:
    """A frozen dataclass of what JSON held.

    Raises:
        ValueError: a field is not of its kind; a `TypeError` where one is missing, or not known.
    """
    found = kind(**values)
    for field in fields(found):  # type: ignore[arg-type]
        if not _fits(getattr(found, field.name), field.type):
            raise ValueError(f"{field.name}: expected {field.type}")
    return found


def _fits(value: object, kind: Any) -> bool:
    """Whether a value of JSON is of that kind: a text, a number (NaN, too), nothing, some of these."""
    if kind is str:
        return is_text(value)
    if kind in (int, float):
        return type(value) is float or (type(value) is int and abs(value) < DIGITS)
    if kind in (None, NoneType):
        return value is None
    within, parts = get_origin(kind), get_args(kind)
    if within is Mapping:
        return isinstance(value, dict) and all(is_text(key) and _fits(entry, parts[1]) for key, entry in value.items())
    if within in (Sequence, tuple):
        return isinstance(value, list | tuple) and all(_fits(entry, parts[0]) for entry in value)
    return any(_fits(value, part) for part in parts)
