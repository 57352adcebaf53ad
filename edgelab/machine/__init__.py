"""The machine that numbers are taken on."""

from edgelab.machine.host import FEATURES, Host
from edgelab.machine.memory import PeakMemory

__all__ = ["FEATURES", "Host", "PeakMemory"]
