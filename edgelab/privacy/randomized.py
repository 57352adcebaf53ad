"""Randomized response (Warner 1965): every answer can be denied, and the share of yes in a crowd is still known.

A device tells the truth with probability p, else one of the other answers. Whatever it said, either truth makes that
answer at most e^epsilon times likelier than the other does: that is local differential privacy with that epsilon
(Kasiviswanathan et al. 2008; for more than two answers Kairouz, Bonawitz and Ramage 2016). The draws are arguments: what a
device reports then follows from them, and can be checked.

Here are the arithmetic and a simulation on arrays. A real device's report is made by `telemetry.make_report`, with the
mechanisms of OpenDP, whose randomness is meant for it.
"""

import math

import numpy as np

from edgelab.stats.intervals import Interval, accuracy_interval


def truth_probability(epsilon: float, categories: int = 2) -> float:
    """How often a device tells the truth among so many answers, for this epsilon: e^epsilon / (e^epsilon + categories - 1).

    Raises:
        ValueError: no positive, finite epsilon, or fewer than two answers.
    """
    if not 0 < epsilon < math.inf or categories < 2:
        raise ValueError(f"expected a positive epsilon and two answers or more, found {epsilon} and {categories}")
    return 1 / (1 + (categories - 1) * math.exp(-epsilon))


def epsilon_of(probability: float, categories: int = 2) -> float:
    """The epsilon of telling the truth that often: the logarithm of how much likelier an answer is by its own truth than
    by another one.

    Raises:
        ValueError: a probability not above that of guessing, or one of always telling the truth, which hides nothing.
    """
    if categories < 2 or not 1 / categories < probability < 1:
        raise ValueError(f"expected a probability between 1/{categories} and 1, found {probability}")
    return math.log(probability * (categories - 1) / (1 - probability))


def randomized_response(truth: np.ndarray, epsilon: float, draws: np.ndarray) -> np.ndarray:
    """What devices report of a yes or no, bool [devices]: the truth, else the opposite.

    Args:
        truth: bool [devices].
        draws: uniform from 0 to 1, [devices]; below p the truth is told.
    """
    return np.where(draws < truth_probability(epsilon), truth, ~truth)


def randomized_choice(truth: np.ndarray, categories: int, epsilon: float, draws: np.ndarray) -> np.ndarray:
    """What devices report of one answer among several, int [devices]: the truth, else each other answer equally often.

    Args:
        truth: 0 ... categories - 1, int [devices].
        draws: uniform from 0 to 1, [devices]; below p the truth is told, and where above it decides the answer.
    """
    p = truth_probability(epsilon, categories)
    further = 1 + np.floor((draws - p) / (1 - p) * (categories - 1)).astype(int)
    return (truth + np.where(draws < p, 0, np.minimum(further, categories - 1))) % categories


def unbiased_share(reports: np.ndarray, epsilon: float) -> float:
    """The share of yes behind the reports, bool [devices]: right on average, so that of few devices it may lie below 0
    or above 1. It is not cut off there: cut estimates are not right on average.

    Raises:
        ValueError: no reports.
    """
    if len(reports) == 0:
        raise ValueError("expected at least one report, found none")
    p = truth_probability(epsilon)
    return float((np.mean(reports) - (1 - p)) / (2 * p - 1))


def estimate_shares(reports: np.ndarray, categories: int, epsilon: float) -> tuple[Interval, ...]:
    """The share of each answer behind the reports, each with its 95 % interval: that of the population from which the
    devices come, so both the noise and the choice of devices are in it.

    Args:
        reports: 0 ... categories - 1, int or bool [devices], one at least.
    """
    p = truth_probability(epsilon, categories)
    lie = (1 - p) / (categories - 1)

    def unbiased(reported: float) -> float:
        return (reported - lie) / (p - lie)

    reported = [accuracy_interval(np.asarray(reports) == category) for category in range(categories)]
    return tuple(Interval(unbiased(r.value), unbiased(r.low), unbiased(r.high)) for r in reported)
