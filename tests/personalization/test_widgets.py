"""The explorers of personalization: each pure function over its grid, and what is shown of it."""

import numpy as np
import pytest

from edgelab.personalization.heads import Heard, Scores
from edgelab.personalization.lowrank import largest_rank
from edgelab.personalization.widgets import LAYERS, compute_bytes, compute_price, show_bytes, show_price
from tests.explorers import assert_controls, assert_moves, assert_shows, controls_of, parts

RNG = np.random.default_rng(0)
RIGHT = {"validation": RNG.random(100) < 0.9, "test": RNG.random(100) < 0.9}


def person():
    own, *base = (Scores(RNG.normal(size=n), RNG.random(n) < 0.8) for n in (40, 100, 100))
    return Heard(own, *base)


HEARD = {share: {name: person() for name in ("ada", "bob")} for share in (0.0, 0.5)}
EXPLORERS = {"price": lambda: show_price(HEARD, RIGHT), "bytes": show_bytes}


@pytest.mark.parametrize("name", EXPLORERS)
def test_an_explorer_has_few_bounded_controls_and_each_moves_all_it_shows(name):
    assert_controls(EXPLORERS[name]())
    assert_moves(EXPLORERS[name]())


def test_the_price_buys_understanding():
    found = [compute_price(HEARD[0.5], RIGHT, most / 100) for most in (0, 2, 5, 10)]
    for _, *means in found:
        assert len(means) == 2
    assert [u for _, u, _ in found] == sorted(u for _, u, _ in found)
    assert [v for *_, v in found] == sorted(v for *_, v in found)
    table, understood, _ = found[1]
    assert table["person"].tolist() == ["ada", "bob"]
    assert table["understood, %"].astype(float).mean() == pytest.approx(understood, abs=0.06)


def test_the_price_explorer_shows_what_is_computed():
    box = show_price(HEARD, RIGHT)
    replay, percent = controls_of(box)
    for replay.value, percent.value in (("0", 0.0), ("0.5", 10.0)):
        assert_shows(parts(box)[2], compute_price(HEARD[float(replay.value)], RIGHT, percent.value / 100)[0])


def test_the_task_agrees_with_what_the_learner_computes():
    """The largest rank under 300 KB, with 50 KB for the commands' own layer."""
    rank = largest_rank([(384, 384)] * 6, 250_000)
    kilobytes = [float(compute_bytes(next(iter(LAYERS)), r, 1)["a person"][0].split()[0]) for r in (rank, rank + 1)]
    assert kilobytes[0] <= 300 < kilobytes[1]


def test_so_many_adapters_fit_into_the_room_of_one_copy():
    found = {people: compute_bytes(next(iter(LAYERS)), 4, people) for people in (700, 800)}
    copy_mb = float(found[700]["a person"].iloc[-1].split()[0])
    adapters_mb = [float(table["everybody"][0].split()[0]) for table in found.values()]
    assert adapters_mb[0] <= copy_mb < adapters_mb[1]
