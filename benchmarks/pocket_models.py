"""What models make of Pocket: the section `models` of its data card.

python -m benchmarks.pocket_models      trains the teacher unless it is built already

The teacher and the shipped bundle, trained on Pocket alone, are also judged on other people's utterances: those of
CLINC150 and SNIPS whose intent `mapping.csv` maps to a Pocket label. An answer is right when it is one of the labels that
the mapping allows. A call is right where the label and every slot are: TF-IDF gives labels alone, and the mapping has no
slots.
"""

from collections.abc import Callable

import numpy as np

from benchmarks.pocket_bundle import train_pocket_teacher
from benchmarks.pocket_card import CARD, mapping, public_data, put, table
from edgelab import datasets
from edgelab.bundle.evaluation import evaluate
from edgelab.bundle.predict import Bundle
from edgelab.distillation.baselines import tfidf_svc
from edgelab.machine.host import host
from edgelab.stats.bootstrap import paired_difference
from edgelab.stats.intervals import Interval, accuracy_interval
from edgelab.workspace import data_home, write_atomic


def transfer(predict: Callable[[str], str], source: str) -> tuple[np.ndarray, list[str]]:
    """Whether each mapped test utterance of a public set is answered with an allowed label; and its intent."""
    allowed = mapping(source)
    split = datasets.load(source).test
    split = split.where(lambda i: split.labels[i] in allowed)
    right = [predict(text) in allowed[intent] for text, intent in zip(split.texts, split.labels, strict=True)]
    return np.array(right), list(split.labels)


def macro(right: np.ndarray, intents: list[str]) -> float:
    """The mean over intents of the share that is right."""
    names = np.array(intents)
    return float(np.mean([right[names == name].mean() for name in sorted(set(intents))]))


def percent(interval: Interval) -> str:
    return f"{100 * interval.value:.1f} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def figures() -> str:
    pocket = datasets.load("pocket")
    teacher = train_pocket_teacher()
    shipped, opened = Bundle.load(data_home() / "bundles" / "pocket"), Bundle.load(teacher.bundle(), threads=2)
    classic = tfidf_svc(pocket)
    models = {
        "teacher": lambda text: opened.predict(text).label,
        "shipped bundle": lambda text: shipped.predict(text).label,
        classic.name: classic.predict,
    }
    held_out, rows, on_test = (pocket.test, pocket.extra["hard"], pocket.extra["plain"]), {}, {}
    for name, bundle in (("teacher", opened), ("shipped bundle", shipped)):
        found = [evaluate(bundle, split) for split in held_out]
        rows[name] = [percent(i) for result in found for i in (result.accuracy, result.call_exact_match)]
        on_test[name] = found[0].correct
    labels = [accuracy_interval(classic.correct(split)) for split in held_out]
    rows[classic.name] = [cell for interval in labels for cell in (percent(interval), "–")]
    for name, predict in models.items():
        for source in ("clinc150", "snips2017"):
            outcome, intents = transfer(predict, source)
            rows[name] += [f"{100 * outcome.mean():.1f}", f"{100 * macro(outcome, intents):.1f}"]
    gap = paired_difference(on_test["teacher"], classic.correct(pocket.test))
    header = ["right, %", "test: label", "call", "hard: label", "call", "plain: label", "call"]
    header += [column for name in ("CLINC150", "SNIPS") for column in (f"{name}: label", "its mean over intents")]
    return (
        f"{table(header, [[name, *row] for name, row in rows.items()])}\n\nOn test the teacher is {100 * gap.value:.1f} points above {classic.name} "
        f"[{100 * gap.low:.1f}, {100 * gap.high:.1f}]. Trained on {host().cpu}."
    )


def main() -> None:
    with public_data():
        text = figures()
    write_atomic(CARD, put(CARD.read_text("utf-8"), "models", text))
    print(text)


if __name__ == "__main__":
    main()
