"""What a million requests cost, served on the device, in the cloud, or by both; and from which volume on one is cheaper.

Arithmetic on assumptions, which `ASSUMPTIONS` names one by one: put your own in. Measured is only what a `Way` is given. Who pays is
not the same for each item: electricity and battery are the user's.
"""

from dataclasses import dataclass

MILLION = 1_000_000
JOULES_A_KWH = 3.6e6


@dataclass(frozen=True)
class Prices:
    """What things cost, in dollars; `ASSUMPTIONS` has the unit and the origin of each.

    Raises:
        ValueError: one below 0; or 0 where it is divided by.
    """

    cloud_in: float = 0.15
    cloud_out: float = 0.60
    tokens_in: float = 900.0
    tokens_out: float = 40.0
    radio_joules: float = 1.0
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

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            divides = name in ("requests_a_device", "battery_wh", "battery_cycles", "months")
            if not (value > 0 if divides else value >= 0):
                raise ValueError(f"{name} is {value!r}: expected a number {'above' if divides else 'from'} 0")


_MADE_UP = "assumption: an order of magnitude to start from"
ASSUMPTIONS: dict[str, tuple[str, str]] = {
    "cloud_in": ("$ per million input tokens", "assumption: a small hosted model; price lists change, read yours"),
    "cloud_out": ("$ per million output tokens", "assumption: the same"),
    "tokens_in": ("input tokens of a request", "assumption: the tools' descriptions are sent with each request"),
    "tokens_out": ("output tokens of a request", "assumption: one call in JSON"),
    "radio_joules": ("J of the device's radio, a cloud request", _MADE_UP),
    "delivery_gb": ("$ per GB delivered to devices", "assumption: a content delivery network; read your contract"),
    "updates_a_year": ("downloads of the bundle, a device and year", "assumption: a release each quarter"),
    "requests_a_device": ("requests of a device, a month", "assumption: ten a day"),
    "device_watts": ("W of a device while it computes", "assumption: 05 says why no virtual machine can measure it"),
    "electricity_kwh": ("$ per kWh", _MADE_UP),
    "battery": ("$ of a new battery, put in", _MADE_UP),
    "battery_wh": ("Wh of a full battery", "assumption: 5,000 mAh at 3.85 V"),
    "battery_cycles": (
        "full cycles of a battery's life",
        "the least that Regulation (EU) 2023/1670 asks of a smartphone",
    ),
    "engineer_day": ("$ of an engineer's day", _MADE_UP),
    "edge_days": ("days to build the edge part", _MADE_UP),
    "edge_days_a_month": ("days a month to keep it", _MADE_UP),
    "cloud_days": ("days to build the cloud part", _MADE_UP),
    "cloud_days_a_month": ("days a month to keep it", _MADE_UP),
    "months": ("months over which building is spread", _MADE_UP),
    "wrong": ("$ of a wrong answer", "0: nobody has priced it; the cheapest way to be wrong wins until somebody does"),
}


@dataclass(frozen=True)
class Way:
    """One way to serve, as measured: edge (`escalated` 0), cloud (`escalated` 1, no bundle), hybrid (between).

    Args:
        escalated: share of requests that go to the cloud.
        wrong: share of requests answered wrongly.
        bundle_mb: what each device downloads; 0: nothing runs there.
        device_ms: time that a request keeps the device busy, on average over all requests.

    Raises:
        ValueError: a share outside of 0 to 1, or a size or time below 0.
    """

    name: str
    escalated: float
    wrong: float = 0.0
    bundle_mb: float = 0.0
    device_ms: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.escalated <= 1 and 0 <= self.wrong <= 1 and self.bundle_mb >= 0 and self.device_ms >= 0):
            raise ValueError(f"expected shares from 0 to 1, megabytes and milliseconds from 0; found {self}")


def joules(way: Way, prices: Prices) -> float:
    """What a request takes out of the device's battery, on average."""
    return prices.device_watts * way.device_ms / 1000 + prices.radio_joules * way.escalated


def battery_share(way: Way, prices: Prices, requests: float) -> float:
    """The share of a full battery that so many requests take."""
    return joules(way, prices) * requests / (prices.battery_wh * 3600)


def running(way: Way, prices: Prices) -> dict[str, float]:
    """Dollars for a million requests, whatever the volume, item by item."""
    a_call = (prices.tokens_in * prices.cloud_in + prices.tokens_out * prices.cloud_out) / MILLION
    device_months = MILLION / prices.requests_a_device
    delivered_gb = way.bundle_mb / 1000 * prices.updates_a_year / 12 * device_months
    return {
        "cloud": MILLION * way.escalated * a_call,
        "delivery": delivered_gb * prices.delivery_gb,
        "electricity": MILLION * joules(way, prices) / JOULES_A_KWH * prices.electricity_kwh,
        "battery": battery_share(way, prices, MILLION) / prices.battery_cycles * prices.battery,
        "wrong answers": MILLION * way.wrong * prices.wrong,
    }


def fixed(way: Way, prices: Prices) -> dict[str, float]:
    """Dollars a month that do not depend on the volume: building it, spread over `months`, and keeping it running. A hybrid has
    both parts to build and to keep."""
    edge, cloud = float(way.bundle_mb > 0), float(way.escalated > 0)
    building = (edge * prices.edge_days + cloud * prices.cloud_days) / prices.months
    keeping = edge * prices.edge_days_a_month + cloud * prices.cloud_days_a_month
    return {"building": building * prices.engineer_day, "keeping": keeping * prices.engineer_day}


def cost_per_million(way: Way, prices: Prices, requests_a_month: float) -> dict[str, float]:
    """Both together for a million requests at this volume, item by item; their sum is the total.

    Raises:
        ValueError: no requests to spread what is fixed over.
    """
    if not requests_a_month > 0:
        raise ValueError(f"expected requests a month above 0, found {requests_a_month}")
    spread = {item: MILLION * dollars / requests_a_month for item, dollars in fixed(way, prices).items()}
    return running(way, prices) | spread


def break_even(way: Way, other: Way, prices: Prices) -> float:
    """Requests a month from which on `way` is cheaper than `other`: 0 if it is at any volume, infinite if at none.

    Raises:
        ValueError: it is cheaper *below* a volume, and not above: ask the other way round.
    """
    saved = sum(running(other, prices).values()) - sum(running(way, prices).values())
    more = sum(fixed(way, prices).values()) - sum(fixed(other, prices).values())
    if saved > 0:
        return max(0.0, MILLION * more / saved)
    if saved < 0 and more < 0:
        below = MILLION * more / saved
        raise ValueError(f"expected {way.name} to be cheaper from a volume on; it is below {below:,.0f} a month only")
    return 0.0 if more < 0 else float("inf")
