"""The time left, with a clock of our own."""

from pathlib import Path

import pytest

from edgelab.build.progress import Progress
from edgelab.workspace import Artifact


@pytest.fixture
def run():
    said, now = [], [0.0]
    progress = Progress({"teacher": 100, "student": 50, "test": 10}, said.append, lambda: now[0])

    def stage(name: str, seconds: float, loaded: bool):
        with progress.stage(name) as tell:
            now[0] += seconds
            tell(Artifact(Path("x"), name, "2026-01-01 00:00", 77.0, loaded))

    return stage, said


def test_the_time_left_is_learned_from_what_was_built(run):
    stage, said = run
    stage("teacher", 600, loaded=False)
    stage("student", 150, loaded=False)
    stage("test", 1, loaded=False)
    assert said[::2] == [
        "[1/3] teacher",
        "[2/3] student (about 6 min left)",  # 60 of 100 units
        "[3/3] test (less than a minute left)",  # 10 units at 5 s each
    ]
    assert said[1] == "      teacher: built now in 77 s"


def test_what_was_loaded_teaches_nothing_of_the_time(run):
    stage, said = run
    stage("teacher", 1, loaded=True)
    stage("student", 300, loaded=False)
    stage("test", 1, loaded=False)
    assert said[::2] == ["[1/3] teacher", "[2/3] student", "[3/3] test (about 1 min left)"]
    assert "loaded; it was built on 2026-01-01" in said[1]
