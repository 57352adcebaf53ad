"""A larger generator behind an OpenAI-compatible endpoint, asked as the local ones are. Its times are those of its machine
and of the way there."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from edgelab.declarations import Sent
from edgelab.generation.errors import GeneratorError
from edgelab.generation.model import MAX_TOKENS, Generation, Messages

if TYPE_CHECKING:
    import openai

DECLARED = (
    Sent(
        what="the course's own held-out cases, or what the learner asks",
        to="a generator at an address",
        where="{cloud}",
        policy="only where EDGELAB_CLOUD_MODEL names a model",
        about="user",
        part="course",
        kinds=("request",),
        linked=True,
    ),
)

# The names that `cloud.client` and the `openai` package take, too.
MODEL, ADDRESS, KEY = "EDGELAB_CLOUD_MODEL", "OPENAI_BASE_URL", "OPENAI_API_KEY"


@dataclass(frozen=True)
class Endpoint:
    """A model at an address."""

    model: str
    client: "openai.OpenAI"

    @classmethod
    def from_environment(cls, *, timeout_s: float = 60.0) -> "Endpoint | None":
        """The endpoint that the three variables name; None where EDGELAB_CLOUD_MODEL is not set.

        Raises:
            GeneratorError: a model is named, but no key for it, or its address is none.
        """
        model = os.environ.get(MODEL, "").strip()
        if not model:
            return None
        import openai

        try:
            return cls(model, openai.OpenAI(timeout=timeout_s, max_retries=2))
        except openai.OpenAIError as error:
            raise GeneratorError(f"{MODEL} is set, but {error}") from None
        except Exception as error:  # of its HTTP library: which one depends on the version of openai
            raise GeneratorError(f"{ADDRESS}={os.environ.get(ADDRESS)}: expected an address: {error}") from None

    def answer(
        self,
        messages: str | Messages,
        *,
        max_tokens: int = MAX_TOKENS,
        temperature: float = 0.0,
        seed: int = 0,
        schema: dict | None = None,
    ) -> Generation:
        """The answer to messages, as `Generator.answer` gives it; `tokens` is empty, since these are the endpoint's own.

        Raises:
            GeneratorError: the endpoint refuses, cannot be reached, breaks off, or answers something else.
        """

        given = [{"role": "user", "content": messages}] if isinstance(messages, str) else list(messages)
        asked: dict[str, Any] = {"max_tokens": max_tokens, "temperature": temperature, "seed": seed}
        if schema is not None:
            named = {"name": "answer", "schema": schema, "strict": True}
            asked["response_format"] = {"type": "json_schema", "json_schema": named}
        where = f"{self.model} at {self.client.base_url}"
        begin = time.perf_counter_ns()
        try:
            chunks = self.client.chat.completions.create(
                model=self.model,
                messages=cast(Any, given),
                stream=True,
                stream_options={"include_usage": True},
                **asked,
            )
            return _collect(chunks, begin)
        except (ValueError, TypeError, AttributeError) as error:  # openai does not check what it is sent
            reason = " ".join(str(error).split())[:200]
            raise GeneratorError(f"{where}: expected chunks of a chat completion, found others: {reason}") from None
        except Exception as error:  # openai's, and while the stream is read also those of its HTTP library
            raise GeneratorError(f"{where}: {' '.join(str(error).split())[:300] or type(error).__name__}") from None


def _collect(chunks: Iterator[Any], begin: int) -> Generation:
    """A stream of chunks as an answer; each that brings text counts as a token's time.

    Raises:
        ValueError: none brings a choice.
    """
    texts: list[str] = []
    taken: list[float] = []
    prompt_tokens, reason, answered = 0, None, False
    for chunk in chunks:
        if chunk.usage:
            prompt_tokens = chunk.usage.prompt_tokens
        for choice in chunk.choices:
            reason, answered = choice.finish_reason or reason, True
            if choice.delta.content:
                texts.append(choice.delta.content)
                taken.append((time.perf_counter_ns() - begin) / 1e6)
                begin = time.perf_counter_ns()
    if not answered:
        raise ValueError("none with a choice")
    first = taken[0] if taken else (time.perf_counter_ns() - begin) / 1e6
    return Generation("".join(texts), (), prompt_tokens, first, tuple(taken[1:]), reason == "stop")
