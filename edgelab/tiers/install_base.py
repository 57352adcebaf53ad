"""Device-tier coverage: which part of an install base a model reaches, and what it lacks elsewhere.

Rows are those of the public table (`ai_hub.table`), with an `accuracy` where one is asked: a model's latency on a device, the
peak of its memory, and the share of its layers on the CPU.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from edgelab.tiers.alike import differences
from edgelab.tiers.figures import TIERS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Needs:
    """What a row must keep to be shipped: at most so many ms, so many MB (upper end of the peak), at least this accuracy, at
    most this share of layers on the CPU (0.1 is a tenth). None asks for nothing."""

    latency_ms: float | None = None
    memory_mb: float | None = None
    accuracy: float | None = None
    cpu_share: float | None = None


def one_by_one(needs: Needs) -> dict[str, Needs]:
    """Each of the needs alone, by its name, the others met by any number; and all of them at once."""
    anything = Needs(latency_ms=math.inf, memory_mb=math.inf, accuracy=-math.inf, cpu_share=1.0)
    alone = {name: replace(anything, **{name: limit}) for name, limit in vars(needs).items()}
    return {**alone, "all at once": needs}


@dataclass(frozen=True)
class _Limit:
    """One of the needs: a column, the limit on it (the least allowed, or the most), and how a failure is told."""

    column: str
    limit: float | None
    form: str
    least: bool = False

    def met(self, rows: "pd.DataFrame") -> Any:
        """Of each row; a NaN is neither above nor below."""
        if self.limit is None:
            return True
        if self.column not in rows:
            return False
        return rows[self.column] >= self.limit if self.least else rows[self.column] <= self.limit

    def failure(self, row: Mapping[str, Any]) -> str:
        value = row.get(self.column, float("nan"))
        if value != value:
            return f"{self.column} not published"
        return self.form.format(value, self.limit)


def _limits(needs: Needs) -> dict[str, _Limit]:
    return {
        "latency": _Limit("latency_ms", needs.latency_ms, "latency {:.4g} > {:.4g} ms"),
        "memory": _Limit("memory_mb", needs.memory_mb, "memory {:.4g} > {:.4g} MB"),
        "accuracy": _Limit("accuracy", needs.accuracy, "accuracy {:.3f} < {:.3f}", least=True),
        "cpu": _Limit("cpu_share", needs.cpu_share, "{:.1%} > {:.1%} of the layers on the CPU"),
    }


def verdicts(rows: "pd.DataFrame", needs: Needs) -> "pd.DataFrame":
    """`rows` with meets_latency, meets_memory, meets_accuracy, meets_cpu, meets (all of them) and why (what fails, by how
    much; empty where all is met). What is not published meets nothing that is asked."""
    limits = _limits(needs)
    found = rows.assign(**{f"meets_{name}": limit.met(rows) for name, limit in limits.items()})
    found["meets"] = found[[f"meets_{name}" for name in limits]].all(axis=1)
    found["why"] = [
        "; ".join(limit.failure(row) for name, limit in limits.items() if not row[f"meets_{name}"])
        for row in found.to_dict("records")
    ]
    return found


def checked_shares(installed: Mapping[str, float]) -> dict[str, float]:
    """The install base, tier -> share.

    Raises:
        ValueError: a tier that is none of `TIERS`, a share that is no number from 0, or a sum other than 1.
    """
    if unknown := set(installed) - set(TIERS):
        raise ValueError(f"expected tiers of {', '.join(TIERS)}; found {', '.join(sorted(map(str, unknown)))}")
    shares = {tier: float(share) for tier, share in installed.items()}
    if not all(share >= 0 for share in shares.values()) or not abs(sum(shares.values()) - 1) <= 1e-6:
        raise ValueError(f"expected shares from 0 that sum to 1, found {dict(installed)}")
    return shares


def by_tier(rows: "pd.DataFrame", needs: Needs, installed: Mapping[str, float]) -> "pd.DataFrame":
    """A row for each tier of the install base: tier, installed (its share), devices (with published rows), reached (of these),
    covered (the share of the whole install base that is reached there), why (what the rows that come closest lack).

    `rows` are what would be shipped: a device is reached if any of its rows meets the needs, and the devices of a tier weigh
    alike. A tier without rows is not reached.

    Raises ValueError where the install base is none, or a model has several components: no single row is its latency.
    """
    import pandas as pd

    best = closest(verdicts(_whole(rows), needs))
    found = []
    for tier, share in checked_shares(installed).items():
        here = best[best["tier"] == tier]
        reached = int(here["meets"].sum())
        covered = share * reached / len(here) if len(here) else 0.0
        lacking = here[~here["meets"]]
        why = [f"{device}: {said}" for device, said in zip(lacking["device"], lacking["why"], strict=True)]
        said = " | ".join(why) if len(here) else "nothing published"
        found.append((tier, share, len(here), reached, covered, said))
    return pd.DataFrame(found, columns=["tier", "installed", "devices", "reached", "covered", "why"])


def closest(judged: "pd.DataFrame") -> "pd.DataFrame":
    """For each device the one of its judged rows (`verdicts`) that meets most of the needs; the fastest of several."""
    met = [column for column in judged if str(column).startswith("meets_")]
    order = judged.assign(met=judged[met].sum(axis=1)).sort_values(
        ["met", "latency_ms"], ascending=[False, True], kind="stable"
    )
    return order.drop(columns="met").groupby("device", sort=False).head(1)


def coverage(rows: "pd.DataFrame", needs: Needs, installed: Mapping[str, float]) -> float:
    """Device-tier coverage: the share of an install base that the shipped rows reach, 0 to 1.

    A device is reached if any of its rows meets all needs. The devices of a tier weigh alike; a tier without rows counts
    nothing. `by_tier` says why. Raises ValueError as it does.
    """
    judged = verdicts(_whole(rows), needs)
    device = judged.groupby(["tier", "device"])["meets"].any()
    tier = device.groupby("tier").mean()
    return float(sum(share * tier.get(name, 0.0) for name, share in checked_shares(installed).items()))


def _whole(rows: "pd.DataFrame") -> "pd.DataFrame":
    if len(rows[["model", "component"]].drop_duplicates()) > rows["model"].nunique():
        raise ValueError("expected models of one component: those of several run one after another")
    return rows


def what_would_help(candidates: "pd.DataFrame", shipped: "pd.DataFrame", needs: Needs) -> "pd.DataFrame":
    """For each device that the shipped rows do not reach: what another published row of the candidates changes there.

    Returns:
        device, tier, lacks (of the shipped row that comes closest), change (`runtime: onnx -> qnn_dlc; ...` to the fastest
        candidate that meets all; empty where none does), latency_ms of it, and still_lacks (of the closest candidate, where
        none does).
    """
    import pandas as pd

    unreached = closest(verdicts(shipped, needs))
    best = closest(verdicts(candidates, needs)).set_index("device", drop=False)
    found = []
    for row in unreached[~unreached["meets"]].to_dict("records"):
        other = best.loc[row["device"]].to_dict() if row["device"] in best.index else None
        helps = other is not None and bool(other["meets"])
        varied = differences(row, other, ("model", "component", "precision", "runtime")) if other and helps else {}
        change = "; ".join(f"{factor}: {a} -> {b}" for factor, (a, b) in varied.items())
        latency = other["latency_ms"] if other and helps else float("nan")
        still = "" if helps else (other["why"] if other else "nothing published")
        found.append((row["device"], row["tier"], row["why"], change, latency, still))
    return pd.DataFrame(found, columns=["device", "tier", "lacks", "change", "latency_ms", "still_lacks"])
