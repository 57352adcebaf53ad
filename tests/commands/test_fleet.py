"""`edgelab fleet` and `edgelab fleet report`."""

import contextlib
import csv
import json
import os
import shlex
import signal
import socket
import stat
import subprocess
import sys
import urllib.request

import pytest

from edgelab.fleet.store import Entry, open_store
from edgelab.machine.assets import folder_name
from tests.beginning.guard import path_for_children
from tests.clouds import POCKET
from tests.command_line import ROOT, refused
from tests.labs import device, report, stub_assets
from tests.processes import HEEDING


@pytest.fixture
def home(monkeypatch, tmp_path):
    """A home of the test's own, and the page built for it."""
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    folder = stub_assets(tmp_path / "jupyter" / "labextensions" / folder_name())
    monkeypatch.setattr("edgelab.machine.assets.places", lambda: (folder.parent,))
    return tmp_path / "home"


@contextlib.contextmanager
def served(*args):
    """`edgelab fleet` in a process of its own, and what it said until it answered; with the stub as what was built."""
    program = (
        "import os, sys; from pathlib import Path; from edgelab import cli; from edgelab.machine import assets; "
        "assets.places = lambda: (Path(os.environ['JUPYTER_DATA_DIR']) / 'labextensions',); sys.exit(cli.main())"
    )
    command = [sys.executable, "-c", program, "fleet", *map(str, args)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    environment = {**os.environ, "PYTHONPATH": path_for_children(ROOT), "PYTHONIOENCODING": "utf-8"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, **pipes, **HEEDING)
    try:
        lines = []
        while not lines or lines[-1].strip() != "Ctrl-C ends it":
            lines.append(process.stdout.readline())
            assert lines[-1], process.stderr.read()
        yield process, "".join(lines)
    finally:
        process.kill()
        process.communicate()


def post(url: str, **changes) -> int:
    base, token = url.split("#")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(base + "session", headers=headers)) as answer:
        sent = report(json.load(answer)["bundle"]["sha256"], **changes)
    with opener.open(urllib.request.Request(base + "reports", json.dumps(sent).encode(), headers)) as answer:
        return answer.status


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_serves_until_it_is_stopped_and_says_where_the_reports_are(home, number, code):
    with served(POCKET, "--port", "0", "--session", "monday") as (process, said):
        (url,) = (line.strip() for line in said.splitlines() if line.startswith("  http://127.0.0.1:"))
        assert said.count("\u2588") > 100 and "Only this machine can open it; --lan" in said
        assert f"Reports are kept in {home}/fleet/reports.db." in said
        assert f"--port {url.split('#')[0].rsplit(':', 1)[1].rstrip('/')} --session monday" in said
        assert post(url) == 201
        process.send_signal(number)
        rest, told = process.communicate(timeout=30)
    assert (process.returncode, rest) == (code, "")
    assert told.splitlines() == [
        f"1 reports of 1 devices, session monday, are in {home}/fleet/reports.db",
        "edgelab fleet report --session monday",
    ]


def test_the_command_that_goes_on_can_be_copied(home, tmp_path):
    (tmp_path / "my models").symlink_to(POCKET)
    with served(tmp_path / "my models", "--port", "0", "--session", "monday") as (_, said):
        (command,) = (line.partition("goes on: ")[2] for line in said.splitlines() if "goes on: " in line)
    assert shlex.split(command)[:3] == ["edgelab", "fleet", str(tmp_path / "my models")]


def test_in_the_network_it_says_what_others_can_read(home):
    from edgelab.fleet import FleetError
    from edgelab.fleet.address import lan_address
    from edgelab.fleet.api import SENT

    try:
        own = lan_address()
    except FleetError:
        pytest.skip("this machine is in no network")
    with served(POCKET, "--lan", "--port", "0") as (_, said):
        assert (
            f"  http://{own}:" in said and "It is plain http: others in the network can read" in said and SENT in said
        )


def test_refuses_bad_input(home, tmp_path, edgelab, monkeypatch):
    refused(edgelab("fleet", tmp_path), str(tmp_path), "no bundle.json")
    refused(
        edgelab("fleet", POCKET, "--port", "0", "--db", "mysql://u:secret@h/d"),
        "expected sqlite:///FILE or postgresql://",
    )
    refused(edgelab("fleet", POCKET, "--session", "a/b"), "expected a name of at most 40 letters")
    refused(edgelab("fleet", POCKET, "--texts", tmp_path / "none.txt"), "none.txt")
    (tmp_path / "notes.db").write_text("notes" * 500)
    refused(edgelab("fleet", POCKET, "--port", "0", "--db", f"sqlite:///{tmp_path}/notes.db"), "notes.db: ")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(edgelab("fleet", POCKET, "--port", port), f"port {port}: cannot be served on", "in use")
    monkeypatch.setattr("edgelab.machine.assets.places", lambda: (tmp_path,))
    refused(edgelab("fleet", POCKET), "run `edgelab prepare browser`")


@pytest.mark.parametrize("library", ["fastapi", "segno", "sqlalchemy"])
def test_without_its_libraries_it_names_what_to_install(home, edgelab, monkeypatch, library):
    for name in [name for name in sys.modules if name.startswith("edgelab.fleet.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    refused(edgelab("fleet", POCKET), f"this needs {library}", "make env")


# --- edgelab fleet report ------------------------------------------------------------------------


@pytest.fixture
def room(home):
    """Two sessions; in the newer one nine phones, of which six are fast, and a laptop that reported twice."""
    store = open_store()
    for name in ("old", "new"):
        store.session(name, "votes", "a" * 64)
    sent = [report("a" * 64, latency_ms={"p10": 1, "p50": 2, "p90": 9 if n < 6 else 99, "p99": 100}) for n in range(9)]
    sent += [report("a" * 64, visit=sent[0]["id"], device=device(kind="laptop", system="macOS")) for _ in range(2)]
    store.put("old", [Entry(sent[0]["id"], sent[0]["visit"], json.dumps(sent[0]))])
    store.put("new", [Entry(one["id"], one["visit"], json.dumps(one)) for one in sent])
    store.close()
    return home


def test_a_table_of_groups_with_intervals(room, edgelab):
    done = edgelab("fleet", "report")
    assert done.returncode == 0 and not done.stderr
    (all_line,) = (line for line in done.stdout.splitlines() if line.startswith("all"))
    assert all_line.split() == ["all", "10", "70%", "[40%,", "89%]", "100%", "[72%,", "100%]"]
    assert "laptop" not in done.stdout and "macOS" not in done.stdout and "devices of session new" in done.stdout
    assert "90 % of answers within 50 ms" in done.stdout and "first answer within 3000 ms" in done.stdout
    strict = edgelab("fleet", "report", "--latency-ms", "5", "--first-ms", "900").stdout
    assert strict.count(" 0% [0%, 28%]") == 2


def test_of_few_devices_nothing_is_shown_but_how_many(room, edgelab):
    for args in (("--k", "11"), ("--session", "old")):
        done = edgelab("fleet", "report", *args)
        assert done.returncode == 0 and "nothing is shown of fewer than" in done.stdout and "%" not in done.stdout


def test_single_devices_go_into_the_file_alone(room, edgelab, tmp_path):
    done = edgelab("fleet", "report", "--csv", tmp_path / "room.csv")
    assert done.stderr == f"{tmp_path}/room.csv: 11 reports of single devices: for you, not to be passed on\n"
    with (tmp_path / "room.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["device"] for row in rows] == [*map(str, range(1, 10)), "10", "10"] and rows[9]["system"] == "macOS"


def test_report_refuses_bad_input(home, edgelab, tmp_path):
    refused(edgelab("fleet", "report"), "expected a database of reports, found no file")
    refused(edgelab("fleet", "report", "--k", "1"), "expected a whole number from 2 to 1000")
    refused(edgelab("fleet", "report", "--latency-ms", "0"), "expected a number above 0")
    open_store().close()
    refused(edgelab("fleet", "report"), "expected reports, found none yet")


def test_report_refuses_what_cannot_be_found_or_written(room, edgelab):
    refused(edgelab("fleet", "report", "--session", "none"), "expected a session of new, old")
    refused(edgelab("fleet", "report", "--csv", "/proc/x.csv"), "/proc/x.csv: cannot be written to")
    refused(edgelab("fleet", "report", "--db", ""), "database: expected sqlite:///FILE")  # a variable that is not set


@pytest.mark.skipif(os.name == "nt", reason="no pipes with names there")
def test_what_is_no_file_is_not_replaced_by_one(room, edgelab, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    for taken in ("pipe", "", "/", ".."):
        refused(edgelab("fleet", "report", "--csv", taken), "expected the name of a file, found something else")
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)
    (tmp_path / "link.csv").symlink_to("room.csv")
    assert edgelab("fleet", "report", "--csv", "link.csv").returncode == 0
    assert (tmp_path / "link.csv").is_symlink() and (tmp_path / "room.csv").read_text().startswith("device,")


def test_a_bundle_may_be_called_report(home, edgelab, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(edgelab("fleet", "./report"), "report: expected a bundle, found no bundle.json in it")
