"""A bar is for terminals and notebooks."""

import sys
from types import SimpleNamespace

import pytest

from edgelab.machine.bars import shows_bars


@pytest.mark.parametrize(
    ("stream", "modules", "shown"),
    [
        (SimpleNamespace(isatty=lambda: True), (), True),
        (SimpleNamespace(isatty=lambda: False), (), False),
        (None, (), False),  # started without a standard error
        (SimpleNamespace(isatty=lambda: False), ("ipykernel",), True),
    ],
)
def test_a_bar_is_for_terminals_and_notebooks(monkeypatch, stream, modules, shown):
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    for name in modules:
        monkeypatch.setitem(sys.modules, name, object())
    assert shows_bars() is shown
