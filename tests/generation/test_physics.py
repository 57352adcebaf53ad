"""What a generator costs: the sums, the calculator, and rates fitted here and judged there."""

from dataclasses import replace

import numpy as np
import pytest

from edgelab.generation import micro, physics
from edgelab.generation.llama import Shape
from edgelab.tiers.figures import read
from edgelab.tiers.memory_wall import decode_tokens_per_second, kv_bytes, weight_bytes

SMOL = Shape(vocab=49152, hidden=576, inner=1536, layers=30, heads=9, kv_heads=3, head_dim=64)
OTHER = replace(SMOL, vocab=32000, hidden=768, inner=2048, layers=12, heads=12, kv_heads=12)
RATES = physics.Rates(decode=9e9, prefill=50e9, cache=7e9)


def test_the_shape_has_the_published_count_of_parameters():
    assert SMOL.parameters == 134_515_008
    untied = replace(SMOL, tied=False)
    assert untied.parameters - SMOL.parameters == SMOL.vocab * SMOL.hidden
    assert untied.matrix_parameters == SMOL.matrix_parameters


def test_a_token_reads_all_weights_and_the_cache():
    assert physics.cache_bytes(SMOL, 100) == 100 * 2 * 30 * 3 * 64 * 4
    read_at_0, read_at_100 = (physics.read_bytes(SMOL, "int4", context) for context in (0, 100))
    assert read_at_0 == SMOL.matrix_parameters * 5 / 8
    assert read_at_100 - read_at_0 == physics.cache_bytes(SMOL, 100)
    expected = 1000 * (SMOL.matrix_parameters * 4 / 9e9 + physics.cache_bytes(SMOL, 512) / 7e9)
    assert physics.predict_tpot_ms(SMOL, "fp32", 512, RATES) == pytest.approx(expected)
    slow = replace(RATES, layer_ms=0.1)
    assert physics.predict_tpot_ms(SMOL, "fp32", 512, slow) == pytest.approx(expected + 3)


def test_a_prompt_is_arithmetic():
    one, two = (physics.prefill_operations(SMOL, prompt) for prompt in (100, 200))
    assert one == 2 * SMOL.matrix_parameters * 100 + 4 * 30 * 576 * 100**2
    assert two > 2 * one, "attention grows with the square"
    assert physics.predict_ttft_ms(SMOL, 100, RATES) == pytest.approx(1000 * one / 50e9)


@pytest.mark.parametrize("precision", ["fp32", "int8", "int4"])
def test_what_is_fitted_on_one_model_foretells_another(precision):
    tpot, ttft = (
        physics.predict_tpot_ms(SMOL, precision, 64, RATES),
        physics.predict_ttft_ms(SMOL, 64, RATES),
    )
    fitted = physics.fit(SMOL, precision, 64, tpot, 64, ttft, RATES.cache)
    assert fitted.decode == pytest.approx(RATES.decode) and fitted.prefill == pytest.approx(RATES.prefill)
    mine, truth = (physics.predict_tpot_ms(OTHER, precision, 500, rates) for rates in (fitted, RATES))
    assert mine == pytest.approx(truth)
    with pytest.raises(ValueError, match="more than the cache's share"):
        physics.fit(SMOL, precision, 8000, 1.0, 64, ttft, RATES.cache)


def test_the_calculator_is_the_memory_wall_with_a_prompt():
    bill = physics.calculate(1.24e9, 4, 1024, 84.8, 2000, prompt=512, cache_bytes_per_token=0)
    assert bill.tokens_per_s == pytest.approx(decode_tokens_per_second(weight_bytes(1.24e9, 4), 84.8e9))
    assert bill.weights_gb == pytest.approx(0.62) and bill.bound_by == "memory"
    assert bill.first_token_s == pytest.approx(2 * 1.24e9 * 512 / 2e12)
    with_cache = physics.calculate(1.24e9, 4, 1024, 84.8, 2000, prompt=512)
    assert with_cache.tokens_per_s < bill.tokens_per_s
    assert with_cache.memory_gb == with_cache.weights_gb + with_cache.cache_gb
    slow = physics.calculate(1.24e9, 4, 1024, 84.8, 10, prompt=512)
    assert slow.bound_by == "arithmetic" and slow.tokens_per_s == pytest.approx(10 / 2.48)
    one = physics.calculate(1.24e9, 4, 1024, 84.8, 1e6, prompt=1)
    assert one.first_token_s == pytest.approx(0.62 / 84.8), "the weights are read even for one token"


def test_what_no_machine_has_is_refused():
    good = {"parameters": 1e9, "bits": 4, "context": 100, "bandwidth_gb_s": 10, "gflops": 10}
    for name in good:
        with pytest.raises(ValueError, match="above 0"):
            physics.calculate(**{**good, name: 0})
    with pytest.raises(ValueError, match="within the context"):
        physics.calculate(**good, prompt=101)


def test_the_typical_cache_meets_the_published_shapes():
    shapes = read("slm_shapes").set_index("model")
    for model, parameters, tolerance in (("1b", 1.24e9, 0.01), ("3b", 3.21e9, 0.45), ("8b", 8.03e9, 0.01)):
        row = next(shapes.loc[name] for name in shapes.index if f"_{model}_" in name)
        published = kv_bytes(1, row["layers"], row["kv_heads"], row["head_dim"])
        assert physics.typical_cache_bytes(parameters) == pytest.approx(published, rel=tolerance)


@pytest.mark.parametrize("precision", ["fp32", "int8", "int4"])
def test_a_micro_benchmark_multiplies_as_the_builder_writes(precision, tmp_path):
    import onnx

    model = micro.products(precision, 2)
    onnx.checker.check_model(model, full_check=precision == "fp32")
    kinds = {node.op_type for node in model.graph.node}
    assert kinds == ({"MatMul"} if precision == "fp32" else {"MatMulNBits"}) and len(model.graph.node) == 4
    held = micro.Products(precision, weights=4 * micro.WIDE * micro.NARROW)
    assert held.weights == 4 * micro.WIDE * micro.NARROW
    rates = held.rates(0.5, 2.0, 7e9)
    assert rates.decode == pytest.approx(held.weights * physics.BITS_STORED[precision] / 8 / 0.5)
    assert rates.prefill == pytest.approx(held.weights * 2 * micro.PROMPT / 2.0) and rates.cache == 7e9


def test_rates_are_measured_for_each_precision(monkeypatch):
    monkeypatch.setattr(micro, "COPIED", 2**20)
    found = micro.measure_rates(("fp32", "int4"), weights=2 * micro.WIDE * micro.NARROW, repeats=2)
    assert list(found) == ["fp32", "int4"]
    for rates in found.values():
        assert min(rates.decode, rates.prefill, rates.cache) > 0 and np.isfinite(rates.decode)
