"""Assignment: every silent way to the CPU, each seen in a real session, and each made an error of one line."""

import numpy as np
import onnxruntime
import pytest

from edgelab.errors import UserError
from edgelab.export.conditions import ML_PROGRAM, NNAPI
from edgelab.export.graph import operators
from edgelab.export.placement import CPU, TARGETS
from edgelab.export.repair import repair
from edgelab.tiers.assignment import FallbackError, assignment, estimated, executed, open_as_asked, require
from edgelab.workspace import data_home

MODEL = data_home() / "bundles" / "pocket" / "model.onnx"
ABSENT = next(p for p in onnxruntime.get_all_providers() if p not in onnxruntime.get_available_providers())
MISSPELT = "NNAPIExecutionProvider"
NODES = sum(operators(MODEL).values())
THERE = "AzureExecutionProvider"  # in the standard builds, and runs none of our operators
needs_another = pytest.mark.skipif(THERE not in onnxruntime.get_available_providers(), reason=f"no {THERE} here")


@pytest.fixture(scope="module")
def repaired(tmp_path_factory):
    out = tmp_path_factory.mktemp("repaired") / "repaired.onnx"
    return repair(MODEL, out, target=ML_PROGRAM, tokens=32).file


# --- what happens silently ----------------------------------------------------------------------


def test_an_absent_provider_is_a_warning_and_the_cpu():
    opened = open_as_asked(MODEL, (ABSENT, CPU))
    assert (opened.got, opened.refused) == ((CPU,), "")
    assert len(opened.said) == 1 and ABSENT in opened.said[0]


def test_a_misspelt_provider_is_printed_and_the_cpu(capsys):
    opened = open_as_asked(MODEL, (MISSPELT,))
    assert (opened.got, opened.refused) == ((CPU,), "")
    assert any(f"Unknown Provider Type: {MISSPELT}" in line for line in opened.said)
    assert opened.said[-1].startswith("Falling back to") and capsys.readouterr().out == ""
    assert MISSPELT in open_as_asked(MODEL, (MISSPELT,), again=False).refused


@needs_another
def test_a_provider_that_takes_nothing_says_nothing():
    opened = open_as_asked(MODEL, (THERE, CPU))
    assert (opened.got, opened.said) == ((THERE, CPU), ())  # it looks as if all were well
    found = assignment(MODEL, (THERE, CPU))
    assert (found.count(THERE), found.count(CPU)) == (0, NODES)


def test_onnx_runtimes_own_switch_refuses_but_does_not_say_what():
    opened = open_as_asked(MODEL, (ABSENT,), strict=True)
    assert opened.got == () and "fallback to CPU EP has been explicitly disabled" in opened.refused
    assert not set(operators(MODEL)) & set(opened.refused.split())
    assert "Conflicting session configuration" in open_as_asked(MODEL, (ABSENT, CPU), strict=True).refused


# --- the assignment -----------------------------------------------------------------------------


def test_every_node_has_its_provider():
    found = assignment(MODEL, (ABSENT, CPU))
    assert (found.asked, found.got, found.estimated) == ((ABSENT, CPU), (CPU,), False)
    assert (len(found.nodes), found.cpu_share, found.partitions) == (NODES, 1, {CPU: 1})
    counts = found.table()
    assert counts[CPU].to_dict() == operators(MODEL) and not counts[ABSENT].any()


def test_nothing_is_said_where_only_the_record_is_asked_for(recwarn, capfd):
    assignment(MODEL, (MISSPELT,))
    assert not recwarn.list and capfd.readouterr() == ("", "")


def test_what_ran_is_fewer_kernels_than_nodes():
    ids = np.ones((1, 8), dtype=np.int64)
    ran = executed(MODEL, (ABSENT, CPU), {"ids": ids, "mask": ids})
    assert {provider for _, provider in ran} == {CPU} and ran["BiasGelu", CPU] == 2  # fused
    assert 0 < sum(ran.values()) < NODES


@pytest.mark.parametrize("target", TARGETS)
def test_an_estimate_reads_like_an_assignment(repaired, target):
    found, before = estimated(repaired, target), estimated(MODEL, target)
    assert found.estimated and found.asked == (target, CPU)
    assert before.cpu_share == 1 and before.partitions == {target: 0}  # no sizes are known
    assert found.count(target) + found.count(CPU) == len(found.nodes) and found.count(target) > 0


def test_the_embedding_alone_is_left_to_the_cpu(repaired):
    found = estimated(repaired, ML_PROGRAM)
    assert [node.operator for node in found.nodes if node.provider == CPU] == ["Gather"]
    assert found.partitions == {ML_PROGRAM: 1}


# --- as an error --------------------------------------------------------------------------------


def test_a_fallback_is_an_error_of_one_line():
    with pytest.raises(FallbackError) as caught:
        require(assignment(MODEL, (ABSENT, CPU)))
    message = str(caught.value)
    assert isinstance(caught.value, UserError) and "\n" not in message
    assert f"model.onnx: asked for {ABSENT}, got {CPU}: {NODES} of {NODES} nodes on the CPU, 100% where" in message
    assert "(Slice 6, Add 6, Concat 3, MatMul 3 and 11 more)" in message


def test_as_many_nodes_on_the_cpu_as_are_allowed(repaired):
    found = estimated(repaired, ML_PROGRAM)
    assert require(found, cpu_at_most=found.cpu_share) is found
    with pytest.raises(FallbackError, match=r"got .* by estimate: 1 of \d+ nodes on the CPU, 3% where .* \(Gather 1\)"):
        require(found)
    with pytest.raises(FallbackError, match="at most 2% may be"):
        require(found, cpu_at_most=0.02)


def test_who_asks_for_the_cpu_gets_it():
    assert require(assignment(MODEL, (CPU,)), cpu_at_most=1).cpu_share == 1
    with pytest.raises(FallbackError, match=f"asked for {CPU}, got {CPU}"):
        require(assignment(MODEL, (CPU,)))


def test_more_is_left_to_the_cpu_by_the_conditions_than_by_the_lists(repaired):
    """An embedding looked up by int64 is in NNAPI's list of operators; its provider refuses it all the same."""
    assert "Gather" in {node.operator for node in estimated(repaired, NNAPI).nodes if node.provider == CPU}
