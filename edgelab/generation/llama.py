"""A Llama-shaped decoder in NumPy, small enough to be read: RMSNorm, rotary positions, grouped attention with a key-value
cache, SwiGLU. Its weights have the names that transformers gives them, so that it runs a toy and a real checkpoint alike.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgelab.generation.errors import GeneratorError

Attend = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
Cache = tuple[tuple[np.ndarray, np.ndarray], ...]  # keys and values of each layer, [key-value heads, tokens, head size]


@dataclass(frozen=True)
class Shape:
    """How large a decoder is. `inner` is the width of the feed-forward part; `theta` the base of the rotary positions'
    wave lengths; `tied` whether the head is the table of embeddings."""

    vocab: int
    hidden: int
    inner: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    theta: float = 10_000.0
    eps: float = 1e-5
    tied: bool = True

    @classmethod
    def of(cls, checkpoint: Path) -> "Shape":
        """That of a checkpoint as transformers has it.

        Raises:
            GeneratorError: it is no Llama, or none of its plain kind.
        """
        try:
            config = json.loads((checkpoint / "config.json").read_text("utf-8"))
            rope: dict = config.get("rope_parameters") or {"rope_theta": config.get("rope_theta", 10_000.0)}
            plain = config["model_type"] == "llama" and rope.get("rope_type", "default") == "default"
            heads, hidden = config["num_attention_heads"], config["hidden_size"]
            shape = cls(
                vocab=config["vocab_size"],
                hidden=hidden,
                inner=config["intermediate_size"],
                layers=config["num_hidden_layers"],
                heads=heads,
                kv_heads=config.get("num_key_value_heads") or heads,
                head_dim=config.get("head_dim") or hidden // heads,
                theta=rope["rope_theta"],
                eps=config["rms_norm_eps"],
                tied=config.get("tie_word_embeddings", False),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError, RecursionError):
            plain = False
        if not plain:
            raise GeneratorError(f"{checkpoint}: expected the config.json of a plain Llama, found another")
        return shape

    @property
    def layer_parameters(self) -> int:
        """The weights of a layer's seven matrices."""
        attention = 2 * self.hidden * self.head_dim * (self.heads + self.kv_heads)
        return attention + 3 * self.hidden * self.inner

    @property
    def matrix_parameters(self) -> int:
        """The weights that are multiplied for each token: the layers' matrices and the head."""
        return self.layers * self.layer_parameters + self.vocab * self.hidden

    @property
    def parameters(self) -> int:
        """All weights."""
        norms = (2 * self.layers + 1) * self.hidden
        return self.matrix_parameters + norms + (0 if self.tied else self.vocab * self.hidden)


def rms_norm(x: np.ndarray, gain: np.ndarray, eps: float) -> np.ndarray:
    """Each row of x [tokens, hidden] divided by its root mean square, times `gain`."""
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + eps) * gain


def rotate(x: np.ndarray, positions: np.ndarray, theta: float) -> np.ndarray:
    """x [heads, tokens, head size], turned by its place: the pair (i, i + half) by position / theta^(2i / head size).

    A product of a query and a key that are turned so depends on their distance alone."""
    half = x.shape[-1] // 2
    angles = positions[:, None] * theta ** (-np.arange(half) / half)
    cos, sin = np.cos(angles).astype(x.dtype), np.sin(angles).astype(x.dtype)
    left, right = x[..., :half], x[..., half:]
    return np.concatenate([left * cos - right * sin, right * cos + left * sin], axis=-1)


def attention(queries: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """What each new token takes from those before it and from itself, [heads, new, head size].

    Args:
        queries: [heads, new, head size], of the last `new` tokens.
        keys, values: [key-value heads, tokens, head size], of all; several query heads share one.
    """
    share = len(queries) // len(keys)
    keys, values = np.repeat(keys, share, axis=0), np.repeat(values, share, axis=0)
    scores = queries @ keys.swapaxes(1, 2) / np.sqrt(np.float32(queries.shape[-1]))
    new, tokens = scores.shape[1:]
    future = np.arange(tokens)[None, :] > np.arange(tokens - new, tokens)[:, None]
    scores[:, future] = -np.inf
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True) @ values


def swiglu(x: np.ndarray, gate: np.ndarray, up: np.ndarray, down: np.ndarray) -> np.ndarray:
    """The feed-forward part: what `up` makes of x, let through by SiLU of what `gate` makes of it. Matrices [out, in]."""
    opened = x @ gate.T
    return opened / (1 + np.exp(-opened)) * (x @ up.T) @ down.T


class Decoder:
    """A decoder: `step` reads tokens and says what comes next. `attend` stands in for `attention`."""

    def __init__(self, shape: Shape, weights: dict[str, np.ndarray], attend: Attend = attention) -> None:
        self.shape, self.weights, self._attention = shape, weights, attend

    @classmethod
    def load(cls, checkpoint: Path) -> "Decoder":
        """Of a checkpoint as transformers has it, in float32.

        Raises:
            GeneratorError: it has no weights as safetensors, or is no Llama.
        """
        from safetensors import safe_open

        weights: dict[str, np.ndarray] = {}
        for file in sorted(checkpoint.glob("*.safetensors")):
            with safe_open(file, framework="np") as opened:
                weights |= {name: opened.get_tensor(name).astype(np.float32) for name in opened.keys()}  # noqa: SIM118
        if not weights:
            raise GeneratorError(f"{checkpoint}: expected weights as safetensors, found none")
        return cls(Shape.of(checkpoint), weights)

    def step(self, tokens: list[int], cache: Cache | None = None) -> tuple[np.ndarray, Cache]:
        """What is expected after each of `tokens`, which follow those in the cache: logits [tokens, vocabulary], and the
        cache with them."""
        weights, shape = self.weights, self.shape
        x = weights["model.embed_tokens.weight"][np.asarray(tokens)]  # a tuple, too
        kept = []
        for layer in range(shape.layers):
            own = _Layer(weights, f"model.layers.{layer}.")
            mixed, entry = self._attend(rms_norm(x, own("input_layernorm"), shape.eps), own, cache and cache[layer])
            x = x + mixed
            normed = rms_norm(x, own("post_attention_layernorm"), shape.eps)
            x = x + swiglu(normed, own("mlp.gate_proj"), own("mlp.up_proj"), own("mlp.down_proj"))
            kept.append(entry)
        head = weights["model.embed_tokens.weight" if shape.tied else "lm_head.weight"]
        return rms_norm(x, weights["model.norm.weight"], shape.eps) @ head.T, tuple(kept)

    def _attend(self, x: np.ndarray, own: "_Layer", before: Any) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        shape, new = self.shape, len(x)
        past = 0 if before is None else before[0].shape[1]
        positions = np.arange(past, past + new)

        def heads(name: str) -> np.ndarray:
            return (x @ own(name).T).reshape(new, -1, shape.head_dim).swapaxes(0, 1)

        queries = rotate(heads("self_attn.q_proj"), positions, shape.theta)
        keys, values = rotate(heads("self_attn.k_proj"), positions, shape.theta), heads("self_attn.v_proj")
        if before is not None:
            keys, values = np.concatenate([before[0], keys], axis=1), np.concatenate([before[1], values], axis=1)
        mixed = self._attention(queries, keys, values).swapaxes(0, 1).reshape(new, -1)
        return mixed @ own("self_attn.o_proj").T, (keys, values)


@dataclass(frozen=True)
class _Layer:
    """A layer's weights by their short names."""

    weights: dict[str, np.ndarray]
    prefix: str

    def __call__(self, name: str) -> np.ndarray:
        return self.weights[f"{self.prefix}{name}.weight"]


TOY = Shape(vocab=96, hidden=64, inner=128, layers=2, heads=4, kv_heads=2, head_dim=16)


def toy(seed: int = 0, shape: Shape = TOY, spread: float = 0.3) -> Decoder:
    """A random one. `spread` is the weights' standard deviation: with little of it all tokens are nearly as likely."""
    rng = np.random.default_rng(seed)
    sizes = {"model.embed_tokens": (shape.vocab, shape.hidden)}
    if not shape.tied:
        sizes["lm_head"] = sizes["model.embed_tokens"]
    wide, narrow = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    for layer in range(shape.layers):
        of_layer = {
            "self_attn.q_proj": (wide, shape.hidden),
            "self_attn.k_proj": (narrow, shape.hidden),
            "self_attn.v_proj": (narrow, shape.hidden),
            "self_attn.o_proj": (shape.hidden, wide),
            "mlp.gate_proj": (shape.inner, shape.hidden),
            "mlp.up_proj": (shape.inner, shape.hidden),
            "mlp.down_proj": (shape.hidden, shape.inner),
        }
        sizes |= {f"model.layers.{layer}.{name}": size for name, size in of_layer.items()}
    weights = {f"{name}.weight": rng.normal(0, spread, size).astype(np.float32) for name, size in sizes.items()}
    norms = [
        f"model.layers.{i}.{name}"
        for i in range(shape.layers)
        for name in ("input_layernorm", "post_attention_layernorm")
    ]
    gains = {f"{name}.weight": 1 + rng.normal(0, 0.1, shape.hidden) for name in [*norms, "model.norm"]}
    return Decoder(shape, weights | {name: gain.astype(np.float32) for name, gain in gains.items()})
