"""After an update of the base: what was calibrated for it, or learned on it, means nothing on the next one.

Thresholds and adapters carry the fingerprint of the model that they belong to and are refused on another
(`routing.policy`, `personalization.adapters`). This file says what each way on costs: in labelled examples, in seconds,
and in errors. It takes arrays; the rooms above make them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from edgelab.stats.intervals import Interval

Calibrate = Callable[[np.ndarray, np.ndarray], float]  # scores and whether wrong, both [examples], to a threshold


@dataclass(frozen=True)
class Way:
    """A way on after an update and what it costs: `labelled` examples that somebody must label (or teach anew),
    `seconds`, the `wrong` among all requests (kept on the device and wrong, or a command lost), with its interval, and the share of
    requests `kept` on the device."""

    name: str
    labelled: int
    seconds: float
    wrong: Interval
    kept: float


def matched_threshold(old_score: np.ndarray, new_score: np.ndarray, threshold: float) -> float:
    """The threshold at which the new model keeps as many of the same requests as the old one did: needs no label, and
    promises nothing of errors. Scores are [requests] of each model."""
    raise NotImplementedError


def threshold_ways(
    old_threshold: float,
    calibration: tuple[np.ndarray, np.ndarray, np.ndarray],
    held_out: tuple[np.ndarray, np.ndarray],
    calibrate: Calibrate,
    *,
    labelled: Sequence[int] = (50, 100, 200, 500),
    draws: int = 50,
    seed: int = 0,
) -> list[Way]:
    """Every way on with a threshold: the old one kept by force; all requests sent to the cloud; as many kept as before
    (`matched_threshold`); recalibrated on so many labelled examples, drawn anew `draws` times (the errors' interval then
    spans draws, too).

    Args:
        old_threshold: as calibrated for the old model.
        calibration: of the examples that may be labelled: the old model's score, the new one's, and whether the new one's answer is
            wrong, each [examples].
        held_out: the new model's score and whether it is wrong, each [requests]: what the ways are judged by.
        calibrate: such as `routing.conformal_threshold` at a fixed alpha.
    """
    raise NotImplementedError


def adapter_way(
    name: str, own_right: np.ndarray, base_right: np.ndarray, own_share: float, *, taught: int, seconds: float
) -> Way:
    """What a way on with one person's adapter costs: forced onto the new base, dropped, or learned anew.

    Args:
        own_right: whether each request in the person's own words is answered right, bool [own requests].
        base_right: the same of requests that everybody makes, bool [requests]: a forced adapter may spoil those too.
        own_share: share of the person's requests that are in their own words.
        taught: phrases that the person must teach again; 0 where the device has kept them.
        seconds: measured, of learning on the device.
    """
    raise NotImplementedError
