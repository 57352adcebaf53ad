"""What redaction hides, measured: recall of private values, what is hidden without need, and what it costs the cloud."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgelab.bundle.evaluation import calls_right
from edgelab.bundle.predict import Bundle, Prediction
from edgelab.bundle.redaction import CAUTION, PRIVATE_SLOTS, Redacted, as_it_is, leaked, private_spans, redact, restore
from edgelab.datasets.dataset import Split
from edgelab.datasets.slots import Span, slot_values
from edgelab.stats.bootstrap import bootstrap, paired_difference
from edgelab.stats.intervals import Interval, accuracy_interval


@dataclass(frozen=True)
class Recall:
    """Of `spans` true private values the share that was `hidden` whole, with Wilson's interval; `by_slot` the same of each
    slot that occurs. `needless` is the share of the letters and digits outside of them that was hidden, too; its interval is
    by bootstrap over the texts."""

    hidden: Interval
    spans: int
    by_slot: dict[str, Interval]
    needless: Interval


@dataclass(frozen=True)
class HidingCost:
    """What the cloud gets right of texts as they are, and of redacted ones once the values are put back: labels, and whole
    calls (label and every slot). `lost` is the paired difference, redacted minus plain, so a loss is below 0."""

    label_plain: Interval
    label_redacted: Interval
    label_lost: Interval
    calls_plain: Interval
    calls_redacted: Interval
    calls_lost: Interval


def redact_all(bundle: Bundle, texts: Sequence[str], *, at_least: float = CAUTION) -> list[Redacted]:
    """Each text as it would leave: by the bundle's own tagger, as cautious as `redaction.private_spans` has it, and by the
    rules of shape."""
    return [redact(text, private_spans(bundle, bundle.predict(text), at_least=at_least)) for text in texts]


def private_recall(redacted: Sequence[Redacted], split: Split, private: Iterable[str] = PRIVATE_SLOTS) -> Recall:
    """What of a split's true private values was hidden; `redacted` are its texts, in order.

    Raises:
        ValueError: other texts, or no private value among them.
    """
    wanted = tuple(private)
    gold = _marked(redacted, split)
    hidden: dict[str, list[bool]] = {}
    outside, needless = [], []
    for each, spans in zip(redacted, gold, strict=True):
        of_private = [span for span in spans if span.name in wanted]
        for span in of_private:
            hidden.setdefault(span.name, []).append(leaked(each, [span], wanted) == 0)
        rest = _letters(each.original) - _within(of_private)
        outside.append(len(rest))
        needless.append(len(rest & _within(each.spans)))
    together = [one for of_slot in hidden.values() for one in of_slot]
    if not together:
        raise ValueError(f"expected values of {', '.join(wanted)}, found none")
    return Recall(
        accuracy_interval(np.array(together)),
        len(together),
        {name: accuracy_interval(np.array(of_slot)) for name, of_slot in sorted(hidden.items())},
        bootstrap(lambda part, whole: part.sum() / max(whole.sum(), 1), np.array(needless), np.array(outside)),
    )


def cost_of_hiding(cloud: Bundle, redacted: Sequence[Redacted], split: Split) -> HidingCost:
    """What redaction costs a cloud that answers with this bundle, such as the teacher's.

    A `ValueError` where these are other texts than the split's.
    """
    gold = _marked(redacted, split)
    plain = [as_it_is(text) for text in split.texts]
    # Each text is asked once: what redaction left as it is has the same answer.
    answers = {text: cloud.predict(text) for text in dict.fromkeys(each.text for each in (*plain, *redacted))}
    measured = []
    judged = (_right(answers, sent, split.labels, gold) for sent in (plain, redacted))
    for before, after in zip(*judged, strict=True):
        lost = paired_difference(after.astype(float), before.astype(float))
        measured += [accuracy_interval(before), accuracy_interval(after), lost]
    return HidingCost(*measured)


def _right(
    answers: Mapping[str, Prediction], sent: Sequence[Redacted], labels: Sequence[str], gold: Sequence[tuple[Span, ...]]
) -> tuple[np.ndarray, np.ndarray]:
    """Whether the cloud gets each label, and each whole call, bool [texts]."""
    found = [answers[each.text] for each in sent]
    label = np.array([answer.label == expected for answer, expected in zip(found, labels, strict=True)])
    slots = [
        _plain(restore(slot_values(each.text, answer.spans), each)) == _plain(slot_values(each.original, spans))
        for each, answer, spans in zip(sent, found, gold, strict=True)
    ]
    return label, calls_right(label, np.array(slots))


def _plain(slots: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Slots and values as `slots.exact_match` compares them: case and outer punctuation do not count."""
    return sorted((name, value.lower().strip(" .,!?;:'\"")) for name, values in slots.items() for value in values)


def _marked(redacted: Sequence[Redacted], split: Split) -> tuple[tuple[Span, ...], ...]:
    """The true values of each text.

    Raises:
        ValueError: these are other texts, or nobody marked them.
    """
    if split.spans is None or [each.original for each in redacted] != list(split.texts):
        raise ValueError("expected the texts of a split with marked values, redacted, in order")
    return split.spans


def _letters(text: str) -> set[int]:
    return {i for i, letter in enumerate(text) if letter.isalnum()}


def _within(spans: Iterable[Span]) -> set[int]:
    return {i for span in spans for i in range(span.start, span.end)}
