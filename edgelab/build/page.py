"""`report.json` as a page to read: one self-contained HTML file with the picture, its text and its table."""

import html
from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from edgelab.build.sections import sections
from edgelab.course.plots import BLUE, GREEN, GREY, ORANGE, PURPLE, img, log_axis
from edgelab.machine import pages


def page(report: dict) -> str:
    """The HTML of a report's content."""
    lines = (*report["notes"], *further(report), *method(report))
    return pages.page(
        f"edgelab build: {report['dataset']['name']}",
        [
            f"<p><strong>{html.escape(verdict(report))}</strong></p>",
            f'<figure tabindex="0">\n{img(draw(report), description(report))}',
            f"<figcaption>{html.escape(legend(report))}</figcaption>\n</figure>",
            table(report),
            sections(report),
            pages.heading("Where these numbers come from"),
            *map(pages.paragraph, lines),
        ],
    )


@dataclass(frozen=True)
class Measure:
    """What the bar's retention is of: the report's keys for the share that is right and for its retention, and words."""

    right: str
    retention: str
    words: str


MEASURES = {
    "label": Measure("accuracy", "retention", "accuracy"),
    "call": Measure("call_exact_match", "call_retention", "calls exactly right"),
}


def measure(report: dict) -> Measure:
    """What decided in this report."""
    return MEASURES[report["bar"]["retention_of"]]


def legend(report: dict) -> str:
    """What the picture's line and colour mean."""
    kept = f"Dashed: {100 * report['bar']['retention']:g} % of the teacher's {measure(report).words}."
    return kept + (f" Orange: {report['chosen']}, chosen." if report["chosen"] else "")


def models(report: dict) -> list[dict]:
    """The teachers, then the candidates from the smallest up."""
    return [report["teacher"], report["teacher_int8"], *sorted(report["candidates"], key=lambda m: m["size_bytes"])]


def highlighted(report: dict) -> dict:
    """The chosen model, or the nearest where none was."""
    name = report["chosen"] or report["nearest"]
    return next(model for model in report["candidates"] if model["name"] == name)


def verdict(report: dict) -> str:
    """What was chosen, or what the nearest lacks, in a sentence or two."""
    m, of = highlighted(report), measure(report)
    if report["chosen"] is None:
        return f"Nothing clears the bar. The nearest is {m['name']}: {'; '.join(m['misses'])}."
    return (
        f"Chosen: {m['name']}, {m['size_bytes'] / 1e6:.3f} MB, p50 {m['latency_ms']['p50']:.3f} ms: "
        f"{m['size_ratio']:.0f} times smaller and {m['speed_ratio']:.0f} times faster than the teacher. "
        f"{of.words.capitalize()} on test {_percent(m, of.right)} %; retention {_percent(m, of.retention)} %."
    )


def further(report: dict) -> list[str]:
    """What the unlabelled lines brought, and what is known of the outside file; a sentence or two each, where given."""
    said, lines, outside = [], report["unlabelled"], report["outside"]
    if lines:
        gained = ", ".join(
            f"{_points(gain, key)} points of {words} {place}"
            for place, gain in (("on validation", lines["gain"]["validation"]), ("outside", lines["gain"]["outside"]))
            for key, words in (("accuracy", "accuracy"), ("call_exact_match", "calls exactly right"))
            if gain and gain[key] is not None
        )
        said.append(
            f"Unlabelled lines: of {lines['lines']:,} the teacher labelled {lines['used']:,}, {lines['share']:.0%} of what "
            f"each student drew; {lines['held_out']:,} repeat a text that models are judged on and were left out. "
            f"{lines['model']}, against a twin trained as long without them: {gained}."
        )
    if outside:
        said.append(
            f"Outside: {outside['name']}, {outside['examples']:,} examples, of which {outside['in_train']:,} repeat a text "
            "of train. It was read last, for this report alone, and decided nothing."
        )
    return said


def _points(gain: dict, key: str) -> str:
    low, high = gain[f"{key}_ci"]
    return f"{100 * gain[key]:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"


SIGNED = (
    "Signed: the bundle is edition {edition}, by the key {key:.16}. edgelab verify bundle --key PUBLIC_KEY says whether it "
    "is still what was signed."
)


def method(report: dict) -> list[str]:
    """Where the numbers come from: data, bar, how they were taken, host; a paragraph each."""
    data, bar, host = report["dataset"], report["bar"], report["host"]
    examples = ", ".join(f"{count:,} {name}" for name, count in data["examples"].items())
    signed = report["signature"]
    limits = [f"at least {100 * bar['retention']:g} % retention of each {bar['retention_of']}"]
    limits += [f"at most {bar['max_mb']:g} MB"] if bar["max_mb"] is not None else []
    limits += [f"a 95th percentile of at most {bar['max_p95_ms']:g} ms"] if bar["max_p95_ms"] is not None else []
    return [
        f"Data: {data['name']} ({examples} examples; {data['labels']} labels, {data['slots']} slots; "
        f"fingerprint {data['fingerprint'][:16]}).",
        f"The bar: {', '.join(limits)}. Retention is the share that is right over the fp32 teacher's on the same examples, of "
        "labels and, where there are slots, of calls: a call is right where its label and every slot are. What counts is "
        "the lower end of the paired 95 % score interval on validation. The smallest model that clears the bar is chosen; "
        "test was read after that.",
        f"Size is the whole bundle. Latency is text in, label out, one request at a time: "
        f"{report['settings']['requests']:,} requests to each model, interleaved in one process, "
        f"{report['settings']['block']} in a row, threads: {report['settings']['threads']}. Every sample is in samples.json.",
        f"Host: {host['cpu']} ({host['architecture']}), {host['cores']} cores, {host['system']}, "
        f"Python {host['python']}, ONNX Runtime {report['versions']['onnxruntime']}. EdgeLab {report['edgelab']}, "
        f"{report['created_at']}.",
    ] + ([SIGNED.format(**signed)] if signed else [])


# --- the table ----------------------------------------------------------------------------------


def _percent(model: dict, key: str) -> str:
    if model[key] is None:
        return "-"
    low, high = model[f"{key}_ci"]
    return f"{100 * model[key]:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def _ms(quantile: str, kind: str = "latency_ms") -> Callable[[dict], str]:
    return lambda m: f"{m[kind][quantile]:.3f}"


def _lower(key: str) -> Callable[[dict], str]:
    """The lower end on validation: what the bar is held against."""

    def cell(model: dict) -> str:
        ends = model["validation"][f"{key}_ci"]
        return f"{100 * ends[0]:.1f}" if ends else "-"

    return cell


COLUMNS: dict[str, Callable[[dict], str]] = {
    "Model": lambda m: m["name"],
    "Clears the bar": lambda m: {True: "yes", False: "no", None: "-"}[m.get("clears_bar")],
    "Size, MB": lambda m: f"{m['size_bytes'] / 1e6:.3f}",
    "Smaller": lambda m: f"{m['size_ratio']:.1f}x",
    "p50, ms": _ms("p50"),
    "Faster": lambda m: f"{m['speed_ratio']:.1f}x",
    "Accuracy, %": lambda m: _percent(m, "accuracy"),
    "Calls exact, %": lambda m: _percent(m, "call_exact_match"),
    "Retention, %": lambda m: _percent(m, "retention"),
    "Lower end on validation, %": _lower("retention"),
    "Retention of calls, %": lambda m: _percent(m, "call_retention"),
    "Lower end for calls on validation, %": _lower("call_retention"),
    "Slots exact, %": lambda m: _percent(m, "slot_exact_match"),
    "Outside: accuracy, %": lambda m: _percent(m["outside"], "accuracy"),
    "Retention there, %": lambda m: _percent(m["outside"], "retention"),
    "Outside: calls exact, %": lambda m: _percent(m["outside"], "call_exact_match"),
    "Retention of calls there, %": lambda m: _percent(m["outside"], "call_retention"),
    "p10, ms": _ms("p10"),
    "p90, ms": _ms("p90"),
    "p99, ms": _ms("p99"),
    "p50 without tokenizer, ms": _ms("p50", "latency_without_tokenizer_ms"),
}


OF_OUTSIDE = ("Outside: accuracy, %", "Retention there, %", "Outside: calls exact, %", "Retention of calls there, %")
OF_SLOTS = (
    "Calls exact, %",
    "Retention of calls, %",
    "Lower end for calls on validation, %",
    "Slots exact, %",
    *OF_OUTSIDE[2:],
)
CAPTION = "Every model that was measured, with 95 % intervals; on test, unless another place is named."


def cells(report: dict) -> list[list[str]]:
    """A header and a row for each model. Where the data has no slots, none for those, nor for calls: each is a label."""
    hidden = (() if report["dataset"]["slots"] else OF_SLOTS) + (() if report["outside"] else OF_OUTSIDE)
    columns = {name: cell for name, cell in COLUMNS.items() if name not in hidden}
    return [list(columns), *([cell(model) for cell in columns.values()] for model in models(report))]


def table(report: dict) -> str:
    """`cells` as HTML, the chosen model marked."""
    header, *rows = cells(report)
    chosen = [model["name"] for model in models(report)].index(report["chosen"]) if report["chosen"] else None
    return pages.table(CAPTION, header, rows, marked=chosen)


# --- the picture --------------------------------------------------------------------------------

FORMATS = {"fp32": (BLUE, "o"), "int8": (GREEN, "s"), "int4": (PURPLE, "^")}


def draw(report: dict) -> Figure:
    """What decides over size, and over latency, both on a log scale; the chosen model in orange, the bar dashed."""
    drawn = Figure(figsize=(11, 4.6), dpi=100, layout="constrained")
    left, right = drawn.subplots(1, 2, sharey=True)
    _panel(left, report, lambda m: m["size_bytes"] / 1e6, "size of the whole bundle, MB (log scale)")
    _panel(right, report, lambda m: m["latency_ms"]["p50"], "p50 of one request, text in, label out, ms (log scale)")
    left.set_ylabel(f"{measure(report).words}, test")
    left.legend(frameon=False, loc="lower right")
    return drawn


def _panel(axes: Axes, report: dict, value: Callable[[dict], float], label: str) -> None:
    chosen, right = report["chosen"], measure(report).right
    for precision, (colour, marker) in FORMATS.items():
        axes.plot([], [], marker, color=colour, label=precision)
        for m in (m for m in models(report) if m["precision"] == precision):
            low, high = m[f"{right}_ci"]
            style = {"color": ORANGE, "zorder": 3, "markersize": 11} if m["name"] == chosen else {"color": colour}
            error = [[m[right] - low], [high - m[right]]]
            axes.errorbar(value(m), m[right], yerr=error, fmt=marker, elinewidth=1, **style)
    marked = highlighted(report)
    axes.annotate(  # in the corner of what is small and right, where no model is
        marked["name"],
        (value(marked), marked[right]),
        xytext=(0.02, 0.94),
        textcoords="axes fraction",
        arrowprops={"arrowstyle": "-", "color": GREY, "shrinkB": 6},
    )
    teacher = report["teacher"]
    top = (value(teacher), teacher[f"{right}_ci"][1])
    axes.annotate("teacher fp32", top, xytext=(0, 5), textcoords="offset points", ha="center")
    bar = report["bar"]["retention"] * report["teacher"][right]
    axes.axhline(bar, color=GREY, linestyle="--", linewidth=1.2)
    log_axis(axes)
    axes.margins(x=0.15, y=0.12)
    axes.set_xlabel(label)
    axes.grid(color="#DDDDDD", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def description(report: dict) -> str:
    """What the picture shows, for those who cannot see it."""
    of = measure(report)
    points = "; ".join(
        f"{m['name']} {100 * m[of.right]:.1f} %, {m['size_bytes'] / 1e6:.2f} MB, {m['latency_ms']['p50']:.2f} ms"
        for m in models(report)
    )
    return f"{of.words.capitalize()} on test over bundle size and over p50 latency. {points}. {verdict(report)}"
