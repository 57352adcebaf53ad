"""Cases and mistakes of the exercises on money: `bills`, `break_even`."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.selection.by_hand import bills
from edgelab.selection.costs import Prices, Way, break_even, fixed, running

# --- bills -----------------------------------------------------------------------------------------


def _drawn(rng: np.random.Generator) -> Prices:
    def between(low: float, high: float) -> float:
        return round(float(rng.uniform(low, high)), 3)

    return replace(
        Prices(),
        cloud_in=between(0.1, 3),
        cloud_out=between(0.4, 15),
        tokens_in=between(100, 2000),
        tokens_out=between(10, 200),
        delivery_gb=between(0.01, 0.1),
        updates_a_year=between(1, 12),
        requests_a_device=between(50, 1000),
    )


def _ways(rng: np.random.Generator) -> Iterator[tuple]:
    for _ in range(4):
        yield Way("hybrid", float(rng.uniform(0.05, 0.6)), bundle_mb=float(rng.uniform(0.2, 30))), _drawn(rng)
    yield Way("edge", 0.0, bundle_mb=float(rng.uniform(0.2, 30))), _drawn(rng)
    yield Way("cloud", 1.0), _drawn(rng)


def _scaled(tokens: float = 1.0, delivery: float = 1.0) -> Callable[[Way, Prices], tuple[float, float]]:
    def wrong(way: Way, prices: Prices) -> tuple[float, float]:
        of_tokens, of_delivery = bills(way, prices)
        return of_tokens * tokens, of_delivery * delivery

    return wrong


def _kept(way: Way, prices: Prices) -> tuple[float, float]:
    return bills(replace(way, escalated=1 - way.escalated), prices)


BILLS = (
    Mistake(
        "a million twice",
        _scaled(tokens=1e6),
        "the price is for a million tokens and the bill for a million requests: the two millions cancel out.",
    ),
    Mistake(
        "one request",
        _scaled(tokens=1e-6, delivery=1e-6),
        "that is the bill of one request: a million is asked for.",
    ),
    Mistake(
        "months for years",
        _scaled(delivery=12),
        "requests_a_device counts a MONTH, updates_a_year a YEAR: bring both to one.",
    ),
    Mistake(
        "megabytes for gigabytes",
        _scaled(delivery=1000),
        "the bundle is in megabytes, the price for a gigabyte.",
    ),
    Mistake(
        "what stays on the device",
        _kept,
        "the cloud is paid for what is ESCALATED, not for what stays.",
    ),
    Mistake(
        "all requests to the cloud",
        lambda way, prices: bills(replace(way, escalated=1.0), prices),
        "only the share that is escalated is paid for in tokens.",
    ),
    Mistake(
        "what goes in alone",
        lambda way, prices: (way.escalated * prices.tokens_in * prices.cloud_in, bills(way, prices)[1]),
        "the tokens that the cloud writes cost as well, and more each.",
    ),
    Mistake(
        "delivered once",
        lambda way, prices: (bills(way, prices)[0], bills(way, replace(prices, updates_a_year=1.0))[1]),
        "every update is fetched whole: how often a year?",
    ),
    Mistake(
        "the other way round",
        lambda way, prices: bills(way, prices)[::-1],
        "first the tokens, then the delivery.",
    ),
)


# --- break_even ------------------------------------------------------------------------------------


def _pairs(rng: np.random.Generator) -> Iterator[tuple]:
    cloud = Way("cloud", 1.0)
    for share in (0.0, 0.1, 0.4):
        yield (
            Way("hybrid", share, bundle_mb=float(rng.uniform(0.2, 30)), device_ms=float(rng.uniform(1, 20))),
            cloud,
            _drawn(rng),
        )
    yield (
        Way("hybrid", 1.0, bundle_mb=5.0, device_ms=2.0),
        cloud,
        _drawn(rng),
    )  # it escalates all and saves nothing: never
    free = replace(_drawn(rng), edge_days=0.0, edge_days_a_month=0.0)
    yield Way("edge", 0.0, bundle_mb=0.5, device_ms=1.0), cloud, free  # it costs less from the first request on
    # Against another way than the cloud: a small model with help, a large one without.
    dear = replace(_drawn(rng), cloud_in=0.15, cloud_out=0.6, delivery_gb=1.0)
    large = Way("edge", 0.0, bundle_mb=float(rng.uniform(800, 2000)), device_ms=15.0)
    yield Way("hybrid", 0.02, bundle_mb=2.0, device_ms=2.0), large, dear
    yield (
        cloud,
        Way("hybrid", 1.0, bundle_mb=5.0, device_ms=2.0),
        _drawn(rng),
    )  # less to build, less a request: at any volume
    # A request costs nothing on either: what is fixed decides, whatever the volume.
    nothing = replace(_drawn(rng), cloud_in=0.0, cloud_out=0.0, radio_joules=0.0, delivery_gb=0.0)
    both = Way("hybrid", 0.3, bundle_mb=5.0)
    yield both, cloud, nothing
    yield cloud, both, nothing
    yield both, both, nothing  # alike: cheaper at none


def _per_request(way: Way, prices: Prices) -> float:
    return sum(running(way, prices).values()) / 1e6


def _month(way: Way, prices: Prices) -> float:
    return sum(fixed(way, prices).values())


def _saved(way: Way, other: Way, prices: Prices) -> float:
    """What `way` saves on a request."""
    return _per_request(other, prices) - _per_request(way, prices)


def _where(extra: float, saved: float) -> float:
    """As it should be, of other figures."""
    if saved <= 0:
        return 0.0 if extra < 0 else float("inf")
    return max(0.0, extra / saved)


BREAK_EVEN = (
    Mistake(
        "in millions",
        lambda way, other, prices: break_even(way, other, prices) / 1e6,
        "running() is for a million requests: the answer is a number of requests.",
    ),
    Mistake(
        "the whole fixed cost",
        lambda way, other, prices: _where(_month(way, prices), _saved(way, other, prices)),
        "the other way has fixed costs as well: what counts is what this one costs MORE a month.",
    ),
    Mistake(
        "the whole price of a request",
        lambda way, other, prices: _where(_month(way, prices) - _month(other, prices), _per_request(other, prices)),
        "a request on this way is not free: what it SAVES is the difference.",
    ),
    Mistake(
        "below nothing",
        lambda way, other, prices: (_month(way, prices) - _month(other, prices)) / (_saved(way, other, prices)),
        "a negative number of requests: where it saves nothing on a request it never pays (infinity); where it is cheaper from the start, 0.",
    ),
    Mistake(
        "beside the cloud",
        lambda way, other, prices: break_even(way, Way("cloud", 1.0), prices),
        "that sets it beside the cloud, whatever `other` is.",
    ),
    Mistake(
        "nothing saved, so never",
        lambda way, other, prices: float("inf") if _saved(way, other, prices) <= 0 else break_even(way, other, prices),
        "where a request costs the same on both and this one costs less a month, it is cheaper at any volume: 0.",
    ),
    Mistake(
        "never is nothing",
        lambda way, other, prices: 0.0 if np.isinf(found := break_even(way, other, prices)) else found,
        "a way that saves nothing on a request is never cheaper: that is infinity, not 0.",
    ),
    Mistake(
        "a year",
        lambda way, other, prices: 12 * break_even(way, other, prices),
        "fixed() is a month's: so are the requests.",
    ),
    Mistake(
        "the other way's",
        lambda way, other, prices: _where(
            _month(other, prices) - _month(way, prices), _per_request(way, prices) - _per_request(other, prices)
        ),
        "the sides are swapped: from which volume on is `way` cheaper than `other`?",
    ),
)


def register(check: Checks) -> None:
    """Add both exercises to a notebook's registry."""
    check.function(
        bills,
        cases=_ways,
        nudge="Write the unit behind every number, and see which of them cancel out.",
        mistakes=BILLS,
    )
    check.function(
        break_even,
        cases=_pairs,
        nudge="What does the one way cost more in a month without a request, and what does it save with each?",
        mistakes=BREAK_EVEN,
    )
