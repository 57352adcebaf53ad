"""When to stop a rollout: rules that look at the same evidence again and again, and what a look costs.

A rule is given, after every look, the difference so far between the new release and the old one, in whatever harm the
telemetry counts, and its standard error: both arrays [looks], the latest last. It says whether to stop. A test at 5 %
that is repeated at every look stops a good release far more often than in 5 % of rollouts; the two honest rules here
do not, however often they look (`split_rule`: at most as often as was planned).
"""

from collections.abc import Callable

import numpy as np

Rule = Callable[[np.ndarray, np.ndarray], bool]


def naive_rule(alpha: float = 0.05) -> Rule:
    """One-sided z-test of the difference so far at level `alpha`, anew at each look: what must not be done."""
    raise NotImplementedError


def split_rule(looks: int, alpha: float = 0.05) -> Rule:
    """The same test at level `alpha / looks` each: the simplest spending of alpha, over at most `looks` looks.

    Raises:
        ValueError: (from the rule) it is asked more often than planned: the promise is spent.
    """
    raise NotImplementedError


def evidence(difference: np.ndarray, standard_error: np.ndarray, harm: float) -> np.ndarray:
    """The e-value after each look, [looks]: how many times likelier what was seen is if the new release is worse, by about
    `harm` (half-normal mixture of that scale, Robbins 1970), than if both are alike.

    If the new one is not worse, the chance that it *ever* reaches 1 / alpha is at most alpha (Ville's inequality).

    Args:
        difference: new less old after each look, [looks].
        standard_error: of the difference, [looks].
        harm: the size of a harm worth noticing, in the difference's unit; a wrong guess costs power, not the promise.
    """
    raise NotImplementedError


def evidence_rule(harm: float, alpha: float = 0.05) -> Rule:
    """Stop as soon as `evidence` reaches 1 / alpha: valid for any number of looks, planned or not."""
    raise NotImplementedError
