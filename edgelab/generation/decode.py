"""From logits to tokens: the choice of the next one, the loop with and without a cache, the same loop over a built
generator's own ONNX file, and guesses that are confirmed many at once (speculative decoding)."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgelab.generation.config import CONFIG
from edgelab.generation.llama import Cache

Step = Callable[
    [list[int], Cache | None], tuple[np.ndarray, Cache]
]  # tokens and cache -> logits [tokens, vocab], cache
Choose = Callable[[np.ndarray], int]  # logits [vocab] -> the next token
Guess = Callable[[Sequence[int], int], list[int]]  # all tokens so far, how many -> what may follow


def greedy(logits: np.ndarray) -> int:
    """The likeliest token."""
    return int(logits.argmax())


def probabilities(logits: np.ndarray, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> np.ndarray:
    """How likely each token is drawn, [vocab]: logits divided by `temperature`; of them the `top_k` largest (0: all); of
    these the fewest that have `top_p` of the probability together.

    Raises:
        ValueError: a temperature of 0 (that is `greedy`), or no token would be left.
    """
    if not (temperature > 0 and top_k >= 0 and 0 < top_p <= 1):
        raise ValueError(f"expected a temperature, a top_p up to 1, found {temperature:g}, {top_p:g}; top_k {top_k}")
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    order = np.argsort(-scaled, kind="stable")
    likely = np.exp(scaled[order] - scaled[order[0]])
    if top_k:
        likely[top_k:] = 0
    likely /= likely.sum()
    likely[np.cumsum(likely) - likely >= top_p] = 0  # the one that reaches top_p stays
    drawn = np.zeros(len(scaled))
    drawn[order] = likely / likely.sum()
    return drawn


class Sampler:
    """Draws tokens; the same seed draws the same ones."""

    def __init__(self, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0, seed: int = 0) -> None:
        self._options = (temperature, top_k, top_p)
        self._random = np.random.default_rng(seed)

    def __call__(self, logits: np.ndarray) -> int:
        """A token, drawn."""
        likely = probabilities(logits, *self._options)
        return int(self._random.choice(len(likely), p=likely))


def decode(
    step: Step, prompt: Sequence[int], max_tokens: int, choose: Choose = greedy, ends: Collection[int] = ()
) -> list[int]:
    """The tokens after a prompt: it is read once, then each new token alone. One of `ends` is the last."""
    said: list[int] = []
    read, cache = list(prompt), None
    while len(said) < max_tokens and not (said and said[-1] in ends):
        logits, cache = step(read, cache)
        read = [choose(logits[-1])]
        said += read
    return said


def decode_without_cache(
    step: Step, prompt: Sequence[int], max_tokens: int, choose: Choose = greedy, ends: Collection[int] = ()
) -> list[int]:
    """The same tokens, with all that stands read anew for each: what a cache saves."""
    said: list[int] = []
    while len(said) < max_tokens and not (said and said[-1] in ends):
        logits, _ = step([*prompt, *said], None)
        said.append(choose(logits[-1]))
    return said


class OnnxDecoder:
    """A built generator's file in a plain onnxruntime session: the cache goes in and comes out as arrays."""

    def __init__(self, session: Any, layers: int, empty: np.ndarray) -> None:
        self._session, self._layers, self._empty = session, layers, empty

    @classmethod
    def open(cls, folder: Path, *, threads: int = 1) -> "OnnxDecoder":
        """Of a folder that `build_model` made."""
        import onnxruntime as ort

        config = json.loads((folder / CONFIG).read_text("utf-8"))["model"]["decoder"]
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        session = ort.InferenceSession(folder / config["filename"], options, providers=["CPUExecutionProvider"])
        empty = np.zeros((1, config["num_key_value_heads"], 0, config["head_size"]), dtype=np.float32)
        return cls(session, config["num_hidden_layers"], empty)

    def step(self, tokens: list[int], cache: Cache | None = None) -> tuple[np.ndarray, Cache]:
        """As `llama.Decoder.step`."""
        past = 0 if cache is None else cache[0][0].shape[1]
        feed: dict[str, np.ndarray] = {
            "input_ids": np.array([tokens], dtype=np.int64),
            "attention_mask": np.ones((1, past + len(tokens)), dtype=np.int64),
        }
        for layer in range(self._layers):
            for kind, name in enumerate(("key", "value")):
                before = self._empty if cache is None else cache[layer][kind][None]
                feed[f"past_key_values.{layer}.{name}"] = before
        names = [f"present.{layer}.{name}" for layer in range(self._layers) for name in ("key", "value")]
        logits, *present = self._session.run(["logits", *names], feed)
        return logits[0], tuple((present[2 * i][0], present[2 * i + 1][0]) for i in range(self._layers))


@dataclass(frozen=True)
class Speculated:
    """What guessing ahead gave: the tokens, how often the large model was run for them, how many guesses were made, and
    how many of them it confirmed."""

    tokens: tuple[int, ...]
    runs: int
    guessed: int
    confirmed: int


def speculative(
    step: Step, guess: Guess, prompt: Sequence[int], max_tokens: int, guesses: int = 4, ends: Collection[int] = ()
) -> Speculated:
    """The greedy tokens of `step`, each run of which also reads `guesses` tokens that `guess` expects: those that it would
    have said itself stand, and behind them one of its own. Whatever is guessed, the tokens are the same.
    """
    said: list[int] = []
    logits, cache = step(list(prompt), None)
    said.append(greedy(logits[-1]))
    runs, guessed, confirmed = 1, 0, 0
    while len(said) < max_tokens and said[-1] not in ends:
        ahead = guess([*prompt, *said], min(guesses, max_tokens - len(said) - 1))
        logits, cache = step([said[-1], *ahead], cache)
        own = [greedy(row) for row in logits]
        right = next((i for i, token in enumerate(ahead) if token != own[i]), len(ahead))
        said += _until(own[: right + 1], ends)
        cache = cut(
            cache, len(prompt) + len(said) - 1
        )  # what was guessed wrongly is forgotten; the last token is not read yet
        runs, guessed, confirmed = runs + 1, guessed + len(ahead), confirmed + right
    return Speculated(tuple(said), runs, guessed, confirmed)


def cut(cache: Cache, tokens: int) -> Cache:
    """The cache of the first `tokens`."""
    return tuple((keys[:, :tokens], values[:, :tokens]) for keys, values in cache)


def look_up(tokens: Sequence[int], count: int) -> list[int]:
    """A guess that costs nothing: what followed the last two tokens where they stood before."""
    last = tuple(tokens[-2:])
    for start in range(len(tokens) - 3, -1, -1):
        if tuple(tokens[start : start + 2]) == last:
            return list(tokens[start + 2 : start + 2 + count])
    return []


class Draft:
    """Guesses of a smaller model, which keeps a cache of its own of what was confirmed."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._read: list[int] = []
        self._cache: Cache | None = None

    def __call__(self, tokens: Sequence[int], count: int) -> list[int]:
        """What it would say itself after all tokens so far."""
        if count < 1:
            return []
        same = next((i for i, (a, b) in enumerate(zip(self._read, tokens, strict=False)) if a != b), None)
        keep = min(len(self._read) if same is None else same, len(tokens) - 1)
        cache = None if self._cache is None or keep == 0 else cut(self._cache, keep)
        out: list[int] = []
        new = list(tokens[keep:])
        for _ in range(count):
            logits, cache = self._step(new, cache)
            out.append(greedy(logits[-1]))
            new = out[-1:]
        self._read, self._cache = [*tokens, *out[:-1]], cache
        return out


def _until(tokens: list[int], ends: Collection[int]) -> list[int]:
    stop = next((i + 1 for i, token in enumerate(tokens) if token in ends), len(tokens))
    return tokens[:stop]
