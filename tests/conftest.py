"""What several test files share: a tiny data set with slots, a teacher, students and a bundle made from it for real.

They are built once a run, in seconds, under a home of their own.
"""

import contextlib
import os
from pathlib import Path

import pytest

from edgelab.datasets.dataset import Dataset, Split
from edgelab.datasets.slots import parse_marked

UTTERANCES = {
    "set_alarm": ("wake me at [{}](time)", "alarm for [{}](time) please", "get me up at [{}](time) sharp"),
    "play_music": ("play [{}](artist)", "put on some [{}](artist) songs", "i want to hear [{}](artist)"),
    "ask_cloud": ("why is {} so famous", "explain the history of {}", "who invented {}"),
}
FILL = {
    "set_alarm": ("seven", "noon", "half past nine", "6 am", "ten tonight", "midnight"),
    "play_music": ("queen", "miles davis", "the beatles", "adele", "johnny cash", "abba"),
    "ask_cloud": ("rome", "chess", "the steam engine", "coffee", "silk", "glass"),
}


def _split(chosen: slice) -> Split:
    rows = [
        (*parse_marked(pattern.format(value)), label)
        for label, patterns in UTTERANCES.items()
        for value in FILL[label][chosen]
        for pattern in patterns
    ]
    texts, spans, labels = zip(*rows, strict=True)
    return Split(texts, labels, spans)


HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """The notebooks first, since their run is the longest and cold; the browser last: it finds what they have built."""
    for item in items:
        if HERE / "browser" in item.path.parents:
            item.add_marker("browser")
    items.sort(key=lambda item: (item.path != HERE / "test_notebooks.py", HERE / "browser" in item.path.parents))


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """`shared(name)`: a folder of that name which all processes of this run share. What is built there is built once,
    since `build_once` lets one process build while the others wait."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def folder(name: str) -> Path:
        (base / name).mkdir(exist_ok=True)
        return base / name

    return folder


@pytest.fixture(scope="session")
def home(shared):
    """The EDGELAB_HOME of all runs of the course's notebooks: what one builds, the next one loads."""
    return shared("home")


@pytest.fixture(scope="session")
def full_folder(shared):
    """Where the slow tests build: the teacher of CLINC150 is trained once for all of them."""
    return shared("full-home")


@pytest.fixture(scope="module")
def full_home(full_folder):
    """A whole module under that home: `pytest.mark.usefixtures("full_home")`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDGELAB_HOME", str(full_folder))
        yield full_folder


@pytest.fixture(scope="session")
def tiny() -> Dataset:
    """36 training examples and 9 of each other split, in 3 labels with 2 slots; 9 more in the extra split `hard`."""
    train, validation, test = _split(slice(0, 4)), _split(slice(4, 5)), _split(slice(5, 6))
    return Dataset("tiny", train, validation, test, tuple(sorted(UTTERANCES)), ("artist", "time"), {"hard": test})


@pytest.fixture(scope="session")
def tiny_home(shared):
    """`with tiny_home():` builds and loads under one home, shared by the whole run."""
    folder = shared("tiny-home")

    @contextlib.contextmanager
    def inside():
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("EDGELAB_HOME", str(folder))
            yield folder

    return inside


@pytest.fixture
def at_home(tiny_home):
    """The whole test under that home."""
    with tiny_home():
        yield


@pytest.fixture(scope="session")
def tiny_teacher(tiny, tiny_home):
    """The real encoder, fine-tuned on the tiny data: 15 steps."""
    from edgelab.distillation.teacher import TeacherPlan, train_teacher

    with tiny_home():
        return train_teacher(tiny, TeacherPlan(batch_size=12, epochs=5))


@pytest.fixture(scope="session")
def tiny_student(tiny_teacher, tiny_home):
    """A convolution distilled from it, with an intent and a slot head."""
    from edgelab.distillation.students import StudentPlan, train_student
    from edgelab.models.spec import Spec

    plan = StudentPlan(lr=5e-3, steps=150, batch_size=12, augmented=60)
    with tiny_home():
        return train_student(Spec("convolution", 400, 32, 48), (tiny_teacher,), plan)


@pytest.fixture(scope="session")
def tiny_bundle(tiny_student, tiny_home):
    """The folder of its bundle: not to be changed; copy it first."""
    with tiny_home():
        return tiny_student.bundle()


@pytest.fixture(scope="session")
def pocket():
    """The ready-made bundle."""
    from edgelab.bundle.predict import Bundle
    from tests.clouds import POCKET

    return Bundle.load(POCKET)


@pytest.fixture(scope="module")
def cloud():
    """The stand-in in a process of its own, serving that bundle: one for a whole file."""
    from edgelab.cloud.client import start_cloud
    from tests.clouds import AT_ONCE, POCKET

    with start_cloud(POCKET, network=AT_ONCE) as running:
        yield running


@pytest.fixture
def no_real_endpoint(monkeypatch):
    """Whatever the environment names, nothing leaves: `pytest.mark.usefixtures("no_real_endpoint")`."""
    from edgelab.cloud.client import MODEL_VARIABLE

    monkeypatch.delenv(MODEL_VARIABLE, raising=False)
