"""What the tests of the cloud and of the assistant start it with, and how they ask."""

from pathlib import Path

from edgelab.cloud.client import STAND_IN
from edgelab.cloud.network import Network

POCKET = Path(__file__).parents[1] / "data" / "bundles" / "pocket"
AT_ONCE = Network(round_trip_ms=0, jitter=0)


def ask(client, text, **changes):
    request = {"model": STAND_IN, "messages": [{"role": "user", "content": text}]}
    return client.chat.completions.create(**request | changes)
