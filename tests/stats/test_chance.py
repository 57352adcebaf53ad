import pytest

from edgelab.stats.chance import told


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0, "below 0.001"),
        (0.0009, "below 0.001"),
        (0.001, "0.001"),
        (0.5, "0.500"),
        (0.999, "0.999"),
        (1, "above 0.999"),
    ],
)
def test_draws_are_never_a_certainty(probability, words):
    assert told(probability) == words
