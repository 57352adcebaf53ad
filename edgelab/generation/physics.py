"""What a generator costs: bytes to read for a token, operations to read a prompt, and the calculator that follows from them.

A token needs all weights once, and the keys and values of all tokens before it: decoding waits for memory. A prompt's
tokens are multiplied with the same weights together: reading it waits for the arithmetic.
"""

from dataclasses import dataclass
from math import log

from edgelab.generation.llama import Shape
from edgelab.tiers.memory_wall import kv_bytes, weight_bytes

# Of a weight with its share of the scale, one in float32 for each block of 32: so the builder writes them for a CPU.
BITS_STORED = {"fp32": 32.0, "int8": 8 + 32 / 32, "int4": 4 + 32 / 32}
CACHE_BYTES = 4  # of a key or value: float32 on a CPU, 2 on most phones


@dataclass(frozen=True)
class Rates:
    """How fast a machine works at one precision.

    Attributes:
        decode: bytes of weights a second, multiplied with one token.
        prefill: operations a second, with many tokens at once.
        cache: bytes of keys and values a second.
        layer_ms: what a layer takes besides its matrices, for one token.
    """

    decode: float
    prefill: float
    cache: float
    layer_ms: float = 0.0


@dataclass(frozen=True)
class Bill:
    """What one request of a model costs.

    Attributes:
        weights_gb, cache_gb, memory_gb: weights, keys and values at the end of the request, both.
        first_token_s: reading the prompt.
        tokens_per_s: while decoding, in the middle of the answer.
        bound_by: "memory" or "arithmetic", of decoding.
    """

    weights_gb: float
    cache_gb: float
    memory_gb: float
    first_token_s: float
    tokens_per_s: float
    bound_by: str


def calculate(
    parameters: float,
    bits: float,
    context: int,
    bandwidth_gb_s: float,
    gflops: float,
    *,
    prompt: int | None = None,
    cache_bytes_per_token: float | None = None,
) -> Bill:
    """The calculator: the bill by data sheet, of a machine that reaches what its sheet says. What is real is slower.

    Args:
        parameters: of the model, e.g. 1.24e9.
        bits: of a weight as it is stored, scales included.
        context: tokens of prompt and answer together.
        bandwidth_gb_s, gflops: of the machine; a multiplication and an addition are two operations.
        prompt: how many of the context's tokens are the prompt's; half where nothing is said.
        cache_bytes_per_token: keys and values of one token; `typical_cache_bytes` where nothing is said.

    Raises:
        ValueError: a quantity that is not above 0, or a prompt longer than the context.
    """
    prompt = max(1, context // 2) if prompt is None else prompt
    if not (min(parameters, bits, context, bandwidth_gb_s, gflops, prompt) > 0 and prompt <= context):
        raise ValueError("expected parameters, bits, tokens and speeds above 0, and a prompt within the context")
    per_token = typical_cache_bytes(parameters) if cache_bytes_per_token is None else cache_bytes_per_token
    weights, cache = weight_bytes(parameters, bits) / 1e9, per_token * context / 1e9
    reading = (weights + per_token * (prompt + context) / 2 / 1e9) / bandwidth_gb_s
    multiplying = 2 * parameters / 1e9 / gflops
    first = max(prompt * multiplying, weights / bandwidth_gb_s)
    bound = "memory" if reading >= multiplying else "arithmetic"
    return Bill(weights, cache, weights + cache, first, 1 / max(reading, multiplying), bound)


def typical_cache_bytes(parameters: float, bytes_per_value: float = 2) -> float:
    """Keys and values of one token in a model of so many parameters, by the Llama 3 shapes: 16 layers of 8 heads of 64 at
    1.24 billion, 28 and 32 of 128 at 3.2 and 8. Between and beyond: as a power of the parameters, through 1.24 and 8."""
    small, large = (kv_bytes(1, layers, 8, head_dim, bytes_per_value) for layers, head_dim in ((16, 64), (32, 128)))
    power = log(large / small) / log(8.03 / 1.24)
    return small * (parameters / 1.24e9) ** power


def cache_bytes(shape: Shape, context: float, bytes_per_value: float = CACHE_BYTES) -> float:
    """Keys and values of `context` tokens."""
    return kv_bytes(context, shape.layers, shape.kv_heads, shape.head_dim, bytes_per_value)


def read_bytes(shape: Shape, precision: str, context: float) -> float:
    """What is read for one token: the matrices' weights, and the keys and values before it. Of the table of embeddings a
    row is read; where it is the head, too, all of it is."""
    return weight_bytes(shape.matrix_parameters, BITS_STORED[precision]) + cache_bytes(shape, context)


def predict_tpot_ms(shape: Shape, precision: str, context: float, rates: Rates) -> float:
    """Milliseconds for one token after `context` others."""
    weights = weight_bytes(shape.matrix_parameters, BITS_STORED[precision]) / rates.decode
    cache = cache_bytes(shape, context) / rates.cache
    return 1000 * (weights + cache) + shape.layers * rates.layer_ms


def prefill_operations(shape: Shape, prompt: int) -> float:
    """Two for each weight of a matrix and token, the head's included (the built file works it out for each token); and
    attention's two products, of which a token has those with the tokens up to itself, worked out for all."""
    attention = 2 * 2 * shape.layers * shape.heads * shape.head_dim * prompt * prompt
    return 2.0 * shape.matrix_parameters * prompt + attention


def predict_ttft_ms(shape: Shape, prompt: int, rates: Rates) -> float:
    """Milliseconds until the first token after a prompt."""
    return 1000 * prefill_operations(shape, prompt) / rates.prefill + shape.layers * rates.layer_ms


def fit(
    shape: Shape, precision: str, context: float, tpot_ms: float, prompt: int, ttft_ms: float, cache: float
) -> Rates:
    """The rates with which one model at one context takes just what was measured; to be judged on another.

    Raises:
        ValueError: the cache alone would take longer.
    """
    left = tpot_ms / 1000 - cache_bytes(shape, context) / cache
    if left <= 0:
        raise ValueError(f"expected more than the cache's share of a token's time, found {tpot_ms:g} ms in all")
    decode = weight_bytes(shape.matrix_parameters, BITS_STORED[precision]) / left
    return Rates(decode, prefill_operations(shape, prompt) / (ttft_ms / 1000), cache)
