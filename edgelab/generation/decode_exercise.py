"""Cases and mistakes of the exercises on decoding: `decode`, `attention` and `probabilities`."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.generation.decode import decode, decode_without_cache, greedy, probabilities
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
    return int(np.abs(logits).argmin())


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

# --- probabilities ---------------------------------------------------------------------------------


def _draws(rng: np.random.Generator) -> Iterator[dict]:
    for vocab, temperature, top_k, top_p in (
        (8, 1.0, 0, 1.0),
        (30, 0.5, 5, 1.0),
        (30, 1.7, 0, 0.8),
        (12, 0.8, 6, 0.6),
        (9, 1.0, 1, 1.0),
        (5, 1.0, 9, 1.0),  # more than there are
        (6, 0.0, 0, 1.0),  # refused: dividing by 0
    ):
        yield {"logits": rng.normal(0, 2, vocab), "temperature": temperature, "top_k": top_k, "top_p": top_p}
    yield {"logits": rng.normal(0, 2, 60)}  # with what stands in the first line
    tied = rng.permutation([2.0, 2.0, 2.0, 1.0, 1.0, 0.0, -1.0])
    yield {"logits": tied, "top_k": 2}  # of equal ones the first stay
    yield {"logits": tied, "top_k": 4, "top_p": 0.95}
    four = {"logits": np.log(rng.permutation([0.4, 0.3, 0.2, 0.1]))}
    yield four
    yield four | {"top_p": 0.55}
    yield four | {"top_k": 2, "top_p": 0.55}  # of the two that stay, one is enough
    yield {"logits": rng.normal(0, 900, 6), "top_p": 0.9}  # exponentials that overflow


def _likely(
    *,
    divide: bool = True,
    cut_k: bool = True,
    cut_p: bool = True,
    keep: int = 0,
    again: bool = True,
    before: bool = False,
    late: bool = False,
) -> Callable[..., np.ndarray]:
    """The probabilities with something forgotten: the temperature, top_k, top_p, the one that reaches it, that what is left
    sums to 1; or top_p reckoned before top_k; or the last of equal logits first."""

    def answer(logits: np.ndarray, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> np.ndarray:
        if temperature <= 0:
            raise ValueError("expected a temperature above 0")
        scaled = logits / temperature if divide else logits * temperature
        order = np.argsort(scaled, kind="stable")[::-1] if late else np.argsort(-scaled, kind="stable")
        likely = np.exp(scaled[order] - scaled[order[0]])
        if top_k and cut_k and not before:
            likely[top_k:] = 0
        whole = likely.sum()
        likely = likely / whole
        if cut_p and top_p < 1:
            reached = np.cumsum(likely)
            likely[1:][(reached >= top_p)[1:] if keep else (reached[:-1] >= top_p)] = 0
        if top_k and cut_k and before:
            likely[top_k:] = 0
        drawn = np.zeros(len(scaled))
        drawn[order] = likely / likely.sum() if again else likely
        return drawn

    return answer


def _sorted(logits: np.ndarray, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> np.ndarray:
    return np.sort(probabilities(logits, temperature, top_k, top_p))[::-1]


def _all_equal(logits: np.ndarray, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> np.ndarray:
    least = np.sort(logits)[-min(top_k or len(logits), len(logits))]
    return probabilities(np.where(logits >= least, logits, -np.inf), temperature, 0, top_p)


def _fifty(logits: np.ndarray, temperature: float = 1.0, top_k: int = 50, top_p: float = 1.0) -> np.ndarray:
    return probabilities(logits, temperature, top_k, top_p)


def _unrefused(logits: np.ndarray, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> np.ndarray:
    if temperature > 0:
        return probabilities(logits, temperature, top_k, top_p)
    return (np.arange(len(logits)) == logits.argmax()).astype(float)


PROBABILITIES_MISTAKES = (
    Mistake(
        "times the temperature",
        _likely(divide=False),
        "the temperature DIVIDES the logits: above 1 it makes them more alike.",
    ),
    Mistake("no top_k", _likely(cut_k=False), "of the logits, only the top_k largest stay (0: all)."),
    Mistake("no top_p", _likely(cut_p=False), "of what is left, only the fewest that have top_p together stay."),
    Mistake("one too few", _likely(keep=1), "the token by which top_p is reached stays, too."),
    Mistake("not made whole again", _likely(again=False), "what is left must sum to 1 again."),
    Mistake("top_p first", _likely(before=True), "top_k comes first: top_p is a share of what it left."),
    Mistake("sorted", _sorted, "the probabilities stand in the order of the logits, not of their size."),
    Mistake("all equal ones", _all_equal, "top_k keeps exactly so many: of equal logits the first stay."),
    Mistake(
        "the last of equal ones",
        _likely(late=True),
        "of equal logits the first stay: sort minus the logits, stably, rather than turn a sorted list round.",
    ),
    Mistake("another first line", _fifty, "leave the first line as it is: without top_k all tokens stay."),
    Mistake("zero is greedy", _unrefused, "temperature 0 is greedy's business: raise a ValueError."),
)


def register(check: Checks) -> None:
    """Add `decode` to a notebook's registry."""
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


def register_sampling(check: Checks) -> None:
    """Add `probabilities`, which stands later in the notebook."""
    check.function(
        probabilities,
        cases=_draws,
        nudge="Sort the logits first: then top_k cuts by place, and top_p by the sum before each place.",
        mistakes=PROBABILITIES_MISTAKES,
    )
