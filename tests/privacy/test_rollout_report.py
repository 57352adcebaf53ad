"""A rollout's telemetry through noise: right on average, as wide as it says, and the wider the smaller epsilon is."""

import numpy as np
import pytest

from edgelab.privacy.aggregation import GroupTooSmall
from edgelab.privacy.rollout_report import private_report
from edgelab.selection.rollout import exact_report

COUNTS = np.random.default_rng(0).poisson(0.8, 2000)


@pytest.mark.parametrize("epsilon", [1.0, 4.0])
def test_the_mean_lies_within_its_stated_error(epsilon):
    report, truth = private_report(epsilon), np.minimum(COUNTS, 5).mean()
    found = [report(COUNTS) for _ in range(200)]
    off = np.array([(estimate.value - truth) / estimate.standard_error for estimate in found])
    assert abs(off.mean()) < 4 / np.sqrt(200) and 0.7 < off.std() < 1.1  # the sample is fixed: noise is all that varies


def test_noise_costs_precision_and_less_of_it_costs_less():
    errors = [private_report(epsilon)(COUNTS).standard_error for epsilon in (0.5, 1.0, 4.0, 100.0)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] == pytest.approx(exact_report(np.minimum(COUNTS, 5)).standard_error, rel=0.05)
    assert errors[1] > 3 * errors[-1]


def test_a_count_without_a_bound_is_cut():
    assert private_report(1000.0, most=3)(np.full(500, 90)).value == pytest.approx(3, abs=0.1)


def test_of_too_few_devices_nothing_is_told():
    with pytest.raises(GroupTooSmall):
        private_report(1.0)(np.zeros(5, int))
