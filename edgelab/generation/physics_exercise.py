"""Cases and mistakes of the exercise on what a generator costs: `calculate`."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.generation.physics import Bill, calculate, typical_cache_bytes


def _machines(rng: np.random.Generator) -> Iterator[dict]:
    for parameters, bits, context, bandwidth, speed in (
        (0.135e9, 32, 512, 12.0, 60.0),
        (1.24e9, 5, 4096, 60.0, 2000.0),
        (8.03e9, 4, 32_000, 80.0, 900.0),
        (3.2e9, 9, 64, 150.0, 8.0),  # so slow at arithmetic that this is what decoding waits for
        (0.5e9, 16, 100, 1.0, 50_000.0),  # so slow at memory that a short prompt waits for the weights
    ):
        yield {
            "parameters": parameters * float(rng.uniform(0.8, 1.2)),
            "bits": bits,
            "context": context,
            "bandwidth_gb_s": bandwidth,
            "gflops": speed,
            "prompt": max(1, int(context * rng.uniform(0.1, 0.9))),
            "cache_bytes_per_token": float(rng.uniform(1e4, 2e5)),
        }
    plain = {
        "parameters": 1e9,
        "bits": 8,
        "context": 128,
        "bandwidth_gb_s": 50.0,
        "gflops": float(rng.uniform(100, 900)),
    }
    yield plain | {"prompt": 128, "cache_bytes_per_token": 0.0}  # nothing but the prompt, and no cache
    yield plain | {"prompt": 129, "cache_bytes_per_token": 1e4}  # longer than the context
    yield plain  # half of it is the prompt's, and the cache is a typical one
    yield plain | {"context": 1}  # half, but at least 1
    size = 1e9 * float(rng.integers(1, 9))  # reading and working take equally long
    yield plain | {"parameters": size, "bandwidth_gb_s": 1.0, "gflops": 2.0, "cache_bytes_per_token": 0.0}
    slow = {"bandwidth_gb_s": 1.0, "gflops": float(rng.uniform(1.2, 1.6))}
    yield plain | slow | {"prompt": 64, "cache_bytes_per_token": 1e7}  # only with the cache does reading take longer
    for name in (*plain, "prompt"):  # each refused
        yield plain | {"prompt": 8, "cache_bytes_per_token": 1e4} | {name: 0}
        yield plain | {"prompt": 8, "cache_bytes_per_token": 1e4} | {name: -2}


def _filled(given: dict[str, Any]) -> dict[str, Any]:
    """With what stands in for None."""
    typical = {
        "prompt": max(1, given["context"] // 2),
        "cache_bytes_per_token": typical_cache_bytes(max(given["parameters"], 1)),
    }
    return typical | given


def _changed(change: Callable[[Bill, dict[str, Any]], dict[str, Any]]) -> Callable[..., Bill]:
    """The right bill with some entries worked out otherwise."""

    def answer(**given: Any) -> Bill:
        right = calculate(**given)
        return replace(right, **change(right, _filled(given)))

    return answer


def _of(**other: Callable[[dict[str, Any]], Any]) -> Callable[..., Bill]:
    """The right bill of something else than what was given."""

    def answer(**given: Any) -> Bill:
        calculate(**given)  # refused all the same
        return calculate(**given | {name: value(given) for name, value in other.items()})

    return answer


def _decode_s(given: dict[str, Any], cached: float) -> tuple[float, float]:
    """Seconds to read and to multiply for one token, with so many tokens in the cache."""
    read = given["parameters"] * given["bits"] / 8 + given["cache_bytes_per_token"] * cached
    return read / (given["bandwidth_gb_s"] * 1e9), 2 * given["parameters"] / (given["gflops"] * 1e9)


def _speed(
    cached: Callable[[dict[str, Any]], float], both: Callable[[float, float], float] = max
) -> Callable[..., Bill]:
    return _changed(lambda bill, given: {"tokens_per_s": 1 / both(*_decode_s(given, cached(given)))})


def _middle(given: dict[str, Any]) -> float:
    return (given["prompt"] + given["context"]) / 2


def _unrefused(**given: Any) -> Bill:
    try:
        return calculate(**given)
    except ValueError:
        return Bill(0.0, 0.0, 0.0, 0.0, 0.0, "memory")


def _zero_alone(**given: Any) -> Bill:
    if 0 in _filled(given).values() or given.get("prompt", 0) > given["context"] > 0:
        return calculate(**given)
    right = calculate(**{name: abs(value) for name, value in given.items()})
    return right if min(given.values()) >= 0 else replace(right, tokens_per_s=-right.tokens_per_s)


def _zero_is_none(**given: Any) -> Bill:
    return calculate(**{name: value for name, value in given.items() if (name, value) != ("prompt", 0)})


def register(check: Checks) -> None:
    """Add the exercise to a notebook's registry."""
    check.function(
        calculate,
        cases=_machines,
        nudge="For each phase: seconds for the bytes, seconds for the operations; the longer of the two is what it takes.",
        mistakes=(
            Mistake(
                "bits for bytes",
                _of(bits=lambda given: 8 * given["bits"]),
                "eight bits are a byte: divide.",
            ),
            Mistake(
                "an empty cache",
                _speed(lambda given: 0.0),
                "while it writes, the keys and values of all tokens before are read, too.",
            ),
            Mistake(
                "a full cache",
                _speed(lambda given: given["context"]),
                "tokens_per_s is that of the middle of the answer: the cache then holds (prompt + context) / 2 tokens.",
            ),
            Mistake(
                "one after the other",
                _speed(_middle, lambda a, b: a + b),
                "reading and multiplying go on at the same time: the longer of the two counts, not the sum.",
            ),
            Mistake(
                "never the arithmetic",
                _changed(
                    lambda bill, given: {"tokens_per_s": 1 / _decode_s(given, _middle(given))[0], "bound_by": "memory"}
                ),
                "a slow processor can hold up decoding, too: take the longer of the two times.",
            ),
            Mistake(
                "one operation a weight",
                _of(gflops=lambda given: 2 * given["gflops"]),
                "a weight costs a multiplication and an addition: two operations.",
            ),
            Mistake(
                "the prompt token by token",
                _changed(lambda bill, given: {"first_token_s": given["prompt"] * max(_decode_s(given, 0.0))}),
                "the prompt is read at once: all of its tokens share one reading of the weights.",
            ),
            Mistake(
                "the prompt for nothing",
                _changed(lambda bill, given: {"first_token_s": _decode_s(given, 0.0)[0]}),
                "each token of the prompt costs two operations a weight: long prompts wait for the arithmetic.",
            ),
            Mistake(
                "weights alone in memory",
                _changed(lambda bill, given: {"memory_gb": bill.weights_gb}),
                "the memory holds weights and cache.",
            ),
            Mistake(
                "no prompt is all prompt",
                _of(prompt=lambda given: given.get("prompt", given["context"])),
                "where the prompt is None, half of the context is the prompt's, and at least one token.",
            ),
            Mistake(
                "half of one is none",
                _of(prompt=lambda given: given.get("prompt", given["context"] // 2)),
                "half of a context of 1 is still a token: at least 1.",
            ),
            Mistake(
                "no cache where none is given",
                _of(cache_bytes_per_token=lambda given: given.get("cache_bytes_per_token", 0.0)),
                "where cache_bytes_per_token is None, take typical_cache_bytes(parameters).",
            ),
            Mistake(
                "a tie is arithmetic",
                _changed(
                    lambda bill, given: {
                        "bound_by": "memory"
                        if np.greater(*_decode_s(given, _middle(given))) and bill.bound_by == "memory"
                        else "arithmetic"
                    }
                ),
                "where reading takes as long as the operations it is memory, too.",
            ),
            Mistake(
                "bound by the weights alone",
                _changed(
                    lambda bill, given: {
                        "bound_by": "memory" if np.greater_equal(*_decode_s(given, 0.0)) else "arithmetic"
                    }
                ),
                "what is read is the weights AND the cache: compare the whole of it with the operations.",
            ),
            Mistake(
                "zero alone refused",
                _zero_alone,
                "not above 0: that is what is negative, too.",
            ),
            Mistake(
                "a prompt of 0 is half",
                _zero_is_none,
                "a prompt of 0 was given, and is refused: only None means half. Ask `is None`.",
            ),
            Mistake(
                "nothing is refused",
                _unrefused,
                "a prompt longer than the context, or a speed of 0: raise a ValueError.",
            ),
        ),
    )
