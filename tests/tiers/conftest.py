"""The public table, read once a run from the copy beside the project, and a few rows written by hand."""

import pandas as pd
import pytest

from benchmarks.pocket_card import SHARED, public_data
from edgelab.tiers import ai_hub
from tests.mirrors import mirror

__all__ = ["mirror"]


@pytest.fixture(scope="session")
def public(shared):
    if not SHARED.is_dir():
        pytest.skip(f"the public data is not at {SHARED}")
    with pytest.MonkeyPatch.context() as patch, public_data():
        patch.setenv("EDGELAB_HOME", str(shared("tiers-home")))
        return ai_hub.load()


@pytest.fixture(scope="session")
def table(public):
    return public.rows


@pytest.fixture
def rows():
    """make(row, row, ...): rows of the table's columns from what differs from a plain one."""
    plain = {
        "model": "m",
        "component": "M",
        "precision": "float",
        "runtime": "onnx",
        "device": "phone",
        "chipset": "chip",
        "tier": "flagship",
        "qairt": "2.42.0",
        "latency_ms": 10.0,
        "memory_mb": 100.0,
        "memory_min_mb": 0.0,
        "npu": 10,
        "gpu": 0,
        "cpu": 0,
    }

    def make(*changes):
        return ai_hub.tidy(pd.DataFrame([plain | change for change in changes], columns=list(plain)))

    return make
