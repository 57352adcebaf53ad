"""What may be shown of a room: no line, and nothing that lines can be subtracted to, is of fewer than k devices."""

import random
from itertools import combinations

import numpy as np
import pytest

from edgelab.fleet.release import LIMITS, latest, released
from edgelab.stats.intervals import accuracy_interval

LIMIT = {"90 % of answers": 10.0, "first answer": 1000.0}


def row(device: int, kind: str = "phone", system: str = "Android", p90: float = 5.0, first: float = 1.0) -> dict:
    times = {"p90_ms": p90, "download_ms": 500.0, "session_ms": 100.0, "first_ms": first}
    return {"device": device, "kind": kind, "system": system, **times}


def room(**sizes: int) -> list[dict]:
    systems = [system for system, size in sizes.items() for _ in range(size)]
    return [row(number, system=system) for number, system in enumerate(systems)]


def lines(rows: list[dict], k: int = 5) -> dict[str, int]:
    return {group.name: group.devices for group in released(rows, LIMIT, k)}


def test_the_limits_are_those_of_the_table():
    assert set(LIMIT) == set(LIMITS)


def test_shares_come_with_their_intervals():
    rows = [row(n, p90=9 if n < 6 else 11, first=1 if n < 3 else 500) for n in range(8)]
    group, every = released(rows, LIMIT, 5)
    assert (group.name, group.devices, every.name) == ("phone, Android", 8, "all") and group.within == every.within
    assert group.within == (accuracy_interval(np.arange(8) < 6), accuracy_interval(np.arange(8) < 3))


def test_a_device_that_reported_twice_counts_once_as_it_was_last():
    rows = [row(n, p90=20) for n in range(5)] + [row(0, p90=5)]
    assert lines(rows) == {"phone, Android": 5, "all": 5} and len(latest(rows)) == 5
    assert released(rows, LIMIT, 5)[0].within[0].value == 0.2
    assert released([row(0) for _ in range(100)], LIMIT, 5) == []  # one device is no group, however often it reports


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({}, {}),
        ({"a": 4}, {}),
        ({"a": 5}, {"a": 5, "all": 5}),
        ({"a": 9, "b": 5}, {"a": 9, "b": 5, "all": 14}),
        ({"a": 9, "b": 3, "c": 2}, {"a": 9, "other": 5, "all": 14}),
        ({"a": 9, "b": 7, "c": 1}, {"a": 9, "other": 8, "all": 17}),  # all less a less b would be c
        ({"a": 9, "c": 1}, {"all": 10}),
        ({"a": 3, "b": 3}, {"all": 6}),
        ({"a": 2, "b": 2}, {}),
    ],
)
def test_small_groups_are_pooled_and_a_small_pool_takes_another_in(sizes, expected):
    named = {name if name in ("other", "all") else f"phone, {name}": count for name, count in expected.items()}
    assert lines(room(**sizes)) == named


def test_no_sum_or_difference_of_lines_is_of_fewer_than_k():
    """Over random rooms: any line less any set of others that lie within it leaves nobody, or k devices."""
    draw = random.Random(0)
    for _ in range(300):
        k, sizes = draw.randint(2, 8), {name: draw.randint(1, 12) for name in "abcdefg"[: draw.randint(1, 7)]}
        shown = lines(room(**sizes), k)
        every = shown.pop("all", 0)
        assert every in (0, sum(sizes.values())) and all(count >= k for count in shown.values())
        assert sum(shown.values()) in (0, every)
        for number in range(len(shown) + 1):
            for some in combinations(shown.values(), number):
                assert every - sum(some) == 0 or every - sum(some) >= k


def test_the_name_of_a_small_group_is_not_told():
    assert "phone, rare" not in lines(room(a=9, rare=1, b=6))
