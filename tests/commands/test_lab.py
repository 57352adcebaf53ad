"""`edgelab lab`."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

from edgelab import workspace
from tests.beginning.guard import path_for_children
from tests.command_line import refused


def test_serves_the_learners_copy_and_keeps_off_the_network(course, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "HOME": str(home), "JUPYTER_TOKEN": "secret", "PYTHONPATH": path_for_children(course)}
    command = [sys.executable, "-m", "edgelab", "lab", "--no-browser", "--port", "8931"]
    log = tmp_path / "log"
    process = subprocess.Popen(command, cwd=course, env=environment, stdout=log.open("w"), stderr=subprocess.STDOUT)
    try:
        for _ in range(300):
            if found := re.search(r"http://localhost:(\d+)(/lab/tree/\S+)\?token", log.read_text()):
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.2)
        assert found, log.read_text()
        port, page = found.groups()
        assert page == "/lab/tree/00_start_here.ipynb"

        def get(path):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}?token=secret", timeout=30) as response:
                return response.read().decode()

        assert "jupyter-config-data" in get(page)
        contents = json.loads(get("/api/contents"))["content"]
        assert sorted(entry["name"] for entry in contents) == ["00_start_here.ipynb", "01_next.ipynb"]
        settings = json.loads(get("/lab/api/settings/@jupyterlab/apputils-extension:notification"))
        defaults = {name: value["default"] for name, value in settings["schema"]["properties"].items()}
        assert defaults["fetchNews"] == "false" and defaults["checkForUpdates"] is False
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def test_without_the_course(tmp_path, edgelab, monkeypatch):
    monkeypatch.setattr(workspace, "PACKAGE", tmp_path / "edgelab")
    refused(edgelab("lab"), "make lab")
