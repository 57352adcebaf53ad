"""What redaction hides, measured: recall of private spans, what is hidden without need, and what it costs the cloud."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgelab.bundle.predict import Bundle
from edgelab.bundle.redaction import CAUTION, Redacted
from edgelab.datasets.dataset import Split
from edgelab.stats.intervals import Interval


@dataclass(frozen=True)
class Recall:
    """Of `spans` true private values of a split the share that was hidden whole; by slot; `needless` is the share of the
    letters and digits of other text that was hidden, too. Intervals by bootstrap over the texts."""

    hidden: Interval
    spans: int
    by_slot: dict[str, Interval]
    needless: Interval


@dataclass(frozen=True)
class HidingCost:
    """What the cloud gets right of texts as they are, and redacted (its answers' values put back): labels, and whole calls
    (label and slots). `lost` is the paired difference, redacted minus plain."""

    label_plain: Interval
    label_redacted: Interval
    label_lost: Interval
    calls_plain: Interval
    calls_redacted: Interval
    calls_lost: Interval


def redact_all(bundle: Bundle, texts: Sequence[str], *, at_least: float = CAUTION) -> list[Redacted]:
    """Each text as it would leave, by the bundle's own tagger and the rules of shape."""
    raise NotImplementedError


def private_recall(redacted: Sequence[Redacted], split: Split) -> Recall:
    """What of a split's true private values was hidden; `redacted` are its texts, in order."""
    raise NotImplementedError


def cost_of_hiding(cloud: Bundle, redacted: Sequence[Redacted], split: Split) -> HidingCost:
    """What redaction costs a cloud that answers with this bundle (such as the teacher's); of texts that redaction left as
    they are the answer is the same."""
    raise NotImplementedError
