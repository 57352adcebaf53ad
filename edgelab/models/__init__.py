"""The encoder, the models on it, their training, and what they say."""

from edgelab.models.outputs import Outputs
from edgelab.models.spec import Spec
from edgelab.models.trained import Trained
from edgelab.models.weights import WeightsError

__all__ = ["Outputs", "Spec", "Trained", "WeightsError"]
