"""Numbers one may quote: intervals, bootstrap, softmax, raw samples. NumPy only."""

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
from edgelab.stats.softmax import kl_divergence, log_softmax, softmax

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
    "softmax",
]
