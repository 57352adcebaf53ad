"""How far a thief's copy of the shipped bundle agrees with it, by what it is shown and how often it asks: the file by which the
shipping plan of `09_privacy` is judged.

python -m benchmarks.stolen_copies      writes data/figures/stolen_copies.csv, a mean over draws of the thief's texts
"""

import sys

import numpy as np

from edgelab import datasets
from edgelab.privacy import extraction, shipping_exercise
from edgelab.workspace import data_home, write_atomic

SHOWN = {"probabilities": "none", "two decimals": "two decimals", "one decimal": "one decimal", "label": "label alone"}
COUNTS = (100, 250, 500, 1000, 2000, 3500, 5000, 7500)
SEEDS = 2


def main() -> None:
    bundle, data = data_home() / "bundles" / "pocket", datasets.load("pocket")
    splits = {name: getattr(data, name).texts for name in ("validation", "test")}
    victim = {name: extraction.victim_answers(bundle, texts).argmax(1) for name, texts in splits.items()}
    lines = ["answers,queries,split,agreement"]
    for answers, defence in SHOWN.items():
        for count in COUNTS:
            agreed: dict[str, list[float]] = {name: [] for name in splits}
            for seed in range(SEEDS):
                texts = extraction.thief_texts(count, seed)
                shown = extraction.DEFENCES[defence].answer(
                    extraction.victim_answers(bundle, texts), np.random.default_rng(seed)
                )
                thief = extraction.steal(texts, shown)
                for name, held_out in splits.items():
                    agreed[name].append(float(np.mean(thief.predict(held_out) == victim[name])))
            lines += [f"{answers},{count},{name},{np.mean(found):.4f}" for name, found in agreed.items()]
            print(lines[-1], file=sys.stderr)
    write_atomic(shipping_exercise.FILE, "\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
