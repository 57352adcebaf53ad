"""The explorers: each pure function over its grid, and each control moved, with figure, words and table following."""

import html
import re
import time
from dataclasses import replace
from itertools import pairwise, product

import ipywidgets
import numpy as np
import pandas as pd
import pytest

from edgelab.bundle.predict import Bundle
from edgelab.course import explorer as common
from edgelab.course import plots, start_here
from edgelab.course.start_here import compute_call, compute_interval, show_interval, show_pocket
from edgelab.distillation import widgets as distillation
from edgelab.distillation.losses import soften
from edgelab.distillation.widgets import Member, compute_size, compute_temperature, show_size, show_temperature
from edgelab.export import widgets as export
from edgelab.export.preflight import CPU, Placement, Preflight
from edgelab.export.widgets import compute_optimisation, compute_placement, show_optimisation, show_placement
from edgelab.measurement import widgets as measurement
from edgelab.measurement.widgets import (
    ARRIVALS,
    compute_load,
    compute_power,
    show_fleet,
    show_load,
    show_power,
)
from edgelab.quantization import widgets as quantization
from edgelab.quantization.grid import affine_parameters, quantize
from edgelab.quantization.widgets import GRANULARITIES, compute_grid, compute_range, show_grid, show_range
from edgelab.routing import widgets as routing
from edgelab.routing.policy import Policy
from edgelab.routing.simulation import Terms, Traffic, outcome, routing_score
from edgelab.routing.thresholds import threshold_allowing
from edgelab.routing.tradeoff import curve
from edgelab.routing.widgets import DRAWS, RULES, compute_policy, compute_promise, cost_curve, show_policy, show_promise
from edgelab.stats.intervals import Interval, accuracy_interval
from edgelab.stats.samples import LatencySamples

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
MATRICES = {name: np.random.default_rng(n).normal(size=(70, 40)) for n, name in enumerate(("table", "head"))}
OPEN, FIXED = "any batch x any tokens", "1 x 32"
REPORTS = {
    name: Preflight(
        (
            Placement(CPU, OPEN, {"Add": (5, 5), "Gelu": (n, n), "MatMul": (6, 6)}, 1, (), 0, "yes"),
            Placement("NNAPI", OPEN, {"Add": (0, 5), "Gelu": (0, n), "MatMul": (0, 6)}, 0, ("Gelu",), 11 + n, "no"),
            Placement("CoreML", OPEN, {"Add": (1, 5), "Gelu": (0, n), "MatMul": (0, 6)}, 1, (), 10 + n, "no"),
            Placement("NNAPI", FIXED, {"Add": (5, 5), "Gelu": (0, n), "MatMul": (6, 6)}, n + 1, ("Gelu",), 0, "no"),
            Placement("CoreML", FIXED, {"Add": (5, 5), "Gelu": (n, n), "MatMul": (5, 6)}, 2, (), 0, "maybe"),
        ),
        None,
        1e-4,
    )
    for name, n in (("student", 1), ("teacher", 6))
}
COUNTS = {
    "student": {"as it is": {"Add": 4, "Gelu": 1}, "all": {"Add": 3, "BiasGelu": 1}},
    "teacher": {"as it is": {"Add": 57, "Gelu": 6, "Mul": 7}, "all": {"Add": 27, "BiasGelu": 6, "Mul": 7}},
}
LEVEL_LATENCY = {
    model: {level: LatencySamples(level, (base + i, base + i + 0.5)) for i, level in enumerate(COUNTS[model])}
    for model, base in (("student", 1.0), ("teacher", 7.0))
}
RATIOS = np.exp(np.random.default_rng(1).normal(0, 0.08, 100))
SERVICE = {
    "small": np.random.default_rng(2).lognormal(-2, 0.3, 300),
    "large": np.random.default_rng(3).lognormal(2, 0.5, 300),
}
ACTIVATIONS = np.random.default_rng(0).gamma(1, 1, 20_000) - 0.2


def requests(seed: int, gap: float) -> Traffic:
    """300 requests in three labels, on which the cloud is right in about 90 of 100 and the device less often by `gap`."""
    rng = np.random.default_rng(seed)
    logits, gold = 2 * rng.normal(size=(300, 3)), rng.integers(3, size=300)
    known = rng.random(300) < 0.9 - gap
    logits[known, gold[known]] += 5
    names = np.array(["ask_cloud", "play_music", "send_money"])
    right, said = rng.random(300) < 0.9, names[gold]
    cloud = np.where(right, said, "ask_cloud")
    latency, private = rng.uniform(0.1, 0.3, 300), rng.integers(3, size=300)
    return Traffic(tuple("x" * 300), said, tuple(names), logits, latency, cloud, right, private)


TRAFFIC = {"usual": requests(0, 0.2), "odd": requests(1, 0.6)}
POLICY, TERMS = Policy(score="max_probability", threshold=0.7), Terms(price=3.0)
SCORE, WRONG = routing_score(POLICY, TRAFFIC["usual"]), ~TRAFFIC["usual"].device_right


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
    "grid": lambda: show_grid(MATRICES),
    "range": lambda: show_range(ACTIVATIONS),
    "placement": lambda: show_placement(REPORTS),
    "optimisation": lambda: show_optimisation(COUNTS, LEVEL_LATENCY),
    "policy": lambda: show_policy(TRAFFIC, POLICY, TERMS),
    "promise": lambda: show_promise(SCORE, WRONG),
    "power": lambda: show_power(RATIOS),
    "load": lambda: show_load(SERVICE),
    "fleet": lambda: show_fleet(SERVICE["small"]),
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


# --- few bits -----------------------------------------------------------------------------------


def test_a_finer_grid_errs_less_and_stores_more_over_the_whole_grid():
    """Errors against `quantize`; scales counted one by one."""
    matrix, seen = MATRICES["table"], {}
    counts = {"one scale": 1, "one for each channel": 40, "one for each block of 32": 3 * 40}
    for bits, granularity in product(range(2, 9), GRANULARITIES):
        table, near = compute_grid(matrix, bits, granularity)
        assert np.array_equal(near, quantize(matrix, bits, **GRANULARITIES[granularity][0]).dequantize())
        scales, stored, error, zeros = table.iloc[0]
        assert scales == f"{counts[granularity]:,}" and float(stored) == pytest.approx(
            bits + 32 * counts[granularity] / 2800, abs=0.006
        )
        assert float(error) == pytest.approx(100 * np.linalg.norm(near - matrix) / np.linalg.norm(matrix), abs=0.006)
        assert float(zeros) == pytest.approx(100 * np.mean(near == 0), abs=0.06)
        seen[granularity, bits] = float(error)
    assert all(seen[g, b] > 1.5 * seen[g, b + 1] for g, b in product(GRANULARITIES, range(3, 8)))
    coarse, channel, block = GRANULARITIES
    assert all(seen[coarse, b] > seen[channel, b] > seen[block, b] for b in range(2, 9))


def test_the_grid_explorer_shows_what_is_computed():
    box = show_grid(MATRICES)
    layer, bits, granularity = controls_of(box)
    for layer.value, bits.value, granularity.value in product(MATRICES, (2, 8), GRANULARITIES):
        words, _, table = parts(box)
        expected, _ = compute_grid(MATRICES[layer.value], int(bits.value), granularity.value)
        shows(table, expected)
        error = expected.iloc[0, 2]
        assert (
            words
            == f"{layer.value} at {bits.value:.0f} bits, {granularity.value}: an error of {error} % of the weights."
        )


def test_a_narrower_range_trades_rounding_for_clipping():
    seen = {}
    for percentile, bits in product((97, 99, 99.9, 100), (2, 4, 8)):
        table, near = compute_range(ACTIVATIONS, percentile, bits)
        assert len(np.unique(near)) <= 2**bits
        low, high = np.percentile(ACTIVATIONS, (100 - percentile, percentile))
        assert table["range"][0] == f"{low:.2f} to {high:.2f}"
        assert table["step"][0] == f"{affine_parameters(low, high, bits)[0]:.4f}"
        assert float(table["values beyond, %"][0]) == pytest.approx(2 * (100 - percentile), abs=0.02)
        clipping, rounding, both = (float(table.iloc[0, i]) for i in (3, 4, 5))
        assert np.hypot(clipping, rounding) == pytest.approx(both, abs=0.02)
        assert both == pytest.approx(100 * np.linalg.norm(near - ACTIVATIONS) / np.linalg.norm(ACTIVATIONS), abs=0.006)
        seen[percentile, bits] = clipping, rounding, both
    assert seen[100, 4][0] == 0 and all(seen[97, b][0] > seen[99.9, b][0] > 0 for b in (2, 4, 8))
    assert all(seen[97, b][1] < seen[100, b][1] for b in (2, 4, 8))
    # Many steps: clip nothing. Few steps: clip.
    assert seen[100, 8][2] < seen[99, 8][2] and seen[99, 2][2] < seen[100, 2][2]


def test_the_range_explorer_shows_what_is_computed():
    box = show_range(ACTIVATIONS)
    percentile, bits = controls_of(box)
    for percentile.value, bits.value in product((97, 99.9, 100), (2, 8)):
        words, _, table = parts(box)
        expected, _ = compute_range(ACTIVATIONS, percentile.value, int(bits.value))
        shows(table, expected)
        row = expected.iloc[0]
        assert words == (
            f"Range {row['range']} in {bits.value:.0f} bits: clipping {row['clipping error, %']} %, "
            f"rounding {row['rounding error, %']} %, both {row['both, %']} %."
        )


# --- graphs -------------------------------------------------------------------------------------


def test_a_placement_shows_every_node_once_over_its_grid():
    for report in REPORTS.values():
        for placement in report.placements:
            table = compute_placement(placement)
            taken, left = table["taken"].tolist(), table["left to the CPU"].tolist()
            assert (sum(taken), sum(left)) == (placement.taken, placement.nodes - placement.taken)
            for name, yes, no in table.itertuples(index=False):
                assert placement.operators[name] == (yes, yes + no)
            assert left == sorted(left, reverse=True)


def test_the_placement_explorer_shows_what_is_computed():
    box = show_placement(REPORTS)
    model, shapes, target = controls_of(box)
    assert (shapes.options, target.options) == ((OPEN, FIXED), ("NNAPI", "CoreML"))
    for name, sizes, where in product(REPORTS, shapes.options, target.options):
        model.value, shapes.value, target.value = name, sizes, where
        words, _, table = parts(box)
        (expected,) = (p for p in REPORTS[name].placements if (p.shapes, p.target) == (sizes, where))
        shows(table, compute_placement(expected))
        numbers = f"takes {expected.taken} of {expected.nodes} nodes in {expected.partitions} partitions"
        assert words == f"{where} {numbers}: {expected.verdict}."


def test_optimisation_counts_before_and_after_over_its_grid():
    for levels in COUNTS.values():
        before = levels["as it is"]
        for after in levels.values():
            total, *rows = compute_optimisation(before, after).itertuples(index=False)
            assert {name: b for name, b, _ in rows if b} == before and {name: a for name, _, a in rows if a} == after
            assert tuple(total) == ("all", sum(before.values()), sum(after.values()))
            changes = [abs(a - b) for _, b, a in rows]
            assert changes == sorted(changes, reverse=True)


def test_the_optimisation_explorer_shows_what_is_computed():
    box = show_optimisation(COUNTS, LEVEL_LATENCY)
    model, level = controls_of(box)
    seen = []
    for name, chosen in product(COUNTS, ("as it is", "all")):
        model.value, level.value = name, chosen
        words, _, table = parts(box)
        shows(table, compute_optimisation(COUNTS[name]["as it is"], COUNTS[name][chosen]))
        seen.append(words)
    assert seen == [
        "as it is: 5 nodes become 5; p50 1.250 ms.",
        "all: 5 nodes become 4; p50 2.250 ms.",
        "as it is: 70 nodes become 70; p50 7.250 ms.",
        "all: 70 nodes become 40; p50 8.250 ms.",
    ]


# --- measuring ----------------------------------------------------------------------------------


def test_power_over_its_grid():
    """More rounds find more, and a larger difference is found more often; the rule's own number reaches 95 %."""
    seen = {}
    for effect, rounds in product((0.01, 0.02, 0.2), (20, 100, 1000)):
        row = compute_power(RATIOS, effect, rounds).iloc[0]
        assert (row["true difference, %"], row["rounds"]) == (f"{100 * effect:.1f}", rounds)
        assert row["requests to each"] == 10 * rounds
        seen[effect, rounds] = float(row["found, % of runs"])
        assert (seen[effect, rounds] >= 94.9) == (rounds >= row["rounds for 95 %"])
    for effect, rounds in product((0.01, 0.02), (20, 100)):
        assert seen[effect, rounds] < seen[effect, 1000] and seen[effect, rounds] < seen[0.2, rounds]


def test_the_power_explorer_shows_what_is_computed():
    box = show_power(RATIOS)
    effect, rounds = controls_of(box)
    for effect.value, rounds.value in product((0.5, 20), (20, 1000)):
        words, _, table = parts(box)
        expected = compute_power(RATIOS, effect.value / 100, int(rounds.value))
        shows(table, expected)
        row = expected.iloc[0]
        assert words == (
            f"{rounds.value:.0f} rounds find {effect.value:.1f} % in {row['found, % of runs']} % of runs; "
            f"for 95 % it takes {row['rounds for 95 %']} rounds."
        )


def test_the_wait_grows_with_the_load_and_the_work_does_not():
    for model, arrivals in product(SERVICE, ARRIVALS):
        waits, work = [], set()
        for busy in (0.05, 0.3, 0.6, 0.9):
            table = compute_load(SERVICE[model], busy, arrivals)
            assert table["percentile"].tolist() == ["p50", "p90", "p99"]
            waits.append(table["what people wait, ms"].astype(float).to_numpy())
            work.add(tuple(table["the work, ms"]))
        assert len(work) == 1 and all((b >= a).all() for a, b in pairwise(waits))
        assert waits[-1][2] > 1.3 * float(next(iter(work))[2])
    people, timer = (compute_load(SERVICE["large"], 0.9, a)["what people wait, ms"].astype(float) for a in ARRIVALS)
    assert (people > timer).all()  # who comes at random comes in bunches


def test_the_load_explorer_shows_what_is_computed():
    box = show_load(SERVICE)
    model, arrivals, busy = controls_of(box)
    for model.value, arrivals.value, busy.value in product(SERVICE, ARRIVALS, (5, 95)):
        words, _, table = parts(box)
        expected = compute_load(SERVICE[model.value], busy.value / 100, arrivals.value)
        shows(table, expected)
        assert words == (
            f"{model.value}, busy {busy.value:.0f} % of the time: p99 of the work {expected.iloc[2, 1]} ms, "
            f"of the wait {expected.iloc[2, 2]} ms."
        )


# --- routing ------------------------------------------------------------------------------------


def test_a_policy_shows_all_its_metrics_over_its_grid():
    for traffic, threshold, cost in product(TRAFFIC.values(), (0, 0.5, 0.9, 1), (0, 5, 50)):
        table = compute_policy(replace(POLICY, threshold=threshold), traffic, TERMS, cost).set_index("metric")
        found = outcome(replace(POLICY, threshold=threshold), traffic, TERMS)
        shown = dict(table["this policy"])
        total = float(shown.pop("cost of 1,000, errors included"))
        assert shown == found.row()
        assert total == pytest.approx(1000 * (found.escalated + cost * (1 - found.accuracy.value)), abs=0.6)
        shares = table.loc["escalated, %"].astype(float)
        assert shares["rules alone"] <= shares["this policy"] <= shares["all escalated"] == 100
        assert table["all escalated"]["cost of 1,000"] == "3.00"


def test_the_policy_explorer_shows_what_is_computed_and_the_cheapest_threshold():
    box = show_policy(TRAFFIC, POLICY, TERMS)
    traffic, threshold, cost = controls_of(box)
    for name, at, wrong in product(TRAFFIC, (0.2, 0.8), (1, 20)):
        traffic.value, threshold.value, cost.value = name, at, wrong
        words, _, table = parts(box)
        expected = compute_policy(replace(POLICY, threshold=at), TRAFFIC[name], TERMS, wrong)
        shows(table, expected)
        t = TRAFFIC[name]
        drawn = curve(routing_score(POLICY, t), t.device_right, t.cloud_right)
        cheapest = (1000 * (drawn.share + wrong * (1 - drawn.quality))).min()
        assert cheapest == pytest.approx(cost_curve(drawn, wrong).min())
        cost_here = expected["this policy"].iloc[-1]
        assert words.endswith(f"cost {cost_here}, at the cheapest threshold {cheapest:.0f}.")
        assert cheapest <= float(cost_here) + 0.6


def test_a_promise_over_its_grid():
    for rule, alpha, n in product(RULES, (0.02, 0.05, 0.15), (50, 400)):
        table, errors = compute_promise(SCORE, WRONG, rule, alpha, n)
        allowed = RULES[rule](n, alpha)
        if allowed < 0:
            assert table["errors allowed"][0] == "none: all escalated" and (errors == 0).all()
            continue
        drawn = np.random.default_rng(7).integers(300, size=n)
        threshold = threshold_allowing(SCORE[drawn], WRONG[drawn], allowed)
        assert errors[7] == pytest.approx(np.mean(WRONG & (threshold <= SCORE))) and len(errors) == DRAWS
        spread = 2 * errors.std() / np.sqrt(DRAWS)
        assert errors.mean() <= alpha + spread  # what both promise
        if "each time" in rule:
            assert np.mean(errors > alpha) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / DRAWS)
        assert float(table["kept and wrong, mean, %"][0]) == pytest.approx(100 * errors.mean(), abs=0.006)
        assert float(table["wrong among the kept, %"][0]) >= float(table["kept and wrong, mean, %"][0])


def test_the_promise_explorer_shows_what_is_computed():
    box = show_promise(SCORE, WRONG)
    rule, alpha, n = controls_of(box)
    for rule.value, alpha.value, n.value in product(RULES, (2, 10), (50, 2000)):
        words, _, table = parts(box)
        expected, _ = compute_promise(SCORE, WRONG, rule.value, alpha.value / 100, int(n.value))
        shows(table, expected)
        row = expected.iloc[0]
        assert words == (
            f"{rule.value}, at most {alpha.value:.1f} %: {row['kept and wrong, mean, %']} % on average, above it in "
            f"{row['sets above alpha, %']} % of {DRAWS} sets; {row['escalated, %']} % escalated."
        )


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

    for module in (start_here, distillation, quantization, export, routing, measurement):
        tree = ast.parse(inspect.getsource(module))
        functions = {n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
        for name in ("draw", "update"):
            if name in functions:
                body = functions[name]
                assert body.end_lineno - body.lineno < 10
                called = {n.func.id for n in ast.walk(body) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
                assert any(c.startswith("compute_") for c in called)
