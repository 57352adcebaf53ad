"""What the tests of bundles share: a distilled one, and small ones to damage."""

from pathlib import Path

import pytest

from edgelab.bundle.manifest import BundleError
from edgelab.bundle.predict import Bundle
from tests.small_bundles import small_bundle


@pytest.fixture(scope="module")
def bundle(tiny_bundle):
    """The distilled one, loaded."""
    return Bundle.load(tiny_bundle)


@pytest.fixture
def damaged(tmp_path):
    """`damaged(**changes)`: the folder of a small bundle with these changes."""
    return lambda **changes: small_bundle(tmp_path / "small", **changes)


@pytest.fixture
def refused():
    """`refused(folder)`: why a folder is no bundle, in one line that names it."""

    def why(folder: Path) -> str:
        with pytest.raises(BundleError) as caught:
            Bundle.load(folder)
        message = str(caught.value)
        assert str(folder) in message and "\n" not in message and caught.value.__cause__ is None
        return message

    return why
