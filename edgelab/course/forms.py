"""The same answer in another form: a list where an array is meant, a whole float where an index is.

What the text of an exercise calls a pair may come as a tuple, a list or an array. `in_form(answer, model)` gives it the form
that the notebook's later cells count on, and leaves alone what has none in common with it, for the check to refuse.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgelab.course.compare import kind

VAST = 100_000  # what has more parts stays as it is


def in_form(got: Any, model: Any, *, plain: bool = False) -> Any:
    """`got` as `model` is: the same values in its kind of container, whole numbers as integers where its own are;
    `plain`, for data: a set will do for a list, too, and NumPy's numbers become Python's."""
    try:
        return _in_form(got, model, plain)
    except (TypeError, ValueError, OverflowError, RecursionError):  # ragged, of mixed types, too large, holding itself
        return got


def _in_form(got: Any, model: Any, plain: bool) -> Any:
    if plain and isinstance(got, set | frozenset):
        got = sorted(got)
    if plain and isinstance(got, np.generic):
        got = got.item()
    wanted, given = kind(model), kind(got)
    if given in ("a list", "an array", "a column of a table") and len(got) > VAST:
        return got
    if wanted == "a number" and given == "a number":
        return int(got) if _is_integer(model) and not _is_integer(got) and float(got).is_integer() else got
    if wanted == "an array" and given in ("an array", "a list", "a column of a table"):
        return _array(got, np.asarray(model))
    if isinstance(model, set | frozenset) and given in ("a list", "an array"):
        return type(model)(got)
    if wanted == "a list" and given in ("a list", "an array", "a column of a table"):
        return _sequence(got, model, plain)
    if wanted == "a dict" and given == "a dict":
        alike = list(model.values())[:1] if len({kind(value) for value in model.values()}) == 1 else []
        models = {key: model.get(key, alike[0] if alike else value) for key, value in got.items()}
        formed = {key: in_form(value, models[key], plain=plain) for key, value in got.items()}
        return got if all(formed[key] is got[key] for key in got) else formed
    return got


def _is_integer(number: Any) -> bool:
    return np.asarray(number).dtype.kind in "iu"


def _sequence(got: Any, model: list | tuple, plain: bool) -> list | tuple:
    parts = got.tolist() if isinstance(got, np.ndarray) and got.dtype.kind in "iub" else list(got)
    models = model if len(model) == len(parts) else [*model[:1]] * len(parts)
    formed = [in_form(part, of, plain=plain) for part, of in zip(parts, models, strict=False)] or parts
    if type(got) is type(model) and all(a is b for a, b in zip(formed, parts, strict=True)):
        return got
    return tuple(formed) if isinstance(model, tuple) else formed


def _array(got: Any, model: np.ndarray) -> Any:
    array = np.asarray(got)
    if not isinstance(got, np.ndarray):
        numbers = model.dtype.kind in "biuf"
        if not array.size and len(got) == 0:
            array = np.empty(0 if model.size else model.shape, model.dtype)
        if array.dtype.kind not in ("biuf" if numbers else "US"):
            return got  # a list of anything
    if array.dtype.kind == "f" and model.dtype.kind in "iu" and array.size and (array == np.floor(array)).all():
        return array.astype(model.dtype)
    return array


def forming(answer: Callable, models: Sequence[Any]) -> Callable:
    """This function with its results in the form of the first of the models that is of their kind, or can be made so."""

    @functools.wraps(answer)
    def formed(*args: Any, **kwargs: Any) -> Any:
        got = answer(*args, **kwargs)
        for model in models:
            shaped = in_form(got, model)
            if _fits(shaped, model):
                return shaped
        return got

    return formed


def _fits(thing: Any, model: Any) -> bool:
    """Whether they are of one kind, and the parts of a pair one by one."""
    if kind(thing) != kind(model):
        return False
    parts = zip(thing, model, strict=True) if kind(model) == "a list" and len(thing) == len(model) else ()
    return all(_fits(part, of) for part, of in parts)
