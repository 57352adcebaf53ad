"""The report's sections after its table, as HTML: where the model may answer alone, where it runs, what it gets wrong, how
it is used. Everything that comes from the data is escaped."""

import html
from collections.abc import Sequence

from edgelab.machine.pages import bullets, heading, paragraph, table
from edgelab.stats.chance import told

TOP = 10  # rows of a table that could have hundreds; report.json has them all
WORDS = {"label": "labels", "call": "calls"}


def sections(report: dict) -> str:
    """All of them, one after the other."""
    parts = (*decision(report), *thresholds(report), *preflight(report), *mistakes(report), *use(report))
    return "\n".join(parts)


def percent(share: Sequence[float] | None) -> str:
    """A share with its interval, in per cent."""
    return "-" if share is None else f"{100 * share[0]:.1f} [{100 * share[1]:.1f}, {100 * share[2]:.1f}]"


# --- the decision -------------------------------------------------------------------------------


def decision(report: dict) -> list[str]:
    """How sure the choice is, and what would have to change for another."""
    found = report["decision"]
    rows = []
    for model in found["models"]:
        size, why = f"{model['size_bytes'] / 1e6:.3f}", "; ".join(model["misses"]) or "nothing"
        rows.append((model["name"], size, told(model["truly_clears"]), told(model["smallest"]), why))
    if report["chosen"]:
        sure = (
            f"{report['chosen']} ships. That it truly clears the bar has a probability of {told(found['probability'])}."
        )
    else:
        sure = "None ships."
    said = [
        heading("The decision"),
        paragraph(
            f"{sure} It rests on {found['examples']:,} examples of validation and on the latencies taken here: the truths "
            "that such a sample leaves possible are drawn (a Bayesian bootstrap over the examples, the same weights for all "
            "models), and in each it is seen who clears. A probability is no promise: other data, or another machine, is "
            f"another question. That none of these truly clears: {told(found['none'])}."
        ),
        table(
            "Candidates, from the smallest up; on validation.",
            ("Model", "Size, MB", "Truly clears", "Is the smallest that does", "What it misses"),
            rows,
            words=(4,),
        ),
    ]
    if found["changes"]:
        ways = f"What would make another one ship, each alone{of_all(len(found['changes']))}:"
        said += [paragraph(ways), bullets(found["changes"][:TOP])]
    return said


# --- thresholds ---------------------------------------------------------------------------------


def thresholds(report: dict) -> list[str]:
    """Which requests may stay on the device."""
    found = report["thresholds"]
    of = WORDS[found["of"]]
    rows = []
    for row in found["rows"]:
        promise = "in the bundle" if row["promise"] is None else f"at most {100 * row['promise']:g} %"
        kept = "none" if row["threshold"] is None else f"{row['threshold']:.4f}"
        shares = (row["kept"], row["kept_and_wrong"], row["wrong_among_kept"], row["right_together"])
        rows.append((promise, kept, *map(percent, shares)))
    header = ("Promised: kept and wrong", "Confidence from", "Kept, %", "Kept and wrong, %", "Wrong among kept, %")
    area = found["auroc"]
    pairs = (
        "" if area is None else f" On test, a right answer has the higher confidence in {100 * area:.1f} % of pairs."
    )
    model = report["chosen"] or report["nearest"]
    return [
        heading("Which requests may stay on the device"),
        paragraph(
            f"What {model} says with at least this confidence is kept; the rest goes to the teacher, as a cloud would take "
            f"it. Each threshold was set on validation, so that on average at most the promised share of all requests is "
            f"kept with {of} wrong (conformal risk control); the figures are what came of it on test. "
            "In the bundle stands the confidence from which on labels were right, on validation, as often as the teacher's."
            + pairs
        ),
        table("Thresholds, on test, with 95 % intervals.", (*header, f"Right with the teacher's help, {of}, %"), rows),
        paragraph(
            "They hold for this very model (its file's SHA-256 begins with "
            f"{found['model_sha256'][:16]}) and for requests like those of validation: after another training, another "
            "precision or a shift of what people ask, set them anew."
        ),
    ]


# --- preflight ----------------------------------------------------------------------------------


def preflight(report: dict) -> list[str]:
    """Where its nodes run."""
    found = report["preflight"]
    rows = []
    for place in found["placements"]:
        lacks = ", ".join(place["lacks"]) or "nothing"
        if place["open_shapes"]:
            lacks += f"; sizes unknown at {place['open_shapes']} nodes"
        taken = f"{place['taken']} of {place['nodes']}"
        rows.append((place["target"], place["shapes"], taken, place["partitions"], place["verdict"], lacks))
    shapes = ", ".join(" x ".join(map(str, shape)) for shape in found["shapes"])
    return [
        heading("Preflight: where it would run"),
        paragraph(
            "The CPU's line is a session's own record here. The others are what ONNX Runtime's checker says of Android's "
            "and Apple's accelerators, by lists of operators: no phone was asked. Where open sizes are what is in the way, "
            "edgelab.export.fix_shapes fixes them."
        ),
        table(
            "Nodes by target.", ("Target", "Shapes", "Nodes taken", "Pieces", "Usable", "It lacks"), rows, words=(5,)
        ),
        paragraph(
            f"Its answers differ from those of the trained network in float32 by at most {found['largest_difference']:.2g} "
            f"in a logit (random tokens, shapes {shapes}): nothing to speak of at fp32, the price of the bits below."
        ),
    ]


# --- mistakes -----------------------------------------------------------------------------------


def mistakes(report: dict) -> list[str]:
    """Labels, confusions, slots, examples, and the teacher beside it."""
    found = report["mistakes"]
    of, model = WORDS[found["of"]], report["chosen"] or report["nearest"]
    said = [
        heading("What it gets wrong"),
        paragraph(f"{model} on test: {found['wrong']:,} of {found['examples']:,} {of} wrong. {differs(found)}"),
    ]
    lossy = [row for row in found["labels"] if row["right"] < row["examples"]]
    if lossy:
        said.append(labels(lossy, len(found["labels"]), with_calls=bool(report["dataset"]["slots"])))
    if found["confusions"]:
        rows = [(row["due"], row["said"], row["count"]) for row in found["confusions"][:TOP]]
        caption = f"Which label is said for which{of_all(len(found['confusions']))}."
        said.append(table(caption, ("Due", "Said", "Times"), rows, words=(0, 1)))
    if found["slots"]:
        tagged = [(row["slot"], row["due"], row["right"], row["not_due"]) for row in found["slots"][:TOP]]
        caption = f"Slots, those that lose most first{of_all(len(found['slots']))}."
        said.append(
            table(caption, ("Slot", "Texts with it", "Of them exact", "Found where not due"), tagged, words=(0,))
        )
    if found["shown"]:
        said.append(examples(found))
    return said


def of_all(count: int) -> str:
    """In a caption: how many of how many are shown."""
    return f" ({TOP} of {count:,}; all in report.json)" if count > TOP else ""


def differs(found: dict) -> str:
    """Where the model and its teacher part."""
    a = found["against_teacher"]
    value, low, high = (100 * end for end in a["difference"])
    return (
        f"Beside the fp32 teacher: both right {a['both_right']:,}, only the teacher {a['only_teacher']:,}, only this model "
        f"{a['only_model']:,}, both wrong with the same answer {a['both_wrong_alike']:,}, with different ones "
        f"{a['both_wrong_otherwise']:,}. The difference in {WORDS[found['of']]} right is {value:+.1f} "
        f"[{low:+.1f}, {high:+.1f}] points."
    )


def labels(lossy: list[dict], count: int, *, with_calls: bool) -> str:
    """The labels that lose most."""
    header = ["Label", "Examples", "Right", "Share, %"] + ["Calls right"] * with_calls
    rows = []
    for row in lossy[:TOP]:
        cells = [row["label"], row["examples"], row["right"], percent(row["share"])]
        rows.append(cells + [row["calls_right"]] * with_calls)
    caption = (
        f"Labels that lose examples, most first: {min(TOP, len(lossy))} of {len(lossy)}; {count} labels are in test."
    )
    return table(caption, header, rows, words=(0,))


def examples(found: dict) -> str:
    """Texts, what was due and what was said."""
    rows = []
    for shown in found["shown"]:
        sure = f"{call(shown['said'])} ({shown['said']['confidence']:.0%})"
        rows.append((shown["text"], call(shown["due"]), sure, call(shown["teacher"])))
    caption = "Mistakes: those that the teacher does not make first, the surest first."
    return table(caption, ("Text", "Due", "Said (confidence)", "The teacher says"), rows, words=(0, 1, 2, 3))


def call(answer: dict) -> str:
    """A label and its slots in a line."""
    slots = ", ".join(f"{name}: {' / '.join(values)}" for name, values in answer["slots"].items())
    return f"{answer['label']} ({slots})" if slots else answer["label"]


# --- use ----------------------------------------------------------------------------------------


def use(report: dict) -> list[str]:
    """The code, where there is a bundle."""
    if report["chosen"] is None:
        return []
    code = html.escape("\n".join(report["code"]))
    return [
        heading("Five lines that use it"),
        paragraph("Run them in the folder of this report. They need numpy, onnxruntime, tokenizers and edgelab."),
        f'<pre tabindex="0"><code>{code}</code></pre>',
    ]
