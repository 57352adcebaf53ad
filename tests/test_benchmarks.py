"""The parts of benchmarks that time and compare, without the models that they are for."""

import sys

import numpy as np
import pytest

from benchmarks import generators, peers, request_time, shipping
from benchmarks.peers_child import Peer, asked, best, spoken
from edgelab.bundle.predict import Bundle
from edgelab.datasets.dataset import Dataset, Split
from edgelab.generation.micro import Products
from edgelab.generation.model import Generation
from tests.small_bundles import small_bundle

# --- peers --------------------------------------------------------------------------------------


def test_a_model_is_asked_one_by_one_or_for_all_together():
    seen = []
    peer = Peer(
        lambda text: seen.append(text) or len(text), lambda texts: seen.append(tuple(texts)) or map(len, texts), 0
    )
    labels, spent = asked(peer, ["a", "bb"], together=False)
    assert labels == [1, 2] and len(spent) == 2 and all(ns > 0 for ns in spent) and seen == ["a", "bb"]
    labels, spent = asked(peer, ["a", "bb"], together=True)
    assert labels == [1, 2] and len(spent) == 1 and seen[2:] == [("a", "bb")]


def test_the_setting_that_is_right_most_often_is_taken():
    validation = (["a", "b", "c"], [1, 1, 2])
    fit = {"one": lambda texts: [1, 1, 1], "two": lambda texts: [1, 1, 2], "also": lambda texts: [1, 1, 2]}.get
    assert best(fit, ["one", "two", "also"], validation) is fit("two")


def test_fasttext_reads_words_and_punctuation_apart():
    assert spoken("What's my\nBalance?") == "what ' s my balance ?"


def test_every_block_goes_to_everyone_in_an_order_drawn_anew():
    calls = []

    def ask(name):
        return lambda texts, together: (
            calls.append((name, texts)) or ([name + text for text in texts], [7] * len(texts))
        )

    texts = [str(i) for i in range(50)]
    found = peers.interleaved({name: ask(name) for name in "abc"}, texts, 20, together=False)
    assert {name: given for name, given in found.items()} == {n: ([n + t for t in texts], [7] * 50) for n in "abc"}
    blocks = [calls[i : i + 3] for i in range(0, len(calls), 3)]
    assert len(blocks) == 3 and all({name for name, _ in block} == set("abc") for block in blocks)
    assert [block[0][1] for block in blocks] == [texts[:20], texts[20:40], texts[40:]]
    assert len({tuple(name for name, _ in block) for block in blocks}) > 1


@pytest.fixture
def data():
    split = Split(("why", "play queen", "wake at seven"), ("ask_cloud", "play_music", "set_alarm"), None)
    return Dataset("small", split, split, split, split.labels)


def test_a_row_tells_what_a_model_does_on_test(data, monkeypatch):
    monkeypatch.setattr(peers, "REQUESTS", 40)

    def ask(right, one, all_):
        labels = dict(zip(data.test.texts, data.test.labels, strict=True))
        return lambda texts, together: (
            [labels[text] if right else "play_music" for text in texts],
            [all_] if together else [one] * len(texts),
        )

    asks = {"large": ask(True, 2_000_000, 3_000_000), "small": ask(False, 1_000_000, 6_000_000)}
    small, large = peers.measure(asks, {"large": 5_000_000, "small": 1_000}, data)
    assert (small["name"], large["name"]) == ("small", "large")
    assert (large["accuracy"].value, large["p50"], large["p90"]) == (1, 2, 2) and large["per_second"] == pytest.approx(
        1000
    )
    assert small["accuracy"].value == pytest.approx(1 / 3) and small["per_second"] == pytest.approx(500)
    printed = peers.figures([small, large], data)
    assert "| small | 33.3 [" in printed and "| 0.001 | 1.000 | 1.000 | 500 |" in printed


CHILD = """
import json, sys
task = json.load(open(sys.argv[1]))
assert set(task) == {"train", "validation", "encoder"} and task["train"][1] == [0, 1, 2], task
print("not a word of the libraries'", file=sys.stderr)
print(json.dumps({"parrot": 9}), flush=True)
for line in sys.stdin:
    wanted = json.loads(line)
    print(json.dumps([[2] * len(wanted["texts"]), [5]]), flush=True)
"""


def test_the_child_is_asked_over_a_pipe(data, monkeypatch, tmp_path):
    monkeypatch.setattr(peers, "CHILD", tmp_path / "child.py")
    peers.CHILD.write_text(CHILD)
    with peers.child(data, sys.executable) as (sizes, ask_for):
        assert sizes == {"parrot": 9}
        assert ask_for("parrot")(["größer", "b"], True) == (["set_alarm"] * 2, [5])
    peers.CHILD.write_text("raise SystemExit(3)")
    with pytest.raises(RuntimeError, match="child.py ended with 3"), peers.child(data, sys.executable):
        pass


def test_what_the_peers_are_is_pinned():
    lines = (peers.README.parent / "peers_requirements.txt").read_text().splitlines()
    assert all(line.startswith("#") or line.count("==") == 1 for line in lines) and len(lines) > 5


# --- request_time -------------------------------------------------------------------------------


def test_the_parts_of_a_request_add_up(tmp_path):
    texts = ["play queen", "wake at seven", "why"] * 30
    bundle = Bundle.load(small_bundle(tmp_path / "small"))
    answers = [bundle.predict(text).slots for text in texts]
    found = request_time.measure(bundle, texts)
    *parts, (last, whole) = found.items()
    assert last == "predict" and all(len(spent) == len(texts) for spent in found.values())
    assert np.allclose(sum(spent for _, spent in parts), whole)
    assert all(np.median(found[name]) > 0 for name in ("tokenizer", "call into ONNX Runtime", "slots decoded"))
    assert [bundle.predict(text).slots for text in texts] == answers
    printed = request_time.figures({"half": np.array([1.0, 2, 3]), "predict": np.array([2.0, 4, 6])})
    assert "| half | 2.0 | 50 |" in printed


# --- generators ---------------------------------------------------------------------------------


class Clockwork:
    """Takes 100 ms for the first token, 10 for each further one, by its own account."""

    def __init__(self):
        self.asked = []

    def generate(self, prompt, *, max_tokens, min_tokens):
        self.asked.append((tuple(prompt), max_tokens, min_tokens))
        return Generation("", (1,) * max_tokens, len(prompt), 100.0, (10.0,) * (max_tokens - 1), False)

    def stream(self, prompt, *, max_tokens, min_tokens):
        yield from range(max_tokens)


def test_generators_and_micro_benchmarks_are_asked_in_turn():
    rounds, clockwork = generators.Rounds(), Clockwork()
    rounds.subjects["copy"] = lambda _: None
    rounds.add_generator("clockwork", clockwork, [[1], [2], [3]])
    taken = rounds.run(3)
    assert list(taken["clockwork first"]) == [100] * 3 and list(taken["clockwork next"]) == [10] * 3
    assert len(taken["copy"]) == len(taken["clockwork"]) == 3
    assert clockwork.asked[1:] == [((n,), generators.TOKENS, generators.TOKENS) for n in (1, 2, 3)]
    by_cpu = generators.Rounds(cpu=True)
    by_cpu.add_generator("clockwork", clockwork, [[1], [2]])
    assert all((by_cpu.run(2)[f"clockwork {what}"] >= 0).all() for what in ("first", "next"))


def test_ratios_are_within_rounds():
    assert generators.ratio(np.array([2.0, 20, 200]), np.array([1.0, 10, 100])) == "2.00 [2.00, 2.00]"


def test_rates_are_those_of_each_round():
    held = {"int8": Products("int8", weights=2 * 1536 * 576)}
    taken = {"int8 x 1": np.array([1.0, 2.0]), "int8 x 64": np.array([4.0, 4.0]), "copy": np.array([100.0, 50.0])}
    first, second = generators.rates_of(taken, held, "int8")
    assert first.decode == 2 * second.decode and first.prefill == second.prefill and second.cache == 2 * first.cache


# --- shipping -----------------------------------------------------------------------------------


def test_every_release_is_rolled_out_by_every_rule_and_every_telemetry(monkeypatch):
    monkeypatch.setattr(shipping, "FLEET", shipping.Fleet(devices=5000))
    lines = shipping.rollouts(good=2, bad=2).splitlines()
    assert len(lines) == 2 + len(shipping.REPORTS) * (1 + len(shipping.BAD))
    assert all(line.count("|") == 2 + len(shipping.rules()) for line in lines)
    assert [line.count("(") for line in lines[2:4]] == [0, 4]  # a good release harms nobody


def test_randomized_telemetry_is_right_on_average():
    counts = np.random.default_rng(0).poisson(0.2, 5000)
    report = shipping.randomized(1.0)
    found = [report(counts) for _ in range(200)]
    off = np.mean([each.value for each in found]) - (counts > 0).mean()
    assert abs(off) < 4 * np.std([each.value for each in found]) / np.sqrt(200)
