"""Cases and mistakes of the exercises on randomized response: `randomized_response` and `unbiased_share`."""

from collections.abc import Callable, Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.privacy.randomized import randomized_response, truth_probability, unbiased_share

# --- randomized_response ---------------------------------------------------------------------------


def _crowds(rng: np.random.Generator) -> Iterator[tuple]:
    for devices, epsilon in ((400, 1.0), (250, 0.2), (300, 3.0)):
        yield rng.random(devices) < rng.uniform(0.1, 0.9), epsilon, rng.random(devices)
    yield np.ones(60, dtype=bool), rng.uniform(0.5, 2), rng.random(60)
    yield np.zeros(60, dtype=bool), rng.uniform(0.5, 2), rng.random(60)
    yield np.array([True]), 1.0, rng.random(1)


def _told(probability: Callable[[float], float]) -> Callable[..., np.ndarray]:
    return lambda truth, epsilon, draws: np.where(draws < probability(epsilon), truth, ~truth)


# --- unbiased_share --------------------------------------------------------------------------------


def _reports(rng: np.random.Generator) -> Iterator[tuple]:
    for devices, epsilon in ((1000, 1.0), (37, 0.3), (500, 4.0)):
        yield rng.random(devices) < rng.random(), epsilon
    yield np.ones(int(rng.integers(2, 30)), dtype=bool), rng.uniform(0.5, 2)  # an estimate above 1
    yield np.zeros(int(rng.integers(2, 30)), dtype=bool), rng.uniform(0.5, 2)  # and below 0
    yield np.array([True]), rng.uniform(0.5, 2)
    yield np.array([], dtype=bool), 1.0  # of nobody nothing is known


def _read(answer: Callable[[float, float], float]) -> Callable[..., float]:
    """An answer out of the mean and p that refuses no reports, as the right one does."""

    def wrong(reports: np.ndarray, epsilon: float) -> float:
        if len(reports) == 0:
            raise ValueError("no reports")
        return float(answer(float(np.mean(reports)), truth_probability(epsilon)))

    return wrong


def register(check: Checks) -> None:
    """Add the exercises to a notebook's registry."""
    check.function(
        randomized_response,
        cases=_crowds,
        nudge="First p, from epsilon. Then, device by device: the truth where the draw is below p, else its opposite.",
        mistakes=(
            Mistake(
                "a lie told as often as the truth should be",
                lambda truth, epsilon, draws: np.where(draws < truth_probability(epsilon), ~truth, truth),
                "the truth is the likelier answer: below p it is told, above p its opposite.",
            ),
            Mistake(
                "half of epsilon",
                _told(lambda epsilon: truth_probability(epsilon / 2)),
                "the whole epsilon stands in the exponent: p is e^epsilon times as likely as 1 - p.",
            ),
            Mistake(
                "epsilon as odds",
                _told(lambda epsilon: epsilon / (1 + epsilon)),
                "the odds of the truth are e to the power of epsilon, not epsilon itself.",
            ),
            Mistake(
                "one less the lie",
                _told(lambda epsilon: 1 - np.exp(-epsilon)),
                "p and 1 - p must sum to 1, and p be e^epsilon times 1 - p: solve these two for p.",
            ),
            Mistake(
                "yes instead of the opposite",
                lambda truth, epsilon, draws: truth | (draws >= truth_probability(epsilon)),
                "a no may become a yes, but a yes never a no: then each no in a report is the truth, and can be read.",
            ),
            Mistake(
                "only a yes is hidden",
                lambda truth, epsilon, draws: truth & (draws < truth_probability(epsilon)),
                "a yes in a report is then always true: nobody can deny it. The opposite must be possible both ways.",
            ),
            Mistake(
                "draws of its own",
                lambda truth, epsilon, draws: randomized_response(
                    truth, epsilon, np.random.default_rng(0).random(len(truth))
                ),
                "the draws are given: with a seed of its own every phone would draw the same, and all could be undone.",
            ),
            Mistake(
                "nothing hidden",
                lambda truth, epsilon, draws: truth.copy(),
                "that is the truth itself: epsilon would be infinite.",
            ),
        ),
    )
    check.function(
        unbiased_share,
        cases=_reports,
        nudge="Write down what share of yes you expect in the reports if the true share is s. Then solve for s.",
        mistakes=(
            Mistake(
                "the plain mean",
                _read(lambda mean, p: mean),
                "that is the share in the reports, drawn towards one half by the noise: undo that.",
            ),
            Mistake(
                "cut to what is possible",
                _read(lambda mean, p: min(1.0, max(0.0, (mean - (1 - p)) / (2 * p - 1)))),
                "who cuts at 0 and 1 is wrong on average: leave what lies outside, so that many estimates can be averaged.",
            ),
            Mistake(
                "the false yes left in",
                _read(lambda mean, p: mean / p),
                "some of the yes came from phones whose truth is no: take their share off first.",
            ),
            Mistake(
                "not stretched",
                _read(lambda mean, p: mean - (1 - p)),
                "the noise also squeezes: from s = 0 to s = 1 the mean only moves by 2p - 1.",
            ),
            Mistake(
                "stretched by p",
                _read(lambda mean, p: (mean - (1 - p)) / p),
                "from s = 0 to s = 1 the mean moves from 1 - p to p: divide by that distance.",
            ),
            Mistake(
                "the wrong end",
                _read(lambda mean, p: (mean - p) / (2 * p - 1)),
                "a crowd in which nobody's truth is yes still reports some: 1 - p of them, not p.",
            ),
            Mistake(
                "the share of no",
                _read(lambda mean, p: (p - mean) / (2 * p - 1)),
                "that is the share of no: with more yes in the reports the estimate must grow.",
            ),
            Mistake(
                "nobody asked",
                lambda reports, epsilon: unbiased_share(reports, epsilon) if len(reports) else 0.0,
                "without a report nothing is known: raise a ValueError instead of an estimate.",
            ),
        ),
    )
