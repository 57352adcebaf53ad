"""What a build found: the content of `report.json`. `build.page` makes a page of it."""

from collections import Counter
from dataclasses import asdict
from datetime import datetime

from edgelab import __version__
from edgelab.build.measured import Measured
from edgelab.build.search_space import Profile
from edgelab.build.unlabelled import Lines
from edgelab.bundle.answers import Answers
from edgelab.datasets.dataset import SPLITS, Dataset, Part, label_slots
from edgelab.datasets.repeats import normalised
from edgelab.machine.host import host
from edgelab.measurement.bundles import PERCENTILES
from edgelab.measurement.latency import speedup
from edgelab.models.tokens import MAX_TOKENS
from edgelab.selection.bar import Bar
from edgelab.selection.rule import misses
from edgelab.stats.bootstrap import paired_difference
from edgelab.stats.intervals import Interval
from edgelab.stats.samples import LatencySamples
from edgelab.workspace import versions

FEW = 200  # validation examples under which the report warns


def content(
    dataset: Dataset,
    data: Profile,
    bar: Bar,
    settings: dict,
    teachers: list[Measured],
    candidates: list[Measured],
    test: dict[str, Answers],
    outside: dict[str, Answers],
) -> dict:
    """Plain JSON values. What is right and its retention are on test, under `validation` on that and, where there is
    such a file, under `outside` on that; `clears_bar` is decided on validation. Ratios are the fp32 teacher's value over
    the model's (retention: the other way round)."""
    teacher = teachers[0]

    def entry(model: Measured) -> dict:
        given, beyond, timing = test[model.name], outside.get(model.name), model.timing
        speed = speedup(teacher.timing.with_tokenizer, timing.with_tokenizer, block=settings["block"])
        return {
            "name": model.name,
            "precision": model.folder.name,
            **figures(given, given.retention(test[teacher.name])),
            "validation": figures(model.answers, model.retention),
            "outside": beyond and figures(beyond, beyond.retention(outside[teacher.name])),
            "size_bytes": model.size_bytes,
            "size_ratio": teacher.size_bytes / model.size_bytes,
            "latency_ms": _percentiles(timing.with_tokenizer),
            "latency_without_tokenizer_ms": _percentiles(timing.without_tokenizer),
            "p95_ms": timing.with_tokenizer.percentile(95),
            "speed_ratio": speed.value,
            "speed_ratio_ci": _ends(speed),
        }

    def judged(model: Measured) -> dict:
        reasons = misses(model.card, bar.limits)
        return entry(model) | {"clears_bar": not reasons, "misses": reasons}

    return {
        "edgelab": __version__,
        "created_at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "dataset": about(dataset, data),
        "bar": {**asdict(bar), "decided_on": "validation"},
        "settings": settings,
        "host": asdict(host()),
        "versions": versions(),
        "notes": notes(dataset, data, bar),
        "teacher": entry(teacher),
        "teacher_int8": entry(teachers[1]),
        "candidates": [judged(model) for model in candidates],
    }


def figures(given: Answers, retention: dict[str, Interval]) -> dict:
    """What is right on a split, and its retention, each with its interval; None for calls and slots where the data has
    none, and for the retention of what the teacher never gets right."""
    return _flat(
        {
            "accuracy": given.accuracy,
            "call_exact_match": given.call_exact_match,
            "slot_exact_match": given.slot_exact_match,
            "retention": retention.get("label"),
            "call_retention": retention.get("call"),
        }
    )


def about_outside(outside: Part, dataset: Dataset) -> dict:
    """The outside examples, as plain JSON values; `in_train` of their texts stand in train, too."""
    learned = {normalised(text) for text in dataset.train.texts}
    repeated = sum(normalised(text) in learned for text in outside.examples.texts)
    return {"name": outside.data, "examples": len(outside.examples), "in_train": repeated}


def about_lines(lines: Lines, share: float, model: str, compared: dict[str, tuple[Answers, Answers, Answers]]) -> dict:
    """What became of the unlabelled lines, and what they brought to a model.

    Args:
        share: of what a student draws.
        compared: of each split the model's answers, those of its twin that saw no such line, and the teacher's.
    """
    without, gain = {}, {}
    for split, (given, twin, teacher) in compared.items():
        without[split] = figures(twin, twin.retention(teacher))
        gained = {of: paired_difference(right, twin.right[of]) for of, right in given.right.items()}
        gain[split] = _flat({"accuracy": gained["label"], "call_exact_match": gained.get("call")})
    left = {"lines": lines.given, "held_out": lines.held_out, "used": len(lines.used), "share": share}
    return left | {"model": model, "without": {"outside": None} | without, "gain": {"outside": None} | gain}


def about(dataset: Dataset, data: Profile) -> dict:
    """The data, as plain JSON values."""
    sizes = Counter(dataset.train.labels)
    return {
        "name": dataset.name,
        "fingerprint": dataset.fingerprint,
        "examples": {name: len(getattr(dataset, name)) for name in SPLITS},
        "labels": len(dataset.labels),
        "slots": len(dataset.slot_names),
        "train_examples_of_a_label": [min(sizes.values()), max(sizes.values())],
        "tokens_of_a_text": data.tokens,
        "share_of_texts_cut": data.cut,
    }


def notes(dataset: Dataset, data: Profile, bar: Bar) -> list[str]:
    """What to know of the data before trusting the figures."""
    found = []
    if data.cut:
        found.append(f"{data.cut:.1%} of the texts are longer than {MAX_TOKENS} tokens and are cut there.")
    if len(dataset.validation) < FEW:
        found.append(
            f"Validation has {len(dataset.validation)} examples: too few to tell similar models apart, and intervals "
            "from so few are themselves uncertain. Give it more."
        )
    held_out = (dataset.validation, dataset.test)
    learned = {text.casefold() for text in dataset.train.texts}
    repeated = sum(text.casefold() in learned for split in held_out for text in split.texts)
    if repeated:
        found.append(
            f"Of the {sum(map(len, held_out)):,} texts of validation and test, {repeated:,} also stand in train: on those, "
            "accuracy is measured on memorised texts."
        )
    tested = set(dataset.validation.labels) & set(dataset.test.labels)
    untested = [label for label in dataset.labels if label not in tested]
    if untested:
        have = "label has" if len(untested) == 1 else "labels have"
        more = f" and {len(untested) - 5} more" if len(untested) > 5 else ""
        found.append(
            f"{len(untested)} {have} no example in validation, or none in test, so nothing is known there of "
            f"{', '.join(untested[:5])}{more}."
        )
    if unlearned := _calls_never_learned(dataset):
        found.append(unlearned)
    if dataset.slot_names:
        found.append("The data has slots, so no static student was tried: it sees no order of words.")
        if bar.measure == "label":
            found.append("The label alone decides here, and slots nothing: compare the calls before a model ships.")
    return found


def _calls_never_learned(dataset: Dataset) -> str | None:
    """What is due in validation or test, and no model answers: a label has the slots that it has in train, no other."""
    learned, held_out = label_slots(dataset.train), (dataset.validation, dataset.test)
    missing = [
        [f"{span.name} ({label})" for span in spans if span.name not in learned.get(label, ())]
        for split in held_out
        for label, spans in zip(split.labels, split.spans or [()] * len(split), strict=True)
    ]
    calls, names = sum(map(bool, missing)), sorted({name for found in missing for name in found})
    if not calls:
        return None
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return (
        f"Of the {sum(map(len, held_out)):,} calls of validation and test, {calls:,} have a slot that train never has with "
        f"their label, so no model makes them right: {', '.join(names[:5])}{more}."
    )


def _flat(found: dict[str, Interval | None]) -> dict:
    """Each value, and its interval under the same name with `_ci`."""
    return {k: v for name, i in found.items() for k, v in ((name, i and i.value), (f"{name}_ci", i and _ends(i)))}


def _ends(interval: Interval) -> list[float]:
    return [interval.low, interval.high]


def _percentiles(samples: LatencySamples) -> dict[str, float]:
    return {f"p{q}": samples.percentile(q) for q in PERCENTILES}
