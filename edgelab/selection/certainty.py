"""How sure a decision may be: the probability that a model *truly* clears the bar, given the sample that it was judged on."""

import numpy as np

from edgelab.selection.evidence import Evidence
from edgelab.selection.form import Requirements

NONE = "none of them"
DRAWS = 10_000


def clearing(rows: list[Evidence], requirements: Requirements, *, draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """Whether each model clears everything asked, in each of `draws` truths that the sample leaves possible, bool
    [draws, models]. The same examples weigh for all models in a draw, so that what they get right together stays together.
    """
    raise NotImplementedError


def probability_clears(
    rows: list[Evidence], requirements: Requirements, *, draws: int = DRAWS, seed: int = 0
) -> dict[str, float]:
    """Of each model that could ship the probability that it truly clears everything asked, by name."""
    raise NotImplementedError


def probability_smallest(
    rows: list[Evidence], requirements: Requirements, *, draws: int = DRAWS, seed: int = 0
) -> dict[str, float]:
    """Of each model that could ship the probability that it is the smallest that truly clears; `NONE` has what is left:
    that none does. They sum to 1."""
    raise NotImplementedError


def probability_each(
    rows: list[Evidence], requirements: Requirements, *, draws: int = DRAWS, seed: int = 0
) -> dict[str, dict[str, float]]:
    """Of each model, for each field asked alone, the probability that it truly clears that one: where the doubt sits."""
    raise NotImplementedError
