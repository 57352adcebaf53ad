"""The tokenizer that the models' tests share, whole and trimmed."""

import pytest

from edgelab.models.tokens import load_tokenizer, trim_vocabulary


@pytest.fixture(scope="session")
def whole():
    return load_tokenizer()


@pytest.fixture(scope="session")
def trimmed(whole, tiny):
    """A tokenizer of 400 tokens, and the old id of each."""
    return trim_vocabulary(whole, tiny.train.texts, 400)
