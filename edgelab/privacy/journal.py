"""What a device keeps of its own requests: counts and a histogram of latencies, never a word. It is what a report is made of."""

import contextlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from edgelab.declarations import Stored
from edgelab.errors import UserError
from edgelab.workspace import write_atomic

DECLARED = (
    Stored(
        what="how many requests were answered, escalated and corrected, whether one crashed, and a histogram of latencies; "
        "no word of any request",
        where="{device}/journal.json",
        how_long="until the report of the period is made",
        about="user",
        part="pocket",
    ),
)
KEPT = ("escalated", "corrected", "crashed", "latency_ms")
MOST = 10**12  # requests of a period: more is no count
LATENCY_EDGES_MS = (5.0, 50.0, 200.0, 1000.0)


class JournalError(UserError):
    """The file cannot be written; what was counted is in memory alone."""


class Journal:
    """What a device keeps of its own requests, in `file` where one is given: counts, and a histogram over `edges_ms`."""

    def __init__(self, file: Path | None = None, *, edges_ms: tuple[float, ...] = LATENCY_EDGES_MS) -> None:
        self.file, self.edges_ms = file, edges_ms
        self._begin()
        if file is not None:
            # Not there, or damaged: a period's counts are no loss.
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
                kept = json.loads(file.read_text("utf-8"))
                counts = [kept["escalated"], kept["corrected"], *kept["latency_ms"]]
                sound = (
                    all(type(count) is int and 0 <= count <= MOST for count in counts) and type(kept["crashed"]) is bool
                )
                if sound and len(counts) == 2 + len(self.latency_ms):  # else of other edges
                    self._begin(**{name: kept[name] for name in KEPT})

    @property
    def requests(self) -> int:
        """How many were answered."""
        return sum(self.latency_ms)

    def note(self, latency_ms: float, *, escalated: bool = False, corrected: bool = False) -> None:
        """Count an answered request; `corrected`: the user undid it or said what was meant."""
        self.latency_ms[bin_of(latency_ms, self.edges_ms)] += 1
        self.escalated += escalated
        self.corrected += corrected
        self._write()

    def note_crash(self) -> None:
        """Keep in mind that a request ended without an answer."""
        self.crashed = True
        self._write()

    def answers(self, generator: np.random.Generator) -> dict[str, Any]:
        """The truth for `telemetry.POCKET_PLAN`; of the latencies the bin of one request, drawn at random.

        Raises:
            ValueError: no request was noted, so there is none to draw.
        """
        if not self.requests:
            raise ValueError("expected at least one request in the journal, found none")
        drawn = int(generator.choice(len(self.latency_ms), p=np.array(self.latency_ms) / self.requests))
        return {
            "crashed": self.crashed,
            "escalated": self.escalated,
            "corrected": self.corrected,
            "latency_ms": drawn,
        }

    def clear(self) -> None:
        """Forget all of it: after the period's report."""
        self._begin()
        if self.file is not None:
            self.file.unlink(missing_ok=True)

    def _begin(
        self,
        escalated: int = 0,
        corrected: int = 0,
        crashed: bool = False,
        latency_ms: list[int] | None = None,
    ) -> None:
        self.escalated, self.corrected, self.crashed = escalated, corrected, crashed
        self.latency_ms = latency_ms or [0] * (len(self.edges_ms) + 1)

    def _write(self) -> None:
        """Keep it.

        Raises:
            JournalError: it cannot be kept.
        """
        if self.file is None:
            return
        try:
            write_atomic(self.file, json.dumps({name: getattr(self, name) for name in KEPT}))
        except OSError as error:
            raise JournalError(f"{self.file}: cannot be written: {error.strerror}") from None


def bin_of(value: float, edges: tuple[float, ...]) -> int:
    """The bin that a value falls in: an edge belongs to the bin above it."""
    return int(np.searchsorted(edges, value, side="right"))
