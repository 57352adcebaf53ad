"""Products of integers, by hand and against this processor's."""

import numpy as np
import pytest

from edgelab.machine.host import host
from edgelab.quantization.arithmetic import saturating_matmul
from edgelab.quantization.onnx_tools import integer_product

RNG = np.random.default_rng(0)


def test_saturation_by_hand():
    a, b = np.array([[255, 255, 255]], dtype=np.uint8), np.array([[127], [127], [1]], dtype=np.int8)
    assert saturating_matmul(a, b).tolist() == [[32767 + 255]]  # exactly it would be 65,025
    assert saturating_matmul(a, -b).tolist() == [[-32768 - 255]]


@pytest.mark.parametrize("shape", [(1, 3, 5), (4, 64, 16), (2, 193, 33)])
def test_the_product_is_this_processors(shape):
    """x86 without VNNI saturates as we say, everything else is exact."""
    m, k, n = shape
    a, b = RNG.integers(150, 256, (m, k)).astype(np.uint8), RNG.integers(-127, 128, (k, n)).astype(np.int8)
    b[:2] = 127  # the first pair goes beyond int16 whatever is drawn
    exact = a.astype(int) @ b.astype(int)
    assert not np.array_equal(saturating_matmul(a, b), exact)
    theirs = integer_product(a, b)
    features = host().features
    if features is not None and "avx2" in features and "vnni" not in features:
        assert np.array_equal(theirs, saturating_matmul(a, b))
    elif features is not None:
        assert np.array_equal(theirs, exact)


def test_seven_bit_weights_never_saturate():
    a = np.full((1, 64), 255, dtype=np.uint8)
    for weight in (-64, 64):
        b = np.full((64, 1), weight, dtype=np.int8)
        assert saturating_matmul(a, b) == a.astype(int) @ b.astype(int)
        assert saturating_matmul(a, b + np.int8(np.sign(weight))) != a.astype(int) @ (b + np.sign(weight))
