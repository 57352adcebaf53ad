"""The pretrained encoder, and what it says of texts and tokens."""

import functools
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from edgelab.models.tokens import load_tokenizer, token_id
from edgelab.models.weights import pretrained_folder

if TYPE_CHECKING:
    from transformers import BertModel


def load_encoder(layers: tuple[int, ...] | None = None) -> "BertModel":
    """The pretrained encoder; `layers` keeps only those of its six."""
    from safetensors.torch import load_file
    from transformers import BertConfig, BertModel

    folder = pretrained_folder()
    config = BertConfig(**json.loads((folder / "config.json").read_text("utf-8")))
    config._attn_implementation = "eager"  # on short sequences faster on a CPU than fused attention
    # No dropout: at 2-3 epochs it did not help, and drawing its random numbers costs a sixth of the time.
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
    model = BertModel(config, add_pooling_layer=False)
    weights = load_file(str(folder / "model.safetensors"))
    model.load_state_dict({k: v for k, v in weights.items() if not k.startswith(("pooler", "embeddings.position_ids"))})
    if layers is not None:
        model.encoder.layer = nn.ModuleList([model.encoder.layer[i] for i in layers])
        model.config.num_hidden_layers = len(layers)
    return model


def mean_pool(hidden: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """The mean of `hidden` [batch, tokens, width] over the tokens that `mask` [batch, tokens] keeps, [batch, width];
    over all of them without a mask."""
    if mask is None:
        return hidden.mean(1)
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1)


def sentence_embedder() -> Callable[[tuple[str, ...]], np.ndarray]:
    """The untuned encoder as a function from texts to mean-pooled embeddings of length 1, [texts, 384]."""
    encoder, tokenizer = load_encoder().eval(), load_tokenizer()

    def embed_texts(texts: tuple[str, ...]) -> np.ndarray:
        ids = [e.ids for e in tokenizer.encode_batch(list(texts))]
        order = np.argsort([len(i) for i in ids], kind="stable")  # alike in length, so little padding
        rows = np.empty((len(ids), encoder.config.hidden_size), dtype=np.float32)
        with torch.inference_mode():
            for chunk in np.split(order, range(128, len(order), 128)):
                padded, mask = pad([ids[i] for i in chunk])
                pooled = mean_pool(encoder(input_ids=padded, attention_mask=mask).last_hidden_state, mask)
                rows[chunk] = nn.functional.normalize(pooled, dim=1).numpy()
        return rows

    return embed_texts


def pad(ids: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """`ids` and `mask`, int64 of shape [batch, longest]; padding is id 0, mask 0."""
    width = max(len(i) for i in ids)
    padded = np.zeros((len(ids), width), dtype=np.int64)
    for row, line in enumerate(ids):
        padded[row, : len(line)] = line
    mask = np.arange(width) < np.array([[len(line)] for line in ids])
    return torch.from_numpy(padded), torch.from_numpy(mask.astype(np.int64))


def token_views(kept: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """The input embedding and the encoder's pooled output of each token alone, both [tokens, 384]. What was computed
    once is kept: the vocabularies of several students overlap."""
    known = _known_views()
    missing = [token for token in kept if token not in known]
    if missing:
        inputs, pooled = _compute_views(missing)
        for row, token in enumerate(missing):
            known[token] = inputs[row], pooled[row]
    return np.stack([known[token][0] for token in kept]), np.stack([known[token][1] for token in kept])


@functools.cache
def _known_views() -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """The two views of each token asked for so far."""
    return {}


def _compute_views(tokens: list[int]) -> tuple[np.ndarray, np.ndarray]:
    encoder, tokenizer = load_encoder().eval(), load_tokenizer()
    alone = torch.tensor(tokens, dtype=torch.long)
    first = torch.full_like(alone, token_id(tokenizer, "[CLS]"))
    last = torch.full_like(alone, token_id(tokenizer, "[SEP]"))
    ids = torch.stack([first, alone, last], 1)
    with torch.inference_mode():
        pooled = torch.cat([encoder(input_ids=chunk).last_hidden_state.mean(1) for chunk in ids.split(512)])
        inputs = encoder.embeddings.word_embeddings.weight[alone]
    return inputs.numpy().copy(), pooled.numpy()
