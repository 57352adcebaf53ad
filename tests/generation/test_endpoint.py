"""A model behind an OpenAI-compatible endpoint: a real server on this machine that streams what it is told to."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from edgelab.cloud import client
from edgelab.generation import endpoint, writing
from edgelab.generation.endpoint import Endpoint
from edgelab.generation.errors import GeneratorError
from edgelab.generation.texts import Case, Text, write_texts


@pytest.fixture
def server(monkeypatch):
    """It answers `Hi!` in two parts, or refuses where `status` says so; `asked` are the requests."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            here.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(here.status)
            self.send_header("Content-Type", "text/event-stream" if here.status == 200 else "application/json")
            self.end_headers()
            if here.says is not None:
                self.wfile.write(here.says)
                return
            if here.status != 200:
                self.wfile.write(b'{"error": {"message": "no such model"}}')
                return
            for text, reason in (("Hi", None), ("!", None), ("", "stop")):
                self.send([{"index": 0, "delta": {"content": text}, "finish_reason": reason}])
            self.send([], usage={"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9})
            self.wfile.write(b"data: [DONE]\n\n")

        def send(self, choices, **more):
            chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "large", "choices": choices}
            self.wfile.write(f"data: {json.dumps(chunk | more)}\n\n".encode())

        def log_message(self, *_):
            pass

    here = HTTPServer(("127.0.0.1", 0), Handler)
    here.asked, here.status, here.says = [], 200, None
    thread = threading.Thread(target=here.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{here.server_port}/v1"
    for name, value in {
        endpoint.MODEL: "large",
        endpoint.ADDRESS: address,
        endpoint.KEY: "key",
        "NO_PROXY": "*",
    }.items():
        monkeypatch.setenv(name, value)
    yield here
    here.shutdown()
    here.server_close()
    thread.join()


def test_it_answers_as_the_local_ones_do(server):
    answer = Endpoint.from_environment().answer("hello", max_tokens=5)
    assert (answer.text, answer.prompt_tokens, answer.complete, answer.tokens) == ("Hi!", 7, True, ())
    assert answer.ttft_ms > 0 and len(answer.tpot_ms) == 1
    (asked,) = server.asked
    assert asked["messages"] == [{"role": "user", "content": "hello"}] and asked["model"] == "large"
    assert (asked["max_tokens"], asked["temperature"]) == (5, 0) and "response_format" not in asked


def test_a_schema_goes_along(server):
    schema = {"type": "object"}
    Endpoint.from_environment().answer([{"role": "system", "content": "be brief"}], schema=schema)
    assert server.asked[0]["response_format"]["json_schema"]["schema"] == schema
    assert server.asked[0]["messages"][0]["role"] == "system"


def test_a_refusal_is_one_line(server):
    server.status = 404
    with pytest.raises(GeneratorError, match=r"large at http://127.0.0.1:\d+/v1/: .*no such model"):
        Endpoint.from_environment().answer("hello")


@pytest.mark.parametrize(
    "says",
    [
        b"",
        b"data: [DONE]\n\n",
        b"data: {garbage\n\n",
        b"data: 5\n\n",
        b'data: {"choices": []}\n\n',
        b'data: {"choices": [{"index": 0, "delta": null}]}\n\n',
        b'data: {"choices": 7}\n\n',
        b'data: {"choices": [{"index": 0, "delta": {"content": 5}}]}\n\n',
        b"<html>a page of a hotel</html>",
        b"data: \xff\xfe\n\n",
    ],
)
def test_what_is_no_answer_is_one_line(server, says):
    server.says = says
    with pytest.raises(
        GeneratorError, match=r"large at http://127.0.0.1:\d+/v1/: expected chunks of a chat completion"
    ) as told:
        Endpoint.from_environment().answer("hello")
    assert "\n" not in str(told.value)


def test_what_is_no_address_is_one_line(server, monkeypatch):
    monkeypatch.setenv(endpoint.ADDRESS, "http://here:port")
    with pytest.raises(GeneratorError, match=f"{endpoint.ADDRESS}=.*expected an address"):
        Endpoint.from_environment()


def test_without_the_variables_there_is_none(monkeypatch):
    monkeypatch.delenv(endpoint.MODEL, raising=False)
    assert Endpoint.from_environment() is None
    monkeypatch.setenv(endpoint.MODEL, "large")
    monkeypatch.delenv(endpoint.KEY, raising=False)
    with pytest.raises(GeneratorError, match=f"{endpoint.MODEL} is set, but .*{endpoint.KEY}"):
        Endpoint.from_environment()


def test_the_variables_are_those_of_the_cloud():
    assert client.MODEL_VARIABLE == endpoint.MODEL


def test_its_texts_are_kept_and_stand_beside_the_others(server, tmp_path, monkeypatch):
    """Asked once, and not again: neither by the next look nor when it is gone. Another model's are not taken for its own."""
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path))
    asked = {"calls": (Case(({"role": "user", "content": "hello"},), 5, {"type": "string"}),)}
    assert writing.ENDPOINT in writing.find_all(asked).missing and server.asked == []
    write_texts(Endpoint.from_environment(), asked["calls"])
    server.status = 500
    found = writing.find_all(asked)
    assert found.texts["calls"][writing.ENDPOINT] == (Text("Hi!", True),) and writing.ENDPOINT not in found.missing
    (request,) = server.asked
    assert request["response_format"]["json_schema"]["schema"] == {"type": "string"} and request["max_tokens"] == 5
    monkeypatch.setenv(endpoint.MODEL, "larger")
    assert writing.ENDPOINT in writing.find_all(asked).missing
