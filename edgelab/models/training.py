"""One training loop for every model: length buckets, warm-up and decay, a progress bar, bf16 where it pays."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from edgelab.machine.bars import shows_bars
from edgelab.machine.host import host
from edgelab.models.encoder import pad
from edgelab.models.outputs import Outputs
from edgelab.models.tokens import Encoded, token_id

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Corrupt = Callable[[torch.Tensor, np.random.Generator], torch.Tensor]
Loss = Callable[[tuple[torch.Tensor, ...], "Batch"], torch.Tensor]
NextRows = Callable[[np.random.Generator], Iterator[np.ndarray]]


@dataclass(frozen=True)
class Recipe:
    """How to train. Either `epochs` or `steps` decides the length; `head_lr` is for the freshly drawn heads."""

    lr: float
    head_lr: float
    batch_size: int = 64
    epochs: float | None = None
    steps: int | None = None
    warmup: float = 0.1
    decay: str = "linear"  # or "cosine"
    weight_decay: float = 0.01

    def total_steps(self, examples: int) -> int:
        """How many batches that is, of so many examples.

        Raises:
            ValueError: neither `epochs` nor `steps` is given.
        """
        if self.steps:
            return self.steps
        if self.epochs is None:
            raise ValueError("expected epochs or steps, found neither")
        return round(self.epochs * -(-examples // self.batch_size))


@dataclass(frozen=True)
class Batch:
    """`ids`, `mask`, `first` [batch, tokens]; `tags` [words of the batch]; `labels` [batch]; `rows` are indices."""

    rows: np.ndarray
    ids: torch.Tensor
    mask: torch.Tensor
    first: torch.Tensor
    tags: torch.Tensor
    labels: torch.Tensor


def precision() -> tuple[torch.dtype, str]:
    """bf16 where the processor computes in it, else fp32; and why."""
    flags = host().features or ()
    if "amx" in flags or "avx512_bf16" in flags:
        return torch.bfloat16, "bf16: this processor computes in it"
    return torch.float32, "fp32: this processor has no bf16 arithmetic"


def length_buckets(lengths: np.ndarray, batch_size: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """One epoch of index batches of similar length, in random order: little padding, still shuffled."""
    order = generator.permutation(len(lengths))
    batches = []
    for start in range(0, len(order), 50 * batch_size):
        chunk = order[start : start + 50 * batch_size]
        chunk = chunk[np.argsort(lengths[chunk], kind="stable")]
        batches += [chunk[i : i + batch_size] for i in range(0, len(chunk), batch_size)]
    generator.shuffle(batches)
    yield from batches


def mask_tokens(tokenizer: "Tokenizer", share: float) -> Corrupt:
    """`corrupt(ids, generator)` for `train`: hides a share of the ordinary tokens behind [MASK]."""
    mask = token_id(tokenizer, "[MASK]")
    special = torch.tensor([token_id(tokenizer, t) for t in ("[PAD]", "[CLS]", "[SEP]")])

    def corrupt(ids: torch.Tensor, generator: np.random.Generator) -> torch.Tensor:
        chosen = torch.as_tensor(generator.random(tuple(ids.shape)) < share) & ~torch.isin(ids, special)
        return torch.where(chosen, mask, ids)

    return corrupt


def draw_mixture(
    lengths: np.ndarray, real: int, real_share: float, batch_size: int, *, last: int = 0, last_share: float = 0.0
) -> NextRows:
    """`next_rows` for `train`: batches of similar length, `last_share` of the rows among the `last` ones; of the others
    `real_share` below `real`."""
    before = len(lengths) - last

    def next_rows(generator: np.random.Generator) -> Iterator[np.ndarray]:
        size = 50 * batch_size
        share = real_share if before > real else 1.0
        from_real = generator.random(size) < share
        rows = np.where(
            from_real, generator.integers(0, real, size), generator.integers(real, max(before, real + 1), size)
        )
        if last:
            rows = np.where(generator.random(size) < last_share, generator.integers(before, len(lengths), size), rows)
        rows = rows[np.argsort(lengths[rows], kind="stable")].reshape(50, batch_size)
        yield from generator.permutation(rows)

    return next_rows


def make_batch(encoded: Encoded, rows: np.ndarray) -> Batch:
    """These rows of `encoded`, padded to the longest of them."""
    ids, mask = pad([encoded.ids[i] for i in rows])
    first = np.zeros(ids.shape, dtype=bool)
    for row, i in enumerate(rows):
        first[row, encoded.first[i]] = True
    tags = np.array([tag for i in rows for tag in encoded.tags[i]], dtype=np.int64)
    return Batch(rows, ids, mask, *(torch.from_numpy(a) for a in (first, tags, encoded.labels[rows])))


def schedule(step: int, total: int, warmup: float, decay: str) -> float:
    """The share of the peak learning rate at `step`: linear warm-up, then linear or cosine decay to 0."""
    rising = warmup * total
    if step < rising:
        return (step + 1) / (rising + 1)
    left = (total - step) / (total - rising)
    return left if decay == "linear" else 0.5 * (1 - np.cos(np.pi * left))


def train(
    model: nn.Module,
    encoded: Encoded,
    loss: Loss,
    recipe: Recipe,
    *,
    seed: int,
    title: str,
    next_rows: NextRows | None = None,
    corrupt: Corrupt | None = None,
    switch: tuple[int, Callable[[nn.Module], None]] | None = None,
) -> nn.Module:
    """Train `model` in place on `loss(outputs, batch)` and return it, in eval mode.

    Args:
        title: what the progress bar calls it; it shows the loss and the time left, on a terminal and in a notebook.
        next_rows: gives index batches, an epoch at a time; by default length buckets over `encoded`.
        corrupt: changes a batch's ids before the model sees them (word dropout).
        switch: a step, and what happens to the model before it (quantization-aware from there on).
    """
    from tqdm.auto import tqdm

    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    next_rows = next_rows or (lambda g: length_buckets(encoded.lengths, recipe.batch_size, g))
    heads = [p for name, p in model.named_parameters() if not name.startswith("encoder.")]
    body = [p for name, p in model.named_parameters() if name.startswith("encoder.") and p.requires_grad]
    groups = [{"params": body, "lr": recipe.lr}, {"params": heads, "lr": recipe.head_lr if body else recipe.lr}]
    optimizer = torch.optim.AdamW([g for g in groups if g["params"]], weight_decay=recipe.weight_decay, fused=True)
    total = recipe.total_steps(len(encoded))
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: schedule(step, total, recipe.warmup, recipe.decay)
    )
    dtype, _ = precision()
    model.train()
    step, shown = 0, 0.0
    with tqdm(total=total, desc=title, unit="step", mininterval=0.5, disable=not shows_bars()) as bar:
        while step < total:
            for rows in next_rows(generator):
                if switch and step == switch[0]:
                    switch[1](model)
                batch = make_batch(encoded, rows)
                ids = corrupt(batch.ids, generator) if corrupt else batch.ids
                with torch.autocast("cpu", torch.bfloat16, enabled=dtype is torch.bfloat16):
                    outputs = model(ids, batch.mask)
                value = loss(tuple(o.float() for o in outputs), batch)
                optimizer.zero_grad()
                value.backward()
                optimizer.step()
                scheduler.step()
                step += 1
                shown = 0.95 * shown + 0.05 * value.item() if step > 1 else value.item()
                bar.set_postfix_str(f"loss {shown:.3f}", refresh=False)
                bar.update()
                if step == total:
                    break
    return model.eval()


def hard_loss(outputs: tuple[torch.Tensor, ...], batch: Batch, slot_weight: float = 1.0) -> torch.Tensor:
    """Cross-entropy with the labels and, where the model has a slot head, `slot_weight` times that of each word's tag."""
    loss = nn.functional.cross_entropy(outputs[0], batch.labels)
    if len(outputs) > 1:
        loss = loss + slot_weight * nn.functional.cross_entropy(outputs[1][batch.first], batch.tags)
    return loss


def run(model: nn.Module, encoded: Encoded, *, title: str | None = None, batch_size: int = 128) -> Outputs:
    """The model's outputs on every example, in order. A `title` shows a progress bar."""
    from tqdm.auto import tqdm

    order = np.argsort(encoded.lengths, kind="stable")
    batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    intent: list[np.ndarray] = [np.empty(0)] * len(encoded)
    slots: list[np.ndarray] = [np.empty(0)] * len(encoded)
    has_slots = False
    dtype, _ = precision()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=dtype is torch.bfloat16):
        for rows in tqdm(batches, desc=title, unit="batch", disable=title is None or not shows_bars()):
            batch = make_batch(encoded, rows)
            outputs = model(batch.ids, batch.mask)
            for row, values in zip(rows, outputs[0].float().numpy(), strict=True):
                intent[row] = values
            if len(outputs) > 1:
                has_slots = True
                words = outputs[1][batch.first].float().numpy()
                counts = [len(encoded.first[i]) for i in rows]
                for row, values in zip(rows, np.split(words, np.cumsum(counts)[:-1]), strict=True):
                    slots[row] = values
    return Outputs(
        np.stack(intent),
        np.concatenate(slots) if has_slots else None,
        np.array([len(f) for f in encoded.first]),
    )
