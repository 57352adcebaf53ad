"""Emulated tiers: what is taken away shows in the result, in real child processes; too little is a result, not a crash."""

import platform
import sys
import time
from dataclasses import replace

import psutil
import pytest

from edgelab.measurement.load import Load
from edgelab.tiers import emulation
from edgelab.tiers.emulation import MB, TIERS, Emulated, EmulatedTier, changes, emulate, emulate_all, unavailable
from edgelab.workspace import data_home

POCKET = data_home() / "bundles" / "pocket"
TEXTS = ("wake me at seven", "play some jazz", "text anna that i am running late and will be there around eight")
X86 = platform.machine().lower() in ("x86_64", "amd64")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone limits address space")


@pytest.fixture
def children():
    """What this test has started and not ended; tests before it may keep servers for the whole run."""
    before = set(psutil.Process().children())
    return lambda: [child for child in psutil.Process().children() if child not in before]


@pytest.fixture(scope="module")
def as_it_is():
    return emulate(POCKET, TIERS["as it is"], TEXTS, per_second=200, requests=60)


def test_all_requests_are_answered(as_it_is):
    assert (as_it_is.ended, as_it_is.unavailable, as_it_is.kernels) == ("", "", {})
    assert len(as_it_is.first_answer_ms) == len(as_it_is.loads) == 1
    assert len(as_it_is.service_ms) == len(as_it_is.latency_ms) == 60
    waits = zip(as_it_is.latency_ms, as_it_is.service_ms, strict=True)
    assert all(latency >= service > 0 for latency, service in waits)
    assert 20 * MB < as_it_is.peak_bytes < 1000 * MB


def test_who_asks_during_a_stop_waits_for_its_end(children):
    """Of each half second 0.4 are a stop: at 100 requests a second some come early in one."""
    tier = EmulatedTier("a fifth of the time", duty=0.2, period_s=0.5)
    found = emulate(POCKET, tier, TEXTS, per_second=100, requests=100)
    assert found.ended == "" and len(found.latency_ms) == 100
    assert max(found.latency_ms) > 300
    assert sum(latency > 100 for latency in found.latency_ms) > 20
    assert children() == []


def test_a_tenth_of_the_time_makes_the_first_answer_late(as_it_is):
    found = emulate(POCKET, TIERS["a tenth of the time"], TEXTS, requests=1)
    assert found.first_answer_ms[0] > 3 * min(as_it_is.first_answer_ms[0], 800)


def test_too_little_memory_is_a_result(children):
    found = emulate(POCKET, EmulatedTier("tiny", memory_bytes=15 * MB), TEXTS, requests=5)
    assert found.ended.startswith("before its first answer, by the memory limit: ") and "MB resident" in found.ended
    assert (found.first_answer_ms, found.loads) == ((), ()) and found.peak_bytes > 15 * MB
    assert children() == []


def test_enough_memory_changes_nothing():
    found = emulate(POCKET, EmulatedTier("roomy", memory_bytes=4000 * MB), TEXTS, requests=5)
    assert found.ended == "" and len(found.latency_ms) == 5


@on_linux
def test_memory_that_is_refused_is_a_result():
    found = emulate(POCKET, EmulatedTier("no room", address_bytes=120 * MB), TEXTS, requests=5)
    assert found.ended.startswith("before its first answer, by ") and ": " in found.ended
    assert (found.first_answer_ms, found.loads) == ((), ())


def test_a_bundle_that_does_not_open_is_told(tmp_path):
    found = emulate(tmp_path, TIERS["as it is"], TEXTS, requests=5)
    assert "before its first answer, by an error: " in found.ended and str(tmp_path) in found.ended


@pytest.mark.skipif(not X86, reason="x86 alone")
def test_older_instructions_give_other_kernels():
    pytest.importorskip("openvino")
    new, old = (
        emulate(POCKET, TIERS[name], TEXTS[:1], per_second=1000, requests=20)
        for name in ("OpenVINO", "OpenVINO, SSE4.1")
    )
    assert new.ended == old.ended == ""
    assert any("sse42" in name for name in old.kernels)
    if any("avx" in name for name in new.kernels):  # the processor has more than that
        assert not any("sse42" in name for name in new.kernels) and new.kernels != old.kernels


def test_what_cannot_be_emulated_here_says_why(monkeypatch):
    assert "onnxruntime picks its instructions itself" in unavailable(EmulatedTier("old", isa="AVX2"))
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "on Linux alone" in unavailable(TIERS["150 MB of addresses"])
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    assert "x86 alone, this is arm64" in unavailable(TIERS["OpenVINO, AVX2"])
    monkeypatch.setattr(emulation.importlib.util, "find_spec", lambda name: None)
    assert "pip install openvino" in unavailable(TIERS["OpenVINO"])
    found = emulate(POCKET, TIERS["OpenVINO"], TEXTS)
    assert (found.unavailable, found.loads, found.ended) == (unavailable(TIERS["OpenVINO"]), (), "")


def test_whoever_interrupts_leaves_no_process_behind(children, monkeypatch):
    def interrupted(process, settings):
        raise KeyboardInterrupt

    monkeypatch.setattr(emulation, "_talk", interrupted)
    with pytest.raises(KeyboardInterrupt):
        emulate(POCKET, TIERS["a tenth of the time"], TEXTS)
    until = time.monotonic() + 10
    while any(child.status() != psutil.STATUS_ZOMBIE for child in children()) and time.monotonic() < until:
        time.sleep(0.01)
    assert all(child.status() == psutil.STATUS_ZOMBIE for child in children())


# --- several ------------------------------------------------------------------------------------


def run(tier, ms, ended=""):
    load = Load((0.0, 10.0), (0.0, 10.0), (ms, 10 + ms))
    return Emulated(tier, (100 * ms,), () if ended else (load,), int(ms * MB), ended=ended)


def test_tiers_take_turns_on_the_same_requests(monkeypatch):
    asked = []

    def emulated(folder, tier, texts, **settings):
        asked.append((tier.name, settings["seed"]))
        return run(tier, len(asked))

    monkeypatch.setattr(emulation, "emulate", emulated)
    tiers = [EmulatedTier(name) for name in "abc"]
    found = emulate_all(POCKET, tiers, TEXTS, rounds=4)
    assert [sorted(asked[i : i + 3]) for i in range(0, 12, 3)] == [[(n, r) for n in "abc"] for r in range(4)]
    assert len({tuple(name for name, _ in asked[i : i + 3]) for i in range(0, 12, 3)}) > 1
    assert [r.tier for r in found] == tiers and all(len(r.latency_ms) == 8 for r in found)
    mine = [number + 1 for number, (name, _) in enumerate(asked) if name == "b"]
    assert found[1].first_answer_ms == tuple(100.0 * n for n in mine) and found[1].peak_bytes == mine[-1] * MB


def test_the_table_has_a_line_a_tier():
    tier = TIERS["as it is"]
    killed = run(replace(tier, name="killed"), 3.0, ended="by the memory limit")
    lines = changes([run(tier, 2.0), killed, Emulated(replace(tier, name="not here"), unavailable="no Linux")])
    assert list(lines["emulated"]) == ["as it is", "killed", "not here"]
    slow = replace(run(tier, 2.0), first_answer_ms=(1330.4,))
    assert changes([slow])["first answer, ms"].item() == "1330"
    assert list(lines["what happened"]) == ["answered all", "by the memory limit", "no Linux"]
    assert list(lines["work p50, ms"]) == ["2", "-", "-"] and list(lines["peak, MB"]) == ["2", "3", "-"]
