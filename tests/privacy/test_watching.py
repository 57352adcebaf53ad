"""A session of the whole Pocket keeps and sends what its code declares, and nothing else; what is planted is found."""

import json
import os
import shutil
from pathlib import Path

import pytest

from edgelab.declarations import Stored
from edgelab.privacy.flow import declared, is_declared
from edgelab.privacy.watching import Event, in_the_end, run_watched, undeclared
from tests.labs import stub_assets

SESSION = ("-m", "tests.privacy.session")


@pytest.fixture
def folders(tmp_path):
    """A home, a device's folder, a temporary one and the user's own, all empty, and the environment of a program that has
    these."""
    made = {name: tmp_path / name for name in ("home", "device", "temporary", "user")}
    for folder in made.values():
        folder.mkdir()
    environment = {"EDGELAB_HOME": str(made["home"]), "TMPDIR": str(made["temporary"]), "EDGELAB_CLOUD_MODEL": ""}
    environment |= {"HOME": str(made["user"]), "XDG_CACHE_HOME": str(made["user"] / "cache")}
    return made, environment


def test_a_session_of_pocket_keeps_and_sends_what_is_declared_and_nothing_else(bundle, folders, tmp_path):
    made, environment = folders
    shutil.move(bundle / "users", tmp_path / "users")
    adapter, assets = tmp_path / "users" / "ada", stub_assets(tmp_path / "assets")
    arguments = [*SESSION, str(bundle), str(adapter), str(made["device"]), str(assets)]
    done = run_watched(arguments, environment=environment, folders=list(made.values()))
    assert done.returncode == 0, done.complaints
    places = json.loads(done.printed.splitlines()[-1]) | {"temporary": [str(made["temporary"])]}
    extra = undeclared(done.events, declared(), places)
    assert extra == [], "\n".join(map(str, extra))

    def did(entry) -> bool:
        kind = "write" if isinstance(entry.said, Stored) else "send"
        return any(event.kind == kind and is_declared(entry.said, event.target, places) for event in done.events)

    idle = {(entry.module, entry.said.where) for entry in declared() if entry.said.part == "pocket" and not did(entry)}
    assert not idle  # declared, and nobody does it any more
    of_course = {entry.module for entry in declared() if entry.said.part == "course" and did(entry)}
    assert {f"edgelab.{name}" for name in ("workspace", "course.scoreboard", "course.prediction")} <= of_course
    assert {f"edgelab.{name}" for name in ("cloud.client", "fleet.engine", "fleet.reports")} <= of_course
    without = {entry for entry in declared() if entry.module != "edgelab.personalization.cache"}
    (found,) = {Path(event.target).name for event in undeclared(done.events, without, places)}
    assert found == "requests.json"  # each declaration carries its own weight


PLANTED = {
    "write": ("write", "notes.txt"),
    "renamed": ("write", "notes.txt"),
    "child": ("write", "notes.txt"),
    "library": ("write", "notes.txt"),
    "database": ("write", "notes.txt"),
    "send": ("send", ""),
    "datagram": ("send", "127.0.0.1:9"),
    "lookup": ("lookup", "ana-is-late.invalid"),
    "run": ("run", "sh"),
}


@pytest.mark.parametrize(("kind", "place"), [*((kind, "home") for kind in ("nothing", *PLANTED)), ("write", "device")])
def test_what_is_planted_is_found(kind, place, folders):
    made, environment = folders
    done = run_watched(
        [*SESSION, "plant", kind, str(made[place])], environment=environment, folders=list(made.values())
    )
    assert done.returncode == 0, done.complaints
    places = {name: [str(folder)] for name, folder in made.items()} | {"cloud": ["127.0.0.1:1"]}
    found = {(event.kind, event.target) for event in undeclared(done.events, declared(), places)}
    if kind == "nothing":
        assert not found
        return
    ((what, target),) = found
    expected, name = PLANTED[kind]
    assert what == expected
    if expected == "write":
        assert target == str(made[place] / name)
    else:
        assert target == (name or f"127.0.0.1:{done.printed.strip()}") or Path(target).name == name


def test_the_module_that_asked_is_named(folders):
    made, environment = folders
    done = run_watched([*SESSION, "plant", "renamed", str(made["home"])], environment=environment, folders=[])
    assert [event.module for event in done.events if event.target.endswith("notes.txt")] == ["edgelab.workspace"]


def test_what_is_renamed_counts_under_its_last_name():
    events = [
        Event("folder", "/h/.it.scratch", "m"),
        Event("write", "/h/.it.scratch/a", "m"),
        Event("write", "/h/.it.scratchy", "m"),
        Event("rename", "/h/.it.scratch\0/h/it", "m"),
        Event("rename", "/h/old\0/h/new", "n"),
    ]
    assert in_the_end(events) == [
        Event("folder", "/h/it", "m"),
        Event("write", "/h/it/a", "m"),
        Event("write", "/h/.it.scratchy", "m"),
        Event("write", "/h/new", "n"),
    ]


ODD = """
import os, sys
from pathlib import Path
folder = Path(sys.argv[1])
(folder / "a\\nb").write_text("x")
os.rename(folder / "a\\nb", folder / "c\\nd")
(folder / "to a folder").symlink_to(folder.parent)
sys.stdout.buffer.write(b"\\xff")
os._exit(3)
"""


@pytest.mark.skipif(os.name == "nt", reason="no such names")
def test_odd_names_and_bytes_do_not_blind_it(tmp_path):
    done = run_watched(("-c", ODD, str(tmp_path)), environment={}, folders=[tmp_path])
    assert (done.printed, done.returncode) == ("\\xff", 3), done.complaints
    written = {event.target for event in done.events if event.kind == "write"}
    assert {str(tmp_path / "c\nd"), str(tmp_path / "to a folder")} <= written and str(tmp_path / "a\nb") not in written
    chosen = Stored("what", "{chosen}/**", "ever", "nobody", "course")
    assert is_declared(chosen, str(tmp_path / "c\nd"), {"chosen": [str(tmp_path)]})


def test_the_runtime_tells_its_maker_nothing_unless_the_user_has_said_so(folders):
    """ONNX Runtime's own telemetry, seen by the files that it leaves: a device's lasting name, a queue, a session's name."""
    program = ("-c", "import os, edgelab; print(os.environ['ORT_DISABLE_TELEMETRY'])")
    told = [
        run_watched(program, environment=given, folders=[]).printed.strip()
        for given in ({}, {"ORT_DISABLE_TELEMETRY": "0"})
    ]
    assert told[1] == "0"
    made, environment = folders
    loads = (*SESSION, "plant", "predict", str(made["home"]))
    done = run_watched(loads, environment=environment, folders=list(made.values()))
    assert done.printed == "set_alarm\n" and [e for e in done.events if e.kind in ("write", "send")] == []
