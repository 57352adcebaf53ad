"""The log that is handed over: what stands in it, and what can be read out of it."""

import numpy as np

from edgelab.privacy.fault_exercise import (
    DAYS,
    EPSILON,
    KINDS,
    PROMISED,
    QUESTIONS,
    by_phone,
    handed_over,
    overspent,
    read,
)

LOG, TRUTH = handed_over()


def phones(kind):
    return [phone for number, phone in enumerate(TRUTH) if KINDS[number % len(KINDS)] == kind]


def of(phone):
    return [row for row in LOG if row["phone"] == phone]


def test_no_phone_says_that_it_has_overspent():
    assert max(row["said_spent"] for row in LOG) <= PROMISED
    assert {row["phone"] for row in LOG} == set(TRUTH) and len(TRUTH) == 200
    assert {row["day"] for row in LOG} == set(range(1, DAYS + 1))


def test_who_overspends_is_who_forgets_or_has_a_budget_for_each_question():
    assert overspent(LOG, PROMISED) == sorted(phones("restarts") + phones("by question"))
    assert overspent(LOG, DAYS * EPSILON) == [] and overspent(LOG, DAYS * EPSILON - 0.5) == sorted(phones("restarts"))


def test_the_programs_do_what_they_are_said_to():
    kept, weekly, restarts, by_question = (of(phones(kind)[0]) for kind in KINDS)
    assert len({row["answer"] for row in kept}) == 1 and [row["coin"] for row in kept].count("new") == 1
    assert [row["said_spent"] for row in weekly] == [1, 2, 3, 4]
    assert len({row["boot"] for row in restarts}) == len(restarts) == DAYS
    assert {row["question"] for row in by_question} == set(QUESTIONS) and len(by_question) == 12


def test_who_overspends_is_read_and_the_others_are_not():
    over = overspent(LOG, PROMISED)
    assert read(LOG, TRUTH, over) > 0.95
    assert 0.7 < read(LOG, TRUTH, phones("weekly")) < 0.9
    assert 0.6 < read(LOG, TRUTH, phones("kept")) < 0.85
    assert np.isnan(read(LOG, TRUTH, []))


def test_half_of_each_is_a_coin():
    log = [{"phone": "a", "day": 1, "boot": 1, "question": "x", "epsilon": 1.0, "coin": "new", "said_spent": 1.0}]
    log = [log[0] | {"answer": answer} for answer in (True, False)]
    assert read(log, {"a": True}, ["a"]) == read(log, {"a": False}, ["a"]) == 0.5


def test_the_table_has_a_row_a_phone():
    table = by_phone(LOG)
    assert len(table) == len(TRUTH) and table["reports"].sum() == len(LOG) and table["said_spent"].max() <= PROMISED
    assert table.set_index("phone").loc[phones("restarts"), "starts"].eq(DAYS).all()
