"""The device lab in a notebook: shown with its code, or said what is missing."""

import pytest

from edgelab.fleet import lab
from edgelab.fleet.notebook import show_lab
from edgelab.machine.assets import AssetsError
from tests.clouds import POCKET


@pytest.fixture(autouse=True)
def private(monkeypatch, tmp_path):
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "home"))


def test_the_address_and_its_code_are_shown(monkeypatch, stub, capsys):
    import IPython.display

    shown = []
    monkeypatch.setattr(lab, "assets", lambda: stub)
    monkeypatch.setattr(IPython.display, "display", shown.append)
    running = show_lab(POCKET)
    try:
        assert running is not None and running.running and running.reports().empty
        assert running.url in capsys.readouterr().out and shown[0].data == running.qr
    finally:
        running.close()


def test_without_the_browsers_files_it_says_so_and_goes_on(monkeypatch, capsys):
    def missing():
        raise AssetsError("the browser's files are not built: run `edgelab prepare browser`")

    monkeypatch.setattr(lab, "assets", missing)
    assert show_lab(POCKET) is None
    assert "run `edgelab prepare browser`" in capsys.readouterr().out
