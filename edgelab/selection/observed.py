"""A bundle's row of evidence: what it makes of a held-out split, request by request."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edgelab.bundle.predict import Bundle, Prediction
from edgelab.bundle.redaction import as_it_is, leaked
from edgelab.datasets.dataset import Split
from edgelab.datasets.slots import exact_match
from edgelab.selection.evidence import Evidence
from edgelab.selection.form import Requirements

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


def asked_of(form: Mapping[str, Any], rows: Sequence[Evidence]) -> Requirements:
    """The form as it can be asked of these rows. Data without slots have no calls: there its bound is one on labels; and what was
    measured of no row, private values or high stakes, is not asked."""
    asked, row = dict(form), rows[0]
    if row.right_call is None and asked.get("min_calls") is not None:
        asked["min_accuracy"] = asked.pop("min_calls")
    for field, column in (("max_private", row.private_sent), ("max_high_stakes", row.high_stakes_wrong)):
        if column is None:
            asked.pop(field, None)
    return Requirements.of(asked)


def sureness(found: Sequence[Prediction]) -> np.ndarray:
    """How sure a bundle is of each of its answers: the largest probability, [texts]."""
    return np.array([each.confidence for each in found])
