"""OpenVINO beside ONNX Runtime on a real bundle; a runtime that is missing is a row, not an end; nothing phones home."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from edgelab.bundle.predict import Bundle
from edgelab.export.runtimes import (
    RUNTIMES,
    OpenVinoSession,
    RuntimeMissing,
    agreement,
    compare_runtimes,
    half_precision,
    in_openvino,
)
from edgelab.workspace import data_home

POCKET = data_home() / "bundles" / "pocket"
TEXTS = ("wake me at seven tomorrow", "play queen", "why is the sky blue", "send ten euros to anna")
needs_openvino = pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="the extra `runtimes`")


@pytest.fixture
def without_openvino(monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)


@needs_openvino
def test_openvino_answers_as_onnxruntime_does():
    bundle = Bundle.load(POCKET)
    other = in_openvino(bundle, precision="f32")
    assert other.session is not bundle.session and other.session.precision == "f32"
    for text in TEXTS:
        ours, theirs = other.predict(text), bundle.predict(text)
        assert (ours.label, ours.slots) == (theirs.label, theirs.slots)
        assert ours.confidence == pytest.approx(theirs.confidence, abs=1e-4)


@needs_openvino
@pytest.mark.parametrize("shape", [(1, 3), (4, 9), (2, 40)])
def test_a_session_of_openvino_is_run_as_one_of_onnxruntime(shape):
    ids = np.random.default_rng(0).integers(5, 1000, shape)
    feeds = {"ids": ids, "mask": np.ones_like(ids)}
    session, reference = OpenVinoSession(POCKET / "model.onnx", precision="f32"), Bundle.load(POCKET).session
    for names in (None, ["slots"], ["slots", "intent"]):
        for ours, theirs in zip(session.run(names, feeds), reference.run(names, feeds), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-4)
    first = session.run(["intent"], feeds)[0].copy()
    session.run(None, {"ids": ids[:, ::-1].copy(), "mask": feeds["mask"]})
    assert np.array_equal(session.run(["intent"], feeds)[0], first)


@needs_openvino
def test_results_of_one_run_outlive_the_next():
    ids = np.random.default_rng(0).integers(5, 1000, (1, 9))
    session = OpenVinoSession(POCKET / "model.onnx")
    kept = session.run(["intent"], {"ids": ids, "mask": np.ones_like(ids)})[0]
    before = kept.copy()
    session.run(["intent"], {"ids": ids[:, ::-1].copy(), "mask": np.ones_like(ids)})
    assert np.array_equal(kept, before)


@needs_openvino
def test_the_comparison_of_all_runtimes():
    results = compare_runtimes(Bundle.load(POCKET), TEXTS)
    assert [r.runtime for r in results] == list(RUNTIMES) and not any(r.note for r in results)
    reference, chosen, forced = results
    assert (reference.largest_difference, reference.same_labels, reference.same_calls) == (0, 1, 1)
    assert reference.speedup.value == 1
    assert (
        forced.precision == "f32"
        and forced.same_labels == forced.same_calls == 1
        and 0 < forced.largest_difference < 1e-3
    )
    expected = {"BF16": "bf16", "FP16": "f16"}
    assert chosen.precision in [expected[name] for name in half_precision()] or chosen.precision == "f32"
    assert all(len(r.latency.milliseconds) == len(TEXTS) and r.version[0].isdigit() for r in results)


def test_a_missing_runtime_says_so_and_the_others_go_on(without_openvino):
    reference, *others = compare_runtimes(Bundle.load(POCKET), TEXTS)
    assert reference.same_labels == 1 and reference.note == ""
    for result in others:
        assert "not installed: `pip install openvino`" in result.note
        assert (result.version, result.largest_difference, result.latency) == ("-", None, None)
    with pytest.raises(RuntimeMissing, match="not installed"):
        OpenVinoSession(POCKET / "model.onnx")
    with pytest.raises(RuntimeMissing, match="not installed"):
        half_precision()


@needs_openvino
def test_openvino_does_not_phone_home(tmp_path):
    code = f"""
import socket, sys, time
asked = []
socket.socket.connect = lambda self, address: asked.append(address)
socket.getaddrinfo = lambda host, *rest, **named: asked.append(host) or []
from edgelab.export.runtimes import OpenVinoSession
OpenVinoSession({str(POCKET / "model.onnx")!r})
time.sleep(0.5)  # it would report from a thread
print(asked, sys.modules["openvino_telemetry"])
"""
    environment = {"HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "[] None\n" and not list(tmp_path.iterdir())


def test_agreement_against_loops():
    generator = np.random.default_rng(0)
    for shape in ((1, 2), (50, 7)):
        a = generator.normal(size=shape)
        b = a + generator.normal(scale=0.5, size=shape)
        largest, same = agreement(a, b)
        assert largest == max(abs(x - y) for p, q in zip(a, b, strict=True) for x, y in zip(p, q, strict=True))
        pairs = zip(a.tolist(), b.tolist(), strict=True)
        assert same == pytest.approx(sum(p.index(max(p)) == q.index(max(q)) for p, q in pairs) / len(a))
    assert agreement(a, a) == (0, 1)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_never_agrees(odd):
    a, b = np.array([[0.0, 1.0], [2.0, 1.0]]), np.array([[0.0, odd], [2.0, 1.5]])
    for pair in ((a, b), (b, a), (b, b)):
        assert agreement(*pair) == (np.inf, 0.5)
    with pytest.raises(ValueError):
        agreement(np.zeros((0, 3)), np.zeros((0, 3)))
