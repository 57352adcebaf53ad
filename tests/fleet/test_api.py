"""What the lab's paths answer over raw sockets: reports kept once, files handed out by name alone, the room."""

import asyncio
import gc
import gzip
import hashlib
import json
import socket
import subprocess
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from edgelab.fleet import api as lab_api
from edgelab.fleet.api import build_app
from edgelab.fleet.engine import StoreError
from edgelab.fleet.intake import Limiter
from edgelab.fleet.reports import Report
from edgelab.fleet.store import Entry, Outcome
from tests.clouds import POCKET
from tests.labs import PAGE, device, report, running_lab

# --- files ---------------------------------------------------------------------------------------


def test_the_page_and_its_assets_come_with_their_types(lab):
    page = lab.ask("GET", "/")
    assert (page.content.decode(), page.getheader("Content-Type")) == (PAGE, "text/html; charset=utf-8")
    types = {"lab.js": "text/javascript", "ort.wasm.bundle.min.mjs": "text/javascript"}
    types |= {"ort-wasm-simd-threaded.wasm": "application/wasm"}
    for name, media_type in types.items():
        assert lab.ask("GET", f"/assets/{name}").getheader("Content-Type").partition(";")[0] == media_type


def test_the_bundle_comes_as_it_is(lab):
    for name in ("bundle.json", "model.onnx", "vocabulary.zlib"):
        answer = lab.ask("GET", f"/bundle/{name}")
        assert answer.content == (POCKET / name).read_bytes()
        assert answer.getheader("X-Uncompressed-Length") == answer.getheader("Content-Length")


def test_a_large_asset_comes_packed_to_who_takes_it_and_once_to_who_kept_it(lab):
    path = "/assets/ort-wasm-simd-threaded.wasm"
    plain, packed = lab.ask("GET", path), lab.ask("GET", path, b"", "Accept-Encoding: gzip, br")
    assert gzip.decompress(packed.content) == plain.content and len(packed.content) < len(plain.content) / 100
    assert packed.getheader("X-Uncompressed-Length") == str(len(plain.content))
    again = lab.ask("GET", path, b"", f"If-None-Match: {plain.getheader('ETag')}")
    assert (again.status, again.content) == (304, b"")


@pytest.mark.parametrize("folder", ["/assets", "/bundle"])
@pytest.mark.parametrize(
    "name",
    ["../lab.html", "..%2flab.html", "%2e%2e/%2e%2e/etc/passwd", "....//x", "/etc/passwd", "lab.html", "notes.txt", "", ".",
     "lab.js/..", "lab.js%00", "%00", "\\..\\x", "C:\\x", "nothing.js", "LAB.JS", "%c0%ae%c0%ae/x"],
)  # fmt: skip
def test_nothing_else_is_handed_out(lab, folder, name):
    assert lab.refused("GET", f"{folder}/{name}")[0] in (400, 404)
    assert lab.refused("GET", f"/assets/..{folder}/{name}")[0] in (400, 404)


def test_a_path_of_half_characters_is_refused_in_text_that_can_be_written(lab):
    assert lab.refused("GET", "/bundle/%ed%a0%80")[0] == 404
    assert lab.refused("GET", "/%1b[31m")[0] == 404 and not any("\x1b" in line for line in lab.said)


# --- a session -----------------------------------------------------------------------------------


def test_a_session_says_what_is_measured_and_what_is_sent(lab):
    said = json.loads(lab.ask("GET", "/session").content)
    manifest = json.loads((POCKET / "bundle.json").read_text())
    sizes = sum(file.stat().st_size for file in POCKET.iterdir())
    assert said["bundle"] == {"model": manifest["model"], "sha256": manifest["manifest_sha256"], "size_bytes": sizes}
    assert len(said["texts"]) == len(set(said["texts"])) == 50 and (said["runs"], said["sustained_seconds"]) == (
        300,
        60,
    )
    assert said["consent"].count(". ") == 0 and "live view shows single devices" in said["consent"]
    for part in ("kind of device", "system", "browser", "cores", "memory", "screen size", "random number", "times"):
        assert part in said["consent"]
    assert "others in this network can read" not in said["consent"]
    assert "others in this network can read" in lab_api.consent("192.168.1.5")


# --- reports -------------------------------------------------------------------------------------


def test_a_report_is_kept_once_however_often_it_comes(lab):
    sent, before = report(lab.sha256), lab.kept
    assert [lab.ask("POST", "/reports", sent).status for _ in range(3)] == [201, 200, 200]
    reordered = json.dumps(dict(reversed(sent.items())), indent=2).replace("120,", "120.0,").encode()
    assert lab.ask("POST", "/reports", reordered).status == 200  # the same report, written otherwise
    assert lab.kept == before + 1
    assert lab.refused("POST", "/reports", sent | {"runs": 301}) == (409, "id: another report of this id is kept")
    kept = lab.opened.store.reports(lab.opened.session.name)[-1]
    assert json.loads(kept.body) == sent


def test_the_same_report_at_the_same_time_is_kept_once(lab):
    sent, before = report(lab.sha256), lab.kept
    with ThreadPoolExecutor(16) as pool:
        answers = sorted(pool.map(lambda _: lab.ask("POST", "/reports", sent).status, range(32)))
    assert answers == [200] * 31 + [201] and lab.kept == before + 1


@pytest.mark.parametrize("sent", ["APPLICATION/JSON", "application/json; charset=utf-8"])
def test_a_content_type_is_taken_as_the_standard_says(lab, sent):
    assert lab.ask("POST", "/reports", report(lab.sha256), f"Content-Type: {sent}").status == 201


@pytest.mark.parametrize("sent", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "-"])
def test_another_content_type_is_refused(lab, sent):
    assert lab.refused("POST", "/reports", report(lab.sha256), f"Content-Type: {sent}")[0] == 415


SCRIPT = "<script>alert(1)</script>"
TEXTS = ("id", "visit", "bundle_sha256", "device.kind", "device.system", "device.browser")
NUMBERS = (
    *("device.cores", "device.memory_gb", "load_ms.download", "load_ms.session", "first_ms", "latency_ms.p10"),
    *("latency_ms.p50", "latency_ms.p90", "latency_ms.p99", "runs", "batch", "clock_step_ms", "sustained.seconds"),
)
COUNTS = ("device.cores", "runs", "batch")


def changed(good: dict, place: str, value: object) -> dict:
    outer, _, inner = place.partition(".")
    return good | {outer: good[outer] | {inner: value} if inner else value}


@pytest.mark.parametrize("place", TEXTS)
@pytest.mark.parametrize("text", [SCRIPT, "", "=cmd()", "\0", "Chrome\n", "\u202e", "a" * 7000, 5, None, ["phone"]])
def test_a_text_that_is_none_of_those_expected_is_refused_by_name(lab, place, text):
    status, line = lab.refused("POST", "/reports", changed(report(lab.sha256), place, text))
    assert status == 422 and line.startswith(f"{place}: ") and SCRIPT not in line


@pytest.mark.parametrize("place", NUMBERS)
@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", "-Infinity", "-1", "1e400", "1e12", "9" * 400, '"5"', "true", "[1]", "{}"]
)
def test_a_number_that_is_none_or_out_of_bounds_is_refused_by_name(lab, place, value):
    body = json.dumps(changed(report(lab.sha256), place, "HERE")).replace('"HERE"', value).encode()
    status, line = lab.refused("POST", "/reports", body)
    assert status == 422 and line.startswith(f"{place}: ")


@pytest.mark.parametrize("place", COUNTS)
@pytest.mark.parametrize("value", [0, 35.5, 10**30])
def test_a_count_is_a_whole_number(lab, place, value):
    assert lab.refused("POST", "/reports", changed(report(lab.sha256), place, value))[0] == 422


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("latency_ms", {"p10": 3, "p50": 2, "p90": 6, "p99": 11}),
        ("latency_ms", {"p10": 3, "p50": 4, "p90": 12, "p99": 11}),
        ("latency_ms", {"p10": 3, "p50": 4, "p90": 5}),
        ("latency_ms", None),
        ("latency_ms", [1, 2, 3, 4]),
        ("device", {}),
        ("device", "phone"),
        ("device", device(screen=[390])),
        ("device", device(screen=[390, 844, 3])),
        ("device", device(screen=[390.5, 844])),
        ("device", device(screen=[0, 844])),
        ("device", device(name="Ada's phone")),
        ("sustained", {"seconds": 60, "p50_ms": []}),
        ("sustained", {"seconds": 60, "p50_ms": [1] * 61}),
        ("sustained", {"seconds": 60, "p50_ms": [1, None]}),
        ("runs", 29),
        ("user_agent", "Mozilla"),
        ("received_at", 5),
    ],
)
def test_what_is_missing_disordered_or_besides_is_refused_by_name(lab, place, value):
    status, line = lab.refused("POST", "/reports", report(lab.sha256) | {place: value})
    assert status == 422 and line.startswith(place)


@pytest.mark.parametrize("key", [key for key in report("0") if key != "batch"])
def test_no_key_may_be_missing_but_one(lab, key):
    assert lab.refused("POST", "/reports", {k: v for k, v in report(lab.sha256).items() if k != key}) == (
        422,
        f"{key}: Field required",
    )


def test_what_a_browser_may_not_tell_is_null(lab):
    least = report(lab.sha256, device=device(cores=None, memory_gb=None), sustained=None)
    del least["batch"]
    assert lab.ask("POST", "/reports", least).status == 201


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b'"x"', b"5", b"\xff\xfe{", b"[" * 8000, b"1" * 8000, b'{"a":' * 1500, b"\0", b"{}" * 9,
     b'{"id": "\\ud800"}', b'{"\\udfff": 1}', b'{"id": "\xed\xa0\x80"}', b"\xef\xbb\xbf{}", b"{'id': 1}", b'{"id": .5}'],
)  # fmt: skip
def test_a_body_that_is_no_report_is_refused(lab, body):
    status, line = lab.refused("POST", "/reports", body)
    assert status in (400, 422) and len(line) < 310


def test_an_unknown_key_that_would_steer_a_terminal_is_shown_in_neither_place(lab):
    assert lab.refused("POST", "/reports", report(lab.sha256) | {"\x1b[2J" * 400: 1})[0] == 422
    assert all(line.isprintable() and len(line) < 250 for line in lab.said)


def test_a_report_of_another_bundle_is_refused(lab):
    status, line = lab.refused("POST", "/reports", report("0" * 64))
    assert status == 422 and line.startswith("bundle_sha256: expected this session's bundle")


def test_other_methods_are_refused(lab):
    for method, path in (
        ("GET", "/reports"),
        ("POST", "/room"),
        ("DELETE", "/reports"),
        ("PUT", "/session"),
        ("TRACE", "/"),
    ):
        assert lab.refused(method, path, b"")[0] == 405


# --- the room ------------------------------------------------------------------------------------


def test_the_room_shows_each_device_once_the_newest_last(stub, tmp_path, monkeypatch):
    monkeypatch.setattr(lab_api, "ROOM_S", 0.0)
    with running_lab(stub, f"sqlite:///{tmp_path}/r.db") as lab:
        assert json.loads(lab.ask("GET", "/room").content) == {"devices": [], "count": 0}
        visits = [str(uuid.uuid4()) for _ in range(3)]
        for visit, p99 in [(visits[0], 11), (visits[1], 12), (visits[0], 13), (visits[2], 14)]:
            latency = {"p10": 1, "p50": 2, "p90": 3, "p99": p99}
            assert lab.ask("POST", "/reports", report(lab.sha256, visit=visit, latency_ms=latency)).status == 201
        shown = json.loads(lab.ask("GET", "/room").content)
        assert shown["count"] == 3 and [entry["p99_ms"] for entry in shown["devices"]] == [12, 13, 14]
        names = {"id8", "kind", "system", "browser", "p50_ms", "p99_ms", "load_ms", "first_ms", "received_at"}
        assert all(set(entry) == names and entry["load_ms"] == 932.5 for entry in shown["devices"])
        assert not any(visit.encode() in lab.ask("GET", "/room").content for visit in visits)
        monkeypatch.setattr(lab_api, "ROOM", 2)
        assert [entry["p99_ms"] for entry in json.loads(lab.ask("GET", "/room").content)["devices"]] == [13, 14]


def test_a_full_session_takes_no_more(lab, monkeypatch):
    monkeypatch.setattr(lab_api, "MOST_REPORTS", lab.kept)
    assert lab.refused("POST", "/reports", report(lab.sha256))[0] == 429


def test_a_database_that_fails_is_told_to_the_host_and_the_device_may_try_again(lab, monkeypatch):
    def fails(*_):
        raise StoreError("reports.db: the disk \x1b is on fire")

    sent = report(lab.sha256)
    with monkeypatch.context() as patch:
        patch.setattr(lab.opened.store, "put", fails)
        answers = [lab.ask("POST", "/reports", sent) for _ in range(3)]
    assert [(answer.status, answer.getheader("Retry-After")) for answer in answers] == [(503, "2")] * 3
    assert b"fire" not in answers[0].content
    assert [line for line in lab.said if "fire" in line] == ["refused (503): reports.db: the disk ? is on fire"]
    assert lab.ask("POST", "/reports", sent).status == 201


def test_a_database_that_hangs_when_the_lab_ends_leaves_no_traceback():
    released, complaints = threading.Event(), []

    class Hanging:
        def put(self, session: str, entries: list) -> list:
            released.wait(10)
            return [Outcome.STORED] * len(entries)

    async def cut_off() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
        commits = lab_api.Commits(Hanging(), "s")
        posts = [asyncio.create_task(commits.put(Entry(name, name, "{}"))) for name in "ab"]
        await asyncio.sleep(0.05)
        for post in posts:
            post.cancel()
        ended = await asyncio.gather(*posts, return_exceptions=True)
        assert [type(end) for end in ended] == [asyncio.CancelledError] * 2
        released.set()

    asyncio.run(cut_off())
    gc.collect()
    assert not complaints


def test_what_is_wrong_with_the_program_is_told_too(lab, monkeypatch):
    monkeypatch.setattr(lab.opened.store, "put", lambda *_: [][0])
    assert lab.refused("POST", "/reports", report(lab.sha256)) == (500, "the lab failed: IndexError")
    assert any("IndexError" in line for line in lab.said)


def test_a_phone_that_hangs_up_is_no_trouble(lab):
    whole = lab.request("POST", "/reports", report(lab.sha256))
    for part in (whole[:-10], whole, lab.request("GET", "/assets/ort-wasm-simd-threaded.wasm")):
        with socket.create_connection(("127.0.0.1", lab.opened.port)) as connection:
            connection.sendall(part)
    assert lab.ask("GET", "/session").status == 200


# --- whatever comes ------------------------------------------------------------------------------


def schema_of(lab) -> dict:
    """The API's OpenAPI schema, which the lab itself does not hand out, with this session's bundle in it."""
    own = lab_api.Api(lab.opened.content, lab.opened.store, lab.opened.session, lab.opened.host, lab.refusals)
    schema = build_app(own).openapi()
    parts = Report.model_json_schema(ref_template="#/components/schemas/{model}")
    schema["components"] = {"schemas": parts.pop("$defs")}
    parts["properties"]["bundle_sha256"] = {"enum": [lab.sha256]}
    content = {"schema": parts, "examples": {"good": {"value": report(lab.sha256)}}}
    schema["paths"]["/reports"]["post"]["requestBody"] = {"required": True, "content": {"application/json": content}}
    return schema


def test_schemathesis_finds_no_server_error(lab, monkeypatch, tmp_path):
    """Requests drawn from the schema, good and bad: some are kept, none makes the server fail."""
    monkeypatch.setattr(lab.guard, "limiter", Limiter(burst=10**6))
    (tmp_path / "openapi.json").write_text(json.dumps(schema_of(lab)))
    before, counted = lab.kept, lab.refusals.counts.copy()
    command = [sys.executable, "-m", "schemathesis.cli", "run", "openapi.json", "--url", f"http://{lab.host}"]
    command += ["--header", f"Authorization: Bearer {lab.opened.session.token}", "--max-examples", "25", "--seed", "1"]
    command += ["--checks", "not_a_server_error", "--phases", "examples,coverage,fuzzing", "--no-color"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    came = lab.refusals.counts - counted
    assert lab.kept > before and came[422, "latency_ms"] and not any(status >= 500 for status, _ in came)


def test_random_bytes_do_not_make_it_fail(impatient):
    draw = hashlib.sha256
    good = impatient.request("POST", "/reports", report(impatient.sha256))
    for number in range(60):
        noise = draw(str(number).encode()).digest()
        at = noise[0] * len(good) // 256
        with socket.create_connection(("127.0.0.1", impatient.opened.port), timeout=10) as connection:
            connection.sendall(good[:at] + noise[1 : 1 + noise[31] % 8] + good[at + noise[30] % 8 :])
            connection.shutdown(socket.SHUT_WR)
            status = connection.recv(64)[9:12]
        assert status == b"" or int(status) < 500, number
    assert impatient.ask("GET", "/session").status == 200
