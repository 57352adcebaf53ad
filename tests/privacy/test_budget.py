"""The budget is never overspent: in any order of calls, after a restart, by several processes at once."""

import json
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgelab.errors import UserError
from edgelab.privacy.budget import Budget, BudgetDamaged, BudgetSpent

AMOUNTS = st.one_of(
    st.integers(1, 40).map(lambda tenths: tenths / 10), st.floats(1e-6, 4, allow_nan=False), st.just(1e-300)
)
CALLS = st.lists(st.tuples(AMOUNTS, st.sampled_from(["a", "b"]), st.booleans()), max_size=25)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=AMOUNTS, calls=CALLS, kept=st.booleans())
def test_never_overspent_whatever_the_order_of_calls(tmp_path_factory, limit, calls, kept):
    """Each call is taken exactly when it fits, also after a restart in between; a refused one changes nothing."""
    file = tmp_path_factory.mktemp("device") / "budget.json" if kept else None
    budget, exact = Budget(limit, file), Fraction(0)
    for amount, what, restarted in calls:
        if restarted and kept:
            budget = Budget(limit, file)
        before, fits = budget.spent, exact + Fraction(str(amount)) <= Fraction(str(limit))
        if fits:
            left = budget.spend(amount, what)
            exact += Fraction(str(amount))
            assert left == budget.remaining == float(Fraction(str(limit)) - exact) >= 0
        else:
            with pytest.raises(BudgetSpent):
                budget.spend(amount, what)
            assert budget.spent == before
        assert sum(map(Fraction, map(str, budget.spent.values()))) == pytest.approx(float(exact))
    assert exact <= Fraction(str(limit))


def test_ten_tenths_are_the_whole_and_not_a_hair_more(tmp_path):
    budget = Budget(1, tmp_path / "budget.json")
    for report in range(10):
        budget.spend(0.1, f"report {report % 2}")
    assert budget.remaining == 0 and budget.spent == {"report 0": 0.5, "report 1": 0.5}
    with pytest.raises(BudgetSpent, match=r"one more: expected at most epsilon 0, what is left of 1, found 1e-09"):
        budget.spend(1e-9, "one more")


def test_a_refusal_is_a_line_that_a_user_can_read():
    budget = Budget(1)
    budget.spend(0.7, "week 1")
    with pytest.raises(UserError, match=r"^week 2: expected at most epsilon 0.3, what is left of 1, found 0.7") as told:
        budget.spend(0.7, "week 2")
    assert "\n" not in str(told.value) and repr(budget) == "<Budget: 0.3 of epsilon 1 left>"


@pytest.mark.parametrize("amount", [0, -0.1, float("nan"), float("inf")])
def test_what_is_no_epsilon_is_refused(amount):
    with pytest.raises(ValueError, match="positive epsilon"):
        Budget(amount)
    budget = Budget(1)
    with pytest.raises(ValueError, match="positive epsilon"):
        budget.spend(amount, "x")
    assert budget.spent == {}


def test_a_smaller_limit_counts_what_was_spent_under_a_larger(tmp_path):
    Budget(2, tmp_path / "b.json").spend(1.5, "x")
    budget = Budget(1, tmp_path / "b.json")
    assert budget.remaining == 0
    with pytest.raises(BudgetSpent):
        budget.spend(0.1, "x")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"spent": 1}',
        '{"spent": {"x": "-1"}}',
        '{"spent": {"x": "1/0"}}',
        '{"spent": {"x": {}}}',
        '{"spent": {"x": Infinity}}',
        '{"spent": {"x": NaN}}',
        '{"spent": {"x": true}}',
        '{"spent": {"x": 0.5}}',
        '{"spent": {"x": "1e999999999"}}',  # it would take hours to add
        '{"spent": {"x": "' + "9" * 5000 + '"}}',
        '{"spent": [["x", "1"]]}',
        "[" * 100_000,
    ],
)
def test_a_damaged_file_spends_nothing(tmp_path, text):
    (tmp_path / "b.json").write_text(text)
    with pytest.raises(BudgetDamaged, match=r"b\.json: expected what was spent"):
        Budget(1, tmp_path / "b.json")
    assert (tmp_path / "b.json").read_text() == text


def test_a_place_that_takes_no_file_spends_nothing(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(BudgetDamaged, match="cannot be written|expected what was spent"):
        Budget(1, tmp_path / "file" / "b.json").spend(1, "x")


def spend_all(file: Path) -> int:
    budget, taken = Budget(1, file), 0
    for _ in range(20):
        try:
            budget.spend(0.05, "x")
        except BudgetSpent:
            continue
        taken += 1
    return taken


def test_several_processes_and_threads_together_spend_it_once(tmp_path):
    """Three processes that each try to spend all of it: together they get the twenty parts there are."""
    file = tmp_path / "b.json"
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert sum(pool.map(spend_all, [file] * 3)) == 20
    assert json.loads(file.read_text()) == {"spent": {"x": "1"}}
    budget = Budget(1)

    def one(_: int) -> bool:
        try:
            budget.spend(0.1, "x")
        except BudgetSpent:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(one, range(100))) == 10
