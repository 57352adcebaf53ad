"""Down the price ladder: from which tier on a model meets a limit, and in which precisions it is published there at all."""

from typing import TYPE_CHECKING

from edgelab.tiers.figures import TIERS

if TYPE_CHECKING:
    import pandas as pd


def price_ladder(
    rows: "pd.DataFrame", limit: float, *, measure: str = "latency_ms", cpu_share: float | None = 0.0
) -> "pd.DataFrame":
    """A row for each precision and each tier of phones, the cheapest first: precision, tier, published (rows), accelerated
    (of these, with at most `cpu_share` of their layers on the CPU), best (the least of `measure` among them, NaN where there
    is none), runtime and device of it, meets.

    Args:
        rows: of one model, and one component of it.
        limit: the most that is allowed, in the unit of `measure`.
        measure: a column in which less is better: `latency_ms`, or `per_token_ms` of language models.
        cpu_share: the most layers that may run on the CPU; None does not ask, since of language models nothing is published.

    Raises:
        ValueError: rows of several models or components, whose best would be that of the smallest.
    """
    import pandas as pd

    if len(rows[["model", "component"]].drop_duplicates()) > 1:
        raise ValueError(f"expected rows of one model and component, found {', '.join(rows['component'].unique())}")
    found = []
    for precision in sorted(rows["precision"].unique()):
        for tier in TIERS:
            published = rows[(rows["precision"] == precision) & (rows["tier"] == tier)]
            taken = published if cpu_share is None else published[published["cpu_share"] <= cpu_share]
            best = taken.nsmallest(1, measure)
            value, runtime, device = next(
                best[[measure, "runtime", "device"]].itertuples(index=False), (float("nan"), "", "")
            )
            found.append((precision, tier, len(published), len(taken), value, runtime, device, bool(value <= limit)))
    columns = ["precision", "tier", "published", "accelerated", "best", "runtime", "device", "meets"]
    return pd.DataFrame(found, columns=columns)


def first_tier(ladder: "pd.DataFrame", precision: str | None = None) -> str | None:
    """The cheapest tier in which the limit is met: in this precision, or in any. None where no tier meets it."""
    rows = ladder if precision is None else ladder[ladder["precision"] == precision]
    met = set(rows.loc[rows["meets"].astype(bool), "tier"])
    return next((tier for tier in TIERS if tier in met), None)


def reach(rows: "pd.DataFrame") -> "pd.DataFrame":
    """How many models are published on each tier, by precision: index precision, columns `TIERS`."""
    counts = rows.groupby(["precision", "tier"])["model"].nunique().unstack(fill_value=0)
    return counts.reindex(columns=list(TIERS), fill_value=0)
