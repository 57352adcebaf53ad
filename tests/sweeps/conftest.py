"""Two worker processes that all tests of the room share; logs, and a bundle of a few hundred bytes that answers them."""

import contextlib
import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from edgelab.sweeps.cluster import workers_of
from tests.beginning.guard import path_for_children
from tests.command_line import ROOT
from tests.conftest import FILL, UTTERANCES
from tests.small_bundles import small_bundle

TEXTS = ("why", "play queen", "wake seven", "play", "wake", "why play queen")


@pytest.fixture(scope="package")
def client():
    with workers_of(None, 2) as client:
        yield client


@pytest.fixture
def workers(client):
    """In place of `workers_of(...)`, for a function that closes what it opens."""
    return contextlib.nullcontext(client)


@pytest.fixture
def bundle(tmp_path) -> Path:
    return small_bundle(tmp_path / "bundle")


@pytest.fixture
def logs(tmp_path) -> Path:
    """100 rows of Parquet in 4 row groups, 60 lines of JSONL in a folder."""
    folder = tmp_path / "logs"
    (folder / "more").mkdir(parents=True)
    pq.write_table(
        pa.table({"id": range(100), "text": [TEXTS[i % 6] for i in range(100)]}),
        folder / "a.parquet",
        row_group_size=25,
    )
    lines = [json.dumps({"text": TEXTS[i % 5], "id": i}) for i in range(60)]
    (folder / "more" / "b.jsonl").write_text("\n".join(lines))
    return folder


@pytest.fixture
def data_file(tmp_path) -> Path:
    """The tiny data with slots, as a learner's file."""
    file = tmp_path / "data" / "tiny.csv"
    file.parent.mkdir()
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(("marked", "label", "split"))
        for split, chosen in (("train", slice(0, 4)), ("validation", slice(4, 5)), ("test", slice(5, 6))):
            for label, patterns in UTTERANCES.items():
                writer.writerows((p.format(value), label, split) for value in FILL[label][chosen] for p in patterns)
    return file


@contextlib.contextmanager
def scheduler_process(
    folder: Path, *worker_options: str, module: str = "distributed.cli.dask_worker", workers: int = 1
):
    """A scheduler's address, it and its workers processes of their own."""
    environment = {**os.environ, "PYTHONPATH": path_for_children(ROOT), "OMP_NUM_THREADS": "1"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment, "cwd": ROOT}
    file = folder / "scheduler.json"
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    started = [subprocess.Popen([sys.executable, "-m", "distributed.cli.dask_scheduler", *options], **quiet)]
    try:
        address = wait_for(lambda: file.exists() and json.loads(file.read_text() or "{}").get("address"))
        for _ in range(workers):
            options = [address, "--no-dashboard", "--no-nanny", "--local-directory", str(folder), *worker_options]
            started.append(subprocess.Popen([sys.executable, "-m", module, *options], **quiet))
        yield address, started
    finally:
        for process in started:
            process.kill()
            process.wait()


def wait_for(condition, seconds: float = 120):
    """What the condition gives once it is true."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.05)
    raise TimeoutError("what was waited for did not come")
