"""The cloud as the device sees it: a client, and a stand-in that answers on this machine."""

from edgelab.cloud.breaker import Breaker
from edgelab.cloud.client import CloudError, client_from, start_cloud
from edgelab.cloud.network import Network, NetworkError

__all__ = ["Breaker", "CloudError", "Network", "NetworkError", "client_from", "start_cloud"]
