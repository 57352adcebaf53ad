"""Which duties follow from where data is: rows of `data/figures/duties.csv`, each with its source.

A map to begin reading with, made by people who are no lawyers, of the laws as they were published: amendments and dates of
application are to be looked up at the source.
"""

import csv
from dataclasses import dataclass

from edgelab.workspace import data_home

LOCATIONS = ("device", "cloud", "telemetry", "training", "model")


@dataclass(frozen=True)
class Duty:
    """What a law asks of whoever decides about the data, when, and where it says so. `location` is where the data is, one of
    LOCATIONS; `telemetry` are the randomized reports, `model` is what was trained on data."""

    location: str
    law: str
    article: str
    duty: str
    applies_when: str
    source: str


def duties(location: str | None = None) -> tuple[Duty, ...]:
    """All rows, or those of one location.

    Raises:
        ValueError: it is none of LOCATIONS.
    """
    if location not in (None, *LOCATIONS):
        raise ValueError(f"expected one of {', '.join(LOCATIONS)}, found {location!r}")
    with open(data_home() / "figures" / "duties.csv", encoding="utf-8", newline="") as file:
        rows = [Duty(**row) for row in csv.DictReader(file)]
    return tuple(row for row in rows if location in (None, row.location))
