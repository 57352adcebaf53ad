"""Preflight: what it says of a good file agrees with ONNX Runtime's own command; what should not ship is refused."""

import re
import subprocess
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnxruntime.tools.onnx_model_utils import make_dim_param_fixed

from edgelab.export.graph import fix_shapes, operators
from edgelab.export.placement import CPU, TARGETS, partitions
from edgelab.export.preflight import PreflightError, preflight, shapes_name, table
from edgelab.export.to_onnx import export_onnx
from edgelab.models.networks import Convolution

VOCABULARY = 40
ABSENT = next(p for p in onnxruntime.get_all_providers() if p not in onnxruntime.get_available_providers())


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return Convolution(torch.randn(VOCABULARY, 8), 6, 3, 5).eval()


@pytest.fixture(scope="module")
def path(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    export_onnx(model, path, VOCABULARY)
    return path


@pytest.fixture(scope="module")
def fixed(path):
    return fix_shapes(path, path.with_name("fixed.onnx"), batch=1, tokens=32)


def by_target(report):
    return {(p.target, p.shapes): p for p in report.placements}


def test_a_good_file(path, model):
    report = preflight(path, model, VOCABULARY, tokens=16)
    cpu, *phones = report.placements
    assert (cpu.target, cpu.share, cpu.partitions, cpu.verdict) == (CPU, 1, 1, "yes")
    assert {name: count for name, (_, count) in cpu.operators.items()} == operators(path)
    assert [p.target for p in phones] == list(TARGETS) * 2
    assert [p.shapes for p in phones] == ["any batch x any tokens"] * 3 + ["1 x 16"] * 3
    assert all(p.taken == 0 and p.open_shapes == p.nodes and p.verdict == "no" for p in phones[:3])
    assert all(p.taken > 0 and p.open_shapes == 0 for p in phones[3:])
    assert report.parity.largest_difference < 1e-4


def test_the_checkers_numbers_are_those_of_its_command(fixed, model):
    command = [sys.executable, "-m", "onnxruntime.tools.check_onnx_model_mobile_usability", str(fixed)]
    log = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    lines = re.findall(
        r"(\d+) partitions with a total of (\d+)/(\d+) nodes can be handled by the (\w+(?: \w+)?) EP", log
    )
    verdicts = re.findall(r"perform well with (\w+(?: \w+)?) as is: (\w+)", log)
    found = by_target(preflight(fixed, model, VOCABULARY))
    assert len(lines) == len(verdicts) == 3
    for pieces, taken, nodes, target in lines:
        placement = found[target, "1 x 32"]
        assert (placement.partitions, placement.taken, placement.nodes) == (int(pieces), int(taken), int(nodes))
    assert all(found[target, "1 x 32"].verdict == verdict.lower() for target, verdict in verdicts)
    refused = {name for name, (taken, count) in found["NNAPI", "1 x 32"].operators.items() if taken < count}
    assert refused == set(found["NNAPI", "1 x 32"].unsupported) >= {"Gelu", "ReduceMax"}


def test_a_target_that_must_be_able_to_use_it(path, fixed, model):
    assert preflight(fixed, model, VOCABULARY, targets=("CoreML MLProgram",)).parity
    with pytest.raises(
        PreflightError, match=r"model\.onnx: CoreML MLProgram takes 0 of 25 nodes.*fix the shapes"
    ) as caught:
        preflight(path, model, VOCABULARY, targets=("CoreML MLProgram",))
    assert caught.value.report.parity.largest_difference < 1e-4  # what was found is not lost
    with pytest.raises(PreflightError, match="NNAPI .* it lacks Gelu, ReduceMax, ReduceSum; run it on the CPU there"):
        preflight(fixed, model, VOCABULARY, targets=("NNAPI",))


def test_a_provider_that_is_not_there_is_an_error_and_no_warning(path, model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PreflightError, match=f"{ABSENT} is not in this build .*{CPU}.* install a build") as caught:
            preflight(path, model, VOCABULARY, providers=(ABSENT, CPU))
    assert by_target(caught.value.report)[ABSENT, "any batch x any tokens"].taken == 0


@pytest.mark.skipif(
    "AzureExecutionProvider" not in onnxruntime.get_available_providers(), reason="takes none of our nodes"
)
def test_a_provider_that_leaves_nodes_to_the_cpu(path, model):
    with pytest.raises(PreflightError, match=r"AzureExecutionProvider leaves 25 of 25 nodes to the CPU \(Add, Cast"):
        preflight(path, model, VOCABULARY, providers=("AzureExecutionProvider",))
    report = preflight(path, model, VOCABULARY, providers=("AzureExecutionProvider", CPU))
    assert [p.share for p in report.placements[:2]] == [0, 1]


def test_a_file_that_computes_something_else(path, fixed, model):
    torch.manual_seed(1)
    other = Convolution(torch.randn(VOCABULARY, 8), 6, 3, 5).eval()
    for file in (path, fixed):
        with pytest.raises(PreflightError, match=rf"{file.name}: it differs from torch by \d") as caught:
            preflight(file, other, VOCABULARY)
        assert table(caught.value.report)["usable"].iloc[-1] == "no"


def test_a_file_with_one_size_fixed(path, model):
    """Good for one request at a time, and no more."""
    half = onnx.load(path)
    make_dim_param_fixed(half.graph, "batch", 1)
    onnx.save(half, path.with_name("half.onnx"))
    with pytest.raises(PreflightError, match="half.onnx: a batch of 3 with 11 tokens is refused") as caught:
        preflight(path.with_name("half.onnx"), model, VOCABULARY)
    assert [p.shapes for p in caught.value.report.placements[3:5]] == ["1 x any tokens", "1 x 32"]


def test_every_fault_is_told_at_once(path, model):
    def squeezed(ids, mask):
        return tuple(output.squeeze(0) for output in model(ids, mask))

    with pytest.raises(PreflightError) as caught:
        preflight(path, squeezed, VOCABULARY, providers=(ABSENT,), targets=("NNAPI",))
    lines = str(caught.value).splitlines()
    assert len(lines) == 3 and all(line.startswith("model.onnx: ") for line in lines)
    assert "a batch of 1 with 3 tokens gets an answer of shape (1, 3), torch's is (3,)" in lines[2]
    assert caught.value.report.parity is None and table(caught.value.report)["usable"].iloc[-1] == "no"


def test_the_table_is_one_row_a_question(path, model):
    report = preflight(path, model, VOCABULARY)
    shown = table(report)
    assert shown["asked"].tolist() == [CPU, *TARGETS, *TARGETS, "the same as torch"]
    assert shown["nodes taken"][:2].tolist() == ["25 of 25", "0 of 25"] and shown["share"][:2].tolist() == [
        "100%",
        "0%",
    ]
    assert shown["what it lacks"][1] == "Gelu, ReduceMax, ReduceSum; sizes unknown at 25 nodes"
    assert shown["usable"].iloc[-1] == "yes" and shown["shapes"].iloc[-1] == "1 x 3, 1 x 19, 3 x 11, 5 x 64"


def test_partitions_against_marked_ends():
    generator = np.random.default_rng(0)
    for length in range(12):
        providers = generator.choice(["npu", "cpu"], length).tolist()
        starts = sum(a != "npu" == b for a, b in zip(["cpu", *providers], providers, strict=False))
        assert partitions(providers, "npu") == starts
    assert partitions([], "npu") == 0 and partitions(["cpu"], "npu") == 0 and partitions(["npu"] * 3, "npu") == 1


def test_shapes_are_named():
    assert shapes_name((1, 32)) == "1 x 32" and shapes_name(("batch", 7)) == "any batch x 7"
