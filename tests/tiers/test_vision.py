"""The same tools on models of pictures: on a tiny one whose weights are nodes, as PaddlePaddle's converter leaves them, and,
slow, on the real ones."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgelab.export.graph import fix_input, input_shape, optimize
from edgelab.export.preflight import PreflightError, compare_files, preflight_file, table
from edgelab.export.to_onnx import ExportError
from edgelab.quantization.onnx_tools import dynamic_int8, static_int8
from edgelab.tiers import vision
from edgelab.tiers.integers import in_integers, nodes
from edgelab.tiers.lines import Line, draw_lines


def constant(name: str, array: np.ndarray) -> onnx.NodeProto:
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(array, name))


@pytest.fixture
def file(tmp_path):
    """Of pictures of any size: whether the lower half is the darker one, by random filters that it hardly uses."""
    filters = np.random.default_rng(0).normal(scale=0.01, size=(8, 3, 3, 3)).astype(np.float32)
    half = np.zeros((1, 3, 48, 192), np.float32)
    half[:, :, :24], half[:, :, 24:] = 1, -1
    graph = helper.make_graph(
        [
            constant("w", filters),
            constant("half", half),
            constant("shape", np.array([1, 2], np.int64)),
            constant("zero", np.zeros((1, 1, 1, 1), np.float32)),
            helper.make_node("Mul", ["x", "half"], ["signed"]),
            helper.make_node("GlobalAveragePool", ["signed"], ["means"]),
            helper.make_node("ReduceMean", ["means"], ["mean"], axes=[1], keepdims=1),
            helper.make_node("Conv", ["x", "w"], ["filtered"], pads=[1, 1, 1, 1]),
            helper.make_node("GlobalAveragePool", ["filtered"], ["pooled"]),
            helper.make_node("ReduceMean", ["pooled"], ["little"], axes=[1], keepdims=1),
            helper.make_node("Mul", ["little", "zero"], ["nothing"]),
            helper.make_node("Add", ["mean", "nothing"], ["sum"]),
            helper.make_node("Neg", ["sum"], ["minus"]),
            helper.make_node("Concat", ["minus", "sum"], ["both"], axis=1),
            helper.make_node("Reshape", ["both", "shape"], ["y"]),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [-1, 3, "?", "?"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, tmp_path / "turned.onnx")
    return tmp_path / "turned.onnx"


@pytest.fixture
def lines():
    """Pictures of which the lower half is dark, or, turned over, the upper one."""
    upright = np.repeat([[250], [30]], 24, axis=0).repeat(192, axis=1).astype(np.uint8)
    return [Line("", upright[::-1] if turned else upright, turned) for turned in (True, False) * 12]


def test_without_the_models_it_says_how_to_get_them(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path))
    assert vision.files("turned") == {} and "run `edgelab prepare vision`" in capsys.readouterr().out


def test_files_are_judged_side_by_side(file, lines, tmp_path):
    wrong = onnx.load(file)
    wrong.graph.node[-2].input[:] = ["sum", "minus"]  # were the other way round
    onnx.save(wrong, tmp_path / "wrong.onnx")
    found = vision.judged({"fp32": file, "wrong": tmp_path / "wrong.onnx"}, lines)
    assert found.index.tolist() == ["fp32", "wrong"] and found["KB"].nunique() == 1
    assert {cell[:4] for cell in found["share"]} == {"1.00", "0.00"}
    assert found.loc["fp32", "times the first"].startswith("1.00 [1.00, 1.00]")
    assert vision.judged({}, lines).empty


def test_a_file_is_made_of_another_where_that_is_there(file):
    files = {"fp32": file}
    vision.add(files, "folded", optimize, level="enable_basic")
    vision.add(files, "int8", dynamic_int8, of="folded", per_channel=False)
    assert list(files) == ["fp32", "folded", "int8"] and all(each.is_file() for each in files.values())
    none = {}
    vision.add(none, "int8", pytest.fail)
    assert none == {}


def test_time_goes_to_operators(file, lines):
    found = vision.time_by_operator({"fp32": file}, lines[:3])
    assert "Conv" in found.index.str.removeprefix("Fused") and (found["fp32"] > 0).any()
    assert vision.time_by_operator({}, lines).empty


def test_weights_that_are_nodes_stay_float_until_they_are_folded(file, tmp_path):
    files = {"int8": tmp_path / "int8.onnx", "folded": optimize(file, tmp_path / "f.onnx", "enable_basic")}
    files["folded, int8"] = tmp_path / "folded_int8.onnx"
    dynamic_int8(file, files["int8"])
    dynamic_int8(files["folded"], files["folded, int8"], per_channel=False)
    found = vision.held({"fp32": file} | files)
    assert found.loc["KB float32, as nodes", "int8"] == found.loc["KB float32, as nodes", "fp32"] > 100
    assert found.loc["Constant"].tolist() == [4, 4, 0, 0] and found.loc["KB float32, as nodes", "folded"] == 0
    assert found.loc["DynamicQuantizeLinear"].tolist() == [
        0,
        2,
        0,
        1,
    ]  # of the picture, and of the weights each time anew


def test_preflight_and_parity_take_pictures(file, lines, tmp_path):
    assert input_shape(file) == ("", 3, "", "")
    asked = vision.inputs(lines[:4])
    fixed = fix_input(file, tmp_path / "fixed.onnx", (1, 3, 48, 192))
    assert input_shape(fixed) == (1, 3, 48, 192)
    report = preflight_file(file, file, asked)
    assert {p.shapes for p in report.placements} == {"any x 3 x any x any", "1 x 3 x 48 x 192"}
    assert report.parity.largest_difference == 0 and compare_files(file, fixed, asked).largest_difference == 0
    assert table(report)["asked"].iloc[-1] == "the same as turned.onnx"


def test_a_file_that_answers_something_else_is_refused(file, lines, tmp_path):
    model = onnx.load(file)
    model.graph.node[-3].op_type = "Abs"  # was Neg
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(PreflightError, match=r"other\.onnx: it differs from turned\.onnx by"):
        preflight_file(tmp_path / "other.onnx", file, vision.inputs(lines[:2]))
    fixed = fix_input(file, tmp_path / "fixed.onnx", (1, 3, 48, 192))
    with pytest.raises(ExportError, match=r"fixed\.onnx: an input is refused"):
        compare_files(file, fixed, [{"x": np.zeros((1, 3, 48, 96), np.float32)}])


def test_repeats_and_blanks_are_left_out():
    class Session:
        def get_modelmeta(self):
            return type("Meta", (), {"custom_metadata_map": {"character": "a\nb\n"}})

    said = np.eye(4, dtype=np.float32)[[0, 1, 1, 0, 1, 2, 2, 3, 0]][None]
    assert vision.decoder(Session())(said) == "aab "


@pytest.mark.slow
def test_the_real_classifier_is_larger_in_int8_and_its_convolutions_compute_in_integers(real_vision, tmp_path):
    file = real_vision["turned"]
    files = {"fp32": file, "int8": tmp_path / "int8.onnx"}
    dynamic_int8(file, files["int8"])
    assert files["int8"].stat().st_size > file.stat().st_size
    assert "KB int8" not in vision.held(files).index
    lines = draw_lines(["wake me at seven", "turn the lights off", "play some jazz in the kitchen"] * 20)
    folded = optimize(file, tmp_path / "folded.onnx", "enable_basic")
    static_int8(folded, tmp_path / "s.onnx", vision.inputs(lines[:10]), operators=("Conv", "Gemm"), per_channel=False)
    assert (tmp_path / "s.onnx").stat().st_size < file.stat().st_size / 2
    whole = in_integers(nodes(tmp_path / "s.onnx"))
    convolutions = {node.output for node in nodes(tmp_path / "s.onnx") if node.operator == "Conv"}
    assert convolutions <= set(whole)
    right = vision.judged({"fp32": file, "static": tmp_path / "s.onnx"}, lines)["share"]
    assert float(right["fp32"][:4]) > 0.85 and float(right["static"][:4]) > 0.8


@pytest.mark.slow
def test_the_real_recognizer_reads_in_int8_products_and_not_in_int8_convolutions(real_vision, tmp_path):
    lines = draw_lines(["wake me at seven", "turn the lights off", "play some jazz"] * 3, turned=False, noise=5)
    files = {"fp32": real_vision["read"], "products": tmp_path / "p.onnx", "all": tmp_path / "a.onnx"}
    dynamic_int8(files["fp32"], files["products"], operators=("MatMul",))
    dynamic_int8(files["fp32"], files["all"], per_channel=False)
    right = vision.judged_reading(files, lines)["share"].str[:4].tolist()
    assert right == ["1.00", "1.00", "0.00"]
    sizes = [files[name].stat().st_size for name in ("fp32", "products", "all")]
    assert sizes == sorted(sizes, reverse=True)
