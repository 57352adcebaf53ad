"""Cases and mistakes of the exercises on like and like: `like_with_like` and `compare`."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from edgelab.course.exercises import Checks, Mistake
from edgelab.tiers.alike import CHOSEN, FACTORS, Comparison, compare, like_with_like

# --- like_with_like --------------------------------------------------------------------------------


_FACTORS = ("model", "precision", "runtime", "device")
_VALUES = {
    "model": ["bert", "vit", "yolo"],
    "precision": ["float", "w8a8", "w8a16"],
    "runtime": ["onnx", "tflite"],
    "device": ["S24", "S25"],
}


def _rows(rng: np.random.Generator, number: int) -> pd.DataFrame:
    """A table of `number` rows, each combination of the factors at most once, and a column that is no factor."""
    everything = pd.MultiIndex.from_product([_VALUES[name] for name in _FACTORS], names=_FACTORS).to_frame(index=False)
    table = everything.iloc[rng.permutation(len(everything))[:number]].reset_index(drop=True)
    return table.assign(latency_ms=rng.lognormal(2, 1, number).round(3), layers=rng.integers(9, 99, number))


def _tables(rng: np.random.Generator) -> Iterator[dict]:
    for number, varying in ((36, "precision"), (24, "device"), (30, "runtime"), (20, "precision")):
        base = str(rng.choice(_VALUES[varying]))
        yield {"rows": _rows(rng, number), "varying": varying, "base": base, "factors": _FACTORS}
    lonely = _rows(rng, 12)
    lonely = lonely[lonely["device"] == "S24"]
    yield {"rows": lonely, "varying": "device", "base": "S25", "factors": _FACTORS}  # nothing is alike
    yield {"rows": _rows(rng, 30), "varying": "precision", "base": "float", "factors": _FACTORS[:3]}


def _pairs(
    rows: pd.DataFrame,
    varying: str,
    base: str,
    factors: tuple[str, ...],
    *,
    ignored: int = 0,
    itself: bool = False,
    both: bool = False,
    measure: str = "latency_ms",
) -> pd.DataFrame:
    """The pairs with something forgotten: the last factor, that the two differ, the base."""
    same = [name for name in factors if name != varying]
    agree = same[: len(same) - ignored]
    kept = rows[[*factors, measure]]
    left = kept if both else kept[kept[varying] == base]
    pairs = left.merge(kept, on=agree, suffixes=("_a", "_b")).rename(columns={f"{name}_a": name for name in same})
    pairs = pairs if itself else pairs[pairs[f"{varying}_a"] != pairs[f"{varying}_b"]]
    columns = [*same, f"{varying}_a", f"{varying}_b", f"{measure}_a", f"{measure}_b"]
    return pairs[columns].assign(ratio=pairs[f"{measure}_b"] / pairs[f"{measure}_a"])


def _changed(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[..., pd.DataFrame]:
    """The right pairs with a column changed."""
    return lambda rows, varying, base, factors: change(like_with_like(rows, varying, base=base, factors=factors))


# --- compare ---------------------------------------------------------------------------------------


def _questions(rng: np.random.Generator) -> Iterator[tuple]:
    for number, varying in ((36, "precision"), (30, "device"), (24, "runtime")):
        rows = _rows(rng, number)
        rows = rows.assign(component=rows["model"], units=rng.choice(["NPU", "NPU", "CPU"], number))
        rows["qairt"] = rng.choice(["2.42", "2.42", "2.37"], number)
        a, b = rng.permutation(_VALUES[varying])[:2].tolist()
        yield rows, varying, a, b
    yield rows[rows["runtime"] != "onnx"].assign(qairt="2.42"), "device", "S24", "S25"
    yield rows.assign(units=["NPU", "CPU"] * (len(rows) // 2)), "runtime", "onnx", "tflite"
    parts = _rows(rng, 36).assign(units="NPU", qairt="2.42")  # models of two components
    yield parts.assign(component=parts["model"] + rng.choice([" encoder", " decoder"], 36)), "device", "S24", "S25"


def _read(change: Callable[[Comparison], dict[str, Any]]) -> Callable[..., Comparison]:
    """The right comparison with some of its numbers changed."""

    def answer(rows: pd.DataFrame, varying: str, a: str, b: str) -> Comparison:
        right = compare(rows, varying, a, b)
        return replace(right, **change(right))

    return answer


def _careless(how: str) -> Callable[..., Comparison]:
    def answer(rows: pd.DataFrame, varying: str, a: str, b: str) -> Comparison:
        two = rows.groupby(varying)["latency_ms"].agg(how)
        return replace(compare(rows, varying, a, b), careless=float(two[b] / two[a]))

    return answer


def _spread(
    rows: pd.DataFrame, varying: str, a: str, b: str, factors: tuple[str, ...], ends: tuple[float, float] = (0.1, 0.9)
) -> Comparison:
    two = rows[rows[varying].isin([a, b])]
    low, high = like_with_like(two, varying, base=a, factors=factors)["ratio"].quantile(list(ends))
    return replace(compare(rows, varying, a, b), low=float(low), high=float(high))


def register(check: Checks) -> None:
    """Add the exercises to a notebook's registry."""
    check.function(
        like_with_like,
        cases=_tables,
        nudge="Join the rows of the base with all rows on the other factors; then drop what does not differ.",
        mistakes=(
            Mistake(
                "one factor forgotten",
                lambda rows, varying, base, factors: _pairs(rows, varying, base, factors, ignored=1),
                "the two rows of a pair must agree in every factor but the varying one: join on all of them.",
            ),
            Mistake(
                "only the first factor",
                lambda rows, varying, base, factors: _pairs(rows, varying, base, factors, ignored=len(factors) - 2),
                "the same model is not enough: runtime and device make a latency, too.",
            ),
            Mistake(
                "paired with itself",
                lambda rows, varying, base, factors: _pairs(rows, varying, base, factors, itself=True),
                "a row is also like itself: keep the pairs whose two values of the varying factor differ.",
            ),
            Mistake(
                "the base ignored",
                lambda rows, varying, base, factors: _pairs(rows, varying, base, factors, both=True),
                "on side a stands the base, and nothing else: choose those rows before you join.",
            ),
            Mistake(
                "upside down",
                _changed(lambda pairs: pairs.assign(ratio=1 / pairs["ratio"])),
                "the ratio says how many times the base's latency b takes: b over a.",
            ),
            Mistake(
                "a difference",
                _changed(lambda pairs: pairs.assign(ratio=pairs["latency_ms_b"] - pairs["latency_ms_a"])),
                "milliseconds of different models cannot be put together: a ratio can.",
            ),
            Mistake(
                "no ratio",
                _changed(lambda pairs: pairs.drop(columns="ratio")),
                "the pairs are right: add the column ratio.",
            ),
            Mistake(
                "every column joined",
                lambda rows, varying, base, factors: rows[rows[varying] == base].merge(
                    rows, on=[name for name in factors if name != varying], suffixes=("_a", "_b")
                ),
                "take the columns of the factors and latency_ms before you join: the others come twice.",
            ),
        ),
    )
    check.function(
        compare,
        cases=_questions,
        nudge="careless needs no pairs; joined and careful are medians of the ratio of like_with_like, by CHOSEN and by FACTORS.",
        mistakes=(
            Mistake(
                "means",
                _careless("mean"),
                "a mean is the slowest models' number: take the median of all rows of each side.",
            ),
            Mistake(
                "the careless one by pairs",
                _read(lambda c: {"careless": c.joined}),
                "the careless reader joins nothing: the median of all rows of b over that of all rows of a.",
            ),
            Mistake(
                "joined and careful swapped",
                _read(
                    lambda c: {
                        "joined": c.careful,
                        "careful": c.joined,
                        "pairs_joined": c.pairs_careful,
                        "pairs_careful": c.pairs_joined,
                    }
                ),
                "careful pairs agree in all FACTORS, joined ones in what is CHOSEN alone.",
            ),
            Mistake(
                "the other way round",
                lambda rows, varying, a, b: compare(rows, varying, b, a),
                "b over a: a is the base.",
            ),
            Mistake(
                "the careless one upside down",
                _read(lambda c: {"careless": 1 / c.careless}),
                "careless is b over a as well.",
            ),
            Mistake(
                "the spread of the joined pairs",
                lambda rows, varying, a, b: _spread(rows, varying, a, b, CHOSEN),
                "low and high are p10 and p90 of the careful ratios.",
            ),
            Mistake(
                "whatever component",
                lambda rows, varying, a, b: compare(rows.assign(component="all"), varying, a, b),
                "a model's components are files of their own: component is one of CHOSEN and of FACTORS, too.",
            ),
            Mistake(
                "the extremes",
                lambda rows, varying, a, b: _spread(rows, varying, a, b, FACTORS, (0.0, 1.0)),
                "low is p10 and high is p90, not the smallest and the largest.",
            ),
            Mistake(
                "low and high swapped",
                _read(lambda c: {"low": c.high, "high": c.low}),
                "low is the smaller end, p10.",
            ),
        ),
    )
