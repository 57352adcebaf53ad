"""Public data sets: CLINC150 and SNIPS, from pinned downloads."""

import json
import random
from pathlib import Path

from edgelab.datasets.dataset import SPLITS, Dataset, Split, assemble
from edgelab.datasets.slots import Span


def clinc150(paths: dict[str, Path]) -> Dataset:
    """150 labels; what belongs to none of them is in extra splits, `out_of_scope_test` and so on."""
    raw = json.loads(paths["data_full.json"].read_text("utf-8"))

    def split(key: str) -> Split:
        return Split(tuple(t for t, _ in raw[key]), tuple(label for _, label in raw[key]))

    splits = {"train": split("train"), "validation": split("val"), "test": split("test")}
    extra = {
        f"out_of_scope_{s}": split(key) for s, key in zip(SPLITS, ("oos_train", "oos_val", "oos_test"), strict=True)
    }
    return assemble("clinc150", splits, extra)


def snips2017(paths: dict[str, Path]) -> Dataset:
    """The published validation files are the test split; a seeded tenth of the training is validation."""
    rows: dict[str, list] = {"train": [], "test": []}
    for file, path in paths.items():
        # In train_PlayMusic_full.json an emoji stands as two surrogates, each in UTF-8: not valid, but clear.
        text = path.read_bytes().decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16")
        for intent, utterances in json.loads(text).items():
            for utterance in utterances:
                plain, spans = "", []
                for part in utterance["data"]:
                    if "entity" in part:
                        spans.append(Span(len(plain), len(plain) + len(part["text"]), part["entity"].lower()))
                    plain += part["text"]
                rows["train" if "train" in file else "test"].append((plain, intent, tuple(spans)))
    order = random.Random(0).sample(range(len(rows["train"])), len(rows["train"]))
    cut = len(order) // 10
    chosen = {"validation": order[:cut], "train": order[cut:]}
    columns = {"test": rows["test"], **{k: [rows["train"][i] for i in sorted(v)] for k, v in chosen.items()}}
    return assemble("snips2017", {k: Split(*(tuple(c) for c in zip(*v, strict=True))) for k, v in columns.items()})
