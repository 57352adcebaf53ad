"""What a model must clear to ship."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """What a model must clear: the lower end of its retention on validation; its bundle's size; its 95th percentile
    of latency, text in, label out. `retention_of` is "label", or "call": the label with all its slots; None leaves it to
    the data: a build takes calls where there are slots."""

    retention: float = 0.98
    max_mb: float | None = None
    max_p95_ms: float | None = None
    retention_of: str | None = None

    @property
    def measure(self) -> str:
        """What its retention is of: the label, unless calls were asked for."""
        return self.retention_of or "label"

    @property
    def limits(self) -> dict[str, float]:
        """As `selection.misses` reads them, on a model's card."""
        given = {
            f"min_lower end of {self.measure} retention": self.retention,
            "max_size in MB": self.max_mb,
            "max_p95 in ms": self.max_p95_ms,
        }
        return {name: bound for name, bound in given.items() if bound is not None}
