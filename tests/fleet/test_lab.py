"""The lab in a process of its own, as a notebook starts it."""

import gc
import json
import os
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from edgelab.bundle.manifest import BundleError
from edgelab.fleet import FleetError, lab, start_lab
from edgelab.fleet.address import LOOPBACK, lan_address
from edgelab.fleet.api import SENT
from edgelab.fleet.engine import StoreError
from edgelab.machine.assets import AssetsError
from tests.clouds import POCKET
from tests.labs import report


@pytest.fixture(autouse=True)
def built(monkeypatch, stub, tmp_path):
    """As if the browser's files were the stub; what is kept, each test keeps for itself."""
    monkeypatch.setattr(lab, "assets", lambda: stub)
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "home"))


def ask(url: str, path: str, body: dict | None = None) -> tuple[int, dict]:
    """As a phone asks that has the address of the QR code."""
    base, token = url.split("#")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(base + path, None if body is None else json.dumps(body).encode(), headers)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def sha256(url: str) -> str:
    return ask(url, "session")[1]["bundle"]["sha256"]


def test_reports_come_in_as_a_table_and_stay():
    with start_lab(POCKET) as running:
        assert running.running and "running" in repr(running) and running.url.split("#")[1] not in repr(running)
        assert running.reports().empty and running.qr.startswith("<svg")
        for number in range(3):
            status, _ = ask(running.url, "reports", report(sha256(running.url), runs=100 + number))
            assert (status, len(running.reports())) == (201, number + 1)
        assert ask(running.url, "reports", {"id": "<script>"})[0] == 422
        assert ask(running.url, "room")[1]["count"] == 3
        assert [line[:17] for line in running.refused()] == ["refused (422): id"]
    assert running.process.returncode == 0 and not running.running and "closed" in repr(running)
    assert list(running.reports().runs) == [100, 101, 102]
    running.close()


def test_a_session_goes_on_at_its_address_after_a_kill():
    first = start_lab(POCKET, session="monday")
    sent = report(sha256(first.url))
    assert ask(first.url, "reports", sent)[0] == 201
    first.process.kill()
    first.process.wait()
    port = int(first.url.split("#")[0].rsplit(":", 1)[1].rstrip("/"))
    with start_lab(POCKET, session="monday", port=port) as second:
        assert second.url == first.url and len(second.reports()) == 1
        assert ask(second.url, "reports", sent)[0] == 200
        assert ask(second.url, "reports", report(sha256(second.url)))[0] == 201
        assert len(second.reports()) == len(first.reports()) == 2
    first.close()


def test_reading_what_was_refused_does_not_write_over_it():
    """A file has one place to read from and write to for all who got it open from one another."""
    numbers = (
        "first_ms",
        "runs",
        "batch",
        "clock_step_ms",
        "id",
        "visit",
        "device",
        "load_ms",
        "latency_ms",
        "sustained",
    )
    with start_lab(POCKET) as running, ThreadPoolExecutor() as reader:
        sha, done = sha256(running.url), threading.Event()

        def read() -> None:
            while not done.is_set():
                running.refused()

        reading = reader.submit(read)
        for name in numbers:
            assert ask(running.url, "reports", report(sha, **{name: "?"}))[0] == 422
        done.set()
        reading.result()
        assert [line.partition(": ")[2].partition(":")[0] for line in running.refused()] == list(numbers)


def test_two_labs_are_two_sessions_and_let_in_their_own_phones_alone():
    with start_lab(POCKET) as one, start_lab(POCKET) as two:
        assert addresses(one) == {LOOPBACK}
        said = [*psutil.Process(one.process.pid).cmdline(), *psutil.Process(one.process.pid).environ().values()]
        assert not any(one.url.split("#")[1] in part for part in said)  # other users can read these
        assert one.session != two.session and one.url.split("#")[1] != two.url.split("#")[1]
        assert ask(one.url.split("#")[0] + "#" + two.url.split("#")[1], "room")[0] == 401
        assert ask(one.url, "reports", report(sha256(one.url)))[0] == 201
        assert (len(one.reports()), len(two.reports())) == (1, 0)


def addresses(running: lab.Lab) -> set[str]:
    connections = psutil.Process(running.process.pid).net_connections()
    return {c.laddr.ip for c in connections if c.status == psutil.CONN_LISTEN}


def test_it_is_in_the_network_when_that_is_asked_for():
    try:
        own = lan_address()
    except FleetError:
        pytest.skip("this machine is in no network")
    with start_lab(POCKET, lan=True) as running:
        assert addresses(running) == {own} and running.url.startswith(f"http://{own}:")
        consent = ask(running.url, "session")[1]["consent"]
        assert SENT in consent and "others in this network can read" in consent


def test_what_cannot_be_started_says_why(monkeypatch, tmp_path, stub):
    with pytest.raises(BundleError, match="no bundle.json"):
        start_lab(tmp_path)
    with pytest.raises(StoreError, match="database: expected sqlite:///FILE"):
        start_lab(POCKET, db="mysql://u@h/d")
    with start_lab(POCKET, session="s") as running:
        port = int(running.url.split("#")[0].rsplit(":", 1)[1].rstrip("/"))
        with pytest.raises(FleetError, match=f"the device lab did not come up: port {port}: cannot be served on"):
            start_lab(POCKET, port=port)

    def missing():
        raise AssetsError("the browser's files are not built: run `edgelab prepare browser`")

    monkeypatch.setattr(lab, "assets", missing)
    with pytest.raises(AssetsError, match="edgelab prepare browser"):
        start_lab(POCKET)


@pytest.mark.skipif(os.name == "nt", reason="POSIX")
def test_it_leaves_no_file_behind_but_its_reports(monkeypatch, tmp_path):
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    running = start_lab(POCKET)
    running.close()
    assert running.refused() == []
    del running
    gc.collect()
    assert not list((tmp_path / "scratch").iterdir())


def test_it_ends_when_nothing_refers_to_it():
    running = start_lab(POCKET)
    process = psutil.Process(running.process.pid)
    del running
    gc.collect()
    deadline = time.monotonic() + 15
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)
