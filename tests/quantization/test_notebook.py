"""What 02 shows, on a student of seconds: each table against what other code computes."""

import numpy as np
import pytest

from edgelab.bundle.predict import Bundle
from edgelab.quantization import formats, notebook, plots
from edgelab.quantization.answers import run_file
from edgelab.quantization.arithmetic import saturating_matmul
from edgelab.quantization.by_hand import best_clip, block_scales, dequantize, moves, quantize, scales, stored_bytes
from edgelab.quantization.damage import change
from edgelab.quantization.grid import affine_parameters, fake_quantize
from edgelab.quantization.onnx_tools import FINE_CLIPS, rounded, values, weights
from edgelab.stats.samples import LatencySamples

pytestmark = pytest.mark.usefixtures("at_home")
SHARES = np.asarray(FINE_CLIPS)


def clipped(matrix, bits, axis):
    return best_clip(matrix, bits, SHARES, axis) * scales(matrix, bits, axis)


@pytest.fixture(scope="module")
def file(tiny_bundle):
    return tiny_bundle / "model.onnx"


@pytest.fixture(scope="module")
def models(tiny_student, tiny_home):
    with tiny_home():
        return formats.in_formats(tiny_student, ("fp32", "int8", "int2 packed"))


@pytest.mark.parametrize("axis", [None, 1])
def test_the_runtime_stores_the_same_integers(file, axis):
    matrix = notebook.matrices(file)["convolution"]
    mine = quantize(matrix, scales(matrix, 8, axis), 8)
    assert np.array_equal(notebook.runtimes_integers(file, "convolution", axis), mine)


def test_matrices_have_their_outputs_in_columns(file):
    found = notebook.matrices(file)
    assert list(found) == ["convolution", "intent", "slots_from_sentence"] and found["intent"].shape[1] == 3
    (intent,) = (weight for weight in weights(file) if weight.layer == "intent")
    assert sorted(found["intent"].ravel()) == sorted(values(file, intent).ravel())


def test_errors_are_the_grids_own(file):
    matrix = notebook.matrices(file)["convolution"]
    shown = notebook.errors(matrix, quantize, dequantize, scales, block_scales)
    for name, options in zip(shown, ({}, {"axis": 1}, {"axis": 0, "block": 32}), strict=True):
        near = fake_quantize(matrix, 4, **options)
        expected = 100 * np.linalg.norm(near - matrix) / np.linalg.norm(matrix)
        assert shown.loc["4 bits", name] == pytest.approx(expected, rel=1e-5)
    few = notebook.there_and_back(matrix[:1, :4], quantize, dequantize, scales)
    assert few["integer"].abs().max() == 127 and np.allclose(few["weight"], few["back"], atol=0.02)
    figure, words = plots.grains(shown)
    assert "one scale: 2 bits" in words and figure.axes


@pytest.mark.parametrize("way", ["rounded", "clipped"])
def test_the_cliff_is_the_rooms_own_rounding(tiny_student, file, way, tmp_path):
    ways = {"rounded": scales, "clipped": clipped}
    found = notebook.cliff(tiny_student, quantize, dequantize, **{way: ways[way]})[way]
    assert list(found) == [8, 7, 6, 5, 4, 3, 2]
    encoded = notebook.test_of(tiny_student)
    before, gold = run_file(file, encoded), formats.labels_of(tiny_student)
    for bits in (3, 2):
        everywhere = dict.fromkeys((weight.layer for weight in weights(file)), bits)
        rounded(file, tmp_path / "near.onnx", everywhere, clipped=way == "clipped")
        after = run_file(tmp_path / "near.onnx", encoded)
        theirs = change(after.intent_logits, before.intent_logits, gold)
        assert found[bits][0].flips == theirs.flips and found[bits][0].kl == pytest.approx(theirs.kl, rel=1e-3)


def test_the_formats_table_says_what_moved(models):
    moved = formats.moved(models, moves)
    shown = formats.format_table(models, moved)
    assert list(shown.index) == list(models) and set(shown.loc[next(iter(models))][["broken, %", "repaired, %"]]) == {
        "0.00"
    }
    assert formats.kept_in_int8(models) == [
        pytest.approx(list(models.values())[1].correct().mean() / list(models.values())[0].correct().mean())
    ]
    _, words = plots.flipped(models)
    assert "fp32" not in words and words.count(";") == 1


def test_what_a_model_says_is_looked_up_once(models):
    for model in models.values():
        found = formats.said(model)
        assert formats.said(model) is found
        assert np.array_equal(found.logits, model.outputs().intent_logits)
        assert np.array_equal(found.right, model.correct())
        assert np.array_equal(found.slots, model.slots_correct())
        assert np.array_equal(found.calls, model.calls_correct())


def test_costs_are_against_the_same_model_in_fp32(models):
    bundles = {name: Bundle.load(model.bundle()) for name, model in models.items()}
    latency = {name: LatencySamples(name, (2.0 / n, 4.0 / n)) for n, name in enumerate(models, 1)}
    faster = formats.times_faster(latency)
    assert [interval.value for interval in faster.values()] == pytest.approx([1, 2, 3])
    table = formats.cost_table(bundles, latency, faster)
    assert table["p50, ms"].tolist() == ["3.000", "1.500", "1.000"]
    rows = plots.scored(models, bundles, latency, "tiny")
    assert [row.precision for row in rows] == ["fp32", "int8", "int2 packed"] and rows[0].data == "tiny"


def test_packed_bytes_are_near_what_is_expected(tiny_student):
    table = formats.packed_table(tiny_student, tiny_student, stored_bytes)
    matrices = sum(weight.shape[0] * weight.shape[1] for weight in weights(tiny_student.bundle() / "model.onnx"))
    expected = [int(n.replace(",", "")) for n in table.loc["its matrices, expected"]]
    assert 0 < expected[0] - 4 * matrices <= 4 * 5 and expected[1] < expected[0] / 5
    assert float(table.loc["times smaller", "2 bits, packed"]) > 1
    assert "0.0 % of the tools" in formats.two_seeds(tiny_student, tiny_student, moves)


def test_at_2_bits_the_embedding_stays(file):
    made = formats.bytes_by_bits(file, (4, 2))
    assert made[4][1] == () and made[2][1] == ("embedding",) and made[2][0] > made[4][0]


def test_an_affine_grid_errs_less_on_what_is_hardly_negative(tiny_student):
    entering = notebook.entering(tiny_student, "intent")
    table = notebook.grids_compared(entering, affine_parameters, dequantize)
    near = fake_quantize(entering, 4, symmetric=False)
    expected = 100 * np.linalg.norm(near - entering) / np.linalg.norm(entering)
    assert table.loc["4 bits", "affine"] == pytest.approx(expected, abs=0.01)
    assert table.loc["4 bits", "affine"] < table.loc["4 bits", "symmetric"]


def test_seven_bits_never_saturate():
    table = notebook.saturation_table(saturating_matmul)
    assert table["exact, by your function"].tolist()[1:] == ["100%", "100%"]
    assert table.loc["8 bits", "exact, by your function"] != "100%" and table.loc["7 bits", "exact, here"] == "100%"
