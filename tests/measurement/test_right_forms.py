"""05's exercises solved in other ways than the course's own: each is accepted. The wrong ones are the registered mistakes."""

import math
import warnings

import numpy as np
import pytest
from scipy.stats import binom

from edgelab.course.exercises import Checks
from edgelab.measurement.by_hand import percentile_bounds, told_apart
from edgelab.measurement.checks import check
from edgelab.measurement.fault_exercise import LOG_FAULTS
from edgelab.measurement.plan_exercise import MEASUREMENT_PLAN
from edgelab.stats.binomial import binomial_cumulative


def bounds_by_scipy(values, q):
    n, ordered = len(values), np.sort(values)
    fewest, most = (int(binom.ppf(tail, n, q / 100)) for tail in (0.025, 0.975))
    return ordered[fewest - 1] if fewest > 0 else 0, ordered[most] if most < n else np.inf


def bounds_by_loops(values, q):
    ordered, at_most = sorted(values), binomial_cumulative(len(values), q / 100)
    fewest = next(k for k, chance in enumerate(at_most) if chance >= 0.025)
    most = next(k for k, chance in enumerate(at_most) if chance >= 0.975)
    return [
        0.0 if fewest == 0 else float(ordered[fewest - 1]),
        math.inf if most >= len(values) else float(ordered[most]),
    ]


def bounds_padded(values, q):
    ends = np.concatenate([[0.0], np.sort(values), [np.inf]])
    fewest, most = (np.argmax(binomial_cumulative(len(values), q / 100) >= tail) for tail in (0.025, 0.975))
    return tuple(ends[[fewest, most + 1]])


def estimate_from_above(values, q=90, confidence=0.99):
    t = int(np.sum(binomial_cumulative(len(values), 1 - q / 100) <= 1 - confidence)) - 1
    return math.inf if t < 1 else sorted(values, reverse=True)[t - 1]


def estimate_by_scipy(values, q=90, confidence=0.99):
    counts = np.arange(1, len(values) + 1)
    rare = counts[binom.cdf(counts, len(values), 1 - q / 100) <= 1 - confidence]
    return np.sort(values)[-rare.max()] if len(rare) else np.inf


def estimate_by_a_loop(values, q=90, confidence=0.99):
    at_most, t = binomial_cumulative(len(values), 1 - q / 100), 0
    while at_most[t + 1] <= 1 - confidence:
        t += 1
    if t == 0:
        return float("inf")
    return np.sort(values)[len(values) - t]


def round_in_logarithms(a, b, texts, clock):
    def block(subject):
        taken = []
        for text in texts:
            begin = clock()
            subject(text)
            taken.append(clock() - begin)
        return np.log(np.median(taken))

    first = -block(a) + block(b)
    second = block(b) - block(a)
    return np.exp((first + second) / 2)


def round_by_marks(a, b, texts, clock):
    blocks = []
    for subject in [a, b, b, a]:
        marks = [clock()]
        for text in texts:
            subject(text)
            marks.append(clock())
        blocks.append(np.median(np.diff(marks)))
    return ((blocks[1] * blocks[2]) / (blocks[0] * blocks[3])) ** 0.5


def round_in_a_dict(a, b, texts, clock):
    def timed(subject, text):
        begin = clock()
        subject(text)
        return clock() - begin

    order = [("A", a), ("B", b), ("B", b), ("A", a)]
    found = [(name, np.median([timed(subject, text) for text in texts])) for name, subject in order]
    return math.prod(t if name == "B" else 1 / t for name, t in found) ** (1 / 2)


def told_by_index(ratios):
    low, high = percentile_bounds(ratios, 50)
    return ["not told apart", "slower", "faster"][int(low > 1) + 2 * int(high < 1)]


def told_in_numpy(ratios):
    low, high = percentile_bounds(ratios, 50)
    return str(np.select([low > 1, high < 1], ["slower", "faster"], "not told apart"))


def told_around(ratios):
    low, high = percentile_bounds(ratios, 50)
    if low <= 1 <= high:
        return "not told apart"
    return "slower" if np.median(ratios) > 1 else "faster"


def share_by_rows(pilot, effect, drawn):
    moved = pilot / np.median(pilot) * (1 + effect)
    return np.mean([told_apart(moved[row]) == ("slower" if effect > 0 else "faster") for row in drawn])


def share_in_logarithms(pilot, effect, drawn):
    moved, found = np.exp(np.log(pilot) - np.log(np.median(pilot)) + np.log1p(effect)), 0
    for row in drawn:
        low, high = percentile_bounds(moved[row], 50)
        found += low > 1 if effect > 0 else high < 1
    return found / len(drawn)


def share_late(pilot, effect, drawn):
    want, centred = ("faster", "slower")[effect > 0], pilot / np.median(pilot)
    return sum(told_apart((1 + effect) * centred[run]) == want for run in drawn) / drawn.shape[0]


def queue_in_numpy(arrivals_ms, service_ms):
    done = np.cumsum(service_ms)
    return done + np.maximum.accumulate(arrivals_ms - (done - service_ms)) - arrivals_ms


def queue_by_waits(arrivals_ms, service_ms):
    found = [service_ms[0]]
    for i in range(1, len(service_ms)):
        found.append(max(0, found[-1] - (arrivals_ms[i] - arrivals_ms[i - 1])) + service_ms[i])
    return np.array(found)


def queue_in_place(arrivals_ms, service_ms):
    found, free = np.zeros(len(arrivals_ms)), 0
    for i, arrival in enumerate(arrivals_ms):
        free = max(arrival, free) + service_ms[i]
        found[i] = free - arrival
    return found


def omitted_by_counts(latencies_ms, every_ms):
    counts = np.maximum(1, latencies_ms // every_ms).astype(int)
    return np.concatenate([x - every_ms * np.arange(n) for x, n in zip(latencies_ms, counts, strict=True)])


def omitted_by_a_range(latencies_ms, every_ms):
    found = []
    for latency in latencies_ms:
        found += [latency] + [latency - k * every_ms for k in range(1, int(latency / every_ms))]
    return np.array(found)


def omitted_by_a_loop(latencies_ms, every_ms):
    found = []
    for latency in latencies_ms:
        found.append(latency)
        left = latency - every_ms
        while left >= every_ms:
            found.append(left)
            left -= every_ms
    return np.asarray(found)


def fair_by_sets(device_ms, reference_ms, device_layers, reference_layers):
    kinds = [[{k for k in range(3) if row[k]} for row in side] for side in (device_layers, reference_layers)]
    ratios = [a / b for a, b, here, there in zip(device_ms, reference_ms, *kinds, strict=True) if here == there]
    return np.median(ratios) if ratios else None


def fair_by_bools(device_ms, reference_ms, device_layers, reference_layers):
    same = np.all(device_layers.astype(bool) == reference_layers.astype(bool), axis=1)
    return None if not same.any() else np.quantile(device_ms[same] / reference_ms[same], 0.5)


def fair_by_signs(device_ms, reference_ms, device_layers, reference_layers):
    other = np.abs(np.sign(device_layers) - np.sign(reference_layers)).sum(axis=1)
    left = (device_ms / reference_ms)[other == 0]
    if len(left):
        return float(np.median(left))
    return None


FORMS = {
    "percentile_bounds": (bounds_by_scipy, bounds_by_loops, bounds_padded),
    "early_stopping_estimate": (estimate_from_above, estimate_by_scipy, estimate_by_a_loop),
    "time_round": (round_in_logarithms, round_by_marks, round_in_a_dict),
    "told_apart": (told_by_index, told_in_numpy, told_around),
    "found_share": (share_by_rows, share_in_logarithms, share_late),
    "open_latencies": (queue_in_numpy, queue_by_waits, queue_in_place),
    "with_omitted": (omitted_by_counts, omitted_by_a_range, omitted_by_a_loop),
    "fair_ratio": (fair_by_sets, fair_by_bools, fair_by_signs),
    "log_faults": (
        dict(reversed(LOG_FAULTS.items())),
        LOG_FAULTS | {},
        {k: str(np.str_(v)) for k, v in LOG_FAULTS.items()},
    ),
    "measurement_plan": tuple(
        MEASUREMENT_PLAN | {"release": MEASUREMENT_PLAN["release"] | {"samples": samples}}
        for samples in (970, 1050.0, np.int64(1000))
    ),
}


@pytest.mark.parametrize("name, form", [(name, form) for name, forms in FORMS.items() for form in forms])
def test_another_right_answer_passes(name, form, capsys):
    fresh = Checks()
    fresh.exercises = check.exercises
    fresh(name, form)
    assert capsys.readouterr().out.startswith(f"[pass] {name}")


def test_no_check_warns_on_its_own():
    """Mistakes are run beside a wrong answer; what NumPy thinks of them is not to stand in the notebook."""
    fresh = Checks()
    fresh.exercises = check.exercises
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("fair_ratio", "told_apart", "percentile_bounds", "with_omitted"):
            fresh(name, lambda *given: 0.5)


def test_every_exercise_has_three_right_forms_and_six_mistakes():
    assert FORMS.keys() == check.exercises.keys()
    assert all(len(forms) == 3 for forms in FORMS.values())
    assert all(len(exercise.mistakes) >= 6 for exercise in check.exercises.values())
