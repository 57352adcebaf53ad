"""Trials, their names and the order of their tasks."""

import json
from dataclasses import replace

import pytest

from edgelab.datasets.sources import DataError
from edgelab.sweeps.config import read_config
from edgelab.sweeps.run import tasks_of
from edgelab.sweeps.trials import data_of, trials_of


@pytest.fixture
def trials(data_file, tmp_path):
    content = {
        "data": ["data/tiny.csv"],
        "families": ["teacher", "static"],
        "precisions": ["int8", "int4"],
        "seeds": [0, 7],
        "teacher": {"epochs": 1.5},
        "recipes": {"plain": {"family": "static", "distilled": False, "plan": {"steps": 9}}},
    }
    (tmp_path / "sweep.json").write_text(json.dumps(content))
    return trials_of(read_config(tmp_path / "sweep.json"))


def test_every_combination_is_a_trial_of_its_own(trials):
    assert len(trials) == 3 * 2 * 2 == len({trial.name for trial in trials})
    assert {trial.teacher.epochs for trial in trials} == {1.5}
    plans = {trial.recipe: trial.plan for trial in trials}
    assert (
        plans["teacher"] is None and plans["plain"].steps == 9 and plans["plain"] == replace(plans["static"], steps=9)
    )
    assert trials[0].title == "tiny, teacher int8, seed 0" and trials[0].name.startswith("tiny-teacher-int8-0-")


@pytest.mark.parametrize(
    "other",
    [
        {"fingerprint": "x"},
        {"split": "test"},
        {"seed": 8},
        {"distilled": False},
        {"unlabelled": False},
        {"recipe": "other"},
    ],
)
def test_whatever_decides_a_row_is_in_its_name(trials, other):
    assert replace(trials[2], **other).name != trials[2].name
    assert replace(trials[2], teacher=replace(trials[2].teacher, lr=1)).name != trials[2].name
    assert replace(trials[2], data="/elsewhere/tiny.csv", read=0).name == trials[2].name


def test_a_teacher_and_a_model_are_trained_once_before_what_needs_them(trials):
    tasks = tasks_of(trials)
    assert len(tasks) == 2 + 4 + 12 == len({task.name for task in tasks})  # two teachers, two models of each
    place = {task.name: i for i, task in enumerate(tasks)}
    assert all(place[before] < place[task.name] for task in tasks for before in task.after)
    of = {task.name: task for task in tasks}
    for trial in trials:
        (before,) = of[trial.name].after
        kinds = ["teacher trained"] if trial.spec is None else [f"{trial.recipe} trained", "teacher trained"]
        assert kinds[0] in before and f"seed {trial.seed} " in before
        assert len(kinds) == 1 or kinds[1] in of[before].after[0]
    teacher, static = (next(t.cost for t in tasks if f"{kind} trained" in t.name) for kind in ("teacher", "static"))
    assert teacher > 25_000 and static > 25_000


def test_a_worker_that_sees_other_data_says_so(trials, data_file):
    data_of.cache_clear()
    with pytest.raises(DataError, match=r"tiny\.csv: expected the data that the command has seen"):
        data_of(str(data_file), "0" * 64)
