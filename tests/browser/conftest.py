"""A real JupyterLab, started as a learner starts it, and a headless Chromium that opens it.

They run after all other tests, so that the run of the notebooks in `test_notebooks.py` is the cold one; on their own
they build what they need.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import psutil
import pytest
from playwright.sync_api import sync_playwright

from edgelab.course.notebooks import notebooks, read_notebook
from tests.beginning.guard import path_for_children
from tests.forms import FORMS
from tests.notebook_lint import registry, solved

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
FLAGS += " --disable-component-update --disable-sync"
ANSWER_S = 300  # for JupyterLab to open a notebook, or a widget to follow a key
CONFIGURATION = {
    "LabApp": {"expose_app_in_browser": True},  # so that a test can ask JupyterLab whether it has finished
    # Only if these tests are killed and can no longer stop the server: it stops itself.
    "ServerApp": {"shutdown_no_activity_timeout": 900},
    "MappingKernelManager": {"cull_idle_timeout": 600, "cull_connected": True},
}


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium in {CHROMIUM}: on Debian, `apt-get install chromium`")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    """A page of the browser, which may ask this machine only. Of its width, that of a laptop, JupyterLab's file browser
    leaves the notebook about 1,000 pixels."""
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(1000 * ANSWER_S)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    yield page
    page.close()
    assert {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:"))} == {"127.0.0.1"}


@pytest.fixture
def pictures(tmp_path):
    folder = Path(os.environ.get("EDGELAB_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def web_assets():
    """The browser's files, built if `make env` could not."""
    from edgelab.machine.assets import build_assets

    return build_assets(print)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The course as a fresh clone has it."""
    folder = tmp_path_factory.mktemp("course")
    shutil.copyfile(ROOT / "pyproject.toml", folder / "pyproject.toml")
    built = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "node_modules", "dist")
    for name in ("edgelab", "data", "notebooks", "web"):
        shutil.copytree(ROOT / name, folder / name, ignore=built)
    return folder


@pytest.fixture(scope="module")
def learned(course):
    """The course in the hands of a learner who has solved all exercises but those of the first notebook, in lists."""
    work = course / "work"
    work.mkdir()
    for path in notebooks()[1:]:
        nbformat.write(solved(read_notebook(path), registry(path), FORMS[0]), work / path.name)
    return course


@pytest.fixture(scope="module")
def lab(browser, learned, home, tmp_path_factory):
    """The address, with its token, that `edgelab lab` prints."""
    course = learned
    private = tmp_path_factory.mktemp("jupyter")
    (private / "jupyter_lab_config.json").write_text(json.dumps(CONFIGURATION))
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    environment = os.environ | dict.fromkeys(folders, str(private))
    environment |= {"EDGELAB_HOME": str(home), "PYTHONPATH": path_for_children(course, ROOT)}
    environment["EDGELAB_MIRROR"] = "http://127.0.0.1:9"  # nobody is there: no notebook may need a download
    log = private / "log"
    command = [sys.executable, "-m", "edgelab", "lab", "--no-browser", "--port", str(free_port())]
    with log.open("w") as output:
        server = subprocess.Popen(command, cwd=course, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield address(server, log)
    finally:
        stop(server)


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def address(server: subprocess.Popen, log: Path, limit_s: float = 300) -> str:
    start = time.monotonic()
    while not (found := re.search(r"http://127\.0\.0\.1:\S+\?token=\S+", log.read_text())):
        assert server.poll() is None and time.monotonic() - start < limit_s, log.read_text()
        time.sleep(0.2)
    return found[0]


def stop(server: subprocess.Popen) -> None:
    """End the server and its kernels, whatever state they are in."""
    kernels = psutil.Process(server.pid).children(recursive=True) if server.poll() is None else []
    server.terminate()
    _, alive = psutil.wait_procs([psutil.Process(server.pid), *kernels], timeout=30)
    for process in alive:
        process.kill()
    server.wait()
