"""What `10_selection` writes by hand, small and on arrays; the notebook sets it beside the room's own `certainty`, `decision` and
`shift`, which do the same on whole rows."""

from collections.abc import Sequence

import numpy as np

from edgelab.selection.costs import Prices, Way


def clears_together(outcomes: np.ndarray, bounds: Sequence[float] | np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Whether a model clears all bounds at once in each draw of the plain bootstrap, bool [draws].

    Args:
        outcomes: bool [measures, examples], True where it went well.
        bounds: the least share of each measure, [measures].
        drawn: the examples of each draw, int [draws, examples].
    """
    shares = outcomes[:, drawn].mean(axis=2)  # [measures, draws]
    reached = shares >= np.asarray(bounds)[:, None]
    return reached.all(axis=0)


def smallest_of_each(clears: np.ndarray, sizes: Sequence[int] | np.ndarray) -> np.ndarray:
    """How often each model is the smallest that clears, and last how often none does: shares [models + 1] that sum to 1.

    Args:
        clears: bool [models, draws].
        sizes: [models]; no two are alike.
    """
    models, draws = clears.shape
    shares, open_draws = np.zeros(models + 1), np.ones(draws, dtype=bool)
    for model in np.argsort(sizes):
        shares[model] = (open_draws & clears[model]).mean()
        open_draws &= ~clears[model]
    shares[-1] = open_draws.mean()
    return shares


def winning_bounds(own: float, rivals: Sequence[float], larger_is_better: bool) -> tuple[float, float] | None:
    """Between which two bounds on one measure a model wins: it clears them itself, and no smaller model does. The one end is
    its own value, which is still cleared; the other the best rival's, which must not be. Lower end first; None where no
    bound parts them.

    Args:
        own: the model's value.
        rivals: the values of the smaller models that clear everything else; there may be none.
    """
    best = max if larger_is_better else min
    nobody = -np.inf if larger_is_better else np.inf
    rival = float(best(rivals, default=nobody))
    if best(rival, own) == rival:  # as good as the model, or better
        return None
    return (rival, own) if larger_is_better else (own, rival)


def bills(way: Way, prices: Prices) -> tuple[float, float]:
    """Dollars for a million requests: the cloud's tokens, and the delivery of the bundle and its updates.

    The cloud's prices are for a million tokens and `delivery_gb` for a gigabyte; each device makes `requests_a_device`
    requests a month, and fetches the whole bundle `updates_a_year` times a year.
    """
    tokens = way.escalated * (prices.tokens_in * prices.cloud_in + prices.tokens_out * prices.cloud_out)
    device_years = 1e6 / (12 * prices.requests_a_device)
    gigabytes = device_years * prices.updates_a_year * way.bundle_mb / 1000
    return tokens, gigabytes * prices.delivery_gb


def same_mix(wrong: np.ndarray, requests: np.ndarray) -> np.ndarray:
    """The share of wrong answers of each release, [releases], had each met the same mix of tiers: that of all requests.

    Args:
        wrong: shares, [tiers, releases].
        requests: how many there were, [tiers, releases].
    """
    of_tier = requests.sum(axis=1)
    shares = of_tier / of_tier.sum()
    return np.asarray(shares @ wrong)


def ks_gap(reference: np.ndarray, window: np.ndarray) -> float:
    """The Kolmogorov-Smirnov distance of two samples of scores: the largest gap, over all scores, between the shares of each
    that are at most so high."""
    at = np.concatenate([reference, window])
    below = [np.searchsorted(np.sort(sample), at, side="right") / len(sample) for sample in (reference, window)]
    return float(np.abs(below[0] - below[1]).max())
