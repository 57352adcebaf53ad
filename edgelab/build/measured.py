"""A model in the form that ships and what was measured of it."""

from dataclasses import dataclass
from pathlib import Path

from edgelab.bundle.answers import Answers
from edgelab.measurement.bundles import Timing
from edgelab.stats.intervals import Interval
from edgelab.workspace import folder_bytes


@dataclass(frozen=True)
class Measured:
    """A model in the form that ships and what was measured of it; `answers` and `retention` (of labels and of calls, as
    `Answers.retention` gives it) are on validation."""

    name: str
    folder: Path
    answers: Answers
    retention: dict[str, Interval]
    timing: Timing

    @property
    def size_bytes(self) -> int:
        """The whole bundle's."""
        return folder_bytes(self.folder)

    @property
    def card(self) -> dict[str, float]:
        """What `selection.bar.Bar.limits` bounds."""
        return {
            **{f"lower end of {of} retention": interval.low for of, interval in self.retention.items()},
            "size in MB": self.size_bytes / 1e6,
            "p95 in ms": self.timing.with_tokenizer.percentile(95),
        }
