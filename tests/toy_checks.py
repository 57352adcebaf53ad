"""A toy notebook's exercises: what the tests of the checks and of the notebook lint are made with."""

import numpy as np

from edgelab.course.exercises import Checks, Mistake


def soften(logits, temperature):
    """Probabilities [examples, classes] of logits at a temperature."""
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def soften_without_temperature(logits, temperature):
    return soften(logits, 1.0)


def soften_over_the_batch(logits, temperature):
    return soften(logits.T, temperature).T


def soften_in_place(logits, temperature):
    logits /= temperature
    return soften(logits, 1.0)


def soften_cases(rng):
    return [(rng.normal(size=shape), float(rng.uniform(2, 8))) for shape in ((2, 3), (16, 5))]


def complaints_about_the_plan(plan):
    complaints = []
    if plan["seeds"] < 3:
        complaints.append(f"{plan['seeds']} seeds cannot show a difference")
    if plan["split"] != "validation":
        complaints.append(f"a model is chosen on validation, not on {plan['split']}")
    return complaints


def coverage(threshold):
    """Share of the held-out requests whose confidence clears the threshold and that are right."""
    confidence, right = np.linspace(0, 1, 101), np.linspace(0, 1, 101) > 0.5
    return float(np.mean((confidence > threshold) == right))


check = Checks(limit_s=1.0)
check.function(
    soften,
    cases=soften_cases,
    nudge="what must each row sum to, and what does T divide?",
    mistakes=(
        Mistake("no temperature", soften_without_temperature, "T is never used: it divides the logits."),
        Mistake("over the batch", soften_over_the_batch, "the sum runs over the examples: use axis=1."),
        Mistake("in place", soften_in_place, "/= writes into the caller's array: use / instead."),
    ),
)
check.design(
    "plan",
    {"seeds": 3, "split": "validation"},
    judge=complaints_about_the_plan,
    nudge="how many seeds does a comparison need, and which split may be read?",
    mistakes=(
        Mistake("one seed", {"seeds": 1, "split": "validation"}, "one seed is an anecdote."),
        Mistake("chosen on test", {"seeds": 3, "split": "test"}, "a test set that chose the model is used up."),
        Mistake("neither", {"seeds": 0, "split": "train"}, "start with the question: what would convince you?"),
    ),
)
check.design(
    "threshold",
    0.5,
    judge=coverage,
    bar=0.95,
    nudge="where do right and wrong part?",
    mistakes=(
        Mistake("all local", -1.0, "nothing is ever sent on."),
        Mistake("nothing local", 1.0, "everything is sent on."),
        Mistake("too careful", 0.8, "right answers are sent on as well."),
    ),
)


def show_numbers(numbers):
    """A toy widget."""
    return sum(numbers)
