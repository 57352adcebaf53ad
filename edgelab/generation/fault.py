"""A decoder with something wrong in its cache, and what tells where: for the notebook's "find the fault"."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from edgelab.generation.llama import Cache, Decoder, rotate

if TYPE_CHECKING:
    import pandas as pd

Entry = tuple[np.ndarray, np.ndarray]  # new keys and values of a layer, [key-value heads, new tokens, head size]


class HandedOver:
    """A decoder that answers rightly as long as nothing is cached. `repair` is done to the new keys and values of each
    layer before they are kept; it is told how many tokens stand before them, and the decoder's `theta`."""

    def __init__(self, decoder: Decoder, repair: Callable[[Entry, int, float], Entry] | None = None) -> None:
        self._decoder, self._repair = decoder, repair

    def step(self, tokens: list[int], cache: Cache | None = None) -> tuple[np.ndarray, Cache]:
        """As `Decoder.step`."""
        logits, good = self._decoder.step(tokens, cache)
        past, theta = 0 if cache is None else cache[0][0].shape[1], self._decoder.shape.theta
        kept = []
        for keys, values in good:
            entry = _turned(keys[:, past:], -past, theta), values[:, past:]
            entry = entry if self._repair is None else self._repair(entry, past, theta)
            both = zip((keys, values), entry, strict=True)
            kept.append(tuple(np.concatenate([whole[:, :past], new], axis=1) for whole, new in both))
        return logits, tuple((keys, values) for keys, values in kept)


def _turned(keys: np.ndarray, by: int, theta: float) -> np.ndarray:
    return rotate(keys, np.full(keys.shape[1], by), theta)


REPAIRS: dict[str, Callable[[Entry, int, float], Entry]] = {
    "swap keys and values": lambda entry, past, theta: (entry[1], entry[0]),
    "turn keys on by the tokens before": lambda entry, past, theta: (_turned(entry[0], past, theta), entry[1]),
    "turn values on by the tokens before": lambda entry, past, theta: (entry[0], _turned(entry[1], past, theta)),
    "divide keys by the root of the head size": lambda entry, past, theta: (
        entry[0] / entry[0].shape[-1] ** 0.5,
        entry[1],
    ),
    "turn keys back to the start": lambda entry, past, theta: (_turned(entry[0], -past, theta), entry[1]),
}


def cached_apart(step: Callable, tokens: list[int], prompt: int) -> "pd.DataFrame":
    """Two caches of the same tokens: one built as a loop does, the prompt at once and then token by token; the other by
    reading all of them at once. A row for each part of each layer, a column for each place: the largest difference."""
    import pandas as pd

    _, cache = step(tokens[:prompt], None)
    for token in tokens[prompt:]:
        _, cache = step([token], cache)
    _, whole = step(tokens, None)
    found = {}
    for layer, (mine, theirs) in enumerate(zip(cache, whole, strict=True)):
        for part, a, b in zip(("keys", "values"), mine, theirs, strict=True):
            found[f"layer {layer}, {part}"] = np.abs(a - b).max(axis=(0, 2)).round(2)
    return pd.DataFrame.from_dict(found, orient="index")
