"""What a policy does to traffic: accuracy, share escalated, cost, latency, private values sent, high stakes caught."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgelab.bundle.evaluation import calls_right
from edgelab.bundle.predict import Bundle
from edgelab.datasets.slots import Span, exact_match
from edgelab.routing.policy import DEGRADED, Policy, Rules, decide_all, decide_one, policy_scores
from edgelab.stats.intervals import Interval, accuracy_interval

ASK = "ask_cloud"  # Pocket's label of open questions: a local answer to one is wrong by definition


@dataclass(frozen=True)
class Traffic:
    """Requests with what both sides make of them. `logits` [requests, labels] are the deployed model's, `device_ms` its
    measured latencies; `private` counts the private values in each text. `slots_right` is whether the device has every
    slot of a text right, bool [requests]; None: nobody marked them."""

    texts: tuple[str, ...]
    gold: np.ndarray
    labels: tuple[str, ...]
    logits: np.ndarray
    device_ms: np.ndarray
    cloud_labels: np.ndarray
    cloud_right: np.ndarray
    private: np.ndarray
    slots_right: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def device_labels(self) -> np.ndarray:
        """The device's own label of each request, text [requests]."""
        return np.array(self.labels)[self.logits.argmax(1)]

    @property
    def device_right(self) -> np.ndarray:
        """Whether the device's own call is the one that was meant, bool [requests]; never for an open question."""
        return (self.device_labels == self.gold) & (self.gold != ASK)

    @property
    def device_calls(self) -> np.ndarray:
        """Whether the device's call is right as a whole, with every slot, bool [requests].

        Raises:
            ValueError: nobody marked the slots.
        """
        if self.slots_right is None:
            raise ValueError("expected traffic with its slots marked, found none: no call can be judged")
        return calls_right(self.device_right, self.slots_right)

    def where(self, keep: np.ndarray) -> "Traffic":
        """The requests that the bool array [requests] keeps."""
        columns = {
            name: getattr(self, name)[keep]
            for name in ("gold", "logits", "device_ms", "cloud_labels", "cloud_right", "private")
        }
        slots = None if self.slots_right is None else self.slots_right[keep]
        texts = tuple(t for t, kept in zip(self.texts, keep, strict=True) if kept)
        return Traffic(texts, labels=self.labels, slots_right=slots, **columns)


def collect(
    bundle: Bundle,
    texts: Sequence[str],
    gold: Sequence[str] | np.ndarray,
    cloud_labels: Sequence[str] | np.ndarray,
    *,
    success: float,
    spans: Sequence[tuple[Span, ...]] | None = None,
    private: Sequence[int] | np.ndarray | None = None,
    seed: int = 0,
) -> Traffic:
    """Ask the bundle every text, and set beside it what the cloud answers.

    Args:
        gold: the label that was meant, of each text.
        cloud_labels: the strong model's label of each text. To an open question the cloud gives an answer instead of a
            call, which is good with probability `success`, drawn with `seed`.
        spans: the slots that were meant, of each text; None: nobody marked them.
        private: private values in each text; none by default.
    """
    predictions = [bundle.predict(text) for text in texts]
    gold, cloud_labels = np.array(gold), np.array(cloud_labels)
    good = np.random.default_rng(seed).random(len(gold)) < success
    slots = None
    if spans is not None:
        triples = zip(texts, predictions, spans, strict=True)
        slots = np.array([exact_match(text, found.spans, marked) for text, found, marked in triples])
    return Traffic(
        tuple(texts),
        gold,
        bundle.labels,
        np.stack([p.intent_logits for p in predictions]),
        np.array([p.latency_ms for p in predictions]),
        np.where(gold == ASK, ASK, cloud_labels),
        np.where(gold == ASK, good, cloud_labels == gold),
        np.zeros(len(gold), dtype=int) if private is None else np.asarray(private),
        slots,
    )


@dataclass(frozen=True)
class Terms:
    """What the world asks, in whose hands the policy is not.

    Args:
        price: of 1,000 requests to the cloud, in any currency.
        round_trip_ms: median time to the cloud and back, emulated, as `cloud.network.Network` emulates it.
        jitter: the standard deviation of the logarithm of that time.
        outage: the share of requests that meet no network.
        stakes: labels whose calls cost money or cannot be undone.
    """

    price: float = 1.0
    round_trip_ms: float = 80.0
    jitter: float = 0.3
    outage: float = 0.0
    stakes: tuple[str, ...] = ("send_money", "place_order", "delete_data")


@dataclass(frozen=True)
class Outcome:
    """A policy's metrics on some traffic.

    Args:
        accuracy: share of requests that got the right call or a good answer, with its interval.
        right: the same, bool [requests].
        kept_calls: of the requests that stay on the device, the share whose call is right as a whole, with its slots;
            None where none stay, or nobody marked the slots.
        escalated, refused, degraded, asked: shares of the requests; `asked` are those confirmed by the user.
        cost: of 1,000 requests.
        latency_ms: of every request, [requests]: measured on the device, plus the emulated round trip if escalated.
        private_sent: private values that left the device, for 1,000 requests.
        beyond_found: share of the open questions that were escalated, with its interval; None without any.
        stakes_wrong: high-stakes calls that nobody had asked for.
        stakes_unasked: those of them that would be carried out without asking the user.
    """

    accuracy: Interval
    right: np.ndarray
    kept_calls: Interval | None
    escalated: float
    refused: float
    degraded: float
    asked: float
    cost: float
    latency_ms: np.ndarray
    private_sent: float
    beyond_found: Interval | None
    stakes_wrong: int
    stakes_unasked: int

    def row(self) -> dict[str, str]:
        """The metrics to read, in a table's row."""
        p50, p95 = np.percentile(self.latency_ms, (50, 95))
        caught = self.stakes_wrong - self.stakes_unasked
        return {
            "accuracy, %": _percent(self.accuracy),
            "of the calls kept, right with slots, %": "-" if self.kept_calls is None else _percent(self.kept_calls),
            "escalated, %": f"{100 * self.escalated:.1f}",
            "open questions escalated, %": "-" if self.beyond_found is None else _percent(self.beyond_found),
            "cost of 1,000": f"{self.cost:.2f}",
            "p50, ms": f"{p50:.1f}",
            "p95, ms": f"{p95:.0f}",
            "private values sent, of 1,000": f"{self.private_sent:.0f}",
            "user asked, %": f"{100 * self.asked:.1f}",
            "wrong high-stakes calls caught": f"{caught} of {self.stakes_wrong}",
        }


def _percent(interval: Interval) -> str:
    return f"{100 * interval.value:.1f} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def outcome(policy: Policy, traffic: Traffic, terms: Terms, *, seed: int = 0, rules: Rules = decide_one) -> Outcome:
    """Apply the policy to every request; `rules` make the decisions of it."""
    generator = np.random.default_rng(seed)
    n = len(traffic)
    online = generator.random(n) >= terms.outage
    round_trip = terms.round_trip_ms * np.exp(terms.jitter * generator.standard_normal(n))
    decisions = decide_all(policy, traffic.logits, traffic.labels, online=online, rules=rules)
    cloud = np.array([d.where == "cloud" for d in decisions])
    refused = np.array([d.where == "refuse" for d in decisions])
    answered = np.where(cloud, traffic.cloud_labels, traffic.device_labels)
    right = np.where(cloud, traffic.cloud_right, traffic.device_right) & ~refused
    # What the cloud calls is confirmed by the same list, whatever the device had made of the request.
    listed = np.isin(answered, policy.confirm) & cloud
    asked = np.array([d.confirm for d in decisions]) | listed
    wrong_call = np.isin(answered, terms.stakes) & ~right & ~refused
    question, kept = traffic.gold == ASK, ~cloud & ~refused
    calls = None if traffic.slots_right is None or not kept.any() else accuracy_interval(traffic.device_calls[kept])
    return Outcome(
        accuracy_interval(right),
        right,
        calls,
        float(cloud.mean()),
        float(refused.mean()),
        float(np.mean([d.reason == DEGRADED for d in decisions])),
        float(asked.mean()),
        float(terms.price * cloud.mean()),
        traffic.device_ms + np.where(cloud, round_trip, 0.0),
        float(1000 * (traffic.private * cloud).sum() / n),
        accuracy_interval(cloud[question]) if question.any() else None,
        int(wrong_call.sum()),
        int((wrong_call & ~asked).sum()),
    )


def reasons(policy: Policy, traffic: Traffic) -> dict[str, int]:
    """How many requests each reason decides, the most frequent first."""
    found = [d.reason for d in decide_all(policy, traffic.logits, traffic.labels)]
    return dict(sorted(((r, found.count(r)) for r in set(found)), key=lambda item: (-item[1], item[0])))


def routing_score(policy: Policy, traffic: Traffic) -> np.ndarray:
    """The policy's order of escalation, [requests]: its score, and below all others what it holds to be beyond."""
    score = policy_scores(policy, traffic.logits)
    return np.where(np.isin(traffic.device_labels, policy.beyond), score.min() - 1, score)


def user_phrases(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Texts and labels of the test lines in `data/pocket/users`: people's own words for tools that Pocket has; commands
    marked `new` are left out."""
    texts, labels = [], []
    for file in sorted(folder.glob("*.txt")):
        label = "new"
        for line in file.read_text("utf-8").splitlines():
            if line.startswith("## "):
                label = line.split(" -> ")[1].split()[0]
            elif line.startswith("test: ") and label != "new":
                texts.append(line.removeprefix("test: "))
                labels.append(label)
    return tuple(texts), tuple(labels)
