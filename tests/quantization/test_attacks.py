"""Answers that come near: other ways to the right result pass, shortcuts to a wrong one fail."""

import math

import numpy as np
import pytest

from edgelab.course.exercises import Checks
from edgelab.quantization.by_hand import best_clip, dequantize, quantize, scales, stored_bytes
from edgelab.quantization.checks import check


def verdict(name, answer, capsys):
    fresh = Checks()
    fresh.exercises = check.exercises
    fresh(name, answer)
    return capsys.readouterr().out[:6]


# --- where the grid should end ---------------------------------------------------------------------


def error(channel, bits, share, measure=lambda e: float(np.sum(e**2))):
    scale = share * scales(channel, bits)
    return measure(dequantize(quantize(channel, scale, bits), scale) - channel)


def each_channel(choose):
    """A search for one channel as a search for all."""

    def found(matrix, bits, shares, axis):
        channels = matrix if axis == 0 else matrix.T
        chosen = np.array([choose(channel[None], bits, shares) for channel in channels])
        return chosen[:, None] if axis == 0 else chosen[None]

    return found


def by(measure):
    return each_channel(lambda channel, bits, shares: min(shares, key=lambda s: error(channel, bits, s, measure)))


def ternary(channel, bits, shares):
    shares = np.sort(shares)
    low, high = 0, len(shares) - 1
    while low < high:
        middle = (low + high) // 2
        if error(channel, bits, shares[middle]) <= error(channel, bits, shares[middle + 1]):
            high = middle
        else:
            low = middle + 1
    return shares[low]


def from_the_middle(channel, bits, shares):
    shares = np.sort(shares)
    at = len(shares) // 2
    while True:
        near = [i for i in (at - 1, at, at + 1) if 0 <= i < len(shares)]
        best = min(near, key=lambda i: error(channel, bits, shares[i]))
        if best == at:
            return shares[at]
        at = best


def patient(channel, bits, shares):
    """Down from the largest share; gives up after two that are worse."""
    best, worse = None, 0
    for share in np.sort(shares)[::-1]:
        if best is None or error(channel, bits, share) < error(channel, bits, best):
            best, worse = share, 0
        elif (worse := worse + 1) == 2:
            break
    return best


NEAR = {
    "ternary search": each_channel(ternary),
    "climbing from the middle": each_channel(from_the_middle),
    "climbing with patience": each_channel(patient),
    "np.std": by(np.std),
    "np.var": by(np.var),
    "the median error": by(lambda e: np.median(np.abs(e))),
    "rounded errors": by(lambda e: round(float(np.mean(e**2)), 1)),
    "the fourth power": by(lambda e: float(np.sum(e**4))),
    "every other share": each_channel(
        lambda channel, bits, shares: min(shares[::2], key=lambda s: error(channel, bits, s))
    ),
    "half of the channel": each_channel(
        lambda channel, bits, shares: min(shares, key=lambda s: error(channel[:, ::2], bits, s))
    ),
}


@pytest.mark.parametrize("name", NEAR)
def test_a_search_that_is_nearly_right_fails(name, capsys):
    assert verdict("best_clip", NEAR[name], capsys) == "[fail]"


@pytest.mark.parametrize("measure", [lambda e: float(np.sum(e**2)), lambda e: float(np.mean(e**2)), np.linalg.norm])
def test_any_measure_that_orders_alike_passes(measure, capsys):
    assert verdict("best_clip", by(measure), capsys) == "[pass]"


# --- the others ------------------------------------------------------------------------------------


def one_by_one(values, scale, bits):
    top = 2 ** (bits - 1) - 1
    steps = np.broadcast_to(values / scale, values.shape).ravel()
    return np.array([max(-top, min(top, round(float(x)))) for x in steps], dtype=np.int8).reshape(values.shape)


def saturating_loops(a, b):
    result = np.zeros((a.shape[0], b.shape[1]), dtype=np.int32)
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(0, a.shape[1], 2):
                pair = int(a[i, k]) * int(b[k, j]) + int(a[i, k + 1]) * int(b[k + 1, j])
                result[i, j] += max(-32768, min(32767, pair))
    return result


def affine(low, high, bits):
    low, high = np.minimum(low, 0.0), np.maximum(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    scale = scale + (scale == 0)
    return [scale, np.round(-low / scale)]


def repeated(matrix, bits, block):
    blocks = [matrix[i : i + block] for i in range(0, matrix.shape[0], block)]
    return np.concatenate([np.repeat(scales(b, bits, 1), len(b), axis=0) for b in blocks])


RIGHT = [
    ("quantize", one_by_one),
    ("quantize", lambda values, scale, bits: np.round(np.clip(values / scale, 1 - 2 ** (bits - 1), 2 ** (bits - 1) - 1))),
    ("dequantize", lambda integers, scale, zero_point=0: scale * (integers.astype(int) - int(np.ravel(zero_point)[0]))
        if np.size(zero_point) == 1 else scale * (integers.astype(int) - zero_point.astype(int))),
    ("scales", lambda m, bits, axis=None: np.array([[s or 1.0 for s in np.abs(r).max(keepdims=True).ravel() / (2 ** (bits - 1) - 1)]
        for r in (m if axis == 0 else m.T if axis == 1 else [m])]).reshape((-1, 1) if axis == 0 else (1, -1))),
    ("block_scales", repeated),
    ("saturating_matmul", saturating_loops),
    ("affine_parameters", affine),
    ("stored_bytes", lambda rows, columns, bits, axis=None, block=None: math.ceil(rows * columns * bits / 8)
        + 4 * (math.ceil(rows / block) * columns if block else {None: 1, 0: rows, 1: columns}[axis])),
]  # fmt: skip


@pytest.mark.parametrize("name, answer", RIGHT, ids=[f"{name}-{i}" for i, (name, _) in enumerate(RIGHT)])
def test_another_way_to_the_right_result_passes(name, answer, capsys):
    assert verdict(name, answer, capsys) == "[pass]"


WRONG = [
    ("quantize", lambda values, scale, bits: np.fix(values / scale)),
    ("quantize", lambda values, scale, bits: np.clip(np.ceil(values / scale), 1 - 2 ** (bits - 1), 2 ** (bits - 1) - 1)),
    ("quantize", lambda values, scale, bits: None),
    ("dequantize", lambda integers, scale, zero_point=0: integers * scale),
    ("dequantize", lambda integers, scale, zero_point=0: (integers - zero_point) * scale),
    ("scales", lambda m, bits, axis=None: np.maximum(
        np.abs(m).max(axis=None if axis is None else 1 - axis, keepdims=True), 1e-12) / (2 ** (bits - 1) - 1)),
    ("scales", lambda m, bits, axis=None: 3 * m.std(axis=None if axis is None else 1 - axis, keepdims=True)),
    ("scales", lambda m, bits, axis: scales(m, bits, axis)),  # later cells leave the axis out
    ("best_clip", lambda m, bits, shares, axis: best_clip(m, bits, np.maximum(shares, 0.2), axis)),
    ("block_scales", lambda m, bits, block: repeated(m[: len(m) // block * block], bits, block)),
    ("moves", lambda after, before, gold: (0.0, 0.0, float((after.argmax(1) != before.argmax(1)).mean()))),
    ("saturating_matmul", lambda a, b: np.clip(a.astype(int) @ b.astype(int), -32768, 32767)),
    ("saturating_matmul", lambda a, b: a @ b),
    ("affine_parameters", lambda low, high, bits: (min(low, 0), max(high, 0))),
    ("stored_bytes", lambda rows, columns, bits, axis=None, block=None: rows * columns * bits // 8 + 1),
    ("stored_bytes", lambda rows, columns, bits, axis=None, block=None: rows * columns * 4),
    ("stored_bytes", lambda rows, columns, bits, axis=None, block=None: stored_bytes(rows, columns, min(bits, 8), axis, block)),
]  # fmt: skip


@pytest.mark.parametrize("name, answer", WRONG, ids=[f"{name}-{i}" for i, (name, _) in enumerate(WRONG)])
def test_a_shortcut_to_a_wrong_result_fails(name, answer, capsys):
    assert verdict(name, answer, capsys) == "[fail]"
