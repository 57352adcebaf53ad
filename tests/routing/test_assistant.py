"""The hybrid assistant: device, network and stand-in cloud together, with the real client; and its breaker."""

import json
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import openai
import pytest

from edgelab import datasets
from edgelab.bundle.calibrated import fingerprint
from edgelab.bundle.manifest import BundleError
from edgelab.bundle.predict import Bundle
from edgelab.bundle.redaction import as_it_is, leaked
from edgelab.cloud.breaker import CLOSED, OPEN, PROBE, Breaker
from edgelab.cloud.client import client_from, start_cloud
from edgelab.cloud.network import Network
from edgelab.routing.assistant import (
    CLOUD,
    DEVICE,
    OUT_OF_REACH,
    SYSTEM,
    Assistant,
    tool_name,
    tool_schemas,
)
from edgelab.routing.policy import BEYOND, CONFIRM, DEGRADED, LOCAL, REFUSED, UNSURE, Policy, decide_all, policy_scores
from tests.clouds import AT_ONCE, POCKET

pytestmark = pytest.mark.usefixtures("no_real_endpoint")
ROOT = Path(__file__).parents[2]
ASK_ALWAYS, ASK_NEVER = Policy(threshold=1e9), Policy(threshold=-1e9, beyond=())


@pytest.fixture
def assistant(pocket, cloud):
    """`assistant(policy)`: with the stand-in as its cloud."""
    return lambda policy=ASK_ALWAYS, **options: Assistant(pocket, policy, client_from(cloud, max_retries=0), **options)


def scripted(pocket, *, content=None, name=None, arguments="{}", policy=ASK_ALWAYS, choices=None, custom=False):
    """An assistant whose cloud answers with these words or this call, and keeps the requests it got."""
    call = SimpleNamespace(function=SimpleNamespace(name=name, arguments=arguments))
    calls = [SimpleNamespace(custom={})] if custom else [call] if name else None
    message = SimpleNamespace(content=content, tool_calls=calls)
    got = []

    def create(**request):
        got.append(request)
        return SimpleNamespace(choices=[SimpleNamespace(message=message)] if choices is None else choices)

    client = SimpleNamespace(chat=SimpleNamespace(completions=SimpleNamespace(create=create)))
    return Assistant(pocket, policy, client), got


def test_a_policy_of_another_model_is_refused_before_it_decides_anything(pocket):
    known = replace(ASK_NEVER, calibrated_for=fingerprint(pocket))
    assert Assistant(pocket, known).answer("wake me at seven").decision.reason == LOCAL
    with pytest.raises(BundleError, match=f"model {fingerprint(pocket)[:12]}, found one for 0a0a0a0a0a0a: "):
        Assistant(pocket, replace(known, calibrated_for="0a" * 32))


# --- one request --------------------------------------------------------------------------------


def test_what_the_device_is_sure_of_stays(assistant, pocket):
    answer = assistant(ASK_NEVER).answer("wake me at seven")
    expected = pocket.predict("wake me at seven")
    assert (answer.label, answer.slots) == (expected.label, expected.slots)
    assert (answer.served_by, answer.decision.reason, answer.sent) == (DEVICE, LOCAL, None)
    assert answer.reply is answer.problem is None and not answer.degraded and answer.latency_ms > 0


def test_a_learners_rules_decide(assistant):
    def rules(policy, label, score, high, online):
        return ("cloud", "mine", False) if online else ("refuse", "mine", False)

    answer = assistant(ASK_NEVER, rules=rules).answer("wake me at seven")
    assert (answer.served_by, answer.decision.reason) == (CLOUD, "mine")


def test_what_is_escalated_leaves_redacted_and_comes_back_restored(assistant):
    answer = assistant().answer("tell Ana i'm late")
    assert answer.sent == "tell <person_1> <message_1>"
    assert (answer.label, answer.slots) == ("send_message", {"person": ["Ana"], "message": ["i'm late"]})
    assert (answer.served_by, answer.decision.where, answer.decision.reason) == (CLOUD, "cloud", UNSURE)


def test_an_open_question_is_answered_in_words_restored(assistant):
    answer = assistant().answer("help me write a letter to Ana")
    assert answer.reply.startswith("[emulated answer") and answer.label == "ask_cloud" and answer.slots == {}
    assert answer.sent == "help me write a letter to <person_1>" and answer.reply.endswith("a letter to Ana")


def test_nothing_but_the_redacted_text_leaves(pocket):
    """Every byte of the body is looked at, on texts whose private values are known."""
    assistant, got = scripted(pocket, content="ok")
    names = ["Ana", "Ben", "Chidi"]
    for name in names:
        answer = assistant.answer(f"text {name} that the boat leaves at nine")
        assert (
            answer.sent
            == got[-1]["messages"][-1]["content"]
            == assistant.redact(assistant.bundle.predict(answer.text)).text
        )
    everything = json.dumps(got)
    assert not [name for name in names if name in everything] and "boat" not in everything


def test_the_request_as_it_leaves(pocket):
    assistant, got = scripted(pocket, content="ok")
    assistant.answer("wake me at seven")
    key = got[0].pop("extra_headers")
    assert got[0] == assistant.request("wake me at seven") and list(key) == ["Idempotency-Key"]
    assert [m["role"] for m in got[0]["messages"]] == ["system", "user"]
    assert got[0]["messages"][0]["content"] == SYSTEM and got[0]["tools"] == tool_schemas(pocket)
    assistant.answer("wake me at seven")
    assert got[1]["extra_headers"] != key  # asked twice is two requests


def test_tools_are_the_labels_with_their_slots(pocket):
    functions = {tool["function"]["name"]: tool["function"] for tool in tool_schemas(pocket)}
    assert set(functions) == set(pocket.labels) - {"ask_cloud"}
    assert list(functions["send_money"]["parameters"]["properties"]) == ["amount", "person"]
    assert functions["send_money"]["description"] == "send money"
    assert len(tool_schemas(pocket, beyond=())) == len(pocket.labels)
    assert tool_name("book a flight, please!") == "book_a_flight__please_" and len(tool_name("x" * 99)) == 64


def test_private_slots_are_an_argument(assistant):
    assert assistant(private=()).answer("tell Ana i'm late").sent == "tell Ana i'm late"


def test_redaction_lowers_what_leaves(assistant):
    split, some = datasets.load("pocket").validation, assistant()
    pairs = list(zip(split.texts, split.spans, strict=True))
    before = sum(leaked(as_it_is(text), gold) for text, gold in pairs)
    after = sum(leaked(some.redact(some.bundle.predict(text)), gold) for text, gold in pairs)
    assert before > 100 and after < before / 10


# --- high stakes --------------------------------------------------------------------------------


def test_high_stakes_ask_for_the_users_word(assistant):
    for policy in (ASK_NEVER, ASK_ALWAYS):
        answer = assistant(policy).answer("send Ben 20 euros")
        assert answer.label == "send_money" and answer.slots["amount"] == ["20 euros"] and answer.decision.confirm
    assert not assistant(ASK_NEVER).answer("wake me at seven").decision.confirm


def test_stakes_that_only_the_cloud_sees_are_confirmed_too(pocket):
    policy = replace(ASK_ALWAYS, reach=2)
    assistant, _ = scripted(pocket, name="delete_data", arguments='{"subject": ["photos"]}', policy=policy)
    answer = assistant.answer("set a timer for five minutes")
    assert answer.label == "delete_data" and answer.decision.confirm


def test_words_and_refusals_are_told_from_calls(pocket, assistant):
    words = assistant().answer("why is the sky blue")
    refused = Assistant(pocket, replace(ASK_ALWAYS, offline="refuse")).answer("wake me at seven")
    assert words.reply and refused.refused and refused.reply == OUT_OF_REACH
    assert not words.refused and assistant().answer("wake me at seven").reply is None


# --- when the cloud fails -----------------------------------------------------------------------


def test_without_a_cloud_the_answer_says_so(pocket):
    answer = Assistant(pocket, ASK_ALWAYS).answer("wake me at seven")
    assert answer.degraded and answer.decision.reason == DEGRADED and answer.label == "set_alarm"
    assert (answer.served_by, answer.sent, answer.problem) == (DEVICE, None, None)
    assert Assistant(pocket, ASK_ALWAYS).answer("why is the sky blue").decision.reason == REFUSED


@pytest.mark.parametrize(
    "offline, reason, label", [("answer", DEGRADED, "set_alarm"), ("refuse", REFUSED, "set_alarm")]
)
def test_an_outage_falls_back_as_the_policy_says(assistant, cloud, offline, reason, label):
    some = assistant(replace(ASK_ALWAYS, offline=offline))
    with cloud.outage():
        answer = some.answer("wake me at seven")
    assert (answer.decision.reason, answer.label, answer.served_by) == (reason, label, DEVICE)
    assert answer.problem == "cloud: the connection broke" and answer.sent == "wake me at seven"


def test_a_slow_cloud_falls_back_in_time(pocket):
    with start_cloud(POCKET, network=Network(round_trip_ms=5000, jitter=0)) as slow:
        client = client_from(slow, timeout_s=0.2, max_retries=0)
        answer = Assistant(pocket, ASK_ALWAYS, client).answer("wake me at seven")
    assert answer.degraded and answer.problem == "cloud: no answer in time" and answer.latency_ms < 4000


def test_a_wrong_key_is_no_silence(pocket, cloud):
    client = openai.OpenAI(base_url=cloud.base_url, api_key="wrong", max_retries=0)
    answer = Assistant(pocket, ASK_ALWAYS, client).answer("wake me at seven")
    assert answer.degraded and answer.problem.startswith("cloud: it answered 401: ")


def test_a_closed_cloud_falls_back(pocket):
    with start_cloud(POCKET, network=AT_ONCE) as gone:
        some = Assistant(pocket, ASK_ALWAYS, client_from(gone, max_retries=0))
    assert some.answer("wake me at seven").degraded


@pytest.mark.parametrize(
    "said, problem",
    [
        ({"name": "launch_rocket"}, "a call of 'launch_rocket', which is no tool here"),
        ({"name": "set_alarm", "arguments": "{time: 7"}, "a call of 'set_alarm' whose arguments are no JSON object"),
        ({"name": "set_alarm", "arguments": "[7]"}, "a call of 'set_alarm' whose arguments are no JSON object"),
        ({"content": None}, "an answer without a call and without words"),
        ({"choices": []}, "an answer without a message"),
        ({"choices": [SimpleNamespace(message=None)]}, "an answer without a message"),
        ({"name": None, "custom": True}, "a call that is none of a function"),
    ],
)
def test_nonsense_from_the_cloud_is_not_acted_on(pocket, said, problem):
    assistant, got = scripted(pocket, **said)
    for _ in range(5):  # it is reached: no reason to stop asking
        answer = assistant.answer("wake me at seven")
        assert answer.degraded and answer.label == "set_alarm" and answer.problem == f"cloud: {problem}"
    assert len(got) == 5


def test_an_address_that_serves_something_else(pocket):
    """A web page where the API should be: the client hands it over as text."""
    page = "from http.server import *\nclass Page(BaseHTTPRequestHandler):\n    def do_POST(self):\n"
    page += "        self.send_response(200); self.end_headers(); self.wfile.write(b'<html>hello</html>')\n"
    page += "    def log_message(self, *_): pass\nserver = HTTPServer(('127.0.0.1', 0), Page)\n"
    page += "print(server.server_port, flush=True); server.serve_forever()"
    with subprocess.Popen([sys.executable, "-c", page], stdout=subprocess.PIPE, text=True) as web:
        try:
            address = f"http://127.0.0.1:{int(web.stdout.readline())}/v1"
            client = openai.OpenAI(base_url=address, api_key="x", max_retries=0)
            answer = Assistant(pocket, ASK_ALWAYS, client).answer("wake me at seven")
        finally:
            web.kill()
    assert answer.degraded and answer.problem == "cloud: an answer without a message"


def test_arguments_are_taken_as_far_as_they_make_sense(pocket):
    given = {"time": "7", "date": ["friday", 3, None, {"a": 1}], "colour": ["red"], "person": ["Ana"]}
    assistant, _ = scripted(pocket, name="set_alarm", arguments=json.dumps(given))
    answer = assistant.answer("wake me at seven")
    assert answer.slots == {"time": ["7"], "date": ["friday", "3"]}
    empty, _ = scripted(pocket, name="set_alarm", arguments="")
    assert empty.answer("wake me at seven").slots == {}


def test_the_servers_own_error_falls_back_and_a_bad_request_blames_no_network(pocket, cloud):
    assistant = Assistant(pocket, ASK_ALWAYS, client_from(cloud, max_retries=0), breaker=Breaker(failures=1))
    too_long = assistant.answer("wake me at seven " + "or eight " * 300)
    assert "it answered 400: Expected at most 2000 characters" in too_long.problem.replace("Error code: 400 - ", "")
    assert assistant.answer("wake me at seven").served_by == CLOUD
    other = Assistant(pocket, ASK_ALWAYS, client_from(cloud, max_retries=0), model="other")
    assert "it answered 404" in other.answer("wake me at seven").problem


# --- the breaker --------------------------------------------------------------------------------


def test_the_breaker_opens_probes_and_closes():
    now = 0.0
    breaker = Breaker(failures=3, cooldown_s=10, clock=lambda: now)
    for _ in range(2):
        breaker.failed()
    breaker.succeeded()  # not in a row
    for _ in range(2):
        assert breaker.admit() == CLOSED
        breaker.failed()
    assert breaker.admit() == CLOSED
    breaker.failed()
    now = 9.9
    assert breaker.admit() == OPEN
    now = 10.0
    assert [breaker.admit() for _ in range(3)] == [PROBE, OPEN, OPEN]  # one at a time
    breaker.failed()
    now = 19.9
    assert breaker.admit() == OPEN
    now = 20.0
    assert breaker.admit() == PROBE
    breaker.succeeded()
    assert breaker.admit() == CLOSED
    breaker.failed()
    assert breaker.admit() == CLOSED  # counts anew


@pytest.mark.parametrize("wrong", [{"failures": 0}, {"cooldown_s": -1}, {"cooldown_s": float("nan")}])
def test_a_breaker_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match="expected failures >= 1 and cooldown_s >= 0"):
        Breaker(**wrong)


def test_an_outage_costs_the_first_requests_only(assistant, cloud):
    now = [0.0]
    some = assistant(breaker=Breaker(failures=2, cooldown_s=30, clock=lambda: now[0]))
    before = cloud.traffic()["arrived"]
    with cloud.outage():
        answers = [some.answer("wake me at seven") for _ in range(20)]
    assert cloud.traffic()["arrived"] == before + 2 and all(answer.degraded for answer in answers)
    assert [answer.sent is None for answer in answers] == [False] * 2 + [True] * 18
    assert "not asked" in answers[-1].problem
    assert some.answer("wake me at seven").degraded  # the outage is over, but nobody has looked
    now[0] = 30.0
    assert [some.answer("wake me at seven").served_by for _ in range(3)] == [CLOUD] * 3


def test_a_probe_is_a_single_try(pocket, cloud):
    client = client_from(cloud, max_retries=2)
    some = Assistant(pocket, ASK_ALWAYS, client, breaker=Breaker(failures=1, cooldown_s=0))
    some.breaker.failed()
    before = cloud.traffic()["arrived"]
    with cloud.outage():
        assert some.answer("wake me at seven").degraded
    assert cloud.traffic()["arrived"] == before + 1


# --- a thousand requests ------------------------------------------------------------------------


def test_a_thousand_requests_with_losses_and_an_outage_in_the_middle(tiny, tiny_bundle, tiny_teacher, tiny_home):
    """Every request is answered, none is carried out twice, the reasons add up; the outage's answers say so."""
    with tiny_home():
        teacher = tiny_teacher.bundle()
    device = Bundle.load(tiny_bundle)
    texts = [(*tiny.train.texts, *tiny.test.texts)[i % 45] for i in range(1000)]
    logits = np.stack([device.predict(text).intent_logits for text in texts])
    policy = Policy(score="margin", confirm=("play_music",), reach=2)
    policy = replace(policy, threshold=float(np.median(policy_scores(policy, logits))))
    planned = decide_all(policy, logits, device.labels)
    assert set(Counter(d.reason for d in planned)) == {LOCAL, UNSURE, BEYOND, CONFIRM}

    with start_cloud(teacher, network=Network(round_trip_ms=1, loss=0.05)) as cloud:
        client = client_from(cloud, max_retries=2)
        assistant = Assistant(device, policy, client, breaker=Breaker(failures=3, cooldown_s=0.05))
        with ThreadPoolExecutor(8) as pool:
            before = list(pool.map(assistant.answer, texts[:400]))
            with cloud.outage():
                during = list(pool.map(assistant.answer, texts[400:600]))
            time.sleep(0.1)
            after = [assistant.answer(text) for text in texts[600:620]]  # the first of these look whether it is back
            time.sleep(0.1)
            after += list(pool.map(assistant.answer, texts[620:]))
        traffic = cloud.traffic()
    answers = before + during + after

    assert [answer.text for answer in answers] == texts
    assert all(answer.refused or answer.label in device.labels for answer in answers)
    # The reasons add up, and each is the policy's: as planned, or what it says without a network.
    reasons = Counter(answer.decision.reason for answer in answers)
    offline = decide_all(policy, logits, device.labels, online=False)
    assert reasons.total() == 1000 and set(reasons) == {LOCAL, UNSURE, BEYOND, CONFIRM, DEGRADED, REFUSED}
    for answer, online, alone in zip(answers, planned, offline, strict=True):
        assert answer.decision.reason in (online.reason, alone.reason)
        assert (answer.served_by == CLOUD) == (answer.decision.where == "cloud")
        assert (answer.problem is not None) == (answer.decision.reason != online.reason)
    # Before the outage all that should go goes; during it nothing does, and says so; after it the cloud is back.
    escalated = [decision.where == "cloud" for decision in planned]
    assert (
        sum(answer.served_by == CLOUD for answer in before) >= sum(escalated[:400]) - 3
    )  # three tries lost: 1 in 8000
    assert not any(answer.served_by == CLOUD for answer in during)
    assert [answer.degraded or answer.refused for answer in during] == escalated[400:600]
    assert sum(answer.served_by == CLOUD for answer in after) > 0.9 * sum(escalated[600:])
    # None twice, though answers were lost on their way back and asked for again.
    by_cloud = sum(answer.served_by == CLOUD for answer in answers)
    assert traffic["carried_out"] == traffic["requests"] >= by_cloud > 300
    assert traffic["lost_responses"] > 0 and traffic["repeated"] > 0 and traffic["lost_requests"] > 0
    assert traffic["refused"] > 0
    parts = ("refused", "lost_requests", "carried_out", "repeated")
    assert traffic["arrived"] == sum(traffic[part] for part in parts)


# --- what it loads ------------------------------------------------------------------------------


def test_on_the_device_nothing_heavier_is_loaded_than_serving_needs():
    """Without a client: no openai, no server, no training library; the spans and the policy included."""
    code = f"""
import sys
for name in ("openai", "fastapi", "uvicorn", "httpx", "httpx2", "pydantic", "torch", "pandas"):
    sys.modules[name] = None
from edgelab.bundle import Bundle
from edgelab.routing.assistant import Assistant
from edgelab.routing.policy import Policy
import edgelab.cloud.client, edgelab.cloud.server, edgelab.cloud.network, edgelab.cloud.stand_in
assistant = Assistant(Bundle.load({str(POCKET)!r}), Policy(threshold=1e9))
print(assistant.answer("tell Ana i'm late").decision.reason, "/", assistant.redact(assistant.bundle.predict("tell Ana i'm late")).text)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == f"{DEGRADED} / tell <person_1> <message_1>\n", done.stderr
