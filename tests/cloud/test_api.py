"""The API as the real client sees it: answers, and refusals in its shape."""

import json
import time
import urllib.error
import urllib.request

import openai
import pytest

from edgelab.cloud.client import STAND_IN, client_from
from tests.clouds import ask

pytestmark = pytest.mark.usefixtures("no_real_endpoint")


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
        (
            {"messages": [{"role": "user", "content": "x" * 2_000_000}]},
            openai.APIStatusError,
            "a body of at most 262144 bytes",
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


def test_a_key_used_for_another_text_is_refused(cloud):
    client = client_from(cloud)
    ask(client, "wake me at seven", extra_headers={"Idempotency-Key": "mine"})
    with pytest.raises(openai.BadRequestError, match="used with another text"):
        ask(client, "wake me at eight", extra_headers={"Idempotency-Key": "mine"})
