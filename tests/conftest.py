"""What several test files share: a tiny data set with slots, a teacher, students and a bundle made from it for real.

They are built once a run, in seconds, under a home of their own.
"""

import contextlib
import os
import signal
import tempfile
from pathlib import Path

import hypothesis
import pytest

from edgelab.datasets.dataset import Dataset, Split
from edgelab.datasets.slots import parse_marked
from edgelab.workspace import home as home_now
from tests.beginning import guard

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


# The same examples in each run, and few: what fails once fails again. Others, and more: `pytest --hypothesis-profile=default`.
hypothesis.settings.register_profile(
    "same",
    derandomize=True,
    deadline=None,
    print_blob=True,
    database=None,
    max_examples=40,
    suppress_health_check=[
        hypothesis.HealthCheck.function_scoped_fixture,  # a folder that each example writes anew
        hypothesis.HealthCheck.too_slow,  # a busy machine is no fault of a test
    ],
)
hypothesis.settings.load_profile("same")

HERE = Path(__file__).parent
# The first trains what most of the others load, and would keep them waiting. What stands beside it has no use for it: one
# more notebook, then the tests of the course's tools.
AHEAD, BESIDE = ("01_distillation", "08_generation"), HERE / "course"
# What the course's notebooks build: `make test` begins without, so that their run is the cold one; `make test-slow` goes on
# from there.
BUILT = HERE.parent / "build" / "tests" / "built"
WAITING = [HERE / room for room in ("browser", "cloud", "commands", "fleet", "measurement", "sweeps", "tiers")]
# Files that train, or start servers and processes, for more than ten seconds: `make test-fast` leaves them to `make test`.
HEAVY = [
    HERE / file
    for file in (
        "build/test_pipeline.py",
        "build/test_unlabelled.py",
        "cloud/test_client.py",
        "commands/test_bench_generators.py",
        "commands/test_lab.py",
        "commands/test_run.py",
        "commands/test_workshop.py",
        "course/test_notebooks.py",
        "distillation/test_by_hand.py",
        "distillation/test_family.py",
        "distillation/test_students.py",
        "export/test_repair.py",
        "export/test_to_onnx.py",
        "fleet/test_lab.py",
        "fleet/test_load.py",
        "measurement/test_widgets.py",
        "personalization/test_adaptable.py",
        "privacy/test_watching.py",
        "routing/test_assistant.py",
        "selection/test_certainty.py",
        "test_explorer_grids.py",
        "test_source.py",
        "tiers/test_ai_hub.py",
        "tiers/test_emulation.py",
        "tools/test_instructors.py",
        "tools/test_refresh.py",
        "web/test_web.py",
    )
]
OWN_HOME = home_now()  # where `make env` prepares: before a test sets another one


def pytest_configure():
    """A shell's background job ignores Ctrl-C, and so would every process that a test starts. Those begin with
    `tests/beginning`, as this one does."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    noted, os.environ[guard.VARIABLE] = tempfile.mkstemp(prefix="edgelab-tried-")
    os.close(noted)
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, dict.fromkeys((str(guard.HERE), *paths))))
    guard.begin()


def pytest_unconfigure():
    Path(os.environ[guard.VARIABLE]).unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def no_network(request):
    """A test without the mark `network` fails if it, or a Python process that it started, tried to reach another machine,
    or looked up its name; there it sees an `OSError` at once."""
    if request.node.get_closest_marker("network"):
        with guard.network():
            yield
        return
    yield
    asked = guard.tried()
    assert not asked, f"without the mark `network`, this test tried: {', '.join(dict.fromkeys(asked))}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """The notebooks first, since their run is the longest and cold; the browser last: it finds what they have built.
    Both, and what starts servers and processes, wait for others in real time, and are tried once more before they fail.
    A process takes a file, or the run of one notebook, at a time.
    """
    for item in items:
        alone = _runs_a_notebook(item) or item.path == HERE / "browser" / "test_jupyterlab.py"
        item.add_marker(pytest.mark.xdist_group(item.name if alone else item.nodeid.partition("::")[0]))
        if HERE / "browser" in item.path.parents:
            item.add_marker("browser")
        if item.path in HEAVY:
            item.add_marker("heavy")
        if item.path == HERE / "test_notebooks.py" or item.path.parent in WAITING:
            item.add_marker(pytest.mark.flaky(reruns=1))
        if item.path.parent == HERE / "sweeps":
            item.add_marker(pytest.mark.timeout(900))  # clusters that wait for each other would do so for ever
    items.sort(key=_place)


def pytest_terminal_summary(terminalreporter):
    """Seconds and peak memory of every notebook that ran."""
    reports = [r for outcome in ("passed", "failed") for r in terminalreporter.stats.get(outcome, [])]
    measured = {r.nodeid: dict(r.user_properties) for r in reports if getattr(r, "user_properties", None)}
    for name, told in sorted(measured.items()):
        if "peak_gb" in told:
            terminalreporter.write_line(f"{name}: {told['seconds']} s, peak {told['peak_gb']} GB")


def _runs_a_notebook(item):
    return item.get_closest_marker("notebook")


def _place(item):
    if _runs_a_notebook(item):
        name = item.callspec.params["path"].stem
        return (0, AHEAD.index(name)) if name in AHEAD else (2, 0)
    if item.path.parent == BESIDE:
        return (1, 0)
    return (3, HERE / "browser" in item.path.parents)


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
def web(shared):
    """A copy of `web/` with all libraries of its lock file, those of its checks among them; skipped without Node."""
    import shutil
    import subprocess

    from filelock import FileLock

    from edgelab.machine.assets import AssetsError, find_node

    try:
        npm = find_node().npm
    except AssetsError as error:
        pytest.skip(str(error))
    folder = shared("web") / "web"
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            ignored = shutil.ignore_patterns("node_modules", "dist", ".tests")
            made = shutil.copytree(HERE.parent / "web", folder.with_suffix(".scratch"), ignore=ignored)
            install = [*npm, "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"]
            done = subprocess.run(install, cwd=made, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            made.rename(folder)
    return folder


@pytest.fixture(scope="session")
def axe(web):
    """The source of axe-core, which finds what keeps people from a page."""
    return (web / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


@pytest.fixture(scope="session")
def own_generator():
    """What `edgelab prepare generator` has built of SmolLM2 in the course's own home: it may be nothing."""
    from benchmarks.homes import home_at
    from edgelab.generation.convert import prepared

    with home_at(OWN_HOME):
        return prepared()


@pytest.fixture
def real_generator(own_generator):
    """The same, whole; skipped without."""
    from edgelab.generation.convert import MISSING

    if own_generator.missing:
        pytest.skip(f"the generator is not there: {MISSING}")
    return own_generator


@pytest.fixture(scope="session")
def own_vision():
    """What `edgelab prepare vision` has fetched into the course's own home: it may be nothing."""
    from benchmarks.homes import home_at
    from edgelab.tiers.vision import MODELS, RAPIDOCR

    with home_at(OWN_HOME):
        return dict(zip(MODELS, RAPIDOCR.kept(), strict=True)) if RAPIDOCR.is_there() else {}


@pytest.fixture
def real_vision(own_vision):
    """The same; skipped without."""
    from edgelab.tiers.vision import MISSING

    return own_vision or pytest.skip(MISSING)


@pytest.fixture(scope="session")
def home(shared):
    """The EDGELAB_HOME of all runs of the course's notebooks: what one builds, the next one loads. What `make env` has
    prepared is lent by the course's own home."""
    from benchmarks.homes import home_at, lend_prepared

    folder = _with_what_is_built(shared("home"))
    with home_at(OWN_HOME):
        lend_prepared(folder)
    return folder


def _with_what_is_built(home: Path) -> Path:
    """This home, with `built` for its built things. What a learner leaves in a home ends with the run of the tests."""
    BUILT.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        (home / "built").symlink_to(BUILT, target_is_directory=True)
    return home


@pytest.fixture(scope="session")
def full_folder(shared):
    """Where the slow tests build: what several of them need is trained once for all."""
    return _with_what_is_built(shared("full-home"))


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
def tiny_checkpoint(tiny_home):
    """The folder of a random Llama of two layers: not to be changed."""
    from edgelab.workspace import build_once
    from tests.tiny_generators import save

    with tiny_home():
        return build_once("tiny-llama", save, inputs={}).path


@pytest.fixture(scope="session")
def tiny_gguf(tiny_checkpoint, tiny_home):
    """The same as a GGUF file: not to be changed."""
    from edgelab.workspace import build_once
    from tests.tiny_generators import save_gguf

    with tiny_home():
        made = build_once("tiny-gguf", lambda folder: save_gguf(tiny_checkpoint, folder / "tiny.gguf"), inputs={})
    return made.path / "tiny.gguf"


@pytest.fixture(scope="session")
def tiny_prepared(tiny_gguf, tiny_home):
    """That file as the chosen generator, converted and built by the real tools: half a minute."""
    from edgelab.generation.convert import prepare

    with tiny_home(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDGELAB_GENERATOR", str(tiny_gguf))
        return prepare(lambda step: None)


@pytest.fixture
def chosen(tiny_gguf, tiny_prepared, at_home, monkeypatch):
    """The whole test with it."""
    monkeypatch.setenv("EDGELAB_GENERATOR", str(tiny_gguf))
    return tiny_prepared


@pytest.fixture(scope="session")
def tiny_models(tiny_prepared):
    """Precision -> the folder of its model."""
    return tiny_prepared.models


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
