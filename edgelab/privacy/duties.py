"""Which duties follow from where data is: rows of `data/figures/duties.csv`, each with its source."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Duty:
    """What a law asks of whoever decides about the data, and where it says so. `location` is where the data is: device,
    cloud, telemetry (noisy reports), training, model."""

    location: str
    law: str
    article: str
    duty: str
    applies_when: str
    source: str


def duties(location: str | None = None) -> tuple[Duty, ...]:
    """All rows, or those of one location."""
    raise NotImplementedError
