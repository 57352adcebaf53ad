"""What the stand-in cloud says: a bundle's tool calls, and for open questions an emulated answer labelled as one."""

import hashlib
import json
import re
import time
from collections import Counter
from typing import Any

from edgelab.bundle.predict import Bundle
from edgelab.bundle.redaction import merged
from edgelab.datasets.slots import Span, slot_values

BEYOND = ("ask_cloud",)  # labels that are answered in words, not by a tool call
KEPT = 4096  # answers that are remembered by their key: tens of megabytes at most
PLACEHOLDER = re.compile(r"<([a-z_]+)_\d+>")
PLAIN = {  # a usual value of each kind of placeholder
    "person": "Alex",
    "message": "see you soon",
    "title": "dentist",
    "task": "water the plants",
    "subject": "birthday",
    "email": "Alex",
    "number": "Alex",
}


class KeyReused(ValueError):
    """An idempotency key came again with another text."""


class Service:
    """Carries requests out, each once: what was answered under a key is answered again from memory.

    It remembers the last `KEPT` keys; one that was forgotten is a new request. `traffic` counts what was done."""

    def __init__(self, bundle: Bundle, model: str, *, answer_rate: float, seed: int) -> None:
        self.bundle, self.model, self.answer_rate, self.seed = bundle, model, answer_rate, seed
        self.traffic: Counter[str] = Counter()
        self._answered: dict[str, tuple[str, dict[str, Any]]] = {}  # by key, the oldest first
        self._forgotten = self._without_key = 0

    def answer(self, text: str, key: str | None) -> dict[str, Any]:
        """The completion of one request. `key` is the caller's idempotency key; without one every try is new.

        Raises:
            KeyReused: the key belongs to another text: answering that would be wrong, answering this a second use.
        """
        if key and key in self._answered:
            earlier, completion = self._answered[key]
            if earlier != text:
                raise KeyReused("This Idempotency-Key was used with another text.")
            self.traffic["repeated"] += 1
            return completion
        completion = self._carry_out(text)
        self.traffic["carried_out"] += 1  # only now: what failed in the work was not
        if key:
            self._keep(key, text, completion)
        else:
            self._without_key += 1
        return completion

    @property
    def requests(self) -> int:
        """How many different requests were carried out."""
        return len(self._answered) + self._forgotten + self._without_key

    def _keep(self, key: str, text: str, completion: dict[str, Any]) -> None:
        self._answered[key] = (text, completion)
        if len(self._answered) > KEPT:
            del self._answered[next(iter(self._answered))]
            self._forgotten += 1

    def _carry_out(self, text: str) -> dict[str, Any]:
        label, slots = understand(self.bundle, text)
        number = f"{self.traffic['carried_out'] + 1:06d}"
        message: dict[str, Any]
        if label in BEYOND:
            right = self._answers_right(text)
            written = f"[emulated answer, no model wrote it; counted as {'right' if right else 'wrong'}] {text}"
            message, reason, extra = {"content": written}, "stop", {"emulated": True, "counted_right": right}
        else:
            written = json.dumps(slots, ensure_ascii=False)
            function = {"name": label, "arguments": written}
            call = {"id": f"call_{number}", "type": "function", "function": function}
            message, reason, extra = {"content": None, "tool_calls": [call]}, "tool_calls", {"emulated": False}
        read, said = self.tokens(text), self.tokens(written)
        return {
            "id": f"chatcmpl-{number}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": self.model,
            "choices": [
                {"index": 0, "finish_reason": reason, "message": {"role": "assistant", "refusal": None, **message}}
            ],
            "usage": {"prompt_tokens": read, "completion_tokens": said, "total_tokens": read + said},
            **extra,
        }

    def _answers_right(self, text: str) -> bool:
        """The same text has the same luck, in whatever order requests come."""
        digest = hashlib.sha256(f"{self.seed}\0{text}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64 < self.answer_rate

    def tokens(self, text: str) -> int:
        """How many tokens a text has for the bundle."""
        return len(self.bundle.tokenizer.encode(text).ids)


def understand(bundle: Bundle, text: str) -> tuple[str, dict[str, list[str]]]:
    """The label and slots of a text in which placeholders may stand.

    A large model reads off `<person_1>` that a person is meant. The bundle never saw such a word, so it reads a plain
    one of that kind instead, and what it finds is carried back to the text as it came.
    """
    filled, position = "", 0
    held: list[tuple[int, int, Span]] = []
    for match in PLACEHOLDER.finditer(text):
        filled += text[position : match.start()]
        word = PLAIN.get(match[1], match[1].replace("_", " "))
        held.append((len(filled), len(filled) + len(word), Span(*match.span(), match[1])))
        filled += word
        position = match.end()
    filled += text[position:]
    found = bundle.predict(filled)
    if not held:
        return found.label, found.slots
    allowed = bundle.manifest["label_slots"].get(found.label, [])
    spans = [placeholder for *_, placeholder in held if placeholder.name in allowed]
    spans += [Span(_back(held, s.start, last=False), _back(held, s.end - 1, last=True), s.name) for s in found.spans]
    return found.label, slot_values(text, merged(spans))


def _back(held: list[tuple[int, int, Span]], position: int, *, last: bool) -> int:
    """Where a character of the filled text stands in the text as it came, as a span's start or (`last`) its end:
    within a placeholder's word, the placeholder's own."""
    shift = 0
    for start, end, placeholder in held:
        if position < start:
            break
        if position < end:
            return placeholder.end if last else placeholder.start
        shift = placeholder.end - end
    return position + shift + last
