"""How far a thief's copy of the shipped bundle agrees with it, by what it is shown and how often it asks: the file by which the
shipping plan of `09_privacy` is judged.

python -m benchmarks.stolen_copies      writes data/figures/stolen_copies.csv, of one draw of the thief's texts
"""

import sys

import numpy as np

from edgelab import datasets
from edgelab.privacy import extraction, shipping_exercise
from edgelab.privacy.thief import read_texts, steal
from edgelab.workspace import data_home, write_atomic

SHOWN = {"probabilities": "none", "two decimals": "two decimals", "one decimal": "one decimal", "label": "label alone"}
COUNTS = (300, 1000, 2500, 5000)
SEEDS = 1


def main() -> None:
    bundle, data = data_home() / "bundles" / "pocket", datasets.load("pocket")
    splits = {name: read_texts(getattr(data, name).texts) for name in ("validation", "test")}
    theirs = {name: extraction.victim_answers(bundle, read.texts).argmax(1) for name, read in splits.items()}
    agreed: dict[tuple[str, int, str], list[float]] = {}
    for seed in range(SEEDS):
        asked = read_texts(extraction.thief_texts(max(COUNTS), seed))
        probabilities = extraction.victim_answers(bundle, asked.texts)
        for answers, defence in SHOWN.items():
            shown = extraction.DEFENCES[defence](probabilities, np.random.default_rng(seed))
            for count in COUNTS:
                thief = steal(asked.first(count), shown[:count])
                for name, held_out in splits.items():
                    found = float(np.mean(thief.predict(held_out) == theirs[name]))
                    agreed.setdefault((answers, count, name), []).append(found)
            print(seed, answers, file=sys.stderr)
    lines = [f"{answers},{count},{name},{np.mean(found):.4f}" for (answers, count, name), found in agreed.items()]
    write_atomic(shipping_exercise.FILE, "\n".join(["answers,queries,split,agreement", *lines, ""]))


if __name__ == "__main__":
    main()
