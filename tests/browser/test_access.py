"""The course by keyboard alone, in dark, in a narrow window, and as a screen reader meets it."""

import nbformat
import pytest

from tests.browser.test_jupyterlab import CUT_OFF, cell, failed, open_notebook, table, wait_for

WAIT_S = 60  # for a key to be taken
ACTIVE = "() => jupyterapp.shell.currentWidget.content.activeCellIndex"
FOCUSED = """selector => {
    const element = document.activeElement;
    return element.matches(selector) && element.closest(".jp-Cell") !== null;
}"""
DONE = """place => {
    const model = jupyterapp.shell.currentWidget.content.widgets[place].model;
    return model.type != "code" || model.executionState == "idle" && model.executionCount !== null;
}"""
MOUSE = """() => {
    window.pointed = [];
    for (const kind of ["mousedown", "pointerdown", "click"])
        addEventListener(kind, event => { if (event.detail > 0) window.pointed.push(kind); }, true);
}"""


class Hands:
    """A learner's ten fingers on one notebook; `place` is the active cell, from 0."""

    def __init__(self, page, sources: list[str]) -> None:
        self.page, self.sources = page, sources

    @property
    def place(self) -> int:
        return self.page.evaluate(ACTIVE)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def run(self) -> None:
        """Run the active cell, and wait until it is done; the next one is active then."""
        place = self.place
        self.press("Shift+Enter")
        wait_for(lambda: self.page.evaluate(DONE, place) or failed(self.page))

    def run_up_to(self, source: str) -> None:
        """Run cells one by one until the one that holds this is active."""
        (goal,) = [place for place, text in enumerate(self.sources) if source in text]
        while self.place != goal:
            before = self.place
            self.run()
            assert self.place == before + 1

    def go_into(self, selector: str) -> None:
        """Run the active cell in its place, and go on with Tab until such an element has the focus."""
        place = self.place
        self.press("Control+Enter")
        wait_for(lambda: self.page.evaluate(DONE, place))
        self.page.wait_for_selector(f".jp-Cell.jp-mod-active {selector}")
        for _ in range(20):
            if self.page.evaluate(FOCUSED, selector):
                return
            self.press("Tab")
        raise AssertionError(
            f"no way to {selector} by Tab: {self.page.evaluate('document.activeElement.outerHTML')[:200]}"
        )

    def leave(self) -> None:
        """Back to the cells, the next one active."""
        place = self.place
        self.press("Escape", "j")  # a slider keeps the arrow keys
        wait_for(lambda: self.place == place + 1)


def test_a_notebook_by_keyboard_alone(page, lab):
    """`00_start_here`: cells run, a guess recorded, an answer typed and passed, a slider moved; the mouse lies still."""
    open_notebook(page, lab + "&reset")
    page.evaluate(MOUSE)
    sources = page.evaluate(
        "() => jupyterapp.shell.currentWidget.content.model.sharedModel.cells.map(c => c.getSource())"
    )
    hands = Hands(page, sources)
    wait_for(lambda: hands.place == 0)

    hands.run_up_to('predict("retention"')
    hands.go_into("input")
    hands.press("Control+A", "9", "1", "Tab", "Enter")
    wait_for(lambda: "recorded: 91 %" in page.locator(".jp-Cell.jp-mod-active").text_content())
    hands.leave()

    hands.run_up_to("def days_met")
    hands.press("Enter", "Control+Home", "ArrowDown", "End", "Backspace", "Backspace", "Backspace")
    page.keyboard.type("1 - (percentile / 100) ** requests")
    hands.run()
    assert "[pass] days_met" in cell(page, "def days_met").text_content()

    hands.run_up_to("show_interval()")
    hands.go_into(".noUi-handle")
    shown = page.locator(".jp-Cell.jp-mod-active")
    before = table(shown)
    hands.press("ArrowRight")
    wait_for(lambda: table(shown) != before)
    hands.leave()
    assert failed(page) == [] and page.evaluate("window.pointed") == []


CODE = """from edgelab.tiers.ai_hub import excerpt
from edgelab.tiers.install_base import Needs
from edgelab.tiers.widgets import show_coverage

show_coverage(excerpt()[0], Needs(latency_ms=20, memory_mb=300, cpu_share=0.01))"""
DRAWN = """from edgelab.course import plots
from edgelab.stats.intervals import Interval

rows = {"labels": Interval(0.9, 0.88, 0.92), "calls": Interval(0.74, 0.7, 0.77)}
plots.show_figure(plots.intervals(rows, "share right"), "labels 0.90, calls 0.74")"""


@pytest.fixture(scope="module")
def explorer(course, lab):
    """The address of a notebook with a figure and an explorer that has a menu and two sliders."""
    cells = [*map(nbformat.v4.new_code_cell, (DRAWN, CODE)), nbformat.v4.new_markdown_cell("## Below")]
    made = nbformat.v4.new_notebook(cells=cells)
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, course / "work" / "explorer.ipynb")
    return lab.replace("00_start_here", "explorer") + "&reset"


def run_both(page, address: str) -> Hands:
    open_notebook(page, address)
    hands = Hands(page, [DRAWN, CODE])
    hands.run()
    hands.press("Control+Enter")
    wait_for(lambda: page.evaluate(DONE, 1) or failed(page))
    page.wait_for_selector(".widget-dropdown select")
    return hands


def test_a_menu_and_a_slider_take_the_arrow_keys(page, explorer):
    """JupyterLab would take them for its cells and headings; `edgelab/jupyter/overrides.json` leaves them to what has the
    focus."""
    hands = run_both(page, explorer)
    hands.go_into("select")
    active = page.locator(".jp-Cell.jp-mod-active")
    menu = active.locator("select")
    first = menu.input_value()
    for key, other in (("ArrowDown", True), ("ArrowUp", False)):
        hands.press(key)
        wait_for(lambda other=other: (menu.input_value() != first) == other, WAIT_S)
    hands.go_into(".noUi-handle")
    handle = active.locator(".noUi-handle").first
    for key, text in (("ArrowRight", "36"), ("ArrowLeft", "35"), ("ArrowUp", "36"), ("ArrowDown", "35")):
        hands.press(key)
        wait_for(lambda text=text: handle.get_attribute("aria-valuetext") == text, WAIT_S)
    assert hands.place == 1


THEME = """theme => jupyterapp.commands.execute("apputils:change-theme", {theme})"""
FAULTS = """async () => (await axe.run({include: [[".jp-OutputArea"]]}, {runOnly: ["color-contrast", "image-alt", "label"]}))
    .violations.flatMap(fault => fault.nodes.map(node => `${fault.id}: ${node.html.slice(0, 120)}`))"""
SCROLLS = ".cm-scroller"  # the code itself, as JupyterLab has it


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_what_a_notebook_shows_is_readable_in_both_themes_and_in_a_narrow_window(page, explorer, axe, theme):
    run_both(page, explorer)
    page.evaluate(THEME, theme)
    page.evaluate(axe)
    assert page.evaluate(FAULTS) == []
    page.evaluate('() => jupyterapp.commands.execute("application:toggle-left-area")')
    for width in (800, 600):
        page.set_viewport_size({"width": width, "height": 1000})
        page.wait_for_timeout(500)
        wide = [found for found in page.evaluate(CUT_OFF) if "cm-scroller" not in found and "widget-html" not in found]
        assert wide == [], width
