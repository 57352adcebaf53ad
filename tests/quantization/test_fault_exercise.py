"""The file with the fault is what it is said to be, and its size alone tells."""

import pytest

from edgelab.quantization import fault_exercise
from edgelab.quantization.by_hand import stored_bytes
from edgelab.quantization.fault_exercise import CAUSES, FAULT, handed_over, judge_fault
from edgelab.quantization.ready_made import ready_layers


def test_one_file_kept_its_embedding():
    files = handed_over()
    assert {name: file.still_fp32 for name, file in files.items()} == {
        "north.onnx": (),
        "east.onnx": ("embedding",),
        "south.onnx": (),
    }


def test_only_the_embedding_explains_the_excess():
    """Of the layers' fp32 bytes less those of 4-bit blocks the embedding's alone is within 3 % of what is too much."""
    few = {name: stored_bytes(*w.shape, 4, None, 32) for name, w in ready_layers().items()}
    excess = handed_over()["east.onnx"].size_bytes - sum(few.values())
    close = [
        name
        for name, w in ready_layers().items()
        if abs(stored_bytes(*w.shape, 32) - few[name] - excess) < 0.03 * excess
    ]
    assert close == ["embedding"]
    for name, bits in (("north.onnx", 8), ("south.onnx", 4)):
        expected = sum(stored_bytes(*w.shape, bits, w.axis) for w in ready_layers().values())
        assert abs(handed_over()[name].size_bytes - expected) < 0.03 * expected


def test_the_explanation_shows_who_is_too_large():
    table = fault_exercise.files_explained(stored_bytes)
    assert table["still fp32"].tolist() == ["none", "embedding", "none"]
    assert fault_exercise.files_shown()["bytes"].tolist() == table["bytes"].tolist()


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({}, "expected the entries"),
        (FAULT | {"file": "west.onnx"}, "file: expected one of"),
        (FAULT | {"layer": ["embedding"]}, "layer: expected one of"),
        (FAULT | {"cause": None}, "cause: expected one of"),
        (FAULT | {"cause": CAUSES[2]}, "cause: not"),
    ],
)
def test_what_is_no_explanation(wrong, words):
    assert judge_fault(FAULT) == [] and words in judge_fault(wrong)[0]
