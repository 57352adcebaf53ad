"""`show_browser` without a browser: what it hands to the page, and what it says where the browser's files are missing."""

import json

import pytest

from edgelab.bundle.calibrated import fingerprint
from edgelab.bundle.manifest import BundleError
from edgelab.machine import assets
from edgelab.routing.policy import Policy, to_json
from edgelab.tiers import browser
from edgelab.tiers.browser import REQUESTS, show_browser


@pytest.fixture
def built(tmp_path, monkeypatch):
    """A folder of files that only say their name."""
    folder = tmp_path / "edgelab-web-0"
    folder.mkdir()
    for name in assets.FILES:
        (folder / name).write_text(name)
    monkeypatch.setattr(browser, "assets", lambda: folder)
    return folder


def asked(widget, **content) -> list:
    """What the widget sends when the page asks for this."""
    sent = []
    widget.send = lambda content, buffers=None: sent.append((content, buffers))
    widget._handle_custom_msg(content, [])
    return sent


def test_the_page_is_given_the_policy_and_the_texts(pocket, built):
    policy = Policy(score="margin", threshold=2.0)
    state = show_browser(pocket, policy, ["one", "two"]).get_state()
    assert state["texts"] == ["one", "two"] and (state["_esm"], state["_folder"]) == ("widget.js", built.name)
    assert json.loads(json.dumps(state["_policy"])) == json.loads(to_json(policy))
    assert (state["answers"], state["loaded"], state["run"], state["error"]) == ([], {}, {}, "")
    assert len(show_browser(pocket).texts) == REQUESTS


def test_a_policy_of_another_model_is_refused(pocket, built):
    known = Policy(calibrated_for=fingerprint(pocket))
    assert show_browser(pocket, known, ["one"]).get_state()["_policy"]["calibrated_for"] == fingerprint(pocket)
    with pytest.raises(BundleError, match="found one for 0a0a0a0a0a0a: .* calibrate it anew"):
        show_browser(pocket, Policy(calibrated_for="0a" * 32), ["one"])


def test_files_of_the_bundle_and_of_the_runtime_are_handed_over_and_no_others(pocket, built):
    widget = show_browser(pocket, texts=[])
    ((content, (bytes_,)),) = asked(widget, kind="file", name="model.onnx")
    assert content["name"] == "model.onnx" and bytes_ == (pocket.folder / "model.onnx").read_bytes()
    ((_, (bytes_,)),) = asked(widget, kind="file", name=assets.ORT[0])
    assert bytes_.decode() == assets.ORT[0]
    for name in ("../bundle.json", "/etc/passwd", None, 3, ["model.onnx"]):
        assert asked(widget, kind="file", name=name) == []
    ((content, buffers),) = asked(widget, kind="file", name="tokenizer.json")  # this bundle has the other one
    assert buffers is None and "cannot be read" in content["error"]


def test_without_built_files_the_widget_says_what_is_missing(pocket, monkeypatch, tmp_path):
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    widget = show_browser(pocket, texts=["one"])
    assert "run `edgelab prepare browser`" in widget.error and widget.error in repr_of(widget)
    assert asked(widget, kind="file", name=assets.ORT[0]) == []


def repr_of(widget) -> str:
    return json.dumps(widget.get_state(), default=str)
