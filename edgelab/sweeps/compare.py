"""Recipes compared over several seeds, in pairs, with a correction for the number of comparisons.

Two recipes differ in what they get right on the same examples, and each seed would have given other models. Both are
drawn from something larger: `difference` takes seeds and examples as crossed random effects, and says how far the mean
difference may lie from what other seeds and other examples would give.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from edgelab.stats.intervals import Interval

SURE = 0.05  # differences are claimed where the corrected p value is below


@dataclass(frozen=True)
class Pair:
    """`better` minus `worse`, in shares of examples; `p` of this pair alone, `corrected` among all that were compared."""

    better: str
    worse: str
    difference: Interval
    p: float
    corrected: float

    @property
    def told_apart(self) -> bool:
        """Whether the difference may be claimed."""
        return self.corrected < SURE


@dataclass(frozen=True)
class Comparison:
    """Each model's share of right answers: `means` over seeds and examples; `deviations` between seeds (0 for one);
    `seeds` and `examples` as many as each has. The pairs, the surest first."""

    means: dict[str, float]
    deviations: dict[str, float]
    seeds: int
    examples: int
    pairs: tuple[Pair, ...]


def compare(right: Mapping[str, np.ndarray], *, baseline: str | None = None) -> Comparison:
    """Models by what they get right, bool [seeds, examples] each: the same seeds and examples in the same order.

    Args:
        baseline: the model that all others are held against; None: every pair is compared.

    Raises:
        ValueError: fewer than two models, other shapes, or a baseline that is none of them.
    """
    scores = {name: np.atleast_2d(np.asarray(rows, dtype=float)) for name, rows in right.items()}
    shapes = {rows.shape for rows in scores.values()}
    if len(scores) < 2 or len(shapes) != 1 or 0 in next(iter(shapes)):
        raise ValueError(f"expected two models or more on the same seeds and examples, found shapes {sorted(shapes)}")
    if baseline is not None and baseline not in scores:
        raise ValueError(f"expected a baseline of {', '.join(scores)}, found {baseline!r}")
    named = [(a, b) for a, b in combinations(scores, 2) if baseline in (None, a, b)]
    named = [(b, a) if scores[b].mean() > scores[a].mean() else (a, b) for a, b in named]
    found = [difference(scores[a], scores[b]) for a, b in named]
    corrected = holm(np.array([p for _, p in found]))
    pairs = [Pair(a, b, d, p, c) for (a, b), (d, p), c in zip(named, found, corrected.tolist(), strict=True)]
    ((seeds, examples),) = shapes
    return Comparison(
        {name: float(rows.mean()) for name, rows in scores.items()},
        {name: float(rows.mean(1).std(ddof=1)) if seeds > 1 else 0.0 for name, rows in scores.items()},
        seeds,
        examples,
        tuple(sorted(pairs, key=lambda pair: (pair.p, -pair.difference.value))),
    )


def difference(a: np.ndarray, b: np.ndarray) -> tuple[Interval, float]:
    """The mean of a minus b, both [seeds, examples], with its 95 % interval and the two-sided p value of none.

    Seeds and examples are crossed random effects: the variance of the mean is (MS_seeds + MS_examples - MS_residual) /
    (seeds x examples), of mean squares, and Student's t has the degrees of freedom of the seeds, one fewer than there
    are. That errs on the safe side where seeds matter little; a bootstrap over three seeds draws from three, and errs on
    the other (tests/sweeps/test_compare.py counts both). One seed says nothing of others: then examples alone count.
    """
    from scipy.special import stdtr, stdtrit

    d = np.atleast_2d(np.asarray(a, dtype=float) - np.asarray(b, dtype=float))
    mean = float(d.mean())
    variance, freedom = _variance_of_mean(d)
    if variance <= 0:  # every answer differs by the same
        return Interval(mean, mean, mean), 1.0 if mean == 0 else 0.0
    error = float(np.sqrt(variance))
    half = error * float(stdtrit(freedom, 0.975))
    ends = Interval(mean, max(-1.0, mean - half), min(1.0, mean + half))  # of shares, no more can be
    return ends, float(2 * stdtr(freedom, -abs(mean) / error))


def _variance_of_mean(d: np.ndarray) -> tuple[float, float]:
    """The variance of the mean of d [seeds, examples], and its degrees of freedom."""
    seeds, examples = d.shape
    if examples < 2:
        return 0.0, 1.0
    if seeds == 1:
        return float(d.var(ddof=1)) / examples, examples - 1.0
    by_seed, by_example = d.mean(1, keepdims=True), d.mean(0, keepdims=True)
    of_seeds = examples * float(by_seed.var(ddof=1))
    of_examples = seeds * float(by_example.var(ddof=1))
    rest = d - by_seed - by_example + d.mean()
    of_rest = float((rest**2).sum()) / ((seeds - 1) * (examples - 1))
    # Chance may make the sum smaller than one of its parts, which it cannot be.
    return max(of_seeds + of_examples - of_rest, of_seeds, of_examples) / d.size, seeds - 1.0


def holm(p: np.ndarray) -> np.ndarray:
    """p values [comparisons] corrected for their number (Holm 1979): the chance that any true "no difference" falls
    below a level is at most that level, whatever the comparisons have to do with each other."""
    p = np.asarray(p, dtype=float)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order])
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(1.0, stepped)
    return corrected
