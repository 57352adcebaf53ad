"""The explorers: each pure function over its grid, and each control moved, with figure, words and table following."""

import html
import re
import time
from itertools import pairwise, product

import ipywidgets
import numpy as np
import pandas as pd
import pytest

from edgelab import plots
from edgelab.bundle import Bundle
from edgelab.distillation import soften
from edgelab.measurement import Interval, accuracy_interval
from edgelab.widgets import common, distillation, start_here
from edgelab.widgets.distillation import Member, compute_size, compute_temperature, show_size, show_temperature
from edgelab.widgets.start_here import compute_call, compute_interval, show_interval, show_pocket

LABELS = ("alarm", "timer", "music", "call", "cloud", "list")
LOGITS = {
    "wake me": np.array([6.0, 4.0, -1.0, 0.0, 1.0, -2.0]),
    "who <is> it": np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
}
FAMILY = [
    Member("teacher", 90_000_000, Interval(0.95, 0.93, 0.96), Interval(1, 1, 1), 9.0),
    Member("transformer", 22_000_000, Interval(0.94, 0.92, 0.95), Interval(0.99, 0.975, 1.0), 2.0),
    Member("convolution", 3_000_000, Interval(0.93, 0.91, 0.94), Interval(0.98, 0.955, 1.0), 0.1),
    Member("static", 600_000, Interval(0.88, 0.86, 0.90), Interval(0.93, 0.905, 0.95), 0.05),
]


def controls_of(box) -> list:
    return [w for w in box.children if hasattr(w, "value") and not isinstance(w, ipywidgets.HTML | ipywidgets.Image)]


def parts(box) -> tuple[str, bytes, str]:
    """Words, picture and table, as shown."""
    alt, table = [w for w in box.children if isinstance(w, ipywidgets.HTML)]
    (picture,) = [w for w in box.children if isinstance(w, ipywidgets.Image)]
    return html.unescape(re.sub("<[^>]+>", "", alt.value)), bytes(picture.value), table.value


def cells(table: str) -> list[list[str]]:
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.DOTALL)
    return [[html.unescape(c) for c in re.findall(r"<td>(.*?)</td>", row, re.DOTALL)] for row in rows[1:]]


def shows(table: str, data: pd.DataFrame) -> None:
    assert cells(table) == data.astype(str).to_numpy().tolist()


def grid(control) -> list:
    if isinstance(control, ipywidgets.Dropdown):
        return list(control.options)
    steps = round((control.max - control.min) / control.step)
    values = [control.min + i * control.step for i in range(0, steps + 1, max(1, steps // 4))]
    return [*values, control.max]


@pytest.fixture(scope="module")
def bundle(tiny_bundle):
    return Bundle.load(tiny_bundle)


# --- what all share -----------------------------------------------------------------------------

EXPLORERS = {
    "temperature": lambda: show_temperature(LOGITS, LABELS),
    "size": lambda: show_size(FAMILY),
    "interval": show_interval,
}


@pytest.mark.parametrize("name", EXPLORERS)
def test_at_most_three_labelled_and_bounded_controls_before_words_picture_and_table(name):
    box = EXPLORERS[name]()
    controls = controls_of(box)
    assert 1 <= len(controls) <= 3 and list(box.children[: len(controls)]) == controls
    for control in controls:
        assert control.description
        if not isinstance(control, ipywidgets.Dropdown):
            assert control.min <= control.value <= control.max and control.step > 0
    words, picture, table = parts(box)
    assert words.endswith(".") and picture.startswith(b"\x89PNG") and "<table" in table


@pytest.mark.parametrize("name", EXPLORERS)
def test_each_control_moves_words_table_and_picture_quickly(name):
    box, seconds = EXPLORERS[name](), []
    for control in controls_of(box):
        seen = []
        for value in grid(control):
            start = time.process_time()
            control.value = value
            seconds.append(time.process_time() - start)
            seen.append(parts(box))
        assert all(len(set(part)) >= 2 for part in zip(*seen, strict=True)), control.description
    assert np.median(seconds) < 0.3  # 0.1 on a machine of its own


def test_an_explorer_calls_draw_with_the_values_in_order_and_escapes_its_words():
    calls = []

    def draw(a, b):
        calls.append((a, b))
        return plots.figure(2, 2)[0], "a < b & c", pd.DataFrame({"sum": [a + b]})

    box = common.explorer([common.slider("a", 1, 0, 5, 1), common.slider("b", 2, 0, 5, 1)], draw)
    controls_of(box)[1].value = 4
    assert calls == [(1, 2), (1, 4)]
    words, _, table = parts(box)
    assert words == "a < b & c" and cells(table) == [["5.0"]] and "a < b" not in box.children[2].value


# --- temperature --------------------------------------------------------------------------------


@pytest.mark.parametrize("request_text", LOGITS)
def test_temperature_over_its_grid(request_text):
    logits, best = LOGITS[request_text], []
    for temperature in np.arange(1, 10.5, 0.5):
        table = compute_temperature(logits, LABELS, temperature)
        order = sorted(range(6), key=lambda i: -logits[i])[:5]
        assert table["label"].tolist() == [LABELS[i] for i in order]
        assert table["T = 1"].tolist() == [f"{p:.4f}" for p in soften(logits, 1)[order]]
        assert table["softened"].tolist() == [f"{p:.4f}" for p in soften(logits, temperature)[order]]
        best.append(float(table["softened"][0]))
    assert all(a > b for a, b in pairwise(best)) and best[-1] > 1 / 6
    assert len(compute_temperature(logits, LABELS, 2, best=2)) == 2
    assert len(compute_temperature(logits[:2], LABELS[:2], 2)) == 2


def test_the_temperature_explorer_shows_what_is_computed():
    box = show_temperature(LOGITS, LABELS)
    menu, slider = controls_of(box)
    for request, temperature in product(LOGITS, (1.0, 2.5, 10.0)):
        menu.value, slider.value = request, temperature
        words, _, table = parts(box)
        expected = compute_temperature(LOGITS[request], LABELS, temperature)
        shows(table, expected)
        assert words == f"At T = {temperature:.1f} the best label keeps {expected['softened'][0]} of the probability."


# --- size ---------------------------------------------------------------------------------------


def test_what_ships_over_the_whole_grid():
    """By a plain search: of those within the budget whose lower end clears the bar, the smallest."""
    for bar, budget in product(np.arange(0.80, 1.005, 0.01), (0.5, 0.6, 1, 3, 10, 22, 50, 90, 100)):
        table = compute_size(FAMILY, bar, budget)
        clears = [m for m in FAMILY if m.size_bytes <= budget * 1e6 and m.retention.low >= bar]
        expected = min(clears, key=lambda m: m.size_bytes).name if clears else None
        ships = table.loc[table["verdict"] == "ships", "model"].tolist()
        assert ships == ([expected] if expected else [])
        for member, verdict in zip(FAMILY, table["verdict"], strict=True):
            assert (verdict == "too big") == (member.size_bytes > budget * 1e6)
            assert (verdict == "below the bar") == (member.size_bytes <= budget * 1e6 and member.retention.low < bar)
    assert table["size, MB"].tolist() == ["90.00", "22.00", "3.00", "0.60"]
    assert table["retention, lower end"].tolist() == ["1.000", "0.975", "0.955", "0.905"]


def test_the_size_explorer_follows_bar_and_budget():
    box = show_size(FAMILY)
    bar, budget = controls_of(box)
    seen = []
    for value, megabytes in ((0.95, 30), (0.97, 30), (0.90, 30), (0.97, 10), (1.0, 100)):
        bar.value, budget.value = value, megabytes
        words, _, table = parts(box)
        shows(table, compute_size(FAMILY, value, megabytes))
        seen.append(words)
    assert seen == [
        "convolution ships.",
        "transformer ships.",
        "static ships.",
        "Nothing clears the bar within the budget.",
        "teacher ships.",
    ]


# --- interval -----------------------------------------------------------------------------------


def test_the_interval_narrows_with_examples_over_its_grid():
    for accuracy in np.arange(0.5, 1.005, 0.05):
        widths = []
        for examples in (50, 100, 900, 2500, 5000):
            table = compute_interval(accuracy, examples)
            interval = accuracy_interval(np.arange(examples) < round(accuracy * examples))
            row = table.iloc[0].tolist()
            assert row[:4] == [examples, f"{interval.value:.3f}", f"{interval.low:.3f}", f"{interval.high:.3f}"]
            widths.append(float(row[4]))
        assert all(a > b for a, b in pairwise(widths))
    assert compute_interval(0.5, 100)["half-width, points"][0] == "9.6"  # 100 z / (2 sqrt(n + z^2))


def test_the_interval_explorer_shows_what_is_computed():
    box = show_interval()
    accuracy, examples = controls_of(box)
    for share, number in product((0.5, 0.92, 1.0), (50, 900, 5000)):
        accuracy.value, examples.value = share, number
        words, _, table = parts(box)
        expected = compute_interval(share, number)
        shows(table, expected)
        assert f"{number} examples" in words and expected["from"][0] in words and expected["to"][0] in words


# --- Pocket live --------------------------------------------------------------------------------


def test_a_call_lists_the_label_its_slots_and_the_runners_up(bundle):
    table = compute_call(bundle, "wake me at seven")
    assert table["tool"][0] == "set_alarm" and sorted(table["tool"]) == sorted(bundle.labels)
    assert table["slots"].tolist() == ["time = seven", "", ""]
    probabilities = table["probability"].astype(float)
    assert probabilities.is_monotonic_decreasing and probabilities.sum() == pytest.approx(1, abs=0.002)
    assert probabilities[0] == pytest.approx(bundle.predict("wake me at seven").confidence, abs=0.0006)
    assert re.fullmatch(r"\d+\.\d\d ms", table["answered in"][0])
    assert compute_call(bundle, "why is rome so famous", best=1)["slots"].tolist() == ["-"]


def test_pocket_answers_at_every_key(bundle):
    box = show_pocket(bundle, "wake me at seven")
    text, answer, table = box.children
    assert text.continuous_update and text.description
    assert answer.value == "<b>set_alarm</b>, on this device"
    text.value = "why is rome so famous"
    assert answer.value == "<b>ask_cloud</b>, escalate to the cloud" and cells(table.value)[0][0] == "ask_cloud"
    text.value = "  "
    assert (answer.value, table.value) == ("Type a request.", "")
    text.value = "play <b>queen</b>"
    assert "<b>queen" not in table.value
    assert [row[:2] for row in cells(table.value)] == compute_call(bundle, text.value)[
        ["tool", "probability"]
    ].values.tolist()


def test_callbacks_stay_over_pure_functions():
    """DESIGN: a callback is under ten lines, what it shows is computed by `compute_x`."""
    import ast
    import inspect

    for module in (start_here, distillation):
        tree = ast.parse(inspect.getsource(module))
        functions = {n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
        for name in ("draw", "update"):
            if name in functions:
                body = functions[name]
                assert body.end_lineno - body.lineno < 10
                called = {n.func.id for n in ast.walk(body) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
                assert any(c.startswith("compute_") for c in called)
