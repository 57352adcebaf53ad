"""Slow: what `pip install .` brings, without extras, serves a bundle; with the extra `course`, it runs a notebook anywhere."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.beginning.guard import network

ROOT = Path(__file__).parent.parent

pytestmark = [pytest.mark.slow, pytest.mark.network]


def installed(folder: Path, *packages: str):
    """`edgelab` of a fresh environment with these packages, run in a folder that knows nothing of the course."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "EDGELAB"))}
    environment |= {"HOME": str(folder), "EDGELAB_HOME": str(folder / "home")}
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    scripts = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    install = [scripts / "python", "-m", "pip", "install", "--quiet", "--constraint", ROOT / "requirements.lock"]
    subprocess.run([*install, *packages], check=True)

    def run(*args, **options):
        command = [scripts / "edgelab", *args]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, **options)

    run.python, run.folder, run.environment = scripts / "python", folder, environment
    return run


@pytest.fixture(scope="module")
def serve(tmp_path_factory):
    """With what serving a bundle needs, and nothing more."""
    folder = tmp_path_factory.mktemp("install")
    shutil.copytree(ROOT / "data" / "bundles" / "pocket", folder / "bundle")
    with network():  # the mark lifts the guard for tests, not for what they share
        return installed(folder, str(ROOT))


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """With all that notebooks need, from the wheel."""
    folder = tmp_path_factory.mktemp("elsewhere")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT]
    with network():
        subprocess.run(build, check=True)
        (wheel,) = folder.glob("*.whl")
        return installed(folder, f"{wheel}[course]")


def test_nothing_is_installed_that_trains(serve):
    listed = json.loads(subprocess.check_output([serve.python, "-m", "pip", "list", "--format", "json"]))
    names = {package["name"].lower() for package in listed}
    assert {"edgelab-workbook", "numpy", "onnxruntime", "tokenizers"} <= names
    assert not names & {"torch", "transformers", "pandas", "onnx", "matplotlib", "scikit-learn", "jupyterlab"}


def test_a_bundle_is_served(serve):
    from edgelab.bundle.predict import Bundle

    text = "wake me at seven tomorrow"
    done = serve("predict", "bundle", text)
    assert done.returncode == 0 and done.stderr == ""
    answer, expected = json.loads(done.stdout), Bundle.load(ROOT / "data" / "bundles" / "pocket").predict(text)
    assert (answer["label"], answer["slots"]) == (expected.label, expected.slots)


def test_a_bundle_is_evaluated_and_timed(serve):
    report = json.loads(serve("evaluate", "bundle", "--data", "pocket", "--split", "validation", "--json").stdout)
    manifest = json.loads((ROOT / "data" / "bundles" / "pocket" / "bundle.json").read_text())
    assert report["accuracy"]["value"] == pytest.approx(manifest["metrics"]["validation_accuracy"][0], abs=0.003)
    bench = json.loads(serve("bench", "bundle", "--json").stdout)
    assert bench["bundles"][0]["latency_ms"]["p50"]["value"] > 0


def test_what_needs_more_says_what_to_install(serve):
    done = serve("build", "--data", "pocket", "--out", "out")
    assert done.returncode == 2 and "not installed: run" in done.stderr and done.stderr.count("\n") == 1


def test_the_assistant_runs_on_the_device_alone(serve):
    """Policy, redaction and the answer without a network: no client, no server."""
    code = (
        "from edgelab.bundle import Bundle; from edgelab.routing import Assistant, Policy\n"
        "assistant = Assistant(Bundle.load('bundle'), Policy(threshold=1e9))\n"
        "print(assistant.answer('wake me at seven').decision.reason, assistant.redact(assistant.bundle.predict('tell Ana')).text, sep=' / ')"
    )
    command = [serve.python, "-c", code]
    done = subprocess.run(command, cwd=serve.folder, env=serve.environment, capture_output=True, text=True)
    assert done.stdout == "offline, degraded answer / tell <person_1>\n", done.stderr
    refused = serve("cloud", "bundle")
    assert refused.returncode == 2 and "needs fastapi, which is not installed: run" in refused.stderr


def test_a_notebook_runs_away_from_the_checkout(elsewhere):
    shutil.copyfile(ROOT / "notebooks" / "00_start_here.ipynb", elsewhere.folder / "mine.ipynb")
    done = elsewhere("run", "mine.ipynb")
    assert done.returncode == 0 and "1 ok, 0 failed" in done.stdout, done.stdout + done.stderr


def test_the_browsers_files_are_built_away_from_the_checkout(elsewhere):
    done = elsewhere("prepare", "browser")
    assert done.returncode == 0 and str(elsewhere.folder / "venv") in done.stdout, done.stdout + done.stderr
    assert elsewhere("prepare", "browser").stdout.startswith("the browser's files are there already")


@pytest.mark.parametrize("folder", ["figures", "pocket"])
def test_the_published_figures_and_pocket_came_along(elsewhere, folder):
    code = (
        f"from edgelab.workspace import data_home; print(*sorted(f.name for f in (data_home() / {folder!r}).iterdir()))"
    )
    command = [elsewhere.python, "-c", code]
    listed = subprocess.check_output(command, cwd=elsewhere.folder, env=elsewhere.environment, text=True).split()
    assert listed == sorted(f.name for f in (ROOT / "data" / folder).iterdir())
