"""The number that makes a person's commands as eager as the base can bear."""

import numpy as np
import pytest

from edgelab.personalization.eagerness import eagerness


@pytest.mark.parametrize("loss", [0.0, 0.02, 0.1, 0.5])
def test_it_costs_what_is_allowed_and_not_one_more(loss):
    generator = np.random.default_rng(0)
    base, own, labels = generator.normal(size=(300, 5)), generator.normal(size=(300, 2)) - 3, np.zeros(300, int)
    base[:240, 0] += 6
    before = base.argmax(1) == 0
    number = eagerness(base, own, labels, before, loss)

    def lost(added: float) -> int:
        both = np.concatenate([base, own + added], 1)
        return before.sum() - (both.argmax(1) == labels).sum()

    assert lost(number) == int(loss * 300)
    assert lost(number + 0.3) > int(loss * 300)


def test_where_learning_has_cost_too_much_already_the_commands_take_nothing_more():
    base, own = np.array([[3.0, 0.0], [0.0, 3.0], [2.0, 0.0]]), np.array([[1.0], [9.0], [1.5]])
    number = eagerness(base, own, np.array([0, 0, 0]), np.array([True, True, True]), 0.0)
    assert 0.4 < number < 0.5  # below the nearer of the two that are still right


def test_where_all_may_be_lost_it_is_finite():
    assert np.isfinite(eagerness(np.array([[1.0]]), np.array([[0.0]]), np.array([0]), np.array([True]), 1.0))
