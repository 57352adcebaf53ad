"""Where real files would run."""

import pytest

from edgelab.build.deploy import deploy
from edgelab.build.preflight import preflight


@pytest.fixture(scope="module")
def looked_over(tiny_student, tiny_home):
    with tiny_home():
        _, folders = deploy(tiny_student, ("fp32", "int4"), 0.5)
        return {name.split()[-1]: preflight(folder / "model.onnx", tiny_student) for name, folder in folders.items()}


def test_a_file_computes_what_was_trained_and_fewer_bits_something_near(looked_over):
    full, four = (looked_over[name]["largest_difference"] for name in ("fp32", "int4"))
    assert 0 < full < 1e-4 < four
    assert all(batch == 1 for batch, _ in looked_over["fp32"]["shapes"])


def test_all_runs_on_the_cpu_and_fixed_sizes_let_phones_take_more(looked_over):
    for found in looked_over.values():
        cpu, *phones = found["placements"]
        assert cpu["target"] == "CPUExecutionProvider" and cpu["taken"] == cpu["nodes"] and cpu["partitions"] == 1
        targets = [place["target"] for place in phones]
        assert targets[:3] == targets[3:] == ["NNAPI", "CoreML NeuralNetwork", "CoreML MLProgram"]
        for as_is, fixed in zip(phones[:3], phones[3:], strict=True):
            assert fixed["shapes"] == "1 x 32" and as_is["shapes"].startswith("1 x any")
            assert as_is["open_shapes"] > 0 == fixed["open_shapes"]
            assert fixed["taken"] / fixed["nodes"] >= as_is["taken"] / as_is["nodes"]
    assert all("Gelu" in place["lacks"] for place in looked_over["fp32"]["placements"] if place["target"] == "NNAPI")
