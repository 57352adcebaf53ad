"""An adapter learned from a person's phrases, in seconds, beside replayed texts of the base."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgelab.datasets.dataset import Split, joined
from edgelab.models.trained import Trained
from edgelab.personalization.adapters import Adapter, Call
from edgelab.personalization.base import fingerprint
from edgelab.personalization.eagerness import eagerness
from edgelab.personalization.replay import replay_batches
from edgelab.personalization.users import Command, User

if TYPE_CHECKING:
    import torch

    from edgelab.models.tokens import Encoded
    from edgelab.personalization.adaptable import Adaptable


@dataclass(frozen=True)
class LearningPlan:
    """How an adapter is learned. Of each batch a share `replay` are texts of the base's training split, of which `replayed`
    are kept on the device; `rank` is LoRA's; logits are softened by `temperature` in the loss. At the end the commands are
    made as eager as costs the base at most `most_loss` of its validation split (None: as learned)."""

    rank: int = 4
    replay: float = 0.5
    replayed: int = 1500
    steps: int = 150
    batch_size: int = 32
    lr: float = 2e-3
    head_lr: float = 0.1
    temperature: float = 2.0
    most_loss: float | None = 0.03


QUICK = LearningPlan(replayed=600, steps=100)  # a little less than the best, for who waits


@dataclass(frozen=True)
class Learned:
    """An adapter, the CPU-seconds that learning took (all threads), and how many texts it learned from: the person's and
    the replayed ones."""

    adapter: Adapter
    cpu_s: float
    own: int
    replayed: int


def calls(commands: Sequence[Command]) -> tuple[Call, ...]:
    """What the commands do, in their order."""
    return tuple(Call(c.name, c.tool, c.slots) for c in commands)


def learn_user(base: Trained, user: User, plan: LearningPlan | None = None, *, seed: int = 0) -> Learned:
    """The adapter of a person, learned from all phrases to learn from and from what the commands are."""
    return learn_adapter(base, joined([user.learn, user.descriptions]), calls(user.commands), plan, seed=seed)


def learn_adapter(
    base: Trained, own: Split, called: tuple[Call, ...], plan: LearningPlan | None = None, *, seed: int = 0
) -> Learned:
    """An adapter on a base, learned from the phrases `own`, whose labels are the commands of `called`. The base's own
    weights stay as they are.

    Raises:
        ValueError: a command has no phrase, a phrase no command, or there are more commands than places.
    """
    import torch

    from edgelab.models.tokens import encode
    from edgelab.personalization.adaptable import ROOM, adaptable

    plan, names = plan or LearningPlan(), [call.command for call in called]
    if set(own.labels) != set(names) or len(names) > ROOM:
        raise ValueError(f"expected phrases of at most {ROOM} commands, found {sorted(set(own.labels))} for {names}")
    start, tokenizer, dataset = time.process_time(), base.tokenizer(), base.dataset
    torch.manual_seed(seed)  # the pairs' first halves are drawn
    model, generator = adaptable(base, plan.rank), np.random.default_rng(seed)
    kept = set(generator.permutation(len(dataset.train))[: plan.replayed].tolist())
    old = dataset.train.where(lambda i: i in kept)
    texts = _Texts(model, encode(tokenizer, own.texts + old.texts))
    commands = [names.index(name) for name in own.labels]
    _start_from_means(model, texts, commands)
    _train(
        model, texts, [len(dataset.labels) + c for c in commands] + dataset.label_ids(old), len(own), plan, generator
    )
    _empty_the_rest(model, len(names))
    if plan.most_loss is not None:
        _set_eagerness(model, base, len(names), plan.most_loss)
    parameters = {name: value.detach().numpy().copy() for name, value in model.adapter().items()}
    adapter = Adapter(parameters, called, fingerprint(base))
    return Learned(adapter, time.process_time() - start, len(own), len(old))


class _Texts:
    """Texts as the part of a model that no adapter changes sees them: computed once."""

    def __init__(self, model: "Adaptable", encoded: "Encoded") -> None:
        import torch

        from edgelab.models.training import make_batch

        self.model, self.lengths = model.eval(), encoded.lengths
        self._still: list[tuple[torch.Tensor, ...]] = [()] * len(encoded)
        order = np.argsort(self.lengths, kind="stable")  # alike in length, so little padding
        for rows in np.split(order, range(64, len(order), 64)):
            batch = make_batch(encoded, rows)
            with torch.no_grad():
                found = model.still(batch.ids, batch.mask)
            for place, row in enumerate(rows):
                self._still[row] = tuple(part[place, : self.lengths[row]].clone() for part in found)

    def answers(self, rows: Sequence[int] | np.ndarray) -> "tuple[torch.Tensor, torch.Tensor, torch.Tensor]":
        """Intent logits, logits of the person's places, and features of these texts, [rows, ...]."""
        import torch
        from torch.nn.utils.rnn import pad_sequence

        parts = zip(*(self._still[row] for row in rows), strict=True)
        still = tuple(pad_sequence(list(part), batch_first=True) for part in parts)
        mask = torch.arange(still[0].shape[1]) < torch.as_tensor(self.lengths[rows])[:, None]
        intent, *_, own, features = self.model.moving(still, mask.long())
        return intent, own, features


def _train(
    model: "Adaptable",
    texts: _Texts,
    labels: list[int],
    own: int,
    plan: LearningPlan,
    generator: np.random.Generator,
) -> None:
    """Cross-entropy over the base's labels and the person's commands together; the first `own` texts are the person's."""
    import torch

    places, wanted = 1 + max(labels[:own]) - model.labels, torch.tensor(labels)
    pairs = [value for name, value in model.adapter().items() if not name.startswith("own.")]
    groups = [{"params": pairs, "lr": plan.lr}, {"params": list(model.own.parameters()), "lr": plan.head_lr}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [plan.lr, plan.head_lr], plan.steps, pct_start=0.1, cycle_momentum=False
    )
    step = 0
    while step < plan.steps:
        for rows in replay_batches(texts.lengths, own, plan.replay, plan.batch_size, generator):
            intent, mine, _ = texts.answers(rows)
            logits = torch.cat([intent, mine[:, :places]], 1) / plan.temperature
            loss = torch.nn.functional.cross_entropy(logits, wanted[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            step += 1
            if step == plan.steps:
                break


def _start_from_means(model: "Adaptable", texts: _Texts, commands: list[int]) -> None:
    """Each command's place starts as its prototype: from what is known without training."""
    import torch

    from edgelab.personalization.prototypes import learn_prototypes

    with torch.no_grad():
        features = texts.answers(np.arange(len(commands)))[2].numpy()
        means = learn_prototypes(features, [str(c) for c in commands])
        order = [means.commands.index(str(c)) for c in range(max(commands) + 1)]
        model.own.weight[: len(order)] = 20 * torch.from_numpy(means.vectors[order] - means.vectors.mean(0))
        model.own.bias[: len(order)] = 0.0


def _empty_the_rest(model: "Adaptable", places: int) -> None:
    """The places behind these back to what they were: weight decay has moved them."""
    import torch

    from edgelab.personalization.adaptable import EMPTY

    with torch.no_grad():
        model.own.weight[places:] = 0.0
        model.own.bias[places:] = EMPTY


def _set_eagerness(model: "Adaptable", base: Trained, places: int, most_loss: float) -> None:
    import torch

    from edgelab.models.tokens import encode

    validation = base.dataset.validation
    texts, labels = _Texts(model, encode(base.tokenizer(), validation.texts)), base.dataset.label_ids(validation)
    with torch.no_grad():
        parts = [texts.answers(rows) for rows in np.split(np.arange(len(labels)), range(64, len(labels), 64))]
        intent, own = (torch.cat([part[i] for part in parts]).numpy() for i in range(2))
        added = eagerness(intent, own[:, :places], np.array(labels), base.correct("validation"), most_loss)
        model.own.bias[:places] += added
