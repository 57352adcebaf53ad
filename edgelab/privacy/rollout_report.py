"""A rollout's telemetry through local differential privacy: what each phone counted leaves it as a randomized report alone."""

import numpy as np

from edgelab.privacy.aggregation import aggregate
from edgelab.privacy.telemetry import Count, Plan, simulate_reports
from edgelab.selection.rollout import Estimate, Report
from edgelab.stats.intervals import Z95


def private_report(epsilon: float, *, most: int = 5, seed: int = 0) -> Report:
    """A report for `selection.rollout`: each device tells, once, how many answers its user corrected, with geometric noise for
    this epsilon; what is more than `most` counts as `most`. Known is the mean over the devices asked."""
    plan, generator = Plan((Count("corrected", epsilon, most),)), np.random.default_rng(seed)

    def report(counts: np.ndarray) -> Estimate:
        told = simulate_reports(plan, {"corrected": counts}, generator)
        (mean,) = aggregate(plan, told)["corrected"]
        return Estimate(mean.value, (mean.high - mean.low) / (2 * Z95))

    return report
