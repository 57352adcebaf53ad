"""`show_browser` in the real JupyterLab: a request typed, a run of many, and what of it arrives in Python."""

import json

import nbformat
import pytest

from edgelab.bundle.predict import Bundle
from edgelab.routing.policy import Policy, decide
from tests.browser.test_jupyterlab import CELLS, IDLE, RUN_ALL, cell, failed, picture, wait_for
from tests.clouds import POCKET

ANSWERED = "pay ana 20 euros"
CODE = (
    """from edgelab.bundle import Bundle
from edgelab.routing import Policy
from edgelab.tiers.browser import show_browser
from edgelab.workspace import data_home

bundle = Bundle.load(data_home() / "bundles" / "pocket")
texts = ["wake me at seven", "why is the sky blue"] * 20
widget = show_browser(bundle, Policy(score="max_probability", threshold=0.7), texts)
widget""",
    "import json; print(json.dumps([widget.answers, widget.loaded, widget.run, widget.error]))",
)
RUN_SECOND = """async () => {
    const notebook = jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = 1;
    await jupyterapp.commands.execute("notebook:run-cell");
}"""
DARK = """() => jupyterapp.commands.execute("apputils:change-theme", {theme: "JupyterLab Dark"})"""


@pytest.fixture(scope="module")
def notebook(course, lab):
    """The address of a notebook of two cells in the learner's copy."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in CODE])
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}  # else it asks
    nbformat.write(made, course / "work" / "widget.ipynb")
    return lab.replace("00_start_here", "widget") + "&reset"


def run_all(page, notebook: str) -> None:
    """Open the notebook and run both cells."""
    page.goto(notebook)
    wait_for(lambda: page.evaluate(IDLE))
    page.evaluate(RUN_ALL)
    wait_for(lambda: failed(page) or all(c["count"] for c in page.evaluate(CELLS)))
    assert failed(page) == []


def opened(page, notebook: str):
    """The widget, with its bundle loaded."""
    run_all(page, notebook)
    widget = cell(page, "show_browser(bundle").locator(".edgelab-browser")
    wait_for(lambda: "is ready" in widget.text_content() or widget.locator(".error").is_visible())
    assert widget.locator(".error").is_hidden(), widget.text_content()
    return widget


def found_by_python(page) -> list:
    """The widget's traits as the notebook's second cell prints them."""
    page.evaluate(RUN_SECOND)
    wait_for(lambda: page.evaluate(IDLE))
    (output,) = page.evaluate(CELLS)[1]["outputs"]
    return json.loads(output["text"])


def test_a_request_is_answered_here_and_reaches_python(page, notebook, web_assets, pictures):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    widget = opened(page, notebook)
    assert any(url.endswith(f"/{web_assets.name}/ort-wasm-simd-threaded.wasm") for url in asked)

    widget.get_by_role("textbox", name="Request").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type(ANSWERED)
    page.keyboard.press("Enter")
    wait_for(lambda: "Tool call" in widget.text_content())
    widget.get_by_label("no network").check()
    widget.get_by_role("button", name="Answer here").click()
    wait_for(lambda: "offline" in widget.text_content() or "this device" in widget.text_content())
    picture(page, pictures / "browser-answered.png")
    widget.get_by_role("button", name="Answer 40 requests").click()
    wait_for(lambda: "p99" in widget.text_content())
    page.evaluate(DARK)
    picture(page, pictures / "browser-dark.png")

    answers, loaded, run, error = found_by_python(page)
    bundle, policy = Bundle.load(POCKET), Policy(score="max_probability", threshold=0.7)
    expected = bundle.predict(ANSWERED)
    assert [answer["online"] for answer in answers] == [True, False] and error == ""
    for answer in answers:
        decision = decide(policy, expected.intent_logits, bundle.labels, online=answer["online"])
        assert (answer["text"], answer["label"], answer["slots"]) == (ANSWERED, expected.label, expected.slots)
        assert (answer["where"], answer["reason"], answer["confirm"]) == (
            decision.where,
            decision.reason,
            decision.confirm,
        )
        assert answer["score"] == pytest.approx(decision.score, abs=1e-5)
        assert answer["latency_ms"] >= 0
    assert loaded["verified"] and loaded["bytes"] > 10e6
    assert run["requests"] == len(run["latencies_ms"]) == 40 and run["p99_ms"] >= run["p50_ms"]


def test_where_jupyterlab_does_not_serve_the_files_the_kernel_sends_them(page, notebook, web_assets):
    """As when the kernel's environment is another one than JupyterLab's."""
    page.route(f"**/{web_assets.name}/**", lambda route: route.fulfill(status=404))
    widget = opened(page, notebook)
    widget.get_by_role("button", name="Answer here").click()
    wait_for(lambda: "set_alarm(" in widget.text_content())
    assert found_by_python(page)[1]["bytes"] > 10e6


def test_without_the_files_the_notebook_says_so_and_goes_on(page, notebook, web_assets, course):
    """Other sources than those that were built: as after `git pull` without `make env`."""
    source = course / "web" / "src" / "widget.ts"
    before = source.read_text("utf-8")
    source.write_text(before + "// changed\n", "utf-8")
    try:
        run_all(page, notebook)
        output = cell(page, "show_browser(bundle").locator(".jp-OutputArea")
        wait_for(lambda: "run `edgelab prepare browser`" in output.text_content())
        assert "prepare browser" in found_by_python(page)[3]
    finally:
        source.write_text(before, "utf-8")


FAULTS = """async () => (await axe.run(document.querySelector(".edgelab-browser"))).violations
    .filter(({impact}) => ["serious", "critical"].includes(impact)).map(({id, nodes}) => `${id}: ${nodes[0].html}`)"""


def test_the_widget_can_be_read_and_worked_by_everybody(page, notebook, web_assets, axe):
    """axe-core finds nothing serious in it, in light and in dark."""
    widget = opened(page, notebook)
    widget.get_by_role("button", name="Answer here").click()
    wait_for(lambda: "set_alarm(" in widget.text_content())
    page.evaluate(axe)
    assert page.evaluate(FAULTS) == []
    page.evaluate(DARK)
    page.wait_for_timeout(1000)
    assert page.evaluate(FAULTS) == []
