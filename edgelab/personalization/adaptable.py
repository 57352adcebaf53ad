"""A trained model made ready for adapters: LoRA pairs beside some of its weights, and places for a person's commands.

Two kinds. `Branched`, of a transformer whose lower layers are the pretrained encoder's: the layers above them stand there
twice, as they were tuned for the base's task, and as they were pretrained; only the second hold a person's pairs, so that
learning cannot change what the base answers, and commands are told apart by what tuning would have made the encoder forget.
`Whole`, of any other model: the pairs stand beside its own weights.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from edgelab.models.encoder import load_encoder, mean_pool
from edgelab.models.networks import Transformer
from edgelab.models.trained import Trained

ROOM = 16  # commands that one person can have: each place is an output of the model
EMPTY = -1e4  # the bias of a place without a command: no softmax ever sees it
SCALE = 2  # how much a pair's update counts


class Adaptable(nn.Module):
    """A model with LoRA pairs, and a linear layer for a person's commands on features of the text. Only those learn.

    Fresh, the pairs add nothing and every place is empty: it answers as the model does. `still` is the part that no
    adapter changes, `moving` the rest: while an adapter is learned the first need be computed only once for each text.
    """

    def __init__(self, labels: int, width: int) -> None:
        super().__init__()
        self.labels, self.own = labels, nn.Linear(width, ROOM)
        with torch.no_grad():
            self.own.weight.zero_()
            self.own.bias.fill_(EMPTY)

    def still(self, ids: torch.Tensor, mask: torch.Tensor | None) -> tuple[torch.Tensor, ...]:
        """What stays the same for every person, each [batch, tokens, ...]."""
        raise NotImplementedError

    def moving(self, still: tuple[torch.Tensor, ...], mask: torch.Tensor | None) -> tuple[torch.Tensor, ...]:
        """What `forward` gives, from what `still` gave."""
        raise NotImplementedError

    def forward(self, ids: torch.Tensor, mask: torch.Tensor | None = None) -> tuple[torch.Tensor, ...]:
        """Intent logits [batch, labels], slot logits where there is a slot head, logits of the person's commands
        [batch, ROOM], features [batch, width]."""
        return self.moving(self.still(ids, mask), mask)

    def adapter(self) -> dict[str, nn.Parameter]:
        """What a person's adapter holds, by name: all that learns."""
        return {name: value for name, value in self.named_parameters() if value.requires_grad}

    def wear(self, parameters: dict[str, np.ndarray]) -> None:
        """Put an adapter's numbers in."""
        mine = self.adapter()
        with torch.no_grad():
            for name, value in parameters.items():
                mine[name].copy_(torch.from_numpy(value))


class Branched(Adaptable):
    """Of a transformer with `shared` layers that tuning left as they were: above them its own, and a branch of the
    pretrained ones. Features are both branches' mean over the tokens, each of length 1: [batch, 2 * width]."""

    def __init__(self, model: Transformer, shared: int, rank: int) -> None:
        super().__init__(model.intent.out_features, 2 * model.intent.in_features)
        self.model, self.shared = model.requires_grad_(False), shared
        pretrained = load_encoder().encoder.layer[shared:].requires_grad_(False)
        _add_pairs(pretrained, ["query", "value"], rank)  # where Hu et al. found them to pay most
        self.kept = pretrained

    def still(self, ids: torch.Tensor, mask: torch.Tensor | None) -> tuple[torch.Tensor, ...]:
        """The hidden states where the branches part, and at the end of the tuned one."""
        found = self.model.encoder(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        return found.hidden_states[self.shared], found.last_hidden_state

    def moving(self, still: tuple[torch.Tensor, ...], mask: torch.Tensor | None) -> tuple[torch.Tensor, ...]:
        """The tuned branch's answers, and the person's."""
        hidden, tuned = still
        ignored = None if mask is None else (1.0 - mask[:, None, None, :].to(hidden.dtype)) * -1e4
        for layer in self.kept:
            hidden = layer(hidden, ignored)
        pooled = mean_pool(tuned, mask)
        slots = () if self.model.slots is None else (self.model.slots(tuned),)
        features = torch.cat([_unit(pooled), _unit(mean_pool(hidden, mask))], -1)
        return self.model.intent(pooled), *slots, self.own(features), features


class Whole(Adaptable):
    """Of any other model: pairs beside the matrices of a transformer's attention, or beside all of a smaller network, its
    embedding among them. Features are what its intent head reads."""

    def __init__(self, model: nn.Module, rank: int) -> None:
        head = model.intent
        assert isinstance(head, nn.Linear)  # in every family of networks
        super().__init__(head.out_features, head.in_features)
        model.requires_grad_(False)
        _add_pairs(model, ["query", "value"] if isinstance(model, Transformer) else _matrices(model), rank)
        self.model = model
        self.model.intent = _HandsOn(head)  # what it reads are the features: it hands them on beside its logits

    def still(self, ids: torch.Tensor, mask: torch.Tensor | None) -> tuple[torch.Tensor, ...]:
        """Nothing but the tokens: the pairs begin at the bottom."""
        return (ids,)

    def moving(self, still: tuple[torch.Tensor, ...], mask: torch.Tensor | None) -> tuple[torch.Tensor, ...]:
        """All that the model does."""
        both, *slots = self.model(still[0], mask)
        features = both[:, self.labels :]
        return both[:, : self.labels], *slots, self.own(features), features


class _HandsOn(nn.Module):
    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.head(features), features], -1)


def _unit(features: torch.Tensor) -> torch.Tensor:
    return features / features.norm(dim=-1, keepdim=True)


def _matrices(model: nn.Module) -> list[str]:
    """The names of a small network's layers with weights, but for its heads."""
    kinds = (nn.Linear, nn.Embedding)
    heads = ("intent", "slots", "slots_from_sentence")
    return [name for name, layer in model.named_modules() if isinstance(layer, kinds) and name not in heads]


def _add_pairs(module: nn.Module, layers: list[str], rank: int) -> None:
    from peft import LoraConfig, inject_adapter_in_model

    config = LoraConfig(r=rank, lora_alpha=SCALE * rank, target_modules=layers, lora_dropout=0.0)
    inject_adapter_in_model(config, module)


def adaptable(base: Trained, rank: int) -> Adaptable:
    """A trained model with room for adapters of that rank: `Branched` where its lower layers are the pretrained encoder's,
    else `Whole`. The pairs' first halves are drawn from torch's generator."""
    model = base.model()
    if base.spec is None and isinstance(model, Transformer) and (shared := untouched(model)):
        return Branched(model, shared, rank)
    return Whole(model, rank)


def first_layer(
    base: Trained, parameters: dict[str, np.ndarray]
) -> tuple[Callable[[np.ndarray], np.ndarray], np.ndarray, np.ndarray, np.ndarray]:
    """The first layer of a branched base that has a pair, as peft made it, wearing an adapter: a function of x [texts,
    inputs]; and its parts: weight [outputs, inputs], a [rank, inputs], b [outputs, rank]. The pair counts SCALE times. (The
    layer's bias is left out.)"""
    rank = min(value.shape[0] for name, value in parameters.items() if "lora_A" in name)
    model = adaptable(base, rank).eval()
    model.wear(parameters)
    assert isinstance(model, Branched)  # of a base that was tuned in its upper layers alone
    layer = model.kept[0].attention.self.query

    def answer(x: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return (layer(torch.from_numpy(x)) - layer.base_layer.bias).numpy()

    weight, a, b = (
        part.weight.detach().numpy() for part in (layer.base_layer, layer.lora_A["default"], layer.lora_B["default"])
    )
    return answer, weight, a, b


def untouched(model: Transformer) -> int:
    """How many layers from the bottom up are the pretrained encoder's; none if its embeddings are not."""
    pretrained, found = load_encoder().state_dict(), model.encoder.state_dict()
    changed = {name for name, value in found.items() if not torch.equal(value, pretrained[name])}
    if any(name.startswith("embeddings.") for name in changed):
        return 0
    layers = [int(name.split(".")[2]) for name in changed if name.startswith("encoder.layer.")]
    return min(layers, default=model.encoder.config.num_hidden_layers)


class _WithAdapter(nn.Module):
    """The same with the adapter's numbers as a further input."""

    def __init__(self, model: Adaptable) -> None:
        super().__init__()
        self.inner, self.names = model, list(model.adapter())

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, adapter: list[torch.Tensor]) -> tuple:
        return torch.func.functional_call(self.inner, dict(zip(self.names, adapter, strict=True)), (ids, mask))


def write_adaptable(model: Adaptable, path: Path, vocabulary: int) -> None:
    """The ONNX graph with the adapter's numbers as inputs: whatever converts the file to few bits takes them for no
    weights. `close_inputs` then gives them their values."""
    from edgelab.export.to_onnx import write_graph

    wrapped, adapter = _WithAdapter(model).eval(), model.adapter()
    ids = torch.as_tensor(np.random.default_rng(0).integers(5, vocabulary, (2, 7)))
    example = (ids, torch.ones_like(ids), [value.detach() for value in adapter.values()])
    with torch.inference_mode():
        count = len(model(*example[:2]))
    open_sizes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("tokens")}
    shapes = {"ids": open_sizes, "mask": open_sizes, "adapter": [None] * len(adapter)}
    outputs = ["intent", *["slots"] * (count == 4), "personal", "features"]
    write_graph(wrapped, example, path, ["ids", "mask", *adapter], outputs, shapes)


def close_inputs(source: Path, target: Path, values: dict[str, np.ndarray]) -> None:
    """Give inputs of a file values: they need not be fed any more, and an adapter can still replace them (in ONNX's words,
    initializers that are inputs, too)."""
    import onnx

    model = onnx.load(str(source))
    model.graph.initializer.extend(onnx.numpy_helper.from_array(value, name) for name, value in values.items())
    onnx.save(model, str(target))
