"""`edgelab cloud`."""

import contextlib
import re
import signal
import socket
import subprocess
import sys

import pytest

from tests.command_line import ROOT, refused
from tests.processes import HEEDING


@contextlib.contextmanager
def served(*args):
    """`edgelab cloud`, and the environment variables that it prints once it answers."""
    command = [sys.executable, "-m", "edgelab", "cloud", *map(str, args)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, cwd=ROOT, **pipes, **HEEDING)
    try:
        lines = []
        while not lines or lines[-1].strip() != "Ctrl-C ends it":
            lines.append(process.stdout.readline())
            assert lines[-1], process.stderr.read()
        exported = dict(re.findall(r"export (\w+)=(\S+)", "".join(lines)))
        yield process, exported, "".join(lines)
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_serves_until_it_is_stopped(bundle, monkeypatch, number, code):
    from edgelab.cloud.client import client_from, model_name

    with served(bundle, "--port", "0", "--round-trip-ms", "3", "--loss", "0.25") as (process, exported, said):
        assert "round trip 3 ms (median, log-normal, sigma 0.3), loss 25 %, outage none" in said
        for name, value in exported.items():
            monkeypatch.setenv(name, value)
        message = {"role": "user", "content": "rain"}
        answer = client_from(max_retries=8).chat.completions.create(model=model_name(), messages=[message])
        assert answer.choices[0].message.tool_calls[0].function.name == "weather"
        process.send_signal(number)
        rest, complaints = process.communicate(timeout=30)
        assert (process.returncode, rest, complaints) == (code, "", "")


def test_refuses_bad_input(bundle, tmp_path, edgelab):
    refused(edgelab("cloud", tmp_path), str(tmp_path), "no bundle.json")
    refused(edgelab("cloud", bundle, "--outage", "5", "3"), "outage: expected a first and a last second")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(edgelab("cloud", bundle, "--port", port), f"port {port}: cannot be served on", "in use")


def test_without_its_libraries_it_names_what_to_install(bundle, edgelab, monkeypatch):
    monkeypatch.setitem(sys.modules, "fastapi", None)
    refused(edgelab("cloud", bundle), "this needs fastapi", "make env")
