"""What models make of Pocket: the section `models` of its data card.

python -m benchmarks.pocket_models      trains the teacher unless it is built already

The teacher and the shipped bundle, trained on Pocket alone, are also judged on other people's utterances: those of
CLINC150 and SNIPS whose intent `mapping.csv` maps to a Pocket label. An answer is right when it is one of the labels that
the mapping allows.
"""

from collections.abc import Callable

import numpy as np

from benchmarks.pocket_bundle import train
from benchmarks.pocket_card import CARD, mapping, public_data, put, table
from edgelab import datasets
from edgelab.bundle.predict import Bundle
from edgelab.distillation.baselines import tfidf_svc
from edgelab.machine.host import host
from edgelab.stats.bootstrap import paired_difference
from edgelab.stats.intervals import accuracy_interval
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


def figures() -> str:
    pocket = datasets.load("pocket")
    teacher, _ = train()
    shipped, opened = Bundle.load(data_home() / "bundles" / "pocket"), Bundle.load(teacher.bundle(), threads=2)
    classic = tfidf_svc(pocket)
    models = {
        "teacher": lambda text: opened.predict(text).label,
        "shipped bundle": lambda text: shipped.predict(text).label,
        classic.name: classic.predict,
    }
    rows, on_test = [], {}
    for name, predict in models.items():
        row = [name]
        for split in (pocket.test, pocket.extra["hard"]):
            right = np.array([predict(text) == label for text, label in zip(split.texts, split.labels, strict=True)])
            interval = accuracy_interval(right)
            row.append(f"{100 * interval.value:.1f} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]")
            on_test.setdefault(name, right)
        for source in ("clinc150", "snips2017"):
            outcome, intents = transfer(predict, source)
            row += [f"{100 * outcome.mean():.1f}", f"{100 * macro(outcome, intents):.1f}"]
        rows.append(row)
    gap = paired_difference(on_test["teacher"], on_test[classic.name])
    header = ["accuracy, %", "test", "hard", "CLINC150", "its mean over intents", "SNIPS", "its mean over intents"]
    return (
        f"{table(header, rows)}\n\nOn test the teacher is {100 * gap.value:.1f} points above {classic.name} "
        f"[{100 * gap.low:.1f}, {100 * gap.high:.1f}]. Trained on {host().cpu}."
    )


def main() -> None:
    with public_data():
        text = figures()
    write_atomic(CARD, put(CARD.read_text("utf-8"), "models", text))
    print(text)


if __name__ == "__main__":
    main()
