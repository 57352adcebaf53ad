"""The child of `benchmarks.peers`: libraries that the course does not have, trained and asked in their own environment.

python peers_child.py TASK FOLDER       TASK: JSON of `Task`; models are written to FOLDER

Once it has trained, it writes a line of JSON: the size of each model on disk. Then each line that it reads asks one model
for some texts, `{"name": ..., "texts": [...], "together": bool}`, and is answered by a line with labels and nanoseconds.
It knows nothing of the course; the course takes `asked` from it, so that both are timed by the same lines.
"""

import functools
import json
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

FASTTEXT = [  # epochs, shortest and longest parts of words
    {"epoch": epoch, "minn": minn, "maxn": maxn} for epoch in (25, 50) for minn, maxn in ((0, 0), (3, 5))
]
FASTTEXT_ALWAYS = {"lr": 0.5, "wordNgrams": 2, "dim": 100, "bucket": 200_000, "thread": 1, "verbose": 0}
FEATURES_KEPT = 20_000  # of fastText's words and parts, when it is quantized
REGULARIZATION = (10, 100)  # C of logistic regression
STATIC = {"256": {"dimensionality": 256}, "64, int8": {"dimensionality": 64, "quantize_to": "int8"}}


@dataclass(frozen=True)
class Task:
    """What to train on, what to choose by, and the folder of the pretrained encoder. Labels are numbers."""

    train: tuple[list[str], list[int]]
    validation: tuple[list[str], list[int]]
    encoder: str


@dataclass(frozen=True)
class Peer:
    """A trained model: the label of one text, the labels of many, and the bytes of all that it needs."""

    one: Callable[[str], object]
    many: Callable[[Sequence[str]], Sequence[object]]
    size_bytes: int


def asked(peer: Peer, texts: Sequence[str], *, together: bool) -> tuple[list, list[int]]:
    """The labels of some texts, and the nanoseconds that it took: one number for each text, or one for all together."""
    if together:
        begin = time.perf_counter_ns()
        labels = peer.many(texts)
        return list(labels), [time.perf_counter_ns() - begin]
    labels, spent = [], []
    for text in texts:
        begin = time.perf_counter_ns()
        label = peer.one(text)
        spent.append(time.perf_counter_ns() - begin)
        labels.append(label)
    return labels, spent


def best(fit: Callable, settings: Sequence, validation: tuple[list[str], list[int]]):
    """Of the models that `fit` makes of the settings, the one that is right most often on validation, the first of equals."""
    texts, labels = validation

    def right(model) -> int:
        return sum(a == b for a, b in zip(model(texts), labels, strict=True))

    return max((fit(setting) for setting in settings), key=right)


# --- fastText -----------------------------------------------------------------------------------


def spoken(text: str) -> str:
    """A text as fastText's authors prepare theirs: lower case, punctuation set apart, one line."""
    return " ".join(re.sub(r"([^\w\s])", r" \1 ", text.lower()).split())


class FastText:
    def __init__(self, file: Path, setting: dict) -> None:
        import fasttext

        self.setting = setting
        self.model = fasttext.train_supervised(str(file), **FASTTEXT_ALWAYS, **setting)

    def __call__(self, texts: Sequence[str]) -> list[int]:
        labels, _ = self.model.predict([spoken(text) for text in texts])
        return [int(label[0].removeprefix("__label__")) for label in labels]

    def one(self, text: str) -> int:
        labels, _ = self.model.predict(spoken(text))
        return int(labels[0].removeprefix("__label__"))


def fasttext_peers(task: Task, folder: Path) -> dict[str, Peer]:
    """fastText, its setting chosen on validation, then quantized and trained once more (Joulin et al. 2016)."""
    file = folder / "train.txt"
    lines = (f"__label__{label} {spoken(text)}\n" for text, label in zip(*task.train, strict=True))
    file.write_text("".join(lines), "utf-8")

    chosen = best(functools.partial(FastText, file), FASTTEXT, task.validation)
    given = {"lr": FASTTEXT_ALWAYS["lr"], "epoch": chosen.setting["epoch"], "thread": 1, "verbose": 0}
    chosen.model.quantize(str(file), qnorm=True, retrain=True, cutoff=FEATURES_KEPT, **given)
    chosen.model.save_model(str(folder / "model.ftz"))
    return {"fastText, quantized": Peer(chosen.one, chosen, (folder / "model.ftz").stat().st_size)}


# --- model2vec ----------------------------------------------------------------------------------


class Static:
    """Embeddings of tokens, their mean, logistic regression: at work a product in NumPy, since scikit-learn's own call
    would take longer than all the rest."""

    def __init__(self, embeddings, task: Task, c: float) -> None:
        import numpy as np
        from sklearn.linear_model import LogisticRegression

        head = LogisticRegression(C=c, max_iter=1000).fit(embeddings.encode(task.train[0]), task.train[1])
        self.embeddings, self.labels = embeddings, head.classes_.tolist()
        self.weights, self.bias = head.coef_.T.astype(np.float32), head.intercept_.astype(np.float32)

    def __call__(self, texts: Sequence[str]) -> list[int]:
        scores = self.embeddings.encode(list(texts)) @ self.weights + self.bias
        return [self.labels[i] for i in scores.argmax(1)]

    def one(self, text: str) -> int:
        return self([text])[0]

    def save(self, folder: Path) -> int:
        """All that it needs, as files; their bytes."""
        import numpy as np

        self.embeddings.save_pretrained(folder)
        np.savez(folder / "head.npz", weights=self.weights, bias=self.bias)
        return sum(file.stat().st_size for file in folder.iterdir() if file.name != "README.md")


def static_peers(task: Task, folder: Path) -> dict[str, Peer]:
    """The encoder's tokens as model2vec distils them, under logistic regression chosen on validation."""
    from model2vec import StaticModel
    from model2vec.distill import distill

    distill(task.encoder, pca_dims=256, device="cpu").save_pretrained(folder / "static")
    found = {}
    for name, options in STATIC.items():
        embeddings = StaticModel.from_pretrained(folder / "static", force_download=False, **options)
        chosen = best(functools.partial(Static, embeddings, task), REGULARIZATION, task.validation)
        found[f"model2vec {name} + LogReg"] = Peer(chosen.one, chosen, chosen.save(folder / name))
    return found


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever the libraries print is no answer
    task, folder = Task(**json.loads(Path(sys.argv[1]).read_text("utf-8"))), Path(sys.argv[2])
    peers = fasttext_peers(task, folder) | static_peers(task, folder)
    print(json.dumps({name: peer.size_bytes for name, peer in peers.items()}), file=answers, flush=True)
    for line in sys.stdin:
        wanted = json.loads(line)
        given = asked(peers[wanted["name"]], wanted["texts"], together=wanted["together"])
        print(json.dumps(given), file=answers, flush=True)


if __name__ == "__main__":
    main()
