"""The server in a thread, for tests that look at it from both sides."""

import threading
import time

import pytest
import uvicorn

from edgelab.cloud.client import STAND_IN
from edgelab.cloud.server import configured
from edgelab.cloud.stand_in import Service
from edgelab.machine import patience
from edgelab.machine.serving import listen
from tests.clouds import AT_ONCE, KEY, Server


@pytest.fixture(scope="module")
def server(pocket):
    listening, service = listen(0), Service(pocket, STAND_IN, answer_rate=1, seed=0)
    config = configured(service, KEY, AT_ONCE)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, args=([listening],))
    thread.start()
    while not running.started:
        time.sleep(0.01)
    yield Server(listening.getsockname()[1], service, config.app)
    running.should_exit = True
    thread.join(10)


@pytest.fixture
def impatient(server, monkeypatch):
    """The same server with little patience."""
    monkeypatch.setattr(patience, "HEAD_S", 0.3)
    monkeypatch.setattr(patience, "BODY_S", 0.3)
    return server
