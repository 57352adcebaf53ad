"""Fresh processes: their answers, their failures, and the memory that sessions share or do not."""

import sys
import time

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgelab.export.cold_start import memory_of_sessions
from edgelab.measurement.processes import first_answers, run_fresh
from edgelab.models.cold_start import answer_programs


def test_a_program_answers_from_a_process_of_its_own():
    fresh = run_fresh(("-c", "import sys\nprint('torch' in sys.modules, 1 + 1)\nprint('more')"))
    assert fresh.line == "False 2" and fresh.milliseconds > 0


@pytest.mark.parametrize(
    "program, words",
    [("raise ValueError('no such file')", "ValueError: no such file"), ("import os; os._exit(3)", "silently")],
)
def test_a_program_that_fails_is_an_error(program, words):
    with pytest.raises(RuntimeError, match=words):
        run_fresh(("-c", program))


def test_the_clock_covers_the_work_before_the_answer_and_not_what_follows():
    start = time.perf_counter()
    fresh = run_fresh(("-c", "import time\ntime.sleep(0.3)\nprint(1)\ntime.sleep(2)"))
    assert 300 < fresh.milliseconds < 1000 * (time.perf_counter() - start) - 1000


def test_each_program_runs_once_a_round(tmp_path):
    log = tmp_path / "log"
    programs = {name: ("-c", f"open({str(log)!r}, 'a').write({name!r})\nprint(0)") for name in "ab"}
    taken = first_answers(programs, rounds=3)
    assert {name: len(t.milliseconds) for name, t in taken.items()} == {"a": 3, "b": 3}
    ran = log.read_text()
    assert all(set(ran[i : i + 2]) == {"a", "b"} for i in (0, 2, 4))


def test_every_runtime_gives_the_same_first_answer(tiny_student, tiny_home):
    with tiny_home():
        programs = answer_programs(tiny_student, "wake me at {seven}")
    floor = programs.pop("nothing")
    assert run_fresh(floor).line == "0" and {"onnxruntime", "torch"} <= set(programs)
    expected = str(tiny_student.dataset.labels.index("set_alarm"))
    assert {name: run_fresh(program).line for name, program in programs.items()} == dict.fromkeys(programs, expected)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what processes share")
def test_mapped_weights_are_shared_between_sessions(tmp_path):
    weights = np.random.default_rng(0).normal(size=(4000, 2500)).astype(np.float32)  # 40 MB
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["rows"]),
        helper.make_node("Cast", ["mask"], ["ones"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["ones", "last"], ["column"]),
        helper.make_node("Mul", ["rows", "column"], ["y"]),
    ]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, [1, "tokens"]) for name in ("ids", "mask")]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, "tokens", 2500])
    initializers = [numpy_helper.from_array(weights, "table"), numpy_helper.from_array(np.array([-1]), "last")]
    graph = helper.make_graph(nodes, "g", inputs, [output], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(model, tmp_path / "whole.onnx")
    onnx.save(model, tmp_path / "mapped.onnx", save_as_external_data=True, location="weights")
    whole = memory_of_sessions(tmp_path / "whole.onnx")
    mapped = memory_of_sessions(tmp_path / "mapped.onnx", disable_prepacking="1")
    assert len(whole) == len(mapped) == 2
    assert whole[1] > 35e6 and mapped[1] < 10e6
