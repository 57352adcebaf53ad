"""The folder of a build: what is refused, and that an earlier build survives whatever happens to the next one."""

import functools
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgelab.build import folder as written
from edgelab.build.folder import BuildError, check_folder, put_right
from edgelab.build.measured import Measured
from edgelab.measurement.bundles import Timing
from edgelab.stats.samples import LatencySamples
from tests.full_disk import fill, small_disk

FILES = {"bundle.json", "model.onnx", "tokenizer.json"}


# --- what is refused ----------------------------------------------------------------------------


def test_a_folder_with_other_files_and_a_file_are_not_written_to(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(BuildError, match="expected an empty folder or an earlier build, found thesis.txt"):
        check_folder(tmp_path)
    with pytest.raises(BuildError, match="expected a folder to write to, found a file"):
        check_folder(tmp_path / "thesis.txt")
    with pytest.raises(BuildError, match="expected a folder to write to, found a file"):
        check_folder(tmp_path / "thesis.txt" / "out")
    assert os.listdir(tmp_path) == ["thesis.txt"]


def test_new_empty_and_earlier_folders_are_written_to(tmp_path):
    check_folder(tmp_path / "new" / "out")
    assert not (tmp_path / "new").exists()
    (tmp_path / ".DS_Store").write_text("a file manager's")
    check_folder(tmp_path)
    for name in ("report.json", "report.html", "samples.json"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "bundle").mkdir()
    check_folder(tmp_path)
    for name in ("bundle.json", "model.onnx", "tokenizer.json", ".DS_Store"):
        (tmp_path / "bundle" / name).write_text("")
    check_folder(tmp_path)


def test_a_readme_of_ones_own_is_not_overwritten(tmp_path):
    (tmp_path / "README.md").write_text("my project")
    with pytest.raises(BuildError, match=r"found README\.md; choose another one"):
        check_folder(tmp_path)
    for name in (
        "report.json",
        written.READY,
        written.FORMER,
        written.ARRIVING,
    ):  # of a build, or of one that was killed
        (tmp_path / name).write_text("{}")
        check_folder(tmp_path)
        (tmp_path / name).unlink()


def test_a_folder_of_ones_own_that_is_called_bundle_is_not_overwritten(tmp_path):
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "thesis.txt").write_text("years of work")
    with pytest.raises(BuildError, match=r"found bundle/thesis\.txt; choose another one"):
        check_folder(tmp_path)
    (tmp_path / "bundle" / "thesis.txt").rename(tmp_path / "bundle" / "model.onnx")  # an export of one's own
    with pytest.raises(BuildError, match=r"found bundle/model\.onnx; choose another one"):
        check_folder(tmp_path)
    (tmp_path / "bundle").rename(tmp_path / "elsewhere")
    (tmp_path / "bundle").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "bundle").write_text("a file")
    for folder in (tmp_path, tmp_path / "other"):
        with pytest.raises(BuildError, match="found (bundle|elsewhere); choose another one"):
            check_folder(folder)


def test_places_that_cannot_be_folders(tmp_path):
    with pytest.raises(BuildError, match=r"cannot be written to: File name too long"):
        check_folder(tmp_path / ("long" * 100))
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    with pytest.raises(BuildError, match="dangling: expected a folder to write to, found a link to nothing"):
        check_folder(tmp_path / "dangling" / "out")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_folder_that_may_not_be_written_to(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(BuildError, match="not allowed to write"):
        check_folder(tmp_path / "out")


@pytest.mark.skipif(sys.platform != "linux", reason="no such file systems")
def test_a_file_system_that_takes_no_files():
    for out in ("/proc/out", "/sys/out"):
        with pytest.raises(BuildError, match=f"{out}: no file can be written in {os.path.dirname(out)}: "):
            check_folder(Path(out))


def test_a_full_disk_is_refused_before_anything_is_trained(tmp_path):
    with small_disk(tmp_path / "small", 100) as small:
        check_folder(small)
        fill(small)
        with pytest.raises(BuildError, match="small/out: no file can be written in .*small: No space left on device"):
            check_folder(small / "out")


# --- one build after another --------------------------------------------------------------------


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """And a page that takes no time to make: the real one is tested in test_pipeline.py."""
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("edgelab.build.page.page", lambda content: f"page of {content['name']}")
    monkeypatch.setattr("edgelab.build.card.card", lambda content: f"card of {content['name']}")


@pytest.fixture
def write(tmp_path):
    """`write(out, name, size)`: a build of that name, whose bundle has files of so many bytes; size 0: none clears."""

    def run(out: Path, name: str, size: int = 10) -> None:
        chosen = None
        if size:
            bundle = tmp_path / f"made-{name}"
            bundle.mkdir(exist_ok=True)
            for file in FILES:
                (bundle / file).write_bytes(name[:1].encode() * size)
            chosen = Measured(name, bundle, None, None, None)
        samples = LatencySamples(name, (1.0,))
        written.write(out, chosen, {"name": name, "signature": None}, {name: Timing(samples, samples)})

    return run


def content(out: Path) -> dict[str, bytes]:
    """Every file, hidden ones too."""
    return {str(f.relative_to(out)): f.read_bytes() for f in out.rglob("*") if f.is_file()}


def visible(out: Path) -> dict[str, bytes]:
    return {name: data for name, data in content(out).items() if name[0] != "."}


def test_a_later_build_takes_the_place_of_an_earlier_one(tmp_path, write):
    out = tmp_path / "new" / "out"
    write(out, "first")
    assert set(content(out)) == {f"bundle/{name}" for name in FILES} | set(written.OUTPUT[1:])
    (out / ".mine").write_text("kept")
    write(out, "second")
    assert content(out)["bundle/model.onnx"] == b"s" * 10 and (out / "report.html").read_text() == "page of second"
    write(out, "none", size=0)
    assert set(content(out)) == {".mine", *written.OUTPUT[2:]} and not (out / "bundle").exists()


def test_a_signed_build_takes_the_place_of_an_earlier_one_as_the_next_edition(tmp_path, tiny_bundle):
    from edgelab.build.conditions import about_signature
    from edgelab.bundle.keys import new_keys
    from edgelab.bundle.signature import verify

    key, out, samples = tmp_path / "key", tmp_path / "out", LatencySamples("m", (1.0,))
    name, public = new_keys(key)
    chosen, timings = Measured("m", tiny_bundle, None, None, None), {"m": Timing(samples, samples)}
    for edition in (1, 2):
        check_folder(out)
        signature = about_signature(key, out)
        assert signature == {"edition": edition, "key": name}
        written.write(out, chosen, {"name": "m", "signature": signature}, timings, key)
        assert verify(out / "bundle", public).edition == edition
    assert {f.name for f in tiny_bundle.iterdir()} >= {"model.onnx"} and not (tiny_bundle / "bundle.sig").exists()
    written.write(out, chosen, {"name": "m", "signature": None}, timings)
    assert not (out / "bundle" / "bundle.sig").exists()


@pytest.fixture
def earlier(tmp_path, write):
    """A folder that holds the build `first`, and what is in it."""
    write(tmp_path / "out", "first")
    return tmp_path / "out", content(tmp_path / "out")


def test_a_report_that_cannot_be_made_leaves_the_earlier_build_as_it_was(earlier, write, monkeypatch):
    out, before = earlier

    def broken(content):
        raise KeyError("retention")

    monkeypatch.setattr("edgelab.build.page.page", broken)
    with pytest.raises(KeyError):
        write(out, "second")
    monkeypatch.setattr("edgelab.build.page.page", lambda content: "page")
    with pytest.raises(ValueError):
        written.write(out, None, {"bar": float("nan")}, {})
    assert content(out) == before


def test_a_disk_that_fills_up_leaves_the_earlier_build_as_it_was(tmp_path, write):
    with small_disk(tmp_path / "small", 200) as small:
        write(small / "out", "first", size=20_000)
        before = content(small / "out")
        with pytest.raises(BuildError, match="small/out: cannot be written to: No space left on device; what stood"):
            write(small / "out", "second", size=100_000)
        assert content(small / "out") == before
        fill(small)
        with pytest.raises(BuildError, match="No space left on device"):
            write(small / "out", "third")
        assert content(small / "out") == before


STEPS = ("replace", "rmdir", "mkdir", "unlink", "fsync", "open")  # of `os`: each changes what is on the disk


class AtStep:
    """The functions of `os` that are named, but before the call of that number (from 0) something happens instead."""

    def __init__(self, patch: pytest.MonkeyPatch, names: tuple[str, ...], step: int, happens: Callable[[], None]):
        self.step, self.happens, self.calls = step, happens, 0
        for name in names:
            patch.setattr(os, name, functools.partial(self.call, getattr(os, name)))

    def call(self, real, *args, **options):
        self.calls += 1
        if self.calls == self.step + 1:
            self.happens()
        return real(*args, **options)


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), KeyboardInterrupt()])
def test_whatever_step_fails_one_whole_build_stands(earlier, write, monkeypatch, error):
    """A failure at each step: the earlier build stands as it was, or, once the new one is in, that; nothing is left."""
    out, before = earlier
    write(out.with_name("other"), "second")
    after = content(out.with_name("other"))
    outcomes = []

    def fail():
        raise error

    for step in range(100):
        with monkeypatch.context() as patch:
            steps = AtStep(patch, ("replace", "rmdir", "mkdir", "fsync"), step, fail)
            try:
                write(out, "second")
                failed = False
            except (BuildError, KeyboardInterrupt):
                failed = True
        outcomes.append((failed, content(out)))
        assert visible(out) in (before, after), step
        put_right(out)
        assert content(out) in (before, after), step
        if steps.calls <= step:  # every step was failed once
            break
        write(out, "first")
    assert len(outcomes) > 15 and not outcomes[-1][0] and outcomes[-1][1] == after
    assert sum(found == before for _, found in outcomes) >= 10


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_kill_at_any_step_is_put_right(earlier, write, monkeypatch):
    """Killed at each step in turn: a reader never finds parts of two builds beside a report, and the next build finds
    the earlier one whole or brings the new one in."""
    out, before = earlier
    write(out.with_name("other"), "second")
    after = content(out.with_name("other"))
    ends = []
    for step in range(200):
        child = os.fork()
        if child == 0:
            AtStep(monkeypatch, STEPS, step, lambda: os._exit(9))  # with no time to clean up
            write(out, "second")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        seen = visible(out)
        if "report.json" in seen:
            assert seen in (before, after), step
        put_right(out)
        ends.append(content(out))
        assert ends[-1] in (before, after), step
        if os.waitstatus_to_exitcode(status) == 0:
            break
        write(out, "first")
    assert len(ends) > 30 and ends[0] == before and ends[-1] == after
    turn = ends.index(after)
    assert set(map(repr, ends[turn:])) == {repr(after)}  # from one step on it is the new one


def test_what_killed_builds_left_half_prepared_is_swept(earlier, write):
    out, before = earlier
    (out / written.SCRATCH / "bundle").mkdir(parents=True)
    (out / written.SCRATCH / "bundle" / "model.onnx").write_bytes(bytes(1000))
    check_folder(out)
    put_right(out)
    assert content(out) == before and not (out / written.SCRATCH).exists()
    (out / written.SCRATCH).mkdir()
    write(out, "second")
    assert json.loads((out / "report.json").read_text())["name"] == "second"
    assert not [f for f in os.listdir(out) if f.startswith(".")]
