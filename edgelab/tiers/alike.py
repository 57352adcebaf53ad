"""Only like is compared with like: pairs of published rows that agree in all factors but one.

Rows are those of the public table (`ai_hub.table`), or of language models with another measure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# What may make one latency differ from another. `units` (that ran layers) follows from the others, yet a pair that differs in
# it compares two processors; `qairt` is the version of the vendor's library.
FACTORS = ("model", "component", "precision", "runtime", "device", "units", "qairt")
CHOSEN = FACTORS[:5]  # what somebody who ships a model chooses


@dataclass(frozen=True)
class Comparison:
    """How many times b is of a, as three readers would say it.

    Attributes:
        careless: the median of all rows of b over that of all rows of a, whatever models they are.
        joined: the median ratio of pairs alike in what one chooses (`CHOSEN`), wherever their layers ran.
        careful: the median ratio of pairs alike in every other factor.
        low: p10 of the careful ratios.
        high: p90 of them.
        pairs_joined: how many pairs were joined.
        pairs_careful: how many of these are alike.

    A ratio for which there is no pair is NaN.
    """

    careless: float
    joined: float
    careful: float
    low: float
    high: float
    pairs_joined: int
    pairs_careful: int


def like_with_like(
    rows: "pd.DataFrame",
    varying: str,
    *,
    base: str | None = None,
    factors: Sequence[str] = FACTORS,
    measure: str = "latency_ms",
) -> "pd.DataFrame":
    """Every two rows that agree in all factors but `varying`, in which they differ.

    Args:
        rows: the table, with a column for each factor.
        varying: one of `factors`.
        base: this value of `varying` stands on side a; without it each pair stands once, in the table's order.
        factors: those that count.
        measure: the column that is compared.

    Returns:
        The other factors, `<varying>_a`, `<measure>_a`, `<varying>_b`, `<measure>_b` and `ratio` (b over a); no row where
        nothing is alike.

    Raises:
        ValueError: `varying` is none of the factors.
    """
    if varying not in factors:
        raise ValueError(f"expected a factor of {', '.join(factors)}, found {varying!r}")
    same = [factor for factor in factors if factor != varying]
    kept = rows[[*same, varying, measure]].assign(order=range(len(rows)))
    pairs = kept.merge(kept, on=same, suffixes=("_a", "_b"))
    once = pairs["order_a"] < pairs["order_b"] if base is None else pairs[f"{varying}_a"] == base
    pairs = pairs[once & (pairs[f"{varying}_a"] != pairs[f"{varying}_b"])]
    ratio = pairs[f"{measure}_b"] / pairs[f"{measure}_a"]
    return pairs.drop(columns=["order_a", "order_b"]).assign(ratio=ratio).reset_index(drop=True)


def differences(
    a: Mapping[str, Any], b: Mapping[str, Any], factors: Sequence[str] = FACTORS
) -> dict[str, tuple[Any, Any]]:
    """What two rows vary: factor -> (its value in a, in b). A pair isolates a factor if it stands here alone."""
    return {factor: (a[factor], b[factor]) for factor in factors if a[factor] != b[factor]}


def compare(rows: "pd.DataFrame", varying: str, a: str, b: str, *, measure: str = "latency_ms") -> Comparison:
    """The careless ratio of b over a beside the careful one; `varying` is one of `CHOSEN`."""
    two = rows[rows[varying].isin([a, b])]
    medians = two.groupby(varying)[measure].median().reindex([a, b])
    joined = like_with_like(two, varying, base=a, factors=CHOSEN, measure=measure)["ratio"]
    alike = like_with_like(two, varying, base=a, measure=measure)["ratio"]
    low, middle, high = alike.quantile([0.1, 0.5, 0.9])
    careless = float(medians[b] / medians[a])
    return Comparison(careless, float(joined.median()), middle, low, high, len(joined), len(alike))
