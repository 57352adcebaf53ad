"""`edgelab lab`: what a real server process serves, to whom, and whom it refuses."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgelab import workspace
from edgelab.commands import lab
from edgelab.fleet.address import lan_address
from edgelab.fleet.content import FleetError
from tests.beginning.guard import path_for_children
from tests.command_line import refused

TOKEN = "a token of nobody's"
EVERYWHERE = {"ServerApp": {"ip": "0.0.0.0", "allow_remote_access": True}}


def settings(course: Path, values: dict) -> dict[str, str]:
    """The environment of a user who has these settings of Jupyter, and no token."""
    folder = course / "user" / ".jupyter"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "jupyter_server_config.json").write_text(json.dumps(values))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER_")}
    return {**environment, "HOME": str(folder.parent), "PYTHONPATH": path_for_children(course)}


@dataclass(frozen=True)
class Served:
    """A running JupyterLab: its log so far, its first page."""

    log: Path
    host: str
    port: int
    page: str

    def get(self, path: str, token: str = TOKEN, host: str | None = None) -> tuple[int, str]:
        """Status and body, asked at its own address or another one."""
        connection = http.client.HTTPConnection(host or self.host, self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", path, headers={"Authorization": f"token {token}"} if token else {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()


@contextlib.contextmanager
def serving(course: Path, environment: dict[str, str], *options: str) -> Iterator[Served]:
    """A process of its own on any free port, until the end of the block."""
    command = [sys.executable, "-m", "edgelab", "lab", "--no-browser", "--port", "0", *options]
    log = course / "log"
    with log.open("w") as stream:
        process = subprocess.Popen(command, cwd=course, env=environment, stdout=stream, stderr=subprocess.STDOUT)
    try:
        for _ in range(1500):
            if found := re.search(r"http://([\d.]+):(\d+)(/lab/tree/\S+)\?token", log.read_text()):
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.2)
        assert found, log.read_text()
        yield Served(log, found[1], int(found[2]), found[3])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def network() -> str:
    """This machine's address in its network."""
    try:
        return lan_address()
    except FleetError as error:
        pytest.skip(str(error))


def test_serves_the_learners_copy_and_keeps_off_the_network(course):
    """Also where the user's own settings of Jupyter say otherwise."""
    with serving(course, {**settings(course, EVERYWHERE), "JUPYTER_TOKEN": TOKEN}) as served:
        assert served.host == "127.0.0.1" and served.page == "/lab/tree/00_start_here.ipynb"
        assert "jupyter-config-data" in served.get(served.page)[1]
        contents = json.loads(served.get("/api/contents")[1])["content"]
        assert sorted(entry["name"] for entry in contents) == ["00_start_here.ipynb", "01_next.ipynb"]
        properties = json.loads(served.get("/lab/api/settings/@jupyterlab/apputils-extension:notification")[1])
        defaults = {name: value["default"] for name, value in properties["schema"]["properties"].items()}
        assert defaults["fetchNews"] == "false" and defaults["checkForUpdates"] is False
        with contextlib.suppress(FleetError), pytest.raises(ConnectionError):
            socket.create_connection((lan_address(), served.port), timeout=10)


def test_the_network_comes_in_by_the_token_alone(course):
    address = network()
    with serving(course, {**settings(course, {}), "JUPYTER_TOKEN": TOKEN}, "--lan") as served:
        assert served.host == address
        assert served.get("/api/contents")[0] == 200
        assert served.get("/api/contents", token="")[0] == 403 == served.get("/api/contents", token="another")[0]
        said = served.log.read_text()
        assert "can run any code on this machine in your name" in said and "plain http" in said and TOKEN not in said
        with pytest.raises(ConnectionError):
            socket.create_connection(("127.0.0.1", served.port), timeout=10)


def run(course: Path, environment: dict[str, str], *options: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "edgelab", "lab", "--no-browser", "--port", "0", *options]
    return subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True, timeout=600)


@pytest.mark.parametrize("token", [None, "  "], ids=["none", "blank"])
def test_the_network_is_refused_without_a_token(course, token):
    """In a process of its own, whose server would have drawn one by itself."""
    network()
    chosen = {} if token is None else {"JUPYTER_TOKEN": token}
    refused(run(course, {**settings(course, EVERYWHERE), **chosen}, "--lan"), "--lan", "JUPYTER_TOKEN", "found none")


def test_an_older_name_in_jupyters_settings_opens_nothing(course):
    """JupyterLab carries it over to its server, over what the command line says."""
    done = run(course, {**settings(course, {"LabApp": {"ip": "0.0.0.0"}}), "JUPYTER_TOKEN": TOKEN})
    assert done.returncode == 2 and "Traceback" not in done.stderr, done
    assert done.stderr.splitlines()[-1].startswith("edgelab: expected to serve on 127.0.0.1 alone, found 0.0.0.0"), done


def test_a_tokens_file_that_is_not_there_is_told(course, edgelab, monkeypatch):
    monkeypatch.setattr(workspace, "PACKAGE", course / "edgelab")
    monkeypatch.setenv("JUPYTER_TOKEN_FILE", str(course / "nothing"))
    refused(edgelab("lab", "--no-browser"), "nothing: expected the file that JUPYTER_TOKEN_FILE names")


def provider(token="", password="", drawn=False):
    """What JupyterLab knows of who may come in."""
    from jupyter_server.auth.identity import PasswordIdentityProvider

    made = PasswordIdentityProvider(token=token, hashed_password=password)
    made.token_generated = drawn
    return made


@pytest.fixture(scope="module")
def hashed():
    from jupyter_server.auth.security import passwd

    return {text: passwd(text, algorithm="sha256") for text in ("", "a password")}


@pytest.mark.parametrize(
    "token, password, drawn, found",
    [
        ("", None, False, "found none"),
        ("drawn by the server itself", None, True, "found none"),
        (" \n", None, False, "found none"),
        (" seven 7 \n", None, False, "found one of 7"),
        (" ", "a password", False, "found one of 0"),
        ("short", "a password", False, "found one of 5"),
        ("", "", False, "an empty one"),
        (TOKEN, "", False, "an empty one"),
    ],
)
def test_what_is_no_guard(hashed, token, password, drawn, found):
    with pytest.raises(lab.LabError, match=f"^--lan: expected .*{found}.*JUPYTER_TOKEN"):
        lab.see_that_it_is_guarded(provider(token, hashed.get(password, ""), drawn))


def test_the_network_is_refused_whoever_else_decides_who_comes_in():
    """A provider of somebody's own names a token, and lets everybody in."""
    from jupyter_server.auth.identity import PasswordIdentityProvider

    class Everybody(PasswordIdentityProvider):
        def get_user(self, handler):
            return "anybody"

    with pytest.raises(lab.LabError, match="expected Jupyter's own check of token and password, found .*Everybody"):
        lab.see_that_it_is_guarded(Everybody(token=TOKEN))


@pytest.mark.parametrize("token, password", [(TOKEN, None), ("", "a password"), (TOKEN, "a password")])
def test_what_is_a_guard(hashed, token, password):
    lab.see_that_it_is_guarded(provider(token, hashed.get(password, "")))


def test_a_public_address_and_a_certificate_are_told():
    assert len(lab.told(secret=True, public=False)) == 1
    assert "firewall" in lab.told(secret=True, public=True)[-1]
    assert "plain http" in lab.told(secret=False, public=False)[-1]


def test_it_is_either_the_network_or_a_workshop(edgelab):
    refused(edgelab("lab", "--lan", "--workshop"), "not allowed with")


def test_without_the_course(tmp_path, edgelab, monkeypatch):
    monkeypatch.setattr(workspace, "PACKAGE", tmp_path / "edgelab")
    refused(edgelab("lab"), "make lab")
    refused(edgelab("lab", "--workshop"), "make lab")
