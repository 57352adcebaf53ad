"""What is handed out is read and checked before anybody can ask for it."""

import pytest

from edgelab.bundle.manifest import BundleError
from edgelab.datasets import load
from edgelab.datasets.sources import DataError
from edgelab.fleet.content import FleetError, read_content
from tests.clouds import POCKET
from tests.small_bundles import small_bundle


def test_texts_are_of_pockets_validation_split_and_the_same_each_time(stub):
    texts = read_content(POCKET, stub).texts
    assert len(set(texts)) == 50 and set(texts) <= set(load("pocket").validation.texts)
    assert texts == read_content(POCKET, stub).texts


def test_another_bundle_needs_texts_of_its_own(stub, tmp_path):
    bundle, file = small_bundle(tmp_path / "bundle"), tmp_path / "texts.txt"
    with pytest.raises(FleetError, match="its labels are not Pocket's: expected a file of texts for it, --texts FILE"):
        read_content(bundle, stub)
    file.write_text("".join(f"play queen {number}\n" for number in range(30)))
    content = read_content(bundle, stub, file)
    assert content.texts == tuple(f"play queen {number}" for number in range(30))
    assert set(content.bundle) == {"bundle.json", "model.onnx", "tokenizer.json"}
    file.write_text("".join(f"play queen {number}\n" for number in range(500)))
    assert len(set(read_content(bundle, stub, file).texts)) == 50


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("one\n" * 30, "at least 20 different texts, found 1"),
        ("y" * 501 + "\n" + "\n".join(map(str, range(30))), "at most 500 characters a text, found 501"),
    ],
)
def test_too_few_or_too_long_texts_are_refused(stub, tmp_path, text, says):
    (tmp_path / "texts.txt").write_text(text)
    with pytest.raises(FleetError, match=says):
        read_content(POCKET, stub, tmp_path / "texts.txt")
    with pytest.raises(DataError):
        read_content(POCKET, stub, tmp_path / "none.txt")


def test_what_is_not_there_is_told(stub, tmp_path):
    with pytest.raises(BundleError, match="no bundle.json"):
        read_content(tmp_path, stub)
    with pytest.raises(FleetError, match="found no lab.html: run `edgelab prepare browser`"):
        read_content(POCKET, tmp_path)
