"""The stand-in cloud: a real server process, asked with the real client; the network between them; and its end."""

import asyncio
import gc
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

import numpy as np
import openai
import psutil
import pytest

from edgelab.bundle.manifest import BundleError
from edgelab.bundle.predict import Bundle
from edgelab.bundle.redaction import redact, restore
from edgelab.cloud import client as clouds
from edgelab.cloud.client import MODEL_VARIABLE, STAND_IN, CloudError, client_from, model_name, start_cloud
from edgelab.cloud.network import COMPLETIONS, EmulatedNetwork, Network, NetworkError
from edgelab.cloud.stand_in import KeyReused, Service, understand
from edgelab.datasets.slots import Span, parse_marked
from tests.processes import HEEDING

ROOT = Path(__file__).parents[2]
POCKET = ROOT / "data" / "bundles" / "pocket"
AT_ONCE = Network(round_trip_ms=0, jitter=0)


@pytest.fixture(autouse=True)
def no_real_endpoint(monkeypatch):
    monkeypatch.delenv(MODEL_VARIABLE, raising=False)


@pytest.fixture(scope="module")
def pocket():
    return Bundle.load(POCKET)


@pytest.fixture(scope="module")
def cloud():
    with start_cloud(POCKET, network=AT_ONCE) as running:
        yield running


def ask(client, text, **changes):
    request = {"model": STAND_IN, "messages": [{"role": "user", "content": text}]}
    return client.chat.completions.create(**request | changes)


# --- the API ------------------------------------------------------------------------------------


def test_a_tool_call_as_the_api_has_it(cloud, pocket):
    text = "wake me at seven tomorrow"
    completion = ask(client_from(cloud), text)
    (choice,) = completion.choices
    (call,) = choice.message.tool_calls
    expected = pocket.predict(text)
    assert (call.type, call.function.name) == ("function", expected.label) and choice.message.content is None
    assert json.loads(call.function.arguments) == expected.slots
    assert (completion.model, completion.object, choice.finish_reason) == (STAND_IN, "chat.completion", "tool_calls")
    assert completion.id.startswith("chatcmpl-") and abs(completion.created - time.time()) < 600
    usage = completion.usage
    assert usage.prompt_tokens == len(pocket.tokenizer.encode(text).ids)
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > usage.prompt_tokens


def test_an_open_question_gets_an_answer_that_says_it_is_emulated(cloud):
    completion = ask(client_from(cloud), "why is the sky blue")
    (choice,) = completion.choices
    assert choice.message.tool_calls is None and choice.finish_reason == "stop"
    assert choice.message.content.startswith("[emulated answer, no model wrote it; counted as ")
    assert completion.model_extra["emulated"] is True and "counted_right" in completion.model_extra


def test_messages_before_and_parts_of_text_are_understood(cloud):
    system = {"role": "system", "content": "play music"}
    parts = {
        "role": "user",
        "content": [{"type": "text", "text": "set a timer"}, {"type": "text", "text": "for 5 min"}],
    }
    completion = ask(client_from(cloud), "", messages=[system, parts], tools=[], temperature=0)
    assert completion.choices[0].message.tool_calls[0].function.name == "set_timer"


def test_the_one_model_is_listed(cloud):
    assert [model.id for model in client_from(cloud).models.list()] == [STAND_IN]


@pytest.mark.parametrize(
    "changes, kind, says",
    [
        ({"model": "other"}, openai.NotFoundError, "The model 'other' does not exist"),
        ({"messages": []}, openai.BadRequestError, "messages: List should have at least 1 item"),
        ({"messages": [{"content": "x"}]}, openai.BadRequestError, "messages.0.role: Field required"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, openai.BadRequestError, "the role 'user'"),
        ({"messages": [{"role": "user", "content": "  "}]}, openai.BadRequestError, "the role 'user' and a text"),
        (
            {"messages": [{"role": "user", "content": "a b " * 600}]},
            openai.BadRequestError,
            "2000 characters, found 2399",
        ),
        ({"stream": True}, openai.BadRequestError, "no stream"),
        ({"n": 2}, openai.BadRequestError, "n = 1"),
    ],
)
def test_a_bad_request_is_refused_in_the_shape_of_the_api(cloud, changes, kind, says):
    with pytest.raises(kind, match=says) as refused:
        ask(client_from(cloud), "x", **changes)
    assert refused.value.type == "invalid_request_error" and "\n" not in refused.value.message


def test_without_the_key_nothing_is_told(cloud):
    stranger = openai.OpenAI(base_url=cloud.base_url, api_key="guess", max_retries=0)
    with pytest.raises(openai.AuthenticationError, match="Incorrect API key") as refused:
        ask(stranger, "wake me at seven")
    assert refused.value.code == "invalid_api_key"
    for path in ("/network", "/v1/models", "/nothing"):
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(cloud.base_url.removesuffix("/v1") + path, timeout=10)


def test_a_path_that_is_not_there(cloud):
    with pytest.raises(openai.NotFoundError, match="GET /v1/models/x: Not Found"):
        client_from(cloud).models.retrieve("x")


def test_it_serves_this_machine_only_and_tells_no_key_on_the_command_line(cloud):
    process = psutil.Process(cloud.process.pid)
    listening = [c.laddr.ip for c in process.net_connections() if c.status == psutil.CONN_LISTEN]
    assert listening == ["127.0.0.1"] and len(cloud.key) > 30
    assert not any(cloud.key in part for part in [*process.cmdline(), *process.environ().values(), repr(cloud)])


# --- the client ---------------------------------------------------------------------------------


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


# --- what it says -------------------------------------------------------------------------------


def test_a_request_is_carried_out_once_for_each_key(pocket):
    service = Service(pocket, "m", answer_rate=1, seed=0)
    first = service.answer("wake me at seven", "a")
    assert service.answer("wake me at seven", "a") is first
    assert service.answer("wake me at seven", "b")["id"] != first["id"]
    assert service.traffic == {"carried_out": 2, "repeated": 1} and service.requests == 2
    with pytest.raises(KeyReused):
        service.answer("wake me at eight", "a")
    without = [service.answer("wake me at seven", None)["id"] for _ in range(2)]
    assert len(set(without)) == 2 and service.traffic["carried_out"] == 4  # what a retry costs without keys


def test_a_key_used_for_another_text_is_refused(cloud):
    client = client_from(cloud)
    ask(client, "wake me at seven", extra_headers={"Idempotency-Key": "mine"})
    with pytest.raises(openai.BadRequestError, match="used with another text"):
        ask(client, "wake me at eight", extra_headers={"Idempotency-Key": "mine"})


@pytest.mark.parametrize("rate", [0.0, 0.8, 1.0])
def test_the_share_of_right_answers(pocket, rate):
    def right(seed):
        service = Service(pocket, "m", answer_rate=rate, seed=seed)
        return [service._answers_right(f"why is {i} so famous") for i in range(2000)]

    assert abs(np.mean(right(0)) - rate) < 0.05  # over 5 standard errors
    assert right(0) == right(0) and (rate in (0, 1)) == (right(0) == right(1))


@pytest.mark.parametrize(
    "line",
    [
        "tell [Ana](person) [i'm late](message)",
        "[Ana](person) should be told [i'm late](message), ok",
        "remind me to [call the dentist](task) at 7",
    ],
)
def test_placeholders_are_read_as_what_they_stand_for(pocket, line):
    text, spans = parse_marked(line)
    redacted = redact(text, spans)
    label, slots = understand(pocket, redacted.text)
    expected = {span.name: [text[span.start : span.end]] for span in spans}
    found = restore(slots, redacted)
    assert label in ("send_message", "add_reminder") and {name: found[name] for name in expected} == expected


def test_what_is_found_beside_a_placeholder_is_the_text_as_it_came():
    """A bundle that marks what it is told to: positions are carried back around words of other lengths."""

    class Marks:
        manifest = {"label_slots": {"x": ["person", "time"]}}

        def predict(self, text):
            self.seen = text
            at = [
                Span(text.index(word), text.index(word) + len(word), "time") for word in ("seven", "9") if word in text
            ]
            whole = [Span(text.index("dear"), text.rindex("Alex") + 4, "person")] if "dear" in text else []
            return type("", (), {"label": "x", "spans": (*whole, *at), "slots": {}})

    marks = Marks()
    text = "at seven <person_1> and dear <person_12>, <artist_1> at 9"
    assert understand(marks, text) == ("x", {"time": ["seven", "9"], "person": ["<person_1>", "dear <person_12>"]})
    assert marks.seen == "at seven Alex and dear Alex, artist at 9"


# --- the network --------------------------------------------------------------------------------


def test_the_network_is_as_stated():
    network = Network(round_trip_ms=80, jitter=0.3, loss=0.1)
    generator = np.random.default_rng(0)
    trips = [network.draw(generator) for _ in range(20_000)]
    logs = np.log([trip.round_trip_ms for trip in trips])
    assert np.exp(np.median(logs)) == pytest.approx(80, rel=0.02) and logs.std() == pytest.approx(0.3, rel=0.03)
    lost = Counter(trip.lost for trip in trips)
    assert lost["request"] == pytest.approx(1000, rel=0.2) and lost["response"] == pytest.approx(1000, rel=0.2)


def test_the_same_seed_draws_the_same_and_one_parameter_leaves_the_others():
    def drawn(network, seed=0):
        generator = np.random.default_rng(seed)
        return [network.draw(generator) for _ in range(200)]

    base = drawn(Network(loss=0.1))
    assert drawn(Network(loss=0.1)) == base != drawn(Network(loss=0.1), seed=1)
    lossier = drawn(Network(loss=0.5))
    assert [t.round_trip_ms for t in lossier] == [t.round_trip_ms for t in base]
    assert all(more.lost == less.lost for more, less in zip(lossier, base, strict=True) if less.lost)
    assert {trip.round_trip_ms for trip in drawn(Network(round_trip_ms=50, jitter=0))} == {50}


@pytest.mark.parametrize(
    "name, value",
    [("round_trip_ms", -1), ("round_trip_ms", float("nan")), ("round_trip_ms", "80"), ("jitter", 4), ("loss", 1.1),
     ("loss", None), ("outage", (5, 1)), ("outage", (1,)), ("outage", 3)],
)  # fmt: skip
def test_a_parameter_out_of_range_is_named(name, value):
    with pytest.raises(NetworkError, match=f"network, {name}: expected .*, found"):
        Network(**{name: value})


def test_the_network_says_what_it_is():
    text = str(Network(round_trip_ms=60, jitter=0.2, loss=0.05, outage=(3, 7.5)))
    assert text == "round trip 60 ms (median, log-normal, sigma 0.2), loss 5 %, outage from second 3 to 7.5"


def through(network, seconds):
    """Which of the tries at these seconds reach the application behind an emulated network, and the counts."""
    reached, now = [], iter(seconds)

    async def app(scope, receive, send):
        reached[-1] = True
        await send({"type": "http.response.start", "status": 204, "headers": []})

    async def run():
        traffic = Counter()
        emulated = EmulatedNetwork(app, network, traffic, seed=0, clock=lambda: next(now))
        for _ in seconds:
            reached.append(False)
            sent = []

            async def send(message, sent=sent):
                sent.append(message["status"])

            await emulated({"type": "http", "path": COMPLETIONS}, None, send)
            assert len(sent) == 1
        return traffic

    return reached, asyncio.run(run())


def test_an_outage_in_seconds_after_the_first_try():
    reached, traffic = through(Network(0, 0, outage=(2, 4)), [100, 101.9, 102, 103.9, 104, 110])
    assert reached == [True, True, False, False, True, True]
    assert traffic["arrived"] == 6 and traffic["refused"] == 2


def test_a_lost_answer_was_carried_out_a_lost_request_was_not():
    reached, traffic = through(Network(0, 0, loss=1), range(200))
    assert traffic["lost_responses"] == sum(reached) and traffic["lost_requests"] == 200 - sum(reached)
    assert 50 < sum(reached) < 150


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


def test_an_outage_by_hand():
    with start_cloud(POCKET, network=AT_ONCE) as cloud:
        client = client_from(cloud, max_retries=0)
        with cloud.outage(), pytest.raises(openai.APIConnectionError):
            ask(client, "wake me at seven")
        assert ask(client, "wake me at seven").choices
        assert cloud.traffic()["refused"] == 1


def test_a_round_trip_beyond_patience_times_out():
    with start_cloud(POCKET, network=Network(round_trip_ms=3000, jitter=0)) as cloud:
        with pytest.raises(openai.APITimeoutError):
            ask(client_from(cloud, timeout_s=0.2, max_retries=0), "wake me at seven")


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
    with pytest.raises(ZeroDivisionError):
        with start_cloud(POCKET, network=AT_ONCE) as cloud:
            1 / 0  # noqa: B018
    assert not cloud.running


def test_an_unsound_bundle_is_told_before_a_process_is_started(tmp_path, monkeypatch):
    monkeypatch.setattr(clouds.subprocess, "Popen", None)
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
    monkeypatch.setattr(clouds, "READY_S", 0.01)
    with pytest.raises(CloudError, match="did not come up: no word within 0.01 s"):
        start_cloud(POCKET)
