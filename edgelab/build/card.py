"""The model card of a build, in Hugging Face's format: `README.md`, whose YAML block other tools read.

It holds no text of the learner's data, unlike the report: a card is made to be published.
"""

from typing import TYPE_CHECKING

from edgelab.build.page import measure, verdict
from edgelab.build.sections import WORDS, differs
from edgelab.build.thresholds import advised, code

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

BASE = "sentence-transformers/all-MiniLM-L6-v2"  # what the teacher was fine-tuned from, and every student begins with
METRICS = {"accuracy": ("accuracy", "Accuracy"), "call_exact_match": ("exact_match", "Calls exactly right")}
WORST = 5  # labels


def card(report: dict) -> str:
    """The card of the chosen model, by `report.json` alone. Nothing is asked of the Hub."""
    from huggingface_hub import ModelCard, ModelCardData

    model = chosen(report)
    data = ModelCardData(
        model_name=model["name"],
        library_name="onnxruntime",
        pipeline_tag="text-classification",
        base_model=BASE,
        tags=["edgelab", "onnx", "distillation", model["precision"], *(["token-classification"] * has_slots(report))],
        eval_results=results(report, model),
    )
    return str(ModelCard(f"---\n{data.to_yaml()}\n---\n\n{body(report, model)}"))


def chosen(report: dict) -> dict:
    """The candidate that ships."""
    return next(model for model in report["candidates"] if model["name"] == report["chosen"])


def has_slots(report: dict) -> bool:
    """Whether the model marks slots, too."""
    return bool(report["dataset"]["slots"])


def results(report: dict, model: dict) -> "list[EvalResult]":
    """What is measured on test, as the Hub's tables show it."""
    from huggingface_hub import EvalResult

    name = report["dataset"]["name"]
    return [
        EvalResult(
            task_type="text-classification",
            dataset_type=name,
            dataset_name=name,
            dataset_split="test",
            metric_type=kind,
            metric_name=words,
            metric_value=model[key],
        )
        for key, (kind, words) in METRICS.items()
        if model[key] is not None
    ]


def body(report: dict, model: dict) -> str:
    """The card's text, in the sections that the Hub's template has."""
    data = report["dataset"]
    examples = ", ".join(f"{count:,} {name}" for name, count in data["examples"].items())
    slots = f" and {data['slots']} slots" if data["slots"] else ""
    return "\n".join(
        [
            f"# {model['name']}, for {data['name']}\n",
            f"{verdict(report)}\n",
            "## Model details\n",
            f"- **What it does:** a short text in, one of {data['labels']} labels{slots} out, on the device, without a network.",
            f"- **What it is:** one ONNX file of {model['precision']} weights, its tokenizer and a manifest with the SHA-256 "
            "of each, in `bundle/`.",
            f"- **How it was made:** distilled from {BASE} fine-tuned on the same data, by EdgeLab {report['edgelab']}, "
            f"{report['created_at']}.",
            "- **License:** none is stated here. Say which before you publish it; the base is Apache-2.0.\n",
            "## Uses\n",
            f"Texts like those of {data['name']}. Whatever it is asked, it answers with one of its labels: leave what is "
            "below the confidence threshold to something larger, or to a person.\n",
            "## Bias, risks and limitations\n",
            *(f"- {line}" for line in limits(report)),
            "\n## How to get started\n",
            "```python\n" + "\n".join(code("your text", advised(report["thresholds"]))) + "\n```\n",
            "## Training details\n",
            f"{data['name']}: {examples} examples (SHA-256 of the data begins with {data['fingerprint'][:16]}).\n",
            "## Evaluation\n",
            *evaluation(report, model),
        ]
    )


def limits(report: dict) -> list[str]:
    """What is known to go wrong, a line each."""
    found = report["mistakes"]
    lossy = [row for row in found["labels"] if row["right"] < row["examples"]][:WORST]
    worst = ", ".join(f"{row['label']} ({row['right']} of {row['examples']})" for row in lossy) or "none"
    lines = [
        f"On test {found['wrong']:,} of {found['examples']:,} {WORDS[found['of']]} are wrong. Labels that lose most: {worst}.",
        differs(found),
        "Texts of another language, or about something else, were not tried unless the table below has a row outside.",
    ]
    return lines + report["notes"]


def evaluation(report: dict, model: dict) -> list[str]:
    """The figures as a Markdown table, with their 95 % intervals."""

    def share(figures: dict, key: str) -> str:
        low, high = figures[f"{key}_ci"]
        return f"{100 * figures[key]:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"

    rows = [("Accuracy, test", model, "accuracy"), ("Calls exactly right, test", model, "call_exact_match")]
    rows.append(("Kept of the teacher, test", model, measure(report).retention))
    if report["outside"]:
        rows.append((f"Accuracy outside, {report['outside']['name']}", model["outside"], "accuracy"))
    lines = ["| measure | value, 95 % interval |", "|---|---|"]
    lines += [f"| {cell(words)} | {share(figures, key)} |" for words, figures, key in rows if figures[key] is not None]
    lines.append(f"| Size of the bundle | {model['size_bytes'] / 1e6:.3f} MB |")
    lines.append(
        f"| Latency of one text, p50 and p90 | {model['latency_ms']['p50']:.3f} and {model['latency_ms']['p90']:.3f} ms |"
    )
    host = report["host"]
    threads = report["settings"]["threads"]
    return [
        *lines,
        f"\nLatencies: {host['cpu']}, {host['system']}, threads: {threads}; on another machine they are others.",
    ]


def cell(words: str) -> str:
    """Plain text in a Markdown table."""
    return words.replace("|", "\\|").replace("\n", " ")
