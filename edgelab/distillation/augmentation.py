"""More sentences from the ones there are: unlabelled variations for the teacher to label."""

import random

import numpy as np

from edgelab.datasets.dataset import Dataset, Split
from edgelab.distillation.substitution import substituted

# Share of each operation. None keeps the label for certain, which is why the teacher labels what comes out.
MIXTURE = {
    "substitute": 0.30,
    "substitute_drop": 0.15,
    "drop": 0.10,
    "same_label": 0.25,
    "any_label": 0.15,
    "insert": 0.05,
}
NEIGHBOURS = 15
# Of the variations of data with slots, so many are training texts with other values in them, and else unchanged.
EXCHANGED_SHARE = 0.6


def augment(dataset: Dataset, vocabulary: int, count: int, *, seed: int = 0) -> tuple[str, ...]:
    """`count` variations of the training texts: with other values in their slots, if they have any; made on tokens of
    the trimmed vocabulary and decoded to text."""
    exchanged = round(EXCHANGED_SHARE * count) if any(dataset.train.spans or ()) else 0
    return _exchanged(dataset.train, exchanged, seed) + _varied(dataset, vocabulary, count - exchanged, seed)


def _exchanged(train: Split, count: int, seed: int) -> tuple[str, ...]:
    copies = -(-count // len(train))
    texts = [text for copy in range(copies) for text in substituted(train, seed=seed + 1 + copy).texts]
    return tuple(random.Random(seed).sample(texts, count))


def _varied(dataset: Dataset, vocabulary: int, count: int, seed: int) -> tuple[str, ...]:
    from edgelab.models.tokens import encodings, load_tokenizer, trim_vocabulary

    if count == 0:
        return ()
    tokenizer, kept = trim_vocabulary(load_tokenizer(), dataset.train.texts, vocabulary)
    labelled = zip(encodings(tokenizer, dataset.train.texts), dataset.train.labels, strict=True)
    # A text of control characters only has no token between [CLS] and [SEP], and nothing to vary.
    tokens, labels = zip(*((e.ids[1:-1], label) for e, label in labelled if len(e) > 2), strict=True)
    near = nearest_tokens(kept, NEIGHBOURS)
    of_label: dict[str, list[int]] = {}
    for i, label in enumerate(labels):
        of_label.setdefault(label, []).append(i)
    choose = random.Random(seed)
    kinds = choose.choices(list(MIXTURE), list(MIXTURE.values()), k=count)
    varied = []
    for kind in kinds:
        i = choose.randrange(len(tokens))
        if kind == "same_label":
            ids = mix(tokens[i], tokens[choose.choice(of_label[labels[i]])], choose)
        elif kind == "any_label":
            ids = mix(tokens[i], tokens[choose.randrange(len(tokens))], choose)
        elif kind == "insert":
            ids = list(tokens[i])
            ids.insert(choose.randint(0, len(ids)), choose.randrange(5, len(kept)))
        else:
            ids = tokens[i]
            if kind != "drop":
                ids = substitute(ids, near, choose.uniform(0.1, 0.5), choose)
            if kind != "substitute":
                ids = drop(ids, choose.uniform(0.1, 0.4), choose)
        varied.append(ids)
    return tuple(tokenizer.decode_batch(varied, skip_special_tokens=False))


def nearest_tokens(kept: np.ndarray, count: int) -> np.ndarray:
    """For each kept token the `count` tokens nearest in meaning, [tokens, count]: by the sum of the cosines of
    `models.encoder.token_views`."""
    from edgelab.models.encoder import token_views

    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in token_views(kept.tolist())]
    nearest = np.empty((len(kept), count), dtype=int)
    for start in range(0, len(kept), 1024):
        rows = slice(start, start + 1024)
        similarity = sum(v[rows] @ v.T for v in unit)
        similarity[np.arange(len(similarity)), np.arange(start, start + len(similarity))] = -np.inf
        similarity[:, :5] = -np.inf  # special tokens stand for no word
        nearest[rows] = np.argpartition(-similarity, count, axis=1)[:, :count]
    return nearest


def substitute(ids: list[int], near: np.ndarray, share: float, choose: random.Random) -> list[int]:
    """Each token replaced with probability `share` by one of its neighbours."""
    return [int(near[i][choose.randrange(near.shape[1])]) if choose.random() < share else i for i in ids]


def drop(ids: list[int], share: float, choose: random.Random) -> list[int]:
    """Each token left out with probability `share`; at least one stays."""
    kept = [i for i in ids if choose.random() >= share]
    return kept or [choose.choice(ids)]


def mix(a: list[int], b: list[int], choose: random.Random) -> list[int]:
    """Two sentences into one: a's beginning with b's end, or a stretch of b put into a, added or in place."""
    kind = choose.choice(("splice", "insert", "replace"))
    if kind == "splice":
        return a[: choose.randint(1, len(a))] + b[choose.randint(0, len(b) - 1) :]
    start = choose.randint(0, len(b) - 1)
    stretch = b[start : start + choose.randint(1, 4)]
    at = choose.randint(0, len(a))
    return a[:at] + stretch + a[at + (len(stretch) if kind == "replace" else 0) :]
