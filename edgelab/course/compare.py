"""What an answer is, and how it differs from the expected one, in words."""

import dataclasses
import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np


def kind(thing: Any) -> str:
    """What a learner would call it: `a number`, `an array`, `a tensor`, `a list`, ..."""
    if thing is None:
        return "None"
    if isinstance(thing, bool | np.bool_):
        return "True or False"
    if isinstance(thing, int | float | np.number) or (isinstance(thing, np.ndarray) and thing.ndim == 0):
        return "a number"
    if isinstance(thing, np.ndarray):
        return "an array"
    if hasattr(thing, "detach"):
        return "a tensor"
    if hasattr(thing, "iloc"):  # not by type: pandas need not be there
        return "a table" if hasattr(thing, "columns") else "a column of a table"
    if isinstance(thing, list | tuple):
        return "a list"
    if isinstance(thing, str):
        return "text"
    if isinstance(thing, dict):
        return "a dict"
    return "a function" if callable(thing) else f"{type(thing).__name__} (a type of its own)"


def difference(got: Any, expected: Any, rtol: float = 1e-5, atol: float = 1e-7, *, equal_nan: bool = False) -> str:
    """How `got` differs from `expected`; empty when it does not. Lists and tuples are interchangeable; a NaN differs, but
    for a gap in a table. A table's rows and columns may stand in any order, and its index means nothing.

    Raises:
        TypeError: things of this type cannot be compared.
    """
    wanted = kind(expected)
    if kind(got) != wanted:
        why = ": is there a return?" if got is None else ""
        if (wanted, kind(got)) == ("an array", "a list"):  # any that makes an array has become one
            why = " that makes none: its rows are not equally long, or its parts of other types"
        return f"expected {wanted}, got {kind(got)}{why}"
    if wanted in ("a number", "an array", "a tensor", "True or False"):
        return _array_difference(got, expected, rtol, atol, equal_nan)
    if wanted == "a table":
        return _table_difference(got, expected, rtol, atol)
    if wanted in ("None", "text"):
        return "" if got == expected else f"expected {show(expected)}, got {show(got)}"
    if got is expected or isinstance(expected, np.random.Generator):  # drawing from one is no change
        return ""
    if dataclasses.is_dataclass(expected):
        got, expected = vars(got), vars(expected)
    if isinstance(expected, dict | list | tuple):
        return _difference_inside(got, expected, rtol, atol, equal_nan)
    if type(expected).__eq__ is object.__eq__:
        raise TypeError(f"checks cannot compare {type(expected).__name__}")
    return "" if got == expected else "the values differ"


def same(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-7) -> bool:
    """Whether they agree, a NaN with a NaN. What cannot be compared agrees with itself alone."""
    try:
        return a is b or not difference(a, b, rtol, atol, equal_nan=True)
    except TypeError:
        return False


def unchanged(given: Any, original: Any) -> bool:
    """Whether an input is still what it was, to the order of a table's rows, its index and a dict's keys."""
    if kind(given) != kind(original):
        return False
    if hasattr(original, "iloc"):
        return bool(given.equals(original))
    if isinstance(original, np.random.Generator):
        return True
    if dataclasses.is_dataclass(original) and not isinstance(original, type):
        given, original = vars(given), vars(original)
    if isinstance(original, dict):
        return list(given) == list(original) and all(unchanged(given[key], value) for key, value in original.items())
    if isinstance(original, list | tuple):
        alike = type(given) is type(original) and len(given) == len(original)
        return alike and all(map(unchanged, given, original))
    return same(given, original, 0, 0)


def _difference_inside(got: Any, expected: dict | list | tuple, rtol: float, atol: float, equal_nan: bool) -> str:
    """The first difference of two dicts, or of two lists or tuples, with its place."""
    places: Iterable
    if isinstance(expected, dict):
        if got.keys() != expected.keys():
            return f"expected the keys {show(list(expected))}, got {show(list(got))}"
        places = expected
    else:
        if len(got) != len(expected):
            return f"expected a list of {len(expected)}, got one of {len(got)}"
        places = range(len(expected))
    for place in places:
        if found := difference(got[place], expected[place], rtol, atol, equal_nan=equal_nan):
            return f"at {show(place)}: {found}"
    return ""


def _table_difference(got: Any, expected: Any, rtol: float, atol: float) -> str:
    names = list(expected.columns)
    if sorted(map(str, got.columns)) != sorted(map(str, names)):
        return f"expected the columns {show(names)}, got {show(list(got.columns))}"
    if len(got) != len(expected):
        return f"expected a table of {len(expected)} rows, got one of {len(got)}"
    plain = (table.reset_index(drop=True) for table in (got, expected))
    got, expected = (table.sort_values(names, key=lambda column: column.astype(str)) for table in plain)
    for name in names:
        mine, theirs = got[name].tolist(), expected[name].tolist()
        if all(kind(value) == "a number" for value in [*mine, *theirs]):
            found = _array_difference(mine, theirs, rtol, atol, equal_nan=True)
        else:
            pairs = zip(mine, theirs, strict=True)
            alike = all(kind(a) == kind(b) and str(a) == str(b) for a, b in pairs)
            found = "" if alike else "the values differ"
        if found:
            return f"in the column {name}: {found}"
    return ""


def _array_difference(got: Any, expected: Any, rtol: float, atol: float, equal_nan: bool) -> str:
    if getattr(expected, "requires_grad", False) and not getattr(got, "requires_grad", False):
        return "it has lost its gradient: no detach(), item() or NumPy on the way"
    got, expected = _numpy(got), _numpy(expected)
    if got.shape != expected.shape:
        return f"expected the shape {expected.shape}, got {got.shape}"
    order = "biuf"  # an index may not come back as a float, nor a mask as an index
    strange = expected.dtype.kind in order and got.dtype.kind not in order  # objects, texts, complex numbers
    if strange or order.find(got.dtype.kind.replace("u", "i")) > order.find(expected.dtype.kind.replace("u", "i")):
        return f"expected values of type {expected.dtype}, got {got.dtype}"
    if expected.dtype.kind not in "iuf":
        return "" if np.array_equal(got, expected) else "the values differ"
    if not equal_nan and np.isnan(got).any():
        return "it contains NaN (not a number)"
    if np.allclose(got, expected, rtol, atol, equal_nan=equal_nan):
        return ""
    if np.isinf(got).any() and not np.isinf(expected).any():
        return "it contains infinity: is there a division by zero, or an exponential too large?"
    gap = np.abs(got.astype(float) - expected.astype(float))
    return f"the values differ by up to {np.max(gap[~np.isnan(gap)], initial=0):.3g}"


def _numpy(thing: Any) -> np.ndarray:
    return thing.detach().cpu().numpy() if hasattr(thing, "detach") else np.asarray(thing)


def show(thing: Any, width: int = 160) -> str:
    """A short ASCII picture of a value: a big array by its shape."""
    if kind(thing) in ("an array", "a tensor", "a number"):
        array = _numpy(thing)
        text = np.array2string(array, precision=5, separator=", ", threshold=24) if array.size <= 24 else ""
        text = " ".join(text.split()) or f"{kind(thing)} of shape {array.shape}"
    elif kind(thing) == "a table":
        text = f"a table of {len(thing)} rows with the columns {', '.join(map(str, thing.columns))}"
    elif isinstance(thing, dict):
        first = itertools.islice(thing.items(), width)  # more would be cut off
        text = "{" + ", ".join(f"{key!r}: {show(value)}" for key, value in first) + "}"
    elif isinstance(thing, list | tuple):
        text = "[" + ", ".join(show(value) for value in itertools.islice(thing, width)) + "]"
    else:
        text = repr(thing)
    return plain(text if len(text) <= width else text[: width - 3] + "...")


def plain(text: str) -> str:
    """In ASCII, what is not in it escaped."""
    return text.encode("ascii", "backslashreplace").decode()
