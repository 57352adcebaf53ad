"""Raw latencies of one subject, kept whole."""

from dataclasses import dataclass

import numpy as np

from edgelab.stats.intervals import Interval, percentile_interval


@dataclass(frozen=True)
class LatencySamples:
    """Raw latencies of one subject, in the order taken."""

    name: str
    milliseconds: tuple[float, ...]

    def percentile(self, q: float) -> float:
        """The q-th percentile (0-100) in ms, by linear interpolation between order statistics."""
        return float(np.percentile(self.milliseconds, q))

    def interval(self, q: float) -> Interval:
        """The q-th percentile with its 95 % order-statistic interval, as `percentile_interval` finds it."""
        return percentile_interval(self.milliseconds, q)
