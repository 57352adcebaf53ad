"""Cases and mistakes of the exercise on groups that are too small: `aggregate_groups`."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.privacy.aggregation import aggregate, aggregate_groups
from edgelab.privacy.telemetry import Count, Plan, YesNo
from edgelab.stats.intervals import Interval

PLAN = Plan((YesNo("crashed", 1.0), Count("escalated", 1.0, most=5)))
Reports = list[dict[str, Any]]
Told = dict[str, dict[str, tuple[Interval, ...]]]


def _fleets(rng: np.random.Generator) -> Iterator[dict]:
    for sizes, least in (
        ({"1": 30, "2": 25, "beta": 3, "alpha": 19}, 20),  # two too small, together large enough
        ({"1": 20, "2": 22, "beta": 19}, 20),  # one just large enough, and a pool that is not
        ({"1": 12, "other": 6, "beta": 5, "gamma": 2}, 10),  # a group that calls itself so
        ({"a": 4, "b": 3}, 30),  # nothing at all
        ({"only": int(rng.integers(8, 15))}, 5),
        ({}, 5),
    ):
        yield {"plan": PLAN, "reports": _reports(rng, sizes), "by": "release", "minimum_group": least}
    yield {"plan": PLAN, "reports": _reports(rng, {"1": 21, "a": 12, "b": 8}), "by": "release", "minimum_group": 20}
    for own in (25, 9):  # a large group that calls itself "other", with and without small ones beside it
        reports = _reports(rng, {"1": 30, "other": own + 16, "x": 7, "y": own})
        yield {"plan": PLAN, "reports": reports, "by": "release", "minimum_group": 20}
    yield {"plan": PLAN, "reports": _reports(rng, {"1": 14, "2": 16}), "by": "country", "minimum_group": 4}
    unnamed = [report | {"group": {}} for report in _reports(rng, {"x": 7})]  # says nothing of its release
    yield {"plan": PLAN, "reports": unnamed + _reports(rng, {"1": 9}), "by": "release", "minimum_group": 6}


def _reports(rng: np.random.Generator, sizes: dict[str, int]) -> Reports:
    """Reports of groups of these sizes, shuffled."""
    found = [
        {
            "group": {"release": name, "country": str(rng.choice(["x", "y"]))},
            "answers": {"crashed": bool(rng.random() < 0.4), "escalated": int(rng.integers(-3, 9))},
        }
        for name, size in sizes.items()
        for _ in range(size)
    ]
    return [found[place] for place in rng.permutation(len(found))]


def _grouped(reports: Reports, by: str) -> dict[str, Reports]:
    groups: dict[str, Reports] = {}
    for report in reports:
        groups.setdefault(str(report["group"].get(by, "other")), []).append(report)
    return groups


def _told(plan: Plan, groups: dict[str, Reports]) -> Told:
    return {name: aggregate(plan, members, minimum_group=1) for name, members in groups.items() if members}


def _by(choose: Callable[[dict[str, Reports], int], dict[str, Reports]]) -> Callable[..., Told]:
    def wrong(plan: Plan, reports: Reports, by: str, *, minimum_group: int) -> Told:
        return _told(plan, choose(_grouped(reports, by), minimum_group))

    return wrong


def _pooled(groups: dict[str, Reports], least: int, *, always: bool = False, of_own: bool = True) -> dict[str, Reports]:
    shown = {name: members for name, members in groups.items() if len(members) >= least and name != "other"}
    pool = [r for name, members in groups.items() if name not in shown and (of_own or name != "other") for r in members]
    return shown | ({"other": pool} if pool and (always or len(pool) >= least) else {})


def register(check: Checks) -> None:
    """Add the exercise to a notebook's registry."""
    check.function(
        aggregate_groups,
        cases=_fleets,
        nudge="Three kinds of groups: large enough, too small, and what the small ones make together. Which of them are told?",
        mistakes=(
            Mistake(
                "told of everybody",
                _by(lambda groups, least: groups),
                "a group below minimum_group must not be told of by itself.",
            ),
            Mistake(
                "the small ones dropped",
                _by(lambda groups, least: {name: each for name, each in groups.items() if len(each) >= least}),
                'small groups need not be lost: together, as "other", they may be large enough.',
            ),
            Mistake(
                "a pool of any size",
                _by(lambda groups, least: _pooled(groups, least, always=True)),
                'the pool is a group as well: where even "other" is too small, it is left out.',
            ),
            Mistake(
                "just too few",
                _by(lambda groups, least: _pooled(groups, least + 1)),
                "minimum_group devices are enough: as many as it, not more.",
            ),
            Mistake(
                "a pool just too small",
                _by(
                    lambda groups, least: {
                        name: each
                        for name, each in _pooled(groups, least).items()
                        if name != "other" or len(each) > least
                    }
                ),
                'minimum_group reports are enough for "other", too.',
            ),
            Mistake(
                "always by release",
                lambda plan, reports, by, *, minimum_group: aggregate_groups(
                    plan, reports, "release", minimum_group=minimum_group
                ),
                'which groups are made is said by `by`: report["group"] may say several things.',
            ),
            Mistake(
                "and all together",
                _by(
                    lambda groups, least: (
                        _pooled(groups, least) | {"all": [report for members in groups.values() for report in members]}
                    )
                ),
                "a total gives the left-out ones away: all less the groups shown is what nobody should see.",
            ),
            Mistake(
                "its own other forgotten",
                _by(lambda groups, least: _pooled(groups, least, of_own=False)),
                'reports that name no group, or call it "other", belong to the pool.',
            ),
            Mistake(
                "one small, all pooled",
                _by(
                    lambda groups, least: (
                        groups
                        if all(len(each) >= least for each in groups.values())
                        else {"other": [report for members in groups.values() for report in members]}
                    )
                ),
                "groups that are large enough keep their own line: only the small ones are pooled.",
            ),
        ),
    )
