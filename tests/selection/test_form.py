"""The bar as a form."""

import json
from dataclasses import asdict

import pytest

from edgelab.selection.form import FormError, Requirements, judge_card
from edgelab.selection.form_exercise import FORM, judge_form


def test_only_what_is_asked_counts():
    assert Requirements().asked == {}
    form = Requirements(min_calls=0.9, max_mb=3, min_coverage=0)
    assert form.asked == {"min_calls": 0.9, "max_mb": 3.0, "min_coverage": 0.0}
    assert form.but({"max_mb": 4}).asked["max_mb"] == 4 and form.asked["max_mb"] == 3


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"min_calls": 95}, "min_calls is 95: expected a share from 0 to 1"),
        ({"max_high_stakes": -0.1}, "max_high_stakes is -0.1: expected a share"),
        ({"min_accuracy": "high"}, "min_accuracy is 'high': expected a share"),
        ({"min_calls": True}, "min_calls is True"),
        ({"max_mb": float("nan")}, "max_mb is nan: expected a number from 0"),
        ({"max_p95_ms": float("inf")}, "max_p95_ms is inf"),
        ({"tier": ""}, "tier is '': expected a name"),
        ({"min_speed": 1}, "found min_speed"),
        ([], "expected fields of min_calls"),
    ],
)
def test_what_means_nothing_is_refused(given, said):
    with pytest.raises(FormError, match=said.replace("[", r"\[")):
        Requirements.of(given)


def test_a_form_from_a_file(tmp_path):
    form = Requirements(min_calls=0.9, max_p95_ms=20, tier="entry")
    file = tmp_path / "form.json"
    file.write_text(json.dumps(asdict(form)), "utf-8")
    assert Requirements.read(file) == form
    file.write_text('{"max_mb": -1}', "utf-8")
    with pytest.raises(FormError, match="max_mb is -1"):
        Requirements.read(file)
    for bad in ("no json", '"text"'):
        file.write_text(bad, "utf-8")
        with pytest.raises(FormError, match="expected"):
            Requirements.read(file)
    with pytest.raises(FormError, match=r"away\.json: expected a form in JSON"):
        Requirements.read(tmp_path / "away.json")


def test_a_card_is_told_what_it_fails_and_what_nobody_measured():
    form = Requirements(min_calls=0.9, max_mb=3, max_memory_mb=50)
    assert judge_card({"calls": 0.9, "mb": 3.0, "memory_mb": 50.0, "accuracy": 0.1}, form) == []
    assert judge_card({"calls": 0.89, "mb": 3.1}, form) == [
        "calls is 0.89, min 0.9",
        "mb is 3.1, max 3",
        "memory_mb was not measured",
    ]


@pytest.mark.parametrize("field", [name for name in FORM if name != "tier"])
def test_the_exercise_notices_a_bound_that_is_a_little_off(field):
    assert judge_form(FORM) == []
    for factor in (0.996, 1.004):
        assert judge_form(FORM | {field: FORM[field] * factor}) != []


def test_the_exercise_lets_no_bound_in_that_nobody_asked_for():
    for least in (0.751, 0.8, 0.9):
        assert judge_form(FORM | {"min_accuracy": least}) != []
    assert judge_form(FORM | {"min_accuracy": 0.75}) == []  # every right call has its label right
