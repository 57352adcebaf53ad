"""The generator tuned on Pocket's calls with LoRA: a request in, its call as JSON out, and no example in the prompt.

Adapters on the upper half of the layers alone: the gradient need not go further down, which saves a quarter of the time.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from edgelab.datasets.dataset import Split
from edgelab.generation.calls import as_json, call_of
from edgelab.machine.bars import shows_bars

# Without the sentence about itself that the model's own template puts before each conversation: a third of the tokens.
TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
PARTS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class TuningPlan:
    """How it is tuned. `share` of the layers, the upper ones, have adapters; `examples` None takes all of train."""

    rank: int = 16
    share: float = 0.5
    lr: float = 1e-3
    batch: int = 8
    passes: int = 1
    examples: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class Example:
    """A request and its call as tokens; the loss is on `answer` alone."""

    prompt: tuple[int, ...]
    answer: tuple[int, ...]


def examples_of(split: Split, tokenizer: Tokenizer, end: int) -> list[Example]:
    """Each request with its call as JSON, in the form of `TEMPLATE`, and the model's token that ends an answer."""
    out = []
    for text, label, spans in zip(split.texts, split.labels, split.spans or ((),) * len(split.texts), strict=True):
        prompt = f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n"
        answer = as_json(call_of(label, text, spans))
        asked, said = (tokenizer.encode(part, add_special_tokens=False).ids for part in (prompt, answer))
        out.append(Example(tuple(asked), (*said, end)))
    return out


def batches(examples: Sequence[Example], size: int, rng: np.random.Generator) -> list[list[Example]]:
    """All examples once, those of about one length together (little is padded), the batches in a drawn order."""
    order = sorted(rng.permutation(len(examples)), key=lambda i: len(examples[i].prompt) + len(examples[i].answer))
    found = [[examples[i] for i in order[start : start + size]] for start in range(0, len(order), size)]
    return [found[i] for i in rng.permutation(len(found))]


def tune(checkpoint: Path, split: Split, folder: Path, plan: TuningPlan) -> None:
    """Tune a checkpoint on a split's calls; `folder` gets the merged one, as transformers saves it."""
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    torch.manual_seed(plan.seed)
    rng = np.random.default_rng(plan.seed)
    logging.disable_progress_bar()
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32, local_files_only=True)
    ends = model.config.eos_token_id
    tokenizer = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    known = examples_of(split, tokenizer, ends[0] if isinstance(ends, list) else ends)
    if plan.examples is not None:
        known = [known[i] for i in rng.permutation(len(known))[: plan.examples]]
    tuned = _with_adapters(model, plan)
    steps = [batch for _ in range(plan.passes) for batch in batches(known, plan.batch, rng)]
    _train(tuned, steps, plan)
    tuned.merge_and_unload().save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(checkpoint / name, folder / name)
    (folder / "chat_template.jinja").write_text(TEMPLATE, "utf-8")


def _with_adapters(model: Any, plan: TuningPlan) -> Any:
    from peft import LoraConfig, get_peft_model

    layers = model.config.num_hidden_layers
    upper = list(range(layers - max(1, round(layers * plan.share)), layers))
    config = LoraConfig(r=plan.rank, lora_alpha=2 * plan.rank, target_modules=list(PARTS), layers_to_transform=upper)
    return get_peft_model(model, config)


def _train(tuned: Any, steps: list[list[Example]], plan: TuningPlan) -> None:
    from tqdm.auto import tqdm

    weights = [weight for weight in tuned.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=plan.lr, weight_decay=0.0)
    warm = max(1, len(steps) // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda i: min((i + 1) / warm, 0.5 * (1 + np.cos(np.pi * i / len(steps))))
    )
    tuned.train()
    for batch in tqdm(steps, "tuned on calls", leave=False, disable=not shows_bars()):
        loss = _loss(tuned.base_model.model, batch)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        schedule.step()


def _loss(model: Any, batch: list[Example]) -> torch.Tensor:
    """Mean cross-entropy of the answers' tokens; the head, a fifth of the work, is run for those alone."""
    length = max(len(example.prompt) + len(example.answer) for example in batch)
    tokens, answers = torch.zeros((2, len(batch), length), dtype=torch.long)
    present = torch.zeros((len(batch), length), dtype=torch.long)
    for row, example in enumerate(batch):
        whole = (*example.prompt, *example.answer)
        tokens[row, : len(whole)] = torch.tensor(whole)
        present[row, : len(whole)] = 1
        answers[row, len(example.prompt) : len(whole)] = 1
    hidden = model.model(input_ids=tokens, attention_mask=present).last_hidden_state
    due = answers[:, 1:].bool()  # the state before a token foretells it
    return torch.nn.functional.cross_entropy(model.lm_head(hidden[:, :-1][due]), tokens[:, 1:][due])
