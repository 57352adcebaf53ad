"""A learner in the real JupyterLab: solves, guesses, loses the kernel, and finds answers and progress again."""

import json
import subprocess
import sys

import pytest

from tests.browser.test_jupyterlab import cell, open_notebook, picture, wait_for

RUN = """async ({containing, source}) => {
    const notebook = jupyterapp.shell.currentWidget.content;
    const index = notebook.widgets.findIndex(cell => cell.model.type == "code" && cell.model.sharedModel.source.includes(containing));
    notebook.activeCellIndex = index;
    if (source) notebook.activeCell.model.sharedModel.setSource(source);
    await jupyterapp.commands.execute("notebook:run-cell");
    return notebook.activeCell.model.outputs.toJSON().map(output => output.text ?? output.traceback ?? "").flat().join("");
}"""
ADD = """async ({below, source}) => {
    const notebook = jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = notebook.widgets.findIndex(cell => cell.model.sharedModel.source.includes(below));
    await jupyterapp.commands.execute("notebook:insert-cell-below");
    notebook.activeCell.model.sharedModel.setSource(source);
}"""
RESTART = "() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
SOFTEN = """import numpy as np

from edgelab.distillation.checks import check


def soften(logits, temperature):
    powers = larger(logits / temperature)
    return powers / powers.sum(axis=-1, keepdims=True)


soften = check(soften)"""
HELPER = "def larger(z):\n    return np.exp(z - z.max(axis=-1, keepdims=True))"
DIVERGENCE = """from edgelab.stats.softmax import log_softmax


def divergence(teacher_logits, student_logits, temperature):
    t, s = log_softmax(teacher_logits / temperature), log_softmax(student_logits / temperature)
    return (np.exp(t) * (t - s)).sum(-1).mean()


divergence = check(divergence)"""


def run(page, containing, source=""):
    return page.evaluate(RUN, {"containing": containing, "source": source})


@pytest.fixture(scope="module")
def learned(course):
    """Nothing yet."""
    return course


def test_a_learner_comes_back(page, lab, course, pictures):
    open_notebook(page, lab + "&reset")
    assert run(page, "so_far()") == ""  # a beginner is told nothing
    run(page, '"retention"')
    guess = cell(page, '"retention"')
    guess.locator("input").fill("91")
    guess.locator(".widget-button").click()
    wait_for(lambda: "recorded: 91 %" in guess.text_content())
    assert "[fail] runs_where" in run(
        page, "runs_where = {", "from edgelab.course.checks import check\nruns_where = check('runs_where', {})"
    )

    open_notebook(page, lab.replace("00_start_here", "01_distillation") + "&reset")
    page.evaluate(ADD, {"below": "# Distillation", "source": HELPER})
    run(page, "def larger")
    assert "[pass] soften" in run(page, "def soften", SOFTEN)
    assert "[pass] divergence" in run(page, "def divergence", DIVERGENCE)
    page.evaluate(RESTART)
    page.evaluate(
        ADD, {"below": "def soften", "source": "from edgelab.distillation.checks import check\n\ncheck.restore()"}
    )
    told = run(page, "check.restore()")
    picture(page, pictures / "learner-restored.png")
    assert "[pass] soften: your answer of" in told and "[pass] divergence: your answer of" in told, told
    assert "not passed yet: kd_loss" in told
    page.evaluate(
        ADD, {"below": "check.restore()", "source": "print(soften(np.zeros((1, 4)), 2.0)[0, 0])\ncheck.so_far()"}
    )
    went_on = run(page, "soften(np.zeros")
    assert went_on.startswith("0.25\nyou, so far: 2 of 11 exercises pass"), went_on
    cell(page, "soften(np.zeros")
    picture(page, pictures / "learner-so-far.png")

    open_notebook(page, lab + "&reset")
    shown = run(page, "so_far()")
    cell(page, "so_far()")
    picture(page, pictures / "learner-start-here.png")
    assert "01_distillation  2 of 11 exercises pass" in shown and "next: 01_distillation, exercise kd_loss" in shown

    command = [sys.executable, "-m", "edgelab", "progress"]
    kept = course / "work" / ".edgelab" / "progress.jsonl"
    done = subprocess.run(command, cwd=course, env={"PYTHONPATH": str(course)}, capture_output=True, text=True)
    assert "next: 01_distillation, exercise kd_loss" in done.stdout and "0 of 5 pass" in done.stdout, done
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    assert {line["event"] for line in lines} == {"ask", "guess", "check", "restore"}
    assert next(line for line in lines if line["event"] == "guess")["value"] == 91.0
