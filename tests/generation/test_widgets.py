"""The explorers of `08_generation`: each pure function, and what is shown of it."""

import numpy as np
import pytest

from edgelab.generation.decode import probabilities
from edgelab.generation.llama import toy
from edgelab.generation.physics import calculate
from edgelab.generation.scoring import Outcome, mean_row
from edgelab.generation.widgets import (
    CONTEXTS,
    compute_phone,
    compute_said,
    compute_sampling,
    published_gflops,
    show_calculator,
    show_said,
    show_sampling,
)
from tests.explorers import assert_controls, assert_moves, assert_shows, controls_of, parts

LOGITS = toy().step([5, 17, 3, 80, 41])[0][-1]  # as in the notebook
OUTCOMES = {
    job: Outcome(
        job,
        (
            mean_row("keywords", "right", np.array([True, False, flips])),
            mean_row("encoder", "right", np.array([True] * 3)),
        ),
        {who: tuple(f"{who} to {job} {case}" for case in range(3)) for who in ("keywords", "encoder")},
        tuple(f"case {case} of {job}" for case in range(3)),
    )
    for job, flips in (("calls", True), ("titles", False))
}
EXPLORERS = {
    "sampling": lambda: show_sampling(LOGITS),
    "calculator": show_calculator,
}


@pytest.mark.parametrize("name", EXPLORERS)
def test_an_explorer_has_few_bounded_controls_and_each_moves_all_it_shows(name):
    assert_controls(EXPLORERS[name]())
    assert_moves(EXPLORERS[name]())


def test_sampling_shows_what_is_drawn():
    for temperature, top_p in ((0.3, 1.0), (1.0, 0.5), (2.5, 0.9)):
        shown = compute_sampling(LOGITS, temperature, top_p)
        order = shown["token"].astype(int)
        expected = 100 * probabilities(LOGITS, temperature, top_p=top_p)[order]
        np.testing.assert_allclose(shown["drawn, %"].astype(float), expected, atol=0.051)


def test_the_tasks_about_sampling_have_their_answers():
    first = {t: float(compute_sampling(LOGITS, t, 1.0)["drawn, %"][0]) for t in (0.9, 1.0, 1.1)}
    assert first[1.0] >= 25 > first[1.1]
    left = {p: (compute_sampling(LOGITS, 1.0, p)["drawn, %"].astype(float) > 0).sum() for p in (0.35, 0.4, 0.45, 0.5)}
    assert [p for p, tokens in left.items() if tokens == 3] == [0.4, 0.45]


def test_the_calculator_is_that_of_the_exercise():
    shown = compute_phone(1.2, 5, 60)
    for context, row in zip(CONTEXTS, shown.itertuples(index=False), strict=True):
        bill = calculate(1.2e9, 5, context, 60, published_gflops())
        assert row == (
            f"{context:,}",
            f"{bill.weights_gb:.2f}",
            f"{bill.cache_gb:.2f}",
            f"{bill.first_token_s:.2f}",
            f"{bill.tokens_per_s:.1f}",
        )


def test_the_task_about_the_calculator_has_its_answer():
    speed = {b / 10: float(compute_phone(b / 10, 5, 60).iloc[0, -1]) for b in range(44, 51)}
    assert max(b for b, tokens in speed.items() if tokens >= 20) == 4.7
    waits = compute_phone(4.7, 5, 60)["first token after, s"].astype(float).tolist()
    assert waits[1] < 2 < waits[2]


def test_what_was_said_is_shown_case_by_case():
    box = show_said(OUTCOMES)
    assert_controls(box)
    assert_shows(parts(box)[2], compute_said(OUTCOMES["calls"], 0))
    job, case = controls_of(box)
    job.value, case.value = "titles", 3
    assert_shows(parts(box)[2], compute_said(OUTCOMES["titles"], 2))
    assert parts(box)[0] == "titles, case 3 of 3: case 2 of titles."
