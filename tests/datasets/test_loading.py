"""`load` and `load_split` by name."""

import pytest

from edgelab import datasets
from edgelab.datasets.dataset import Part, joined
from edgelab.datasets.loading import load, load_split
from edgelab.datasets.pocket import load_pocket
from edgelab.datasets.sources import DataError
from tests.learner_files import refused


def test_a_missing_file_and_an_unknown_name(tmp_path):
    assert refused(tmp_path / "none.csv") == ": cannot be read: No such file or directory"
    assert "one of pocket, clinc150, snips2017" in refused("clinc")
    assert "cannot be read" in refused_folder(tmp_path)


def refused_folder(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    return refused(tmp_path / "folder.csv")


def test_a_course_without_its_data_says_so(tmp_path):
    with pytest.raises(DataError, match="install the course again"):
        load_pocket(tmp_path)


def test_a_part_of_a_named_set_is_its_split_test_by_default():
    pocket = load("pocket")
    assert load_split("pocket") == load_split("pocket", "test") == Part("pocket", "test", pocket.test)
    assert load_split("pocket", "train").examples == pocket.train
    assert load_split("pocket", "hard") == Part("pocket", "hard", pocket.extra["hard"])
    everything = [getattr(pocket, name) for name in datasets.SPLITS]
    assert load_split("pocket", "all") == Part("pocket", "all", joined(everything))
    with pytest.raises(
        DataError, match="pocket has no split 'dev'; it has train, validation, test, hard, plain, and all"
    ):
        load_split("pocket", "dev")
