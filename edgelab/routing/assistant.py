"""The hybrid assistant: the device answers what it can, the cloud the rest, and every request is answered.

A request that the policy escalates leaves redacted, once, however often it has to be tried; values are put back into
the answer. Where the cloud cannot be reached, the policy's answer without a network is given, and says so.
"""

import json
import re
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edgelab.bundle.calibrated import check_calibrated
from edgelab.bundle.predict import Bundle, Prediction
from edgelab.bundle.redaction import PRIVATE_SLOTS, Redacted, private_spans, redact, restore
from edgelab.cloud.breaker import OPEN, PROBE, Breaker
from edgelab.cloud.client import model_name
from edgelab.declarations import Sent
from edgelab.routing.policy import DEGRADED, Decision, Policy, Rules, decide, decide_one

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types.chat import ChatCompletionMessage

DECLARED = (
    Sent(
        what="a request that the policy escalates, its identifying values replaced",
        to="the cloud's model",
        where="{cloud}",
        policy="redacted by the device's own tagger and by rules: what these miss leaves; what the cloud keeps is its operator's to say",
        about="user",
        part="pocket",
        kinds=("request",),
        linked=True,
    ),
)

DEVICE, CLOUD = "device", "cloud"
SYSTEM = (
    "You turn a request to a phone into one call of a tool, with the request's own words as values. "
    "If no tool fits, answer in a sentence or two. Words such as <person_1> stand for values that are kept on the "
    "phone: use them as they are."
)
OUT_OF_REACH = "This needs the cloud, which cannot be reached now."


class CloudFailed(RuntimeError):
    """The cloud gave no usable answer. `away`: it was not reached, rather than answering nonsense."""

    def __init__(self, message: str, *, away: bool) -> None:
        super().__init__(message)
        self.away = away


@dataclass(frozen=True)
class Answer:
    """What became of one request.

    `label` and `slots` are the tool call; `reply` is what is said in words, where it is words; `decision` tells where
    it ran, why, and whether the user is asked first. `sent` is the text that left the device, redacted; None: none
    did. `problem` says what was wrong with the cloud where the device stood in for it.
    """

    text: str
    label: str
    slots: dict[str, list[str]]
    reply: str | None
    decision: Decision
    served_by: str
    latency_ms: float
    sent: str | None = None
    problem: str | None = None

    @property
    def degraded(self) -> bool:
        """Whether the device answered what it would rather have asked the cloud."""
        return self.decision.reason == DEGRADED

    @property
    def refused(self) -> bool:
        """Whether nobody answered: there was no network, and the device was not to."""
        return self.decision.where == "refuse"


class Assistant:
    """A bundle, a policy and, unless the device is on its own (None), a client from
    `cloud.client.client_from`. Safe to share between threads.

    Args:
        breaker: when to stop asking a cloud that fails; None: a `Breaker` of its own.
        private: the slots whose values never leave.
        model: the cloud's model; None: `cloud.client.model_name()`.
        rules: what makes a decision of the policy.

    A `BundleError` says that the policy was calibrated for another bundle.
    """

    def __init__(
        self,
        bundle: Bundle,
        policy: Policy,
        client: "OpenAI | None" = None,
        *,
        breaker: Breaker | None = None,
        private: Iterable[str] = PRIVATE_SLOTS,
        model: str | None = None,
        rules: Rules = decide_one,
    ) -> None:
        check_calibrated(bundle, policy.calibrated_for)
        self.bundle, self.policy, self.client, self._rules = bundle, policy, client, rules
        self.breaker = Breaker() if breaker is None else breaker
        self.private, self.model = tuple(private), model or model_name()
        self.tools = tool_schemas(bundle, beyond=policy.beyond)

    def answer(self, text: str) -> Answer:
        """The request answered, by whom the policy says, or by the device in the cloud's place."""
        start = time.perf_counter_ns()
        found = self.bundle.predict(text)
        decision = self._decide(found, online=self.client is not None)
        if self.client is None or decision.where != "cloud":
            answer = self._by_device(found, decision)
        elif (way := self.breaker.admit()) == OPEN:
            answer = self._offline(found, "not asked: it failed several times in a row, and will be tried again")
        else:
            client = self.client if way != PROBE else self.client.with_options(max_retries=0)
            answer = self._by_cloud(client, found, decision)
        return replace(answer, latency_ms=(time.perf_counter_ns() - start) / 1e6)

    def redact(self, found: Prediction) -> Redacted:
        """The text of a prediction as it may leave."""
        return redact(found.text, private_spans(self.bundle, found, private=self.private), self.private)

    def request(self, text: str) -> dict:
        """The body of the request that carries this text, already redacted: what leaves the device, all of it."""
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]
        return {"model": self.model, "messages": messages, "tools": self.tools}

    def _decide(self, found: Prediction, *, online: bool) -> Decision:
        return decide(self.policy, found.intent_logits, self.bundle.labels, online=online, rules=self._rules)

    def _by_device(self, found: Prediction, decision: Decision) -> Answer:
        reply = OUT_OF_REACH if decision.where == "refuse" else None
        return Answer(found.text, found.label, found.slots, reply, decision, DEVICE, 0.0)

    def _offline(self, found: Prediction, problem: str) -> Answer:
        return replace(self._by_device(found, self._decide(found, online=False)), problem=f"cloud: {problem}")

    def _by_cloud(self, client: "OpenAI", found: Prediction, decision: Decision) -> Answer:
        redacted = self.redact(found)
        try:
            message = self._ask(client, redacted.text)
        except CloudFailed as failure:
            if failure.away:
                self.breaker.failed()
            else:  # it answers, if only nonsense
                self.breaker.succeeded()
            return replace(self._offline(found, str(failure)), sent=redacted.text)
        self.breaker.succeeded()
        try:
            label, slots, reply = self._read(message)
        except CloudFailed as failure:
            return replace(self._offline(found, str(failure)), sent=redacted.text)
        slots, reply = restore(slots, redacted), reply and restore(reply, redacted)
        # The device may not have seen the stakes that the cloud sees.
        decision = replace(decision, confirm=decision.confirm or label in self.policy.confirm)
        return Answer(found.text, label, slots, reply, decision, CLOUD, 0.0, sent=redacted.text)

    def _ask(self, client: "OpenAI", text: str) -> "ChatCompletionMessage":
        """The cloud's message. All tries of one request carry one idempotency key: a cloud that remembers keys, as
        the stand-in does, carries it out once, also when an answer was lost on the way back. One that does not may work
        (and bill) twice; the device acts once all the same, on the one answer that it gets.

        Raises:
            CloudFailed: no answer, a refusal, or an answer without a message.
        """
        import openai

        try:
            completion = client.chat.completions.create(
                **self.request(text), extra_headers={"Idempotency-Key": uuid.uuid4().hex}
            )
        except openai.APITimeoutError:
            raise CloudFailed("no answer in time", away=True) from None
        except openai.APIConnectionError:
            raise CloudFailed("the connection broke", away=True) from None
        except openai.APIStatusError as error:
            away = error.status_code not in (400, 409, 413, 422)  # those are about this one request
            raise CloudFailed(f"it answered {error.status_code}: {one_line(error.message)}", away=away) from None
        except openai.APIError as error:
            raise CloudFailed(one_line(error.message), away=False) from None
        choices = getattr(completion, "choices", None)  # a web page, from a wrong address, is a plain string here
        if not choices or choices[0].message is None:
            raise CloudFailed("an answer without a message", away=False)
        return choices[0].message

    def _read(self, message: "ChatCompletionMessage") -> tuple[str, dict[str, list[str]], str | None]:
        """Label, slots and reply of the cloud's message: a call is checked before anything acts on it.

        Raises:
            CloudFailed: neither a call nor words, or a call that no tool here could carry out.
        """
        if not message.tool_calls:
            if not message.content:
                raise CloudFailed("an answer without a call and without words", away=False)
            label = self.policy.beyond[0] if self.policy.beyond else ""
            return label, {}, message.content
        call = getattr(message.tool_calls[0], "function", None)
        if call is None:
            raise CloudFailed("a call that is none of a function", away=False)
        names = {tool_name(label): label for label in self.bundle.labels} | {name: name for name in self.bundle.labels}
        if call.name not in names:
            raise CloudFailed(f"a call of {call.name!r}, which is no tool here", away=False)
        try:
            arguments = json.loads(call.arguments or "{}")
        except (ValueError, RecursionError):
            arguments = None
        if not isinstance(arguments, dict):
            raise CloudFailed(f"a call of {call.name!r} whose arguments are no JSON object", away=False)
        known = self.bundle.manifest["label_slots"].get(names[call.name], [])
        slots = {slot: values for slot, given in arguments.items() if slot in known and (values := as_values(given))}
        return names[call.name], slots, None


def tool_schemas(bundle: Bundle, *, beyond: Iterable[str] = ("ask_cloud",)) -> list[dict]:
    """The bundle's labels as tools of the chat-completions API, each slot a list of strings; all but those beyond the
    device, which are answered in words."""
    text = {"type": "array", "items": {"type": "string"}}
    schemas = []
    for label in bundle.labels:
        if label in beyond:
            continue
        slots = {slot: text for slot in bundle.manifest["label_slots"].get(label, [])}
        parameters = {"type": "object", "properties": slots, "additionalProperties": False}
        function = {"name": tool_name(label), "description": label.replace("_", " "), "parameters": parameters}
        schemas.append({"type": "function", "function": function})
    return schemas


def tool_name(label: str) -> str:
    """A label as the API allows it for a name: letters, digits, `_` and `-`, at most 64."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", label)[:64]


def as_values(given: object) -> list[str]:
    """A slot's values: a list of texts, whatever a model makes of it; nested things are left out."""
    listed = given if isinstance(given, list) else [given]
    return [str(value) for value in listed if isinstance(value, str | int | float) and not isinstance(value, bool)]


def one_line(message: str) -> str:
    """A cloud's message, short enough to be shown."""
    return " ".join(message.split())[:200]
