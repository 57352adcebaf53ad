"""What holds of every matrix: how far a number may move, what a byte holds, and that ONNX Runtime rounds as we do."""

import numpy as np
import onnxruntime
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from onnx import TensorProto, helper

from edgelab.quantization.arithmetic import saturating_matmul
from edgelab.quantization.grid import CLIPS, best_clip, fake_quantize, packed_bytes, quantize, row_grid
from edgelab.quantization.packing import pack_bits, unpack_table

BITS = st.integers(2, 8)
# Numbers as weights have them; a float32 below 1e-30 has too few digits left to be divided into steps.
NUMBERS = st.floats(-1e6, 1e6, width=32).filter(lambda value: value == 0 or abs(value) > 1e-30)
SHAPES = npst.array_shapes(min_dims=2, max_dims=2, max_side=9)
MATRICES = npst.arrays(np.float32, SHAPES, elements=NUMBERS)
SHARED = st.sampled_from([{}, {"axis": 0}, {"axis": 1}, {"axis": 0, "block": 2}, {"axis": 1, "block": 3}])


def top(bits):
    return 2 ** (bits - 1) - 1


@given(MATRICES, BITS, SHARED)
def test_a_number_moves_by_half_a_step_at_most(values, bits, shared):
    found = quantize(values, bits, **shared)
    assert found.integers.dtype == np.int8 and np.abs(found.integers.astype(int)).max() <= top(bits)
    assert (found.scale > 0).all() and not np.any(found.zero_point)
    assert (np.abs(found.dequantize() - values) <= found.scale / 2 * (1 + 1e-4)).all()
    assert not found.dequantize()[values == 0].any()


@given(MATRICES, BITS, SHARED)
def test_with_a_zero_point_by_a_step_at_most_and_zero_stays(values, bits, shared):
    """The zero point is rounded, too: by half a step, which the far end loses."""
    found = quantize(values, bits, symmetric=False, **shared)
    assert found.integers.dtype == np.uint8 and found.integers.max() <= 2**bits - 1
    assert ((found.zero_point >= 0) & (found.zero_point <= 2**bits - 1)).all()
    assert (np.abs(found.dequantize() - values) <= found.scale * (1 + 1e-4)).all()
    assert not found.dequantize()[values == 0].any()


@given(MATRICES, BITS, st.booleans(), st.floats(0.1, 1))
def test_the_order_of_numbers_stays(values, bits, symmetric, clip):
    integers = quantize(values, bits, symmetric=symmetric, clip=clip).integers.ravel()
    assert (np.diff(integers[np.argsort(values, axis=None)].astype(int)) >= 0).all()


@given(MATRICES, BITS, SHARED)
def test_once_rounded_twice_rounded_the_same(values, bits, shared):
    once = quantize(values, bits, **shared)
    again = quantize(once.dequantize(), bits, **shared)
    np.testing.assert_array_equal(again.integers, once.integers)


@given(MATRICES, BITS, SHARED, st.integers(-12, 12))
def test_signs_and_powers_of_two_pass_through(values, bits, shared, power):
    plain = quantize(values, bits, **shared)
    np.testing.assert_array_equal(quantize(-values, bits, **shared).integers, -plain.integers)
    scaled = quantize(values * np.float32(2.0**power), bits, **shared)
    np.testing.assert_array_equal(scaled.integers, plain.integers)


@given(MATRICES, BITS, st.randoms(use_true_random=False))
def test_a_row_of_its_own_scale_knows_nothing_of_the_others(values, bits, random):
    order = random.sample(range(len(values)), len(values))
    found, moved = quantize(values, bits, axis=0), quantize(values[order], bits, axis=0)
    np.testing.assert_array_equal(moved.integers, found.integers[order])
    np.testing.assert_array_equal(moved.scale, found.scale[order])


@given(MATRICES, st.one_of(st.integers(-3, 1), st.integers(9, 40)), st.sampled_from([np.nan, np.inf, -np.inf]))
def test_what_no_grid_can_hold_is_refused(values, bits, odd):
    with pytest.raises(ValueError, match="expected 2 to 8 bits"):
        quantize(values, bits)
    values[0, 0] = odd
    with pytest.raises(ValueError, match="expected finite values"):
        quantize(values, 8)


# --- another implementation --------------------------------------------------------------------


@pytest.fixture(scope="module")
def runtime():
    """ONNX Runtime's own operators, each a graph of one node: name -> a function of the inputs."""

    def session(kind, inputs, outputs):
        graph = helper.make_graph(
            [helper.make_node(kind, [name for name, *_ in inputs], [name for name, *_ in outputs])],
            kind,
            *([helper.make_tensor_value_info(*value) for value in values] for values in (inputs, outputs)),
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
        run = onnxruntime.InferenceSession(made.SerializeToString()).run
        return lambda *given: run(None, {name: value for (name, *_), value in zip(inputs, given, strict=True)})

    f, i8, u8 = TensorProto.FLOAT, TensorProto.INT8, TensorProto.UINT8
    x, scale = ("x", f, ["m", "n"]), ("scale", f, [])
    return {
        "fixed": session("QuantizeLinear", [x, scale, ("zero", i8, [])], [("y", i8, ["m", "n"])]),
        "dynamic": session("DynamicQuantizeLinear", [x], [("y", u8, ["m", "n"]), scale, ("zero", u8, [])]),
    }


@given(values=MATRICES)
def test_integers_are_those_of_onnx_runtime(runtime, values):
    found = quantize(values, 8)
    (theirs,) = runtime["fixed"](values, np.array(found.scale, np.float32), np.array(0, np.int8))
    np.testing.assert_array_equal(found.integers, theirs)


@given(values=MATRICES)
def test_the_range_found_in_each_call_is_onnx_runtimes(runtime, values):
    assume(
        values.any()
    )  # of nothing but zeros its scale is 0, ours 1: the integers and what they stand for are the same
    found = quantize(values, 8, symmetric=False)
    theirs, scale, zero = runtime["dynamic"](values)
    assert np.isclose(found.scale, scale, rtol=1e-6) and found.zero_point == zero
    np.testing.assert_array_equal(found.integers, theirs)


# --- clipping, and what is packed ---------------------------------------------------------------


@given(MATRICES, BITS)
def test_the_best_clip_is_no_worse_than_any(values, bits):
    def error(clip):
        return ((fake_quantize(values, bits, axis=0, clip=clip).astype(float) - values) ** 2).sum(1)

    chosen, rounding = error(best_clip(values, bits, CLIPS, 0)), 1e-6 * (values.astype(float) ** 2).sum(1)
    assert all((chosen <= error(clip) + rounding).all() for clip in CLIPS)


@given(MATRICES, st.sampled_from([2, 4]))
def test_rows_that_lie_on_a_grid_come_back(values, bits):
    integers, scale = row_grid(values, bits)
    assert integers.dtype == np.int8 and scale.dtype == np.float32 and scale.shape == (len(values), 1)
    again, _ = row_grid(integers * scale, bits)
    whole = np.abs(integers).max(1) == top(bits)
    np.testing.assert_array_equal(again[whole], integers[whole])


@given(st.data(), st.sampled_from([2, 4]))
def test_what_is_packed_is_unpacked(data, bits):
    low, high = -(2 ** (bits - 1)), top(bits)
    integers = data.draw(npst.arrays(np.int8, SHAPES, elements=st.integers(low, high)))
    rows, columns = integers.shape
    packed = pack_bits(integers, bits)
    assert packed.dtype == np.uint8 and packed.shape == (rows, -(-columns * bits // 8))
    unpacked = unpack_table(bits)[packed].reshape(rows, -1)
    np.testing.assert_array_equal(unpacked[:, :columns], integers)
    if columns * bits % 8 == 0:
        assert packed.nbytes + 4 * rows == packed_bytes(integers.shape, 0, bits)


@pytest.mark.parametrize("bits", [2, 4])
def test_every_byte_stands_for_other_numbers(bits):
    table = unpack_table(bits)
    assert len({tuple(row) for row in table.tolist()}) == 256
    np.testing.assert_array_equal(pack_bits(table, bits)[:, 0], np.arange(256))


@given(st.data(), st.tuples(*[st.integers(1, 5)] * 3), st.booleans())
def test_a_saturating_product_by_hand(data, shape, seven_bits):
    m, k, n = shape
    limit = 64 if seven_bits else 127
    a = data.draw(npst.arrays(np.uint8, (m, k)))
    b = data.draw(npst.arrays(np.int8, (k, n), elements=st.integers(-limit, limit)))
    found = saturating_matmul(a, b)
    for i in range(m):
        for j in range(n):
            products = [int(a[i, p]) * int(b[p, j]) for p in range(k)]
            pairs = [sum(products[p : p + 2]) for p in range(0, k, 2)]
            assert found[i, j] == sum(max(-32768, min(32767, pair)) for pair in pairs)
    if seven_bits:
        np.testing.assert_array_equal(found, a.astype(int) @ b.astype(int))
