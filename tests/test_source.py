"""A kept result is built anew when any file that decides it changes, and only then: nobody keeps a list by hand."""

import inspect
import sys
from pathlib import Path

import pytest

from edgelab import source, workspace
from edgelab.distillation import StudentPlan, TeacherPlan, train_student, train_teacher
from edgelab.models import Spec, encoder, networks
from edgelab.source import source_digest, source_files

PACKAGE = Path(source.__file__).parent
KINDS = {"teacher", "student", "targets", "outputs", "bundle", "answers", "converted", "deployed"}
# Where a result is kept and what is said of it on the way: none of it is in the result.
KEEPING = {"workspace.py", "source.py", "errors.py", "machine/bars.py"}


@pytest.fixture(scope="module")
def builds(tiny, tmp_path_factory):
    """Of each kind of artifact: the functions of its key, and the package's files whose code ran while it was built."""
    from edgelab.build.deploy import deploy
    from edgelab.quantization import convert

    keyed, ran, active = {}, {}, []
    digest, once = workspace.source_digest, {}

    def watch(frame, event, _):
        code = frame.f_code
        # Of functions only: the body of a module or a class runs when a file is imported, and builds nothing.
        if active and code.co_flags & inspect.CO_OPTIMIZED and code.co_filename.startswith(str(PACKAGE)):
            for kind in active:
                ran[kind].add(Path(code.co_filename))
        if code in once:
            active.append(once[code])
            ran[once[code]].add(Path(code.co_filename))
            return leave
        return None  # nothing within it is watched: this is quick

    def leave(frame, event, _):
        if event == "return":
            active.pop()
        return leave

    def remember(*functions):
        kind = sys._getframe(1).f_locals["kind"]
        keyed[kind], once[functions[0].__code__] = functions, kind
        ran.setdefault(kind, set())
        return digest(*functions)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDGELAB_HOME", str(tmp_path_factory.mktemp("traced")))
        patch.setattr(workspace, "source_digest", remember)
        patch.setattr(networks, "load_encoder", lambda layers=None: encoder.load_encoder(layers or (0,)))
        sys.settrace(watch)
        try:
            teacher = train_teacher(tiny, TeacherPlan(batch_size=12, epochs=1))
            plan = StudentPlan(lr=5e-3, steps=4, batch_size=12, augmented=8, bits=4)
            student = train_student(Spec("convolution", 400, 32, 48), (teacher,), plan)
            student.slots_correct("validation")
            convert(student, "int4 packed").outputs("validation")
            student.bundle()
            deploy(student, ("fp32", "int8"), 0.5)
        finally:
            sys.settrace(None)
    return {kind: (keyed[kind], ran[kind]) for kind in keyed}


def names(files) -> set[str]:
    return {file.relative_to(PACKAGE).as_posix() for file in files}


def test_every_kind_of_artifact_is_watched(builds):
    assert set(builds) == KINDS and all(len(ran) >= 2 for _, ran in builds.values())


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_file_whose_code_runs_in_a_build_is_part_of_its_key(builds, kind):
    functions, ran = builds[kind]
    assert names(ran) - names(source_files(*functions)) <= KEEPING


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_change_in_each_of_these_files_changes_the_key_and_one_in_a_widget_does_not(builds, kind, monkeypatch):
    functions, _ = builds[kind]
    files, before = source_files(*functions), source_digest(*functions)
    read, changed = Path.read_bytes, set()
    monkeypatch.setattr(Path, "read_bytes", lambda file: read(file) + b"# changed" * (file in changed))
    for file in files:
        changed = {file}
        assert source_digest(*functions) != before, file
    harmless = {f for f in PACKAGE.rglob("*.py") if f.name in ("widgets.py", "checks.py", "plots.py", "cli.py")}
    assert len(harmless) > 10 and not harmless & set(files)
    changed = harmless
    assert source_digest(*functions) == before


def test_a_teacher_is_not_trained_again_for_what_comes_after_it(builds):
    """Nor for another way to export, to pack or to route it."""
    functions, _ = builds["teacher"]
    assert {name.split("/")[0] for name in names(source_files(*functions))} <= {
        *("distillation", "models", "datasets", "machine", "stats"),
    }


def test_what_a_value_brings_along_counts_where_it_is_named(builds):
    functions, _ = builds["outputs"]
    assert len(functions) == 2 and functions[1].__name__ == "answer"


def test_a_function_typed_at_a_prompt_has_no_file():
    space: dict = {}
    exec("def build(folder):\n    pass", space)
    assert source_files(space["build"]) == []


TABLE = """
from edgelab.stats import binomial, bootstrap, intervals, samples, softmax
from edgelab.machine import memory, host as machine

FIRST, SECOND = softmax.softmax, bootstrap.bootstrap
if machine:
    WHICH = {"a": intervals.accuracy_interval}
unused = samples.LatencySamples


def by_names():
    def build(folder):
        return FIRST

    return build


def by_a_table(key):
    def build(folder):
        return WHICH[key]

    return build


def by_what_is_around():
    if True:
        count = binomial.binomial_bounds

    def build(folder):
        return count

    return build


def by_a_lambda():
    return [lambda folder: memory.tree_bytes(1)][0]
"""


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("by_names", {"softmax.py", "bootstrap.py"}),
        ("by_a_table", {"intervals.py"}),
        ("by_what_is_around", {"binomial.py"}),
        ("by_a_lambda", {"softmax.py", "bootstrap.py", "intervals.py", "binomial.py", "samples.py", "memory.py"}),
    ],
)
def test_what_a_build_names_counts_however_it_came_to_its_name(tmp_path, way, expected):
    """Two names at once, a table of functions, the function around it; for a lambda, all that its file imports."""
    file, space = tmp_path / "table.py", {}
    file.write_text(TABLE)
    exec(compile(TABLE, str(file), "exec"), space)
    build = space[way](*["a"] * (way == "by_a_table"))
    found = {reached.name for reached in source_files(build)} - {"table.py"}
    assert expected <= found
    if way != "by_a_lambda":
        assert not {"memory.py", "samples.py"} & found
