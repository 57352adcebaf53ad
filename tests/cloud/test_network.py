"""The emulated network: its draws, its outages, and what it loses on which way."""

import asyncio
from collections import Counter

import numpy as np
import pytest

from edgelab.cloud.network import COMPLETIONS, EmulatedNetwork, Network, NetworkError


def test_the_network_is_as_stated():
    network = Network(round_trip_ms=80, jitter=0.3, loss=0.1)
    generator = np.random.default_rng(0)
    trips = [network.draw(generator) for _ in range(20_000)]
    logs = np.log([trip.round_trip_ms for trip in trips])
    assert np.exp(np.median(logs)) == pytest.approx(80, rel=0.02) and logs.std() == pytest.approx(0.3, rel=0.03)
    lost = Counter(trip.lost for trip in trips)
    assert lost["request"] == pytest.approx(1000, rel=0.2) and lost["response"] == pytest.approx(1000, rel=0.2)


def test_the_same_seed_draws_the_same_and_one_parameter_leaves_the_others():
    def drawn(network, seed=0):
        generator = np.random.default_rng(seed)
        return [network.draw(generator) for _ in range(200)]

    base = drawn(Network(loss=0.1))
    assert drawn(Network(loss=0.1)) == base != drawn(Network(loss=0.1), seed=1)
    lossier = drawn(Network(loss=0.5))
    assert [t.round_trip_ms for t in lossier] == [t.round_trip_ms for t in base]
    assert all(more.lost == less.lost for more, less in zip(lossier, base, strict=True) if less.lost)
    assert {trip.round_trip_ms for trip in drawn(Network(round_trip_ms=50, jitter=0))} == {50}


@pytest.mark.parametrize(
    "name, value",
    [("round_trip_ms", -1), ("round_trip_ms", float("nan")), ("round_trip_ms", "80"), ("jitter", 4), ("loss", 1.1),
     ("loss", None), ("outage", (5, 1)), ("outage", (1,)), ("outage", 3)],
)  # fmt: skip
def test_a_parameter_out_of_range_is_named(name, value):
    with pytest.raises(NetworkError, match=f"network, {name}: expected .*, found"):
        Network(**{name: value})


def test_the_network_says_what_it_is():
    text = str(Network(round_trip_ms=60, jitter=0.2, loss=0.05, outage=(3, 7.5)))
    assert text == "round trip 60 ms (median, log-normal, sigma 0.2), loss 5 %, outage from second 3 to 7.5"


def through(network, seconds):
    """Which of the tries at these seconds reach the application behind an emulated network, and the counts."""
    reached, now = [], iter(seconds)

    async def app(scope, receive, send):
        reached[-1] = True
        await send({"type": "http.response.start", "status": 204, "headers": []})

    async def run():
        traffic = Counter()
        emulated = EmulatedNetwork(app, network, traffic, seed=0, clock=lambda: next(now))
        for _ in seconds:
            reached.append(False)
            sent = []

            async def send(message, sent=sent):
                sent.append(message["status"])

            await emulated({"type": "http", "path": COMPLETIONS}, None, send)
            assert len(sent) == 1
        return traffic

    return reached, asyncio.run(run())


def test_an_outage_in_seconds_after_the_first_try():
    reached, traffic = through(Network(0, 0, outage=(2, 4)), [100, 101.9, 102, 103.9, 104, 110])
    assert reached == [True, True, False, False, True, True]
    assert traffic["arrived"] == 6 and traffic["refused"] == 2


def test_a_lost_answer_was_carried_out_a_lost_request_was_not():
    reached, traffic = through(Network(0, 0, loss=1), range(200))
    assert traffic["lost_responses"] == sum(reached) and traffic["lost_requests"] == 200 - sum(reached)
    assert 50 < sum(reached) < 150
