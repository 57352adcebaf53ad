"""Which texts repeat one another."""

import pytest

from edgelab.datasets.dataset import Split
from edgelab.datasets.repeats import apart, normalised


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Play  Queen!", "play queen"),
        ("what's the time?", "Whats the time"),
        ("what’s the time", "what's the time"),
        ("wake me at 6:15, please", "wake me at 6 15 please"),
        ("STRASSE", "straße"),
        ("ﬁnd photos", "find photos"),  # a ligature
        ("play_queen", "play queen"),
        (" 🎉 ", "🎉"),
        ("明天早上叫醒我。", "明天早上叫醒我"),
    ],
)
def test_case_and_punctuation_make_no_other_text(one, other):
    assert normalised(one) == normalised(other) != ""


@pytest.mark.parametrize(("one", "other"), [("play queen", "queen play"), ("6:15", "615"), ("🎉", "🔔"), ("?", "!")])
def test_other_words_do(one, other):
    assert normalised(one) != normalised(other)


def test_what_repeats_a_split_is_left_out_and_all_else_kept_in_order():
    splits = [Split(("Play Queen!", "stop"), ("a", "b")), Split(("it's cold",), ("c",))]
    texts = ("play abba", "play queen", "STOP.", "its cold", "stop it", "play abba")
    assert apart(texts, splits) == ("play abba", "stop it", "play abba")
    assert apart(texts, []) == texts
