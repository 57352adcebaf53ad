"""After an update of the base: what was calibrated for it, or learned on it, means nothing on the next one.

Thresholds and adapters carry the fingerprint of the model that they belong to and are refused on another
(`routing.policy`, `personalization.adapters`). This file says what each way on costs: in labelled examples, in seconds,
and in errors. It takes arrays; the rooms above make them.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from edgelab.stats.intervals import Interval, accuracy_interval

Calibrate = Callable[[np.ndarray, np.ndarray], float]  # scores and whether wrong, both [examples], to a threshold


@dataclass(frozen=True)
class WayOn:
    """A way on after an update and what it costs: the examples that somebody must label or teach anew, seconds of the
    device or the developer's machine, the share of all requests that are answered there and `wrong`, and the share
    `kept` there."""

    name: str
    labelled: int
    seconds: float
    wrong: Interval
    kept: float


def matched_threshold(old_score: np.ndarray, new_score: np.ndarray, threshold: float) -> float:
    """The threshold at which the new model keeps as many of the same requests as the old one does at `threshold`: it
    needs no label, and promises nothing of errors. Infinite where the old one keeps none. Scores are [requests].

    Raises:
        ValueError: not the same requests.
    """
    if np.shape(old_score) != np.shape(new_score) or np.ndim(new_score) != 1:
        raise ValueError(
            f"expected scores of the same requests, found shapes {np.shape(old_score)} and {np.shape(new_score)}"
        )
    kept = int((np.asarray(old_score) >= threshold).sum())
    return float(np.sort(new_score)[len(new_score) - kept]) if kept else float("inf")


def threshold_ways(
    old_threshold: float,
    calibration: tuple[np.ndarray, np.ndarray, np.ndarray],
    held_out: tuple[np.ndarray, np.ndarray],
    calibrate: Calibrate,
    *,
    labelled: Sequence[int] = (50, 100, 200, 500),
    seconds_each: float = 0.0,
    draws: int = 200,
    seed: int = 0,
) -> list[WayOn]:
    """Every way on with a threshold: the old one kept by force; all requests sent to the cloud; as many kept as before
    (`matched_threshold`); recalibrated on so many labelled examples.

    `wrong` has the 95 % interval over held-out requests; that of a recalibration has the 95 % of `draws` of so many
    examples between its ends: what one might have met.

    Args:
        old_threshold: as calibrated for the old model.
        calibration: of the examples that may be labelled: the old model's score, the new one's, and whether the new one's
            answer is wrong, each [examples].
        held_out: the new model's score and whether it is wrong, each [requests]: what the ways are judged by.
        calibrate: such as `routing.conformal_threshold` at a fixed alpha.
        labelled: how many examples; a number above those that there are is left out.
        seconds_each: what the new model takes for one example, measured; the old model's scores are known.

    Raises:
        ValueError: columns of different lengths.
    """
    old_score, new_score, wrong = (np.asarray(column) for column in calibration)
    if not len(old_score) == len(new_score) == len(wrong):
        raise ValueError(f"expected columns of one length, found {len(old_score)}, {len(new_score)} and {len(wrong)}")
    start = time.perf_counter()
    matched = matched_threshold(old_score, new_score, old_threshold)
    seconds = time.perf_counter() - start + seconds_each * len(new_score)
    ways = [
        _kept_at("the old threshold, by force", old_threshold, held_out, 0.0),
        WayOn("all to the cloud", 0, 0.0, Interval(0.0, 0.0, 0.0), 0.0),
        _kept_at("as many kept as before", matched, held_out, seconds),
    ]
    generator = np.random.default_rng(seed)
    for examples in (n for n in labelled if n <= len(wrong)):
        found, start = [], time.perf_counter()
        for _ in range(draws):
            drawn = generator.integers(len(wrong), size=examples)  # with replacement: else all of them are no draw
            found.append(calibrate(new_score[drawn], wrong[drawn]))
        seconds = (time.perf_counter() - start) / draws + seconds_each * examples
        ways.append(_over_draws(examples, found, held_out, seconds))
    return ways


def adapter_way(
    name: str, own_right: np.ndarray, base_right: np.ndarray, own_share: float, *, taught: int, seconds: float
) -> WayOn:
    """What a way on with one person's adapter costs: forced onto the new base, dropped, or learned anew.

    Args:
        own_right: whether each request in the person's own words is answered right, bool [own requests].
        base_right: the same of requests that everybody makes, bool [requests]: a forced adapter may spoil those, too.
        own_share: share of the person's requests that are in their own words.
        taught: phrases that the person must teach again; 0 where the device has kept them.
        seconds: measured, of learning on the device.

    Raises:
        ValueError: no requests of a kind, or a share that is none.
    """
    if not 0 <= own_share <= 1:
        raise ValueError(f"own_share: expected a share from 0 to 1, found {own_share}")
    own = accuracy_interval(~np.asarray(own_right, dtype=bool))
    common = accuracy_interval(~np.asarray(base_right, dtype=bool))
    parts = ((own_share, own), (1 - own_share, common))
    wrong = sum(share * part.value for share, part in parts)
    # The interval of a sum from those of its parts (Zou and Donner 2008).
    below = float(np.sqrt(sum((share * (part.value - part.low)) ** 2 for share, part in parts)))
    above = float(np.sqrt(sum((share * (part.high - part.value)) ** 2 for share, part in parts)))
    return WayOn(name, taught, seconds, Interval(wrong, wrong - below, wrong + above), 1.0)


def _kept_at(name: str, threshold: float, held_out: tuple[np.ndarray, np.ndarray], seconds: float) -> WayOn:
    score, wrong = held_out
    kept = np.asarray(score) >= threshold
    return WayOn(name, 0, seconds, accuracy_interval(kept & np.asarray(wrong, dtype=bool)), float(kept.mean()))


def _over_draws(
    examples: int, thresholds: list[float], held_out: tuple[np.ndarray, np.ndarray], seconds: float
) -> WayOn:
    ways = [_kept_at("", threshold, held_out, 0.0) for threshold in thresholds]
    wrong = np.array([way.wrong.value for way in ways])
    low, high = np.percentile(wrong, (2.5, 97.5))
    interval = Interval(float(wrong.mean()), float(low), float(high))
    return WayOn(f"recalibrated on {examples}", examples, seconds, interval, float(np.mean([way.kept for way in ways])))
