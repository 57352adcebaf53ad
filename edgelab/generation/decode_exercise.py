"""Cases and mistakes of the exercises on decoding: `decode` and `attention`."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.generation.decode import decode, decode_without_cache, greedy
from edgelab.generation.llama import attention
from edgelab.stats.softmax import softmax

# --- decode ----------------------------------------------------------------------------------------


class _Model:
    """A step that answers by all tokens read so far; its cache is a tuple of them. It counts what it reads, and refuses more
    than the prompt and each new token once: without a cache, too, the tokens would be right."""

    def __init__(self, rng: np.random.Generator, vocab: int, most: int) -> None:
        self._table, self._most, self._read = rng.normal(size=(64, vocab)), most, 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Model)  # having been called is no change

    __hash__ = None  # type: ignore[assignment]

    def __call__(self, tokens: list[int], cache: tuple | None = None) -> tuple[np.ndarray, tuple]:
        self._read += len(tokens)
        if len(tokens) == 0 or self._read > self._most:
            found = f"{self._read} read, {self._most} at most" if len(tokens) else "none"
            raise ValueError(f"expected tokens that are not read yet, found {found}")
        seen = list(cache or ())
        rows = []
        for token in tokens:
            seen.append(token)
            rows.append(self._table[sum((place + 1) * each for place, each in enumerate(seen)) % 64])
        return np.array(rows), tuple(seen)


def _nearest_zero(logits: np.ndarray) -> int:
    """Not the likeliest: a loop that chooses by itself is seen, and one that hands over no logits."""
    return min(range(len(logits)), key=lambda token: abs(logits[token]))


def _loops(rng: np.random.Generator) -> Iterator[dict]:
    for vocab, length, number in ((12, 4, 8), (30, 1, 5), (9, 7, 12)):
        step, prompt = _Model(rng, vocab, length + number), rng.integers(0, vocab, length).tolist()
        plain = {"step": step, "prompt": prompt, "max_tokens": number}
        yield plain  # greedy, to the end
        yield plain | {"choose": _nearest_zero, "ends": ()}
        said = decode(copy.deepcopy(step), prompt, number)
        yield plain | {"choose": greedy, "ends": {said[-2]}}
        yield plain | {"choose": greedy, "ends": {said[0]}}  # it ends at once
        yield plain | {"choose": greedy, "ends": (vocab, said[-2], vocab + 1)}
    yield plain | {"choose": greedy, "ends": {prompt[0]}, "max_tokens": 0}


def _loop(
    *,
    keep: bool = True,
    row: int = -1,
    with_prompt: bool = False,
    stop: str = "with",
    more: int = 0,
    likely: bool = False,
) -> Callable[..., list[int]]:
    """The loop with something changed: no cache kept, another row, the prompt in the answer, the end
    token left out or unheeded, or one of several alone heeded, more tokens, probabilities for logits."""

    def answer(
        step: Callable, prompt: list[int], max_tokens: int, choose: Callable = greedy, ends: Any = ()
    ) -> list[int]:
        read, cache, said = list(prompt), None, []
        ends = list(ends)[:1] if stop == "first" else ends
        for _ in range(max_tokens + more):
            logits, new = step(read, cache)
            cache = new if keep else None
            token = choose(softmax(logits)[row] if likely else logits[row])
            if stop == "without" and token in ends:
                break
            said.append(token)
            if stop not in ("without", "never") and token in ends:
                break
            read = [token]
        return [*prompt, *said] if with_prompt else said

    return answer


def _without_choice(
    step: Callable, prompt: list[int], max_tokens: int, choose: Callable = greedy, ends: Any = ()
) -> list[int]:
    return decode(step, prompt, max_tokens, greedy, ends)


DECODE_MISTAKES = (
    Mistake(
        "the cache dropped",
        _loop(keep=False),
        "each step must get the cache that the last one gave back: without it the model has read a single token.",
    ),
    Mistake(
        "all read again",
        decode_without_cache,
        "what was read is never handed over again: step([token], cache), the new token alone.",
    ),
    Mistake("the first row", _loop(row=0), "row i says what follows token i: the next token is told by the last row."),
    Mistake("the prompt, too", _loop(with_prompt=True), "return the new tokens alone, not the prompt."),
    Mistake("never ends", _loop(stop="never"), "a token of ends is the last one: stop there."),
    Mistake(
        "the end left out", _loop(stop="without"), "the token that ends the answer belongs to it: append it, then stop."
    ),
    Mistake("one end alone", _loop(stop="first"), "ends may hold several tokens: any of them ends the answer, `in`."),
    Mistake(
        "probabilities for logits", _loop(likely=True), "choose gets the row of logits as it is, before any softmax."
    ),
    Mistake("one too many", _loop(more=1), "at most max_tokens tokens."),
    Mistake("always greedy", _without_choice, "choose(logits) picks the token, not argmax."),
)

# --- attention -------------------------------------------------------------------------------------


def _heads(rng: np.random.Generator) -> Iterator[tuple]:
    for heads, shared, new, tokens, size in (
        (4, 2, 5, 5, 8),
        (4, 2, 1, 7, 8),
        (6, 2, 3, 9, 4),
        (3, 3, 2, 6, 4),
        (4, 1, 1, 1, 2),
    ):
        yield (
            rng.normal(size=(heads, new, size)),
            rng.normal(size=(shared, tokens, size)),
            rng.normal(size=(shared, tokens, size)),
        )
    large = 60 * rng.normal(size=(2, 2, 64))  # exponentials without the largest subtracted overflow
    yield large, large[:1], rng.normal(size=(1, 2, 64))


def _attention(
    *,
    past: bool = True,
    masked: bool = True,
    tiled: bool = False,
    root: bool = True,
    mean: bool = False,
    strict: bool = False,
) -> Callable[..., np.ndarray]:
    """Attention with something forgotten or changed."""

    def answer(queries: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
        share = len(queries) // len(keys)
        keys, values = (np.tile(a, (share, 1, 1)) if tiled else np.repeat(a, share, axis=0) for a in (keys, values))
        scores = queries @ keys.swapaxes(1, 2) / (np.sqrt(queries.shape[-1]) if root else queries.shape[-1])
        new, tokens = scores.shape[1:]
        places = np.arange(tokens - new, tokens) if past else np.arange(new)
        future = np.arange(tokens)[None, :] > places[:, None] - (1 if strict else 0)
        if masked:
            scores = np.where(future, -1e9, scores)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights = np.where(future, 0, 1) * np.ones_like(scores) if mean else weights
        return weights / weights.sum(-1, keepdims=True) @ values

    return answer


def _over_queries(queries: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    share = len(queries) // len(keys)
    keys, values = np.repeat(keys, share, axis=0), np.repeat(values, share, axis=0)
    scores = queries @ keys.swapaxes(1, 2) / np.sqrt(queries.shape[-1])
    new, tokens = scores.shape[1:]
    scores = np.where(np.arange(tokens)[None, :] > np.arange(tokens - new, tokens)[:, None], -1e9, scores)
    weights = np.exp(scores - scores.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True) @ values


ATTENTION_MISTAKES = (
    Mistake(
        "the past forgotten",
        _attention(past=False),
        "the queries belong to the LAST tokens: query i stands at place tokens - new + i, not at i.",
    ),
    Mistake(
        "no mask",
        _attention(masked=False),
        "a token may not look at those after it: minus infinity there, before the exponential.",
    ),
    Mistake(
        "heads tiled", _attention(tiled=True), "neighbouring query heads share one key head: 0 0 1 1, not 0 1 0 1."
    ),
    Mistake("no root", _attention(root=False), "the scores are divided by the root of the head size."),
    Mistake("all alike", _attention(mean=True), "the weights are the softmax of the scores, not an average."),
    Mistake("not itself", _attention(strict=True), "a token looks at itself, too: hide only what is after it."),
    Mistake(
        "softmax over the queries",
        _over_queries,
        "each query's weights sum to 1: the softmax runs over the tokens, the last axis.",
    ),
)


def register(check: Checks) -> None:
    """Add the exercises to a notebook's registry."""
    check.function(
        decode,
        cases=_loops,
        nudge="Read the prompt once. Then: choose by the last row, keep the token, hand over [token] and the cache.",
        mistakes=DECODE_MISTAKES,
    )
    check.function(
        attention,
        cases=_heads,
        nudge="Repeat keys and values for the heads that share them; mask what comes after each query's own place; softmax.",
        mistakes=ATTENTION_MISTAKES,
    )
