"""What `03_export` measures and shows: requests, an absent provider, pieces, weights beside a file; and the plan's outcome."""

from types import SimpleNamespace

import numpy as np
import onnx
import pandas as pd
import pytest
import torch

from edgelab.bundle.predict import Bundle
from edgelab.datasets.dataset import Split
from edgelab.datasets.slots import parse_marked
from edgelab.export import notebook, plots
from edgelab.export.by_hand import battery, fewest_partitions
from edgelab.export.plan_exercise import EXPORT_PLAN, judge_plan, outcome, requested
from edgelab.export.preflight import preflight
from edgelab.export.runtimes import compare_runtimes
from edgelab.export.to_onnx import export_onnx
from edgelab.models.networks import Convolution
from edgelab.workspace import data_home

POCKET = data_home() / "bundles" / "pocket"
VOCABULARY = 5000  # as many tokens as its tokenizer has, and some


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    torch.manual_seed(0)
    model = Convolution(torch.randn(VOCABULARY, 8), 6, 3, 5).eval()
    path = tmp_path_factory.mktemp("exported") / "model.onnx"
    export_onnx(model, path, VOCABULARY)
    return model, path


def test_requests_as_the_bundle_makes_them():
    bundle = Bundle.load(POCKET)
    (feed,) = notebook.requests_of(bundle.tokenizer, ["wake me at seven"])
    assert feed["ids"].tolist() == [bundle.token_ids("wake me at seven")] and feed["mask"].all()
    small = {name: values.astype(np.int32).tolist() for name, values in feed.items()}  # as somebody may pad it
    both = notebook.asked(bundle.session, [small, feed])
    np.testing.assert_array_equal(both[0], bundle.predict("wake me at seven").intent_logits)


def test_an_absent_provider(exported):
    absent = notebook.absent_provider()
    session, heard = notebook.open_on(exported[1], absent)
    assert session.get_providers() == ["CPUExecutionProvider"] and absent in " ".join(heard)
    assert "fallback" in notebook.refusal_on(exported[1], absent, disable_cpu_ep_fallback="1")
    assert notebook.refusal_on(exported[1], absent) == ""


def test_pieces_of_a_model_are_the_checkers(exported):
    model, path = exported
    table = notebook.pieces_of({"small": path}, {"small": preflight(path, model, VOCABULARY)}, fewest_partitions)
    assert len(table) == 3 and (table["at best"] == table["by the checker"]).all()


def test_faults_are_told_and_none_is_silence(exported):
    model, path = exported
    assert notebook.faults_of(path, model, VOCABULARY) == ""
    assert "CoreML MLProgram" in notebook.faults_of(path, model, VOCABULARY, targets=("CoreML MLProgram",))


def test_a_handy_export_keeps_its_one_request(exported, tmp_path):
    class First(torch.nn.Module):
        def forward(self, ids, mask):
            intent, slots = exported[0](ids, mask)
            return (intent[0] if ids.shape[0] == 1 else intent), slots

    one = {"ids": np.array([[7, 8, 9]]), "mask": np.array([[1, 1, 1]])}
    path = notebook.export_handy(First(), one, tmp_path / "handy.onnx")
    assert "gets an answer of shape" in notebook.faults_of(path, First(), VOCABULARY)


@pytest.fixture
def said(monkeypatch):
    """The alt texts of what is shown."""
    texts: list[str] = []
    monkeypatch.setattr(plots.plots, "show_figure", lambda drawn, alt: texts.append(alt))
    return texts


def test_the_worst_operator_comes_first(said):
    by_bits = {
        10: pd.Series({"Add": 0.1, "Cast": 0.0, "Gemm": 0.4}),
        7: pd.Series({"Add": 0.8, "Cast": 0.0, "Gemm": 3.0}),
    }
    assert list(plots.losses(by_bits).index) == ["Gemm", "Add"]
    assert said == ["10 bits of fraction: Gemm 0.400; Add 0.100. 7 bits of fraction: Gemm 3.000; Add 0.800"]


def test_levels_and_requests_are_timed_and_the_figures_say_so(exported, said):
    counts = notebook.rewritten({"small": exported[1]})
    changes = plots.rewriting(counts["small"])
    assert counts["small"]["enable_all"]["BiasGelu"] == 1 and "BiasGelu 0 to 1" in said[-1]
    assert changes["operator"].tolist()[0] == "all" and (changes["before"] != changes["after"]).all()
    timed = notebook.time_levels({"small": exported[1]}, {"small": Bundle.load(POCKET).tokenizer}, ["a", "no"])
    table = notebook.p50_table(timed["small"])
    assert list(table.index) == list(counts["small"]) and (table > 0).all()
    assert list(plots.medians(table, "ms").index) == list(table.index) and said[-1].startswith("disable_all ")


def test_weights_beside_their_file(exported, tmp_path):
    requests = [{"ids": np.array([[7, 8]]), "mask": np.array([[1, 1]])}]
    table = notebook.mapped_weights(exported[1], tmp_path, requests)
    assert list(table.index) == ["in the file", "beside it, prepacked", "beside it, mapped"]
    assert onnx.load(tmp_path / "mapped.onnx", load_external_data=False).graph.initializer


def test_the_best_length_on_both_samples(said):
    for sample in (requested(), requested(True)):
        costs = {tokens: battery(sample, tokens) for tokens in range(3, 101)}
        assert abs(min(costs, key=costs.get) - EXPORT_PLAN["iphone"]["shapes"][1]) <= 2
    table = plots.battery_curve(requested(), battery)
    assert "lowest at 20 tokens" in said[-1] and table["battery a request"].idxmin() == 3
    passing = [
        n
        for n in range(1, 129)
        if not judge_plan(EXPORT_PLAN | {"iphone": {**EXPORT_PLAN["iphone"], "shapes": (1, n)}})
    ]
    assert passing == list(range(17, 26))
    assert outcome(EXPORT_PLAN)["tokens"].tolist() == [20, 12, 32, 64, 77]


@pytest.mark.parametrize("shapes", [[1, 20], (np.int64(1), np.int32(20)), (1.0, 20.0), np.array([1, 20])])
def test_a_plan_in_another_form_is_judged_alike(shapes):
    plan = EXPORT_PLAN | {"iphone": {"runs_on": "CoreML", "shapes": shapes, "opset": np.int64(20)}}
    assert judge_plan(plan) == [] and outcome(plan)["tokens"].iloc[0] == 20


@pytest.mark.parametrize(
    "file",
    [
        None,
        [],
        "open",
        {"runs_on": ["CPU"], "shapes": "open", "opset": 19},
        {"runs_on": "CPU", "shapes": 7, "opset": 19},
    ]
    + [
        {"runs_on": "CoreML", "shapes": each, "opset": 20}
        for each in ((1,), (1, 0), (1, 2.5), ("a", 1), (True, 20), None)
    ]
    + [{"runs_on": "CoreML", "shapes": (1, 20), "opset": each} for each in (None, "20", 18, [20])],
)
def test_what_is_no_plan_is_said_to_be_none(file):
    (complaint, *_) = judge_plan(EXPORT_PLAN | {"iphone": file})
    assert complaint.startswith("iphone: ")


@pytest.mark.parametrize("shapes", [(2, 20), (8, 20), (1, 1000), (1, 3)])
def test_an_unfit_length_or_batch_fails(shapes):
    assert judge_plan(EXPORT_PLAN | {"iphone": {"runs_on": "CoreML", "shapes": shapes, "opset": 20}})


def test_a_row_for_each_runtime_with_slots_and_without():
    bundle = Bundle.load(POCKET)
    results = compare_runtimes(bundle, ["play queen"])
    spans = parse_marked("play [queen](artist)")
    for gold in ((spans[1],), None):
        split = Split(("play queen",), ("play_music",), gold)
        rows = plots.runtime_rows(bundle, "small", results, SimpleNamespace(test=split, name="mine"))
        assert {row.runtime for row in rows} == {r.runtime for r in results if r.latency is not None}
        assert all((row.slot_exact_match is None) == (gold is None) and row.data == "mine" for row in rows)
