"""The client, and the server's process that it starts: where requests go, and that no server outlives its use."""

import gc
import signal
import subprocess
import sys
import time

import openai
import psutil
import pytest

from edgelab.bundle.manifest import BundleError
from edgelab.cloud.client import MODEL_VARIABLE, STAND_IN, CloudError, client_from, model_name, start_cloud
from edgelab.cloud.network import Network
from edgelab.machine import child
from tests.clouds import AT_ONCE, POCKET, ask
from tests.processes import HEEDING

pytestmark = pytest.mark.usefixtures("no_real_endpoint")


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(cloud, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nothing listens there
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert ask(client_from(cloud, max_retries=0), "wake me at seven").choices
    assert cloud.traffic()["arrived"] > 0


def test_another_endpoint_is_one_variable_away(cloud, monkeypatch):
    """The stand-in plays the real one: its address and key come from the openai package's own variables."""
    monkeypatch.setenv("OPENAI_BASE_URL", cloud.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", cloud.key)
    with pytest.raises(CloudError, match=f"a running stand-in .*, or {MODEL_VARIABLE} set"):
        client_from(None)  # the variables of other programs do not send requests out
    monkeypatch.setenv(MODEL_VARIABLE, STAND_IN)
    assert model_name() == STAND_IN and ask(client_from(None), "wake me at seven").model == STAND_IN
    monkeypatch.setenv(MODEL_VARIABLE, "large-one")
    assert model_name() == "large-one" and str(client_from(cloud).base_url) == cloud.base_url + "/"
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(CloudError, match=f"{MODEL_VARIABLE} is set, but .*OPENAI_API_KEY"):
        client_from(None)


def test_a_set_key_alone_sends_nothing_out(cloud, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "someone's")
    client = client_from(cloud)
    assert (str(client.base_url), client.api_key) == (cloud.base_url + "/", cloud.key)


def test_it_serves_this_machine_only_and_tells_no_key_on_the_command_line(cloud):
    process = psutil.Process(cloud.process.pid)
    listening = [c.laddr.ip for c in process.net_connections() if c.status == psutil.CONN_LISTEN]
    assert listening == ["127.0.0.1"] and len(cloud.key) > 30
    assert not any(cloud.key in part for part in [*process.cmdline(), *process.environ().values(), repr(cloud)])


# --- tries, losses and outages -------------------------------------------------------------------


def test_the_client_tries_again_and_the_server_does_not_carry_out_again():
    with start_cloud(POCKET, network=Network(0, 0, loss=0.3), seed=1) as cloud:
        client = client_from(cloud, max_retries=8)
        for number in range(8):
            assert ask(client, "wake me at seven", extra_headers={"Idempotency-Key": str(number)}).choices
        traffic = cloud.traffic()
    assert traffic["carried_out"] == traffic["requests"] == 8
    lost = traffic["lost_requests"] + traffic["lost_responses"]
    assert lost > 0 and traffic["arrived"] == 8 + lost
    assert traffic["repeated"] > 0  # else the answer above proves nothing


def test_an_outage_by_hand(cloud):
    client, before = client_from(cloud, max_retries=0), cloud.traffic()["refused"]
    with cloud.outage(), pytest.raises(openai.APIConnectionError):
        ask(client, "wake me at seven")
    assert ask(client, "wake me at seven").choices
    assert cloud.traffic()["refused"] == before + 1


def test_a_round_trip_beyond_patience_times_out():
    with start_cloud(POCKET, network=Network(round_trip_ms=3000, jitter=0)) as cloud:
        client = client_from(cloud, timeout_s=0.2, max_retries=0)
        with pytest.raises(openai.APITimeoutError):
            ask(client, "wake me at seven")


# --- the process --------------------------------------------------------------------------------


def ended(pid: int, within_s: float = 15) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


def test_it_ends_with_its_block_and_closing_again_does_nothing():
    with start_cloud(POCKET, network=AT_ONCE) as cloud:
        assert cloud.running and "running" in repr(cloud)
    assert cloud.process.returncode == 0 and not cloud.running and "closed" in repr(cloud)
    cloud.close()
    with pytest.raises(CloudError, match="does not answer"):
        cloud.traffic()


def test_it_ends_when_nothing_refers_to_it_and_lives_as_long_as_its_client():
    client = client_from(start_cloud(POCKET, network=AT_ONCE))
    pid = client.stand_in.process.pid
    assert ask(client, "wake me at seven").choices
    del client
    gc.collect()  # its parts refer to each other
    assert ended(pid)


@pytest.mark.parametrize("how", ["exit", "exception", "interrupt", "kill", "kill, a fork left"])
def test_no_server_outlives_the_process_that_started_it(how):
    ends = {
        "exit": "",
        "exception": "raise SystemError",
        "kill, a fork left": "import os, time; os.fork(); time.sleep(20)",
    }
    code = f"""
from edgelab.cloud import start_cloud
cloud = start_cloud({str(POCKET)!r})
print(cloud.process.pid, flush=True)
{ends.get(how, "import time; time.sleep(60)")}
"""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    parent = subprocess.Popen([sys.executable, "-c", code], **pipes, **HEEDING)
    try:
        pid = int(parent.stdout.readline())
        time.sleep(0.3)  # let it come to what it does at the end
        if how in ("interrupt", "kill", "kill, a fork left"):
            assert psutil.pid_exists(pid)
            parent.send_signal(signal.SIGINT if how == "interrupt" else signal.SIGKILL)
        parent.wait(30)
    finally:
        parent.kill()
        parent.stdout.close()
    assert ended(pid)


def test_an_error_in_the_block_ends_it_too():
    with pytest.raises(ZeroDivisionError), start_cloud(POCKET, network=AT_ONCE) as cloud:
        1 / 0  # noqa: B018
    assert not cloud.running


def test_an_unsound_bundle_is_told_before_a_process_is_started(tmp_path, monkeypatch):
    monkeypatch.setattr(child.subprocess, "Popen", None)
    with pytest.raises(BundleError, match="no bundle.json"):
        start_cloud(tmp_path)
    with pytest.raises(CloudError, match="answer_rate: expected a share from 0 to 1, found 2"):
        start_cloud(POCKET, answer_rate=2)


def test_a_server_that_cannot_start_says_why(tmp_path, monkeypatch):
    (tmp_path / "fastapi.py").write_text("raise ImportError('this fastapi is broken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    with pytest.raises(CloudError, match="did not come up: ImportError: this fastapi is broken"):
        start_cloud(POCKET)


def test_a_server_that_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(child, "READY_S", 0.01)
    with pytest.raises(CloudError, match="did not come up: no word within 0.01 s"):
        start_cloud(POCKET)
