"""The same generator run by transformers and torch: what a built one is compared with."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM
from transformers.utils import logging

from edgelab.generation.errors import GeneratorError
from edgelab.generation.llama import Shape
from edgelab.generation.model import MAX_TOKENS, Generation, Step, collect


class TorchGenerator:
    """A checkpoint as transformers has it, opened by `TorchGenerator.open`. It decodes greedily."""

    runtime = "torch"

    def __init__(self, folder: Path, model: Any, tokenizer: Any) -> None:
        self.folder, self.model, self._tokenizer = folder, model, tokenizer
        ends = model.config.eos_token_id
        self.end_tokens = frozenset(ends if isinstance(ends, list) else [ends])
        self.size_bytes = sum(p.numel() * p.element_size() for p in model.parameters())

    @classmethod
    def open(cls, folder: str | Path, *, threads: int = 1) -> "TorchGenerator":
        """Open a checkpoint. torch's threads are set for the whole process.

        Raises:
            GeneratorError: it is none.
        """
        torch.set_num_threads(threads)
        logging.disable_progress_bar()
        try:
            model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError) as error:
            raise GeneratorError(f"{folder}: expected a model as transformers saves it: {str(error)[:200]}") from None
        return cls(Path(folder), model.eval(), tokenizer)

    def encode(self, text: str) -> list[int]:
        """A text's tokens."""
        return self._tokenizer(text, add_special_tokens=not self._tokenizer.chat_template)["input_ids"]

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens, without those that mark something."""
        return self._tokenizer.decode(list(tokens), skip_special_tokens=True)

    @torch.inference_mode()
    def logits(self, tokens: Sequence[int]) -> np.ndarray:
        """What it expects after each token, [tokens, vocabulary], float32."""
        return self.model(torch.tensor([list(tokens)])).logits[0].numpy()

    def stream(
        self, prompt: str | Sequence[int], *, max_tokens: int = MAX_TOKENS, min_tokens: int = 0
    ) -> Iterator[Step]:
        """The likeliest tokens after a prompt, one by one; `min_tokens` of them before it may end."""
        begin = time.perf_counter_ns()
        read = self.encode(prompt) if isinstance(prompt, str) else list(prompt)
        cache = None
        for number in range(max_tokens):
            with torch.inference_mode():
                out = self.model(torch.tensor([read]), past_key_values=cache, use_cache=True, logits_to_keep=1)
                scores, cache = out.logits[0, -1], out.past_key_values
                if number < min_tokens:
                    scores[list(self.end_tokens)] = -torch.inf
                token = int(scores.argmax())
            taken = (time.perf_counter_ns() - begin) / 1e6
            ends, read = token in self.end_tokens, [token]
            yield Step(token, self.decode(read), taken, ends)
            if ends:
                return
            begin = time.perf_counter_ns()

    def generate(self, prompt: str | Sequence[int], **options: int) -> Generation:
        """The whole answer to a prompt; `options` as for `stream`."""
        read = self.encode(prompt) if isinstance(prompt, str) else list(prompt)
        return collect(self, len(read), list(self.stream(read, **options)))


def untrained_llama(shape: Shape) -> Any:
    """transformers' own Llama of this shape, with random weights."""
    config = LlamaConfig(
        vocab_size=shape.vocab,
        hidden_size=shape.hidden,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        head_dim=shape.head_dim,
        rope_parameters={"rope_type": "default", "rope_theta": shape.theta},
        rms_norm_eps=shape.eps,
        tie_word_embeddings=shape.tied,
        eos_token_id=None,
        pad_token_id=0,
    )
    return LlamaForCausalLM(config).eval()


@torch.inference_mode()
def llama_tokens(shape: Shape, weights: dict[str, np.ndarray], prompt: Sequence[int], count: int) -> list[int]:
    """What transformers' own Llama of this shape, with these weights, writes after a prompt: greedily, `count` tokens."""
    model = untrained_llama(shape)
    model.load_state_dict({name: torch.from_numpy(values) for name, values in weights.items()}, strict=False)
    model.tie_weights()
    said = model.generate(torch.tensor([list(prompt)]), do_sample=False, max_new_tokens=count, min_new_tokens=count)
    return said[0, len(prompt) :].tolist()
