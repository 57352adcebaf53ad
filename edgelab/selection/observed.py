"""A bundle's row of evidence: what it makes of a held-out split, request by request."""

from collections.abc import Mapping, Sequence

import numpy as np

from edgelab.bundle.predict import Bundle, Prediction
from edgelab.bundle.redaction import as_it_is, leaked
from edgelab.datasets.dataset import Split
from edgelab.datasets.slots import exact_match
from edgelab.selection.evidence import Evidence

STAKES = ("send_money", "place_order", "delete_data")  # of Pocket: they cost money, or cannot be undone
CLOUD = "ask_cloud"  # of Pocket: the model itself hands the request over


def observe(
    name: str,
    bundle: Bundle,
    split: Split,
    *,
    escalate_below: float = 0.0,
    latency_ms: Mapping[str, Sequence[float]] | None = None,
    memory_mb: float | None = None,
    coverage: float | None = None,
    ships: bool = True,
) -> Evidence:
    """The row of a bundle, its outcomes measured here and now. A private value leaves with a request that the bundle hands to
    the cloud: by its label, or because its score is below `escalate_below`.

    Data without slots have no calls and no private values; without Pocket's labels of high stakes there are none of those.
    """
    found = bundle.predict_many(list(split.texts))
    labels, gold = np.array([each.label for each in found]), np.array(split.labels)
    calls = private = None
    if split.spans is not None:
        triples = zip(split.texts, found, split.spans, strict=True)
        calls = (labels == gold) & np.array([exact_match(text, each.spans, spans) for text, each, spans in triples])
        held = [leaked(as_it_is(text), spans) > 0 for text, spans in zip(split.texts, split.spans, strict=True)]
        private = np.array(held) & ((labels == CLOUD) | (sureness(found) < escalate_below))
    stakes = np.isin(labels, STAKES) & (labels != gold) if set(STAKES) & set(bundle.labels) else None
    return Evidence(
        name,
        labels == gold,
        bundle.size_bytes,
        right_call=calls,
        high_stakes_wrong=stakes,
        private_sent=private,
        latency_ms=latency_ms or {},
        memory_mb=memory_mb,
        coverage=coverage,
        ships=ships,
    )


def sureness(found: Sequence[Prediction]) -> np.ndarray:
    """How sure a bundle is of each of its answers: the largest probability, [texts]."""
    return np.array([each.confidence for each in found])
