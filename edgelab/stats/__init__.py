"""Numbers one may quote: intervals, bootstrap, raw samples, divergence. NumPy only.

Two functions are called as their files are, and are imported from these: `stats.bootstrap.bootstrap`,
`stats.softmax.softmax`.
"""

from edgelab.stats.binomial import binomial_bounds, binomial_cumulative
from edgelab.stats.bootstrap import paired_difference, paired_ratio
from edgelab.stats.intervals import (
    Z95,
    Interval,
    accuracy_interval,
    early_stopping_estimate,
    percentile_interval,
    retention_interval,
)
from edgelab.stats.samples import LatencySamples
from edgelab.stats.softmax import kl_divergence, log_softmax

__all__ = [
    "Interval",
    "LatencySamples",
    "Z95",
    "accuracy_interval",
    "binomial_bounds",
    "binomial_cumulative",
    "early_stopping_estimate",
    "kl_divergence",
    "log_softmax",
    "paired_difference",
    "paired_ratio",
    "percentile_interval",
    "retention_interval",
]
