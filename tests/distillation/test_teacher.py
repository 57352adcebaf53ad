"""The teacher before it is trained; that it learns is seen in models/test_trained.py."""

from dataclasses import replace

import pytest

from edgelab.distillation.teacher import zero_shot

pytestmark = pytest.mark.usefixtures("at_home")


def test_zero_shot_tells_some_labels_by_their_names_alone(tiny):
    named = replace(tiny, labels=("ask_about_history", "play_music", "set_alarm"))
    best = zero_shot(named, tiny.test)
    gold = [2] * 3 + [1] * 3 + [0] * 3
    assert best.shape == (9,) and (best == gold).mean() >= 6 / 9
