"""Answering only when sure: how well a score parts right from wrong, and thresholds with a promise.

Two promises about the *joint* error, the share of all requests that are kept on the device and answered wrongly:

- conformal risk control (Angelopoulos et al. 2022, arXiv 2208.02814): at most alpha *on average* over threshold sets,
  the requests that a threshold is set on. A single set may well give more: about every second one does;
- a Clopper-Pearson bound on each threshold (Bates et al. 2021, arXiv 2101.02703): at most alpha for all but a share
  delta of the threshold sets.

The literature says calibration set; here *calibrated* is said of probabilities alone (`edgelab.routing.calibration`).
Both assume that tomorrow's requests are drawn as those of the threshold set were. Neither speaks of the error *among* kept
requests, which is larger, nor of a subgroup, nor of other traffic.
"""

import numpy as np

from edgelab.stats.binomial import binomial_cumulative


def aurc(score: np.ndarray, wrong: np.ndarray) -> float:
    """The area under the risk-coverage curve: the error among the k surest requests, averaged over k = 1 to all (Geifman,
    Uziel & El-Yaniv 2019, arXiv 1805.08206: the mean, over the thresholds at each request's score, of the error among the
    requests at or above it). Lower is better. Of equal scores they say nothing: here such requests count each as the mean
    of them, as a random order among them would on average."""
    score, wrong = np.asarray(score, dtype=np.float64), np.asarray(wrong, dtype=np.float64)
    _, inverse, counts = np.unique(-score, return_inverse=True, return_counts=True)
    shared = np.bincount(inverse, wrong) / counts
    surest_first = np.repeat(shared, counts)
    return float((np.cumsum(surest_first) / np.arange(1, len(score) + 1)).mean())


def recall(escalated: np.ndarray, due: np.ndarray) -> float:
    """The share of the requests that should be escalated (bool [requests]) which are."""
    due = np.asarray(due, dtype=bool)
    return float(np.asarray(escalated, dtype=bool)[due].mean()) if due.any() else float("nan")


# --- thresholds with a promise ------------------------------------------------------------------


def allowed_on_average(requests: int, alpha: float) -> int:
    """How many requests of the threshold set may be kept and wrong, by conformal risk control: the most errors e with
    (e + 1) / (n + 1) <= alpha. The one added is the next request, taken as wrong. -1: not even none."""
    return int(np.floor(alpha * (requests + 1) + 1e-9)) - 1


def allowed_each_time(requests: int, alpha: float, delta: float = 0.05) -> int:
    """The same by Clopper & Pearson 1934: the most errors whose upper bound at confidence 1 - delta is at most alpha,
    that is, with P(Binomial(n, alpha) <= e) <= delta. -1: not even none."""
    return int(np.searchsorted(binomial_cumulative(requests, alpha), delta * (1 + 1e-12), side="right")) - 1


def threshold_allowing(score: np.ndarray, wrong: np.ndarray, allowed: int) -> float:
    """The lowest threshold at which at most `allowed` of the requests are kept (score >= threshold) and wrong; infinite
    if `allowed` is negative, minus infinity if all may be kept."""
    score, wrong = np.asarray(score, dtype=np.float64), np.asarray(wrong, dtype=bool)
    if allowed < 0:
        return float("inf")
    errors = np.sort(score[wrong])[::-1]  # of the wrong ones, the surest first
    if len(errors) <= allowed:
        return float("-inf")
    above = score[score > errors[allowed]]  # the next error, and all of its score or less, must go
    return float(above.min()) if len(above) else float("inf")


def conformal_threshold(score: np.ndarray, wrong: np.ndarray, alpha: float) -> float:
    """The threshold by conformal risk control: the joint error of the next request is at most alpha on average.

    Args:
        score: of the threshold set, [requests]; higher is more sure.
        wrong: whether the local answer to each is wrong, bool [requests].
    """
    return threshold_allowing(score, wrong, allowed_on_average(len(score), alpha))


def joint_error(score: np.ndarray, wrong: np.ndarray, threshold: float) -> float:
    """The share of requests that are kept at this threshold and wrong."""
    return float((np.asarray(wrong, dtype=bool) & (np.asarray(score) >= threshold)).mean())


def kept_error(score: np.ndarray, wrong: np.ndarray, threshold: float) -> float:
    """The share of wrong ones among the kept: what a user sees; NaN when nothing is kept."""
    kept = np.asarray(score) >= threshold
    return float(np.asarray(wrong, dtype=bool)[kept].mean()) if kept.any() else float("nan")
