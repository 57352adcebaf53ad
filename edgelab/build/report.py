"""What a build found: the content of `report.json`. `build.page` makes a page of it."""

from collections import Counter
from dataclasses import asdict
from datetime import datetime

from edgelab import __version__
from edgelab.build.measured import Measured
from edgelab.build.search_space import Profile
from edgelab.bundle.answers import Answers
from edgelab.datasets.dataset import SPLITS, Dataset
from edgelab.machine.host import host
from edgelab.measurement.bundles import PERCENTILES
from edgelab.measurement.latency import speedup
from edgelab.models.tokens import MAX_TOKENS
from edgelab.selection.bar import Bar
from edgelab.selection.rule import misses
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
) -> dict:
    """Plain JSON values. `accuracy` and `retention` are on test, and under `validation` on that; `clears_bar` is
    decided on validation. Ratios are the fp32 teacher's value over the model's (`retention`: the other way round)."""
    teacher = teachers[0]

    def entry(model: Measured) -> dict:
        given, timing = test[model.name], model.timing
        retention = given.retention(test[teacher.name])
        speed = speedup(teacher.timing.with_tokenizer, timing.with_tokenizer, block=settings["block"])
        slots = given.slot_exact_match
        return {
            "name": model.name,
            "precision": model.folder.name,
            "accuracy": given.accuracy.value,
            "accuracy_ci": _ends(given.accuracy),
            "slot_exact_match": slots and slots.value,
            "slot_exact_match_ci": slots and _ends(slots),
            "retention": retention.value,
            "retention_ci": _ends(retention),
            "validation": {
                "accuracy": model.answers.accuracy.value,
                "accuracy_ci": _ends(model.answers.accuracy),
                "retention": model.retention.value,
                "retention_ci": _ends(model.retention),
            },
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
        "notes": notes(dataset, data),
        "teacher": entry(teacher),
        "teacher_int8": entry(teachers[1]),
        "candidates": [judged(model) for model in candidates],
    }


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


def notes(dataset: Dataset, data: Profile) -> list[str]:
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
    if dataset.slot_names:
        found.append(
            "The data has slots, so no static student was tried: it sees no order of words. Retention is of the label alone, "
            "and slots decide nothing: compare the column of those before a model ships."
        )
    return found


def _ends(interval: Interval) -> list[float]:
    return [interval.low, interval.high]


def _percentiles(samples: LatencySamples) -> dict[str, float]:
    return {f"p{q}": samples.percentile(q) for q in PERCENTILES}
