"""The same answer in another form: a list where an array is meant, a whole float where an index is.

What the text of an exercise calls a pair may come as a tuple, a list or an array. `in_form(answer, model)` gives it the form
that the notebook's later cells count on, and leaves alone what has none in common with it, for the check to refuse.
"""

import dataclasses
import functools
import sys
from collections.abc import Callable, KeysView, Sequence, ValuesView
from typing import Any

import numpy as np

from edgelab.course.compare import kind

VAST = 100_000  # what has more parts stays as it is while it is judged


def in_form(got: Any, model: Any, *, plain: bool = False, most: int = VAST) -> Any:
    """`got` as `model` is: the same values in its kind of container, whole numbers as integers where its own are;
    `plain`, for data: a set will do for a list, too, and NumPy's numbers become Python's. What has more than `most` parts
    stays as it is."""
    try:
        return _in_form(got, model, plain, most)
    except (TypeError, ValueError, OverflowError, RecursionError):  # ragged, of mixed types, too large, holding itself
        return got


def _in_form(got: Any, model: Any, plain: bool, most: int) -> Any:
    got = _unwrapped(got, model, plain, most)
    within = functools.partial(in_form, plain=plain, most=most)
    wanted, given = kind(model), kind(got)
    if given in ("a list", "an array", "a column of a table"):
        if (got.size if given == "an array" else len(got)) > most:
            return got
        if wanted == "an array":
            return _array(got, np.asarray(model))
        if wanted == "a list":
            return _sequence(got, model, within)
    if isinstance(model, set | frozenset) and (given in ("a list", "an array") or isinstance(got, set | frozenset)):
        return got if type(got) is type(model) else type(model)(got)
    if wanted == given == "a number":
        return _number(got, model)
    if wanted == given == "a table":
        return _table(got, model)
    if wanted == given == "a dict":
        alike = list(model.values())[:1] if len({kind(value) for value in model.values()}) == 1 else []
        models = {key: model.get(key, alike[0] if alike else value) for key, value in got.items()}
        formed = {key: within(value, models[key]) for key, value in got.items()}
        return got if all(formed[key] is got[key] for key in got) else formed
    if dataclasses.is_dataclass(model) and not isinstance(got, type) and type(got) is type(model):
        fields = {field.name for field in dataclasses.fields(model) if field.init}
        parts = {name: within(getattr(got, name), getattr(model, name)) for name in fields}
        changed = {name: part for name, part in parts.items() if part is not getattr(got, name)}
        return dataclasses.replace(got, **changed) if changed else got  # type: ignore[type-var]
    return got


def _unwrapped(got: Any, model: Any, plain: bool, most: int) -> Any:
    """What stands in something else: a number in an array without an axis, a list in a range or a dict's view."""
    if isinstance(got, np.ndarray) and got.ndim == 0 and not isinstance(model, np.ndarray):
        got = got[()]
    if isinstance(got, range | KeysView | ValuesView) and len(got) <= most:
        got = list(got)
    if plain and isinstance(got, set | frozenset) and isinstance(model, list):  # in a tuple each has its place
        got = sorted(got)
    return got.item() if plain and isinstance(got, np.generic) else got


def _number(got: Any, model: Any) -> Any:
    if not _is_integer(model) or (_is_integer(got) and not (type(model) is int and isinstance(got, np.integer))):
        return got
    return int(got) if float(got).is_integer() else got


def _is_integer(number: Any) -> bool:
    return np.asarray(number).dtype.kind in "iu"


def _sequence(got: Any, model: list | tuple, within: Callable) -> list | tuple:
    parts = got.tolist() if isinstance(got, np.ndarray) and got.dtype.kind in "iub" else list(got)
    models = model if len(model) == len(parts) else [*model[:1]] * len(parts)
    formed = [within(part, of) for part, of in zip(parts, models, strict=False)] or parts
    if type(got) is type(model) and all(a is b for a, b in zip(formed, parts, strict=True)):
        return got
    return tuple(formed) if isinstance(model, tuple) else formed


def _array(got: Any, model: np.ndarray) -> Any:
    array, numbers = np.asarray(got), model.dtype.kind in "biuf"
    if not isinstance(got, np.ndarray):
        if not array.size and len(got) == 0:
            array = np.empty((0, *model.shape[1:]), model.dtype)
        if array.dtype.kind not in ("biuf" if numbers else "US"):
            return got  # a list of anything
    if array.dtype == model.dtype or array.dtype.kind not in "biuf" or model.dtype.kind not in "iuf":
        return array
    if array.dtype.kind == model.dtype.kind == "f":  # as exact as the learner's
        return array
    with np.errstate(invalid="ignore"):
        cast = array.astype(model.dtype)
    return cast if (cast == array).all() else array  # 255 is no -1, even if they share their bits


def _table(got: Any, model: Any) -> Any:
    """With the model's order of columns, and no index of a name that it does not have: that is ambiguous with a column."""
    names = list(model.columns)
    if list(got.columns) != names and len(got.columns) == len(names) and set(got.columns) == set(names):
        got = got[names]
    return got if list(got.index.names) == list(model.index.names) else got.reset_index(drop=True)


def forming(answer: Callable, models: Sequence[Any]) -> Callable:
    """This function with its results in the form of the first of the models that is of their kind, or can be made so."""

    @functools.wraps(answer)
    def formed(*args: Any, **kwargs: Any) -> Any:
        got = answer(*args, **kwargs)
        for model in models:
            shaped = in_form(got, model, most=sys.maxsize)
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
