"""The four files that are handed over: each right for the example, each wrong as its cause says."""

import numpy as np
import pytest
import torch

from edgelab.export.fault_exercise import CAUSES, EXPORT_FAULT, FIRST_IDS, ask_all, handed_over
from edgelab.export.runtimes import agreement
from edgelab.export.to_onnx import export_onnx
from edgelab.models.networks import Convolution


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    torch.manual_seed(0)
    model = Convolution(torch.randn(FIRST_IDS, 8), 6, 3, 5)
    export_onnx(model, folder / "student.onnx", FIRST_IDS)
    return folder / "student.onnx", handed_over(folder / "student.onnx", folder)


def wrong(files, **asked):
    student, made = files
    table = ask_all(made, student, agreement, **asked)
    return {EXPORT_FAULT[name] for name in table.index if float(table["largest difference"][name]) > 1e-4}


def test_all_are_right_for_the_example(files):
    assert wrong(files) == set()


@pytest.mark.parametrize(
    "asked, expected",
    [
        ({"requests": 2}, {CAUSES[1]}),
        ({"tokens": 12}, {CAUSES[2]}),
        ({"tokens": 3}, {CAUSES[2]}),
        ({"padding": 2}, {CAUSES[2], CAUSES[3]}),
        ({"requests": 3, "tokens": 10, "padding": 1}, {CAUSES[1], CAUSES[2], CAUSES[3]}),
    ],
)
def test_one_thing_at_a_time_tells_them_apart(files, asked, expected):
    assert wrong(files, **asked) == expected


@pytest.mark.parametrize("asked", [{"requests": 0}, {"padding": 7}, {"tokens": 0}, {"padding": -1}])
def test_what_cannot_be_asked_is_refused(files, asked):
    with pytest.raises(ValueError, match="at least one request"):
        wrong(files, **asked)


def test_a_nan_shows(files):
    student, made = files
    table = ask_all(made, student, lambda a, b: agreement(a * np.nan, b))
    assert set(table["largest difference"]) == {"inf"} and set(table["same label"]) == {"0%"}
