"""What a million requests cost, served on the device, in the cloud, or by both; and from which volume on one is cheaper.

Pure arithmetic on assumptions: `ASSUMPTIONS` says of each where it comes from. Nothing here is measured but what is handed over
in a `Way`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Prices:
    """What things cost, in dollars; `ASSUMPTIONS` has the unit and the origin of each."""

    cloud_in: float = 0.15
    cloud_out: float = 0.60
    tokens_in: float = 900.0
    tokens_out: float = 40.0
    delivery_gb: float = 0.05
    updates_a_year: float = 4.0
    requests_a_device: float = 300.0
    device_watts: float = 2.0
    electricity_kwh: float = 0.25
    battery: float = 60.0
    battery_wh: float = 19.0
    battery_cycles: float = 800.0
    engineer_day: float = 600.0
    edge_days: float = 40.0
    edge_days_a_month: float = 2.0
    cloud_days: float = 10.0
    cloud_days_a_month: float = 0.5
    months: float = 24.0
    wrong: float = 0.0


ASSUMPTIONS: dict[str, tuple[str, str]] = {}  # field -> unit, where the value comes from


@dataclass(frozen=True)
class Way:
    """One way to serve, as measured: edge (`escalated` 0), cloud (`escalated` 1, no bundle), hybrid (between).

    Args:
        escalated: share of requests that go to the cloud.
        wrong: share of requests answered wrongly.
        bundle_mb: what each device downloads; 0: nothing runs there.
        device_ms: time that a request keeps the device busy, on average over all requests.
    """

    name: str
    escalated: float
    wrong: float = 0.0
    bundle_mb: float = 0.0
    device_ms: float = 0.0


def running(way: Way, prices: Prices) -> dict[str, float]:
    """Dollars for a million requests, whatever the volume, item by item: cloud tokens, delivery of bundles and updates,
    electricity, wear of the battery, wrong answers."""
    raise NotImplementedError


def fixed(way: Way, prices: Prices) -> dict[str, float]:
    """Dollars a month that do not depend on the volume: building it, spread over `months`, and keeping it running."""
    raise NotImplementedError


def cost_per_million(way: Way, prices: Prices, requests_a_month: float) -> dict[str, float]:
    """Both together for a million requests at this volume, item by item; their sum is the total."""
    raise NotImplementedError


def break_even(way: Way, other: Way, prices: Prices) -> float:
    """Requests a month from which on `way` is cheaper than `other`: 0 if it always is, infinite if it never is.

    Raises:
        ValueError: it is cheaper *below* a volume, and not above: ask the other way round.
    """
    raise NotImplementedError
