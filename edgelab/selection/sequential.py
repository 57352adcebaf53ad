"""When to stop a rollout: rules that look at the same evidence again and again, and what a look costs.

A rule is given, after every look, the difference so far between the new release and the old one, in whatever harm the
telemetry counts, and its standard error: both arrays [looks], the latest last. It says whether to stop. A test at 5 %
that is repeated at every look stops more than 5 % of good releases. The honest rules here stop at most so many:
`split_rule` and `spending_rule` over a planned number of looks, `evidence_rule` over any.
"""

from collections.abc import Callable
from statistics import NormalDist

import numpy as np

Rule = Callable[[np.ndarray, np.ndarray], bool]


def naive_rule(alpha: float = 0.05) -> Rule:
    """One-sided z-test of the difference so far at level `alpha`, anew at each look: what must not be done."""
    bound = NormalDist().inv_cdf(1 - alpha)
    # Multiplied, not divided: before anything was counted both are 0, which is no reason to stop.
    return lambda difference, standard_error: bool(difference[-1] > bound * standard_error[-1])


def split_rule(looks: int, alpha: float = 0.05) -> Rule:
    """The same test at level `alpha / looks`: the simplest way to spend alpha, over at most `looks` looks.

    The rule itself raises a ValueError when it is asked more often than planned.
    """
    test = naive_rule(alpha / looks)

    def rule(difference: np.ndarray, standard_error: np.ndarray) -> bool:
        _refuse_more(len(difference), looks)
        return test(difference, standard_error)

    return rule


def spending_bounds(information: np.ndarray, alpha: float = 0.05, *, paths: int = 200_000) -> np.ndarray:
    """By how many standard errors the difference so far must exceed 0 at each look, [looks], so that in all a share alpha
    of good releases is stopped: as much of it is spent at each look as at any other (Lan and DeMets 1983).

    What `split_rule` leaves on the table is that who crosses at one look has often crossed at an earlier one. Here that
    is counted, in simulated paths of a good release.

    Args:
        information: gathered up to each look, [looks], rising, in any unit; such as `rollout.information`.

    Raises:
        ValueError: information that does not rise, or an alpha of which hardly a path would be left for a look.
    """
    information = np.asarray(information, float)
    gained = np.diff(information, prepend=0.0)
    if len(gained) == 0 or not (gained > 0).all():
        raise ValueError(f"expected information that rises from look to look, found {information}")
    spent, bounds = alpha * paths / len(gained), np.empty(len(gained))
    if not 50 <= spent < paths:
        raise ValueError(f"alpha: expected at least {50 * len(gained) / paths:g} for so many looks, found {alpha}")
    generator = np.random.default_rng(0)
    walks = np.zeros(paths)  # those that no look has stopped so far
    for look, gain in enumerate(gained):
        walks = walks + np.sqrt(gain) * generator.standard_normal(len(walks))
        stop = round(spent * (look + 1)) - (paths - len(walks))
        bound = np.partition(walks, -stop)[-stop]
        bounds[look] = bound / np.sqrt(information[look])
        walks = walks[walks < bound]
    return bounds


def spending_rule(information: np.ndarray, alpha: float = 0.05) -> Rule:
    """Stop where the difference exceeds `spending_bounds`.

    The rule itself raises a ValueError when it is asked more often than planned.
    """
    bounds = spending_bounds(information, alpha)

    def rule(difference: np.ndarray, standard_error: np.ndarray) -> bool:
        _refuse_more(len(difference), len(bounds))
        return bool(difference[-1] > bounds[len(difference) - 1] * standard_error[-1])

    return rule


def evidence(difference: np.ndarray, standard_error: np.ndarray, harm: float) -> np.ndarray:
    """The e-value after each look, [looks]: how many times likelier what was seen is if the new release is worse, by about
    `harm`, than if both are alike.

    It is the likelihood ratio averaged over harms from half a normal distribution of that scale (Robbins 1970; Howard et
    al. 2021, arXiv 1810.08240). Where the new release is not worse, the chance that it *ever* reaches 1 / alpha is at
    most alpha (Ville's inequality), as far as the estimates are normal.

    Args:
        difference: new less old after each look, [looks].
        standard_error: of the difference, [looks].
        harm: the size of a harm worth noticing, in the difference's unit; a wrong guess costs power, not the promise.

    Raises:
        ValueError: a harm that is none.
    """
    if not harm > 0:
        raise ValueError(f"expected a harm above 0, found {harm}")
    difference, variance = np.asarray(difference, float), np.asarray(standard_error, float) ** 2
    # Of the difference d with variance v: the mean over harms h of exp(d h / v - h^2 / 2 v).
    shrunk = harm**2 / (harm**2 + variance)  # in (0, 1): how much of the difference is believed
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(variance > 0, difference / np.sqrt(variance), 0.0)  # no spread: nothing was counted yet
        log_ratio = np.log(2) + np.log(variance / (harm**2 + variance)) / 2 + z**2 * shrunk / 2
    above = np.array([NormalDist().cdf(value) for value in z * np.sqrt(shrunk)])
    return np.where(variance > 0, np.exp(np.minimum(log_ratio, 700.0)) * above, 1.0)


def evidence_rule(harm: float, alpha: float = 0.05) -> Rule:
    """Stop as soon as `evidence` reaches 1 / alpha: valid for any number of looks, planned or not."""
    return lambda difference, standard_error: bool(evidence(difference[-1:], standard_error[-1:], harm)[0] >= 1 / alpha)


def _refuse_more(looks: int, planned: int) -> None:
    if looks > planned:
        raise ValueError(f"expected at most {planned} looks, found {looks}: alpha is spent")
