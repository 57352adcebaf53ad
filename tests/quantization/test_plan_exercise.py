"""A plan passes by its evidence and by what it does on validation; the best by divergence pass, whatever test says."""

import itertools

import numpy as np
import pytest

from edgelab.quantization import plan_exercise, ready_made
from edgelab.quantization.damage import divergence
from edgelab.quantization.plan_exercise import BIT_PLAN, MISTAKES, by_allocate, judge_plan
from edgelab.quantization.ready_made import everywhere, ready_layers, summed, taken

LAYERS = tuple(ready_layers())


def plan(*bits):
    """A plan whose evidence is what it should be."""
    chosen = tuple(zip(LAYERS, bits, strict=True))
    return dict(chosen) | {"bytes": taken(chosen), "divergence": round(summed(chosen), 2)}


def test_the_courses_plan_is_defended_by_its_own_numbers():
    assert judge_plan(BIT_PLAN) == [] and plan(5, 6, 3, 7, 6, 6) == BIT_PLAN


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_the_evidence_of_a_mistake_is_not_what_is_wrong_unless_it_says_so(mistake):
    """So a plan fails by what it does, not by its sums."""
    if mistake.name not in ("without evidence", "in nats"):
        assert mistake.wrong == plan(*(mistake.wrong[layer] for layer in LAYERS))


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"bytes": 0}, "bytes: not what"),
        ({"bytes": BIT_PLAN["bytes"] + 1}, "bytes: not what"),
        ({"divergence": 0}, "divergence: not the sum"),
        ({"divergence": np.nan}, "divergence: not the sum"),
        ({"divergence": -7.32}, "divergence: not the sum"),
        ({"divergence": 7.6}, "divergence: not the sum"),
        ({"embedding": 5.5}, "whole number"),
        ({"embedding": 1}, "whole number"),
        ({"embedding": 9}, "whole number"),
        ({"embedding": np.nan}, "whole number"),
        ({"embedding": "5"}, "numbers"),
        ({"embedding": True}, "numbers"),
        ({"embedding": [5]}, "numbers"),
        ({"embedding": None}, "numbers"),
        ({"deeper.0": 5}, "the budget is 260,167"),
        ({"teacher": 4}, "expected the entries"),
    ],
)
def test_what_is_no_plan(changes, words):
    (complaint,) = judge_plan(BIT_PLAN | changes)
    assert words in complaint


def test_whole_floats_and_a_table_read_roughly_will_do():
    numbers = {name: np.float64(value) for name, value in BIT_PLAN.items()}
    assert judge_plan(numbers | {"divergence": 7.4}) == []


FEASIBLE = [  # plans that spend the tenth on what is cheap, or on what is dear, without asking who minds
    (5, 4, 4, 4, 4, 4),
    (4, 6, 4, 4, 4, 4),
    (4, 8, 4, 7, 4, 4),
    (5, 5, 4, 4, 4, 4),
    (4, 4, 4, 8, 8, 6),
    (4, 4, 4, 7, 7, 7),
    (4, 6, 4, 5, 5, 5),
    (4, 7, 4, 5, 5, 4),
    (5, 3, 3, 8, 8, 8),
    (6, 5, 3, 5, 5, 4),
    (6, 6, 2, 6, 6, 6),
]


@pytest.mark.parametrize("bits", FEASIBLE, ids=str)
def test_a_plan_that_fits_and_states_its_sums_may_still_fail(bits):
    (complaint,) = judge_plan(plan(*bits))
    assert "is left: expected at most 37 %" in complaint and "on test" not in complaint


def best(number):
    """The plans within the budget whose divergences add up to the least."""
    found = ready_made.evidence()
    at = {layer: dict(zip(found.bits, row, strict=True)) for layer, row in zip(LAYERS, found.divergence, strict=True)}
    size = {layer: {bits: ready_layers()[layer].size_bytes(bits) for bits in found.bits} for layer in LAYERS}
    plans = itertools.product(range(2, 9), repeat=6)

    def total(of, bits):
        return sum(of[layer][b] for layer, b in zip(LAYERS, bits, strict=True))

    fitting = [bits for bits in plans if total(size, bits) <= plan_exercise.budget_bytes()]
    return sorted(fitting, key=lambda bits: total(at, bits))[:number]


@pytest.mark.slow
def test_of_the_forty_best_by_divergence_every_fourth_passes():
    forty = best(40)
    assert forty[0] == tuple(by_allocate()[layer] for layer in LAYERS)
    assert [bits for bits in forty[::4] if judge_plan(plan(*bits))] == []


def test_rounding_alone_is_what_the_table_says():
    """The judge's sums, layer by layer, are the sensitivity's."""
    one = ("intent", 3)
    (complaint,) = judge_plan(BIT_PLAN | {"divergence": 5})
    assert "divergence" in complaint
    answers = ready_made.answered("validation", (one,)), ready_made.answered("validation")
    assert summed((one,)) == pytest.approx(1000 * divergence(*answers)) and summed((one,)) > 10


def test_four_bits_everywhere_leave_all_of_it():
    whole = ready_made.left("validation", everywhere(4))
    assert (whole.value, whole.low, whole.high) == (1, 1, 1)
    assert plan_exercise.saved_on_test(dict(everywhere(4))) == 0 < plan_exercise.saved_on_test(BIT_PLAN) < 100


def test_the_table_of_test_has_three_plans():
    shown = plan_exercise.plans_on_test(BIT_PLAN)
    assert list(shown.columns) == ["4 bits everywhere", "bit_plan", "allocate"]
    assert shown.loc["bytes"].tolist()[:2] == ["236,516", "256,868"]
