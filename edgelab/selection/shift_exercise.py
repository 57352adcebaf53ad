"""Cases and mistakes of the exercises on what a total hides, and on a shift in traffic: `same_mix`, `ks_gap`."""

from collections.abc import Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.selection.by_hand import ks_gap, same_mix

# --- same_mix --------------------------------------------------------------------------------------


def _tiers(rng: np.random.Generator) -> Iterator[tuple]:
    for tiers, releases in ((3, 2), (4, 2), (2, 3)):
        yield rng.random((tiers, releases)), rng.integers(10, 5000, (tiers, releases))
    yield rng.random((1, 2)), rng.integers(10, 50, (1, 2))
    requests = rng.integers(10, 500, (3, 2))
    requests[0, 1] = 0  # a release that a tier does not have yet
    yield rng.random((3, 2)), requests


MIX = (
    Mistake(
        "each its own mix",
        lambda wrong, requests: (wrong * requests).sum(axis=0) / requests.sum(axis=0),
        "that is the dashboard's total: each release is weighed by its OWN requests.",
    ),
    Mistake(
        "each tier alike",
        lambda wrong, requests: wrong.mean(axis=0),
        "tiers with many requests count more: how many had each, of both releases together?",
    ),
    Mistake(
        "the old release's mix",
        lambda wrong, requests: requests[:, 0] @ wrong / requests[:, 0].sum(),
        "that is the mix of one release: take the requests of all releases together.",
    ),
    Mistake(
        "the new release's mix",
        lambda wrong, requests: requests[:, -1] @ wrong / requests[:, -1].sum(),
        "that is the mix of the last release alone: take the requests of all together.",
    ),
    Mistake(
        "counts",
        lambda wrong, requests: requests.sum(axis=1) @ wrong,
        "those are counts: divide by the number of all requests.",
    ),
    Mistake(
        "all in one",
        lambda wrong, requests: float((wrong * requests).sum() / requests.sum()),
        "one share for each release is asked for.",
    ),
    Mistake(
        "new less old",
        lambda wrong, requests: float((w := same_mix(wrong, requests))[-1] - w[0]),
        "return the shares themselves, one for each release.",
    ),
)

# --- ks_gap ----------------------------------------------------------------------------------------


def _scores(rng: np.random.Generator) -> Iterator[tuple]:
    for reference, window, moved in ((40, 25, 0.0), (30, 50, 0.1), (60, 20, -0.2)):
        yield rng.random(reference), np.clip(rng.random(window) + moved, 0, 1)
    yield np.round(rng.random(30), 1), np.round(rng.random(20) ** 2, 1)  # ties, within and between
    yield rng.random(12) + 2, rng.random(5)  # all of one above all of the other
    yield (
        0.5 + 0.01 * rng.random(20),
        np.concatenate([rng.random(10) / 9, 0.9 + rng.random(10) / 10]),
    )  # as large on average
    same = rng.random(9)
    yield same, rng.permutation(same)
    yield rng.random(1), rng.random(1) + 1
    sure = [
        1 - 1e-7 * rng.random(sample) for sample in (25, 15)
    ]  # as a model's scores are: nearly all of them next to 1
    yield np.append(sure[0], 0.0), np.append(sure[1] - 3e-8, 0.0)


def _shares(sample: np.ndarray, at: np.ndarray, side: str = "right") -> np.ndarray:
    return np.searchsorted(np.sort(sample), at, side=side) / len(sample)  # type: ignore[call-overload]


def _gaps(reference: np.ndarray, window: np.ndarray, at: np.ndarray) -> np.ndarray:
    return _shares(reference, at) - _shares(window, at)


SHIFT = (
    Mistake(
        "the means",
        lambda reference, window: float(abs(reference.mean() - window.mean())),
        "equal means hide a shift: compare the shares below EVERY score.",
    ),
    Mistake(
        "one side",
        lambda reference, window: float(_gaps(reference, window, np.concatenate([reference, window])).max(initial=0.0)),
        "the gap counts in both directions: take its absolute value.",
    ),
    Mistake(
        "only at the window's scores",
        lambda reference, window: float(np.abs(_gaps(reference, window, window)).max()),
        "the largest gap may lie at a score of the reference: look at all scores of both.",
    ),
    Mistake(
        "only at the reference's scores",
        lambda reference, window: float(np.abs(_gaps(reference, window, reference)).max()),
        "the largest gap may lie at a score of the window: look at all scores of both.",
    ),
    Mistake(
        "counts",
        lambda reference, window: float(
            np.abs(
                _shares(reference, at := np.concatenate([reference, window])) * len(reference)
                - _shares(window, at) * len(window)
            ).max()
        ),
        "the samples have different sizes: compare shares, not counts.",
    ),
    Mistake(
        "on average over the scores",
        lambda reference, window: float(np.abs(_gaps(reference, window, np.concatenate([reference, window]))).mean()),
        "that is the mean gap: the LARGEST is asked for.",
    ),
    Mistake(
        "in steps of a tenth",
        lambda reference, window: float(np.abs(_gaps(reference, window, np.linspace(0, 1, 11))).max()),
        "between the steps of a grid the gap may be larger, and scores need not lie in 0 to 1: take the scores themselves.",
    ),
    Mistake(
        "in a thousand steps",
        lambda reference, window: float(
            np.abs(
                _gaps(
                    reference,
                    window,
                    np.linspace(min(reference.min(), window.min()), max(reference.max(), window.max()), 1000),
                )
            ).max()
        ),
        "most scores of a model lie next to 1, between two steps of any grid: take the scores themselves.",
    ),
    Mistake(
        "place by place",
        lambda reference, window: float(
            np.abs(np.sort(reference)[: len(window)] - np.sort(window)[: len(reference)]).max()
            if len(reference) == len(window)
            else np.abs(np.quantile(reference, [0.25, 0.5, 0.75]) - np.quantile(window, [0.25, 0.5, 0.75])).max()
        ),
        "that compares scores at equal ranks; the gap is one of SHARES, at equal scores.",
    ),
)


def register(check: Checks) -> None:
    """Add both exercises to a notebook's registry."""
    check.function(
        same_mix,
        cases=_tiers,
        nudge="Which share of all requests has a tier? Weigh that tier by it, for every release alike.",
        mistakes=MIX,
    )
    check.function(
        ks_gap,
        cases=_scores,
        nudge="For one score: which share of each sample is at most so high? The gap changes only where a score lies.",
        mistakes=SHIFT,
    )
