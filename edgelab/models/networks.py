"""The models: the teacher on the pretrained encoder, and three families of students.

Every model maps `ids`, `mask` (int64, shape [batch, tokens]) to intent logits [batch, labels] and, where it has
a slot head, slot logits [batch, tokens, tags]. Special tokens are part of both; only the first piece of a word
carries a tag. Without a mask nothing is padding, and the graph is shorter: one request needs none.
"""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from edgelab.models.encoder import load_encoder, mean_pool, token_views
from edgelab.models.spec import Spec

if TYPE_CHECKING:
    from transformers import BertModel


class Transformer(nn.Module):
    """The encoder (all layers: the teacher), mean pooling, an intent head, a tag head on each token."""

    def __init__(self, encoder: "BertModel", labels: int, tags: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.encoder.embeddings.word_embeddings.weight.requires_grad_(False)
        width = encoder.config.hidden_size
        self.intent = nn.Linear(width, labels)
        self.slots = nn.Linear(width, tags) if tags > 1 else None

    def forward(self, ids: torch.Tensor, mask: torch.Tensor | None = None) -> tuple[torch.Tensor, ...]:
        """Intent logits and, where there is a slot head, slot logits."""
        hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        intent = self.intent(mean_pool(hidden, mask))
        return (intent, self.slots(hidden)) if self.slots is not None else (intent,)


class Convolution(nn.Module):
    """Embeddings, `depth` convolutions over three tokens, mean and max pooling. From the second on, each adds to what the
    one before it made. The tag head sees each token's features and, through a second matrix, the whole sentence's."""

    def __init__(self, embeddings: torch.Tensor, hidden: int, labels: int, tags: int, depth: int = 1) -> None:
        super().__init__()
        # Padding is the zero vector, as is what lies beyond both ends, so padding never changes a result.
        self.embedding = nn.Embedding.from_pretrained(embeddings, freeze=False, padding_idx=0)
        with torch.no_grad():
            self.embedding.weight[0] = 0
        # A convolution is a matrix product on three neighbours side by side: faster on a CPU, and quantizable.
        self.convolution = nn.Linear(3 * embeddings.shape[1], hidden)
        self.deeper = nn.ModuleList(nn.Linear(3 * hidden, hidden) for _ in range(depth - 1))
        self.intent = nn.Linear(2 * hidden, labels)
        self.slots = nn.Linear(hidden, tags) if tags > 1 else None
        self.slots_from_sentence = nn.Linear(2 * hidden, tags, bias=False) if tags > 1 else None

    def forward(self, ids: torch.Tensor, mask: torch.Tensor | None = None) -> tuple[torch.Tensor, ...]:
        """Intent logits and, where there is a slot head, slot logits."""
        weights = None if mask is None else mask.unsqueeze(-1).to(torch.float32)
        hidden = nn.functional.gelu(self.convolution(_three(self.embedding(ids))))
        for layer in self.deeper:
            hidden = hidden if weights is None else hidden * weights
            hidden = hidden + nn.functional.gelu(layer(_three(hidden)))
        if weights is None:
            pooled = torch.cat([hidden.mean(1), hidden.amax(1)], 1)
        else:
            hidden = hidden * weights
            # GELU is never below -0.17: as low as this, a padded token never wins the maximum.
            low = (weights - 1) * (1 + len(self.deeper))
            pooled = torch.cat([hidden.sum(1) / weights.sum(1), (hidden + low).amax(1)], 1)
        intent = self.intent(pooled)
        if self.slots is None or self.slots_from_sentence is None:
            return (intent,)
        return intent, self.slots(hidden) + self.slots_from_sentence(pooled).unsqueeze(1)


def _three(values: torch.Tensor) -> torch.Tensor:
    """Each token's vector between its neighbours', zero beyond both ends: [batch, tokens, width] to [.., 3 * width]."""
    padded = nn.functional.pad(values, (0, 0, 1, 1))
    return torch.cat([padded[:, :-2], padded[:, 1:-1], padded[:, 2:]], -1)


class Static(nn.Module):
    """Embeddings, mean pooling, a small MLP: no order of words, so no slots."""

    def __init__(self, embeddings: torch.Tensor, hidden: int, labels: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(embeddings, freeze=False)
        self.hidden = nn.Linear(embeddings.shape[1], hidden)
        self.intent = nn.Linear(hidden, labels)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor | None = None) -> tuple[torch.Tensor, ...]:
        """Intent logits alone."""
        return (self.intent(nn.functional.gelu(self.hidden(mean_pool(self.embedding(ids), mask)))),)


def build_teacher(labels: int, tags: int, seed: int) -> Transformer:
    """The whole pretrained encoder under fresh heads."""
    encoder = load_encoder()
    torch.manual_seed(seed)
    return Transformer(encoder, labels, tags)


def build_student(spec: Spec, teacher: nn.Module, kept: np.ndarray, tags: int, seed: int) -> nn.Module:
    """A student that starts from what the teacher knows: its layers, or the meaning of its tokens.

    Args:
        kept: the teacher's id of each of the student's tokens, int [tokens].

    Raises:
        ValueError: there is no such family, or the teacher is no transformer.
    """
    if not isinstance(teacher, Transformer):
        raise ValueError(f"expected a transformer as the teacher, found a {type(teacher).__name__}")
    labels = teacher.intent.out_features
    if spec.family == "transformer":
        encoder = load_encoder(spec.layers)
        encoder.load_state_dict(_chosen_layers(teacher.encoder, spec.layers))
        encoder.embeddings.word_embeddings = nn.Embedding.from_pretrained(
            teacher.encoder.embeddings.word_embeddings.weight[torch.as_tensor(kept)].clone()
        )
        torch.manual_seed(seed)
        return Transformer(encoder, labels, tags)
    embeddings = torch.tensor(token_embeddings(kept, spec.embedding), dtype=torch.float32)
    torch.manual_seed(seed)  # only now: whether the tokens' meanings were cached must not change what is drawn
    if spec.family == "convolution":
        return Convolution(embeddings, spec.hidden, labels, tags, spec.depth)
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
        return Convolution(embeddings, spec.hidden, labels, tags, spec.depth)
    return Static(embeddings, spec.hidden, labels)


def _chosen_layers(encoder: nn.Module, layers: tuple[int, ...]) -> dict[str, torch.Tensor]:
    """The encoder's weights with these layers alone, numbered from 0."""
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
    views = [(v - v.mean(0)) / np.maximum(v.std(0), 1e-6) for v in token_views(kept.tolist())]
    joined = np.concatenate(views, 1)
    _, vectors = np.linalg.eigh(joined.T @ joined)  # ascending eigenvalues
    components = joined @ vectors[:, ::-1][:, :width]
    return 0.3 * components / components.std()
